"""A data set of a recipe to typed rows: made what the objective wants, and checked."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.data.catalog import load_rows
from munjang.data.draw import draw_rows
from munjang.data.leaks import drop_leaks, find_groups_in_pairs
from munjang.data.prepare import drop_duplicates, groups_to_pairs, nli_to_triplets
from munjang.data.rows import LabeledPair, Pair, Row, ScoredPair, Sentence, Triplet
from munjang.data.tables import read_rows
from munjang.errors import InputError, MunjangWarning
from munjang.files import hash_file
from munjang.train.entries import SENTENCES, Content, content_of, read_entry, split_ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from munjang.train.entries import Entry
    from munjang.train.recipe import DataPart

_TEACHES: Mapping[Content, tuple[str, ...]] = {
    "graded pairs": ("cosent", "cosine", "angle"),
    "inference pairs": ("softmax", "contrastive"),
    "pairs judged same or different": ("contrastive",),
    "groups of paraphrases": ("contrastive",),
    "triplets": ("contrastive",),
    "pairs that belong together": ("contrastive",),
    "single sentences": ("dropout", "denoise", "distill"),
}
"""The objectives that learn from what; those of sentences learn from everything."""


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a data set of a recipe, and where they come from.

    Attributes:
        rows: What is trained on, of one type.
        files: The SHA-256 of each entry of `use`, or of rows that were made, by what of.
        dropped: Why rows were dropped, and how many: "empty", "identical", "duplicate",
            "held out", "of a held-out group". What did not happen is not there.
        made: What else a record says of rows that were made.
        same: Texts of groups of paraphrases, each with one that stands for its group, by which
            a batch is kept from holding a group twice. Groups that share a text are one.
    """

    rows: list[Row]
    files: Mapping[str, str]
    dropped: Mapping[str, int]
    made: Mapping[str, Any] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)


def read_source(
    name: str,
    part: DataPart,
    *,
    held_out: Sequence[Row],
    insist: Sequence[str] = (),
    seed: int,
    data_dir: Path | None = None,
) -> Source:
    r"""Reads a data set of a recipe into rows that its objective learns from.

    softmax wants inference pairs; cosine, cosent and angle want scored pairs. contrastive
    wants triplets or pairs: those of a file, triplets of inference pairs by
    `part.triplets` ("random" takes each entry of `use` by itself, as published), pairs
    judged "same", or pairs of a group of paraphrases, `part.per_group` of each. dropout,
    denoise and distill want sentences: the lines of a text file, the column text of a
    table, or the distinct texts of a known data set.

    Dropped and counted are rows with an empty text, contrastive rows that say one text
    twice, duplicates, and what also stands in `held_out`, letters and digits compared: the
    pair, for sentences the sentence, and of groups of paraphrases every group with a text
    that stands there. A sentence that is held out by itself takes with it every row that has it.

    Args:
        name: What the recipe calls the data set, for errors.
        part: The data set.
        held_out: What the run is chosen by and measured on.
        insist: Never-train splits that are trained on all the same; their pairs are not
            dropped for being held out.
        seed: Of the draws of `part.rows`, `part.per_group` and "random" triplets.
        data_dir: A folder that has the known data sets.

    Returns:
        The rows in the order of `part.use` and of the files, triplets of inference pairs
        last; `part.rows` of them, if there are more.

    Raises:
        DataError: A file cannot be read, or is not the published one.
        InputError: An entry of `use` is neither a known data set nor a file, is kept for
            measuring, or is not what the objective wants; `part.per_group` without groups of
            paraphrases; nothing can be learned from the rows that are left.
        NetworkError: The data is nowhere and cannot be fetched.

    Example:
        >>> import tempfile
        >>> from munjang.train.recipe import DataPart
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "글.txt")
        ...     _ = path.write_text("비가 온다.\n눈이 온다.\n비가 온다.\n", encoding="utf-8")
        ...     part = DataPart(objective="dropout", use=(str(path),))
        ...     source = read_source("글", part, held_out=[], seed=1)
        >>> [row.text for row in source.rows], source.dropped
        (['비가 온다.', '눈이 온다.'], {'duplicate': 1})
    """
    place = f"[data.{name}]"
    entries = [read_entry(ref, part, insist=insist, data_dir=data_dir) for ref in part.use]
    _check_entries(place, part, entries)
    insisted = [row for entry in entries if entry.ref in insist for row in entry.rows]
    held = drop_leaks(held_out, insisted, letters_only=True)
    dropped = {"empty": sum(entry.blank for entry in entries)}
    rows: list[Row]
    if part.objective in SENTENCES:
        rows = [Sentence(text) for entry in entries for row in entry.rows for text in texts_of(row)]
    elif part.objective == "contrastive":
        rows, dropped["of a held-out group"] = _contrast(place, part, entries, held, seed)
    else:
        rows = [row for entry in entries for row in entry.rows]
    rows = _drop(rows, part, held, dropped)
    dropped = {reason: count for reason, count in dropped.items() if count}
    rows = _draw(place, rows, part.rows, seed)
    _check_rows(place, part, rows, dropped)
    files = {entry.ref: hash_file(entry.path) for entry in entries}
    same = _one_for_all(group for entry in entries for group in entry.groups)
    return Source(rows, files, dropped, same=same)


