"""The command line: verbs to functions, parsing and printing, nothing else."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from munjang import __version__, console, inputs
from munjang.errors import InputError, unknown_name
from munjang.files import whole_file

app = typer.Typer(
    name="munjang",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Results go to stdout, in a pipe as JSON lines; everything else to stderr.",
)
data_app = typer.Typer(no_args_is_help=True, help="Known data sets: list, fetch, check for leaks.")
app.add_typer(data_app, name="data")

Texts = Annotated[
    str,
    typer.Argument(metavar="FILE", help="Texts, one a line, or a table with --column; - is stdin."),
]
Model = Annotated[
    str, typer.Option("--model", "-m", help="'default' (shipped), a model folder or a hub id.")
]
Engine = Annotated[str | None, typer.Option(help="openvino, onnx or torch; else the model's own.")]
Pooling = Annotated[
    str | None, typer.Option(help="cls, mean or lasttoken, where a model's folder is silent.")
]
Prompt = Annotated[
    str | None, typer.Option(help="Put before every sentence; else the model's own.")
]
Pickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Read pickled weights where there are no others.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, on a terminal too.")]
Encoding = Annotated[str, typer.Option(help="What your files are written in, such as cp949.")]
Column = Annotated[
    str | None, typer.Option(help="The column of the texts in a csv, tsv, jsonl or parquet.")
]
DataDir = Annotated[
    Path | None, typer.Option(help="A folder that has the data sets.", envvar="MUNJANG_DATA")
]
Task = Annotated[
    list[str] | None, typer.Option(help="korsts or klue-sts; twice for both, as by default.")
]
Split = Annotated[str | None, typer.Option(help="test, dev, …; else the one that is reported.")]
View = Annotated[
    Literal["raw", "quoted", "stripped"],
    typer.Option(help="The text as it is, or as the KoSimCSE or SimCSE-KO tables read it."),
]
Pairs = Annotated[
    Path | None, typer.Option(help="Your own table: sentence1, sentence2, score (0 to 5).")
]
Markdown = Annotated[bool, typer.Option("--markdown", help="A Markdown table on stdout.")]


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
    """Korean sentence embeddings: encode, search, cluster, evaluate; offline.

    Example: munjang search "환불은 어떻게 받나요?" --in faq.txt
    """


@app.command()
def search(
    corpus: Annotated[
        str,
        typer.Option(
            "--in", metavar="FILE", help="Texts, one a line, or a table with --column; - is stdin."
        ),
    ],
    queries: Annotated[list[str] | None, typer.Argument(help="What to look for.")] = None,
    queries_file: Annotated[
        str | None,
        typer.Option("--queries", metavar="FILE", help="A file of queries, as --in; - is stdin."),
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, show_default="5", help="Hits for each query.")
    ] = None,
    model: Model = "default",
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    allow_pickle: Pickle = False,
    column: Column = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Find the texts of a file that mean what a query means.

    Exact search in memory, by cosine. In a pipe, one JSON object a hit: query,
    rank, score, index, text (index: the place among the file's texts, from 0;
    blank lines do not count).

    Example: munjang search "배송이 늦어요" "환불하고 싶어요" --in faq.txt -k 3
    """
    from munjang.search import Index

    if queries_file == corpus == "-":
        raise InputError("--in and --queries cannot both be stdin", fix="put one in a file")
    asked = inputs.read_queries(queries or [], queries_file, column=column, encoding=encoding)
    texts = inputs.read_texts(corpus, column=column, encoding=encoding)
    encoder = inputs.load_model(
        model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
    )
    index = Index.build(encoder, texts, progress=True)
    hits = index.search(asked, k=k or min(5, len(texts)), progress=True)
    console.show_hits(asked, hits, as_json=as_json)


