"""The verb that makes a model smaller: trim."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munjang import console, inputs
from munjang.cli.options import (
    AsJson,
    Column,
    DataDir,
    Encoding,
    Pickle,
    Pooling,
    Prompt,
)
from munjang.errors import NetworkError

if TYPE_CHECKING:
    from munjang.data.rows import ScoredPair
    from munjang.model.trim_gate import TrimResult

app = typer.Typer()

_ROWS = {
    "pieces": "{:,}",
    "parameters": "{:,}",
    "megabytes": "{:.1f}",
    "tokens": "{:.2f}",
    "unknown": "{:.3%}",
    "spearman": "{:.2f}",
}


@app.command()
def trim(
    model: Annotated[str, typer.Argument(help="Torch weights: a folder or a hub id.")],
    text: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Texts like those it will see, one a line, or a table with --column; - is stdin.",
        ),
    ],
    pieces: Annotated[int, typer.Option("--pieces", "-n", min=1, help="How many to keep.")],
    out: Annotated[Path, typer.Option("--out", "-o", file_okay=False, help="The folder to write.")],
    column: Column = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="For the gate: sentence1, sentence2, score; else KorSTS-dev, if there."),
    ] = None,
    min_cosine: Annotated[
        float | None, typer.Option(help="The gate: least mean cosine to the source's vectors.")
    ] = None,
    max_drop: Annotated[
        float | None, typer.Option(help="The gate: most that cosine Spearman x100 may fall.")
    ] = None,
    pooling: Pooling = None,
    normalize: Annotated[
        bool | None, typer.Option("--normalize/--no-normalize", help="Vectors of length 1.")
    ] = None,
    prompt: Prompt = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --out.")] = False,
    allow_pickle: Pickle = False,
    encoding: Encoding = "utf-8",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Cut a model's vocabulary to what your text uses.

    Special tokens, the text's characters and its most used pieces stay. Every
    tenth text is held out, and tokens, vectors and scores are compared before
    and after; beyond the gate nothing is written and the exit code is 3.

    Example: munjang trim intfloat/multilingual-e5-small --text ours.txt --pieces 16000 --out small
    """
    from munjang.data.tables import SentenceFile
    from munjang.model.trim import choose_limits, trim_model

    result = trim_model(
        model,
        out,
        texts=SentenceFile(text, encoding=encoding, column=column),
        pieces=pieces,
        pairs=_read_pairs(pairs, encoding=encoding, data_dir=data_dir),
        limits=choose_limits(min_cosine=min_cosine, max_drop=max_drop),
        pooling=pooling,
        normalize=normalize,
        prompt=prompt,
        overwrite=overwrite,
        allow_pickle=allow_pickle,
        progress=True,
    )
    if console.wants_json(asked=as_json):
        console.emit_json({"out": str(out), **asdict(result)})
    else:
        _show(result, out)


def _read_pairs(pairs: Path | None, *, encoding: str, data_dir: Path | None) -> list[ScoredPair]:
    """The user's pairs, or KorSTS-dev where it can be had, or none."""
    try:
        gate, _ = inputs.read_gate(
            pairs=pairs, calibration=None, int8=False, encoding=encoding, data_dir=data_dir
        )
    except NetworkError as error:
        console.note(f"note: no scored pairs, so the gate looks at vectors alone: {error.what}")
        return []
    return gate


def _show(result: TrimResult, out: Path) -> None:
    before, after = asdict(result.before), asdict(result.after)
    console.show_rows(
        f"trimmed: {out}",
        ("", "before", "after"),
        [
            (name, form.format(before[name]), form.format(after[name]))
            for name, form in _ROWS.items()
            if before[name] is not None
        ],
        numbers=(1, 2),
    )
    rest = asdict(result)
    del rest["before"], rest["after"]
    console.show_record("what was measured", rest)
