"""Verbs that measure a model: evaluate, compare; and export, which measures first."""

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
    Engine,
    Markdown,
    Pairs,
    Pickle,
    Pooling,
    Prompt,
    Split,
    Task,
    View,
)
from munjang.errors import InputError
from munjang.files import whole_file

app = typer.Typer()


@app.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(help="'default', a model folder or a hub id.")
    ] = "default",
    task: Task = None,
    split: Split = None,
    pairs: Pairs = None,
    view: View = "raw",
    aggregation: Annotated[
        Literal["global", "batch-mean"],
        typer.Option(help="Over all pairs, or the mean of batches as in the KoSimCSE tables."),
    ] = "global",
    aggregation_batch: Annotated[int, typer.Option(min=2, help="Pairs in such a batch.")] = 256,
    published: Annotated[
        bool, typer.Option("--published", help="Add the task's published rows to the table.")
    ] = False,
    markdown: Markdown = False,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for the full records.")
    ] = None,
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    allow_pickle: Pickle = False,
    encoding: Encoding = "utf-8",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model on KorSTS, KLUE-STS or your own scored pairs.

    Eight correlations x100, their mean (AVG), 95% intervals. C is cosine,
    E Euclidean, M Manhattan, D dot; P Pearson, S Spearman. Vectors are measured
    as the model gives them. In a pipe, one JSON object a task.

    Example: munjang evaluate --task korsts --published
    """
    from munjang.evaluate import report
    from munjang.evaluate.published import published_rows
    from munjang.evaluate.tasks import evaluate_sts

    _check_format(markdown, as_json)
    if published and (pairs is not None or (not markdown and console.wants_json(asked=as_json))):
        raise InputError("--published is for tables of known tasks", fix="--markdown, no --pairs")
    work = inputs.read_pairs(task, split, pairs=pairs, encoding=encoding, data_dir=data_dir)
    encoder = inputs.load_model(
        model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
    )
    for name, which, rows in work:
        result = evaluate_sts(
            encoder,
            rows,
            task=name,
            split=which,
            view=view,
            aggregation=aggregation,
            aggregation_batch=aggregation_batch,
            progress=True,
        )
        if out is not None:
            with whole_file(out / f"{name}-{which}.json") as record:
                record.write(result.to_json().encode())
        theirs = published_rows(name, which) if published else ()
        if markdown:
            console.emit(report.markdown_table([result], published=theirs))
        elif console.wants_json(asked=as_json):
            console.emit(result.to_json(similarities=False))
        else:
            report.print_table([result], console=console.terminal(), published=theirs)


@app.command()
def compare(
    model_a: Annotated[str, typer.Argument(help="A: 'default', a folder or a hub id.")],
    model_b: Annotated[str, typer.Argument(help="B: 'default', a folder or a hub id.")],
    task: Task = None,
    split: Split = None,
    pairs: Pairs = None,
    view: View = "raw",
    markdown: Markdown = False,
    allow_pickle: Pickle = False,
    encoding: Encoding = "utf-8",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell whether two models differ by more than noise.

    A paired bootstrap on each of the eight correlations and their mean: A - B,
    its 95% interval, and a plain word. In a pipe, one JSON object a task.

    Example: munjang compare default my-model/ --task korsts
    """
    from munjang.evaluate import report
    from munjang.evaluate.tasks import compare as compare_results
    from munjang.evaluate.tasks import evaluate_sts

    _check_format(markdown, as_json)
    work = inputs.read_pairs(task, split, pairs=pairs, encoding=encoding, data_dir=data_dir)
    encoders = [inputs.load_model(m, allow_pickle=allow_pickle) for m in (model_a, model_b)]
    for name, which, rows in work:
        a, b = (
            evaluate_sts(
                encoder, rows, task=name, split=which, view=view, intervals=False, progress=True
            )
            for encoder in encoders
        )
        comparison = compare_results(a, b)
        if markdown:
            console.emit(report.comparison_markdown(comparison))
        elif console.wants_json(asked=as_json):
            console.emit(report.comparison_json(comparison))
        else:
            report.print_comparison(comparison, console=console.terminal())


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


def _check_format(markdown: bool, as_json: bool) -> None:
    if markdown and as_json:
        raise InputError("--markdown and --json exclude each other", fix="give one")
