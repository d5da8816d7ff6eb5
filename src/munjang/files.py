"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from munjang.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def whole_file(path: str | Path) -> Iterator[IO[bytes]]:
    """Opens a binary file for writing that appears only when the block ends well.

    Until then it has a temporary name in the same folder, and is removed if the block
    raises.

    Args:
        path: The file to write; one that exists is replaced. Missing folders are made.

    Yields:
        The open file, seekable.

    Raises:
        InputError: The file cannot be written there, or the disk is full.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "결과", "표.md")
        ...     with whole_file(path) as file:
        ...         _ = file.write("표".encode())
        ...     path.read_text("utf-8")
        '표'
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise InputError(
            f"cannot write {target}", found=str(error), fix="a folder that you may write to"
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        raise InputError(f"cannot write {target}", found=str(error)) from error
    finally:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)
