"""A user's own files: tables to typed rows by column name, and streams of sentences."""

from __future__ import annotations

import dataclasses
import difflib
import shlex
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from munjang.data.lines import cut_terminator, iter_lines, shorten
from munjang.data.records import Kind, column_names, iter_records, table_kind
from munjang.data.rows import LabeledPair, NliLabel, Row
from munjang.errors import DataError, InputError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

PAIR_LABELS: tuple[str, ...] = (*get_args(NliLabel), "same", "different")
"""The relations that a `LabeledPair` may carry."""

R = TypeVar("R", bound=Row)

_MAX_SCORE = 5.0


def read_rows(
    path: str | Path,
    row_type: type[R],
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    kind: Kind | None = None,
) -> list[R]:
    r"""Reads a table into rows of one type, columns matched by name.

    csv has a header and standard quoting (a quote inside a quoted cell is doubled);
    tsv has a header and no quoting; jsonl has one object a line; Parquet needs the
    extra "parquet". Blank lines are skipped. Texts are kept as they stand.

    Args:
        path: The file. A suffix .gz after .csv, .tsv or .jsonl is decompressed.
        row_type: One of the types of `munjang.data.rows`.
        columns: The file's column for a field of `row_type`, where the names differ,
            such as {"anchor": "질문", "positive": "답"}.
        encoding: The text encoding of csv, tsv and jsonl.
        kind: The format, where the file's name does not tell it.

    Returns:
        The rows in file order. A score is a float in [0, 5]; the label of a
        `LabeledPair` is one of `PAIR_LABELS`; the label of a `Sentence` is None where
        the file has no such column.

    Raises:
        DataError: A missing column, a row with too few or too many cells, an empty
            cell, a score or label that cannot be; the error names file and line.
        InputError: An unknown format, encoding or field.
        MissingExtraError: Parquet without pyarrow.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from munjang.data.rows import Pair
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "faq.csv")
        ...     text = '질문,답\n몇 시에 여나요?,"아홉 시, 평일만"\n'
        ...     _ = path.write_text(text, encoding="utf-8")
        ...     read_rows(path, Pair, columns={"anchor": "질문", "positive": "답"})
        [Pair(anchor='몇 시에 여나요?', positive='아홉 시, 평일만')]
    """
    fields = dataclasses.fields(row_type)
    names = {field.name: field.name for field in fields}
    for field_name, column in (columns or {}).items():
        if field_name not in names:
            raise unknown_name(f"field of {row_type.__name__}", field_name, names)
        names[field_name] = column
    optional = {
        names[field.name]
        for field in fields
        if field.default is None and field.name not in (columns or {})
    }
    records = iter_records(
        path,
        list(names.values()),
        optional=optional,
        encoding=encoding,
        kind=kind,
        otherwise="" if columns is None else "give your name of it in `columns`",
    )
    return [
        make_row(row_type, cells, place=place, columns=list(names.values()), optional=optional)
        for place, cells in records
        if cells is not None
    ]


def make_row(
    row_type: type[R],
    cells: Sequence[Any],
    *,
    place: str,
    columns: Sequence[str],
    optional: Collection[str] = (),
) -> R:
    """Checks a row's cells and builds the row.

    Args:
        row_type: The type to build.
        cells: One value a field of `row_type`, in the order of its fields.
        place: Where the row stands, for errors.
        columns: What the file calls those fields, for errors.
        optional: The columns whose cell may be None.

    Returns:
        The row.

    Raises:
        DataError: A cell is empty or holds what its field cannot.

    Example:
        >>> from munjang.data.rows import ScoredPair
        >>> columns = ["sentence1", "sentence2", "score"]
        >>> make_row(ScoredPair, ["비가 온다", "비 온다", "4.5"], place="a.tsv:2", columns=columns)
        ScoredPair(sentence1='비가 온다', sentence2='비 온다', score=4.5)
    """
    values: dict[str, Any] = {}
    for field, cell, column in zip(dataclasses.fields(row_type), cells, columns, strict=True):
        if cell is None and column in optional:
            continue
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            raise DataError(
                f"{place}: column {column!r} is empty",
                found=shorten(cell),
                fix="fill the cell or delete the row",
            )
        if field.name == "score":
            values[field.name] = _score(cell, place=place, column=column)
        elif field.name == "label":
            values[field.name] = _label(cell, row_type, place=place, column=column)
        else:
            values[field.name] = check_text(cell, place=place, column=column)
    return row_type(**values)


