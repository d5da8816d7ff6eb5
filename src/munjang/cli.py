"""The command line: verbs to functions, parsing and printing, nothing else."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from munjang import __version__, console
from munjang.errors import InputError, MunjangError, unknown_name
from munjang.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from munjang.data.rows import ScoredPair

app = typer.Typer(
    name="munjang",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Results go to stdout: a table on a terminal, JSON lines in a pipe. The rest: stderr.",
)
data_app = typer.Typer(no_args_is_help=True, help="Known data sets: list, fetch, check for leaks.")
app.add_typer(data_app, name="data")

Model = Annotated[
    str, typer.Option("--model", "-m", help="'default' (shipped), a model folder or a hub id.")
]
ModelArgument = Annotated[str, typer.Argument(help="'default' (shipped), a folder or a hub id.")]
Engine = Annotated[
    str | None, typer.Option(help="openvino, onnx or torch; what the model has by default.")
]
Pooling = Annotated[
    str | None, typer.Option(help="cls or mean, for a plain transformers folder of no known name.")
]
Prompt = Annotated[
    str | None, typer.Option(help="Put before every sentence; the model's own by default.")
]
Pickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Read pickled weights where there are no others.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, on a terminal too.")]
Encoding = Annotated[str, typer.Option(help="The file's text encoding, such as cp949.")]
Column = Annotated[
    str | None, typer.Option(help="The column of the text, in a csv, tsv, jsonl or parquet file.")
]
DataDir = Annotated[
    Path | None, typer.Option(help="A folder that has the data sets.", envvar="MUNJANG_DATA")
]
Task = Annotated[str, typer.Option(help="korsts or klue-sts.")]
Split = Annotated[str | None, typer.Option(help="The task's own split by default: test, or dev.")]
View = Annotated[
    Literal["raw", "quoted", "stripped"],
    typer.Option(
        help="Text as it is (raw), as the KoSimCSE tables read it (quoted), or without "
        "commas and quotes as SimCSE-KO reads it (stripped)."
    ),
]


def _print_version(asked: bool) -> None:
    if asked:
        console.emit(f"munjang {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Korean sentence embeddings: encode, search, cluster and evaluate, offline, model inside.

    Try: munjang search "환불은 어떻게 받나요?" --in faq.txt
    """


