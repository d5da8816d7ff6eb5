from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.numbers import (
    MOST,
    MOST_NATIVE,
    read_native,
    read_sino,
    write_native,
    write_sino,
)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "영"),
        (1, "일"),
        (10, "십"),
        (11, "십일"),
        (2012, "이천십이"),
        (1111, "천백십일"),
        (10_000, "만"),
        (10_001, "만일"),
        (110_000, "십일만"),
        (100_010_000, "일억일만"),
        (1_000_000_000_000, "일조"),
        (16_608, "만육천육백팔"),
    ],
)
def test_sino_korean(number, words):
    assert write_sino(number) == words
    assert read_sino(words) == number


@given(st.one_of(st.integers(0, 99_999), st.integers(0, MOST)))
def test_sino_korean_comes_back(number):
    assert read_sino(write_sino(number)) == number


@pytest.mark.parametrize("words", ["", "이사", "십백", "만억", "일일", "영영", "한", "3", "천천"])
def test_what_is_no_number(words):
    assert read_sino(words) is None


def test_a_counted_thousand_of_one():
    assert read_sino("일천일백") == 1100


def test_native_words_come_back():
    words = [write_native(number) for number in range(1, MOST_NATIVE + 1)]
    assert len(set(words)) == 99
    assert [read_native(word) for word in words] == list(range(1, 100))


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "한"), (4, "네"), (11, "열한"), (20, "스무"), (29, "스물아홉"), (40, "마흔")],
)
def test_native(number, words):
    assert write_native(number) == words


@pytest.mark.parametrize("words", ["", "한두", "하나", "스물", "열스무", "이"])
def test_what_is_no_native_number(words):
    assert read_native(words) is None
