"""Rows to token ids: the ids of the model's own preprocessing, and a cache that is whole."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

pytest.importorskip("datasets", reason="needs the extra train")
pytest.importorskip("sentence_transformers", reason="needs the extra train")

from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import BertTokenizerFast, PreTrainedTokenizerFast

from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence, Triplet
from munjang.errors import InputError
from munjang.train import tokenized
from munjang.train.tokenized import CLASSES, tokenize

UNK, END, PAD = "<unk>", "</s>", "<pad>"
LONG = "고양이가 햇볕 아래에서 낮잠을 자고 강아지는 공원에서 신나게 뛰어논다. " * 4


@pytest.fixture(scope="module")
def model(tiny_models):
    return SentenceTransformer(str(tiny_models["mean"]), device="cpu")


@pytest.fixture(scope="module")
def tokenizer(model):
    return model.tokenizer


@pytest.fixture(scope="module")
def texts(own_pairs):
    return [pair.sentence1 for pair in own_pairs]


@pytest.fixture(scope="module")
def word_piece(texts):
    """A BERT tokenizer, its vocabulary learned from the sentences."""
    backend = Tokenizer(models.WordPiece(unk_token=UNK))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", UNK, "[CLS]", "[SEP]", "[MASK]"]
    backend.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special)
    )
    return BertTokenizerFast(vocab=backend.get_vocab(), unk_token=UNK)


@pytest.fixture(scope="module")
def end_only(texts):
    """A tokenizer that puts a token at the end alone, as T5's does."""
    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=[PAD, END, UNK], unk_token=UNK)
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[(END, 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token=PAD, eos_token=END, unk_token=UNK
    )


def ids_of(model, text, prompt):
    row = model.preprocess([text], prompt=prompt)
    return row["input_ids"][0][row["attention_mask"][0].bool()].tolist()


def test_decomposed_hangul_is_composed_first(tokenizer):
    texts = ["첫눈이 온다.", "고양이가 잔다."]
    rows = [Sentence(text) for text in texts]
    apart = [Sentence(unicodedata.normalize("NFD", text)) for text in texts]
    composed, decomposed = (
        tokenize(each, tokenizer, objective="dropout", max_tokens=32)["anchor"]
        for each in (rows, apart)
    )
    assert list(composed) == list(decomposed)


@pytest.mark.parametrize("prompt", ["", "질문: "])
def test_ids_are_those_of_the_model(model, own_pairs, prompt):
    pairs = [*own_pairs, ScoredPair(LONG, " 비가  온다 ", 2.5), ScoredPair("", "KOREA 😀", 0)]
    made = tokenize(
        pairs,
        model.tokenizer,
        objective="cosent",
        prompt=prompt,
        max_tokens=model.max_seq_length,
    )
    for n, pair in enumerate(pairs):
        assert made[n]["sentence1"] == ids_of(model, pair.sentence1, prompt)
        assert made[n]["sentence2"] == ids_of(model, pair.sentence2, prompt)


def test_columns_stand_in_the_order_of_the_losses(tokenizer):
    triplet = Triplet("비가 온다", "비 온다", "맑다")
    cases = {
        "softmax": (LabeledPair("가", "나", "neutral"), ["sentence1", "sentence2", "label"]),
        "cosine": (ScoredPair("가", "나", 3), ["sentence1", "sentence2", "label"]),
        "contrastive": (triplet, ["anchor", "positive", "negative", "keys"]),
        "dropout": (Sentence("가"), ["anchor", "positive", "keys"]),
        "denoise": (Sentence("가"), ["sentence1", "sentence2"]),
    }
    for objective, (row, columns) in cases.items():
        made = tokenize([row], tokenizer, objective=objective, max_tokens=16)
        assert made.column_names == [*columns, "length", "cut"]
        assert made.features[columns[0]].feature.dtype == "int32"
    made = tokenize([Pair("가", "나")], tokenizer, objective="contrastive", max_tokens=16)
    assert made.column_names[:2] == ["anchor", "positive"]
    assert "negative" not in made.column_names


def test_labels(tokenizer):
    classes = [LabeledPair("가", "나", name) for name in CLASSES]
    made = tokenize(classes, tokenizer, objective="softmax", max_tokens=16)
    assert made["label"][:] == [0, 1, 2]
    scored = [ScoredPair("가", "나", score) for score in (0, 2.5, 5)]
    for objective in ("cosine", "cosent", "angle"):
        made = tokenize(scored, tokenizer, objective=objective, max_tokens=16)
        assert made["label"][:] == [0, 0.5, 1]
    vectors = np.random.default_rng(1).standard_normal((2, 7)).astype(np.float32)
    made = tokenize(
        [Sentence("가"), Sentence("나")],
        tokenizer,
        objective="distill",
        max_tokens=16,
        labels=vectors,
    )
    assert np.array_equal(np.array(made["label"][:], dtype=np.float32), vectors)


def test_length_and_cut(tokenizer):
    pairs = [ScoredPair("비", LONG, 1), ScoredPair("비", "눈", 1)]
    made = tokenize(pairs, tokenizer, objective="cosent", max_tokens=12)
    assert made["length"][:] == [12, max(map(len, (made[1]["sentence1"], made[1]["sentence2"])))]
    assert made["cut"][:] == [True, False]
    assert made[0]["sentence2"][0] == tokenizer.bos_token_id
    assert made[0]["sentence2"][-1] == tokenizer.eos_token_id
    whole = len(tokenizer("비가 온다")["input_ids"])
    exact = tokenize([Sentence("비가 온다")], tokenizer, objective="dropout", max_tokens=whole)
    assert exact["cut"][:] == [False]


def test_keys_are_equal_where_texts_are(tokenizer):
    rows = [Triplet("가", "나", "다"), Triplet("라", "가", "나")]
    first, second = tokenize(rows, tokenizer, objective="contrastive", max_tokens=16)["keys"]
    assert first[:2] == second[1:]
    assert len({*first, *second}) == 4
    made = tokenize([Sentence("가")], tokenizer, objective="dropout", max_tokens=16)
    assert made["keys"][:] == [[first[0]]]
    assert made[0]["anchor"] == made[0]["positive"]


SAME = {
    "문이 안 열려요": "문이 안 열려요",
    "문을 못 열겠어요": "문이 안 열려요",
    "문 여는 법을 모르겠어요": "문이 안 열려요",
    "불이 꺼졌어요": "불이 나갔어요",
}


def decompose(text):
    return unicodedata.normalize("NFD", text)


def test_keys_are_equal_where_texts_mean_the_same(tokenizer):
    texts = [*SAME, "불이 나갔어요", "비가 와요"]
    rows = [Pair(text, f"{text}?") for text in texts]

    def keys_of(rows, same):
        made = tokenize(rows, tokenizer, objective="contrastive", max_tokens=32, same=same)
        return list(made["keys"])

    keys = keys_of(rows, SAME)
    firsts = [first for first, _ in keys]
    assert len({*firsts[:3]}) == len({*firsts[3:5]}) == 1
    assert len({*firsts}) == 3
    assert len({second for _, second in keys}) == len(rows)
    plain = keys_of(rows, None)
    assert len({first for first, _ in plain}) == len(rows)
    assert keys_of(rows, {}) == plain
    assert [keys[n] for n in (0, 4, 5)] == [plain[n] for n in (0, 4, 5)]

    sentences = [Sentence(text) for text in texts]
    made = tokenize(sentences, tokenizer, objective="dropout", max_tokens=32, same=SAME)
    assert list(made["keys"]) == [[first] for first in firsts]
    assert made["anchor"][0] != made["anchor"][1]


def test_keys_of_decomposed_groups_are_those_of_composed_ones(tokenizer):
    def keys_of(write, same):
        rows = [Sentence(write(text)) for text in [*SAME, "불이 나갔어요"]]
        made = tokenize(rows, tokenizer, objective="dropout", max_tokens=32, same=same)
        return list(made["keys"])

    composed = keys_of(str, SAME)
    assert len({*map(tuple, composed)}) == 2
    apart = {decompose(text): decompose(first) for text, first in SAME.items()}
    for write in (str, decompose):
        for same in (SAME, apart, {text: decompose(first) for text, first in SAME.items()}):
            assert keys_of(write, same) == composed


@pytest.mark.parametrize("kind", ["tokenizer", "word_piece", "end_only"])
@pytest.mark.parametrize("prompt", ["", "비가 "])
def test_damage_deletes_tokens_of_the_text_alone(request, kind, prompt, texts):
    tokenizer = request.getfixturevalue(kind)
    rows = [Sentence(text) for text in [*texts * 20, "", "비"]]
    made = tokenize(rows, tokenizer, objective="denoise", prompt=prompt, max_tokens=64, seed=5)
    special = set(tokenizer("")["input_ids"])
    start = [token for token in tokenizer(prompt)["input_ids"] if token not in special]
    kept = total = 0
    for damaged, whole in zip(made["sentence1"], made["sentence2"], strict=True):
        tokens = iter(whole)
        assert all(token in tokens for token in damaged)  # the same order
        for token in special:
            assert damaged.count(token) == whole.count(token)
        free = len(whole) - len(tokenizer(prompt)["input_ids"])
        assert len(damaged) >= len(tokenizer("")["input_ids"]) + (free > 0)
        kept += len(damaged) - len(special) - len(start)
        total += len(whole) - len(special) - len(start)
    assert 0.33 < kept / total < 0.47
    again = tokenize(rows, tokenizer, objective="denoise", prompt=prompt, max_tokens=64, seed=5)
    other = tokenize(rows, tokenizer, objective="denoise", prompt=prompt, max_tokens=64, seed=6)
    assert again["sentence1"][:] == made["sentence1"][:]
    assert other["sentence1"][:] != made["sentence1"][:]


def test_chunks_do_not_show(tokenizer, texts, monkeypatch):
    rows = [Sentence(text) for text in texts]
    whole = tokenize(rows, tokenizer, objective="denoise", max_tokens=32, seed=2)
    monkeypatch.setattr(tokenized, "_CHUNK", 5)
    pieces = tokenize(rows, tokenizer, objective="denoise", max_tokens=32, seed=2)
    assert pieces[:] == whole[:]


def test_the_cache_is_used_again_and_told_apart(tokenizer, texts, tmp_path, monkeypatch):
    rows = [Sentence(text) for text in texts]

    def made(**changes):
        given = {"objective": "denoise", "max_tokens": 32, "cache": tmp_path} | changes
        return tokenize(given.pop("rows", rows), tokenizer, **given)

    first = made()
    assert [path.is_dir() for path in tmp_path.iterdir()] == [True]
    assert first.cache_files
    tokenizer(["가", "나다라"], padding=True, truncation=True, max_length=3)  # leaves its mark
    with monkeypatch.context() as patched:
        patched.setattr(tokenized, "_tokenize_chunk", None)
        assert made()[:] == first[:]
    changes = [
        {"seed": 1},
        {"prompt": "질문: "},
        {"max_tokens": 31},
        {"objective": "dropout"},
        {"objective": "dropout", "same": {texts[1]: texts[0]}},
        {"objective": "dropout", "same": {texts[1]: texts[2]}},
        {"rows": rows[1:]},
    ]
    for count, change in enumerate(changes, 2):
        made(**change)
        assert len(list(tmp_path.iterdir())) == count
    nfd = {"objective": "dropout", "same": {decompose(texts[1]): decompose(texts[0])}}
    for known in ({}, {"same": {}}, {"same": None}, nfd):
        made(**known)
        assert len(list(tmp_path.iterdir())) == 1 + len(changes)


@pytest.mark.parametrize("harm", ["cut", "flip", "gone", "sums"])
def test_a_damaged_cache_is_made_again(tokenizer, texts, tmp_path, harm):
    rows = [Sentence(text) for text in texts]

    def made():
        return tokenize(rows, tokenizer, objective="dropout", max_tokens=32, cache=tmp_path)

    expected = made()[:]
    (folder,) = tmp_path.iterdir()
    (file,) = folder.glob("*.arrow")
    content = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(content[:-100])
    elif harm == "flip":
        content[len(content) // 2] ^= 255
        file.write_bytes(content)
    elif harm == "gone":
        file.unlink()
    else:
        (folder / "sums.json").write_text("{")
    assert made()[:] == expected
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert tokenized._whole(folder)


def test_a_cache_that_cannot_be_written_says_so(tokenizer, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        tokenize(
            [Sentence("가")],
            tokenizer,
            objective="dropout",
            max_tokens=16,
            cache=tmp_path / "file",
        )


@pytest.mark.parametrize(
    ("rows", "changes"),
    [
        ([], {}),
        ([Pair("가", "나")], {}),
        ([Sentence("가"), Pair("가", "나")], {}),
        ([Sentence("가")], {"max_tokens": 2}),
        ([Sentence("가")], {"objective": "distill"}),
        ([Sentence("가")], {"labels": np.zeros((1, 3))}),
        ([Sentence("가")], {"objective": "distill", "labels": np.zeros((2, 3))}),
        ([LabeledPair("가", "나", "same")], {"objective": "softmax"}),
    ],
)
def test_what_cannot_be_used_is_refused(tokenizer, rows, changes):
    with pytest.raises(InputError):
        tokenize(rows, tokenizer, **({"objective": "dropout", "max_tokens": 16} | changes))
