"""What edits leave of each model's score, for the leaderboard: the records that can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from munjang.errors import DataError, counted
from munjang.evaluate.leaderboard_records import SAME
from munjang.korean.perturb import EDITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from munjang.evaluate.robust_record import RobustResult

_USUAL = ("korsts", "test")
"""The rows that models are measured on under edits, unless the user names others."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The column of robustness.

    Attributes:
        shares: What is left of each model's score.
        rows: The task and split that all of it was measured on; "" without a record.
        edits: How many edits each share is the mean of.
        left_aside: The names of the files that were measured otherwise.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    rows: str = ""
    edits: int = 0
    left_aside: tuple[str, ...] = ()


def choose_kept(robust: Mapping[str, RobustResult]) -> Kept:
    """Chooses the records whose figures can stand in one column.

    Those of KorSTS-test under all edits, else those of the same rows, edits, doses and seed
    that are most; of equally many those of KorSTS-test, then those of more edits.

    Args:
        robust: Models under edits, by file name.

    Returns:
        A share a model, that of its first record.

    Raises:
        DataError: Nothing speaks for one of two groups of records rather than the other;
            or two chosen records of a model contradict each other.
    """
    groups: dict[object, dict[str, RobustResult]] = {}
    for file, result in robust.items():
        groups.setdefault(_conditions(result), {})[file] = result
    if not groups:
        return Kept()
    best, *others = sorted(groups.values(), key=_claim, reverse=True)
    if others and _claim(others[0]) == _claim(best):
        raise _no_choice(best, others[0])
    first = next(iter(best.values()))
    return Kept(
        _shares(best),
        f"{first.task} {first.split}",
        sum(curve.changes for curve in first.curves),
        tuple(file for file in robust if file not in best),
    )


def _conditions(result: RobustResult) -> object:
    """What was done to which rows, in whatever order."""
    return result.task, result.split, result.rows, result.seed, _edits(result)


def _edits(result: RobustResult) -> frozenset[tuple[str, tuple[float, ...]]]:
    return frozenset((curve.edit, curve.doses) for curve in result.curves)


def _claim(group: Mapping[str, RobustResult]) -> tuple[bool, int, bool, int]:
    """How much speaks for records of equal conditions: the more, the greater."""
    first = next(iter(group.values()))
    usual = (first.task, first.split) == _USUAL
    whole = {curve.edit for curve in first.curves} >= set(EDITS)
    return usual and whole, len(group), usual, len(first.curves)


def _shares(group: Mapping[str, RobustResult]) -> dict[str, float]:
    first: dict[str, tuple[str, RobustResult]] = {}
    for file, result in group.items():
        before, old = first.setdefault(result.model, (file, result))
        if abs(old.kept - result.kept) > SAME:
            raise DataError(
                f"two records of {result.model} contradict each other on robustness",
                found=f"{100 * old.kept:.4f}% kept in {before}, {100 * result.kept:.4f}% in {file}",
                fix="keep one of them, or give the models different names",
            )
    return {model: result.kept for model, (_, result) in first.items()}


def _no_choice(one: Mapping[str, RobustResult], other: Mapping[str, RobustResult]) -> DataError:
    (file, old), (another, new) = next(iter(one.items())), next(iter(other.items()))
    told = [
        f"{name} {getattr(old, name)} in {file}, {getattr(new, name)} in {another}"
        for name in ("task", "split", "rows", "seed")
        if getattr(old, name) != getattr(new, name)
    ]
    told += [
        f"{counted(len(own), 'edit')} only in {place}"
        for own, place in ((_edits(old) - _edits(new), file), (_edits(new) - _edits(old), another))
        if own
    ]
    return DataError(
        "two records of robustness cannot stand in one column",
        found="; ".join(told),
        fix="keep one of them, or measure all models on the same rows, with the same edits, "
        "doses and seed",
    )
