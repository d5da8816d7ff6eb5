"""From evidence to a result: the score, its interval, and what identifies the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from munjang.errors import InputError
from munjang.evaluate import resample
from munjang.evaluate.record import TaskResult, fingerprint
from munjang.evaluate.statistics import METRIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from munjang.evaluate.statistics import Evidence, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What is measured and how, the same for every model.

    Attributes:
        task: The task's name.
        split: The split.
        what: What the rows are and how they are measured, in a few words.
        intervals: Whether scores get bootstrap intervals.
        seed: Seed of every draw.
    """

    task: str
    split: str
    what: str = ""
    intervals: bool = True
    seed: int = 0


def conclude(
    model: str,
    kind: Kind,
    evidence: Evidence,
    measured: Measurement,
    *,
    content: Iterable[object],
    scores: Mapping[str, float] | None = None,
) -> TaskResult:
    """Scores evidence.

    Args:
        model: The encoder's name.
        kind: What sort of task it is.
        evidence: The arrays of the kind.
        measured: What was measured.
        content: The texts and labels, those that thresholds or classifiers are learned from
            among them, for the fingerprint.
        scores: Metrics beside the main one.

    Returns:
        The result.

    Raises:
        InputError: The score is undefined on these rows.
    """
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in evidence.items()}
    value = resample.whole(kind, arrays)
    if not np.isfinite(value):
        raise InputError(
            f"{METRIC[kind]} of {measured.task} {measured.split} is undefined",
            found="rows of one label, score or similarity only",
        )
    rows = next(iter(arrays.values())).shape[-1]
    bounds = (
        resample.interval(kind, arrays, seed=measured.seed)
        if measured.intervals and resample.count_units(arrays) > 1
        else None
    )
    return TaskResult(
        model=model,
        task=measured.task,
        split=measured.split,
        kind=kind,
        score=value,
        interval=bounds,
        scores={METRIC[kind]: value, **(scores or {})},
        rows=rows,
        what=measured.what,
        fingerprint=fingerprint([kind, measured.what, measured.seed, *content]),
        evidence=arrays,
    )
