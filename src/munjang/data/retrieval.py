"""Retrieval sets: queries, documents, and which document answers which query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.data.lines import iter_lines, shorten
from munjang.data.records import iter_records
from munjang.data.tables import check_text
from munjang.errors import DataError, InputError, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from munjang.data.rows import Pair

_TABLES = (".jsonl", ".csv", ".tsv", ".parquet")
_TREC = (".txt", ".qrels", ".trec")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
_QRELS_COLUMNS = ("query-id", "corpus-id", "score")


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """What retrieval is measured on.

    Attributes:
        name: What results call it.
        queries: The text of each judged query by its id.
        corpus: The text of each document by its id, a title before it after a space.
        qrels: For each query the grade of its right documents by their ids, 1 or more.
    """

    name: str
    queries: Mapping[str, str]
    corpus: Mapping[str, str]
    qrels: Mapping[str, Mapping[str, int]]


def read_retrieval(
    folder: str | Path, *, split: str = "test", encoding: str = "utf-8"
) -> RetrievalSet:
    r"""Reads a folder of queries, documents and judgements (BEIR's layout, or TREC qrels).

    | what | where | columns |
    |---|---|---|
    | queries | queries.jsonl, .csv, .tsv or .parquet | _id or id, text |
    | documents | corpus.jsonl, .csv, .tsv or .parquet | _id or id, text, and title or not |
    | judgements | qrels/SPLIT.tsv | query-id, corpus-id, score |
    | or | qrels/SPLIT.txt, .qrels or .trec | no header; query, anything, document, grade |

    Other columns are left alone, and every text file may be gzipped (.gz). A grade of 0
    or less says that a document is wrong. Queries without a right document are left out.

    Args:
        folder: The folder; its name becomes that of the set.
        split: The stem of the judgements' file.
        encoding: The text encoding of all files but Parquet.

    Returns:
        The set, queries and documents in file order.

    Raises:
        DataError: A file is missing or there twice, an id stands there twice, a text is
            empty, a judgement names an id that is not there, contradicts another one or
            has a grade that is not a whole number, or no query has a right document; the
            error names file and line.
        InputError: No such encoding.
        MissingExtraError: Parquet without pyarrow.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     here = Path(folder)
        ...     (here / "qrels").mkdir()
        ...     _ = (here / "queries.csv").write_text("id,text\nq,환불 기한\n", encoding="utf-8")
        ...     corpus = "id,title,text\nd,환불,일주일 안에 됩니다.\n"
        ...     _ = (here / "corpus.csv").write_text(corpus, encoding="utf-8")
        ...     _ = (here / "qrels" / "test.txt").write_text("q 0 d 1\n", encoding="utf-8")
        ...     found = read_retrieval(folder)
        >>> found.queries, found.corpus, found.qrels
        ({'q': '환불 기한'}, {'d': '환불 일주일 안에 됩니다.'}, {'q': {'d': 1}})
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder", fix="check the path")
    qrels = _only_file(folder, f"qrels/{split}", (".tsv", *_TREC))
    queries_file = _only_file(folder, "queries", _TABLES)
    corpus_file = _only_file(folder, "corpus", _TABLES)
    queries = _read_texts(queries_file, encoding)
    corpus = _read_texts(corpus_file, encoding)
    right: dict[str, dict[str, int]] = {}
    judged: dict[tuple[str, str], int] = {}
    for place, query, document, cell in _judgements(qrels, encoding):
        _check_id(query, queries, place=place, file=queries_file, what="query")
        _check_id(document, corpus, place=place, file=corpus_file, what="document")
        grade = _grade(cell, place)
        before = judged.setdefault((query, document), grade)
        if before != grade:
            raise DataError(
                f"{place}: query {query!r} and document {document!r} are judged twice",
                found=f"grade {grade}, and {before} before",
                fix="keep one of the two",
            )
        if grade > 0:
            right.setdefault(query, {})[document] = grade
    if not right:
        raise DataError(
            f"{qrels}: no query has a right document",
            found=counted(len(judged), "judgement"),
            fix="grades of 1 and more for right documents",
        )
    asked = {query: text for query, text in queries.items() if query in right}
    return RetrievalSet(
        folder.resolve().name, asked, corpus, {query: right[query] for query in asked}
    )


def pairs_to_retrieval(name: str, pairs: Sequence[Pair]) -> RetrievalSet:
    """Makes a retrieval set of texts that belong together: anchors look for positives.

    Equal texts become one query or one document, so that a query that stands in several
    pairs has all of their documents as right ones. Pairs with a blank text are left out.

    Args:
        name: What results call it.
        pairs: Such as a title and its body, or a question and its answer.

    Returns:
        The set, ids q1, q2, … and d1, d2, … in the order of first appearance, grades 1.

    Raises:
        InputError: No pair has two texts.

    Example:
        >>> from munjang.data.rows import Pair
        >>> pairs = [Pair("환불", "일주일 안에 됩니다."), Pair("환불", "영수증이 필요합니다.")]
        >>> pairs_to_retrieval("물음", pairs).qrels
        {'q1': {'d1': 1, 'd2': 1}}
    """
    queries: dict[str, str] = {}
    documents: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    for pair in pairs:
        if pair.anchor.strip() and pair.positive.strip():
            query = queries.setdefault(pair.anchor, f"q{len(queries) + 1}")
            document = documents.setdefault(pair.positive, f"d{len(documents) + 1}")
            qrels.setdefault(query, {})[document] = 1
    if not qrels:
        raise InputError(
            f"{name}: nothing to look for",
            found=counted(len(pairs), "pair"),
            fix="pairs of two texts",
        )
    return RetrievalSet(name, _by_id(queries), _by_id(documents), qrels)


def _by_id(ids: Mapping[str, str]) -> dict[str, str]:
    return {number: text for text, number in ids.items()}


def _only_file(folder: Path, stem: str, suffixes: Sequence[str]) -> Path:
    """The one file of that stem; both none and several are errors."""
    plain = [folder / f"{stem}{suffix}" for suffix in suffixes]
    zipped = [path.with_name(f"{path.name}.gz") for path in plain if path.suffix != ".parquet"]
    found = [path for path in (*plain, *zipped) if path.is_file()]
    if len(found) == 1:
        return found[0]
    beside = plain[0].parent
    here = sorted(path.name for path in beside.iterdir()) if beside.is_dir() else []
    raise DataError(
        f"{folder}: {'more than one file' if found else 'no file'} {stem} that can be read",
        found=", ".join([path.name for path in found] or here[:9]) or "nothing",
        fix=f"one of {', '.join(path.name for path in plain)}",
    )


def _read_texts(path: Path, encoding: str) -> dict[str, str]:
    """The texts of a table by their ids, a title joined in front."""
    texts: dict[str, str] = {}
    columns = ["_id", "id", "title", "text"]
    optional = {"_id", "id", "title"}
    for place, cells in iter_records(path, columns, optional=optional, encoding=encoding):
        if cells is None:
            continue
        name = _id(cells[:2], place)
        if name in texts:
            raise DataError(f"{place}: the id {name!r} stands there twice", fix="rename one")
        parts = [
            check_text(cell, place=place, column=column)
            for column, cell in zip(columns[2:], cells[2:], strict=True)
            if cell is not None
        ]
        texts[name] = " ".join(part for part in parts if part.strip())
        if not texts[name]:
            raise DataError(f"{place}: {name!r} has no text", fix="fill the cell or delete the row")
    return texts


def _id(cells: Sequence[Any], place: str) -> str:
    name = next((cell for cell in cells if cell is not None), None)
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    if not isinstance(name, str) or not name.strip():
        raise DataError(
            f"{place}: no id",
            found=shorten(name),
            fix="a column id or _id, filled in every row",
        )
    return name


def _judgements(path: Path, encoding: str) -> Iterator[tuple[str, str, str, str]]:
    """Place, query id, document id and grade of each judgement, as they stand."""
    if path.name.removesuffix(".gz").endswith(".tsv"):
        for place, cells in iter_records(path, _QRELS_COLUMNS, encoding=encoding):
            if cells is not None:
                yield place, *cells
        return
    for number, line in enumerate(iter_lines(path, encoding=encoding), start=1):
        place = f"{path}:{number}"
        cells = tuple(line.split())
        if len(cells) == 4:
            yield place, cells[0], cells[2], cells[3]
        elif cells:
            raise DataError(
                f"{place}: not a judgement",
                found=shorten(line),
                fix="query, 0, document and grade, with spaces between them",
            )


def _check_id(name: str, known: Mapping[str, str], *, place: str, file: Path, what: str) -> None:
    if name not in known:
        raise DataError(
            f"{place}: no {what} {name!r} in {file.name}",
            found=counted(len(known), "other id"),
            fix="add it there, or delete the line",
        )


def _grade(cell: str, place: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(cell):
        raise DataError(
            f"{place}: the grade is not a whole number",
            found=shorten(cell),
            fix="0 for wrong, 1 and more for right",
        )
    return int(cell)
