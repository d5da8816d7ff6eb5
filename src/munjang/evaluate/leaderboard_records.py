"""The records that a leaderboard is made from: read from a folder, merged model by model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from munjang.errors import DataError, InputError
from munjang.evaluate.record import SuiteResult
from munjang.evaluate.robust_record import RobustResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from munjang.evaluate.record import TaskResult

FACTS = ("dim", "params_m", "size_mb", "sentences_per_second", "licence")
"""What a board says of a model beside its scores: numbers, and a licence at the end."""

_SAME = 1e-3
"""How far two measurements of one model may be apart: int8 rounds otherwise on another CPU."""

_READERS: Mapping[str, Callable[[str], SuiteResult | RobustResult]] = MappingProxyType(
    {"munjang.suite/1": SuiteResult.from_json, "munjang.robust/1": RobustResult.from_json}
)


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a folder.

    Attributes:
        suites: Models measured on a suite, by file name.
        robust: Models under edits, by file name.
        left_aside: The names of JSON files that are neither.
    """

    suites: Mapping[str, SuiteResult]
    robust: Mapping[str, RobustResult]
    left_aside: tuple[str, ...] = ()


def read_records(folder: Path) -> Records:
    """Reads the records of a folder: its JSON files, in the order of their names.

    Raises:
        DataError: There is no such folder, or a file is broken: no JSON, or a record that
            is not whole.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder", fix="name the folder of the records")
    suites: dict[str, SuiteResult] = {}
    robust: dict[str, RobustResult] = {}
    aside = []
    for path in sorted(folder.glob("*.json")):
        record = _read_record(path)
        if isinstance(record, SuiteResult):
            suites[path.name] = record
        elif isinstance(record, RobustResult):
            robust[path.name] = record
        else:
            aside.append(path.name)
    return Records(suites, robust, tuple(aside))


def merge_results(suites: Mapping[str, SuiteResult]) -> dict[str, dict[str, TaskResult]]:
    """Gathers the results of each model by task, whatever file they are in.

    Args:
        suites: Models measured on a suite, by file name.

    Returns:
        For each model its results by task. Of two measurements of the same rows whose
        scores are within 0.001, the one of the newer record; the first, of equal dates.

    Raises:
        InputError: There is no suite.
        DataError: Two records of a model contradict each other, or models were not
            measured on the same rows of a task.
    """
    if not suites:
        raise InputError(
            "there is no record of a suite to show",
            fix="munjang evaluate MODEL --suite … --out FOLDER writes one",
        )
    merged: dict[str, dict[str, TaskResult]] = {}
    origin: dict[tuple[str, str], str] = {}
    prints: dict[str, TaskResult] = {}
    for file, suite in suites.items():
        for result in suite.results:
            of_model = merged.setdefault(suite.model, {})
            old = of_model.setdefault(result.key, result)
            before = origin.setdefault((suite.model, result.key), file)
            if found := _contradiction((before, old), (file, result)):
                raise DataError(
                    f"two records of {suite.model} contradict each other on {result.key}",
                    found=found,
                    fix="keep one of them, or give the models different names",
                )
            if suite.date > suites[before].date:
                of_model[result.key] = result
                origin[suite.model, result.key] = file
            other = prints.setdefault(result.key, result)
            if other.fingerprint != result.fingerprint:
                raise DataError(
                    f"two models were not measured on the same rows of {result.key}",
                    found=f"{other.model} and {result.model}",
                    fix="measure both with the same munjang, data and seed",
                )
    return merged


def merge_kept(robust: Mapping[str, RobustResult]) -> dict[str, float]:
    """What edits leave of each model's score, as a share.

    Args:
        robust: Models under edits, by file name.

    Returns:
        A figure a model, that of its first record.

    Raises:
        DataError: Two records are of other rows, edits, doses or seeds, so that their
            figures cannot stand in one column; or two of a model contradict each other.
    """
    first: dict[str, tuple[str, RobustResult]] = {}
    for file, result in robust.items():
        _check_alike(*next(iter(robust.items())), file, result)
        before, old = first.setdefault(result.model, (file, result))
        if abs(old.kept - result.kept) > _SAME:
            raise DataError(
                f"two records of {result.model} contradict each other on robustness",
                found=f"{100 * old.kept:.4f}% kept in {before}, {100 * result.kept:.4f}% in {file}",
                fix="keep one of them, or give the models different names",
            )
    return {model: result.kept for model, (_, result) in first.items()}


def merge_facts(suites: Iterable[SuiteResult]) -> dict[str, float | str]:
    """Gathers what records say of a model beside its scores, where it is what it should be.

    The speed is that of encoding the suite, where the record does not state one. What the
    newest record says goes before what older ones say.
    """
    by_date = sorted(suites, key=lambda suite: suite.date)
    return {name: value for suite in by_date for name, value in _facts(suite).items()}


def _contradiction(one: tuple[str, TaskResult], other: tuple[str, TaskResult]) -> str:
    """What two measurements of a model on a task differ in; nothing where they agree."""
    (before, old), (file, new) = one, other
    if old.fingerprint != new.fingerprint:
        return f"other rows, or another way to measure them, in {before} than in {file}"
    if abs(old.score - new.score) <= _SAME:
        return ""
    return f"{100 * old.score:.4f} in {before}, {100 * new.score:.4f} in {file}"


def _check_alike(before: str, old: RobustResult, file: str, new: RobustResult) -> None:
    """Fails where two records of robustness did not do the same to the same rows."""
    if old.conditions != new.conditions:
        raise DataError(
            "two records of robustness cannot stand in one column",
            found=f"{before}: {_own(old, new)}; {file}: {_own(new, old)}",
            fix="measure all models on the same rows, with the same edits in the same order, "
            "doses and seed",
        )


def _own(result: RobustResult, other: RobustResult) -> str:
    """What a record did that the other one did not."""
    theirs = {(curve.edit, curve.doses) for curve in other.curves}
    told = [
        f"{name} {getattr(result, name)}"
        for name in ("task", "split", "rows", "seed")
        if getattr(result, name) != getattr(other, name)
    ]
    told += [
        f"{curve.edit} at doses {', '.join(f'{dose:g}' for dose in curve.doses)}"
        for curve in result.curves
        if (curve.edit, curve.doses) not in theirs
    ]
    return ", ".join(told) or "only edits that both have"


def _read_record(path: Path) -> SuiteResult | RobustResult | None:
    try:
        text = path.read_text("utf-8")
        record = json.loads(text)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is broken", found=str(error), fix="write it again") from error
    read = _READERS.get(str(record.get("format"))) if isinstance(record, dict) else None
    try:
        return read(text) if read else None
    except DataError as error:
        raise DataError(f"{path}: {error.what}", found=error.found, fix=error.fix) from error


def _facts(suite: SuiteResult) -> dict[str, float | str]:
    speed = suite.sentences / suite.seconds if suite.seconds > 0 else None
    given: dict[str, Any] = {"sentences_per_second": speed, **suite.facts}
    found: dict[str, float | str] = {}
    for name in FACTS[:-1]:
        value = given.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12:
            found[name] = value
    if isinstance(given.get("licence"), str):
        found["licence"] = given["licence"]
    return found
