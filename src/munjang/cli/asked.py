"""What `munjang evaluate` is asked to measure on, and which options go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from munjang import inputs
from munjang.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from munjang.cli.outcome import Form
    from munjang.data.retrieval import RetrievalSet
    from munjang.data.rows import ScoredPair

Work: TypeAlias = "tuple[str, str, list[ScoredPair]]"
"""Scored pairs to measure on: their name, their split, and they themselves."""

Suite = Literal["korean", "robust", "mteb"]
"""What a model can be measured on as a whole."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What shall be measured on."""

    suite: Suite | None
    task: list[str] | None
    split: str | None
    pairs: Path | None
    retrieval: Path | None
    encoding: str
    data_dir: Path | None

    @property
    def is_whole(self) -> bool:
        """Whether tasks are measured that are no tables of correlations."""
        from munjang.evaluate.tasks import STS_TASKS

        beyond = any(name not in STS_TASKS for name in self.task or ())
        return self.suite == "korean" or (self.suite is None and beyond)

    def check(self, *, for_tables: Mapping[str, bool], form: Form) -> None:
        """Fails where options do not go together.

        Args:
            for_tables: Options that only tables of correlations have, and whether given.
            form: The form of the output.
        """
        form.check()
        self._check_own_data()
        whole = self.suite == "mteb" or self.is_whole
        if self.split is not None and (whole or self.pairs):
            raise InputError(
                "--split is for one STS task, or for qrels", fix="--task NAME:SPLIT, or none"
            )
        given = [name for name, chosen in for_tables.items() if chosen]
        if given and (self.suite or whole or self.retrieval):
            raise InputError(
                f"{given[0]} is for tables of correlations",
                found=f"--suite {self.suite}" if self.suite else "no STS task",
                fix="--task korsts, --task klue-sts or --pairs, without --suite",
            )
        if for_tables["--published"] and (self.pairs is not None or form.is_json):
            raise InputError(
                "--published is for tables of known tasks", fix="--markdown, no --pairs"
            )

    def _check_own_data(self) -> None:
        own = [f"--{name}" for name in ("pairs", "retrieval") if getattr(self, name) is not None]
        whole = self.suite == "mteb" or self.is_whole
        known = self.task or whole or (self.suite and self.retrieval is not None)
        if len(own) == 2 or (own and known):
            others = [f"--suite {self.suite}"] if self.suite else []
            others += [f"--task {name}" for name in self.task or ()]
            raise InputError(
                f"{own[0]} measures on your own data",
                found=" ".join([*own, *others]),
                fix="one of --pairs and --retrieval; no --task; --pairs may have --suite robust",
            )

    def read_retrieval(self) -> RetrievalSet | None:
        """The user's own queries and documents, where there are any."""
        if self.retrieval is None:
            return None
        from munjang.data.retrieval import read_retrieval

        return read_retrieval(self.retrieval, split=self.split or "test", encoding=self.encoding)

    def read_pairs(self) -> list[Work]:
        """The scored pairs to measure on: name, split, rows; a suite reads its own data."""
        if self.retrieval is not None or self.suite == "mteb" or self.is_whole:
            return []
        from munjang.evaluate.tasks import STS_TASKS

        tasks = ["korsts"] if self.suite == "robust" and not self.pairs else None
        strange = [name for name in self.task or () if name not in STS_TASKS]
        if strange:
            raise InputError(
                "robustness is measured on scored pairs",
                found=f"--task {strange[0]}",
                fix=f"--task {' or '.join(STS_TASKS)}, or --pairs",
            )
        return inputs.read_pairs(
            self.task or tasks,
            self.split,
            pairs=self.pairs,
            encoding=self.encoding,
            data_dir=self.data_dir,
        )
