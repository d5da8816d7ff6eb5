"""How far a model's scores fall under edits that keep the meaning; kept as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from munjang.evaluate.json_record import reading_record
from munjang.evaluate.record import Absent

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORMAT = "munjang.robust/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCurve:
    """A model under one edit, from dose 0 upwards.

    Attributes:
        edit: The edit's name, a key of `munjang.korean.perturb.EDITS`.
        doses: The doses, rising, the first 0.
        spearman: Cosine Spearman of the pairs whose second sentence was edited, in [-1, 1];
            above 0 at dose 0.
        cosine: Mean cosine of the edited sentences with their clean twins.
        retrieval: Share of the edited sentences whose nearest clean sentence is their twin.
        changed: Share of the sentences that the edit altered at that dose.
    """

    edit: str
    doses: tuple[float, ...]
    spearman: tuple[float, ...]
    cosine: tuple[float, ...]
    retrieval: tuple[float, ...]
    changed: tuple[float, ...]

    @property
    def changes(self) -> bool:
        """Whether the edit altered any sentence."""
        return any(self.changed)

    @property
    def kept(self) -> float:
        """Area under `spearman` over the dose, as a share of its clean value; 1 for no loss."""
        return _area(self.doses, self.spearman) / self.spearman[0]


@dataclass(frozen=True, kw_only=True)
class RobustResult:
    """A model under every edit.

    Attributes:
        model: The encoder's name.
        task: The scored pairs, such as "korsts".
        split: Their split.
        rows: How many pairs.
        seed: Seed of the edits.
        curves: A curve an edit, at least one that changed something.
        absent: Edits that could not be made, and why.
        sentences: Distinct sentences that were encoded.
        seconds: Seconds that encoding took.
        encoder: How the encoder described itself.
        munjang: The version that measured.
    """

    model: str
    task: str
    split: str
    rows: int
    seed: int
    curves: tuple[EditCurve, ...]
    absent: tuple[Absent, ...]
    sentences: int
    seconds: float
    encoder: str
    munjang: str

    @property
    def kept(self) -> float:
        """The summary figure: the mean over the edits of what each leaves of the score.

        Edits that found nothing to change in any sentence do not count.
        """
        kept = [curve.kept for curve in self.curves if curve.changes]
        return sum(kept) / len(kept)

    @property
    def conditions(self) -> tuple[object, ...]:
        """What was done to which rows: figures of equal conditions can be compared."""
        edits = tuple((curve.edit, curve.doses) for curve in self.curves)
        return self.task, self.split, self.rows, self.seed, edits

    def to_json(self) -> str:
        """Writes the record as one line of JSON with its line break; numbers are exact."""
        curves = [asdict(curve) | {"kept": curve.kept} for curve in self.curves]
        record: dict[str, Any] = {"format": _FORMAT, "kept": self.kept}
        for name in self.__dataclass_fields__:
            record[name] = getattr(self, name)
        record |= {"curves": curves, "absent": [asdict(each) for each in self.absent]}
        return json.dumps(record, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RobustResult:
        """Reads what `to_json` wrote.

        Raises:
            DataError: The text is not such a record.
        """
        reading = reading_record(
            text,
            kind=_FORMAT,
            what="a robustness suite",
            written_by="munjang evaluate --suite robust --out",
        )
        with reading as record:
            record.pop("kept")
            curves = record.pop("curves")
            return cls(
                curves=tuple(map(_curve, curves)),
                absent=tuple(Absent(**each) for each in record.pop("absent")),
                **record,
            )


def _curve(record: dict[str, Any]) -> EditCurve:
    values = {name: tuple(v) for name, v in record.items() if name not in ("edit", "kept")}
    return EditCurve(edit=record["edit"], **values)


def _area(doses: Sequence[float], values: Sequence[float]) -> float:
    """Area under the broken line, divided by its width: the mean height."""
    parts = zip(doses, doses[1:], values, values[1:], strict=False)
    return sum((b - a) * (u + v) / 2 for a, b, u, v in parts) / (doses[-1] - doses[0])
