"""Encoders whose vectors a test chooses, and the shipped one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from munjang.evaluate.outcome import Measurement, conclude
from munjang.evaluate.record import Absent, SuiteResult
from munjang.evaluate.robust_record import EditCurve, RobustResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from munjang.encode.encoder import Encoder


class TableEncoder:
    """Looks each sentence's vector up, and remembers what it was asked."""

    def __init__(self, vectors: Mapping[str, Sequence[float]], name: str = "table") -> None:
        self.name = name
        self.table = {text: np.array(vector, np.float32) for text, vector in vectors.items()}
        self.dim = len(next(iter(self.table.values())))
        self.asked: list[str] = []

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        self.asked += sentences
        vectors = np.stack([self.table[text] for text in sentences])[:, :truncate_dim]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if normalize else vectors


@pytest.fixture(scope="session")
def table_encoder() -> Callable[..., Encoder]:
    """Makes an encoder of a table of vectors."""
    return TableEncoder


def _suite_of(model, tasks, *, skill=0.7, rows=80, kind="retrieval", seed=None, **changes):
    """A record of made-up tasks on the same rows for every model: each row right or wrong.

    Args:
        model: The model's name; it and the task are the seed of what it got right.
        tasks: Names of the tasks, all of split "test".
        skill: The share that it gets right; the same where skill and seed are.
        rows: Rows of each task.
        kind: The kind of the tasks, one of those whose score is a mean.
        seed: Instead of the model's name.
        changes: Other fields of the record.
    """
    results = []
    for task in tasks:
        rng = np.random.default_rng(sum(map(ord, f"{model if seed is None else seed}{task}")))
        measured = Measurement(task=task, split="test", what=f"made-up rows of {task}")
        value = (rng.random(rows) < skill).astype(np.float64)
        evidence = {"value": value}
        results.append(conclude(model, kind, evidence, measured, content=[task, rows]))
    record = SuiteResult(
        model=model,
        suite="korean",
        results=tuple(results),
        absent=(),
        sentences=1200,
        seconds=3.5,
        encoder=f"TableEncoder({model})",
        munjang="0.1.0",
    )
    return replace(record, **changes)


@pytest.fixture(scope="session")
def suite_of() -> Callable[..., SuiteResult]:
    """Makes a record of a suite."""
    return _suite_of


def _robust_of(model, *, loss=0.1, edits=("spaces-removed", "key-slips"), **changes):
    """A record of robustness whose score falls by `loss` at dose 1 of the first edit, and on."""
    doses = (0.0, 0.5, 1.0)
    curves = tuple(
        EditCurve(
            edit=edit,
            doses=doses,
            spearman=tuple(0.8 - loss * number * dose for dose in doses),
            cosine=tuple(1 - 0.2 * dose for dose in doses),
            retrieval=tuple(1 - 0.5 * dose for dose in doses),
            changed=doses,
        )
        for number, edit in enumerate(edits, start=1)
    )
    record = RobustResult(
        model=model,
        task="korsts",
        split="test",
        rows=1379,
        seed=0,
        curves=curves,
        absent=(Absent("particles-dropped", "edit", "needs packages"),),
        sentences=4000,
        seconds=2.0,
        encoder=f"TableEncoder({model})",
        munjang="0.1.0",
    )
    return replace(record, **changes)


@pytest.fixture(scope="session")
def robust_of() -> Callable[..., RobustResult]:
    """Makes a record of robustness."""
    return _robust_of
