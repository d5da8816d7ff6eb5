"""Many tests at once: Holm's correction, and the resamples that it takes.

Many comparisons find differences by chance alone; Holm's step-down correction (S. Holm,
"A simple sequentially rejective multiple test procedure", Scandinavian Journal of
Statistics 6, 1979) bounds the chance that even one of a family of differences is false.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from munjang.evaluate.resample import RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_RESAMPLES = 20_000
"""How often the rows are drawn at most, however many comparisons a table has."""

_HEADROOM = 2  # the smallest p, corrected, is this many times below 1 - level


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrects the p-values of a family of tests by Holm's step-down procedure.

    Args:
        p_values: One p-value a test.

    Returns:
        The corrected ones in the same order: never below the given ones, never above
        Bonferroni's, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for step, row in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - step) * p_values[row]))
        corrected[row] = highest
    return corrected


def choose_resamples(comparisons: int, *, level: float) -> int:
    """How often the rows must be drawn for that many comparisons to be decided at all.

    The smallest p-value of R resamples is 2 / (R + 1), and Holm multiplies it by the
    number of comparisons.

    Example:
        >>> choose_resamples(20, level=0.95), choose_resamples(200, level=0.95)
        (2000, 15999)
    """
    needed = math.ceil(round(2 * _HEADROOM * comparisons / (1 - level), 6)) - 1
    return min(max(RESAMPLES, needed), MOST_RESAMPLES)


def too_few_resamples(comparisons: int, *, level: float, resamples: int) -> list[str]:
    """Says what it means that the resamples are fewer than the comparisons ask for, if so.

    Returns:
        A sentence, or none.
    """
    smallest = 2 * comparisons / (resamples + 1)
    if smallest * _HEADROOM <= 1 - level + 1e-9:
        return []
    able = "harder to find" if smallest <= 1 - level else "not found at all"
    return [
        f"{comparisons:,} comparisons are many for {resamples:,} resamples: "
        f"differences are {able} after the correction; compare fewer models or tasks"
    ]
