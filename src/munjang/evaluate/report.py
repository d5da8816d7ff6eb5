"""Tables of STS results and comparisons: Markdown, terminal, JSON.

The columns are those of the published tables, correlations times 100 with two decimals.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang.errors import InputError
from munjang.evaluate.sts import METRICS
from munjang.evaluate.tasks import STS_TASKS
from munjang.evaluate.terminal_table import fits, print_cells

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rich.console import Console

    from munjang.evaluate.published import PublishedRow
    from munjang.evaluate.tasks import Comparison, StsResult

COLUMNS = ("Model", "AVG", "CP", "CS", "EP", "ES", "MP", "MS", "DP", "DS")
"""The published columns: C cosine, E Euclidean, M Manhattan, D dot; P Pearson, S Spearman."""

_COMPARISON_COLUMNS = ("Metric", "A", "B", "A - B", "interval", "p", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells that become a table on a terminal or in Markdown.

    Attributes:
        head: The head of each column.
        rows: As many cells each as there are columns.
        left: The columns of text, which stand to the left; the others stand to the right.
        bold: The cells that are bold, by row and column.
        notes: What stands below the table, a line or more each.
        keys: So many first columns say what a row is.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Collection[int] = (0,)
    bold: Collection[tuple[int, int]] = ()
    notes: Sequence[str] = ()
    keys: int = 1

    def to_markdown(self) -> str:
        """Writes the table, and its notes as paragraphs, with a last line break."""
        rows = [
            [f"**{cell}**" if (i, j) in self.bold else cell for j, cell in enumerate(row)]
            for i, row in enumerate(self.rows)
        ]
        text = aligned_markdown(self.head, rows, left=self.left)
        return text + "".join(f"\n{note}\n" for note in self.notes)

    def print(self, console: Console) -> None:
        """Prints the table and its notes on a terminal."""
        from rich.text import Text

        rows = [
            [Text(cell, style="bold" if (i, j) in self.bold else "") for j, cell in enumerate(row)]
            for i, row in enumerate(self.rows)
        ]
        print_cells(console, self.head, rows, notes=self.notes, left=self.left, keys=self.keys)

    def fits(self, console: Console, *, wrap: bool = True) -> bool:
        """Whether a terminal has room for all columns side by side.

        Args:
            console: The terminal.
            wrap: Whether texts may wrap.
        """
        return fits(self.head, self.rows, width=console.width, left=self.left, wrap=wrap)


def points(value: float, *, signed: bool = False) -> str:
    """A score or a difference times 100, as tables have it; zero has no sign.

    Example:
        >>> points(0.81884), points(0.0123, signed=True), points(-0.00001, signed=True)
        ('81.88', '+1.23', '0.00')
    """
    text = f"{100 * value:+.2f}" if signed else f"{100 * value:.2f}"
    return "0.00" if text in ("-0.00", "+0.00") else text


def ends(low: float, high: float) -> str:
    """The two ends of a difference's interval, times 100.

    Example:
        >>> ends(-0.00001, 0.012)
        '[0.00, +1.20]'
    """
    return f"[{points(low, signed=True)}, {points(high, signed=True)}]"


def markdown_table(results: Sequence[StsResult], *, published: Sequence[PublishedRow] = ()) -> str:
    """Writes results as a Markdown table, with what was measured below it.

    Args:
        results: At least one result.
        published: Published rows to put below the measured ones, marked as published.

    Returns:
        The table and its notes, aligned for a fixed-width font, with a last line break.

    Raises:
        InputError: There is no result.
    """
    table = aligned_markdown(COLUMNS, _sts_cells(results, published))
    return table + "".join(f"\n{note}\n" for note in _notes(results, published))


def print_table(
    results: Sequence[StsResult], *, console: Console, published: Sequence[PublishedRow] = ()
) -> None:
    """Prints results as a table on a terminal; arguments as `markdown_table`."""
    cells = _sts_cells(results, published)
    print_cells(console, COLUMNS, cells, notes=_notes(results, published))


def comparison_markdown(comparison: Comparison) -> str:
    """Writes a comparison as a Markdown table, a metric a line, with a last line break."""
    table = aligned_markdown(_COMPARISON_COLUMNS, _comparison_cells(comparison))
    return f"{table}\n{_comparison_note(comparison)}\n"


def print_comparison(comparison: Comparison, *, console: Console) -> None:
    """Prints a comparison as a table on a terminal."""
    cells = _comparison_cells(comparison)
    notes = [_comparison_note(comparison)]
    print_cells(console, _COMPARISON_COLUMNS, cells, notes=notes, left=(0, 6))


def comparison_json(comparison: Comparison) -> str:
    """Writes a comparison as one JSON line; differences in [-2, 2], not times 100."""
    found = {
        metric: {
            "difference": difference.value,
            "low": difference.low,
            "high": difference.high,
            "p": difference.p,
            "within_noise": difference.within_noise,
            "verdict": comparison.verdict(metric),
        }
        for metric, difference in comparison.differences.items()
    }
    names = ("model_a", "model_b", "task", "split", "rows", "view", "level", "resamples")
    record = {name: getattr(comparison, name) for name in names} | {"differences": found}
    return json.dumps(record, ensure_ascii=False) + "\n"


def aligned_markdown(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,)
) -> str:
    """Writes cells as a Markdown table, aligned for a fixed-width font.

    Args:
        head: The head of each column.
        rows: As many cells each as there are columns; line breaks and bars cannot break it.
        left: The columns that stand to the left; the others stand to the right.

    Returns:
        The table with a last line break. Columns are at least three characters wide: what
        GitHub's Markdown needs below the head.
    """
    from rich.cells import cell_len

    titles, *clean = [
        [" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in (head, *rows)
    ]
    widths = [max(3, *map(cell_len, column)) for column in zip(titles, *clean, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = []
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            gap = " " * (width - cell_len(cell))
            padded.append(cell + gap if i in left else gap + cell)
        return f"| {' | '.join(padded)} |\n"

    rule = ["-" * width if i in left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "".join(line(cells) for cells in (titles, rule, *clean))


def _sts_cells(
    results: Sequence[StsResult], published: Sequence[PublishedRow]
) -> list[tuple[str, ...]]:
    if not results:
        raise InputError("a table needs at least one result")
    measured = [
        (result.model, *_scores([result.correlations.avg, *result.correlations]))
        for result in results
    ]
    quoted = [
        (f"{row.model} (published)", *_scores([row.avg, *row.scores], of=100)) for row in published
    ]
    return measured + quoted


def _scores(values: Iterable[float | None], *, of: int = 1) -> list[str]:
    return ["–" if value is None else points(value / of) for value in values]


def _notes(results: Sequence[StsResult], published: Sequence[PublishedRow]) -> list[str]:
    """One line for each measured set of rows, then one for each kind of published row."""
    measured: dict[str, list[str]] = {}
    for result in results:
        noise = _noise(result)
        measured.setdefault(_describe(result), []).extend([noise] if noise else [])
    theirs: dict[str, list[str]] = {}
    for row in published:
        theirs.setdefault(_describe_published(row), []).append(row.model)
    return [
        *(". ".join([what, *noises]) + "." for what, noises in measured.items()),
        *(f"Published, {what}: {', '.join(models)}." for what, models in theirs.items()),
    ]


def _describe(result: StsResult) -> str:
    title = STS_TASKS[result.task].title if result.task in STS_TASKS else result.task
    batch = f" of {result.aggregation_batch}" if result.aggregation_batch else ""
    return (
        f"{title} {result.split}, {result.rows:,} rows, view {result.view}, "
        f"aggregation {result.aggregation}{batch}; correlations x100"
    )


def _noise(result: StsResult) -> str:
    """How far the result's cosine Spearman may be from itself, or nothing."""
    metric = "cosine_spearman"
    if metric in result.intervals:
        bounds = result.intervals[metric]
        return (
            f"{result.model}: {100 * result.level:g}% interval of CS "
            f"{100 * bounds.low:.2f} to {100 * bounds.high:.2f}"
        )
    if metric in result.spread:
        return f"{result.model}: CS deviates {100 * result.spread[metric]:.2f} between shuffles"
    return ""


