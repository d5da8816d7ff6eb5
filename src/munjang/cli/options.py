"""Options that several verbs share, spelled out once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Texts = Annotated[
    str,
    typer.Argument(metavar="FILE", help="Texts, one a line, or a table with --column; - is stdin."),
]
Model = Annotated[
    str,
    typer.Option("--model", "-m", help="'default' or 'tiny' (shipped), a folder or a hub id."),
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
    Path | None,
    typer.Option(
        help="A folder that has the data sets; else they are fetched.",
        envvar="MUNJANG_DATA",
    ),
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
