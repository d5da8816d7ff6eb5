"""Text views against csv.writer and the real files; measuring, records and comparisons."""

from __future__ import annotations

import csv
import io
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.data.rows import ScoredPair
from munjang.encode.encoder import Encoder
from munjang.errors import DataError, InputError, ModelError
from munjang.evaluate import sts
from munjang.evaluate.tasks import (
    STS_TASKS,
    WITHOUT_PARAKQC,
    StsResult,
    compare,
    evaluate_sts,
    evaluate_task,
    load_task,
    view_text,
)


class NgramEncoder:
    """Hashed character n-grams, each with a random direction: small, real, deterministic."""

    def __init__(self, name="글자 n-gram", *, dim=128, longest=3):
        self.name = name
        self.dim = dim
        self.longest = longest
        self.directions = np.random.default_rng(0).standard_normal((4096, dim))
        self.calls: list[list[str]] = []

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        assert batch_size > 0
        assert not progress
        self.calls.append(list(sentences))
        rows = [self._vector(sentence) for sentence in sentences]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, self.dim)[:, :truncate_dim]
        if normalize:
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _vector(self, sentence):
        grams = [
            sentence[i : i + n]
            for n in range(1, self.longest + 1)
            for i in range(len(sentence) - n + 1)
        ]
        return self.directions[[zlib.crc32(gram.encode()) % 4096 for gram in grams]].sum(axis=0)


PAIRS = [
    ScoredPair("고양이가 소파에서 잔다.", "고양이가 소파 위에서 자고 있다.", 4.8),
    ScoredPair("고양이가 소파에서 잔다.", "개가 마당에서 뛴다.", 1.2),
    ScoredPair('그는 "좋아, 가자"라고 했다.', "그는 가자고 말했다.", 4.0),
    ScoredPair("오늘은 비가 온다.", "주가가 크게 올랐다.", 0.0),
    ScoredPair("오늘은 비가 온다.", "오늘 비가 내린다.", 5.0),
    ScoredPair("기차가 역에 도착했다.", "버스가 역에 도착했다.", 2.6),
]


def measure(encoder=None, pairs=PAIRS, **options):
    return evaluate_sts(encoder or NgramEncoder(), pairs, task="mine", split="all", **options)


def tune_file_sentences(pairs):
    """The first two columns of the file that csv.writer writes, split on tabs alone."""
    file = io.StringIO()
    writer = csv.writer(file, dialect="excel", delimiter="\t", lineterminator="\n")
    writer.writerows((pair.sentence1, pair.sentence2, pair.score) for pair in pairs)
    return [tuple(line.split("\t")[:2]) for line in file.getvalue().splitlines()]


def viewed(pairs, view):
    return [(view_text(pair.sentence1, view), view_text(pair.sentence2, view)) for pair in pairs]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("raw", "그는 \"좋아, '정말'\"이라 했다."),
        ("quoted", '"그는 ""좋아, \'정말\'""이라 했다."'),
        ("stripped", "그는 좋아 정말이라 했다."),
    ],
)
def test_views(view, expected):
    assert view_text("그는 \"좋아, '정말'\"이라 했다.", view) == expected
    assert view_text("그대로다.", view) == "그대로다."


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_quoted_is_what_csv_writes(text):
    file = io.StringIO()
    csv.writer(file, delimiter="\t").writerow([text, "끝"])
    assert view_text(text, "quoted") == file.getvalue().removesuffix("\t끝\r\n")
    assert next(csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter="\t"))[0] == text


@pytest.mark.parametrize(
    ("split", "rows", "quoted", "stripped"),
    [("test", 1379, 55, 331), ("dev", 1500, 128, 512), ("train", 5749, 260, None)],
)
def test_views_of_korsts(data_dir, split, rows, quoted, stripped):
    pairs = load_task("korsts", split=split, data_dir=data_dir)
    raw = viewed(pairs, "raw")
    assert len(raw) == rows
    assert raw == [(pair.sentence1, pair.sentence2) for pair in pairs]
    as_csv = viewed(pairs, "quoted")
    assert sum(a != b for a, b in zip(raw, as_csv, strict=True)) == quoted
    assert as_csv == tune_file_sentences(pairs)
    bare = viewed(pairs, "stripped")
    changed = sum(a != b for a, b in zip(raw, bare, strict=True))
    assert stripped is None or changed == stripped
    assert not any(mark in text for pair in bare for text in pair for mark in ",'\"")


