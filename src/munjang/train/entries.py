"""What `use` names: a split of a known data set or a file, read and told apart by content."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from munjang.data.catalog import find_split, load_groups, load_rows, locate
from munjang.data.known import DATASETS
from munjang.data.records import column_names, table_kind
from munjang.data.rows import LabeledPair, NliLabel, Pair, Row, ScoredPair, Sentence, Triplet
from munjang.data.tables import SentenceFile, read_rows
from munjang.errors import DataError, InputError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.train.recipe import DataPart

Content = Literal[
    "graded pairs",
    "inference pairs",
    "pairs judged same or different",
    "inference pairs among pairs judged same or different",
    "groups of paraphrases",
    "triplets",
    "pairs that belong together",
    "single sentences",
]
"""What an entry holds, in the words of errors."""

SENTENCES = frozenset({"dropout", "denoise", "distill"})
"""Objectives that are trained on single sentences."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `use`.

    Attributes:
        ref: As the recipe names it.
        path: Its file.
        known: Whether it is a split of a known data set.
        rows: Its rows as they stand, of one type, at least one.
        content: What they are.
        groups: Its paraphrases group by group, where it is made of such.
        blank: Blank lines of a text file, left out.
    """

    ref: str
    path: Path
    known: bool
    rows: Sequence[Row]
    content: Content
    groups: Sequence[tuple[str, ...]] = ()
    blank: int = 0


def read_entry(
    ref: str, part: DataPart, *, insist: Sequence[str] = (), data_dir: Path | None = None
) -> Entry:
    """Reads an entry of `use`; a file's columns and objective tell what is read from it.

    Args:
        ref: NAME:SPLIT, or the path of a file.
        part: The data set of the recipe.
        insist: Never-train splits that may be trained on.
        data_dir: A folder that has the known data sets.

    Raises:
        DataError: A file cannot be read, is not the published one, or holds no row.
        InputError: Neither a known data set nor a file, or kept for measuring.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    if Path(ref).exists():
        return _read_file(ref, part)
    name, split = split_ref(ref)
    if find_split(name, split).never_train and ref not in insist:
        raise InputError(
            f"{ref} is kept for measuring: for a model trained on it, its scores mean nothing",
            fix=f'another split; or insist = ["{ref}"] in the recipe (--set insist={ref})',
        )
    rows = load_rows(name, split, data_dir=data_dir)
    content = content_of(rows)
    groups: Sequence[tuple[str, ...]] = ()
    if content == "single sentences" and _dataset_is_grouped(name):
        content, groups = "groups of paraphrases", load_groups(name, split, data_dir=data_dir)
    path = locate(name, split, data_dir=data_dir)
    return Entry(ref, path, known=True, rows=rows, content=content, groups=groups)


def split_ref(ref: str) -> tuple[str, str]:
    """Cuts the NAME:SPLIT of a known data set in two; the split is not looked for.

    Raises:
        InputError: No known data set; the error names the nearest one or the nearest file.

    Example:
        >>> split_ref("korsts:train")
        ('korsts', 'train')
    """
    name, colon, split = ref.partition(":")
    refs = [f"{known.name}:{split.name}" for known in DATASETS for split in known.splits]
    own = [each for each in refs if each.startswith(f"{name}:")]
    if own and not colon:
        raise InputError(f"{ref} is a data set: name a split of it", fix=", ".join(own))
    if not own:
        folder = Path(ref).parent
        beside = [str(path) for path in sorted(folder.iterdir())] if folder.is_dir() else []
        near = difflib.get_close_matches(ref, [*refs, *beside], n=1)
        raise InputError(
            f"{ref} is neither a known data set nor a file",
            fix=f"did you mean {near[0]!r}?" if near else "NAME:SPLIT, such as korsts:train",
        )
    return name, split


def content_of(rows: Sequence[Row]) -> Content:
    """Tells what rows of one type, at least one, are.

    Example:
        >>> content_of([LabeledPair("비가 온다", "비 온다", "same")])
        'pairs judged same or different'
    """
    names: dict[type[Row], Content] = {
        ScoredPair: "graded pairs",
        Triplet: "triplets",
        Pair: "pairs that belong together",
        Sentence: "single sentences",
    }
    if type(rows[0]) in names:
        return names[type(rows[0])]
    labels = {row.label for row in rows if isinstance(row, LabeledPair)}
    if labels <= set(get_args(NliLabel)):
        return "inference pairs"
    if labels & set(get_args(NliLabel)):
        return "inference pairs among pairs judged same or different"
    return "pairs judged same or different"


def _dataset_is_grouped(name: str) -> bool:
    return any(known.grouped for known in DATASETS if known.name == name)


def _read_file(ref: str, part: DataPart) -> Entry:
    rows: Sequence[Row]
    blank = 0
    if part.objective in SENTENCES:
        wrong = next((field for field in part.columns if field != "text"), None)
        if wrong is not None:
            raise unknown_name("field of Sentence", wrong, ["text"])
        column = part.columns.get("text", "text" if table_kind(ref) else None)
        sentences = SentenceFile(ref, encoding=part.encoding, column=column)
        rows = [Sentence(text) for text in sentences]
        blank = sentences.blank
    else:
        kind = _row_type(ref, part)
        rows = read_rows(ref, kind, columns=part.columns, encoding=part.encoding)
    if not rows:
        raise DataError(f"{ref} holds no rows", fix="name a file that does")
    return Entry(ref, Path(ref), known=False, rows=rows, content=content_of(rows), blank=blank)


def _row_type(ref: str, part: DataPart) -> type[Row]:
    """What a table is read as: for contrastive training its columns decide."""
    if part.objective != "contrastive":
        return LabeledPair if part.objective == "softmax" else ScoredPair
    kind = table_kind(ref)
    header = column_names(ref, kind=kind, encoding=part.encoding) if kind else []

    def has(*fields: str) -> bool:
        return all(part.columns.get(field, field) in header for field in fields)

    mapped = part.columns.keys()
    if kind is None or mapped & {"anchor", "positive", "negative"} or has("anchor", "positive"):
        return Triplet if "negative" in mapped or has("negative") else Pair
    if has("sentence1", "sentence2", "label"):
        return LabeledPair
    if has("sentence1", "sentence2", "score"):
        return ScoredPair
    raise DataError(
        f"{ref}: no columns that contrastive training knows",
        found=f"columns {', '.join(map(repr, header))}" if any(header) else "no header",
        fix="anchor, positive (and negative), or sentence1, sentence2, label; or map columns",
    )
