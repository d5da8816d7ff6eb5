"""Counting and choosing pieces: what must stay, what is used most, what is held out."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from munjang.errors import InputError
from munjang.model import pieces
from munjang.model.pieces import choose_pieces, count_pieces
from munjang.model.vocabulary import read_vocabulary

UNK = "[UNK]"
PIECES = {
    "<unk>": 0.0,
    "▁": -2.0,
    "▁비": -2.5,
    "비": -3.0,
    "가": -3.1,
    "온다": -3.2,
    "▁x": -3.3,
    "온": -3.4,
    "다": -3.5,
    "x": -3.6,
    "雨": -3.7,
    "▁눈": -3.8,
    "눈이": -3.9,
    "비가": -4.0,
    "least": -9.0,
}
IDS = {piece: place for place, piece in enumerate(PIECES)}


@pytest.fixture
def vocabulary():
    made = Tokenizer(models.Unigram(list(PIECES.items()), unk_id=0))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    return read_vocabulary(made)


@pytest.fixture
def tokenizer(vocabulary):
    return vocabulary.tokenizer()


def named(places):
    return {piece for piece, place in IDS.items() if place in places}


class TestCounting:
    def test_every_tenth_sentence_is_held_out(self, tokenizer):
        texts = [f"비가 {n}" for n in range(35)]
        found = count_pieces(tokenizer, iter(texts), size=len(PIECES))
        assert found.held == ("비가 9", "비가 19", "비가 29")
        assert found.sentences == 32
        assert found.counts[IDS["▁비"]] == 32
        assert found.counts.sum() == sum(
            len(tokenizer.encode(text).ids) for text in texts if text not in found.held
        )

    def test_chunks_do_not_show(self, tokenizer, monkeypatch):
        texts = [f"{n} 비가 온다" for n in range(47)]
        whole = count_pieces(tokenizer, texts, size=len(PIECES))
        monkeypatch.setattr(pieces, "_AT_ONCE", 7)
        parts = count_pieces(tokenizer, texts, size=len(PIECES))
        assert parts.held == whole.held
        assert parts.counts.tolist() == whole.counts.tolist()

    def test_what_is_held_stays_bounded_and_spread(self, tokenizer, monkeypatch):
        monkeypatch.setattr(pieces, "_AT_ONCE", 64)
        monkeypatch.setattr(pieces, "MOST_HELD", 8)
        texts = [str(n) for n in range(1000)]
        found = count_pieces(tokenizer, texts, size=len(PIECES))
        assert found.sentences == 900
        numbers = [int(text) for text in found.held]
        assert 4 < len(numbers) <= 8
        assert {later - first for first, later in pairwise(numbers)} == {160}

    def test_characters_are_those_before_and_after_the_normaliser(self, tokenizer):
        decomposed = unicodedata.normalize("NFD", "비")
        found = count_pieces(tokenizer, [f"{decomposed} ㎏"] * 10, size=len(PIECES), prompt="q:")
        assert found.characters >= set("비 ㎏kgq:")
        assert not found.characters & set(decomposed)

    def test_too_little_text(self, tokenizer):
        for texts in ([], ["비가 온다"] * 9):
            with pytest.raises(InputError, match="at least 10 sentences"):
                count_pieces(tokenizer, texts, size=len(PIECES))

    def test_what_is_no_text(self, tokenizer):
        with pytest.raises(InputError, match=r"sentences\[3\] is not text"):
            count_pieces(tokenizer, ["비", "비", "비", None], size=len(PIECES))


class TestChoosing:
    @pytest.fixture
    def count(self, tokenizer):
        return count_pieces(tokenizer, ["비가 온다 x", "눈이 온다"] * 10, size=len(PIECES))

    def test_characters_then_the_most_used(self, vocabulary, count):
        must = {"<unk>", "least", "▁", "비", "가", "온", "다", "x", "▁비", "▁눈"}
        assert named(choose_pieces(vocabulary, count, size=10)) == must
        assert named(choose_pieces(vocabulary, count, size=11)) == must | {"온다"}
        assert named(choose_pieces(vocabulary, count, size=12)) == must | {"온다", "▁x"}

    def test_unused_pieces_fill_up_in_their_order(self, vocabulary, count):
        assert named(choose_pieces(vocabulary, count, size=14)) == PIECES.keys() - {"비가"}

    def test_needed_pieces_come_first(self, vocabulary, count):
        found = choose_pieces(vocabulary, count, size=11, needed={IDS["雨"]})
        assert "雨" in named(found)
        assert "온다" not in named(found)

    def test_the_least_is_said(self, vocabulary, count):
        with pytest.raises(InputError, match="too few") as refusal:
            choose_pieces(vocabulary, count, size=9)
        assert "at least 10 pieces" in (refusal.value.fix or "")

    def test_nothing_to_cut(self, vocabulary, count):
        for size in (15, 16):
            with pytest.raises(InputError, match="nothing to be gained"):
                choose_pieces(vocabulary, count, size=size)

    def test_words_of_wordpiece(self):
        words = [UNK, "비", "##비", "##가", "가", "비가", "눈", "##가가"]
        model = models.WordPiece({w: n for n, w in enumerate(words)}, unk_token=UNK)
        tokenizer = Tokenizer(model)
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        vocabulary = read_vocabulary(tokenizer)
        count = count_pieces(tokenizer, ["비가 비"] * 10, size=len(words))
        assert choose_pieces(vocabulary, count, size=6) == {0, 1, 2, 3, 4, 5}

    def test_a_bpe_piece_is_left_out_where_its_parts_find_no_room(self):
        model = models.BPE(
            {"a": 0, "b": 1, "ab": 2, "abab": 3, "ba": 4, "c": 5},
            [("a", "b"), ("ab", "ab"), ("b", "a")],
        )
        tokenizer = Tokenizer(model)
        vocabulary = read_vocabulary(tokenizer)
        count = count_pieces(tokenizer, ["abab", "abab", "ba"] * 10, size=6)
        assert choose_pieces(vocabulary, count, size=3) == {0, 1, 4}
        assert choose_pieces(vocabulary, count, size=4) == {0, 1, 2, 3}
