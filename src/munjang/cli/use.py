"""Verbs that use a model: search, cluster, encode, models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from munjang import console, inputs
from munjang.cli.options import (
    AsJson,
    Column,
    Encoding,
    Engine,
    Model,
    Pickle,
    Pooling,
    Prompt,
    Texts,
)
from munjang.errors import InputError, unknown_name

app = typer.Typer()


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
