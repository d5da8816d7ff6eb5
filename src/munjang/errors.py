"""Every error and warning that munjang raises on purpose.

An error says three things, a line each: what went wrong and where, what was
found, and what to do. The command line prints those lines and exits with the
error's `exit_code`; a library user catches `MunjangError`.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


MOST_NAMES = 12
"""How many known names an error lists at most."""


class MunjangError(Exception):
    """Base of all munjang errors: a failure that is not the user's mistake.

    Args:
        what: What went wrong, naming the place (file and line, argument, index).
        found: What was there instead, if that helps.
        fix: What the user can do about it.

    Example:
        >>> print(MunjangError("문장 3이 비어 있습니다", found="''", fix="지우거나 채우세요"))
        문장 3이 비어 있습니다
        found: ''
        try: 지우거나 채우세요
    """

    exit_code = 1

    def __init__(self, what: str, *, found: str | None = None, fix: str | None = None) -> None:
        self.what, self.found, self.fix = what, found, fix
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.found is not None:
            lines.append(f"found: {self.found}")
        if self.fix is not None:
            lines.append(f"try: {self.fix}")
        return "\n".join(" ".join(line.splitlines()) for line in lines)


class InputError(MunjangError, ValueError):
    """The user gave something that cannot be used: an argument, a text, a file."""

    exit_code = 2


class DataError(InputError):
    """A data file is missing, malformed, or not the file that its name promises."""


class ModelError(InputError):
    """A model folder or hub model cannot be loaded as it is."""


class MissingExtraError(MunjangError, ImportError):
    """A feature needs packages that the base install leaves out.

    Args:
        feature: What the user asked for.
        extra: The extra of munjang that brings the packages.

    Example:
        >>> print(MissingExtraError("the torch engine", "train"))
        the torch engine needs packages that are not installed
        try: pip install "munjang[train]"
    """

    exit_code = 2

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs packages that are not installed",
            fix=f'pip install "munjang[{extra}]"',
        )
        self.args = (feature, extra)  # what pickle makes it again from


class NetworkError(MunjangError):
    """A download failed; what was fetched so far is kept for resuming."""


class GateError(MunjangError):
    """A quality gate refused a result; nothing was written."""

    exit_code = 3


class MunjangWarning(UserWarning):
    """Something the user should know that does not stop the work."""


def counted(number: int, noun: str) -> str:
    """A number with its noun, which has an s unless it is one; for all that munjang says.

    Example:
        >>> counted(1, "row"), counted(1200, "row")
        ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Builds the error for a name that is not among the known ones.

    Args:
        kind: What the name stands for, such as "task".
        name: What the user wrote.
        known: The names that exist.

    Returns:
        An `InputError` that offers the nearest match and lists the names; where there are
        too many for a line it lists the nearest only.

    Example:
        >>> print(unknown_name("task", "korst", ["korsts", "klue-sts"]))
        unknown task 'korst'
        try: did you mean 'korsts'? known: klue-sts, korsts
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    if len(names) > MOST_NAMES:
        some = difflib.get_close_matches(name, names, n=3, cutoff=0) or names[:3]
        return InputError(
            f"unknown {kind} {name!r}", fix=f"{hint}{len(names)} known, such as {', '.join(some)}"
        )
    return InputError(f"unknown {kind} {name!r}", fix=f"{hint}known: {', '.join(names)}")
