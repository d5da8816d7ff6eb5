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
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from munjang.evaluate.record import TaskResult

FACTS = ("dim", "params_m", "size_mb", "sentences_per_second", "licence")
"""What a board says of a model beside its scores: numbers, and a licence at the end."""

SAME = 1e-3
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


def merge_results(
    suites: Mapping[str, SuiteResult], *, tasks: Collection[str] | None = None
) -> dict[str, dict[str, TaskResult]]:
    """Gathers the results of each model by task, whatever file they are in.

    Args:
        suites: Models measured on a suite, by file name.
        tasks: The keys of the tasks to gather; nothing is asked of the others. All when None.

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
    merged: dict[str, dict[str, TaskResult]] = {suite.model: {} for suite in suites.values()}
    origin: dict[tuple[str, str], str] = {}
    prints: dict[str, tuple[str, TaskResult]] = {}
    for file, suite in suites.items():
        for result in suite.results:
            if tasks is not None and result.key not in tasks:
                continue
            of_model = merged[suite.model]
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
            _check_rows(*prints.setdefault(result.key, (file, result)), file, result)
    return merged


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
    if abs(old.score - new.score) <= SAME:
        return ""
    return f"{100 * old.score:.4f} in {before}, {100 * new.score:.4f} in {file}"


def _check_rows(before: str, old: TaskResult, file: str, new: TaskResult) -> None:
    if old.fingerprint != new.fingerprint:
        raise DataError(
            f"two models were not measured on the same rows of {new.key}",
            found=f"{old.model} in {before}, {new.model} in {file}",
            fix="measure the older one again with the same munjang, data and seed, or move its "
            "record away",
        )


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
