"""The leaderboard: records of suites and of robustness, and what others published, as rows.

A row is a model that was measured here, or one that its authors published. Only the former
are ranked: published figures measured other text or formed the correlations otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from munjang.errors import InputError, unknown_name
from munjang.evaluate.contamination import flag_tasks
from munjang.evaluate.leaderboard_kept import Kept, choose_kept
from munjang.evaluate.leaderboard_records import merge_facts, merge_results
from munjang.evaluate.published import PUBLISHED
from munjang.evaluate.sts import METRICS
from munjang.evaluate.suite_tasks import SUITE_TASKS
from munjang.evaluate.tasks import WITHOUT_PARAKQC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from munjang.evaluate.contamination import Flag
    from munjang.evaluate.leaderboard_records import Records
    from munjang.evaluate.published import PublishedRow
    from munjang.evaluate.record import SuiteResult, TaskResult
    from munjang.evaluate.statistics import Kind

_SPEARMAN = METRICS.index("cosine_spearman")


@dataclass(frozen=True, slots=True)
class Column:
    """A task of the board.

    Attributes:
        key: Task and split as one word.
        kind: What sort of task.
        metric: The metric that is shown.
        rows: How many rows it has.
    """

    key: str
    kind: Kind
    metric: str
    rows: int

    @property
    def title(self) -> str:
        """What tables call it."""
        return self.titled({})

    def titled(self, words: Mapping[str, str]) -> str:
        """What tables of another language call it.

        Args:
            words: The titles of that language, by the English ones, where they differ.
        """
        name, _, split = self.key.partition(":")
        known = SUITE_TASKS.get(self.key)
        title = words.get(known.title, known.title) if known else name
        return title if split == WITHOUT_PARAKQC and known else f"{title} {split}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A model's score on a task.

    Attributes:
        score: The main metric, in [-1, 1].
        low: Lower end of its 95% interval, if there is one.
        high: Upper end of it.
        rank: 1 + how many models measured here have an interval wholly above this one;
            None without an interval, and for published scores.
        flag: What the model's training says about the score; None for published ones.
        published: The published row that a score is quoted from.
        rows: How many rows it was measured on; None for published ones.
        metric: The metric; "" for published ones, whose metric is cosine Spearman.
        what: What the rows are and how they were measured; "" for published ones.
    """

    score: float
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    flag: Flag | None = None
    published: PublishedRow | None = None
    rows: int | None = None
    metric: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A model.

    Attributes:
        model: Its name.
        cells: Its scores by task.
        source: Who published it; None for a model that was measured here.
        kept: What edits leave of its score, as a share; None where that was not measured.
        trained_on: The training sets that it declares; None where it declares nothing.
        facts: Size, speed and licence, as far as they are known and are what they should be.
    """

    model: str
    cells: Mapping[str, Cell]
    source: str | None = None
    kept: float | None = None
    trained_on: tuple[str, ...] | None = None
    facts: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Board:
    """The leaderboard.

    Attributes:
        columns: The tasks.
        rows: The models, by their score on `sort`, those without one last.
        sort: The key of the task that sorts them.
        published: How many published rows there are, shown or not.
        kept: What edits leave of the models' scores, and what that was measured on.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sort: str
    published: int
    kept: Kept = field(default_factory=Kept)


def make_board(
    records: Records,
    *,
    tasks: Sequence[str] | None = None,
    sort: str | None = None,
    published: int | None = None,
) -> Board:
    """Makes the leaderboard.

    Args:
        records: What was measured.
        tasks: The tasks to show, as "task" or "task:split"; all that were measured when None.
        sort: The task that sorts the rows; the first one when None.
        published: So many published rows at most, the best of them on `sort`; all when None.

    Returns:
        The board.

    Raises:
        InputError: There is no suite to show, or no such task.
        DataError: Two records of a model contradict each other on such a task, models were
            not measured on the same rows of it, or nothing tells which records of robustness
            belong into one column.
    """
    keys = _keys(records.suites)
    wanted = _find_keys(tasks, keys) if tasks is not None and keys else None
    measured = merge_results(records.suites, tasks=wanted)
    columns = _columns(measured)
    kept = choose_kept(records.robust)
    key = (
        columns[0].key
        if sort is None
        else _find_keys([sort], [column.key for column in columns])[0]
    )
    shown = [column.key for column in columns]
    ours = _rank(_measured_rows(measured, records, shown, kept.shares), shown)
    theirs = _published_rows([column.key for column in columns if column.kind == "sts"])
    quoted = sorted(theirs, key=lambda row: _place(row, key))[:published]
    rows = sorted([*ours, *quoted], key=lambda row: _place(row, key))
    return Board(columns, tuple(rows), key, len(theirs), kept)


