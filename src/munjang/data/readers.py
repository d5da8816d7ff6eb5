"""The published data sets' own formats: one reader each, typed rows by column name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from munjang.data.lines import cut_terminator, iter_lines, shorten
from munjang.data.records import find_columns, iter_records
from munjang.data.rows import LabeledPair, NliLabel, ScoredPair, Sentence
from munjang.data.tables import R, check_label, make_row, read_rows
from munjang.errors import DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GROUP_SIZE = 10
"""How many paraphrases a group of ParaKQC and of StyleKQC has."""

KLUE_NLI_TRAIN_ROWS = 24_998
"""Where the dev set begins in the contest's csv copy of KLUE-NLI."""

_KLUE_NLI_ALL_ROWS = 27_998


def read_korsts(path: str | Path) -> list[ScoredPair]:
    r"""Reads a KorSTS file: tab-separated, quotes are text, columns found by the header.

    Args:
        path: sts-train.tsv, sts-dev.tsv or sts-test.tsv of KorNLUDatasets.

    Returns:
        The pairs in file order, scores in [0, 5].

    Raises:
        DataError: As `munjang.data.tables.read_rows`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "sts.tsv")
        ...     text = 'score\tsentence1\tsentence2\n4.2\t"네"라고 했다.\t그렇다고 했다.\n'
        ...     _ = path.write_text(text, encoding="utf-8")
        ...     read_korsts(path)
        [ScoredPair(sentence1='"네"라고 했다.', sentence2='그렇다고 했다.', score=4.2)]
    """
    return read_rows(path, ScoredPair, kind="tsv")


def read_kornli(path: str | Path) -> list[LabeledPair]:
    """Reads a KorNLI or XNLI-ko file: tab-separated, quotes are text.

    A sentence that the machine translation left empty stays in, so that the counts are
    the published ones.

    Args:
        path: snli_1.0_train.ko.tsv, multinli.train.ko.tsv, xnli.dev.ko.tsv or
            xnli.test.ko.tsv of KorNLUDatasets (columns sentence1, sentence2, gold_label).

    Returns:
        The pairs in file order, each labelled with an `NliLabel`.

    Raises:
        DataError: As `munjang.data.tables.read_rows`, except for empty sentences.
    """
    columns = ["sentence1", "sentence2", "gold_label"]
    labels = get_args(NliLabel)
    return [
        LabeledPair(
            cells[0], cells[1], check_label(cells[2], place=place, column=columns[2], known=labels)
        )
        for place, cells in iter_records(path, columns, kind="tsv")
        if cells is not None
    ]


def read_klue_sts(
    path: str | Path, *, score: Literal["label", "real-label"] | None = None
) -> list[ScoredPair]:
    """Reads KLUE-STS: the official json, or the csv copy (sentence1, sentence2, label).

    The published dev figures are measured on the json's `labels.label`, which is
    `labels.real-label` rounded to one decimal (51 distinct values, hence more ties). The
    csv copies hold the real-label alone, under the name label.

    Args:
        path: A .json or .csv file.
        score: Which of the two; None for "label" from json, "real-label" from csv.

    Returns:
        The pairs in file order, scores in [0, 5].

    Raises:
        DataError: The file is not what its name says; the error names the line, or the
            entry of the json, counted from 1.
        InputError: "label" from a csv copy.
    """
    if _is_json(path):
        columns = ["sentence1", "sentence2", score or "label"]
        rows = []
        for place, entry in _entries(path):
            labels = entry.get("labels")
            flat = {**entry, **labels} if isinstance(labels, dict) else entry
            rows.append(_row_of(ScoredPair, flat, columns, place=place))
        return rows
    if score == "label":
        raise InputError(
            f"{path}: the csv copy of KLUE-STS holds the real-label alone",
            fix='score="real-label", or the official json',
        )
    return read_rows(path, ScoredPair, columns={"score": "label"}, kind="csv")


