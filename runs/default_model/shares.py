"""Step 4: which means of weights are tried, and which one is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Shares: TypeAlias = Mapping[str, float]

START = "start"
"""The mean that step 3 starts from."""

MEANS: Mapping[str, Shares] = {
    START: dict.fromkeys(("graded-1", "graded-2", "graded-alone"), 1 / 3),
    "graded": dict.fromkeys(("graded-1", "graded-2", "graded-3"), 1 / 3),
    "start-c20-b10": {
        **dict.fromkeys(("graded-1", "graded-2", "graded-alone"), 0.7 / 3),
        "contrastive": 0.2,
        "base": 0.1,
    },
    "settle-b10": {"settle": 0.9, "base": 0.1},
    "settle-b20": {"settle": 0.8, "base": 0.2},
    "settle-c10-b10": {"settle": 0.8, "contrastive": 0.1, "base": 0.1},
    "settle-g33": {"settle": 2 / 3, "graded-3": 1 / 3},
    "settle-g30-b10": {"settle": 0.6, "graded-3": 0.3, "base": 0.1},
}
"""Means by name: c, g and b for the per cent of step 1, of step 2 and of the base."""

SETTLE = "settle"
CANDIDATES = (*MEANS, SETTLE)
"""What the shipped model is chosen of: the means, and the run of step 3."""

SIMILARITY = ("korsts-dev", "klue-held")
GUARDS = ("xnli-dev", "petitions-rest", "ynat-train")
MOST_LOSS = 1.0
"""A guard may fall below the base by so many points."""


def choose(steps: Mapping[str, Mapping[str, float]]) -> str:
    """The candidate that is best at similarity among those that lose least of the rest.

    Args:
        steps: What each of `CANDIDATES` and "base" have on the held-out rows, x100.

    Returns:
        The name of the candidate with the best average of `SIMILARITY` among those that
        hold every guard; where none does, among those that miss by the least in all.
    """
    base = steps["base"]

    def missed(name: str) -> float:
        return round(
            sum(max(0.0, base[guard] - MOST_LOSS - steps[name][guard]) for guard in GUARDS), 2
        )

    least = min(map(missed, CANDIDATES))
    held = [name for name in CANDIDATES if missed(name) == least]
    return max(held, key=lambda name: sum(steps[name][key] for key in SIMILARITY))