def _describe_published(row: PublishedRow) -> str:
    title = STS_TASKS[row.task].title
    batch = f" of {row.aggregation_batch}" if row.aggregation_batch else ""
    parts = [
        f"{title} {row.split} by {row.source}",
        f"view {row.view or 'unknown'}",
        f"aggregation {row.aggregation or 'unknown'}{batch}",
        *([] if row.published_avg is not None or row.avg is None else ["AVG computed here"]),
        *([row.caveat] if row.caveat else []),
    ]
    return ", ".join(parts)


def _comparison_cells(comparison: Comparison) -> list[tuple[str, ...]]:
    a, b = comparison.correlations_a, comparison.correlations_b
    cells = []
    for metric in ("avg", *METRICS):
        found = comparison.differences[metric]
        cells.append(
            (
                metric.replace("_", " "),
                *_scores([getattr(a, metric), getattr(b, metric)]),
                points(found.value, signed=True),
                ends(found.low, found.high),
                f"{found.p:.3f}",
                "within noise"
                if found.within_noise
                else f"{'A' if found.value > 0 else 'B'} better",
            )
        )
    return cells


def _comparison_note(comparison: Comparison) -> str:
    task = comparison.task
    title = STS_TASKS[task].title if task in STS_TASKS else task
    return (
        f"A = {comparison.model_a}, B = {comparison.model_b}; {title} {comparison.split}, "
        f"{comparison.rows:,} rows, view {comparison.view}; {100 * comparison.level:g}% intervals "
        f"of a paired bootstrap, {comparison.resamples:,} resamples; points x100. "
        f"Cosine Spearman: {comparison.verdict('cosine_spearman')}."
    )
