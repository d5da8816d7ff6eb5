"""Hangul syllables and their jamo, and the two-set (두벌식) keyboard.

Jamo are written as compatibility jamo (ㄱ, ㅏ, ㄳ), one character each, as keyboards and
readers know them. A modern syllable has an initial consonant, a vowel, and a final
consonant or none (Unicode Standard, section 3.12).
"""

from __future__ import annotations

import re

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
"""The final consonants in Unicode's order; the first is no final consonant."""

SYLLABLE = "[가-힣]"
"""A pattern of one modern syllable, 11,172 in all."""

_FIRST = ord("가")

# The jamo that two keys make, by those keys' jamo.
_PAIRS = {
    **dict(
        zip(("ㅗㅏ", "ㅗㅐ", "ㅗㅣ", "ㅜㅓ", "ㅜㅔ", "ㅜㅣ", "ㅡㅣ"), "ㅘㅙㅚㅝㅞㅟㅢ", strict=True)
    ),
    **dict(
        zip(
            (
                "ㄱㅅ",
                "ㄴㅈ",
                "ㄴㅎ",
                "ㄹㄱ",
                "ㄹㅁ",
                "ㄹㅂ",
                "ㄹㅅ",
                "ㄹㅌ",
                "ㄹㅍ",
                "ㄹㅎ",
                "ㅂㅅ",
            ),
            "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ",
            strict=True,
        )
    ),
}
_KEY_OF = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ",
        "qwertyuiopasdfghjklzxcvbnmQWERTOP",
        strict=True,
    )
)
_JAMO_ON = {key: jamo for jamo, key in _KEY_OF.items()}
_KEY_OF |= {jamo: "".join(_KEY_OF[part] for part in parts) for parts, jamo in _PAIRS.items()}
# Shift changes seven keys only; the other capital letters type what the small ones do.
_JAMO_ON |= {key.upper(): jamo for key, jamo in _JAMO_ON.items() if key.upper() not in _JAMO_ON}

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# How far a row is to the right of the one above it, in keys.
_ROW_SHIFTS = (0.0, 0.25, 0.75)

# Greedy, as an input method reads keys: a consonant before a vowel begins a syllable, so it
# closes none, and of two before a vowel the second begins one.
_VOWEL = "(?:ㅗ[ㅏㅐㅣ]|ㅜ[ㅓㅔㅣ]|ㅡㅣ|[ㅏ-ㅣ])"
_CLOSING = "(?:ㄱㅅ|ㄴ[ㅈㅎ]|ㄹ[ㄱㅁㅂㅅㅌㅍㅎ]|ㅂㅅ|[ㄱ-ㄷㄹ-ㅂㅄ-ㅈㅊ-ㅎ])"
_TYPED = re.compile(f"([{INITIALS}])({_VOWEL})({_CLOSING}(?![ㅏ-ㅣ]))?|({_VOWEL})")
_SYLLABLES = re.compile(SYLLABLE)


def is_syllable(character: str) -> bool:
    """Whether a character is one of the 11,172 modern syllables.

    Example:
        >>> is_syllable("한"), is_syllable("ㅎ"), is_syllable("h")
        (True, False, False)
    """
    return len(character) == 1 and "가" <= character <= "힣"


