"""A model measured on a whole suite: every sentence encoded once, what is absent named."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang import __version__
from munjang.data.catalog import load_rows
from munjang.errors import DataError, InputError, NetworkError, unknown_name
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.record import Absent, SuiteResult
from munjang.evaluate.retrieval import measure_retrieval
from munjang.evaluate.suite_tasks import KOREAN, SUITE_TASKS
from munjang.evaluate.tasks import STS_TASKS, load_task
from munjang.evaluate.vectors import VectorStore, store_of
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from munjang.data.retrieval import RetrievalSet
    from munjang.data.rows import Row
    from munjang.encode.encoder import Encoder
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.suite_tasks import SuiteTask


def run_suite(
    encoder: Encoder | VectorStore,
    *,
    tasks: Sequence[str] | None = None,
    data_dir: Path | str | None = None,
    intervals: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    trained_on: Sequence[str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> SuiteResult:
    """Measures a model on the Korean suite.

    Args:
        encoder: The model, or a store of its vectors.
        tasks: Names of tasks, such as "klue-nli" or "klue-sts:dev"; all when None. What is
            asked for by name has to be there.
        data_dir: A folder that has the data sets, else MUNJANG_DATA, else the cache; what
            is in none of them is fetched.
        intervals: Add 95% bootstrap intervals.
        seed: Seed of every draw: rows, clusterings, labels, resamples.
        batch_size: How many sentences go through the model at once.
        progress: Show progress on stderr.
        trained_on: The training sets that the model declares, for the record.
        facts: What else the record shall say of the model.

    Returns:
        The results; of the whole suite, tasks whose data cannot be had are in `absent`.

    Raises:
        InputError: There is no such task, or none could be measured.
        DataError: The data of a task that was asked for is missing or altered.
        NetworkError: It is nowhere and cannot be fetched.
        ModelError: The model's vectors cannot be used.
    """
    store = store_of(encoder, batch_size=batch_size, progress=progress)
    read = functools.cache(functools.partial(read_split, data_dir=data_dir))
    before = _Work.of(store)
    results: list[TaskResult] = []
    absent: list[Absent] = []
    chosen = find_tasks(tasks)
    with progress_bar("measuring", total=len(chosen), unit="tasks", shown=progress) as advance:
        for task in chosen:
            measured = Measurement(
                task=task.name, split=task.split, what=task.what, intervals=intervals, seed=seed
            )
            try:
                for key in task.data:
                    read(key)
            except (DataError, NetworkError) as error:
                if tasks is not None:
                    raise
                absent.append(Absent(task.name, task.split, str(error)))
            else:
                results.append(task.measure(store, read, measured))
            advance(1)
    if not results:
        raise InputError(
            "none of the suite's tasks could be measured",
            found=absent[0].why,
            fix="name a folder that has the data sets: --data-dir DIR or MUNJANG_DATA",
        )
    return before.conclude(store, "korean", results, absent, trained_on, facts)


def run_retrieval(
    encoder: Encoder | VectorStore,
    given: RetrievalSet,
    *,
    split: str = "test",
    intervals: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    trained_on: Sequence[str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> SuiteResult:
    """Measures a model on a user's own queries and documents; arguments as `run_suite`.

    Returns:
        A suite of one task, named as the set is.

    Raises:
        ModelError: The model's vectors cannot be used.
    """
    what = f"{len(given.qrels):,} queries among {len(given.corpus):,} documents, by cosine"
    measured = Measurement(task=given.name, split=split, what=what, intervals=intervals, seed=seed)
    store = store_of(encoder, batch_size=batch_size, progress=progress)
    before = _Work.of(store)
    result = measure_retrieval(store, given, measured)
    return before.conclude(store, given.name, [result], [], trained_on, facts)


def find_tasks(names: Sequence[str] | None) -> list[SuiteTask]:
    """The tasks of the suite by name, in its order; all of them when None.

    Args:
        names: Each a task, with all its splits, or "task:split".

    Raises:
        InputError: There is no such task.

    Example:
        >>> [task.key for task in find_tasks(["klue-sts"])]
        ['klue-sts:dev', 'klue-sts:dev-without-parakqc']
    """
    if names is None:
        return list(KOREAN)
    if not names:
        raise InputError("no task was given", fix=f"such as {KOREAN[0].name}, or None for all")
    for name in names:
        if name not in SUITE_TASKS and all(name != task.name for task in KOREAN):
            raise unknown_name("task", name, [*dict.fromkeys(task.name for task in KOREAN)])
    return [task for task in KOREAN if task.name in names or task.key in names]


def read_split(key: str, *, data_dir: Path | str | None = None) -> Sequence[Row]:
    """Reads what a task reads: a split of the catalogue, or one of an STS task.

    Args:
        key: NAME:SPLIT.
        data_dir: As for `run_suite`.
    """
    name, _, split = key.partition(":")
    if name in STS_TASKS and split in STS_TASKS[name].splits:
        return load_task(name, split=split, data_dir=data_dir)
    return load_rows(name, split, data_dir=data_dir)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a store had done before a suite."""

    encoded: int
    seconds: float

    @classmethod
    def of(cls, store: VectorStore) -> _Work:
        return cls(store.encoded, store.seconds)

    def conclude(
        self,
        store: VectorStore,
        suite: str,
        results: Sequence[TaskResult],
        absent: Sequence[Absent],
        trained_on: Sequence[str] | None,
        facts: Mapping[str, Any] | None,
    ) -> SuiteResult:
        """The record, with what the store has done since."""
        return SuiteResult(
            model=store.name,
            suite=suite,
            results=tuple(results),
            absent=tuple(absent),
            sentences=store.encoded - self.encoded,
            seconds=store.seconds - self.seconds,
            encoder=repr(store.encoder),
            trained_on=None if trained_on is None else tuple(trained_on),
            facts=dict(facts or {}),
            munjang=__version__,
            date=datetime.date.today().isoformat(),
        )
