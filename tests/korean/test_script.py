from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.hangul import from_compatibility
from munjang.korean.normalize import fold_width, to_nfc
from munjang.korean.perturb import perturb

SYLLABLES = [chr(code) for code in range(0xAC00, 0xD7A4)]
texts = st.text(st.sampled_from([*SYLLABLES[::11], *" aZ5!\n\t", "ㅋ", "é", "😀"]), max_size=40)


@given(texts, st.floats(0, 1))
def test_what_is_decomposed_composes_again(text, dose):
    assert to_nfc(perturb(text, "nfd", dose=dose)) == text


@given(texts.filter(lambda text: "ㅋ" not in text), st.floats(0, 1))
def test_separate_jamo_come_together_again(text, dose):
    assert from_compatibility(perturb(text, "compatibility-jamo", dose=dose)) == text


@given(texts, st.floats(0, 1))
def test_what_is_widened_folds_again(text, dose):
    assert fold_width(perturb(text, "full-width", dose=dose)) == text


def test_all_syllables():
    text = " ".join(SYLLABLES)
    decomposed = perturb(text, "nfd", dose=1.0)
    assert decomposed == unicodedata.normalize("NFD", text)
    separate = perturb(text, "compatibility-jamo", dose=1.0)
    assert not any("가" <= character <= "힣" for character in separate)
    assert from_compatibility(separate) == text


@pytest.mark.parametrize(
    ("edit", "edited"),
    [
        ("compatibility-jamo", "ㅅㅐ café ㅋㅋ!"),
        ("full-width", "새\u3000ｃａｆé\u3000ㅋㅋ！"),
        ("nfd", "\u1109\u1162 café ㅋㅋ!"),
    ],
)
def test_edits(edit, edited):
    assert perturb("새 café ㅋㅋ!", edit, dose=1.0) == edited


def test_whole_words_change():
    text = "봄이 오면 산에 들에 진달래 피네 " * 5
    for word, given_word in zip(
        perturb(text, "compatibility-jamo", dose=0.5).split(), text.split(), strict=True
    ):
        assert word in (given_word, perturb(given_word, "compatibility-jamo", dose=1.0))
