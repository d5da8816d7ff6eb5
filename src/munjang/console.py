"""What the verbs of the command line share: reading inputs, printing results.

Results go to stdout: a table where a person looks at it, JSON lines in a pipe.
Everything else goes to stderr.
"""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.errors import InputError, MunjangWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from munjang.data.known import Dataset
    from munjang.data.leaks import LeakReport
    from munjang.data.rows import Row
    from munjang.encode.encoder import SentenceEncoder
    from munjang.encode.zoo import ZooModel
    from munjang.search import Clusters, Hit


def note(text: str) -> None:
    """Says something to the user on stderr."""
    sys.stderr.write(text + "\n")


def emit_json(record: Mapping[str, Any], *, indent: int | None = None) -> None:
    """Prints one JSON object on stdout, Korean as it is."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=indent) + "\n")


def wants_json(*, asked: bool) -> bool:
    """Whether results are JSON: asked for, or stdout is no terminal."""
    return asked or not sys.stdout.isatty()


def emit(text: str) -> None:
    """Prints text on stdout as it is."""
    sys.stdout.write(text)


def terminal() -> Console:
    """The rich console of stdout."""
    from rich.console import Console

    return Console()


def emit_table(table: Table) -> None:
    """Prints a rich table on stdout."""
    terminal().print(table)


def warn_on_stderr() -> None:
    """Shows each distinct warning of munjang once, as one line on stderr."""
    warnings.simplefilter("default", MunjangWarning)
    plain = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,  # noqa: ANN401 - the signature is the standard library's
        line: str | None = None,
    ) -> None:
        if issubclass(category, MunjangWarning):
            note(f"warning: {message}")
        else:
            plain(message, category, filename, lineno, file, line)

    warnings.showwarning = show


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


def read_texts(path: str, *, column: str | None = None, encoding: str = "utf-8") -> list[str]:
    """Reads the sentences of a file; says how many blank ones were left out.

    Raises:
        DataError: The file cannot be read.
        InputError: It holds no sentence.
    """
    from munjang.data.tables import SentenceFile

    source = SentenceFile(path, encoding=encoding, column=column)
    texts = list(source)
    if not texts:
        raise InputError(f"{path} holds no text", found=f"{source.blank} blank lines")
    if source.blank:
        note(f"note: left out {source.blank} blank lines of {path}")
    return texts


def show_hits(queries: Sequence[str], hits: Sequence[Sequence[Hit]], *, as_json: bool) -> None:
    """Prints the hits of each query, best first."""
    if wants_json(asked=as_json):
        for query, found in zip(queries, hits, strict=True):
            for rank, hit in enumerate(found, start=1):
                emit_json(
                    {
                        "query": query,
                        "rank": rank,
                        "score": round(hit.score, 4),
                        "index": hit.index,
                        "text": hit.text,
                    }
                )
        return
    from rich.markup import escape
    from rich.table import Table

    for query, found in zip(queries, hits, strict=True):
        table = Table(title=escape(query), title_justify="left", title_style="bold")
        table.add_column("#", justify="right")
        table.add_column("score", justify="right")
        table.add_column("text", overflow="fold")
        for rank, hit in enumerate(found, start=1):
            table.add_row(str(rank), f"{hit.score:.4f}", escape(hit.text))
        emit_table(table)


def show_clusters(texts: Sequence[str], clusters: Clusters, *, as_json: bool) -> None:
    """Prints clusters, the largest first, each with its members, the most central first."""
    if wants_json(asked=as_json):
        for number, cluster in enumerate(clusters):
            emit_json(
                {
                    "cluster": number,
                    "size": len(cluster),
                    "label": cluster.label,
                    "cohesion": round(cluster.cohesion, 4),
                    "members": [{"index": row, "text": texts[row]} for row in cluster.members],
                }
            )
        return
    from rich.markup import escape
    from rich.table import Table

    apart = "" if clusters.silhouette is None else f", silhouette {clusters.silhouette:.2f}"
    table = Table(title=f"{len(clusters)} clusters{apart}", show_lines=True)
    table.add_column("size", justify="right")
    table.add_column("cohesion", justify="right")
    table.add_column("the most central sentences", overflow="fold")
    for cluster in clusters:
        shown = [escape(texts[row]) for row in cluster.members[:5]]
        more = [f"… and {len(cluster) - 5} more"] if len(cluster) > 5 else []
        table.add_row(str(len(cluster)), f"{cluster.cohesion:.2f}", "\n".join([*shown, *more]))
    emit_table(table)


def show_rows(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a plain table of text cells."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    emit_table(table)


def facts(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of a record as rows of a table; fractions with five digits."""
    return [
        (key, f"{value:.5f}" if isinstance(value, float) else str(value))
        for key, value in record.items()
    ]


def show_models(models: Iterable[ZooModel]) -> None:
    """Prints published checkpoints, one a row."""
    show_rows(
        "published checkpoints",
        ("model", "M params", "dim", "pooling", "prompt", "licence", "KorSTS-test CS"),
        [
            (
                model.name,
                f"{model.params_m:.0f}",
                str(model.dim),
                model.pooling or "modules.json",
                repr(model.prompt) if model.prompt else "",
                model.license,
                ", ".join(
                    f"{score.value:.2f}"
                    for score in model.scores
                    if (score.task, score.metric) == ("korsts-test", "cosine_spearman")
                ),
            )
            for model in models
        ],
    )


def show_datasets(datasets: Iterable[Dataset], *, as_json: bool) -> None:
    """Prints the known data sets, one split a row."""
    rows = [
        {
            "name": dataset.name,
            "split": split.name,
            "rows": split.rows,
            "never_train": split.never_train,
            "licence": dataset.licence,
            "fetched": any(file.origin for file in split.files),
            "title": dataset.title,
        }
        for dataset in datasets
        for split in dataset.splits
    ]
    if wants_json(asked=as_json):
        for row in rows:
            emit_json(row)
        return
    shown = [
        (
            str(row["name"]),
            str(row["split"]),
            f"{row['rows']:,}",
            "never" if row["never_train"] else "",
            str(row["licence"]),
            "" if row["fetched"] else "bring your own",
        )
        for row in rows
    ]
    show_rows("data sets", ("name", "split", "rows", "train on it", "licence", "origin"), shown)


def read_any_rows(source: str, *, column: str | None, data_dir: Path | None) -> Sequence[Row]:
    """Reads a split of a known data set (`NAME:SPLIT`), or the sentences of a file.

    Raises:
        InputError: It is neither.
    """
    from munjang.data.catalog import load_rows
    from munjang.data.rows import Sentence

    name, colon, split = source.partition(":")
    if colon and not Path(source).exists():
        return load_rows(name, split, data_dir=data_dir)
    return [Sentence(text) for text in read_texts(source, column=column)]


def show_leaks(report: LeakReport, *, as_json: bool) -> None:
    """Prints what two sets share."""
    if wants_json(asked=as_json):
        emit_json(asdict(report))
        return
    record = asdict(report)
    places = {"pair": record.pop("pair_places"), "sentence": record.pop("sentence_places")}
    show_rows("leaks", ("what", "count"), facts(record))
    for kind, found in places.items():
        if found:
            show_rows(
                f"the first shared {kind}s (rows from 0)",
                ("train", "test", "text"),
                [tuple(map(str, place.values())) for place in found],
            )
