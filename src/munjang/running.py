"""Runs a parsed command line: what goes wrong becomes lines on stderr and an exit code."""

from __future__ import annotations

import io
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from munjang.console import note
from munjang.errors import MunjangError, MunjangWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INTERRUPTED = 130


def run(verb: Callable[[], object], *, debug: bool) -> int:
    """Runs the parsed command line and says what went wrong, if anything did.

    Args:
        verb: What to run; it may end with `SystemExit`, having said why.
        debug: Show the traceback of an error before its lines.

    Returns:
        The exit code: 0 for success, 130 when stopped by Ctrl-C, an error's own
        `exit_code`, 1 for any other failure.
    """
    _start_output()
    with _warnings_on_stderr():
        code = _run(verb, debug=debug)
    if code == _INTERRUPTED:
        note("stopped")
    _end_output()
    return code


def _run(verb: Callable[[], object], *, debug: bool) -> int:
    try:
        verb()
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # the reader has all it wanted
            _drop_output()
            return 0
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        if debug:
            note(traceback.format_exc().rstrip())
        return _explain(error)
    return 0


def _explain(error: Exception) -> int:
    """Says what went wrong, and returns the exit code for it."""
    if isinstance(error, MunjangError):
        note(f"error: {error}")
        return error.exit_code
    what = " ".join(str(error).split())
    note(f"error: {type(error).__name__}: {what}\ntry: munjang --debug, to see where it comes from")
    return MunjangError.exit_code


def _start_output() -> None:
    r"""Makes stdout take any text: UTF-8 in a pipe, a lone surrogate as \udXXX.

    That escape is also what JSON calls it, so JSON stays whole.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = None if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


def _end_output() -> None:
    """Writes what stdout still holds; a reader that has gone (`| head`) is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()


def _drop_output() -> None:
    """Sends the rest of stdout nowhere, so that Python does not fail on it at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    """Shows each distinct warning of munjang once, as one line on stderr."""
    with warnings.catch_warnings():
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
        yield
