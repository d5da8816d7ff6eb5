"""Held-out parts: decided by the letters alone, near-duplicates grouped exactly."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.data.holdout import group_near_duplicates, is_held_out


def test_the_part_is_pinned_and_of_its_size():
    texts = [f"{number}번째 문장" for number in range(5_000)]
    held = [number for number, text in enumerate(texts) if is_held_out(text, one_in=5, seed=1)]
    assert held[:5] == [17, 29, 32, 45, 49]
    assert 900 < len(held) < 1_100
    other = {number for number, text in enumerate(texts) if is_held_out(text, one_in=5, seed=2)}
    assert 150 < len(other & set(held)) < 250


@pytest.mark.parametrize(
    "same", ["비가,온다!", " 비가 온다 ", unicodedata.normalize("NFD", "비가 온다")]
)
def test_signs_spaces_and_composition_do_not_matter(same):
    for seed in range(20):
        found = is_held_out(same, one_in=2, seed=seed)
        assert found is is_held_out("비가 온다", one_in=2, seed=seed)


def test_texts_of_signs_alone_are_told_apart():
    marks = ["!", "?", "…", "~", "ㅡ!", "^^", "--", "♥", "★", "..", "::", ";;"]
    assert len({is_held_out(mark, one_in=2, seed=1) for mark in marks}) == 2
    assert group_near_duplicates(["!", "?", "!"]) == [0, 1, 0]


def _naive(texts, percent):
    """Groups by comparing all pairs, until nothing changes."""
    letters = ["".join(sign for sign in text if sign.isalnum()) or text for text in texts]
    runs = [{word[i : i + 3] for i in range(max(1, len(word) - 2))} for word in letters]
    groups = list(range(len(texts)))
    for _ in texts:
        for one in range(len(texts)):
            for two in range(len(texts)):
                shared, every = len(runs[one] & runs[two]), len(runs[one] | runs[two])
                if 100 * shared >= percent * every:
                    groups[one] = groups[two] = min(groups[one], groups[two])
    return groups


@given(
    st.lists(st.text("가나다 .", max_size=9), max_size=12),
    st.sampled_from([1, 33, 40, 50, 60, 99, 100]),
)
def test_no_near_duplicate_is_missed(texts, percent):
    assert group_near_duplicates(texts, percent=percent) == _naive(texts, percent)


def test_a_chain_is_one_group():
    texts = ["가나다라마바사", "다라마바사아자", "마바사아자차카", "파하"]
    assert group_near_duplicates(texts, percent=40) == [0, 0, 0, 3]
    assert group_near_duplicates(texts[::2], percent=40) == [0, 1]
