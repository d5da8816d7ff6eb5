"""What the verbs of the command line read: models, texts, queries, scored pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from munjang import console
from munjang.errors import InputError, counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from munjang.data.rows import Row, ScoredPair
    from munjang.encode.encoder import Encoder, SentenceEncoder
    from munjang.encode.facts import ModelFacts


def load_model(
    model: str,
    *,
    engine: str | None = None,
    pooling: str | None = None,
    prompt: str | None = None,
    allow_pickle: bool = False,
) -> SentenceEncoder:
    """Loads a model as `munjang.load` does."""
    from munjang.encode.loading import load

    return load(model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle)


def open_encoder(
    model: str,
    *,
    engine: str | None = None,
    pooling: str | None = None,
    prompt: str | None = None,
    allow_pickle: bool = False,
) -> Encoder:
    """Loads a model as `munjang.load` does, or opens one on a server: http://HOST/v1#NAME.

    Raises:
        InputError: An option makes no sense for the model.
        ModelError: There is no such model.
    """
    from munjang.encode.address import is_address
    from munjang.encode.endpoint import open_endpoint

    if not is_address(model):
        return load_model(
            model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
        )
    options = {"--engine": engine, "--pooling": pooling, "--allow-pickle": allow_pickle or None}
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise InputError(
            "a model on a server cannot be told how to run",
            found=", ".join(given),
            fix="leave them out; --prompt is put here",
        )
    return open_endpoint(model, prompt=prompt or "")


def read_facts(model: str, *, allow_pickle: bool = False) -> ModelFacts:
    """What is known of a model; nothing of one on a server."""
    from munjang.encode.facts import model_facts

    return model_facts(model, allow_pickle=allow_pickle)


def read_prompts(model: str) -> Mapping[str, str]:
    """The prompts by use of a published model that has any, such as "query" and "passage"."""
    from munjang.encode import zoo

    known = zoo.find(model)
    return known.prompts if known else {}


def read_texts(path: str, *, column: str | None = None, encoding: str = "utf-8") -> list[str]:
    """Reads the sentences of a file; says how many blank ones were left out.

    Raises:
        DataError: The file cannot be read.
        InputError: It holds no sentence.
    """
    from munjang.data.tables import SentenceFile

    source = SentenceFile(path, encoding=encoding, column=column)
    texts = list(source)
    blank = counted(source.blank, "blank line")
    if not texts:
        raise InputError(f"{_place(path)} holds no text", found=blank)
    if source.blank:
        console.note(f"note: left out {blank} of {_place(path)}")
    return texts


def read_queries(
    given: Sequence[str], file: str | None, *, column: str | None, encoding: str
) -> list[str]:
    """The queries of the command line, then those of a file: one a line, or a column's.

    Raises:
        DataError: The file cannot be read.
        InputError: There is no query, or one is blank.
    """
    from munjang.data.records import table_kind

    for number, query in enumerate(given, start=1):
        if not query.strip():
            raise InputError(f"query {number} is blank", found=repr(query), fix="leave it out")
    if file is None and not given:
        raise InputError(
            "no query was given",
            fix='munjang search "…" --in FILE, or --queries FILE (- for stdin)',
        )
    queries = list(given)
    if file is not None:
        queries += read_texts(file, column=column if table_kind(file) else None, encoding=encoding)
    return queries


def read_pairs(
    tasks: Sequence[str] | None,
    split: str | None,
    *,
    pairs: Path | None,
    encoding: str,
    data_dir: Path | None,
) -> list[tuple[str, str, list[ScoredPair]]]:
    """Reads what to measure on, the user's own pairs or known tasks: name, split, pairs.

    Raises:
        DataError: A file cannot be read, or is not the published one.
        InputError: A task or split is unknown, or given for the user's own pairs.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    from munjang.data.rows import ScoredPair
    from munjang.data.tables import read_rows
    from munjang.evaluate.tasks import STS_TASKS, load_task

    if pairs is not None:
        if tasks or split:
            raise InputError("--pairs measures on your own file", fix="no --task, no --split")
        return [(pairs.name.split(".")[0], "all", read_rows(pairs, ScoredPair, encoding=encoding))]
    work = []
    for name in tasks or STS_TASKS:
        rows = load_task(name, split=split, data_dir=data_dir)
        work.append((name, split or STS_TASKS[name].default_split, rows))
    return work


def read_any_rows(
    source: str, *, column: str | None, encoding: str, data_dir: Path | None
) -> Sequence[Row]:
    """Reads a split of a known data set (`NAME:SPLIT`), or the sentences of a file.

    Raises:
        DataError: The file cannot be read, or is not the published one.
        InputError: It is neither.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    from munjang.data.catalog import find_dataset, load_rows
    from munjang.data.known import DATASETS
    from munjang.data.rows import Sentence

    name, colon, split = source.partition(":")
    if colon and not Path(source).exists():
        return load_rows(name, split, data_dir=data_dir)
    if not colon and not Path(source).exists() and source in {known.name for known in DATASETS}:
        splits = ", ".join(f"{source}:{known.name}" for known in find_dataset(source).splits)
        raise InputError(f"{source} is a data set of several splits", fix=splits)
    return [Sentence(text) for text in read_texts(source, column=column, encoding=encoding)]


def read_gate(
    *,
    pairs: Path | None,
    calibration: Path | None,
    int8: bool,
    encoding: str,
    data_dir: Path | None,
) -> tuple[list[ScoredPair], list[str]]:
    """Reads what an export is measured on, and the sentences that int8 is calibrated on.

    Raises:
        DataError: A file cannot be read, or is not the published one.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    from munjang.data.rows import ScoredPair
    from munjang.data.tables import read_rows
    from munjang.evaluate.tasks import load_task

    gate = (
        read_rows(pairs, ScoredPair, encoding=encoding)
        if pairs
        else load_task("korsts", split="dev", data_dir=data_dir)
    )
    if calibration is not None:
        return gate, read_texts(str(calibration), encoding=encoding)
    if int8:
        train = load_task("korsts", split="train", data_dir=data_dir)
        return gate, [pair.sentence1 for pair in train]
    return gate, []


def _place(path: str) -> str:
    return "stdin" if path == "-" else path