def _keys(suites: Mapping[str, SuiteResult]) -> list[str]:
    return list(dict.fromkeys(each.key for suite in suites.values() for each in suite.results))


def _columns(measured: Mapping[str, Mapping[str, TaskResult]]) -> tuple[Column, ...]:
    """The measured tasks in the suite's order, then others by name."""
    found = {key: result for results in measured.values() for key, result in results.items()}
    if not found:
        raise InputError("the records hold no result", fix="measure again")
    order = {key: number for number, key in enumerate(SUITE_TASKS)}
    keys = sorted(found, key=lambda key: (order.get(key, len(order)), key))
    return tuple(Column(k, found[k].kind, found[k].metric, found[k].rows) for k in keys)


def _find_keys(tasks: Sequence[str], keys: Sequence[str]) -> list[str]:
    wanted = []
    for task in tasks:
        found = [key for key in keys if task in (key, key.partition(":")[0])]
        if not found:
            raise unknown_name("measured task", task, keys)
        wanted += found
    return wanted


def _measured_rows(
    measured: Mapping[str, Mapping[str, TaskResult]],
    records: Records,
    keys: Sequence[str],
    kept: Mapping[str, float],
) -> list[Row]:
    rows = []
    for model in dict.fromkeys([*measured, *kept]):
        results = measured.get(model, {})
        suites = [suite for suite in records.suites.values() if suite.model == model]
        declared = [suite.trained_on for suite in suites if suite.trained_on is not None]
        sets = tuple(dict.fromkeys(name for each in declared for name in each))
        trained_on = sets if declared else None
        flags = flag_tasks(trained_on, keys)
        cells = {key: _cell(results[key], flags[key]) for key in keys if key in results}
        rows.append(
            Row(
                model=model,
                cells=cells,
                kept=kept.get(model),
                trained_on=trained_on,
                facts=merge_facts(suites),
            )
        )
    return rows


def _cell(result: TaskResult, flag: Flag) -> Cell:
    bounds = result.interval
    return Cell(
        result.score,
        low=None if bounds is None else bounds.low,
        high=None if bounds is None else bounds.high,
        flag=flag,
        rows=result.rows,
        metric=result.metric,
        what=result.what,
    )


def _rank(rows: Sequence[Row], keys: Sequence[str]) -> list[Row]:
    """Gives every score with an interval its rank among the others."""
    lows = {
        key: [low for row in rows if key in row.cells and (low := row.cells[key].low) is not None]
        for key in keys
    }

    def ranked(key: str, cell: Cell) -> Cell:
        high = cell.high
        if high is None:
            return cell
        return replace(cell, rank=1 + sum(low > high for low in lows[key]))

    return [
        replace(row, cells={k: ranked(k, cell) for k, cell in row.cells.items()}) for row in rows
    ]


def _published_rows(keys: Sequence[str]) -> list[Row]:
    """The published models, each with all that one source published of it on some tasks."""
    found: dict[tuple[str, str], dict[str, Cell]] = {}
    for row in PUBLISHED:
        key, score = f"{row.task}:{row.split}", row.scores[_SPEARMAN]
        if key in keys and score is not None:
            cells = found.setdefault((row.model, row.source), {})
            cells[key] = Cell(round(score / 100, 6), published=row)
    return [Row(model=m, cells=cells, source=source) for (m, source), cells in found.items()]


def _place(row: Row, sort: str) -> tuple[bool, float, bool, str]:
    cell = row.cells.get(sort)
    return cell is None, -cell.score if cell else 0.0, row.source is not None, row.model
