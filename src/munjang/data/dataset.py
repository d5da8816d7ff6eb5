"""What the catalog says of a data set: its splits, their files and where those come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from munjang.data.rows import Row


Reader: TypeAlias = "Callable[..., Sequence[Row]]"
"""What turns a file, followed by those that belong beside it, into rows."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A file of a public GitHub repository at one commit.

    Attributes:
        repo: Owner and name.
        commit: The full hash, 40 hexadecimal digits.
        path: The file's path in the repository.
    """

    repo: str
    commit: str
    path: str


@dataclass(frozen=True, slots=True)
class Companion:
    """A further file of a split, in the same folder as its first one.

    Attributes:
        name: Its file name.
        sha256: Its checksum in hexadecimal.
        origin: Where it is fetched from; None for a file that a user must bring.
    """

    name: str
    sha256: str
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """One file that holds a split, or the first one of several that do so together.

    Attributes:
        paths: Where it may lie in a data folder; the first is its place in the cache.
        sha256: Its checksum in hexadecimal; None where only the row count is known.
        origin: Where it is fetched from; None for a file that a user must bring.
        read: Its reader, called with its path and then those of `beside`.
        beside: The other files that the split needs, such as the translation of this one.
    """

    paths: tuple[str, ...]
    sha256: str | None
    origin: Origin | None
    read: Reader
    beside: tuple[Companion, ...] = ()

    def parts(self, path: Path) -> list[tuple[Path, str | None, Origin | None]]:
        """Lists what belongs together, given where this file lies.

        Returns:
            Path, checksum and origin of this file and then of each one beside it, in the
            order that the reader takes them.

        Example:
            >>> from pathlib import PurePosixPath
            >>> ours = Companion("en.txt", "5f", None)
            >>> file = KnownFile(("옮김/ko.txt",), "a0", None, list, beside=(ours,))
            >>> [str(place) for place, *_ in file.parts(PurePosixPath("옮김/ko.txt"))]
            ['옮김/ko.txt', '옮김/en.txt']
        """
        others = [(path.with_name(one.name), one.sha256, one.origin) for one in self.beside]
        return [(path, self.sha256, self.origin), *others]


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a data set.

    Attributes:
        name: What the catalog calls it.
        rows: How many rows it has, whichever file it is read from.
        files: The files that hold it, the preferred one first.
        never_train: True for what scores are reported on or chosen by.
    """

    name: str
    rows: int
    files: tuple[KnownFile, ...]
    never_train: bool = False


@dataclass(frozen=True, slots=True)
class Dataset:
    """A published data set.

    Attributes:
        name: What the catalog calls it.
        title: What it is, in a line.
        licence: Its SPDX identifier, or a name of that form where SPDX has none.
        citation: Whom to cite.
        grouped: True if consecutive rows of one label are paraphrases of each other.
        splits: Its parts.
    """

    name: str
    title: str
    licence: str
    citation: str
    splits: tuple[Split, ...]
    grouped: bool = False
