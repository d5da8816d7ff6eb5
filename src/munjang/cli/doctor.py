"""The verb that looks for what is wrong: doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from munjang import console
from munjang.cli.options import AsJson, Column, Encoding, Engine, Pickle, Pooling, Prompt

app = typer.Typer()


@app.command()
def doctor(
    model: Annotated[
        str, typer.Argument(help="'default', 'tiny', a model folder, a hub id or an address.")
    ] = "default",
    text: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Texts, one a line, or a table with --column; - is stdin."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask whether the hub can be reached.")
    ] = False,
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    allow_pickle: Pickle = False,
    column: Column = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with this machine, a model or a text, and what to do.

    Exits with 1 where there is a problem. Texts count from 1, blank lines left
    out. In a pipe, one JSON object a finding: area, what, level (ok, note,
    warning, problem), detail, fix, values.

    Example: munjang doctor my-model/ --text reviews.csv --column review
    """
    from munjang.doctor import examine, worst_level
    from munjang.doctor.report import print_findings

    findings = examine(
        model,
        text=text,
        column=column,
        encoding=encoding,
        engine=engine,
        pooling=pooling,
        prompt=prompt,
        allow_pickle=allow_pickle,
        hub=not offline,
        progress=True,
    )
    if console.wants_json(asked=as_json):
        for finding in findings:
            console.emit_json(finding.to_record())
    else:
        print_findings(findings, console=console.terminal())
    if worst_level(findings) == "problem":
        raise typer.Exit(1)
