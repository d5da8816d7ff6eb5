"""The verb that turns a model into one graph: export, which measures it first."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from munjang import console, inputs
from munjang.cli.options import (
    AsJson,
    DataDir,
    Encoding,
    Pickle,
    Pooling,
    Prompt,
)

app = typer.Typer()


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="Torch weights: a folder or a hub id.")],
    out: Annotated[Path, typer.Option("--out", "-o", file_okay=False, help="The folder to write.")],
    to: Annotated[Literal["openvino", "onnx"], typer.Option(help="The graph.")] = "openvino",
    int8: Annotated[bool, typer.Option("--int8", help="Quantise weights and activations.")] = False,
    calibration: Annotated[
        Path | None, typer.Option(help="Sentences for int8, one a line; else KorSTS-train.")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="For the gate: sentence1, sentence2, score; else KorSTS-dev."),
    ] = None,
    min_cosine: Annotated[
        float | None, typer.Option(help="The gate: least mean cosine to the source's vectors.")
    ] = None,
    max_drop: Annotated[
        float | None, typer.Option(help="The gate: most that cosine Spearman x100 may fall.")
    ] = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    max_tokens: Annotated[int | None, typer.Option(min=3, help="Cut sentences here.")] = None,
    name: Annotated[str | None, typer.Option(help="What tables call the export.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an export.")] = False,
    allow_pickle: Pickle = False,
    encoding: Encoding = "utf-8",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Export a model to one graph, if it stays as good as it was.

    Tokens in, sentence vectors out: pooling is inside. The gate compares
    vectors and scores before and after; beyond its limits it prints the
    numbers, writes nothing and exits with 3. Load the result by its folder.

    Example: munjang export jhgan/ko-sroberta-multitask --int8 --out ko-int8
    """
    from munjang.encode.loading import load
    from munjang.model.export import choose_limits, export_model

    gate, sentences = inputs.read_gate(
        pairs=pairs, calibration=calibration, int8=int8, encoding=encoding, data_dir=data_dir
    )
    limits = choose_limits(int8=int8, min_cosine=min_cosine, max_drop=max_drop)
    source = load(
        model,
        engine="torch",
        pooling=pooling,
        prompt=prompt,
        max_tokens=max_tokens,
        device="cpu",
        allow_pickle=allow_pickle,
    )
    result = export_model(
        source,
        out,
        pairs=gate,
        to=to,
        int8=int8,
        calibration=sentences,
        limits=limits,
        name=name,
        overwrite=overwrite,
    )
    record = {"out": str(out), **asdict(result), **asdict(limits)}
    if console.wants_json(asked=as_json):
        console.emit_json(record)
    else:
        console.show_record("exported", record)
