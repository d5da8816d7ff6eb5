from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.hangul import (
    FINALS,
    INITIALS,
    MEDIALS,
    final_of,
    from_compatibility,
    from_keys,
    has_final,
    is_syllable,
    neighbours,
    put_together,
    replace_final,
    take_apart,
    to_compatibility,
    to_conjoining,
    to_keys,
)

SYLLABLES = [chr(code) for code in range(0xAC00, 0xD7A4)]

syllables = st.text(st.sampled_from(SYLLABLES), max_size=30)
syllables_and_marks = st.text(st.sampled_from([*SYLLABLES[::7], *" .,!?1290%\n"]), max_size=30)


def test_every_syllable_comes_back_from_its_jamo():
    assert len(SYLLABLES) == 11_172 == len(INITIALS) * len(MEDIALS) * len(FINALS)
    assert [put_together(*take_apart(syllable)) for syllable in SYLLABLES] == SYLLABLES
    assert len({take_apart(syllable) for syllable in SYLLABLES}) == 11_172


@pytest.mark.parametrize(
    ("there", "back"), [(to_keys, from_keys), (to_compatibility, from_compatibility)]
)
def test_every_syllable_comes_back_alone_and_among_all(there, back):
    assert [back(there(syllable)) for syllable in SYLLABLES] == SYLLABLES
    text = "".join(SYLLABLES)
    assert back(there(text)) == text
    turned = text[::-1]
    assert back(there(turned)) == turned


@given(syllables_and_marks)
def test_texts_without_letters_come_back(text):
    assert from_keys(to_keys(text)) == text
    assert from_compatibility(to_compatibility(text)) == text


@given(syllables)
def test_keys_are_ascii_letters(text):
    keys = to_keys(text)
    assert all(key.isascii() and key.isalpha() for key in keys)
    assert len(keys) >= 2 * len(text)


def test_conjoining_jamo_are_those_of_nfd():
    for syllable in SYLLABLES:
        assert to_conjoining(syllable) == unicodedata.normalize("NFD", syllable)


def test_conjoining_leaves_other_letters():
    assert to_conjoining("é ㅋㅋ A") == "é ㅋㅋ A"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("안녕", "dkssud"),
        ("안녕하세요", "dkssudgktpdy"),
        ("값이 싸다", "rkqtdl Tkek"),
        ("괜찮아", "rhoscksgdk"),
        ("의외", "dmldhl"),
        ("뭘 봐?", "anjf qhk?"),
        ("예뻐ㅠㅠ", "dPQjbb"),
        ("ㄳㅋ", "rtz"),
        ("OK 3", "OK 3"),
    ],
)
def test_keys_of(text, keys):
    assert to_keys(text) == keys


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("rkqt", "값"),
        ("rkqtl", "갑시"),
        ("ekfrdl", "닭이"),
        ("dkTek", "았다"),
        ("Ekek", "따다"),
        ("rkE", "가ㄸ"),
        ("rkEk", "가따"),
        ("DKSSUD", "안녕"),
        ("zzz", "ㅋㅋㅋ"),
        ("hk", "ㅘ"),
        ("rt", "ㄱㅅ"),
        ("skzz", "낰ㅋ"),
        ("", ""),
        ("123!", "123!"),
    ],
)
def test_what_keys_type(keys, text):
    assert from_keys(keys) == text


@pytest.mark.parametrize(
    ("character", "final"), [("값", "ㅄ"), ("나", ""), ("A", ""), ("ㄱ", ""), ("", "")]
)
def test_finals(character, final):
    assert final_of(character) == final
    assert has_final(character) == bool(final)


@given(st.sampled_from(SYLLABLES), st.sampled_from(FINALS))
def test_a_final_is_replaced_and_nothing_else(syllable, final):
    replaced = replace_final(syllable, final)
    assert final_of(replaced) == final
    assert take_apart(replaced)[:2] == take_apart(syllable)[:2]


def test_syllables_and_no_others():
    assert all(map(is_syllable, SYLLABLES))
    assert not any(map(is_syllable, ["", "ㄱ", "ㅏ", "a", "가나", "\u1100", "\ud7a4", "\ud83d"]))


def test_neighbours_touch_each_other():
    letters = "abcdefghijklmnopqrstuvwxyz"
    for key in letters:
        assert 2 <= len(neighbours(key)) <= 6
        assert key not in neighbours(key)
        assert all(key in neighbours(other) for other in neighbours(key))
        assert neighbours(key.upper()) == neighbours(key).upper()
    assert set(neighbours("s")) == set("awedzx")
    assert neighbours("1") == neighbours("ㄱ") == ""