def check_label(
    cell: object, *, place: str, column: str, known: Collection[str] = PAIR_LABELS
) -> str:
    """Returns a label cell if it is one of the known labels, or raises `DataError`.

    Example:
        >>> check_label("neutral", place="a.tsv:2", column="gold_label")
        'neutral'
    """
    if cell not in known:
        near = difflib.get_close_matches(str(cell).lower(), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(
            f"{place}: column {column!r} is not a known label",
            found=shorten(cell),
            fix=f"{hint}known: {', '.join(known)}",
        )
    return str(cell)


class SentenceFile:
    r"""A file of sentences that streams: one sentence a line, or one column of a table.

    Iterating reads the file in bounded memory; every `for` starts anew (standard input
    can be read once). Texts are kept as they stand, without the line's terminator. Blank
    ones are left out and counted.

    Args:
        path: A text file, a table (.csv, .tsv, .jsonl, .parquet), or "-" for standard input.
        encoding: The text encoding.
        column: The table's column that holds the sentences; None for a text file.

    Attributes:
        blank: How many blank sentences the latest iteration has dropped so far.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "문장.txt")
        ...     _ = path.write_text("첫째 문장\n\n둘째 문장", encoding="utf-8")
        ...     sentences = SentenceFile(path)
        ...     list(sentences), sentences.blank
        (['첫째 문장', '둘째 문장'], 1)
    """

    def __init__(
        self, path: str | Path, *, encoding: str = "utf-8", column: str | None = None
    ) -> None:
        self.path, self.encoding, self.column = path, encoding, column
        self.blank = 0
        self._kind = table_kind(path)
        if column is not None and self._kind is None:
            raise InputError(
                f"{path} is read one sentence a line and has no column {column!r}",
                fix="leave the column out, or name a .csv, .tsv, .jsonl or .parquet file",
            )

    def __repr__(self) -> str:
        return (
            f"SentenceFile({str(self.path)!r}, encoding={self.encoding!r}, column={self.column!r})"
        )

    def __iter__(self) -> Iterator[str]:
        """Streams the sentences.

        Raises:
            DataError: The file cannot be read, or a cell is not a text.
            InputError: A table without the name of a column.
        """
        self.blank = 0
        for text in self._texts():
            if text.strip():
                yield text
            else:
                self.blank += 1

    def _texts(self) -> Iterator[str]:
        if self._kind is None:
            for line in iter_lines(self.path, encoding=self.encoding):
                yield cut_terminator(line)
            return
        if self.column is None:
            names = column_names(self.path, kind=self._kind, encoding=self.encoding)
            raise InputError(
                f"{self.path} is a table: which column holds the sentences?",
                found=f"columns {', '.join(map(repr, names))}" if names else "no header",
                fix=f"--column {shlex.quote(self._guess_column(names))}"
                if names
                else "name the columns in the file's first line",
            )
        records = iter_records(
            self.path,
            [self.column],
            encoding=self.encoding,
            kind=self._kind,
            otherwise="name one of those columns",
        )
        for place, cells in records:
            if cells is None or cells[0] is None:
                yield ""
            else:
                yield check_text(cells[0], place=place, column=self.column)

    def _guess_column(self, names: Sequence[str]) -> str:
        """The column with the longest text in the table's first row."""
        single = [name for name in names if names.count(name) == 1]
        rows = iter_records(self.path, single, encoding=self.encoding, kind=self._kind)
        first = next((cells for _, cells in rows if cells), ())
        texts = zip(single, first, strict=False)
        longest = max(
            texts, key=lambda item: isinstance(item[1], str) and len(item[1]), default=(names[0],)
        )
        return longest[0]


def iter_sentences(
    path: str | Path, *, encoding: str = "utf-8", column: str | None = None
) -> Iterator[str]:
    """Streams the sentences of a file; `SentenceFile` also tells how many were blank.

    Args:
        path: A text file, a table (.csv, .tsv, .jsonl, .parquet), or "-" for standard input.
        encoding: The text encoding.
        column: The table's column that holds the sentences; None for a text file.

    Returns:
        An iterator over the sentences, blank ones left out.

    Raises:
        DataError: The file cannot be read, or a cell is not a text.
        InputError: A table without the name of a column, a column of a text file.
    """
    return iter(SentenceFile(path, encoding=encoding, column=column))


def check_text(cell: object, *, place: str, column: str) -> str:
    """Returns a text cell, or raises `DataError` for a number, a list and the like.

    Example:
        >>> check_text("문장", place="a.jsonl:1", column="text")
        '문장'
    """
    if not isinstance(cell, str):
        raise DataError(
            f"{place}: column {column!r} is not a text",
            found=f"{shorten(cell)} ({type(cell).__name__})",
            fix="name a column that holds texts",
        )
    return cell


def _score(cell: object, *, place: str, column: str) -> float:
    try:
        if isinstance(cell, bool) or not isinstance(cell, str | int | float):
            raise ValueError
        score = float(cell)
    except (ValueError, OverflowError):
        score = float("nan")
    if not 0 <= score <= _MAX_SCORE:
        raise DataError(
            f"{place}: column {column!r} is not a score from 0 to 5",
            found=shorten(cell),
            fix="rescale the scores to 0 (unrelated) to 5 (the same)",
        )
    return score


def _label(cell: object, row_type: type[object], *, place: str, column: str) -> str:
    if row_type is LabeledPair:
        return check_label(cell, place=place, column=column)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    return check_text(cell, place=place, column=column)
