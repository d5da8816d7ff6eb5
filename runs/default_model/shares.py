"""Steps 4 and 7: which means of weights are tried, and which one is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Shares: TypeAlias = Mapping[str, float]

_START = ("graded-1", "graded-2", "graded-alone")
START = "start"
"""The mean that step 3 starts from."""


def _mean(start: float = 0, settle: float = 0, contrastive: float = 0) -> Shares:
    """Shares of `START`, of step 3 and of step 1; the base has the rest, and stands last."""
    base = round(1 - start - settle - contrastive, 9)
    found = {"settle": settle, **dict.fromkeys(_START, start / len(_START))}
    found |= {"contrastive": contrastive, "base": base}
    return {name: share for name, share in found.items() if share}


MEANS: Mapping[str, Shares] = {
    START: _mean(start=1),
    "graded": dict.fromkeys(("graded-1", "graded-2", "graded-3"), 1 / 3),
    "start-c20-b10": _mean(start=0.7, contrastive=0.2),
    "settle50-c10-b05": _mean(settle=0.5, start=0.35, contrastive=0.1),
    "settle60-c15": _mean(settle=0.6, start=0.25, contrastive=0.15),
    "settle70-c10": _mean(settle=0.7, start=0.2, contrastive=0.1),
    "settle60": _mean(settle=0.6, start=0.4),
    "settle80": _mean(settle=0.8, start=0.2),
}
"""Means by name: settle, c and b for the per cent of step 3, of step 1 and of the base."""

SETTLE = "settle"
CANDIDATES = (*MEANS, SETTLE)
"""What step 4 chooses of: the means, and the run of step 3."""

BEFORE = "korean-float16"
"""The weights that step 7 starts from."""

FOLDERS = ("base", BEFORE)
"""What is a model itself; the other parts of means are runs."""

SHARP = ("sharp-1", "sharp-2", "sharp-3")
"""The runs of step 7: three seeds."""

SHARP_MEANS: Mapping[str, Shares] = {
    f"sharp{share}": {BEFORE: 1 - share / 100} | dict.fromkeys(SHARP, share / 100 / len(SHARP))
    for share in range(40, 100, 15)
} | {"sharp100": dict.fromkeys(SHARP, 1 / len(SHARP))}
"""Means of step 7 by name: the per cent of its runs, the rest the weights before."""

SHARP_CANDIDATES = (BEFORE, *SHARP_MEANS)
"""What step 7 chooses of."""

SIMILARITY = ("korsts-dev", "klue-held")
GUARDS = ("xnli-dev", "petitions-rest", "ynat-train")
MOST_LOSS = 1.0
"""A guard may fall below the base by so many points."""


def choose(steps: Mapping[str, Mapping[str, float]], candidates: Sequence[str]) -> str:
    """The candidate that is best at similarity among those that lose least of the rest.

    Args:
        steps: What each of them and "base" have on the held-out rows, x100.
        candidates: What to choose of.

    Returns:
        The name of the candidate with the best average of `SIMILARITY` among those that
        hold every guard; where none does, among those that miss by the least in all.
    """
    base = steps["base"]

    def missed(name: str) -> float:
        return round(
            sum(max(0.0, base[guard] - MOST_LOSS - steps[name][guard]) for guard in GUARDS), 2
        )

    least = min(map(missed, candidates))
    held = [name for name in candidates if missed(name) == least]
    return max(held, key=lambda name: sum(steps[name][key] for key in SIMILARITY))
