"""The draws that decide which sites of a text an edit changes.

A site is a place that an edit may change: a space, a key stroke, a word, an ending. Every
site of a text takes the next two numbers of one sequence, whether it is changed or not, so
that a lower dose changes some of the sites that a higher dose changes, in the same way.
"""

from __future__ import annotations

import hashlib
import random


class Draws:
    """The draws of one text under one edit, site after site.

    The sequence begins at a SHA-256 digest of seed, edit and text, and is the same in every
    process and Python version.

    Args:
        text: The text to edit, as given.
        edit: The name of the edit.
        dose: The share of sites to change, from 0 to 1.
        seed: Another seed gives other draws.

    Example:
        >>> draws = Draws("좋은 아침", "emoji", dose=1.0, seed=0)
        >>> draws.pick(1), Draws("좋은 아침", "emoji", dose=0.0, seed=0).pick(1)
        (0, None)
    """

    __slots__ = ("_dose", "_random")

    def __init__(self, text: str, edit: str, *, dose: float, seed: int) -> None:
        named = f"{seed}\0{edit}\0{text}".encode("utf-8", "surrogatepass")
        start = int.from_bytes(hashlib.sha256(named).digest(), "big")
        self._random = random.Random(start)  # noqa: S311 - a draw that anyone can repeat
        self._dose = dose

    def pick(self, ways: int = 1, *, cap: float = 1.0) -> int | None:
        """Draws for the next site.

        Args:
            ways: How many ways there are to change it.
            cap: The share of such sites that dose 1 changes.

        Returns:
            The number of the way to change it, or None to leave it. A site without a way
            is left.
        """
        chance, way = self._random.random(), self._random.random()
        return int(way * ways) if ways and chance < self._dose * cap else None

    def choose(self, ways: int) -> int:
        """Draws one of `ways` ways for the whole text, whatever the dose."""
        return int(self._random.random() * ways)
