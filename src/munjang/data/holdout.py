"""Held-out parts of data sets that have none: the same ones everywhere, twins kept together."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from munjang.korean.normalize import to_nfc

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNS = re.compile(r"[\W_]+")
_GRAM = 3


def is_held_out(text: str, *, one_in: int, seed: int) -> bool:
    """Tells whether a text falls into the held-out part.

    Decided by the SHA-256 of the seed and of the text's letters and digits alone, so by
    nothing else: neither the text's place nor its neighbours, spacing or punctuation. Two
    equal texts fall on the same side.

    Args:
        text: The text.
        one_in: The held-out part is one of so many distinct texts.
        seed: Another seed holds out another part.

    Example:
        >>> texts = ("비가 온다", "비가 온다!", "눈이 내린다")
        >>> [is_held_out(text, one_in=2, seed=1) for text in texts]
        [False, False, True]
    """
    digest = hashlib.sha256(f"{seed}:{_letters(text)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % one_in == 0


def group_near_duplicates(texts: Sequence[str], *, percent: int = 40) -> list[int]:
    """Groups texts that say nearly the same in the same letters.

    Two texts belong together if `percent` or more of all the runs of three letters or
    digits in them are in both (Jaccard's measure), and so does everything that a chain of
    such pairs links. The pairs are found exactly, by the prefix filter of Bayardo et al.
    (2007): texts so alike share one of their rarest runs.

    Args:
        texts: The texts, in any number of groups.
        percent: How alike two texts are, from 1 to 100.

    Returns:
        For each text the index of the first text of its group.

    Example:
        >>> headlines = ["올해 첫눈 서울에 내려", "밤새 폭우", "올해 첫눈, 서울에 내려(종합)"]
        >>> group_near_duplicates(headlines)
        [0, 1, 0]
    """
    runs = [_runs(text) for text in texts]
    counts = Counter(run for each in runs for run in each)
    first = list(range(len(texts)))
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for number, mine in enumerate(runs):
        needed = -(-percent * len(mine) // 100)
        rare = sorted(mine, key=lambda run: (counts[run], run))[: len(mine) - needed + 1]
        for other in {other for run in rare for other in seen[run]}:
            one, two = _root(first, number), _root(first, other)
            if one != two and _alike(mine, runs[other], percent):
                first[max(one, two)] = min(one, two)
        for run in rare:
            seen[run].append(number)
    return [_root(first, number) for number in range(len(texts))]


def _letters(text: str) -> str:
    # A text of nothing but signs stays itself: it is not the same as every other such text.
    return _SIGNS.sub("", to_nfc(text)) or text


def _runs(text: str) -> set[str]:
    letters = _letters(text)
    return {letters[at : at + _GRAM] for at in range(max(1, len(letters) - _GRAM + 1))}


def _alike(one: set[str], two: set[str], percent: int) -> bool:
    shared = len(one & two)
    return 100 * shared >= percent * (len(one) + len(two) - shared)


def _root(first: list[int], number: int) -> int:
    while first[number] != number:
        first[number] = first[first[number]]
        number = first[number]
    return number
