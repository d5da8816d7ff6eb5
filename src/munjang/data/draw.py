"""A seeded sample of rows, the same on every machine."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from munjang.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def draw_rows(rows: Sequence[T], count: int, *, seed: int) -> list[T]:
    """Draws rows without repetition.

    Args:
        rows: What to draw from.
        count: How many to draw; where there are no more than that, all are returned.
        seed: Of the draw. The same seed and number of rows give the same places.

    Returns:
        The rows drawn, in the order of `rows`.

    Raises:
        InputError: `count` below 1.

    Example:
        >>> draw_rows(["봄", "여름", "가을", "겨울"], 2, seed=7)
        ['봄', '가을']
    """
    if count < 1:
        raise InputError("at least 1 row must be drawn", found=str(count))
    if count >= len(rows):
        return list(rows)
    # S311 is about secrets; a draw that anyone can repeat is what is wanted here.
    chosen = random.Random(seed).sample(range(len(rows)), count)  # noqa: S311 - a draw that anyone can repeat
    return [rows[number] for number in sorted(chosen)]