def test_unknown_names():
    encoder = NgramEncoder()
    with pytest.raises(InputError, match="unknown view 'striped'\ntry: did you mean 'stripped'"):
        measure(encoder, view="striped")
    with pytest.raises(InputError, match="unknown aggregation 'batch'"):
        measure(encoder, aggregation="batch")
    with pytest.raises(InputError, match="unknown task 'korst'\ntry: did you mean 'korsts'"):
        evaluate_task(encoder, "korst")
    with pytest.raises(InputError, match="unknown split of klue-sts 'test'"):
        evaluate_task(encoder, "klue-sts", split="test")
    assert encoder.calls == []


def test_each_distinct_sentence_is_encoded_once_and_not_normalised():
    encoder = NgramEncoder()
    assert isinstance(encoder, Encoder)
    result = measure(encoder)
    (sentences,) = encoder.calls
    assert len(sentences) == len(set(sentences)) == result.sentences == 10
    first, second = zip(*viewed(PAIRS, "raw"), strict=True)
    u, v = (encoder.encode(texts, normalize=False) for texts in (first, second))
    gold = [pair.score for pair in PAIRS]
    assert result.correlations == sts.correlations(u, v, gold)
    np.testing.assert_array_equal(result.similarities.dot, sts.similarities(u, v).dot)
    assert np.abs(result.similarities.dot).max() > 10
    assert result.gold.tolist() == gold
    assert (result.model, result.task, result.split, result.rows) == (
        "글자 n-gram",
        "mine",
        "all",
        6,
    )
    assert result.intervals == sts.bootstrap(u, v, gold)
    assert result.seconds >= 0


def test_the_view_reaches_the_model():
    encoder = NgramEncoder()
    results = {view: measure(encoder, view=view) for view in ("raw", "quoted", "stripped")}
    seen = [
        '그는 "좋아, 가자"라고 했다.',
        '"그는 ""좋아, 가자""라고 했다."',
        "그는 좋아 가자라고 했다.",
    ]
    assert all(text in call for text, call in zip(seen, encoder.calls, strict=True))
    assert len({result.fingerprint for result in results.values()}) == 3
    assert results["raw"].correlations != results["quoted"].correlations


def test_aggregations():
    pairs = [replace(pair, score=pair.score / 5 + k) for k in range(5) for pair in PAIRS]
    whole = measure(pairs=pairs, intervals=False)
    assert whole.intervals == {}
    assert whole.spread == {}
    assert whole.aggregation_batch is None
    result = measure(pairs=pairs, aggregation="batch-mean", aggregation_batch=8, seed=4)
    expected = sts.batch_mean(whole.similarities, whole.gold, batch_size=8, seed=4)
    assert (result.correlations, result.spread) == (expected.mean, expected.spread)
    assert result.intervals == {}
    assert result.aggregation_batch == 8


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "at least two pairs"),
        (PAIRS[:1], "at least two pairs"),
        ([replace(pair, score=3.0) for pair in PAIRS], "gold score of all 6 pairs is the same"),
        ([*PAIRS, replace(PAIRS[0], score=float("nan"))], "gold score of pair 6"),
        ([*PAIRS, replace(PAIRS[0], sentence2=None)], "pair 6 .*\nfound: str, NoneType, float"),
        ([*PAIRS, replace(PAIRS[0], score="5")], "pair 6 .*\nfound: str, str, str"),
    ],
)
def test_bad_pairs_are_refused_before_encoding(pairs, message):
    encoder = NgramEncoder()
    with pytest.raises(InputError, match=message):
        measure(encoder, pairs)
    assert encoder.calls == []


def test_an_encoder_that_loses_a_sentence_is_refused():
    class Lossy(NgramEncoder):
        def encode(self, sentences, **options):
            return super().encode(sentences[1:], **options)

    with pytest.raises(ModelError, match="one vector a sentence\nfound: shape \\(9, 128\\)"):
        measure(Lossy())


