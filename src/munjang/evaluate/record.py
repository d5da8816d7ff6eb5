"""A model measured on one task of any kind, and on a suite of them; kept as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.evaluate.json_record import reading_record
from munjang.evaluate.statistics import EVIDENCE, METRIC
from munjang.evaluate.sts import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from munjang.evaluate.statistics import Evidence, Kind

_FORMAT = "munjang.suite/1"


@dataclass(frozen=True, eq=False, kw_only=True)
class TaskResult:
    """A model measured on one task.

    Attributes:
        model: The encoder's name.
        task: The task's name, or the user's name for their own data.
        split: The split that was measured.
        kind: What sort of task it is.
        score: Its main metric (`METRIC` of the kind), in [-1, 1] for "sts", else [0, 1].
        interval: 95% bootstrap interval of the score; None where it was not asked for.
        scores: Every metric that was computed, the main one among them, by name.
        rows: How many rows (pairs, queries, texts) the score is of.
        what: What the rows are and how they were measured, in a few words.
        fingerprint: SHA-256 of what was measured on: two results with the same one
            measured the same rows in the same way.
        evidence: What the score was computed from, which a comparison needs; None in a
            record without.
    """

    model: str
    task: str
    split: str
    kind: Kind
    score: float
    interval: Interval | None
    scores: Mapping[str, float]
    rows: int
    what: str
    fingerprint: str
    evidence: Evidence | None = field(default=None, repr=False)

    @property
    def metric(self) -> str:
        """The name of the main metric."""
        return METRIC[self.kind]

    @property
    def key(self) -> str:
        """Task and split as one word, such as "klue-sts:dev"."""
        return f"{self.task}:{self.split}"


@dataclass(frozen=True, slots=True)
class Absent:
    """A task of the suite that was not measured, and why."""

    task: str
    split: str
    why: str


@dataclass(frozen=True, eq=False, kw_only=True)
class SuiteResult:
    """A model measured on a suite of tasks.

    Attributes:
        model: The encoder's name.
        suite: The suite's name.
        results: A result a task, in the suite's order.
        absent: The tasks that could not be measured.
        sentences: Distinct sentences that were encoded.
        seconds: Seconds that encoding took.
        encoder: How the encoder described itself: engine, precision, prompt, limit.
        trained_on: The training sets that the model declares, as NAME:SPLIT where they
            are known data sets; None where it declares nothing.
        facts: What else a table says of the model: "dim", "size_mb", "licence", …
        munjang: The version that measured.
        date: The day it was measured, as 2026-01-31; "" where a record does not say.
    """

    model: str
    suite: str
    results: tuple[TaskResult, ...]
    absent: tuple[Absent, ...]
    sentences: int
    seconds: float
    encoder: str
    trained_on: tuple[str, ...] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    munjang: str = ""
    date: str = ""

    def to_json(self, *, evidence: bool = True) -> str:
        """Writes the record as JSON; numbers come back exactly.

        Args:
            evidence: Keep what the scores were computed from, which `compare` needs.

        Returns:
            One line of JSON with its line break.
        """
        record: dict[str, Any] = {"format": _FORMAT}
        for name in self.__dataclass_fields__:
            record[name] = getattr(self, name)
        record["absent"] = [asdict(each) for each in self.absent]
        record["facts"] = dict(self.facts)
        record["results"] = [_as_record(each, evidence=evidence) for each in self.results]
        return json.dumps(record, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> SuiteResult:
        """Reads what `to_json` wrote.

        Raises:
            DataError: The text is not such a record.
        """
        reading = reading_record(
            text,
            kind=_FORMAT,
            what="a suite",
            written_by="munjang evaluate --suite … --out",
        )
        with reading as record:
            trained_on = record.pop("trained_on")
            return cls(
                results=tuple(map(_from_record, record.pop("results"))),
                absent=tuple(Absent(**each) for each in record.pop("absent")),
                trained_on=None if trained_on is None else tuple(trained_on),
                **record,
            )


def fingerprint(parts: Iterable[object]) -> str:
    """SHA-256 of a sequence of texts and numbers, each told apart from its neighbours.

    Example:
        >>> fingerprint(["가", "나"]) == fingerprint(["가나"])
        False
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(json.dumps(part).encode("ascii") + b"\n")
    return digest.hexdigest()


def _as_record(result: TaskResult, *, evidence: bool) -> dict[str, Any]:
    record = {name: getattr(result, name) for name in result.__dataclass_fields__}
    record["scores"] = dict(result.scores)
    record["interval"] = result.interval and [result.interval.low, result.interval.high]
    kept = result.evidence if evidence else None
    record["evidence"] = kept and {name: values.tolist() for name, values in kept.items()}
    return record


def _from_record(record: dict[str, Any]) -> TaskResult:
    interval, kept = record.pop("interval"), record.pop("evidence")
    if record["kind"] not in EVIDENCE:
        raise ValueError(f"no kind {record['kind']!r}")
    return TaskResult(
        interval=interval and Interval(*interval),
        evidence=kept and {name: np.array(values, np.float64) for name, values in kept.items()},
        **record,
    )
