r"""Files to text lines: encodings told by name, bad bytes told by place, bounded memory.

A line ends at \n, \r\n or \r and nowhere else. `str.splitlines` also cuts at
U+2028, U+0085 and form feeds, which stand inside sentences of real files.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from munjang.errors import DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ByteSource(Protocol):
    """A binary stream, as far as reading needs it."""

    def read(self, size: int, /) -> bytes:
        """Returns up to `size` bytes, none at the end."""
        ...


def iter_lines(path: str | Path, *, encoding: str = "utf-8") -> Iterator[str]:
    r"""Reads a text file line by line, each line with its terminator as it stands.

    Memory is bounded by the longest line. A byte-order mark is dropped; a path that
    ends in ".gz" is decompressed on the way.

    Args:
        path: The file, or "-" for standard input.
        encoding: The name of a Python text encoding, such as "utf-8" or "cp949".

    Yields:
        The lines; only the last one may lack a terminator.

    Raises:
        InputError: No such encoding.
        DataError: The file cannot be opened, or its bytes are not in `encoding`; the
            error names the line and the byte, and the encoding that would fit.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "문장.txt")
        ...     _ = path.write_bytes("한 줄\r\n두 줄".encode("cp949"))
        ...     list(iter_lines(path, encoding="cp949"))
        ['한 줄\r\n', '두 줄']
    """
    codec = _codec(encoding)
    with _open(path) as stream:
        yield from _split(stream, path, codec)


def cut_terminator(line: str) -> str:
    r"""Takes the \n, \r\n or \r off the end of a line.

    Example:
        >>> cut_terminator("문장\r\n")
        '문장'
    """
    return line.removesuffix("\n").removesuffix("\r")


def shorten(value: object, *, length: int = 60) -> str:
    """Writes a value for an error message: its repr, cut in the middle when long.

    Example:
        >>> shorten("가" * 100, length=11)
        "'가가가...가가가'"
    """
    text = repr(value)
    if len(text) <= length:
        return text
    half = (length - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def _codec(encoding: str) -> str:
    try:
        "".encode(encoding)
    except LookupError:
        raise InputError(
            f"unknown encoding {encoding!r}", fix="utf-8, cp949 or utf-16, for example"
        ) from None
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


@contextlib.contextmanager
def _open(path: str | Path) -> Iterator[ByteSource]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        if Path(path).suffix == ".gz":
            with gzip.open(path) as unzipped:
                yield unzipped
        else:
            with Path(path).open("rb") as stream:
                yield stream
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", fix="check the path") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a file", fix="name a file in it") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read", found=str(error)) from error


def _split(stream: ByteSource, path: str | Path, codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)()
    # Keeps a \r at the end of a chunk back until it is known whether \n follows.
    newlines = io.IncrementalNewlineDecoder(decoder, translate=False)
    tail: list[str] = []
    read = line = 0
    while True:
        chunk = stream.read(_CHUNK)
        read += len(chunk)
        try:
            text = newlines.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise _bad_byte(error, path, codec, read=read, line=line + 1) from None
        except UnicodeError as error:  # utf-16 without its byte-order mark
            raise DataError(f"{path} is not {codec.upper()}", found=str(error)) from None
        for piece in io.StringIO(text, newline=""):
            tail.append(piece)
            if piece.endswith(("\n", "\r")):
                line += 1
                yield "".join(tail)
                tail.clear()
        if not chunk:
            break
    if tail:
        yield "".join(tail)


def _bad_byte(
    error: UnicodeDecodeError, path: str | Path, codec: str, *, read: int, line: int
) -> DataError:
    good = error.object[: error.start].decode(codec, errors="ignore")
    line += len(list(io.StringIO(good + "|", newline=""))) - 1
    offset = read - len(error.object) + error.start
    name = codec.removesuffix("-sig").upper()
    where = "standard input" if str(path) == "-" else str(path)
    found = f"byte 0x{error.object[error.start]:02x} at offset {offset}, line {line}"
    fix = "give the encoding that the file is in, with --encoding"
    if codec == "utf-8-sig":
        guess = _guess(path, error.object)
        if guess:
            found += f"; it reads as {guess.upper()}"
            fix = f"--encoding {guess}"
    return DataError(f"{where} is not {name}", found=found, fix=fix)


def _guess(path: str | Path, seen: bytes) -> str | None:
    if str(path) == "-":
        chunks = iter([seen])
        complete = False
    else:
        chunks = _chunks(path)
        complete = True
    decoder = codecs.getincrementaldecoder("cp949")()
    try:
        for number, chunk in enumerate(chunks):
            if number == 0 and chunk.startswith(_UTF16_MARKS):
                return "utf-16"
            decoder.decode(chunk)
        decoder.decode(b"", final=complete)
    except UnicodeDecodeError:
        return None
    return "cp949"


def _chunks(path: str | Path) -> Iterator[bytes]:
    with _open(path) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