def read_scored(
    ref: str, *, columns: Mapping[str, str] | None = None, data_dir: Path | None = None
) -> list[ScoredPair]:
    """Reads scored pairs to measure on.

    Args:
        ref: NAME:SPLIT of a known data set or STS task (such as
            "klue-sts:dev-without-parakqc"), or a file.
        columns: A file's column for sentence1, sentence2 or score, where the names differ.
        data_dir: A folder that has the known data sets.

    Returns:
        The pairs in file order, at least two different scores among them.

    Raises:
        DataError: A file cannot be read, or is not the published one.
        InputError: Neither a known data set nor a file; no scored pairs, or pairs on which
            a correlation is undefined.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    rows: Sequence[Row]
    if Path(ref).exists():
        rows = read_rows(ref, ScoredPair, columns=columns)
    else:
        from munjang.evaluate.tasks import STS_TASKS, load_task

        name, split = split_ref(ref)
        if name in STS_TASKS and split in STS_TASKS[name].splits:
            rows = load_task(name, split=split, data_dir=data_dir)
        else:
            rows = load_rows(name, split, data_dir=data_dir)
    pairs = [row for row in rows if isinstance(row, ScoredPair)]
    if len(pairs) < len(rows):
        raise InputError(
            f"{ref} has no scores to measure by",
            found=content_of(rows),
            fix="scored pairs, such as korsts:dev",
        )
    if len({pair.score for pair in pairs}) < 2:
        same = f", each scored {pairs[0].score:g}" if pairs else ""
        raise InputError(
            f"{ref} cannot be measured on: a correlation needs two different scores",
            found=f"{len(pairs)} pairs{same}",
        )
    return pairs


def _check_entries(place: str, part: DataPart, entries: Sequence[Entry]) -> None:
    if not entries:
        raise InputError(f"{place} names no data", fix='use = ["korsts:train"], or your file')
    if part.columns and all(entry.known for entry in entries):
        raise InputError(
            f"{place} maps columns but uses no file",
            found=f"use = {', '.join(part.use)}",
            fix="leave columns out: known data sets need none",
        )
    for entry in entries:
        teaches = _TEACHES.get(entry.content, ())
        if part.objective not in (*teaches, *SENTENCES):
            raise InputError(
                f"{entry.ref} is not for the objective {part.objective}",
                found=entry.content,
                fix=" or ".join(teaches) if teaches else "one kind of labels a file",
            )
    if part.per_group is not None and not any(entry.groups for entry in entries):
        raise InputError(
            f"{place} draws per_group = {part.per_group} but uses no groups of paraphrases",
            found="; ".join(f"{entry.ref}: {entry.content}" for entry in entries),
            fix="no per_group (rows draws of anything), or groups, such as parakqc:all",
        )


def _contrast(
    place: str, part: DataPart, entries: Sequence[Entry], held: Sequence[Row], seed: int
) -> tuple[list[Row], int]:
    """Triplets or pairs, and how many pairs the groups with a held-out text would have given."""
    rows: list[Row] = []
    inference: list[list[LabeledPair]] = []
    lost = 0
    for entry in entries:
        labelled = [row for row in entry.rows if isinstance(row, LabeledPair)]
        if entry.content == "inference pairs":
            inference.append(labelled)
        elif entry.content == "pairs judged same or different":
            rows += [Pair(row.sentence1, row.sentence2) for row in labelled if row.label == "same"]
        elif entry.content == "groups of paraphrases":
            leaking = set(find_groups_in_pairs(entry.groups, held, letters_only=True))
            kept = [group for n, group in enumerate(entry.groups) if n not in leaking]
            pairs = groups_to_pairs(kept, per_group=part.per_group, seed=seed)
            lost += len(groups_to_pairs(entry.groups, per_group=part.per_group)) - len(pairs)
            rows += pairs
        else:
            rows += entry.rows
    if part.triplets != "random":
        inference = [[row for labelled in inference for row in labelled]]
    for labelled in inference:
        rows += nli_to_triplets(labelled, way=part.triplets, seed=seed)
    if len({type(row) for row in rows}) > 1:
        raise InputError(
            f"{place} holds triplets and pairs, but a batch is of one kind",
            found="; ".join(f"{entry.ref}: {entry.content}" for entry in entries),
            fix="a [data.NAME] table for each kind",
        )
    return rows, lost


def _one_for_all(groups: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Each text with one that stands for its group; groups that share a text are one."""
    above: dict[str, str] = {}

    def top(text: str) -> str:
        while above.setdefault(text, text) != text:
            text = above[text]
        return text

    for group in groups:
        first = top(group[0])
        for text in group:
            above[top(text)] = first
    return {text: top(text) for text in above}


