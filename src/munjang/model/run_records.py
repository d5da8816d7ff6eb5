"""The records of a run, read as files: what a card of the trained model is made from.

A run folder holds recipe.toml, manifest.json and scores.json, and those of the run that it
was built on, if any, in its sub-folder before/.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.data.known import DATASETS
from munjang.encode import zoo
from munjang.errors import DataError
from munjang.evaluate.robust_record import RobustResult
from munjang.evaluate.tasks import StsResult

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

RECIPE, MANIFEST, SCORES = "recipe.toml", "manifest.json", "scores.json"
NOT_STATED = "not stated"

_NEEDED = ("recipe", "base", "device", "processes", "minutes", "steps", "seed", "data")
_CATALOG = {dataset.name for dataset in DATASETS}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[~.]{0,2}[\\/](?:[^\s'\"\\/]+[\\/])*")
_PLACE = re.compile(r'"(?:[A-Za-z]:[\\/]|[/~.])[^"\n]*?([^"/\\\n]+)"')


@dataclass(frozen=True, slots=True)
class DataRecord:
    """One data set that a run was trained on.

    Attributes:
        name: What the recipe calls it.
        objective: The loss, by name.
        rows: How many rows were trained on.
        files: The SHA-256 of each data set of the catalog, as NAME:SPLIT, and each file, by
            its name without the folders.
        dropped: Why rows were dropped, and how many.
        licences: SPDX identifiers, or `NOT_STATED`.
    """

    name: str
    objective: str
    rows: int
    files: Mapping[str, str]
    dropped: Mapping[str, int]
    licences: tuple[str, ...]

    @property
    def known(self) -> set[str]:
        """Those of its sources that the catalog knows, without their splits."""
        return {ref.split(":")[0] for ref in self.files} & _CATALOG


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, without the paths of the machine that it ran on.

    Attributes:
        what: What the recipe is, in a line, or "".
        toml: The resolved recipe.
        manifest: manifest.json as it is, paths and all.
        data: The data sets.
        warnings: What was warned of while it ran.
        before: Scores of what it began from.
        after: Scores of what it made.
        robust: How both hold on edited text, the base first; None where it was not measured.
    """

    what: str
    toml: str
    manifest: Mapping[str, Any]
    data: tuple[DataRecord, ...]
    warnings: tuple[str, ...]
    before: tuple[StsResult, ...]
    after: tuple[StsResult, ...]
    robust: tuple[RobustResult, RobustResult] | None = None


def read_runs(folder: Path) -> list[RunRecord]:
    """Reads a finished run, and those that it was built on before it.

    Args:
        folder: The run folder.

    Returns:
        The runs, the first one first.

    Raises:
        DataError: A record is missing or malformed.
    """
    earlier = folder / "before"
    runs = read_runs(earlier) if (earlier / MANIFEST).is_file() else []
    return [*runs, _read_run(folder)]


def _read_run(folder: Path) -> RunRecord:
    try:
        toml = (folder / RECIPE).read_text("utf-8")
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        scores = json.loads((folder / SCORES).read_text("utf-8"))
        if missing := [name for name in _NEEDED if name not in manifest]:
            raise KeyError(missing[0])
        before, after = (
            tuple(_read_result(entry) for entry in scores[when]) for when in ("before", "after")
        )
        return RunRecord(
            what=str(tomllib.loads(toml).get("what", "")).strip(),
            toml=hide_places(toml).strip(),
            manifest=manifest,
            data=tuple(_read_data(name, entry) for name, entry in manifest["data"].items()),
            warnings=tuple(_FOLDERS.sub("", text) for text in manifest.get("warnings", [])),
            before=before,
            after=after,
            robust=_read_robust(scores.get("robust")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{folder} does not hold the records of a finished run",
            found=f"{type(error).__name__}: {error}",
            fix="name the folder that `munjang train --out` wrote",
        ) from error


def _read_result(entry: Mapping[str, Any]) -> StsResult:
    result = StsResult.from_json(json.dumps(entry))
    return replace(result, model=name_base(result.model)[1])


def _read_robust(
    entry: Mapping[str, Mapping[str, Any]] | None,
) -> tuple[RobustResult, RobustResult] | None:
    if entry is None:
        return None
    before, after = (
        RobustResult.from_json(json.dumps(entry[when])) for when in ("before", "after")
    )
    return (
        replace(before, model=name_base(before.model)[1]),
        replace(after, model=name_base(after.model)[1]),
    )


def _read_data(name: str, entry: Mapping[str, Any]) -> DataRecord:
    return DataRecord(
        name=name,
        objective=str(entry["objective"]),
        rows=int(entry["rows"]),
        files={_name_source(ref): str(mark) for ref, mark in entry["files"].items()},
        dropped=entry["dropped"],
        licences=tuple(entry["licences"]),
    )


def _name_source(ref: str) -> str:
    return ref if ref.split(":")[0] in _CATALOG else Path(ref).name


def hide_places(toml: str) -> str:
    """Takes the folders off every string of a recipe that names a place on a disk.

    Example:
        >>> print(hide_places('use = ["/data/hong/글.txt", "korsts:train", "klue/bert-base"]'))
        use = ["글.txt", "korsts:train", "klue/bert-base"]
    """
    return _PLACE.sub(r'"\1"', toml)


def name_base(base: str) -> tuple[str | None, str]:
    """The hub id of a base, if it has one, and what to call it without telling a path.

    Example:
        >>> name_base("klue/bert-base"), name_base("/data/hong/models/우리모델")
        (('klue/bert-base', 'klue/bert-base'), (None, '우리모델'))
    """
    known = zoo.find(base)
    if known is not None:
        return known.name, known.name
    if _HUB_ID.fullmatch(base) and not Path(base).exists():
        return base, base
    return None, Path(base).name
