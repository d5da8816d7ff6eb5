"""Tokenizers as their files describe them."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from munjang.doctor.vocabulary import read_settings, read_vocabulary, transformer_folder
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.errors import ModelError

UNKNOWN = "[UNK]"


def save(folder, model, normalizer=None):
    backend = Tokenizer(model)
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    if normalizer is not None:
        backend.normalizer = normalizer
    backend.save(str(folder / "tokenizer.json"))
    return read_vocabulary(folder)


def test_the_shipped_one():
    found = read_vocabulary(DEFAULT_FOLDER)
    assert (found.size, found.largest_id, found.unk_id) == (18_118, 18_117, 3)
    assert found.ids["<pad>"] == 1
    assert found.adds_ends
    assert not found.decomposes
    assert found.unknown_pieces(["눈이 온다.", "훫 온다"]) == ["훫"]


@pytest.mark.parametrize(
    ("model", "unk_id"),
    [
        (models.WordPiece({"가": 0, "[UNK]": 1}, unk_token=UNKNOWN), 1),
        (models.WordLevel({"[UNK]": 0, "가": 1}, unk_token=UNKNOWN), 0),
        (models.Unigram([("가", -1.0), ("<unk>", -2.0)], unk_id=1), 1),
        (models.BPE({"가": 0}, []), None),
    ],
)
def test_every_kind_says_what_it_does_not_know(tmp_path, model, unk_id):
    found = save(tmp_path, model)
    assert found.unk_id == unk_id
    assert found.unknown_pieces(["나"]) == (["나"] if unk_id is not None else [])


@pytest.mark.parametrize(
    ("normalizer", "decomposes"),
    [
        (normalizers.BertNormalizer(strip_accents=True), True),
        (normalizers.NFD(), True),
        (normalizers.Sequence([normalizers.NFD(), normalizers.NFC()]), False),
        (normalizers.NFKC(), False),
        (normalizers.BertNormalizer(strip_accents=False), False),
    ],
)
def test_a_normaliser_that_takes_hangul_apart_is_seen(tmp_path, normalizer, decomposes):
    found = save(tmp_path, models.WordLevel({"가": 0, "[UNK]": 1}, unk_token=UNKNOWN), normalizer)
    assert found.decomposes == decomposes


def test_a_folder_without_one_and_a_damaged_one(tmp_path):
    assert read_vocabulary(tmp_path) is None
    (tmp_path / "tokenizer.json").write_text('{"model": ')
    with pytest.raises(ModelError, match="is not a tokenizer"):
        read_vocabulary(tmp_path)


def test_the_transformer_of_a_pipeline_is_found(tmp_path, tiny_models):
    (tmp_path / "modules.json").write_text('[{"path": "0_Transformer", "type": "x"}]')
    assert transformer_folder(tmp_path) == tmp_path / "0_Transformer"
    assert transformer_folder(tiny_models["plain"]) == tiny_models["plain"]
    assert read_vocabulary(tiny_models["cls"]).size == read_vocabulary(tiny_models["plain"]).size


def test_settings_that_cannot_be_read_are_none(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff{")
    assert read_settings(tmp_path / "a.json") == read_settings(tmp_path / "b.json") == {}
