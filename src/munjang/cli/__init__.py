"""The command line: verbs to functions, parsing and printing, nothing else."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from munjang import __version__, console
from munjang.cli import (
    average,
    compare,
    data,
    doctor,
    evaluate,
    export,
    leaderboard,
    training,
    trim,
    use,
)
from munjang.running import run

app = typer.Typer(
    name="munjang",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Results go to stdout, in a pipe as JSON lines; everything else to stderr.",
)
for verbs in (use, evaluate, compare, leaderboard, doctor, training, export, trim, average):
    app.add_typer(verbs.app)
app.add_typer(training.recipes, name="recipes")
app.add_typer(data.app, name="data")


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


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        arguments: What follows the program's name; `sys.argv` when None.

    Returns:
        0 for success, 2 for the user's mistake, 1 for a failure, 3 for a failed quality
        gate, 130 when stopped by Ctrl-C.
    """
    given = sys.argv[1:] if arguments is None else arguments
    return run(lambda: app(given), debug="--debug" in given)
