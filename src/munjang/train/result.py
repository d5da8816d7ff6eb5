"""What a finished run says: its records read, its scores written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.evaluate.robust_record import RobustResult
from munjang.evaluate.tasks import StsResult, compare
from munjang.train.folder import RunFolder
from munjang.train.record import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from munjang.train.measured import Measured


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        folder: Its folder; the model is in `folder / "model"`.
        manifest: What manifest.json says.
        before: The base, as the recipe pools it, on what the recipe reports.
        after: The trained model on the same.
        gains: What cosine Spearman gained, for each: value, low, high (a paired 95%
            interval), p, and a verdict in words.
        robust_before: How the base holds on edited text, where `train.robust` asked for it.
        robust_after: How the trained model does.
    """

    folder: Path
    manifest: Mapping[str, Any]
    before: tuple[StsResult, ...]
    after: tuple[StsResult, ...]
    gains: tuple[Mapping[str, Any], ...]
    robust_before: RobustResult | None = None
    robust_after: RobustResult | None = None

    @property
    def model(self) -> Path:
        """The folder of the trained model."""
        return RunFolder(self.folder).model


def read_run(folder: str | Path) -> Run:
    """Reads the records of a finished run.

    Raises:
        DataError: The folder holds no finished run.
    """
    run = RunFolder(Path(folder))
    scores = read_json(run.scores)
    before, after = (
        tuple(StsResult.from_json(json.dumps(entry)) for entry in scores[when])
        for when in ("before", "after")
    )
    robust = {
        f"robust_{when}": RobustResult.from_json(json.dumps(entry))
        for when, entry in scores.get("robust", {}).items()
    }
    manifest = read_json(run.manifest)
    return Run(run.root, manifest, before, after, tuple(scores["gains"]), **robust)


def write_scores(folder: RunFolder, before: Measured, after: Measured) -> None:
    """Writes what was measured, with what was gained; robustness only where both have it.

    Args:
        folder: The run's.
        before: The base.
        after: The trained model, on the same in the same order.

    Raises:
        InputError: It cannot be written there.
    """
    record: dict[str, Any] = {
        when: [json.loads(result.to_json(similarities=False)) for result in measured.scores]
        for when, measured in (("before", before), ("after", after))
    }
    record["gains"] = [_gain(*both) for both in zip(before.scores, after.scores, strict=True)]
    if before.robust is not None and after.robust is not None:
        record["robust"] = {
            "before": json.loads(before.robust.to_json()),
            "after": json.loads(after.robust.to_json()),
        }
    write_json(folder.scores, record)


def _gain(before: StsResult, after: StsResult) -> dict[str, Any]:
    """How much better the trained model is, by the paired bootstrap."""
    found = compare(after, before)
    gain = found.differences["cosine_spearman"]
    return {
        "task": after.task,
        "split": after.split,
        "value": gain.value,
        "low": gain.low,
        "high": gain.high,
        "p": gain.p,
        "verdict": "better" if gain.low > 0 else "worse" if gain.high < 0 else "within noise",
    }
