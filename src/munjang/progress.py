"""One progress bar for everything that takes over two seconds, on stderr."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress_bar(
    what: str, *, total: int | None, unit: str, shown: bool = True
) -> Iterator[Callable[[int], None]]:
    """Shows how far a job is, how fast it goes and when it will end.

    Nothing is shown where stderr is not a terminal, so logs stay clean.

    Args:
        what: The job, as a word.
        total: Units in all, or None when that is not known.
        unit: What is counted, such as "sentences" or "bytes".
        shown: False for no bar at all.

    Yields:
        A function to call with the number of units just done.

    Example:
        >>> with progress_bar("세는 중", total=3, unit="문장") as advance:
        ...     for _ in range(3):
        ...         advance(1)
    """
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} {task.fields[unit]}"),
        TextColumn("{task.speed:,.0f}/s", justify="right"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total, unit=unit)

        def advance(count: int) -> None:
            progress.advance(task, count)

        yield advance
