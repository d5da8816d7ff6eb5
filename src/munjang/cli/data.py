"""Verbs on known data sets: list, fetch, check."""

from __future__ import annotations

from typing import Annotated

import typer

from munjang import console, inputs
from munjang.cli.options import AsJson, Column, DataDir, Encoding

app = typer.Typer(no_args_is_help=True, help="Known data sets: list, fetch, check for leaks.")


@app.command("list")
def data_list(as_json: AsJson = False) -> None:
    """List the known data sets: splits, rows, licences.

    "never" marks what must not be trained on, so that a score means something.

    Example: munjang data list
    """
    from munjang.data.known import DATASETS

    console.show_datasets(DATASETS, as_json=as_json)


@app.command("fetch")
def data_fetch(
    name: Annotated[str, typer.Argument(help="A data set of `munjang data list`.")],
    split: Annotated[str | None, typer.Argument(help="One split; all by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a data set from its public origin into the cache.

    Pinned to a commit, checked by checksum, resumed where it was cut. The
    cache is the folder that MUNJANG_CACHE names, else ~/.cache/munjang.

    Example: munjang data fetch korsts
    """
    from munjang.data.catalog import fetch, find_dataset

    for each in [split] if split else [known.name for known in find_dataset(name).splits]:
        path = fetch(name, each)
        if console.wants_json(asked=as_json):
            console.emit_json({"name": name, "split": each, "path": str(path)})
        else:
            console.emit(f"{path}\n")


@app.command("check")
def data_check(
    train: Annotated[str, typer.Argument(help="NAME:SPLIT of a known data set, or a file.")],
    test: Annotated[str, typer.Argument(help="NAME:SPLIT of a known data set, or a file.")],
    column: Column = None,
    encoding: Encoding = "utf-8",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Report what a training set and a test set share.

    Pairs and sentences of the test set that training would see: counts, and
    the first of them. Texts are the same when their letters and digits are.

    Example: munjang data check korsts:train korsts:test
    """
    from munjang.data.leaks import leak_report

    found = leak_report(
        inputs.read_any_rows(train, column=column, encoding=encoding, data_dir=data_dir),
        inputs.read_any_rows(test, column=column, encoding=encoding, data_dir=data_dir),
        letters_only=True,
    )
    console.show_leaks(found, as_json=as_json)
