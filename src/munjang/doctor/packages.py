"""Which packages are installed: those of the base, and those of each extra."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass

_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")
_FOR_DEVELOPERS = ("dev", "all")


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
    """The packages that munjang's own metadata names, without those for its developers.

    Returns:
        The base install's first; [] where munjang is not installed, only on the path.

    Example:
        >>> {package.name for package in read_packages() if not package.extra} >= {"openvino"}
        True
    """
    try:
        lines = importlib.metadata.requires("munjang") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = [package for line in lines if (package := _read(line))]
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


def _read(line: str) -> Package | None:
    from packaging.requirements import Requirement

    extra = _EXTRA.search(line)
    named = extra[1] if extra else ""
    needed = Requirement(line)
    applies = needed.marker is None or needed.marker.evaluate({"extra": named})
    if named in _FOR_DEVELOPERS or needed.name == "munjang" or not applies:
        return None
    version = find_version(needed.name)
    fits = version is not None and needed.specifier.contains(version, prereleases=True)
    return Package(needed.name, named, str(needed.specifier), version, fits)
