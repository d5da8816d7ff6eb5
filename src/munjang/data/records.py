"""Table files to records: csv, tsv, jsonl and Parquet as cells of named columns."""

from __future__ import annotations

import contextlib
import csv
import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from munjang.data.lines import cut_terminator, iter_lines, shorten
from munjang.errors import DataError, InputError, MissingExtraError, counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

Kind = Literal["csv", "tsv", "jsonl", "parquet"]
"""The table formats: csv has standard quoting, in tsv quotes are ordinary characters."""

Record: TypeAlias = tuple[str, "tuple[Any, ...] | None"]
"""Where a row stands ("file:line"), and its cells in the order asked for; None if blank."""

_SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_OTHER_TABLES = {".json", ".xls", ".xlsx", ".ods", ".feather", ".arrow"}
_MAX_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The columns that are asked for, as `iter_records` takes them."""

    columns: Sequence[str]
    optional: Collection[str]
    otherwise: str

    def find(self, header: Sequence[str], *, place: str, where: str = "") -> list[int | None]:
        return find_columns(
            header,
            self.columns,
            optional=self.optional,
            place=place,
            where=where,
            otherwise=self.otherwise,
        )


def table_kind(path: str | Path) -> Kind | None:
    """Tells a table's format from its file name; None for anything that is not a table.

    Raises:
        InputError: A table format that munjang does not read.

    Example:
        >>> table_kind("faq.csv.gz"), table_kind("문장.txt")
        ('csv', None)
    """
    name = Path(str(path).removesuffix(".gz"))
    suffix = name.suffix.lower()
    if suffix in _OTHER_TABLES:
        raise InputError(
            f"{path}: munjang does not read {suffix} tables",
            fix="save it as .csv, .tsv, .parquet or .jsonl (one JSON object a line)",
        )
    return _SUFFIXES.get(suffix)


def iter_records(
    path: str | Path,
    columns: Sequence[str],
    *,
    optional: Collection[str] = (),
    encoding: str = "utf-8",
    kind: Kind | None = None,
    otherwise: str = "",
) -> Iterator[Record]:
    """Streams some columns of a table in bounded memory.

    Args:
        path: The file.
        columns: The names of the wanted columns.
        optional: Those of `columns` that the file may lack; their cells are then None.
        encoding: The text encoding of csv, tsv and jsonl.
        kind: The format, where the file's name does not tell it.
        otherwise: As for `find_columns`.

    Yields:
        A row's place ("faq.csv:7", or "faq.parquet, row 6") and its cells in the order
        of `columns`, unchecked; None instead of cells for a blank line.

    Raises:
        DataError: As `read_rows`, for everything but the cells' contents.
        InputError: An unknown format or encoding.
        MissingExtraError: Parquet without pyarrow.
    """
    kind = kind or table_kind(path)
    if kind is None:
        raise InputError(
            f"{path}: the name does not tell the table's format",
            fix=f"end it in one of {', '.join(_SUFFIXES)}",
        )
    wanted = _Wanted(columns, optional, otherwise)
    if kind == "parquet":
        return _parquet(path, wanted)
    lines = iter_lines(path, encoding=encoding)
    if kind == "jsonl":
        return _jsonl(path, lines, wanted)
    rows = _csv(path, lines) if kind == "csv" else _tsv(lines)
    return _delimited(path, rows, wanted)


def _csv(path: str | Path, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    # The limit belongs to the whole process; raising it takes nothing from anyone.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    reader = csv.reader(lines, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}:{line}: not standard csv",
            found=str(error),
            fix='quote cells that hold commas, quotes or line breaks, with "" for each quote',
        ) from None


def _tsv(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        text = cut_terminator(line)
        yield number, text.split("\t") if text else []


def _delimited(
    path: str | Path, rows: Iterator[tuple[int, list[str]]], wanted: _Wanted
) -> Iterator[Record]:
    _, header = next(rows, (1, []))
    places = wanted.find(header, place=f"{path}:1", where=" in the file's first line")
    for line, cells in rows:
        place = f"{path}:{line}"
        if not cells:
            yield place, None
        elif len(cells) != len(header):
            raise DataError(
                f"{place}: a row that does not fit its header",
                found=f"{counted(len(cells), 'cell')} where the header has {len(header)} "
                f"({shorten(cells)})",
                fix="repair the row; a cell that holds the separator must be quoted (csv)",
            )
        else:
            yield place, tuple(None if i is None else cells[i] for i in places)


def _jsonl(path: str | Path, lines: Iterator[str], wanted: _Wanted) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        place = f"{path}:{number}"
        if not line.strip():
            yield place, None
            continue
        record = _json_object(line, place)
        wanted.find(list(record), place=place)
        yield place, tuple(record.get(column) for column in wanted.columns)


def _json_object(line: str, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{place}: not JSON", found=str(error), fix="write one JSON object a line"
        ) from None
    if not isinstance(record, dict):
        raise DataError(
            f"{place}: not a JSON object",
            found=shorten(record),
            fix='write one object a line, such as {"text": "문장"}',
        )
    return record


def _parquet(path: str | Path, wanted: _Wanted) -> Iterator[Record]:
    with _open_parquet(path) as file:
        header = list(file.schema_arrow.names)
        places = wanted.find(header, place=str(path))
        there = sorted({header[i] for i in places if i is not None})
        row = 0
        for batch in file.iter_batches(batch_size=1024, columns=there):
            for record in batch.to_pylist():
                row += 1
                yield f"{path}, row {row}", tuple(record.get(name) for name in wanted.columns)


@contextlib.contextmanager
def _open_parquet(path: str | Path) -> Iterator[Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("reading Parquet", "parquet") from None
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", fix="check the path") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read as Parquet", found=str(error)) from None


def column_names(path: str | Path, *, kind: Kind, encoding: str = "utf-8") -> list[str]:
    """Lists a table's columns: its header, or the keys of its first JSON object.

    Args:
        path: The file.
        kind: The table's format.
        encoding: The text encoding of csv, tsv and jsonl.

    Returns:
        The names in file order; none for an empty file.

    Raises:
        DataError: The file cannot be read.
        MissingExtraError: Parquet without pyarrow.
    """
    if kind == "parquet":
        with _open_parquet(path) as file:
            return list(file.schema_arrow.names)
    lines = iter_lines(path, encoding=encoding)
    if kind == "jsonl":
        filled = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
        return next((list(_json_object(line, f"{path}:{n}")) for n, line in filled), [])
    rows = _csv(path, lines) if kind == "csv" else _tsv(lines)
    return next(rows, (1, []))[1]


def find_columns(
    header: Sequence[str],
    columns: Sequence[str],
    *,
    optional: Collection[str] = (),
    place: str,
    where: str = "",
    otherwise: str = "",
) -> list[int | None]:
    """Finds columns by their exact names.

    Args:
        header: The names that the file has.
        columns: The names that are wanted.
        optional: Those of `columns` that may be missing.
        place: Where the header stands, for errors.
        where: Where a column is renamed, such as " in the file's first line".
        otherwise: What the caller offers besides renaming it.

    Returns:
        The index of each wanted column, None for a missing optional one.

    Raises:
        DataError: A column is missing or stands there twice; the error lists the
            columns found and the nearest name.

    Example:
        >>> find_columns(["id", "text"], ["text", "label"], optional={"label"}, place="a.csv:1")
        [1, None]
    """
    found = f"columns {', '.join(map(repr, header))}" if any(header) else "no header"
    places: list[int | None] = []
    for column in columns:
        count = header.count(column)
        if count == 1:
            places.append(header.index(column))
        elif count == 0 and column in optional:
            places.append(None)
        elif count:
            raise DataError(
                f"{place}: column {column!r} stands there {count} times",
                found=found,
                fix="rename all but one",
            )
        else:
            others = [name for name in header if name not in columns]
            near = difflib.get_close_matches(column, others, n=1)
            fix = f"rename the column{where} to {column!r}" + (
                f", or {otherwise}" if otherwise else ""
            )
            if near:
                fix = f"did you mean {near[0]!r}?"
            raise DataError(f"{place}: no column {column!r}", found=found, fix=fix)
    return places