def _drop(
    rows: list[Row], part: DataPart, held: Sequence[Row], dropped: dict[str, int]
) -> list[Row]:
    """Drops what teaches nothing or leaks, and adds how many rows that were to `dropped`."""

    def filled(rows: list[Row]) -> list[Row]:
        return [row for row in rows if all(text.strip() for text in texts_of(row))]

    def distinct(rows: list[Row]) -> list[Row]:
        return [row for row in rows if len(set(texts_of(row))) == len(texts_of(row))]

    def unseen(rows: list[Row]) -> list[Row]:
        if part.objective in SENTENCES:
            return drop_leaks(rows, held, by="sentence", letters_only=True)
        alone = [row for row in held if isinstance(row, Sentence)]
        rows = drop_leaks(rows, held, letters_only=True)
        return drop_leaks(rows, alone, by="sentence", letters_only=True)

    steps: list[tuple[str, Callable[[list[Row]], list[Row]]]] = [
        ("empty", filled),
        ("identical", distinct if part.objective == "contrastive" else list),
        ("duplicate", drop_duplicates),
        ("held out", unseen),
    ]
    for reason, keep in steps:
        kept = keep(rows)
        dropped[reason] = dropped.get(reason, 0) + len(rows) - len(kept)
        rows = kept
    return rows


def _draw(place: str, rows: list[Row], wanted: int | None, seed: int) -> list[Row]:
    if wanted is None or wanted == len(rows):
        return rows
    if wanted > len(rows):
        warnings.warn(
            f"{place} asks for {wanted:,} rows and has {len(rows):,}: all are used",
            MunjangWarning,
            stacklevel=3,
        )
        return rows
    return draw_rows(rows, wanted, seed=seed)


def _check_rows(
    place: str, part: DataPart, rows: Sequence[Row], dropped: Mapping[str, int]
) -> None:
    if len(rows) < 2:
        why = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
        raise InputError(
            f"{place} leaves fewer than 2 rows to train on",
            found=f"{len(rows)} of {', '.join(part.use)}" + f"; dropped {why}" * bool(why),
            fix=f"more data for the objective {part.objective}",
        )
    labels = {row.label for row in rows if isinstance(row, LabeledPair)}
    scores = {row.score for row in rows if isinstance(row, ScoredPair)}
    if len(labels) == 1:
        raise InputError(
            f"{place} has one class only: there is nothing to tell apart",
            found=f"{len(rows):,} rows labelled {labels.pop()!r}",
        )
    if len(scores) == 1:
        raise InputError(
            f"{place} has one score only: there is nothing to learn",
            found=f"{len(rows):,} rows scored {scores.pop():g}",
        )


def texts_of(row: Row) -> tuple[str, ...]:
    """The texts of a row, in the order of its fields."""
    if isinstance(row, Sentence):
        return (row.text,)
    if isinstance(row, Pair):
        return (row.anchor, row.positive)
    if isinstance(row, Triplet):
        return (row.anchor, row.positive, row.negative)
    return (row.sentence1, row.sentence2)
