"""Records of earlier runs, read back to be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from munjang.errors import DataError, InputError
from munjang.evaluate.comparison import distinct_names
from munjang.evaluate.record import SuiteResult
from munjang.evaluate.robust_record import RobustResult

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_record(path: str | Path) -> SuiteResult | RobustResult:
    """Reads a record of a suite or of robustness.

    Raises:
        DataError: There is no such file, or it is no such record, such as a table of
            correlations.
    """
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"cannot read {path}",
            found=getattr(error, "strerror", None) or "no UTF-8",
            fix="a file that `munjang evaluate --suite … --out` wrote",
        ) from error
    if '"munjang.sts/' in text[:100]:
        raise DataError(
            f"{path} is a table of correlations, which cannot be compared",
            found="format munjang.sts/1, what --task korsts, klue-sts or --pairs alone writes",
            fix="`munjang evaluate MODEL --suite korean --task korsts --out DIR` writes a record "
            "that can",
        )
    kind = RobustResult if '"munjang.robust/' in text[:100] else SuiteResult
    try:
        return kind.from_json(text)
    except DataError as error:
        raise DataError(f"{path}: {error.what}", found=error.found, fix=error.fix) from error


def keep_tasks(result: SuiteResult, tasks: Sequence[str] | None) -> SuiteResult:
    """Leaves only some tasks of a record, all of them when None.

    Args:
        result: The record.
        tasks: Names, such as "klue-nli" or "klue-sts:dev".

    Raises:
        InputError: The record has none of a name.
    """
    if tasks is None:
        return result
    known = {found.task for found in result.results} | {found.task for found in result.absent}
    keys = {found.key for found in result.results}
    for name in tasks:
        if name not in known | keys:
            raise InputError(
                f"the record of {result.model} has no task {name!r}",
                found=", ".join(sorted(known)) or "no tasks",
                fix="one of these, or measure the model on it",
            )
    return replace(
        result,
        results=tuple(r for r in result.results if r.task in tasks or r.key in tasks),
        absent=tuple(each for each in result.absent if each.task in tasks),
    )


def name_apart(results: Sequence[RobustResult]) -> list[RobustResult]:
    """Gives a number to every record whose model has the name of one before it."""
    names = distinct_names([each.model for each in results])
    return [replace(each, model=name) for each, name in zip(results, names, strict=True)]
