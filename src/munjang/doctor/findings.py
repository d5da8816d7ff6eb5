"""A finding: what was looked at, how it is, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from munjang.errors import MunjangError

Area: TypeAlias = Literal["machine", "model", "text"]
Level: TypeAlias = Literal["ok", "note", "warning", "problem"]
Value: TypeAlias = str | int | float | bool | None

LEVELS: tuple[Level, ...] = get_args(Level)
"""From the best to the worst: all is well; good to know; better change it; it does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the doctor looked at.

    Attributes:
        area: "machine", "model" or "text".
        what: What was looked at, in a word or two.
        level: One of `LEVELS`.
        detail: How it is, in a line.
        fix: What to do about it; "" only where there is nothing to do.
        values: The measured numbers behind it, by name; shares are from 0 to 1.

    Example:
        >>> Finding("text", "empty", "ok", "none").to_record()["level"]
        'ok'
    """

    area: Area
    what: str
    level: Level
    detail: str
    fix: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    def to_record(self) -> dict[str, object]:
        """The finding as a JSON object."""
        return asdict(self)


def finding_of(error: MunjangError, *, area: Area, what: str) -> Finding:
    """Makes a problem of an error that stopped the examination of something.

    Example:
        >>> from munjang.errors import DataError
        >>> finding_of(DataError("문장.txt: no such file", fix="check the path"),
        ...            area="text", what="file").detail
        '문장.txt: no such file'
    """
    detail = error.what if error.found is None else f"{error.what}; {error.found}"
    return Finding(area, what, "problem", " ".join(detail.split()), error.fix or "see its line")


def worst_level(findings: Iterable[Finding]) -> Level:
    """The worst level among findings; "ok" where there are none.

    Example:
        >>> worst_level([Finding("machine", "hub", "note", "offline"),
        ...              Finding("machine", "cores", "ok", "4")])
        'note'
    """
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")


def percent(share: float) -> str:
    """Writes a share; what is not quite none or all of it does not read as if it were.

    Example:
        >>> percent(0.25), percent(1), percent(0.00001), percent(0.99999)
        ('25.0 %', '100 %', 'under 0.1 %', 'over 99.9 %')
    """
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "under 0.1 %"
    if share > 0.999:
        return "over 99.9 %"
    return f"{100 * share:.1f} %"