def take_apart(syllable: str) -> tuple[str, str, str]:
    """Returns the initial, medial and final jamo of a syllable.

    Args:
        syllable: One modern syllable.

    Returns:
        Three compatibility jamo; the last is "" where there is no final consonant.

    Example:
        >>> take_apart("값"), take_apart("뭐")
        (('ㄱ', 'ㅏ', 'ㅄ'), ('ㅁ', 'ㅝ', ''))
    """
    code = ord(syllable) - _FIRST
    return INITIALS[code // 588], MEDIALS[code % 588 // 28], FINALS[code % 28]


def put_together(initial: str, medial: str, final: str = "") -> str:
    """Makes a syllable of its jamo, the reverse of `take_apart`.

    Example:
        >>> put_together("ㄱ", "ㅏ", "ㅄ")
        '값'
    """
    place = (INITIALS.index(initial) * 21 + MEDIALS.index(medial)) * 28 + FINALS.index(final)
    return chr(_FIRST + place)


def final_of(character: str) -> str:
    """The final consonant (받침) of a character, "" where it has none or is no syllable.

    Example:
        >>> final_of("책"), final_of("나"), final_of("A")
        ('ㄱ', '', '')
    """
    return take_apart(character)[2] if is_syllable(character) else ""


def has_final(character: str) -> bool:
    """Whether a character is a syllable that ends in a consonant.

    Example:
        >>> has_final("책"), has_final("나")
        (True, False)
    """
    return bool(final_of(character))


def replace_final(syllable: str, final: str) -> str:
    """Gives a syllable another final consonant, or none for "".

    Example:
        >>> replace_final("하", "ㄴ"), replace_final("한", "")
        ('한', '하')
    """
    initial, medial, _ = take_apart(syllable)
    return put_together(initial, medial, final)


def to_conjoining(text: str) -> str:
    """Decomposes every syllable into conjoining jamo, as NFD does, and leaves the rest.

    Example:
        >>> [hex(ord(jamo)) for jamo in to_conjoining("한A")]
        ['0x1112', '0x1161', '0x11ab', '0x41']
    """
    return _SYLLABLES.sub(lambda found: _conjoining(found[0]), text)


def to_compatibility(text: str) -> str:
    """Writes every syllable as separate compatibility jamo.

    Example:
        >>> to_compatibility("값이 싸요")
        'ㄱㅏㅄㅇㅣ ㅆㅏㅇㅛ'
    """
    return _SYLLABLES.sub(lambda found: "".join(take_apart(found[0])), text)


def from_compatibility(text: str) -> str:
    """Puts compatibility jamo together, as an input method would.

    What `to_compatibility` made of syllables comes back as it was; jamo that make no
    syllable stay, such as ㅋㅋ.

    Example:
        >>> from_compatibility("ㄱㅏㅄㅇㅣ ㅆㅏㅇㅛ ㅋㅋ")
        '값이 싸요 ㅋㅋ'
    """
    return _TYPED.sub(_compose, text)


def to_keys(text: str) -> str:
    """Returns the Latin letters of the keys that type a text on the two-set keyboard.

    Args:
        text: Any text; what is neither a syllable nor a compatibility jamo stays.

    Example:
        >>> to_keys("안녕"), to_keys("뭐 했어 ㅋㅋ?")
        ('dkssud', 'anj goTdj zz?')
    """
    return "".join(_KEY_OF.get(jamo, jamo) for jamo in to_compatibility(text))


def from_keys(keys: str) -> str:
    """Returns what keys type on the two-set keyboard.

    The keys of syllables (`to_keys`) give those syllables again. Single jamo do not always
    come back: a consonant typed after an open syllable closes it, as on a real keyboard.

    Args:
        keys: Latin letters; other characters stay and end the syllable before them.

    Example:
        >>> from_keys("dkssud"), from_keys("rkqtdl Tkdy"), from_keys("skzz")
        ('안녕', '값이 싸요', '낰ㅋ')
    """
    return from_compatibility("".join(_JAMO_ON.get(key, key) for key in keys))


def neighbours(key: str) -> str:
    """Returns the letter keys that touch a key on a QWERTY keyboard, from left to right.

    Args:
        key: A Latin letter; a capital one has capital neighbours.

    Returns:
        The keys, "" where `key` is no Latin letter.

    Example:
        >>> neighbours("g"), neighbours("Q")
        ('fvtbyh', 'AW')
    """
    found = _NEIGHBOURS.get(key.lower(), "")
    return found.upper() if key.isupper() else found


def _conjoining(syllable: str) -> str:
    code = ord(syllable) - _FIRST
    initial, medial, final = 0x1100 + code // 588, 0x1161 + code % 588 // 28, 0x11A7 + code % 28
    return chr(initial) + chr(medial) + (chr(final) if code % 28 else "")


def _compose(found: re.Match[str]) -> str:
    initial, medial, final, lone = found.groups()
    if lone:
        return _PAIRS.get(lone, lone)
    return put_together(initial, _PAIRS.get(medial, medial), _PAIRS.get(final or "", final or ""))


def _find_neighbours() -> dict[str, str]:
    places = {
        key: (row, column + shift)
        for row, (keys, shift) in enumerate(zip(_ROWS, _ROW_SHIFTS, strict=True))
        for column, key in enumerate(keys)
    }
    return {
        key: "".join(
            other
            for other, (row, column) in sorted(places.items(), key=lambda item: item[1][1])
            if other != key and abs(row - places[key][0]) <= 1 and abs(column - places[key][1]) <= 1
        )
        for key in places
    }


_NEIGHBOURS = _find_neighbours()
