"""A quick run of whole, random, constant and broken models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import munjang
from munjang.doctor.twins import TWINS
from munjang.doctor.vectors import (
    BROKEN_TWINS,
    FEWEST_TWINS,
    SENTENCES,
    count_twins,
    examine_vectors,
    probe,
)
from munjang.encode.encoder import SentenceEncoder


def judge(encoder, *, engine="torch fp32", declared_unit=False):
    found = examine_vectors(encoder, engine=engine, declared_unit=declared_unit)
    return {finding.what: finding for finding in found}


class CharTokenizer:
    """One token a character."""

    pad_id = 0

    def encode(self, texts, max_tokens):
        return [[1, *(2 + ord(char) % 997 for char in text)] for text in texts], []


class Engine:
    """Vectors by a function of a batch."""

    label = "own fp32"
    dim = 8

    def __init__(self, work):
        self.work = work

    def run(self, batches):
        for batch in batches:
            yield self.work(batch).astype(np.float32)


TABLE = np.random.default_rng(3).normal(size=(1000, 8))


def mean(batch):
    mask = batch.attention_mask[:, :, None]
    return (TABLE[batch.input_ids] * mask).sum(axis=1) / mask.sum(axis=1)


def make(work):
    return SentenceEncoder("own", CharTokenizer(), Engine(work), max_tokens=512)


def test_the_twins_are_24_pairs_of_different_sentences():
    assert len(TWINS) == 24
    assert len(set(SENTENCES)) == 48
    for one, other in TWINS:
        assert len(set(one.split()) & set(other.split())) <= len(one.split()) / 2


def test_twins_are_counted():
    cosines = np.array(
        [[1, 0.9, 0.1, 0], [0.9, 1, 0.95, 0], [0.1, 0.95, 1, 0.2], [0, 0.1, 0.3, 1]],
        dtype=np.float32,
    )
    assert count_twins(cosines) == 2  # the first and the last


def test_the_shipped_model_passes_all():
    encoder = munjang.load()
    found = judge(encoder, engine=encoder.engine.label, declared_unit=True)
    assert {finding.level for finding in found.values()} == {"ok"}
    assert found["meaning"].values["twins"] >= FEWEST_TWINS
    assert found["length of vectors"].values["unit"]
    assert found["engine"].values["sentences_per_second"] > 1


def test_the_shipped_model_with_another_vocabulary_does_not():
    encoder = munjang.load()
    order = np.arange(18_118)
    order[300:] = np.random.default_rng(0).permutation(order[300:])

    class Shuffled:
        pad_id = encoder.tokenizer.pad_id

        def encode(self, texts, max_tokens):
            ids, cut = encoder.tokenizer.encode(texts, max_tokens)
            return [[int(order[number]) for number in row] for row in ids], cut

    broken = SentenceEncoder("다른 토크나이저", Shuffled(), encoder.engine, max_tokens=512)
    found = judge(broken, engine=encoder.engine.label)["meaning"]
    assert found.level == "problem"
    assert found.values["twins"] < BROKEN_TWINS


@pytest.mark.parametrize("name", ["mean", "cls", "mean-normalize"])
def test_random_weights_are_a_problem(tiny_models, name):
    found = judge(munjang.load(tiny_models[name], device="cpu"))
    levels = [found[what].level for what in ("meaning", "vectors") if what in found]
    assert levels in (["problem"], ["warning"])
    if "meaning" in found:  # the vectors of a random cls token are nearly the same
        assert found["length of vectors"].values["unit"] == name.endswith("normalize")
        assert found["batches"].level == "ok"


def test_a_length_that_is_not_as_declared():
    assert judge(make(mean), declared_unit=True)["length of vectors"].level == "warning"
    assert judge(make(mean))["length of vectors"].level == "ok"


def test_vectors_that_are_no_numbers():
    found = judge(make(lambda batch: np.where(mean(batch) > 0, mean(batch), np.nan)))
    assert (found["vectors"].level, "NaN" in found["vectors"].detail) == ("problem", True)
    assert "meaning" not in found


def test_vectors_that_are_all_the_same():
    found = judge(make(lambda batch: np.ones((len(batch.input_ids), 8))))
    assert found["vectors"].level == "problem"
    assert "every sentence has the same one" in found["vectors"].detail


@pytest.mark.parametrize("alone", [True, False])
def test_zeros_are_a_problem_of_their_own(alone):
    def work(batch):
        empty = np.arange(len(batch.input_ids)) == 3 if not alone else len(batch.input_ids) == 1
        return np.where(np.reshape(empty, (-1, 1)), 0, mean(batch))

    found = judge(make(work))
    assert list(found) == ["engine", "vectors"]
    assert found["vectors"].level == "problem"
    assert found["vectors"].detail == "a sentence got a vector of zeros"
    assert found["vectors"].values["shortest"] == 0


def test_a_model_of_zeros_alone_is_told_so():
    found = judge(make(lambda batch: np.zeros((len(batch.input_ids), 8))))
    assert found["vectors"].detail == "a sentence got a vector of zeros"


def test_padding_that_counts():
    found = judge(make(lambda batch: TABLE[batch.input_ids].mean(axis=1)))
    assert found["batches"].level == "warning"
    assert judge(make(mean))["batches"].level == "ok"


def test_an_engine_that_fails():
    found = judge(make(lambda batch: TABLE[batch.input_ids + 990].mean(axis=1)))
    assert list(found) == ["run"]
    assert found["run"].level == "problem"
    assert "out of bounds" in found["run"].detail


def test_what_is_measured():
    seen = probe(make(mean))
    vectors = make(mean).encode(SENTENCES, normalize=False)
    lengths = [float(np.linalg.norm(row)) for row in vectors]
    assert (seen.shortest, seen.longest) == pytest.approx((min(lengths), max(lengths)), rel=1e-5)
    unit = vectors / np.array(lengths)[:, None]
    cosines = [float(a @ b) for a, b in itertools.combinations(unit, 2)]
    assert seen.spread == pytest.approx(float(np.mean(cosines)), abs=1e-4)
    assert seen.finite
