"""What the command line says: results and notes.

Results go to stdout: a table where a person looks at it, JSON lines in a pipe.
Everything else goes to stderr.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from munjang.errors import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from munjang.data.known import Dataset
    from munjang.data.leaks import LeakReport
    from munjang.encode.zoo import ZooModel
    from munjang.search import Clusters, Hit
    from munjang.train.recipe import Recipe

_SHOWN_MEMBERS = 5


def note(text: str) -> None:
    """Says something to the user on stderr."""
    sys.stderr.write(text + "\n")


def emit(text: str) -> None:
    """Prints text on stdout as it is."""
    sys.stdout.write(text)


def emit_json(record: Mapping[str, Any]) -> None:
    """Prints one JSON object as one line on stdout, Korean as it is."""
    emit(json.dumps(record, ensure_ascii=False) + "\n")


def wants_json(*, asked: bool) -> bool:
    """Whether results are JSON: asked for, or stdout is no terminal."""
    return asked or not sys.stdout.isatty()


def terminal() -> Console:
    """The rich console of stdout."""
    from rich.console import Console

    return Console(highlight=False)


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
    for query, found in zip(queries, hits, strict=True):
        show_rows(
            query,
            ("#", "score", "text"),
            [(str(n), f"{hit.score:.4f}", hit.text) for n, hit in enumerate(found, start=1)],
            numbers=(0, 1),
        )


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
    if not len(clusters):
        note("note: no two texts are that close; try a lower --duplicates")
        return
    apart = "" if clusters.silhouette is None else f", silhouette {clusters.silhouette:.2f}"
    rows = []
    for cluster in clusters:
        shown = [texts[row] for row in cluster.members[:_SHOWN_MEMBERS]]
        if len(cluster) > len(shown):
            shown.append(f"… and {len(cluster) - len(shown):,} more")
        rows.append((f"{len(cluster):,}", f"{cluster.cohesion:.2f}", "\n".join(shown)))
    show_rows(
        f"{counted(len(clusters), 'cluster')}{apart}",
        ("size", "cohesion", "the most central sentences"),
        rows,
        numbers=(0, 1),
        apart=True,
    )


def show_rows(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    apart: bool = False,
) -> None:
    """Prints a plain table of text cells; only the last column is folded where it must be.

    Args:
        title: What it shows.
        columns: The head of each column.
        rows: As many cells each as there are columns.
        numbers: The columns whose cells stand to the right.
        apart: A blank line between rows.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_lines=apart)
    for number, column in enumerate(columns):
        table.add_column(
            column,
            justify="right" if number in numbers else "left",
            no_wrap=number < len(columns) - 1,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(Text, row))
    terminal().print(Text(title, style="bold"), table, sep="")


def show_record(title: str, record: Mapping[str, Any]) -> None:
    """Prints the fields of a record, one a row; fractions with five significant digits."""
    show_rows(
        title,
        ("what", "value"),
        [
            (name, f"{value:.5g}" if isinstance(value, float) else str(value))
            for name, value in record.items()
        ],
    )


def show_models(models: Iterable[ZooModel]) -> None:
    """Prints published checkpoints, one a row."""
    show_rows(
        "published checkpoints (pooling * = as their modules.json says)",
        ("KorSTS", "M", "dim", "pooling", "model and licence"),
        [
            (
                _korsts_score(model),
                f"{model.params_m:.0f}",
                str(model.dim),
                model.pooling or "*",
                f"{model.name}  {'' if model.license == 'none stated' else model.license}",
            )
            for model in models
        ],
        numbers=(0, 1, 2),
    )
    note("KorSTS: published cosine Spearman on the test split, sources: munjang models NAME")


def show_model(model: ZooModel) -> None:
    """Prints what is known of a published checkpoint, and its published scores."""
    record = asdict(model)
    del record["name"], record["scores"]
    prompts = record.pop("prompts")
    record["params_m"] = f"{model.params_m:.1f}"
    record |= {f"prompt: {use}": repr(text) for use, text in prompts.items()}
    show_record(model.name, {name: value for name, value in record.items() if value is not None})
    if model.scores:
        show_rows(
            "published scores",
            ("task", "metric", "score", "source"),
            [(s.task, s.metric, f"{s.value:.2f}", s.source) for s in model.scores],
            numbers=(2,),
        )
    for caveat in dict.fromkeys(score.caveat for score in model.scores if score.caveat):
        emit(f"caveat: {caveat}\n")


def show_recipes(recipes: Sequence[Recipe], *, as_json: bool) -> None:
    """Prints what each recipe is, and where it was published."""
    if wants_json(asked=as_json):
        for recipe in recipes:
            emit_json({"name": recipe.name, "what": recipe.what, "source": recipe.source})
        return
    rows = [(recipe.name, f"{recipe.what}\n{recipe.source}") for recipe in recipes]
    show_rows("recipes", ("name", "what, and where it was published"), rows, apart=True)


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
    show_rows(
        "data sets",
        ("name", "split", "rows", "train on it", "licence", "origin"),
        [
            (
                str(row["name"]),
                str(row["split"]),
                f"{row['rows']:,}",
                "never" if row["never_train"] else "yes",
                str(row["licence"]),
                "public" if row["fetched"] else "bring it",
            )
            for row in rows
        ],
        numbers=(2,),
    )


def show_leaks(report: LeakReport, *, as_json: bool) -> None:
    """Prints what two sets share."""
    record = asdict(report)
    if wants_json(asked=as_json):
        emit_json(record)
        return
    places = {"pair": record.pop("pair_places"), "sentence": record.pop("sentence_places")}
    show_record("leaks", {name.replace("_", " "): f"{n:,}" for name, n in record.items()})
    for kind, found in places.items():
        if found:
            show_rows(
                f"the first shared {kind}s (rows from 0)",
                ("train", "test", "text"),
                [
                    (str(place["train_row"]), str(place["test_row"]), "\n".join(place["texts"]))
                    for place in found
                ],
                numbers=(0, 1),
                apart=kind == "pair",
            )


def _korsts_score(model: ZooModel) -> str:
    """The first published cosine Spearman on KorSTS-test, or nothing."""
    for score in model.scores:
        if (score.task, score.metric) == ("korsts-test", "cosine_spearman"):
            return f"{score.value:.2f}"
    return ""
