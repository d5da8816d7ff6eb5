"""One progress bar for everything that takes over two seconds, on stderr."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


QUIET_SECONDS = 1.0
"""A job that ends within so many seconds shows no bar."""


@contextmanager
def progress_bar(
    what: str, *, total: int | None, unit: str, shown: bool = True
) -> Iterator[Callable[[int], None]]:
    """Shows how far a job is and when it will end, once it has run for a second.

    That second is counted by a timer, so that a job whose first unit takes long is seen.

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
    if not shown or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what, total=total)
    begin = time.monotonic()
    timer = threading.Timer(QUIET_SECONDS, bar.start)
    timer.daemon = True
    timer.start()

    def advance(count: int) -> None:
        bar.advance(task, count)
        if not bar.live.is_started and time.monotonic() - begin > QUIET_SECONDS:
            bar.start()

    try:
        yield advance
    finally:
        timer.cancel()
        timer.join()  # a start that is under way comes before the stop
        bar.stop()
