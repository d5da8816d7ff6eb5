"""Mined pairs: near ones, random ones, none twice, none with itself."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munjang.errors import InputError
from munjang.train import mining
from munjang.train.mining import SAME, mine_pairs


def made(count, *, dim=8, seed=0):
    """Sentences and unit vectors of theirs."""
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [f"문장 {number}" for number in range(count)], vectors


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(2, 60),
    neighbours=st.integers(1, 5),
    pairs=st.integers(1, 200),
    seed=st.integers(0, 9),
)
def test_no_pair_twice_and_never_too_many(count, neighbours, pairs, seed):
    sentences, vectors = made(count, seed=seed)
    mined = mine_pairs(sentences, vectors, neighbours=neighbours, pairs=pairs, seed=seed)
    assert len(mined) <= pairs
    assert len({frozenset(pair) for pair in mined}) == len(mined)
    assert all(one != other for one, other in mined)
    assert mined == mine_pairs(sentences, vectors, neighbours=neighbours, pairs=pairs, seed=seed)


def test_near_pairs_are_the_nearest_by_cosine():
    sentences, vectors = made(50)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    near = {frozenset((row, int(cosines[row].argmax()))) for row in range(50)}
    mined = mine_pairs(sentences, vectors, neighbours=1, pairs=10_000, seed=1)
    numbers = [frozenset(sentences.index(text) for text in pair) for pair in mined]
    assert set(numbers[: len(near)]) == near
    assert len(mined) - len(near) == len(near) // 3  # a quarter of all by chance


def test_the_same_in_other_letters_is_left_out():
    sentences = ["첫눈이 온다", unicodedata.normalize("NFD", "첫눈이 온다"), "밥을 먹는다"]
    vectors = np.array([[1, 0], [0.9, 0.436], [0, 1]], dtype=np.float32)
    mined = mine_pairs(sentences, vectors, neighbours=2, pairs=10, seed=0)
    assert all(sentences[2] in pair for pair in mined)


def test_pairs_with_a_score_are_left_out():
    sentences, vectors = made(20)
    options = {"neighbours": 3, "pairs": 100, "seed": 1}
    whole = mine_pairs(sentences, vectors, **options)
    known = [(other.replace(" ", "  "), one) for one, other in whole[:5]]
    rest = mine_pairs(sentences, vectors, **options, known=known)
    assert not {frozenset(pair) for pair in whole[:5]} & {frozenset(pair) for pair in rest}
    everything = [(one, other) for one in sentences for other in sentences]
    with pytest.raises(InputError, match="every pair of the sentences has a score"):
        mine_pairs(sentences, vectors, **options, known=everything)


def test_of_very_many_sentences_some_are_paired(monkeypatch):
    sentences, vectors = made(300)
    monkeypatch.setattr(mining, "MOST_ASKED", 30)
    mined = mine_pairs(sentences, vectors, neighbours=1, pairs=100, seed=1)
    assert 20 <= len(mined) <= 40
    assert mined == mine_pairs(sentences, vectors, neighbours=1, pairs=100, seed=1)


def test_vectors_that_are_equal_are_left_out():
    sentences, vectors = made(3)
    vectors[1] = vectors[0]
    assert vectors[0] @ vectors[1] > SAME
    mined = mine_pairs(sentences, vectors, neighbours=1, pairs=2, seed=0)
    assert (sentences[0], sentences[1]) not in mined


def test_one_sentence_gives_no_pairs():
    with pytest.raises(InputError, match="at least two sentences that differ"):
        mine_pairs(
            ["비가 온다", "비가 온다"], np.eye(2, dtype=np.float32), neighbours=1, pairs=1, seed=0
        )
