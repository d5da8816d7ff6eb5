"""The leaderboard as tables: Markdown, terminal, JSON; and its block in a file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from munjang.errors import InputError
from munjang.evaluate.contamination import MARKS
from munjang.evaluate.leaderboard_records import FACTS
from munjang.evaluate.leaderboard_words import WORDS
from munjang.evaluate.report import Table, points

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from munjang.evaluate.leaderboard import Board, Cell, Column, Row
    from munjang.evaluate.leaderboard_words import Language, Words
    from munjang.evaluate.published import PublishedRow

BEGIN, END = "<!-- leaderboard -->", "<!-- /leaderboard -->"
"""What stands alone on the lines before and after the block in a file."""

_NOTHING = "–"
_MODELS_A_TABLE = 5
_SIGNS = re.compile(r"[\\`*\[\]~]|(?<![^\W_])_|_(?![^\W_])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def board_markdown(board: Board, *, language: Language = "en") -> str:
    """Writes the board as Markdown tables with their notes.

    Args:
        board: The board.
        language: "en" or "ko".

    Returns:
        The tables, the same ones for the same board, with a last line break.
    """
    tables = _tables(board, WORDS[language], quote=_escape)
    return "\n".join(table.to_markdown() for table in tables)


def print_board(board: Board, *, console: Console, language: Language = "en") -> None:
    """Prints the board on a terminal; arguments as `board_markdown`."""
    for table in _tables(board, WORDS[language], quote=_clean):
        table.print(console)


def board_json(board: Board) -> str:
    """Writes the board as JSON lines, a model each; scores are not times 100."""
    lines = [json.dumps(_record(row), ensure_ascii=False) for row in board.rows]
    return "".join(f"{line}\n" for line in lines)


def replace_block(text: str, block: str, *, place: str) -> str:
    r"""Puts the board between its two marks in a text.

    Args:
        text: The text of a file, whose lines end in "\n" or "\r\n".
        block: The board as Markdown.
        place: What to call the file in an error.

    Returns:
        The text with the block in place of what stood there.

    Raises:
        InputError: The marks are missing, doubled, or the wrong way round.

    Example:
        >>> page = "# 순위\n<!-- leaderboard -->\n옛 표\n<!-- /leaderboard -->\n"
        >>> replace_block(page, "새 표\n", place="순위.md").splitlines()[2]
        '새 표'
    """
    found = [
        [match.span() for match in re.finditer(rf"^{re.escape(mark)}[ \t]*\r?$", text, re.M)]
        for mark in (BEGIN, END)
    ]
    counts = [len(spans) for spans in found]
    if counts != [1, 1]:
        raise _bad_marks(place, f"{counts[0]} of the first and {counts[1]} of the second")
    ((_, start),), ((stop, _),) = found
    if stop < start:
        raise _bad_marks(place, "the second stands before the first")
    feed = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:start]}\n{block.replace(chr(10), feed)}{text[stop:]}"


def _bad_marks(place: str, found: str) -> InputError:
    return InputError(
        f"{place} does not say where the leaderboard goes",
        found=found,
        fix=f"one line {BEGIN} and, below it, one line {END}",
    )


def _tables(board: Board, words: Words, *, quote: Callable[[str], str]) -> list[Table]:
    """The STS table, with published rows; then, if there is more, all that was measured."""
    graded = [column for column in board.columns if column.kind == "sts"]
    tables = [_models_table(board, graded, words, quote)] if graded else []
    if len(graded) < len(board.columns):
        measured = [row for row in board.rows if row.source is None]
        shares = [
            measured[at : at + _MODELS_A_TABLE] for at in range(0, len(measured), _MODELS_A_TABLE)
        ]
        tables += [_tasks_table(board, share, measured, words, quote) for share in shares]
        tables[-1] = replace(tables[-1], notes=(words.all_tasks,))
    return tables if graded else [*tables, _facts_table(board, words, quote)]


def _models_table(
    board: Board, columns: Sequence[Column], words: Words, quote: Callable[[str], str]
) -> Table:
    sources = list(dict.fromkeys(row.source for row in board.rows if row.source is not None))
    rows = []
    for row in board.rows:
        rank = row.cells[board.sort].rank if board.sort in row.cells else None
        rows.append(
            (
                str(rank) if rank else _NOTHING,
                quote(row.model),
                *(_score(row.cells.get(column.key)) for column in columns),
                *_facts(row, quote),
                quote(_origin(row, columns, sources, words)),
            )
        )
    titles = [quote(column.titled(words.titles)) for column in columns]
    counts = [
        words.counted.format(title=title, rows=f"{column.rows:,}")
        for title, column in zip(titles, columns, strict=True)
    ]
    width = 2 + len(titles)
    sort = next(c.titled(words.titles) for c in board.columns if c.key == board.sort)
    return Table(
        head=(words.rank, words.model, *titles, *_fact_heads(words), words.origin),
        rows=rows,
        left=(1, width + 4, width + 5),
        notes=(
            words.scores.format(sort=quote(sort)),
            f"{'; '.join(counts)}.",
            *_common_notes(board, words),
            *_quoted_notes(board, sources, words),
        ),
        keys=2,
    )


def _tasks_table(
    board: Board,
    models: Sequence[Row],
    measured: Sequence[Row],
    words: Words,
    quote: Callable[[str], str],
) -> Table:
    rows, bold = [], set()
    for number, column in enumerate(board.columns):
        cells = [row.cells.get(column.key) for row in models]
        ranks = {row.cells[column.key].rank for row in measured if column.key in row.cells}
        if len(ranks) > 1:
            bold |= {(number, 3 + i) for i, cell in enumerate(cells) if cell and cell.rank == 1}
        title = quote(column.titled(words.titles))
        metric = words.metrics.get(column.metric, column.metric.replace("_", " "))
        rows.append((title, metric, f"{column.rows:,}", *map(_score, cells)))
    return Table(
        head=(words.task, words.metric, words.rows, *(quote(row.model) for row in models)),
        rows=rows,
        left=(0, 1),
        bold=frozenset(bold),
    )


def _facts_table(board: Board, words: Words, quote: Callable[[str], str]) -> Table:
    """What is told of the models beside their scores, where there is no table of STS."""
    rows = [(quote(row.model), *_facts(row, quote)) for row in board.rows if row.source is None]
    return Table(
        head=(words.model, *_fact_heads(words)),
        rows=rows,
        left=(0, 5),
        notes=_common_notes(board, words),
    )


def _fact_heads(words: Words) -> tuple[str, ...]:
    return words.kept, words.params, words.size, words.speed, words.licence


def _common_notes(board: Board, words: Words) -> list[str]:
    levels = {cell.flag.level for row in board.rows for cell in row.cells.values() if cell.flag}
    legend = [f"{mark} {words.legend[level]}" for level, mark in MARKS.items() if level in levels]
    told = "; ".join(each for each in legend if each.strip())
    marks = [words.marks.format(legend=told)] if told else []
    kept = board.kept
    known = any(row.kept is not None for row in board.rows)
    said = words.kept_on_one if kept.edits == 1 else words.kept_on
    measured = [said.format(rows=kept.rows, edits=kept.edits)] if known else []
    return [words.ranks, " ".join([words.columns, *measured]), *marks]


def _quoted_notes(board: Board, sources: Sequence[str], words: Words) -> list[str]:
    if not sources:
        return []
    named = "; ".join(f"({number}) {source}" for number, source in enumerate(sources, start=1))
    shown = sum(row.source is not None for row in board.rows)
    cut = words.cut.format(shown=shown, total=board.published)
    quoted = words.quoted.format(sources=named)
    return [f"{quoted} {cut}" if shown < board.published else quoted]


def _score(cell: Cell | None) -> str:
    if cell is None:
        return _NOTHING
    mark = cell.flag.mark if cell.flag else ""
    bounds = "" if cell.low is None else f" ({100 * cell.low:.1f}–{100 * (cell.high or 0):.1f})"
    return f"{points(cell.score)}{mark}{bounds}"


def _facts(row: Row, quote: Callable[[str], str]) -> list[str]:
    """The cells from robustness to licence."""
    kept = _NOTHING if row.kept is None else f"{100 * row.kept:.1f}"
    numbers = (row.facts.get(name) for name in ("params_m", "size_mb", "sentences_per_second"))
    licence = quote(str(row.facts.get("licence", ""))) or _NOTHING
    return [kept, *map(_number, numbers), licence]


def _number(value: float | str | None) -> str:
    if not isinstance(value, (int, float)):
        return _NOTHING
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _origin(row: Row, columns: Sequence[Column], sources: Sequence[str], words: Words) -> str:
    """Where a row is from, and how each task of a published one was measured."""
    if row.source is None:
        return words.here
    told: dict[str, list[str]] = {}
    for column in columns:
        cell = row.cells.get(column.key)
        if cell and cell.published:
            told.setdefault(_how(cell.published, words), []).append(column.titled(words.titles))
    apart = len(told) > 1
    hows = [f"{', '.join(titles)}: {how}" if apart else how for how, titles in told.items()]
    return f"{words.published} ({sources.index(row.source) + 1}), {'; '.join(hows)}"


def _how(row: PublishedRow, words: Words) -> str:
    batch = f" of {row.aggregation_batch}" if row.aggregation_batch else ""
    parts = [
        *([words.unsupervised] if row.training == "unsupervised" else []),
        f"view {row.view or words.unknown_view}",
        f"{row.aggregation or words.unknown_view}{batch}",
        *([row.caveat] if row.caveat else []),
    ]
    return ", ".join(parts)


def _record(row: Row) -> dict[str, Any]:
    return {
        "model": row.model,
        "measured": row.source is None,
        "source": row.source,
        "kept": row.kept,
        "trained_on": row.trained_on,
        **{name: row.facts.get(name) for name in FACTS},
        "tasks": {key: _cell_record(cell) for key, cell in row.cells.items()},
    }


def _cell_record(cell: Cell) -> dict[str, Any]:
    record: dict[str, Any] = {"score": cell.score}
    if cell.published:
        names = ("training", "view", "aggregation", "aggregation_batch", "caveat")
        return record | {name: getattr(cell.published, name) for name in names}
    interval = None if cell.low is None else [cell.low, cell.high]
    flag = cell.flag and {
        "level": cell.flag.level,
        "mark": cell.flag.mark,
        "why": cell.flag.sentence,
    }
    measured = {"rows": cell.rows, "metric": cell.metric, "what": cell.what}
    return record | {"interval": interval, "rank": cell.rank, "flag": flag} | measured


def _clean(text: str) -> str:
    """Text on one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _escape(text: str) -> str:
    """Text that Markdown shows as it is; bars are escaped where the table is written."""
    return _SIGNS.sub(r"\\\g<0>", _clean(text)).translate(_ENTITIES)
