"""Edits of script: the same letters under other code points."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from munjang.korean.hangul import SYLLABLE, to_compatibility, to_conjoining

if TYPE_CHECKING:
    from collections.abc import Callable

    from munjang.korean.draws import Draws

_SYLLABLE = re.compile(SYLLABLE)
_WORD = re.compile(r"\S+")
_ASCII = re.compile("[!-~]+| ")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


def decompose(text: str, draws: Draws) -> str:
    """Decomposes syllables into conjoining jamo (NFD); each word with a syllable is a site.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "한글 OK"
        >>> len(decompose(text, Draws(text, "nfd", dose=1.0, seed=0)))
        9
    """
    return _rewrite_words(text, draws, to_conjoining)


def separate_jamo(text: str, draws: Draws) -> str:
    """Writes syllables as compatibility jamo; each word with a syllable is a site.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "한글 OK"
        >>> separate_jamo(text, Draws(text, "compatibility-jamo", dose=1.0, seed=0))
        'ㅎㅏㄴㄱㅡㄹ OK'
    """
    return _rewrite_words(text, draws, to_compatibility)


def widen(text: str, draws: Draws) -> str:
    """Writes ASCII in full-width forms; each run of visible ASCII and each space is a site.

    Syllables have no other width; a text without Hangul changes as well.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "5월 TOEIC 시험!"
        >>> widen(text, Draws(text, "full-width", dose=1.0, seed=0))
        '５월\u3000ＴＯＥＩＣ\u3000시험！'
    """

    def rewrite(found: str) -> str:
        return found if draws.pick() is None else found.translate(_WIDE)

    return _ASCII.sub(lambda found: rewrite(found[0]), text)


def _rewrite_words(text: str, draws: Draws, rewrite: Callable[[str], str]) -> str:
    def rewrite_word(word: str) -> str:
        if not _SYLLABLE.search(word) or draws.pick() is None:
            return word
        return rewrite(word)

    return _WORD.sub(lambda word: rewrite_word(word[0]), text)
