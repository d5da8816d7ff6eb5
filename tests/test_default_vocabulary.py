"""The part of runs/default_model that makes and grafts a Korean vocabulary."""

import re
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

import munjang
from munjang.model.build import build_encoder

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "models" / "munjang-small-ko"
WORDS = ("달팽이", "미끄럼틀", "콩나물국", "민들레", "수족관", "반딧불", "손수건", "도토리")
TEXTS = [
    text
    for one in WORDS
    for other in WORDS
    for text in (f"{one} 옆에 {other}", f"{one}를 찾았다. {other}만 없다")
]


@pytest.fixture(scope="module")
def vocabulary(open_part):
    return open_part("vocabulary")


@pytest.fixture(scope="module")
def pieces(vocabulary):
    return dict(vocabulary.learn_pieces(SOURCE, TEXTS, learnt=120, others=50))


@pytest.fixture(scope="module")
def grafted(vocabulary, pieces, tmp_path_factory):
    out = tmp_path_factory.mktemp("graft") / "model"
    vocabulary.graft(SOURCE, out, list(pieces.items()))
    return out


def test_both_shipped_models_have_it():
    small, tiny = (ROOT / "src/munjang/encode" / name for name in ("default", "tiny"))
    assert (small / "tokenizer.json").read_bytes() == (tiny / "tokenizer.json").read_bytes()


def test_what_comes_often_is_one_piece(pieces):
    assert {f"▁{word}" for word in WORDS} <= set(pieces)


def test_single_letters_and_the_most_used_of_the_rest_stay(pieces):
    known = Tokenizer.from_file(str(SOURCE / "tokenizer.json")).get_vocab()
    letters = {piece for piece in known if len(piece) == 1 and "가" <= piece <= "힣"}
    assert len(letters) > 1000
    assert letters <= set(pieces)
    assert sum(re.search("[ᄀ-ᇿㄱ-ㆎ가-힣]", piece) is None for piece in pieces) == 50
    assert "▁" in pieces


def test_what_was_grafted_is_read_again(vocabulary, pieces, grafted):
    assert dict(vocabulary.read_pieces(grafted)) == pytest.approx(pieces)


def test_sentences_are_fewer_tokens_and_none_is_unknown(grafted):
    before = Tokenizer.from_file(str(SOURCE / "tokenizer.json"))
    after = Tokenizer.from_file(str(grafted / "tokenizer.json"))
    was, now = before.encode_batch(TEXTS), after.encode_batch(TEXTS)
    tokens = [sum(sum(each.attention_mask) for each in found) for found in (was, now)]
    assert tokens[1] < 0.9 * tokens[0]
    assert not any("<unk>" in each.tokens for each in now)


def test_embeddings_are_the_old_ones_and_means_of_them(grafted):
    old, new = (build_encoder(folder, device="cpu") for folder in (SOURCE, grafted))
    before, after = (
        model.transformers_model.get_input_embeddings().weight.detach().numpy()
        for model in (old, new)
    )
    old_ids = Tokenizer.from_file(str(SOURCE / "tokenizer.json"))
    new_ids = Tokenizer.from_file(str(grafted / "tokenizer.json"))
    for piece in ("<s>", "<pad>", "</s>", "<unk>", "▁", "가"):
        row = before[old_ids.token_to_id(piece)]
        assert np.array_equal(after[new_ids.token_to_id(piece)], row)
    assert old_ids.token_to_id("▁미끄럼틀") is None
    parts = old_ids.encode("미끄럼틀", add_special_tokens=False).ids
    row = after[new_ids.token_to_id("▁미끄럼틀")]
    assert row == pytest.approx(before[parts].mean(0), abs=1e-6)


def test_the_model_still_knows_what_is_alike(grafted):
    encoder = munjang.load(grafted, engine="torch", device="cpu")
    alike = encoder.similarity(
        encoder.encode(["강아지가 마당에서 뛰어논다."]),
        encoder.encode(["마당에서 개가 뛰고 있다.", "기차가 십 분 늦게 도착했다."]),
    )[0]
    assert alike[0] > alike[1]