@app.command()
def search(
    corpus: Annotated[
        str, typer.Option("--in", help="The texts: a file, one a line (or --column); - for stdin.")
    ],
    queries: Annotated[list[str] | None, typer.Argument(help="What to look for.")] = None,
    queries_file: Annotated[
        str | None, typer.Option("--queries", help="A file with a query a line; - for stdin.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many hits a query gets.")] = 5,
    model: Model = "default",
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    column: Column = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Find the texts of a file that mean nearly what each query means.

    Exact search in memory, by cosine. In a pipe, one JSON object a hit: query, rank,
    score, index (of the text in the file, from 0, blank lines not counted), text.

    munjang search "배송이 늦어요" "환불하고 싶어요" --in faq.txt -k 3
    """
    from munjang.search import Index

    if queries_file == corpus == "-":
        raise InputError("--in and --queries cannot both be stdin", fix="put one in a file")
    asked = list(queries or [])
    if queries_file is not None:
        asked += console.read_texts(queries_file, encoding=encoding)
    if not asked:
        raise InputError("no query was given", fix='munjang search "…" --in FILE, or --queries')
    texts = console.read_texts(corpus, column=column, encoding=encoding)
    encoder = console.load_model(model, engine=engine, pooling=pooling, prompt=prompt)
    index = Index.build(encoder, texts, progress=True)
    console.show_hits(asked, index.search(asked, k=k), as_json=as_json)


@app.command()
def cluster(
    file: Annotated[str, typer.Argument(help="The texts: one a line, or --column; - for stdin.")],
    k: Annotated[int | None, typer.Option("-k", help="So many clusters (k-means).")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Merge while the mean cosine is at least this (0 to 1).")
    ] = None,
    duplicates: Annotated[
        float | None, typer.Option(help="Only groups of near-duplicates, of this cosine or more.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of k-means.")] = 0,
    model: Model = "default",
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    column: Column = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Group the texts of a file by meaning, each group named by its most central sentence.

    Give one of -k, --threshold and --duplicates; -k 5 if none is given. In a pipe, one
    JSON object a cluster: cluster, size, label, cohesion, members.

    munjang cluster reviews.csv --column review -k 8
    """
    from munjang.search import cluster_texts

    texts = console.read_texts(file, column=column, encoding=encoding)
    if k is threshold is duplicates is None:
        k = min(5, len(set(texts)))
    encoder = console.load_model(model, engine=engine, pooling=pooling, prompt=prompt)
    found = cluster_texts(
        encoder, texts, k=k, threshold=threshold, duplicates=duplicates, seed=seed, progress=True
    )
    console.show_clusters(texts, found, as_json=as_json)


@app.command()
def encode(
    file: Annotated[str, typer.Argument(help="The texts: one a line, or --column; - for stdin.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .npy file to write.")],
    model: Model = "default",
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    column: Column = None,
    encoding: Encoding = "utf-8",
    batch_size: Annotated[int, typer.Option(min=1, help="Sentences in a batch at most.")] = 32,
    truncate_dim: Annotated[
        int | None, typer.Option(min=1, help="Keep the first so many dimensions.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the vectors of a file of any size: float32 .npy, a row a text, unit length.

    Memory stays flat however long the file is. Read the result with numpy.load(OUT).

    munjang encode sentences.txt --out vectors.npy
    """
    from munjang.data.tables import SentenceFile
    from munjang.encode.stream import encode_to_file

    source = SentenceFile(file, encoding=encoding, column=column)
    encoder = console.load_model(model, engine=engine, pooling=pooling, prompt=prompt)
    report = encode_to_file(
        encoder, source, out, batch_size=batch_size, truncate_dim=truncate_dim, progress=True
    )
    record = {"out": str(out), "model": encoder.name, **asdict(report), "blank": source.blank}
    if console.wants_json(asked=as_json):
        console.emit_json(record)
    else:
        console.show_rows("encoded", ("what", "value"), [(k, str(v)) for k, v in record.items()])


@app.command()
def evaluate(
    model: ModelArgument = "default",
    task: Annotated[
        list[str] | None, typer.Option(help="korsts or klue-sts; give it twice for both (default).")
    ] = None,
    split: Split = None,
    view: View = "raw",
    aggregation: Annotated[
        Literal["global", "batch-mean"],
        typer.Option(help="Over all pairs, or averaged over batches as the KoSimCSE tables are."),
    ] = "global",
    aggregation_batch: Annotated[int, typer.Option(min=2, help="Pairs in such a batch.")] = 256,
    pairs: Annotated[
        Path | None, typer.Option(help="Your own file with sentence1, sentence2, score (0 to 5).")
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Put the published rows of the task below.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A Markdown table.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A folder to keep the full records in, one a task.")
    ] = None,
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    allow_pickle: Pickle = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model: the eight correlations x100, their mean, and 95% intervals.

    C cosine, E Euclidean, M Manhattan, D dot product; P Pearson, S Spearman; AVG the
    mean of the eight. Vectors are measured as the model gives them.

    munjang evaluate --task korsts --published
    """
    from munjang.evaluate import report
    from munjang.evaluate.published import published_rows
    from munjang.evaluate.tasks import evaluate_sts

    encoder = console.load_model(
        model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
    )
    for name, which, rows in _named_pairs(task, split, pairs, data_dir):
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
        theirs = published_rows(name, which) if published and pairs is None else ()
        if markdown:
            console.emit(report.markdown_table([result], published=theirs))
        elif console.wants_json(asked=as_json):
            console.emit(report.json_table([result]))
        else:
            report.print_table([result], console=console.terminal(), published=theirs)


@app.command()
def compare(
    model_a: Annotated[str, typer.Argument(help="A: 'default', a folder or a hub id.")],
    model_b: Annotated[str, typer.Argument(help="B: 'default', a folder or a hub id.")],
    task: Annotated[
        list[str] | None, typer.Option(help="korsts or klue-sts; give it twice for both (default).")
    ] = None,
    split: Split = None,
    view: View = "raw",
    pairs: Annotated[
        Path | None, typer.Option(help="Your own file with sentence1, sentence2, score (0 to 5).")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="A Markdown table.")] = False,
    allow_pickle: Pickle = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell whether two models differ by more than noise: a paired bootstrap on each metric.

    munjang compare default my-model/ --task korsts
    """
    from munjang.evaluate import report
    from munjang.evaluate.tasks import compare as compare_results
    from munjang.evaluate.tasks import evaluate_sts

    encoders = [console.load_model(m, allow_pickle=allow_pickle) for m in (model_a, model_b)]
    for name, which, rows in _named_pairs(task, split, pairs, data_dir):
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
def models(
    name: Annotated[str | None, typer.Argument(help="One model, in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the published Korean checkpoints, and how each really pools and normalises.

    munjang models BM-K/KoSimCSE-roberta-multitask
    """
    from munjang.encode import zoo

    chosen = list(zoo.MODELS.values())
    if name is not None:
        known = zoo.find(name)
        if known is None:
            raise unknown_name("model", name, [model.name for model in chosen])
        chosen = [known]
    if console.wants_json(asked=as_json):
        for model in chosen:
            console.emit_json(asdict(model))
    elif name is not None:
        console.show_rows(name, ("what", "value"), console.facts(asdict(chosen[0])))
    else:
        console.show_models(chosen)


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="Torch weights: a folder or a hub id.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")],
    to: Annotated[Literal["openvino", "onnx"], typer.Option(help="The graph.")] = "openvino",
    int8: Annotated[bool, typer.Option("--int8", help="Quantise weights and activations.")] = False,
    calibration: Annotated[
        Path | None, typer.Option(help="Sentences for int8, one a line; KorSTS-train by default.")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Pairs for the gate: sentence1, sentence2, score; KorSTS-dev by default."
        ),
    ] = None,
    min_cosine: Annotated[
        float | None, typer.Option(help="The gate: least mean cosine with the source's vectors.")
    ] = None,
    max_drop: Annotated[
        float | None, typer.Option(help="The gate: most the cosine Spearman x100 may fall.")
    ] = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    max_tokens: Annotated[int | None, typer.Option(help="Cut sentences here.")] = None,
    name: Annotated[str | None, typer.Option(help="What tables call the export.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an export.")] = False,
    allow_pickle: Pickle = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Export a model to one graph, pooling inside, and write it only if it stays good.

    The gate compares vectors and scores before and after; beyond its limits it prints
    the numbers, writes nothing and exits with 3.

    munjang export jhgan/ko-sroberta-multitask --int8 --out ko-sroberta-int8
    """
    from munjang.data.rows import ScoredPair
    from munjang.data.tables import read_rows
    from munjang.encode.loading import load
    from munjang.evaluate.tasks import load_task
    from munjang.model.export import LIMITS, export_model

    gate_pairs = (
        read_rows(pairs, ScoredPair)
        if pairs
        else load_task("korsts", split="dev", data_dir=data_dir)
    )
    sentences = console.read_texts(str(calibration)) if calibration else []
    if int8 and not sentences:
        train = load_task("korsts", split="train", data_dir=data_dir)
        sentences = [pair.sentence1 for pair in train]
    limits = LIMITS["int8" if int8 else "fp32"]
    if min_cosine is not None:
        limits = replace(limits, min_cosine=min_cosine)
    if max_drop is not None:
        limits = replace(limits, max_drop=max_drop)
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
        pairs=gate_pairs,
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
        console.show_rows("exported", ("what", "value"), console.facts(record))


@data_app.command("list")
def data_list(as_json: AsJson = False) -> None:
    """List the known data sets: splits, rows, licence, and what must never be trained on."""
    from munjang.data.known import DATASETS

    console.show_datasets(DATASETS, as_json=as_json)


@data_app.command("fetch")
def data_fetch(
    name: Annotated[str, typer.Argument(help="A data set of `munjang data list`.")],
    split: Annotated[str | None, typer.Argument(help="One split; all by default.")] = None,
) -> None:
    """Fetch a data set from its public origin into the cache, checked and resumable."""
    from munjang.data.catalog import fetch, find_dataset

    for each in [split] if split else [known.name for known in find_dataset(name).splits]:
        console.emit(f"{fetch(name, each)}\n")


@data_app.command("check")
def data_check(
    train: Annotated[str, typer.Argument(help="NAME:SPLIT of a known data set, or a file.")],
    test: Annotated[str, typer.Argument(help="NAME:SPLIT of a known data set, or a file.")],
    column: Column = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Report what two sets share: rows and sentences of the test set that training would see.

    munjang data check korsts:train korsts:test
    """
    from munjang.data.leaks import leak_report

    found = leak_report(
        console.read_any_rows(train, column=column, data_dir=data_dir),
        console.read_any_rows(test, column=column, data_dir=data_dir),
    )
    console.show_leaks(found, as_json=as_json)


def _named_pairs(
    tasks: list[str] | None, split: str | None, pairs: Path | None, data_dir: Path | None
) -> Iterator[tuple[str, str, list[ScoredPair]]]:
    """What to measure on: the user's own pairs, or the known tasks."""
    from munjang.data.rows import ScoredPair
    from munjang.data.tables import read_rows
    from munjang.evaluate.tasks import STS_TASKS, load_task

    if pairs is not None:
        yield pairs.stem, split or "all", read_rows(pairs, ScoredPair)
        return
    for name in tasks or ["korsts", "klue-sts"]:
        rows = load_task(name, split=split, data_dir=data_dir)
        yield name, split or STS_TASKS[name].default_split, rows


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        arguments: What follows the program's name; `sys.argv` when None.

    Returns:
        0 for success, 2 for the user's mistake, 1 for a failure, 3 for a failed quality
        gate.
    """
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    console.warn_on_stderr()
    try:
        app(given)
    except SystemExit as stop:  # typer ends this way, having said what was wrong
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except MunjangError as error:
        if debug:
            raise
        console.note(f"error: {error}")
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        console.note(f"error: {type(error).__name__}: {error}\ntry: the same with --debug first")
        return 1
    return 0
