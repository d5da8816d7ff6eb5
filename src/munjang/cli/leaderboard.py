"""The verb that makes one table of many records: leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from munjang import console
from munjang.cli.options import AsJson, Markdown
from munjang.errors import DataError, GateError, InputError
from munjang.files import whole_file

app = typer.Typer()


@app.command()
def leaderboard(
    folder: Annotated[
        Path, typer.Argument(help="The folder of the records that evaluate wrote.")
    ] = Path("results"),
    task: Annotated[
        list[str] | None,
        typer.Option(help="A task to show, such as korsts:test; twice for two; else all."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="The task that sorts the models; else the first one.")
    ] = None,
    published: Annotated[
        int | None, typer.Option(min=0, help="So many published rows at most; else all.")
    ] = None,
    language: Annotated[
        Literal["en", "ko"], typer.Option(help="The language of heads and notes.")
    ] = "en",
    write: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="Put it into this file, between its lines <!-- leaderboard --> and "
            "<!-- /leaderboard -->.",
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Exit with 3 where this file holds another one."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name the files that were left aside.")
    ] = False,
    markdown: Markdown = False,
    as_json: AsJson = False,
) -> None:
    """Show every measured model in one table, with what others published.

    Scores with intervals, what edits leave of them, size, speed, licence. Marks
    say where a model was trained on what it is measured on, as far as it
    declares that. In a pipe, one JSON object a model.

    Example: munjang leaderboard results --published 10 --write README.md
    """
    from munjang.evaluate import leaderboard_table as table
    from munjang.evaluate.leaderboard import make_board
    from munjang.evaluate.leaderboard_records import read_records

    if sum([write is not None, check is not None, markdown, as_json]) > 1:
        raise InputError("--write, --check, --markdown and --json exclude each other")
    records = read_records(folder)
    if verbose and records.left_aside:
        console.note(f"note: no records of a suite: {', '.join(records.left_aside)}")
    board = make_board(records, tasks=task, sort=sort, published=published)
    if verbose and board.kept.left_aside:
        aside = ", ".join(board.kept.left_aside)
        console.note(f"note: robustness on other rows or under other edits: {aside}")
    file = write or check
    if file is not None:
        _put(table.board_markdown(board, language=language), file, check=write is None)
    elif markdown:
        console.emit(table.board_markdown(board, language=language))
    elif console.wants_json(asked=as_json):
        console.emit(table.board_json(board))
    else:
        table.print_board(board, console=console.terminal(), language=language)


def _put(block: str, file: Path, *, check: bool) -> None:
    """Writes the board into a file, or only looks whether it is there."""
    from munjang.evaluate.leaderboard_table import BEGIN, END, replace_block

    try:
        old = file.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise DataError(
            f"there is no file {file}",
            fix=f"create it with two lines, {BEGIN} and {END}: the leaderboard goes between them",
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(
            f"{file} cannot be read", found=str(error), fix="name a text file"
        ) from error
    new = replace_block(old, block, place=str(file))
    if check and new != old:
        raise GateError(
            f"the leaderboard in {file} is not the one of the records",
            fix="the same command with --write in place of --check",
        )
    if new != old:
        with whole_file(file) as target:
            target.write(new.encode())
    console.note(f"note: the leaderboard in {file} is current")
