from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.normalize import (
    fold_spaces,
    fold_width,
    remove_invisible,
    replace_surrogates,
    to_nfc,
)

SYLLABLES = [chr(code) for code in range(0xAC00, 0xD7A4)]

INVISIBLE = [
    "\u00ad",
    *map(chr, range(0x200B, 0x2010)),
    *map(chr, range(0x202A, 0x202F)),
    "\u2060",
    "\ufeff",
]

any_text = st.text(st.characters(), max_size=40)
korean_text = st.text(
    st.one_of(
        st.sampled_from(SYLLABLES),
        st.characters(min_codepoint=0x1100, max_codepoint=0x11FF),
        st.sampled_from([*" \t\n\u3000\u200b\u00adＡ１ㅋㅠ가나", "\ud83d"]),
    ),
    max_size=40,
)
texts = st.one_of(any_text, korean_text)


class TestToNfc:
    def test_every_syllable_comes_back_from_jamo(self):
        assert len(SYLLABLES) == 11_172
        for syllable in SYLLABLES:
            decomposed = unicodedata.normalize("NFD", syllable)
            assert len(decomposed) in (2, 3)
            assert to_nfc(decomposed) == syllable

    def test_a_whole_text_of_syllables_comes_back(self):
        text = "".join(SYLLABLES)
        assert to_nfc(unicodedata.normalize("NFD", text)) == text

    def test_composed_text_stays_as_it_is(self):
        text = "문장을 벡터로 바꾸면, 뜻이 가까운 것끼리 모입니다! ㅋㅋ ㅠㅠ １２３ ㎏ ①"
        assert to_nfc(text) == text

    def test_composes_latin_letters_too(self):
        assert to_nfc("cafe\u0301에서 만나요") == "café에서 만나요"

    def test_keeps_compatibility_jamo_apart(self):
        assert to_nfc("ㅎㅏㄴ") == "ㅎㅏㄴ"

    def test_attaches_a_final_consonant_to_an_open_syllable(self):
        assert to_nfc("하\u11ab") == "한"

    @given(texts)
    def test_knows_nfd_from_nothing_else(self, text):
        assert to_nfc(unicodedata.normalize("NFD", text)) == to_nfc(text)


class TestFoldWidth:
    @pytest.mark.parametrize(
        ("given_text", "expected"),
        [
            ("Ｐｙｔｈｏｎ　３．１２！", "Python 3.12!"),
            ("５㎏을 ①번에", "5㎏을 ①번에"),
            ("ㅋㅋㅋㅠㅠ　ＯＫ", "ㅋㅋㅋㅠㅠ OK"),
            ("１０￦", "10₩"),
            ("한글 그대로", "한글 그대로"),
        ],
    )
    def test_folds(self, given_text, expected):
        assert fold_width(given_text) == expected

    def test_every_full_width_ascii_character(self):
        for code in range(0x21, 0x7F):
            assert fold_width(chr(code + 0xFEE0)) == chr(code)

    def test_half_width_jamo_become_the_jamo_of_keyboards(self):
        assert fold_width("\uffbe\uffc2") == "ㅎㅏ"

    @given(texts)
    def test_leaves_nothing_to_fold(self, text):
        folded = fold_width(text)
        assert fold_width(folded) == folded


class TestRemoveInvisible:
    @pytest.mark.parametrize("character", INVISIBLE, ids=lambda c: f"U+{ord(c):04X}")
    def test_removes(self, character):
        assert remove_invisible(f"{character}검{character}색{character}") == "검색"

    @pytest.mark.parametrize("text", ["", "띄어 쓴 문장", "가\u00a0나", "가\u3000나", "가\n나"])
    def test_keeps_what_can_be_seen_or_separates(self, text):
        assert remove_invisible(text) == text

    @given(texts)
    def test_removes_nothing_else(self, text):
        assert remove_invisible(text) == "".join(c for c in text if c not in INVISIBLE)


class TestFoldSpaces:
    @pytest.mark.parametrize(
        ("given_text", "expected"),
        [
            ("", ""),
            (" \t\r\n\u3000", ""),
            ("\u3000전각\u3000\u3000공백 ", "전각 공백"),
            ("줄\r\n바꿈\u2028둘\u00a0셋", "줄 바꿈 둘 셋"),
            ("빈칸 하나", "빈칸 하나"),
        ],
    )
    def test_folds(self, given_text, expected):
        assert fold_spaces(given_text) == expected

    @given(texts)
    def test_keeps_the_words(self, text):
        assert fold_spaces(text).split() == text.split()


class TestReplaceSurrogates:
    def test_every_lone_surrogate(self):
        lone = "".join(map(chr, range(0xD800, 0xE000)))
        assert replace_surrogates(f"앞{lone}뒤") == "앞" + "\ufffd" * 2048 + "뒤"

    def test_bytes_that_were_no_utf8(self):
        text = "문장".encode("cp949").decode("utf-8", "surrogateescape")
        assert replace_surrogates(text).encode("utf-8")

    def test_whole_emoji_stay(self):
        assert replace_surrogates("좋아요 😀👍🏽") == "좋아요 😀👍🏽"

    @given(texts)
    def test_the_result_can_be_written(self, text):
        replaced = replace_surrogates(text)
        assert len(replaced) == len(text)
        assert replaced.encode("utf-8").decode("utf-8") == replaced


@pytest.mark.parametrize(
    "function", [to_nfc, fold_width, remove_invisible, fold_spaces, replace_surrogates]
)
@given(text=texts)
def test_twice_is_once(function, text):
    once = function(text)
    assert function(once) == once
