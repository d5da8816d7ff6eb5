"""Known data sets by name: found in a folder or in the cache, else fetched, then checked."""

from __future__ import annotations

import itertools
import os
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from munjang.data.fetch import download
from munjang.data.known import DATASETS, Dataset, KnownFile, Split
from munjang.data.rows import Row, Sentence
from munjang.errors import DataError, InputError, unknown_name
from munjang.files import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterator

RAW_URL = "https://raw.githubusercontent.com"
"""Where the files of public GitHub repositories are served as they are."""


def find_dataset(name: str) -> Dataset:
    """Returns what the catalog knows of a data set.

    Raises:
        InputError: No such data set; the error offers the nearest name.

    Example:
        >>> dataset = find_dataset("korsts")
        >>> dataset.licence, [(split.name, split.rows) for split in dataset.splits]
        ('CC-BY-SA-4.0', [('train', 5749), ('dev', 1500), ('test', 1379)])
    """
    for dataset in DATASETS:
        if dataset.name == name:
            return dataset
    raise unknown_name("data set", name, [dataset.name for dataset in DATASETS])


def find_split(name: str, split: str) -> Split:
    """Returns what the catalog knows of a split.

    Raises:
        InputError: No such data set or split.

    Example:
        >>> find_split("klue-sts", "dev").never_train
        True
    """
    splits = find_dataset(name).splits
    for known in splits:
        if known.name == split:
            return known
    raise unknown_name(f"split of {name}", split, [known.name for known in splits])


def load_rows(name: str, split: str, *, data_dir: str | Path | None = None) -> list[Row]:
    """Loads a known data set, fetched first if need be, and asserts that it is the real one.

    The checksum of each of its files is compared where one is known (all but the train
    json of KLUE-STS), the row count always. The scores of klue-sts are `labels.label` for dev,
    which published figures are measured on, and the finer real-label for train, whichever
    file holds it. Rows of parakqc and of stylekqc's train, dev and test are sentences
    whose label is the number of their group of paraphrases.

    Args:
        name: A data set, such as "korsts".
        split: One of its splits, such as "dev".
        data_dir: A folder to look in first.

    Returns:
        The rows in file order.

    Raises:
        DataError: Another checksum or row count than the known file's, a folder that is
            not there, or a file that must be brought.
        InputError: An unknown name, an unwritable cache.
        NetworkError: The file is nowhere and cannot be fetched.
    """
    known = find_split(name, split)
    path, file = _find(known, data_dir) or _fetch(name, known)
    parts = file.parts(path)
    for part, sha256, _ in parts:
        found = sha256 and hash_file(part)
        if found != sha256:
            raise DataError(
                f"{part} is not {name} {split} as published: expected sha256 {sha256}",
                found=f"sha256 {found}",
                fix="delete it and fetch it anew; other versions: munjang.data.readers",
            )
    rows = list(file.read(*(part for part, *_ in parts)))
    if len(rows) != known.rows:
        raise DataError(
            f"{path} is not {name} {split} as published: expected {known.rows:,} rows",
            found=f"{len(rows):,} rows",
            fix="delete it and fetch it anew",
        )
    return rows


def load_groups(
    name: str, split: str, *, data_dir: str | Path | None = None
) -> list[tuple[str, ...]]:
    """Loads a data set of paraphrase groups, such as parakqc, group by group.

    Args:
        name: A data set.
        split: One of its splits.
        data_dir: A folder to look in first.

    Returns:
        The groups in file order; a group's number is its index.

    Raises:
        InputError: The split has no groups.
        DataError: As `load_rows`.
        NetworkError: As `load_rows`.
    """
    rows = load_rows(name, split, data_dir=data_dir) if find_dataset(name).grouped else []
    sentences = [row for row in rows if isinstance(row, Sentence)]
    if not sentences:
        raise InputError(f"{name} {split} has no groups of paraphrases", fix="load_rows")
    return [
        tuple(sentence.text for sentence in group)
        for _, group in itertools.groupby(sentences, key=lambda sentence: sentence.label)
    ]


def locate(name: str, split: str, *, data_dir: str | Path | None = None) -> Path:
    """Finds a split's file: in `data_dir`, in MUNJANG_DATA, in the cache, else fetches it.

    A split of several files counts as found where all of them lie in one folder.

    Args:
        name: A data set.
        split: One of its splits.
        data_dir: A folder to look in first.

    Returns:
        The path of the file, unchecked unless it was fetched; of several the first, such
        as the Korean half of flores200.

    Raises:
        DataError: A folder that is not there, or a file that must be brought.
        InputError: An unknown name, an unwritable cache.
        NetworkError: The file is nowhere and cannot be fetched.
    """
    known = find_split(name, split)
    path, _ = _find(known, data_dir) or _fetch(name, known)
    return path


def fetch(name: str, split: str, *, progress: bool = True) -> Path:
    """Fetches a split from its public origin, at the pinned commit, into the cache.

    Args:
        name: A data set.
        split: One of its splits.
        progress: Show a progress bar on stderr.

    Returns:
        The file in the cache, the first one of several; what is there already is kept.

    Raises:
        DataError: The split has no public origin that can be fetched, or the file that
            came is not the known one (then nothing is kept).
        InputError: An unknown name, an unwritable cache.
        NetworkError: Offline, refused or cut; what came is kept for resuming.
    """
    path, _ = _fetch(name, find_split(name, split), progress=progress)
    return path


def cache_dir() -> Path:
    """Returns the folder of fetched data: MUNJANG_CACHE or ~/.cache/munjang, then data/."""
    root = os.environ.get("MUNJANG_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "munjang") / "data"


def _find(split: Split, data_dir: str | Path | None) -> tuple[Path, KnownFile] | None:
    for folder in _folders(data_dir):
        for file in split.files:
            for relative in file.paths:
                path = folder / relative
                if all(part.is_file() for part, *_ in file.parts(path)):
                    return path, file
    return None


def _folders(data_dir: str | Path | None) -> Iterator[Path]:
    named = {"data_dir": data_dir, "MUNJANG_DATA": os.environ.get("MUNJANG_DATA")}
    for source, value in named.items():
        if value:
            folder = Path(value)
            if not folder.is_dir():
                raise DataError(
                    f"{source} does not name a folder", found=str(value), fix="check the path"
                )
            yield folder
    yield cache_dir()


def _fetch(name: str, split: Split, *, progress: bool = True) -> tuple[Path, KnownFile]:
    for file in split.files:
        target = cache_dir() / file.paths[0]
        parts = file.parts(target)
        if all(origin is not None for *_, origin in parts):
            for part, sha256, origin in parts:
                if origin is not None:
                    address = urllib.parse.quote(f"{origin.repo}/{origin.commit}/{origin.path}")
                    download(f"{RAW_URL}/{address}", part, sha256=sha256, progress=progress)
            return target, file
    preferred = split.files[0]
    together = " with ".join([preferred.paths[0], *(one.name for one in preferred.beside)])
    raise DataError(
        f"{name} {split.name} cannot be fetched: its origin serves no such file",
        fix=f"bring {together} in a folder named by --data-dir or MUNJANG_DATA",
    )
