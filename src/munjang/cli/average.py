"""The verb that makes one model of several: average."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munjang import console
from munjang.cli.options import AsJson, Pickle
from munjang.errors import InputError

if TYPE_CHECKING:
    from munjang.model.average import AverageResult

app = typer.Typer()


@app.command()
def average(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL MODEL",
            help="Torch weights from the same base, or that base: folders or hub ids.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", file_okay=False, help="The folder to write.")],
    weights: Annotated[
        str | None,
        typer.Option(metavar="1,1,2", help="A weight for each model, else all the same."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --out.")] = False,
    allow_pickle: Pickle = False,
    as_json: AsJson = False,
) -> None:
    """Average the weights of models that were trained from the same base.

    The mean is one model, as fast as each of them and often better; with a
    share of the base it keeps more of what the base could do. The first
    model gives modules, tokenizer and prompts. The scores of the result are
    its own: measure it.

    Example: munjang average run-1/model run-2/model --out soup
    """
    from munjang.model.average import average_models

    result = average_models(
        models,
        out,
        weights=None if weights is None else _read_weights(weights),
        overwrite=overwrite,
        allow_pickle=allow_pickle,
        progress=True,
    )
    if console.wants_json(asked=as_json):
        console.emit_json({"out": str(out), **asdict(result)})
    else:
        _show(result, out)


def _read_weights(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(
            "--weights wants numbers with commas between them", found=text, fix="--weights 1,1,2"
        ) from error


def _show(result: AverageResult, out: Path) -> None:
    console.show_rows(
        f"averaged: {out}",
        ("share", "licence", "model"),
        [(f"{each.share:.4f}", each.license, each.model) for each in result.models],
        numbers=(0,),
    )
    rest = asdict(result)
    del rest["models"]
    rest |= {name: ", ".join(rest[name]) or "-" for name in ("kept", "trained_on")}
    console.show_record("what was written", rest)
