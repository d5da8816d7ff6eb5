"""Readers of texts that belong together: a sentence and its translation, a title and its body."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from munjang.data.lines import cut_terminator, iter_lines, shorten
from munjang.data.records import iter_records
from munjang.data.rows import Pair
from munjang.data.tables import check_text, make_row
from munjang.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def read_bitext(path: str | Path, translation: str | Path) -> list[Pair]:
    r"""Reads two files whose lines translate each other, such as those of FLORES-200.

    Args:
        path: The sentences, one a line.
        translation: Their translations, line by line.

    Returns:
        The pairs in file order, the sentence as the anchor.

    Raises:
        DataError: A file cannot be read or has a blank line, or one of them ends early.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     korean, english = Path(folder, "ko.txt"), Path(folder, "en.txt")
        ...     _ = korean.write_text("비가 온다.\n", encoding="utf-8")
        ...     _ = english.write_text("It rains.\n", encoding="utf-8")
        ...     read_bitext(korean, english)
        [Pair(anchor='비가 온다.', positive='It rains.')]
    """
    pairs = []
    both = itertools.zip_longest(iter_lines(path), iter_lines(translation))
    for number, lines in enumerate(both, start=1):
        texts = []
        for file, line in zip((path, translation), lines, strict=True):
            if line is None or not line.strip():
                raise DataError(
                    f"{file}:{number}: no sentence where the other file may have one",
                    found="the end of the file" if line is None else "a blank line",
                    fix="two files of equally many lines, none of them blank",
                )
            texts.append(cut_terminator(line))
        pairs.append(Pair(texts[0], texts[1]))
    return pairs


def read_anki(path: str | Path) -> list[Pair]:
    """Reads a vocabulary file of manythings.org/anki: English, Korean, attribution.

    Args:
        path: The file, three tab-separated cells a line, no header.

    Returns:
        The pairs in file order, the Korean sentence as the anchor.

    Raises:
        DataError: A line without three cells, or with an empty sentence.
    """
    pairs = []
    for number, line in enumerate(iter_lines(path), start=1):
        cells = cut_terminator(line).split("\t")
        if len(cells) != 3:
            raise DataError(
                f"{path}:{number}: not a line of English, Korean and attribution",
                found=shorten(cells),
                fix="fetch the file again",
            )
        columns = ("Korean", "English")
        pair = make_row(Pair, (cells[1], cells[0]), place=f"{path}:{number}", columns=columns)
        pairs.append(pair)
    return pairs


def read_petitions(path: str | Path, *others: str | Path) -> list[Pair]:
    """Reads petitions: title and content of each, one JSON object a line.

    Petitions whose content is empty stay in, so that the counts are the published ones.

    Args:
        path: A month's file, such as petitions_2017-08.
        others: Further months.

    Returns:
        The pairs in the order of the files, the title as the anchor.

    Raises:
        DataError: As `munjang.data.tables.read_rows`, except for empty contents.
    """
    columns = ("title", "content")
    pairs = []
    for month in (path, *others):
        for place, cells in iter_records(month, columns, kind="jsonl"):
            if cells is not None:
                title, content = (
                    check_text(cell, place=place, column=column)
                    for cell, column in zip(cells, columns, strict=True)
                )
                pairs.append(Pair(title, content))
    return pairs
