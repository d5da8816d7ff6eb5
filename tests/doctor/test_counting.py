"""Counts against what slow and simple code counts, and bounded memory."""

from __future__ import annotations

import tracemalloc
import unicodedata
from collections import Counter

import pytest

import munjang
from munjang.doctor.counting import CharacterCounts, TokenCounts, count_texts
from munjang.doctor.vocabulary import read_vocabulary
from munjang.encode.loading import DEFAULT_FOLDER

TEXTS = [
    "눈이 온다.",
    "눈이  온다.",
    "눈이 온다!",
    unicodedata.normalize("NFD", "눈이 온다."),
    "비가 온다.",
    "ABC abc",
    "abc ABC",
    "hello",
]


@pytest.fixture(scope="module")
def shipped():
    return munjang.load()


@pytest.fixture(scope="module")
def vocabulary():
    return read_vocabulary(DEFAULT_FOLDER)


def test_characters_words_and_duplicates():
    counts = count_texts(TEXTS, None)
    assert counts.texts == 8
    assert counts.words == sum(len(text.split()) for text in TEXTS)
    assert counts.characters == sum(map(len, TEXTS))
    assert (counts.decomposed, counts.without_hangul) == (1, 3)
    exact, letters = counts.repeats(), counts.repeats(letters_only=True)
    assert (exact.texts, exact.most, exact.first) == (2, 3, 1)
    assert (letters.texts, letters.most, letters.first) == (4, 4, 1)


def test_of_equally_frequent_texts_the_first_is_named():
    pairs = [f"{n // 2}번째 손님" for n in range(200)]
    found = count_texts(["비가 온다.", *pairs], None).repeats()
    assert (found.texts, found.most, found.first) == (100, 2, 2)


def test_signs_alone_are_told_apart():
    counts = count_texts(["!!!", "???", "..."], None)
    assert counts.repeats(letters_only=True).texts == 0


def test_nothing_has_no_duplicates():
    assert CharacterCounts().repeats() == (0, 0, 0)


def test_the_first_place_of_a_defect_is_told_across_chunks():
    texts = ["눈이 온다."] * 5000 + ["제로\u200b폭", "또\u200b하나"]
    counts = count_texts(iter(texts), None)
    assert counts.defects["invisible characters"] == 2
    assert counts.first["invisible characters"] == 5001


def test_lengths_are_those_that_the_encoder_sees(shipped, vocabulary):
    texts = ["눈이 온다.", "", "긴 문장 " * 300, unicodedata.normalize("NFD", "맥에서 왔다")]
    tokens = TokenCounts(shipped, vocabulary)
    tokens.add(texts)
    with pytest.warns(munjang.MunjangWarning):
        report = shipped.encode_with_report(texts).report
    assert tokens.count_longer(shipped.max_tokens) == len(report.cut) == 1
    short = [text for n, text in enumerate(texts) if n not in report.cut]
    ids, _ = shipped.tokenizer.encode(
        [shipped.prompt + unicodedata.normalize("NFC", text) for text in short], 512
    )
    assert Counter(map(len, ids)) == tokens.lengths - Counter({max(tokens.lengths): 1})


def test_prompt_and_special_tokens_are_no_tokens_of_the_text(shipped, vocabulary):
    prompted, bare = (
        TokenCounts(munjang.load(prompt="질문: "), vocabulary),
        TokenCounts(shipped, None),
    )
    for tokens in (prompted, bare):
        tokens.add(["점심에 국수를 먹었다.", "비가 온다."])
    assert bare.around == 2
    assert prompted.around > bare.around
    assert prompted.tokens == bare.tokens


@pytest.mark.parametrize(("share", "length"), [(0.5, 10), (0.9, 10), (0.99, 20), (1, 30), (0, 10)])
def test_the_length_that_keeps_a_share(shipped, share, length):
    tokens = TokenCounts(shipped, None)
    tokens.lengths.update({10: 980, 20: 15, 30: 5})
    assert tokens.length_that_keeps(share) == length
    assert tokens.count_longer(20) == 5


def test_unknown_tokens_are_counted_and_named(shipped, vocabulary):
    tokens = TokenCounts(shipped, vocabulary)
    tokens.add(["눈이 온다.", "훫 온다", "훫 쓩"])
    assert (tokens.unknown, tokens.with_unknown) == (3, 2)
    assert tokens.pieces == Counter({"훫": 2, "쓩": 1})


def test_memory_does_not_grow_with_the_text():
    def peak(texts):
        tracemalloc.start()
        count_texts((f"{n}번째 손님이 국수를 드셨다." for n in range(texts)), None)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(60_000) - peak(20_000) < 40_000 * 24  # two digests of 8 bytes, and some room
