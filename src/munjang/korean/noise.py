"""Edits at the ends of sentences: ㅋㅋ and ㅠㅠ, drawn-out endings, emoji.

A sentence ends at a syllable, with closing quotes and marks after it or none, before white
space; without a mark, at the end of a line only. Sentences that end in something else, such
as English ones, have no site.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from munjang.korean.hangul import SYLLABLE, final_of, put_together, take_apart

if TYPE_CHECKING:
    from munjang.korean.draws import Draws

_MOODS = (("ㅋㅋ", "ㅋㅋㅋ", "ㅋㅋㅋㅋㅋ", "ㅎㅎ", "ㅎㅎㅎ"), ("ㅠㅠ", "ㅠㅠㅠ", "ㅜㅜ", "ㅠ"))
_EMOJI = ("😀", "😊", "😂", "🙂", "👍", "🙏", "✨", "❤️", "😊😊", "😂😂", "👍👍")

_CLOSERS = r"""[)\]’”'"»」』]*"""
_END = re.compile(
    rf"({SYLLABLE})({_CLOSERS})([.!?…~。！？]+{_CLOSERS}(?=\s|\Z)|(?=[^\S\n]*(?:\n|\Z)))"
)

# The vowel that stays when one is drawn out; others stay as they are.
_HELD = dict(zip("ㅑㅕㅛㅠㅘㅝㅙㅞㅚㅟㅢㅒㅖ", "ㅏㅓㅗㅜㅏㅓㅐㅔㅔㅣㅣㅐㅔ", strict=True))
_REPEATED = {
    "": ("~", "~~", "..."),
    ".": ("..", "...", "~", "~~"),
    "!": ("!!", "!!!", "!!!!"),
    "?": ("??", "???", "????"),
}


def add_laughter(text: str, draws: Draws) -> str:
    """Puts ㅋㅋ, ㅎㅎ or ㅠㅠ after a sentence; each sentence end is a site.

    A text laughs or cries, not both. The full stop often goes, as people write it.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "늦잠 잤어. 또 지각이야!"
        >>> add_laughter(text, Draws(text, "laughter", dose=1.0, seed=0))
        '늦잠 잤어 ㅠ 또 지각이야! ㅠㅠ'
    """
    return _append(text, draws, _MOODS[draws.choose(len(_MOODS))])


def add_emoji(text: str, draws: Draws) -> str:
    """Puts an emoji after a sentence, or two or three; each sentence end is a site.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "선물 잘 받았어요!"
        >>> add_emoji(text, Draws(text, "emoji", dose=1.0, seed=0))
        '선물 잘 받았어요! 🙏'
    """
    return _append(text, draws, _EMOJI)


def repeat_endings(text: str, draws: Draws) -> str:
    """Draws out the end of a sentence: 좋아 as 좋아아아, and "!" as "!!!".

    Each sentence end has two sites: its last vowel, where it is in an open syllable, and
    its mark.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "진짜 좋아!"
        >>> repeat_endings(text, Draws(text, "repeated-endings", dose=1.0, seed=0))
        '진짜 좋아아아!!!!'
    """

    def repeat(end: re.Match[str]) -> str:
        last, closers, mark = end.groups()
        held = "" if final_of(last) else _held(last)
        times = draws.pick(3 if held else 0)
        ways = _REPEATED.get(mark, ()) if mark or not closers else ()
        way = draws.pick(len(ways))
        drawn = last if times is None else last + held * (times + 1)
        return drawn + closers + (mark if way is None else ways[way])

    return _END.sub(repeat, text)


def _append(text: str, draws: Draws, signs: tuple[str, ...]) -> str:
    def append(end: re.Match[str]) -> str:
        ways = [f"{before}{sign}" for before in _before_sign(end[0]) for sign in signs]
        way = draws.pick(len(ways))
        return end[0] if way is None else ways[way]

    return _END.sub(append, text)


def _before_sign(end: str) -> list[str]:
    """A sentence end as it stands before a sign: 잤어ㅋㅋ, 잤어 ㅋㅋ or 잤어. ㅋㅋ."""
    if not end.endswith(".") or end.endswith(".."):
        return [end, f"{end} "]
    return [end[:-1], f"{end[:-1]} ", f"{end} "]


def _held(syllable: str) -> str:
    """The syllable that a drawn-out vowel is written as."""
    vowel = take_apart(syllable)[1]
    return put_together("ㅇ", _HELD.get(vowel, vowel))
