"""All data of a recipe: read, labelled by a teacher where one is asked for, tokenised."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.data.catalog import find_dataset
from munjang.data.known import DATASETS
from munjang.data.records import column_names, table_kind
from munjang.data.rows import ScoredPair, Sentence
from munjang.errors import DataError, InputError, MunjangWarning, NetworkError
from munjang.train.entries import read_entry
from munjang.train.recipe import DataPart
from munjang.train.sources import Source, read_scored, read_source
from munjang.train.teacher import silver_pairs, teacher_vectors
from munjang.train.tokenized import tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datasets import Dataset
    from sentence_transformers import SentenceTransformer

    from munjang.data.rows import Row
    from munjang.train.folder import RunFolder
    from munjang.train.recipe import Recipe


def read_reports(recipe: Recipe, data_dir: Path | None) -> dict[str, list[ScoredPair]]:
    """Reads what a run is measured on; known sets that are nowhere are named and left out.

    Raises:
        DataError: A file of the user's cannot be read.
        InputError: No such data set.
    """
    found = {}
    for ref in recipe.evaluate.report:
        try:
            found[ref] = read_scored(ref, columns=recipe.evaluate.columns, data_dir=data_dir)
        except (DataError, NetworkError) as error:
            if not _is_known(ref):
                raise
            warnings.warn(f"{ref} is not measured: {error.what}", MunjangWarning, stacklevel=2)
    return found


def read_held_out(recipe: Recipe, data_dir: Path | None) -> list[Row]:
    """Reads what is measured on elsewhere, whatever it is made of.

    Of a user's files, the lines of a text file and the column text of a table are sentences;
    any other table is rows of the kind that its columns tell, `evaluate.columns` among them.

    Raises:
        DataError: A file cannot be read, or is not the published one.
        InputError: Neither a known data set nor a file.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    evaluate = recipe.evaluate
    rows: list[Row] = []
    for ref in evaluate.hold_out:
        part = _part_of_held_out(ref, evaluate.columns)
        rows += read_entry(ref, part, insist=evaluate.hold_out, data_dir=data_dir).rows
    return rows


def _part_of_held_out(ref: str, columns: Mapping[str, str]) -> DataPart:
    """How a file is to be read; `columns` may be those of other files."""
    kind = table_kind(ref) if Path(ref).exists() else None
    if kind is None:
        return DataPart(objective="dropout")
    header = column_names(ref, kind=kind)
    own = {field: column for field, column in columns.items() if column in header}
    if "text" in header and not {"anchor", "sentence1"} & {*header, *own}:
        return DataPart(objective="dropout")
    return DataPart(objective="contrastive", columns=own)


def read_sources(
    recipe: Recipe,
    held_out: Sequence[Row],
    folder: RunFolder,
    data_dir: Path | None,
    *,
    device: str | None = None,
    progress: bool = False,
) -> dict[str, Source]:
    """Reads every data set of a recipe; the pairs that a teacher scores come last.

    Args:
        recipe: The recipe.
        held_out: What the run is chosen by and measured on: rows that stand here too are
            dropped.
        folder: Where the teacher keeps its records.
        data_dir: A folder that has the known data sets.
        device: A torch device for the teacher; the best one there is when None.
        progress: Show bars on stderr.

    Raises:
        InputError: A data set without a source, or one that cannot be trained on.
    """
    gold = {
        name: _read(recipe, name, part, held_out, data_dir)
        for name, part in recipe.data.items()
        if part.labels == "gold"
    }
    scored = [row for source in gold.values() for row in source.rows if isinstance(row, ScoredPair)]
    found = {}
    for name, part in recipe.data.items():
        if name in gold:
            found[name] = gold[name]
            continue
        texts = _read(recipe, name, part, held_out, data_dir)
        silver = silver_pairs(
            recipe,
            gold=scored,
            sentences=_texts(texts.rows),
            seed=recipe.train.seed,
            out=folder.teacher / name,
            device=device,
            progress=progress,
        )
        found[name] = replace(texts, rows=[*silver])
    return found


