"""Files that are written whole or not at all, and their checksums."""

from __future__ import annotations

import errno
import hashlib
import secrets
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from munjang.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing to an open file can fail with; other errors are those of whoever writes."""


def hash_file(path: Path) -> str:
    """Computes a file's SHA-256 in bounded memory.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: The file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "결과", "표.md")
        ...     with whole_file(path) as file:
        ...         _ = file.write("표".encode())
        ...     path.read_text("utf-8")
        '표'
    """
    target = Path(path)
    temporary = target.parent / f".munjang-{secrets.token_hex(8)}"
    with _explaining(target):
        if target.exists() and not target.is_file():
            raise InputError(f"cannot write {target}", found="no file", fix="name a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        file = temporary.open("xb")
    try:
        with _explaining(target, _DISK_ERRORS), file:
            yield file
        with _explaining(target):
            temporary.replace(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Makes a folder that appears only when the block ends well.

    Until then it has a temporary name beside the target, and is removed if the block raises.
    What the target held goes only once the new folder stands in its place.

    Args:
        path: The folder to write. Missing parents are made.

    Yields:
        The folder to fill.

    Raises:
        InputError: The folder cannot be written there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with whole_folder(Path(folder, "모델")) as work:
        ...         _ = (work / "카드.md").write_text("문장", "utf-8")
        ...     [found.name for found in Path(folder, "모델").iterdir()]
        ['카드.md']
    """
    target = Path(path)
    with _explaining(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield work
        with _explaining(target):
            work.chmod(0o755)
            _put_in_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _put_in_place(work: Path, target: Path) -> None:
    old = work.with_name(f"{work.name}-old")
    if target.exists():
        target.replace(old)
    try:
        work.replace(target)
    except OSError:
        if old.exists():
            old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _explaining(target: Path, kinds: Collection[int] | None = None) -> Iterator[None]:
    """Turns an OSError, of some kinds only where they are given, into an `InputError`."""
    try:
        yield
    except OSError as error:
        if kinds is not None and error.errno not in kinds:
            raise
        raise InputError(
            f"cannot write {target}",
            found=error.strerror or str(error),
            fix="a folder that you may write to, on a disk with room",
        ) from error