@app.command()
def cluster(
    file: Texts,
    k: Annotated[
        int | None, typer.Option("-k", min=1, show_default="5", help="So many, by k-means.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Merge down to this mean cosine, from 0 to 1.")
    ] = None,
    duplicates: Annotated[
        float | None, typer.Option(help="Near-duplicates only: this cosine or more.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of k-means.")] = 0,
    model: Model = "default",
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    allow_pickle: Pickle = False,
    column: Column = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Group the texts of a file by meaning.

    One of -k, --threshold and --duplicates says how. A group's label is its
    most central text. In a pipe, one JSON object a group: cluster, size,
    label, cohesion, members.

    Example: munjang cluster reviews.csv --column review -k 8
    """
    from munjang.korean.normalize import to_nfc
    from munjang.search import cluster_texts

    if sum(way is not None for way in (k, threshold, duplicates)) > 1:
        raise InputError("-k, --threshold and --duplicates exclude each other", fix="give one")
    texts = inputs.read_texts(file, column=column, encoding=encoding)
    if k is threshold is duplicates is None:
        k = min(5, len({to_nfc(text).strip() for text in texts}))
    encoder = inputs.load_model(
        model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
    )
    found = cluster_texts(
        encoder, texts, k=k, threshold=threshold, duplicates=duplicates, seed=seed, progress=True
    )
    console.show_clusters(texts, found, as_json=as_json)


@app.command()
def encode(
    file: Texts,
    out: Annotated[
        Path, typer.Option("--out", "-o", dir_okay=False, help="The .npy file to write.")
    ],
    batch_size: Annotated[int, typer.Option(min=1, help="At most so many in a batch.")] = 32,
    truncate_dim: Annotated[
        int | None, typer.Option(min=1, help="Keep the first so many dimensions.")
    ] = None,
    model: Model = "default",
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    allow_pickle: Pickle = False,
    column: Column = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Write the vectors of a file, however long, to a .npy file.

    A row a text, blank lines left out; float32, length 1. Memory stays flat.
    Read the result with numpy.load(OUT).

    Example: munjang encode sentences.txt --out vectors.npy
    """
    from munjang.data.tables import SentenceFile
    from munjang.encode.stream import encode_to_file

    if file != "-" and out.exists() and out.samefile(file):
        raise InputError(f"--out {out} is the file that is read", fix="another --out")
    source = SentenceFile(file, encoding=encoding, column=column)
    encoder = inputs.load_model(
        model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
    )
    report = encode_to_file(
        encoder, source, out, batch_size=batch_size, truncate_dim=truncate_dim, progress=True
    )
    record = {"out": str(out), "model": encoder.name, **asdict(report), "blank": source.blank}
    if console.wants_json(asked=as_json):
        console.emit_json(record)
    else:
        console.show_record("encoded", record)


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
def models(
    name: Annotated[str | None, typer.Argument(help="One model, in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the published Korean models and how each really pools.

    With a name, all that is known of it: prompts, licence, traps, published
    scores and their sources. In a pipe, one JSON object each.

    Example: munjang models BM-K/KoSimCSE-roberta-multitask
    """
    from munjang.encode import zoo

    known = None if name is None else zoo.find(name)
    if name is not None and known is None:
        alike = [full for full in zoo.MODELS if name.lower() in full.lower()]
        raise unknown_name("model", name, alike or zoo.MODELS)
    chosen = [known] if known else list(zoo.MODELS.values())
    if console.wants_json(asked=as_json):
        for model in chosen:
            console.emit_json(asdict(model))
    elif known:
        console.show_model(known)
    else:
        console.show_models(chosen)


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


@data_app.command("list")
def data_list(as_json: AsJson = False) -> None:
    """List the known data sets: splits, rows, licences.

    "never" marks what must not be trained on, so that a score means something.

    Example: munjang data list
    """
    from munjang.data.known import DATASETS

    console.show_datasets(DATASETS, as_json=as_json)


@data_app.command("fetch")
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


@data_app.command("check")
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


def _check_format(markdown: bool, as_json: bool) -> None:
    if markdown and as_json:
        raise InputError("--markdown and --json exclude each other", fix="give one")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        arguments: What follows the program's name; `sys.argv` when None.

    Returns:
        0 for success, 2 for the user's mistake, 1 for a failure, 3 for a failed quality
        gate, 130 when stopped by Ctrl-C.
    """
    given = sys.argv[1:] if arguments is None else arguments
    return console.run(lambda: app(given), debug="--debug" in given)
