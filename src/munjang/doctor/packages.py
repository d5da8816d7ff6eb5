"""Which packages are installed: those of the base, and those of each extra."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass

EXTRAS: dict[str, tuple[str, ...]] = {
    "korean": ("kiwipiepy>=0.24",),
    "mteb": ("mteb>=2.23,<3",),
    "onnx": ("onnxruntime>=1.20",),
    "parquet": ("pyarrow>=17",),
    "plots": ("matplotlib>=3.9",),
    "train": (
        "accelerate>=1.6",
        "datasets>=3.0",
        "nncf>=2.17",
        "onnx>=1.17",
        "onnxruntime>=1.20",
        "onnxscript>=0.5",
        "peft>=0.17",
        "sentence-transformers>=6,<7",
        "tensorboard>=2.18",
        "transformers>=5,<6",
    ),
}
"""What the extras for users bring. The installed metadata is not asked: in a folder that was
installed with `pip install -e` it stays what it was on that day."""

_OF_EXTRA = re.compile(r"extra\s*==")


@dataclass(frozen=True, slots=True)
class Package:
    """A package that munjang or one of its extras asks for.

    Attributes:
        name: As its distribution is called.
        extra: The extra that brings it; "" for the base install.
        wanted: The versions that will do, such as ">=6,<7".
        version: The installed one; None where it is not installed.
        fits: Whether the installed version will do.
    """

    name: str
    extra: str
    wanted: str
    version: str | None
    fits: bool


def read_packages() -> list[Package]:
    """The packages of munjang's base install and of `EXTRAS`.

    Returns:
        The base install's first; none of them where munjang is not installed, only on the path.

    Example:
        >>> {package.name for package in read_packages() if not package.extra} >= {"openvino"}
        True
    """
    try:
        lines = importlib.metadata.requires("munjang") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    base = [("", line) for line in lines if not _OF_EXTRA.search(line)]
    extras = [(extra, line) for extra, needed in EXTRAS.items() for line in needed]
    found = [package for extra, line in base + extras if (package := _read(line, extra))]
    return sorted(found, key=lambda package: (package.extra, package.name))


def find_version(name: str) -> str | None:
    """The installed version of a package, found without importing it.

    Example:
        >>> find_version("없는-패키지") is None
        True
    """
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _read(line: str, extra: str) -> Package | None:
    from packaging.requirements import Requirement

    needed = Requirement(line)
    if needed.marker is not None and not needed.marker.evaluate():
        return None
    version = find_version(needed.name)
    fits = version is not None and needed.specifier.contains(version, prereleases=True)
    return Package(needed.name, extra, str(needed.specifier), version, fits)