@pytest.mark.parametrize("options", [{}, {"aggregation": "batch-mean", "aggregation_batch": 3}])
def test_record_round_trip(options):
    result = measure(**options)
    back = StsResult.from_json(result.to_json())
    for name in StsResult.__dataclass_fields__:
        if name == "similarities":
            for a, b in zip(back.similarities, result.similarities, strict=True):
                np.testing.assert_array_equal(a, b)
        elif name == "gold":
            np.testing.assert_array_equal(back.gold, result.gold)
        else:
            assert getattr(back, name) == getattr(result, name)
    assert back.to_json() == result.to_json()
    assert "글자 n-gram" in result.to_json()
    assert not any(pair.sentence1 in result.to_json() for pair in PAIRS)


def test_record_without_similarities():
    result = measure()
    back = StsResult.from_json(result.to_json(similarities=False))
    assert back.similarities is None
    assert back.gold is None
    assert back.correlations == result.correlations
    with pytest.raises(InputError, match="record without similarities"):
        compare(result, back)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "munjang.sts/1"}', '{"format": 7}'])
def test_other_text_is_no_record(text):
    with pytest.raises(DataError, match="not the record of an STS result"):
        StsResult.from_json(text)


def test_compare_with_itself_is_within_noise():
    result = measure()
    found = compare(result, StsResult.from_json(result.to_json()), resamples=100)
    assert set(found.differences) == {*sts.METRICS, "avg"}
    assert all(difference.value == 0 for difference in found.differences.values())
    assert all(difference.p == 1 for difference in found.differences.values())
    assert found.verdict("avg") == "within noise: A - B is +0.00 [+0.00, +0.00]"
    with pytest.raises(InputError, match="unknown metric"):
        found.verdict("cosine")


def test_compare_refuses_what_is_not_the_same():
    result = measure()
    others = [
        measure(view="quoted"),
        measure(pairs=PAIRS[:-1]),
        measure(pairs=[replace(PAIRS[0], score=4.9), *PAIRS[1:]]),
        measure(pairs=[replace(PAIRS[0], sentence1="다른 문장이다."), *PAIRS[1:]]),
    ]
    for other in others:
        with pytest.raises(InputError, match="did not measure the same rows"):
            compare(result, other)
    with pytest.raises(InputError, match="mean over mini-batches"):
        compare(result, measure(aggregation="batch-mean", aggregation_batch=3))


def test_tasks_as_data():
    for name, task in STS_TASKS.items():
        assert task.name == name
        assert task.default_split in task.splits


def test_korsts_and_a_comparison(data_dir):
    good = evaluate_task(NgramEncoder("셋까지"), "korsts", data_dir=data_dir)
    bad = evaluate_task(NgramEncoder("네 칸", dim=4), "korsts", data_dir=data_dir)
    assert (good.task, good.split, good.rows, good.sentences) == ("korsts", "test", 1379, 2514)
    assert good.correlations.cosine_spearman > bad.correlations.cosine_spearman + 0.02
    bounds = good.intervals["cosine_spearman"]
    assert bounds.low < good.correlations.cosine_spearman < bounds.high
    assert 0.02 < bounds.high - bounds.low < 0.08
    found = compare(good, bad, resamples=500)
    assert found.verdict("cosine_spearman").startswith("A (셋까지) is better by ")
    assert compare(bad, good, resamples=500).verdict("avg").startswith("B (셋까지) is better by ")


def test_klue_sts_with_and_without_parakqc(data_dir):
    whole = load_task("klue-sts", data_dir=data_dir)
    rest = load_task("klue-sts", split=WITHOUT_PARAKQC, data_dir=data_dir)
    assert (len(whole), len(rest)) == (519, 519 - 132)
    assert [pair for pair in whole if pair in set(rest)] == rest
    result = evaluate_task(
        NgramEncoder(), "klue-sts", split=WITHOUT_PARAKQC, data_dir=data_dir, intervals=False
    )
    assert (result.split, result.rows) == (WITHOUT_PARAKQC, 387)
    distinct_scores = {round(pair.score, 3) for pair in whole}
    assert len(distinct_scores) == 51