def _read(
    recipe: Recipe, name: str, part: DataPart, held_out: Sequence[Row], data_dir: Path | None
) -> Source:
    """One data set; where a teacher will score pairs, the sentences to mine them from."""
    if not part.use:
        raise InputError(
            f"{recipe.name} trains on your own text: [data.{name}] names none",
            fix="munjang train RECIPE --data FILE",
        )
    if part.labels == "teacher":
        part = replace(part, objective="distill", labels="gold")
    return read_source(
        name,
        part,
        held_out=held_out,
        insist=recipe.insist,
        seed=recipe.train.seed,
        data_dir=data_dir,
    )


def check_data(recipe: Recipe, data_dir: str | Path | None, processes: int) -> None:
    """Reads all that a recipe trains on, is chosen by and measured on, to find mistakes early.

    Raises:
        InputError: As `read_sources` and `check_sizes`.
    """
    where = None if data_dir is None else Path(data_dir)
    read_reports(recipe, where)
    read_held_out(recipe, where)
    if recipe.evaluate.dev:
        read_scored(recipe.evaluate.dev, columns=recipe.evaluate.columns, data_dir=where)
    sources = {name: _read(recipe, name, part, (), where) for name, part in recipe.data.items()}
    check_sizes(recipe, sources, processes)


def to_datasets(
    recipe: Recipe,
    sources: Mapping[str, Source],
    model: SentenceTransformer,
    *,
    max_tokens: int,
    prompt: str,
    folder: RunFolder,
    progress: bool = False,
) -> dict[str, Dataset]:
    """Turns rows into token ids, once; the cache lies in the run's folder.

    Raises:
        InputError: A data set has fewer rows than a batch.
    """
    made = {}
    for name, source in sources.items():
        part = recipe.data[name]
        labels = None
        if part.objective == "distill" and recipe.teacher is not None:
            labels = teacher_vectors(
                recipe.teacher.model, _texts(source.rows), out=folder.teacher, progress=progress
            )
        made[name] = tokenize(
            source.rows,
            model.tokenizer,
            objective=part.objective,
            prompt=prompt,
            max_tokens=max_tokens,
            labels=labels,
            same=source.same,
            seed=recipe.train.seed,
            cache=folder.tokens,
        )
    return made


def check_sizes(recipe: Recipe, sources: Mapping[str, Source], processes: int) -> None:
    """Refuses a data set that has fewer rows than a batch.

    Raises:
        InputError: Such a data set; the error says which batch size would do.
    """
    for name, source in sources.items():
        part = recipe.data[name]
        batch = processes * (part.batch_size or recipe.train.batch_size)
        rows = len(source.rows) * part.times
        if rows < batch:
            key = f"data.{name}.batch_size" if part.batch_size else "train.batch_size"
            raise InputError(
                f"[data.{name}] has fewer rows than a batch of {batch}",
                found=f"{rows} rows",
                fix=f"--set {key}={max(2, rows // processes)}, or more data",
            )


def describe(recipe: Recipe, sources: Mapping[str, Source]) -> dict[str, Any]:
    """What a manifest says of the data: rows, files with checksums, licences."""
    return {
        name: {
            "rows": len(source.rows),
            "objective": recipe.data[name].objective,
            "files": dict(source.files),
            "dropped": dict(source.dropped),
            "licences": sorted({_licence(ref) for ref in recipe.data[name].use}),
            **source.made,
        }
        for name, source in sources.items()
    }


def _licence(ref: str) -> str:
    return find_dataset(ref.split(":")[0]).licence if _is_known(ref) else "not stated"


def _is_known(ref: str) -> bool:
    return ref.split(":")[0] in {dataset.name for dataset in DATASETS}


def _texts(rows: Sequence[Row]) -> list[str]:
    return [row.text for row in rows if isinstance(row, Sentence)]
