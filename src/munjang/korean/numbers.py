"""Korean number words: Sino-Korean (이천오백) and native (스물한), read and written."""

from __future__ import annotations

import re

MOST = 10**16 - 1
"""The largest number that is written in words."""

MOST_NATIVE = 99
"""The largest number that has native words."""

_DIGITS = "영일이삼사오육칠팔구"
_SMALL = ("", "십", "백", "천")
_LARGE = ("", "만", "억", "조")
_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")

_D = "[일이삼사오육칠팔구]"
_SECTION = f"(?:{_D}?천)?(?:{_D}?백)?(?:{_D}?십)?{_D}?"
_SINO = re.compile("".join(f"(?:({_SECTION}){unit})?" for unit in "조억만") + f"({_SECTION})")
_PART = re.compile(f"({_D}?)([천백십]?)")


def write_sino(number: int) -> str:
    """Writes a number in Sino-Korean words, without spaces.

    Args:
        number: From 0 to `MOST`.

    Returns:
        The words; 일 is left out before 십, 백, 천 and before a leading 만.

    Example:
        >>> write_sino(2500), write_sino(12), write_sino(10_000), write_sino(130_000_000)
        ('이천오백', '십이', '만', '일억삼천만')
    """
    if number == 0:
        return _DIGITS[0]
    words = ""
    for power in range(3, -1, -1):
        section = number // 10_000**power % 10_000
        if section:
            bare = power == 1 and section == 1 and not words
            words += ("" if bare else _write_section(section)) + _LARGE[power]
    return words


def write_native(number: int) -> str:
    """Writes a number in native words, as they stand before a counter.

    Args:
        number: From 1 to `MOST_NATIVE`.

    Example:
        >>> write_native(3), write_native(20), write_native(21)
        ('세', '스무', '스물한')
    """
    if number == 20:
        return "스무"
    return _TENS[number // 10] + _ONES[number % 10]


def read_sino(words: str) -> int | None:
    """Reads Sino-Korean words without spaces, the reverse of `write_sino`.

    Returns:
        The number, or None where the words are no number.

    Example:
        >>> read_sino("이천오백"), read_sino("십이만"), read_sino("이사")
        (2500, 120000, None)
    """
    if words == _DIGITS[0]:
        return 0
    sections = _SINO.fullmatch(words)
    if not words or not sections:
        return None
    total = 0
    for section, power in zip(sections.groups(), (3, 2, 1, 0), strict=True):
        # A unit alone, such as 만, is one of it.
        value = _read_section(section or "") or (section == "" and power > 0)
        total += value * 10_000**power
    return total


def read_native(words: str) -> int | None:
    """Reads native words as they stand before a counter, the reverse of `write_native`.

    Example:
        >>> read_native("스물한"), read_native("한두")
        (21, None)
    """
    return _NATIVE.get(words)


def _write_section(number: int) -> str:
    words = ""
    for power in range(3, -1, -1):
        digit = number // 10**power % 10
        if digit:
            words += ("" if digit == 1 and power else _DIGITS[digit]) + _SMALL[power]
    return words


def _read_section(words: str) -> int:
    return sum(
        (_DIGITS.index(digit) if digit else 1) * 10 ** _SMALL.index(unit)
        for digit, unit in _PART.findall(words)
        if digit or unit
    )


_NATIVE = {write_native(number): number for number in range(1, MOST_NATIVE + 1)}