def read_klue_nli(
    path: str | Path, *, part: Literal["train", "dev", "all"] | None = None
) -> list[LabeledPair]:
    """Reads KLUE-NLI: the official json, or the contest's CP949 csv copy.

    The csv holds the 24,998 train rows, shuffled, and then the 3,000 dev rows, which must
    not be trained on; so it is read only by part. CP949 lost a few characters in it.

    Args:
        path: A .json or .csv file.
        part: Which part of the csv; must be None for json, which is one part.

    Returns:
        The pairs (premise, hypothesis) in file order, labelled with an `NliLabel`.

    Raises:
        DataError: The file is not what its name says; the error names the line, or the
            entry of the json, counted from 1.
        InputError: `part` missing for a csv, or given for a json.
    """
    if _is_json(path):
        if part is not None:
            raise InputError(f"{path}: a KLUE json is one part", fix="leave part out")
        columns = ["premise", "hypothesis", "gold_label"]
        return [_row_of(LabeledPair, e, columns, place=place) for place, e in _entries(path)]
    if part is None:
        raise InputError(
            f"{path} holds train and dev rows", fix='say which: part="train", "dev" or "all"'
        )
    columns_of = {"sentence1": "premise", "sentence2": "hypothesis"}
    rows = read_rows(path, LabeledPair, columns=columns_of, encoding="cp949", kind="csv")
    if part == "all":
        return rows
    if len(rows) != _KLUE_NLI_ALL_ROWS:
        raise DataError(
            f"{path}: cannot tell where dev begins: expected {_KLUE_NLI_ALL_ROWS} rows",
            found=f"{len(rows)} rows",
            fix='read it with part="all" and cut it yourself',
        )
    return rows[:KLUE_NLI_TRAIN_ROWS] if part == "train" else rows[KLUE_NLI_TRAIN_ROWS:]


def read_parakqc(path: str | Path) -> list[tuple[str, ...]]:
    """Reads ParaKQC: groups of ten paraphrases on consecutive lines.

    Args:
        path: paraKQC_v1.txt (topic, speech act, sentence; tab-separated, no header).

    Returns:
        The groups in file order, ten sentences each; a group's number is its index.

    Raises:
        DataError: A line without three cells, or a group that is not ten lines of one
            topic and act.
    """
    rows: list[tuple[str, str, str]] = []
    for number, line in enumerate(iter_lines(path), start=1):
        cells = cut_terminator(line).split("\t")
        if len(cells) != 3 or not cells[2].strip():
            raise DataError(
                f"{path}:{number}: not a line of topic, speech act and sentence",
                found=shorten(cells),
                fix="fetch the file again",
            )
        rows.append((f"{path}:{number}", f"{cells[0]}/{cells[1]}", cells[2]))
    return _group(rows)


def read_group_numbers(path: str | Path) -> list[int]:
    """Reads a list of 0-based group numbers, one a line, such as groups_in_klue_sts_dev.txt.

    Args:
        path: A text file.

    Returns:
        The numbers in file order.

    Raises:
        DataError: A line that is not a whole number from 0.
    """
    numbers = []
    for number, line in enumerate(iter_lines(path), start=1):
        text = line.strip()
        if not (text.isascii() and text.isdigit()):
            raise DataError(
                f"{path}:{number}: not a group number",
                found=shorten(text),
                fix="write one 0-based number a line",
            )
        numbers.append(int(text))
    return numbers


def read_stylekqc(path: str | Path) -> list[tuple[str, ...]]:
    """Reads StyleKQC: groups of ten paraphrases, formal and informal, on consecutive lines.

    Args:
        path: A tsv of the folder act/ or topic/; both hold the same sentences.

    Returns:
        The groups in file order, ten sentences each.

    Raises:
        DataError: As `munjang.data.tables.read_rows`, or a group that is not ten lines of
            one act or topic.
    """
    kind = "topic" if Path(path).parent.name == "topic" else "act"
    rows = []
    for place, cells in iter_records(path, ["sentence", kind], kind="tsv"):
        if cells is not None:
            row = make_row(Sentence, cells, place=place, columns=["sentence", kind])
            rows.append((place, str(row.label), row.text))
    return _group(rows)


