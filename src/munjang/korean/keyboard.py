"""Edits of typing: slips on the two-set keyboard, and the wrong layout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from munjang.korean.hangul import (
    SYLLABLE,
    from_keys,
    neighbours,
    put_together,
    take_apart,
    to_keys,
)

if TYPE_CHECKING:
    from munjang.korean.draws import Draws

KEY_CAP = 0.1
"""The share of key strokes that dose 1 changes; a syllable has two or three."""

JAMO_CAP = 0.2
"""The share of syllables that dose 1 changes."""

_RUN = re.compile(f"{SYLLABLE}+")
_TYPED = re.compile("[가-힣ㄱ-ㅣ]")
_WORD = re.compile(r"\S+")

# Vowels that sound alike today, and so are mixed up in writing.
_ALIKE = {"ㅐ": "ㅔ", "ㅔ": "ㅐ", "ㅒ": "ㅖ", "ㅖ": "ㅔ", "ㅙ": "ㅚ", "ㅚ": "ㅙ", "ㅞ": "ㅙ"}


def slip_keys(text: str, draws: Draws) -> str:
    """Hits a key beside the right one; each key stroke of a syllable is a site.

    At most `KEY_CAP` of the strokes change. The keys of a run of syllables are read by
    the keyboard's automaton, so that a slip may change the next syllable too.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "내일 서울에서 만나요"
        >>> slip_keys(text, Draws(text, "key-slips", dose=1.0, seed=1))
        '내일 서울체서 민나요'
    """

    def slip(key: str) -> str:
        near = neighbours(key)
        way = draws.pick(len(near), cap=KEY_CAP)
        return key if way is None else near[way]

    return _RUN.sub(lambda run: from_keys("".join(map(slip, to_keys(run[0])))), text)


def slip_jamo(text: str, draws: Draws) -> str:
    """Types a syllable with a slip; each syllable is a site, at most `JAMO_CAP` change.

    The ways: Shift missed (했 as 햇), a vowel that sounds alike (네 as 내), the last key
    of a syllable of three or more left out (한 as 하) or hit twice (한 as 한ㄴ), the
    vowel hit twice (하 as 하ㅏ), the last two keys in the wrong order (한 as ㅎ나).

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "어제 친구가 재미있는 책을 빌려줬어요"
        >>> slip_jamo(text, Draws(text, "jamo-slips", dose=1.0, seed=0))
        '어제 친구가 제미있느 ㅊ개을 빌려ㅕ줬어요'
    """

    def slip(syllable: str) -> str:
        ways = _jamo_ways(syllable)
        way = draws.pick(len(ways), cap=JAMO_CAP)
        return to_keys(syllable) if way is None else ways[way]

    return _RUN.sub(lambda run: from_keys("".join(map(slip, run[0]))), text)


def type_on_latin_layout(text: str, draws: Draws) -> str:
    """Types Hangul with the Latin layout on; each word with Hangul in it is a site.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "안녕, Python 세상"
        >>> type_on_latin_layout(text, Draws(text, "latin-layout", dose=1.0, seed=0))
        'dkssud, Python tptkd'
    """

    def type_word(word: str) -> str:
        if not _TYPED.search(word) or draws.pick() is None:
            return word
        return to_keys(word)

    return _WORD.sub(lambda word: type_word(word[0]), text)


def _jamo_ways(syllable: str) -> list[str]:
    """The keys of every slip of a syllable."""
    initial, medial, final = take_apart(syllable)
    keys = to_keys(syllable)
    ways = []
    if keys != keys.lower():
        ways.append(keys.lower())
    if medial in _ALIKE:
        ways.append(to_keys(put_together(initial, _ALIKE[medial], final)))
    if final:
        ways += [keys[:-1], keys + keys[-1], keys[:-2] + keys[-1] + keys[-2]]
    else:
        ways.append(keys + keys[-1])
    return ways
