"""Edits of spacing (띄어쓰기): spaces left out, spaces at the wrong place."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from munjang.korean.hangul import SYLLABLE, is_syllable

if TYPE_CHECKING:
    from munjang.korean.draws import Draws

MOVE_CAP = 0.5
"""The share of spaces that dose 1 moves; with all of them moved few words can be read."""

SPLIT_CAP = 0.2
"""The share of long words that dose 1 splits."""

# Spaces beside Hangul: between two English words they carry the words.
_SPACE = re.compile(rf"(?<={SYLLABLE}) +(?=\S)|(?<=\S) +(?={SYLLABLE})")
_PIECE = re.compile(r"\S+|\s+")
_LONG = re.compile(f"{SYLLABLE}{{4,}}")


def remove_spaces(text: str, draws: Draws) -> str:
    """Leaves out the spaces beside a syllable; each is a site.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "오늘 뭐 먹을까?"
        >>> remove_spaces(text, Draws(text, "spaces-removed", dose=1.0, seed=0))
        '오늘뭐먹을까?'
    """
    return _SPACE.sub(lambda space: space[0] if draws.pick() is None else "", text)


def misplace_spaces(text: str, draws: Draws) -> str:
    """Puts spaces where they do not belong.

    A single space between two words moves by one syllable, to the left or right, or is
    left out between two words of one syllable (at most `MOVE_CAP` of the spaces); a word of
    four syllables or more is split (at most `SPLIT_CAP` of them). Each space and each long
    word is a site.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "아버지가 방에 들어가신다."
        >>> misplace_spaces(text, Draws(text, "spaces-wrong", dose=1.0, seed=3))
        '아버지 가방에들 어가신다.'
    """
    pieces = _PIECE.findall(text)
    words = [_split_long(piece, draws) for piece in pieces]
    gaps = [
        (number, draws.pick(len(ways), cap=MOVE_CAP), ways)
        for number, ways in enumerate(_ways(pieces))
        if pieces[number] == " "
    ]
    moves = dict.fromkeys(range(len(pieces)), "")
    moves.update({number: ways[way] for number, way, ways in gaps if way is not None})
    return "".join(_move(words, moves))


def _split_long(word: str, draws: Draws) -> str:
    """Splits a long word of syllables, two from its ends, where no space can move to."""
    return _LONG.sub(lambda found: _split(found[0], draws), word)


def _split(word: str, draws: Draws) -> str:
    way = draws.pick(len(word) - 3, cap=SPLIT_CAP)
    return word if way is None else f"{word[: way + 2]} {word[way + 2 :]}"


def _ways(pieces: list[str]) -> list[tuple[str, ...]]:
    """What can happen to each piece that is a space between two syllables."""
    ways: list[tuple[str, ...]] = [()] * len(pieces)
    for number in range(1, len(pieces) - 1):
        left, right = pieces[number - 1], pieces[number + 1]
        if not (is_syllable(left[-1]) and is_syllable(right[0])):
            continue
        # A word of two syllables gives one to a side only, so that no two spaces meet.
        first = number == 1
        possible = {
            "left": len(left) > (1 if first else 2) and is_syllable(left[-2]),
            "right": len(right) > 1 and is_syllable(right[1]),
        }
        ways[number] = tuple(way for way, can in possible.items() if can) or ("join",)
    return ways


def _move(words: list[str], moves: dict[int, str]) -> list[str]:
    moved = list(words)
    for left, number in pairwise(range(len(words))):
        if not (way := moves[number]):
            continue
        right = number + 1
        if way == "left":
            moved[number] = " " + moved[left][-1]
            moved[left] = moved[left][:-1]
        elif way == "right":
            moved[number] = moved[right][0] + " "
            moved[right] = moved[right][1:]
        else:
            moved[number] = ""
    return moved