def read_stylekqc_sts(path: str | Path) -> list[LabeledPair]:
    """Reads sts/dev.tsv of StyleKQC: pairs labelled "same" (similarity 1) or "different" (0).

    Args:
        path: The file (columns similarity, sentence1, sentence2).

    Returns:
        The pairs in file order.

    Raises:
        DataError: As `munjang.data.tables.read_rows`.
    """
    columns = ["sentence1", "sentence2", "similarity"]
    return list(_judged(path, columns, {"1": "same", "0": "different"}))


def read_question_pair(path: str | Path) -> list[LabeledPair]:
    """Reads Question_pair: pairs labelled "same" or "different".

    The column is_duplicate is 0 for the SAME meaning and 1 for a DIFFERENT one, against
    its name. About one "same" pair in six is one string twice.

    Args:
        path: train.txt, validation.txt or test.txt (tab-separated with a header).

    Returns:
        The pairs in file order.

    Raises:
        DataError: As `munjang.data.tables.read_rows`.
    """
    columns = ["question1", "question2", "is_duplicate"]
    return list(_judged(path, columns, {"0": "same", "1": "different"}))


def read_nsmc(path: str | Path) -> list[Sentence]:
    """Reads Naver movie reviews: reviews.tsv.gz (review_id, movie_id, rating, review).

    Args:
        path: The file, gzipped or not.

    Returns:
        The reviews in file order, the rating "1" to "10" as their label.

    Raises:
        DataError: As `munjang.data.tables.read_rows`.
    """
    return read_rows(path, Sentence, columns={"text": "review", "label": "rating"}, kind="tsv")


def _is_json(path: str | Path) -> bool:
    return Path(path).suffix.lower() == ".json"


def _entries(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        entries = json.loads("".join(iter_lines(path)))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{path} is not JSON", found=str(error), fix="fetch it again") from None
    if not isinstance(entries, list):
        raise DataError(
            f"{path} is not a list of entries", found=shorten(entries), fix="fetch it again"
        )
    for number, entry in enumerate(entries, start=1):
        place = f"{path}, entry {number}"
        if not isinstance(entry, dict):
            raise DataError(f"{place}: not an object", found=shorten(entry), fix="fetch it again")
        yield place, entry


def _row_of(row_type: type[R], entry: dict[str, Any], columns: list[str], *, place: str) -> R:
    find_columns(list(entry), columns, place=place)
    cells = [entry[column] for column in columns]
    return make_row(row_type, cells, place=place, columns=columns)


def _group(rows: list[tuple[str, str, str]]) -> list[tuple[str, ...]]:
    groups = []
    for start in range(0, len(rows), GROUP_SIZE):
        group = rows[start : start + GROUP_SIZE]
        if len(group) < GROUP_SIZE or len({label for _, label, _ in group}) > 1:
            raise DataError(
                f"{group[0][0]}: not a group of {GROUP_SIZE} lines of one kind",
                found=f"{len(group)} lines, kinds {sorted({label for _, label, _ in group})}",
                fix="fetch the file again",
            )
        groups.append(tuple(text for _, _, text in group))
    return groups


def _judged(
    path: str | Path, columns: list[str], meaning: Mapping[str, str]
) -> Iterator[LabeledPair]:
    for place, cells in iter_records(path, columns, kind="tsv"):
        if cells is None:
            continue
        judged = check_label(cells[2], place=place, column=columns[2], known=meaning)
        pair = (cells[0], cells[1], meaning[judged])
        yield make_row(LabeledPair, pair, place=place, columns=columns)
