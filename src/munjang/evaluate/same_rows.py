"""Which results measured the same rows of a task, and which stand alone and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang.errors import InputError
from munjang.evaluate.statistics import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from munjang.evaluate.record import SuiteResult, TaskResult


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A model's result that could not be compared.

    Attributes:
        model: The model.
        task: The task.
        split: Its split.
        score: What it scored there.
        why: Why it stands alone.
    """

    model: str
    task: str
    split: str
    score: float
    why: str


def same_rows(
    models: Mapping[str, SuiteResult],
) -> tuple[list[dict[str, TaskResult]], tuple[LeftOut, ...]]:
    """Puts results together that measured the same rows in the same way.

    Args:
        models: Records by the name of their model.

    Returns:
        Groups of two results or more by model, in the order of the first record that has
        each; and every other result, with what keeps it from being compared.

    Raises:
        InputError: A record has a task twice.
    """
    same: dict[tuple[str, ...], dict[str, TaskResult]] = {}
    unusable: list[tuple[str, TaskResult, str]] = []
    for model, suite in models.items():
        _check_once(suite)
        for result in suite.results:
            if why := _unusable(result):
                unusable.append((model, result, why))
            else:
                key = (result.task, result.split, result.kind, result.fingerprint)
                same.setdefault(key, {})[model] = result
    alone = [
        (model, result, _why_alone(model, result, models))
        for group in same.values()
        if len(group) == 1
        for model, result in group.items()
    ]
    left_out = tuple(
        LeftOut(model=model, task=found.task, split=found.split, score=found.score, why=why)
        for model, found, why in (*unusable, *alone)
    )
    return [group for group in same.values() if len(group) > 1], left_out


def _check_once(suite: SuiteResult) -> None:
    keys = [result.key for result in suite.results]
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(f"the record of {suite.model} has a task twice", found=key)


def _unusable(result: TaskResult) -> str:
    if result.evidence is None or not set(EVIDENCE[result.kind]) <= set(result.evidence):
        return "recorded without the evidence that a comparison needs"
    return "its score is undefined" if math.isnan(result.score) else ""


def _why_alone(model: str, result: TaskResult, models: Mapping[str, SuiteResult]) -> str:
    others = {
        name: other
        for name, suite in models.items()
        for other in suite.results
        if name != model and other.key == result.key
    }
    if not others:
        return "no other model measured it"
    theirs = ", ".join(others)
    if all(_unusable(other) for other in others.values()):
        return f"what {theirs} measured cannot be compared"
    return f"measured on other rows, or in another way, than that of {theirs}"
