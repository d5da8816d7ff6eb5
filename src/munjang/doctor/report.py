"""Findings on a terminal: a sign, a line, and below it what to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from munjang.doctor.findings import LEVELS, Finding
from munjang.doctor.text import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.table import Table

_SIGNS = {"ok": ("✓", "green"), "note": ("i", "cyan"), "warning": ("!", "yellow")} | {
    "problem": ("✗", "bold red")
}
_PLURALS = {"problem": "problems", "warning": "warnings", "note": "notes", "ok": "ok"}


def print_findings(findings: Sequence[Finding], *, console: Console) -> None:
    """Prints findings, a table an area, and at the end how many there are of each level.

    What was looked for and not found is told in one line.

    Args:
        findings: As `munjang.doctor.examine` gives them.
        console: Where to.
    """
    from rich.text import Text

    shown = list(fold_absent(findings))
    width = max((Text(finding.what).cell_len for finding in shown), default=0)
    for area in dict.fromkeys(finding.area for finding in shown):
        console.print(Text(area, style="bold"))
        console.print(_make_table([f for f in shown if f.area == area], width))
        console.print()
    console.print(Text(summarize(findings)))


def fold_absent(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Makes one finding of all that say "none", at the end of their area.

    Example:
        >>> [f.detail for f in fold_absent([
        ...     Finding("text", "NFD", "ok", "none"), Finding("text", "HTML", "ok", "none")])]
        ['NFD, HTML']
    """
    absent: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.level == "ok" and finding.detail == NONE:
            absent.setdefault(finding.area, []).append(finding)
        else:
            yield finding
    for members in absent.values():
        names = ", ".join(finding.what for finding in members)
        yield Finding(members[0].area, "not found", "ok", names)


def summarize(findings: Iterable[Finding]) -> str:
    """Counts findings by level, the worst first.

    Example:
        >>> summarize([Finding("text", "NFD", "ok", "none")])
        'no problems, 1 ok'
    """
    counts = Counter(finding.level for finding in findings)
    parts = [
        f"{counts[level]} {level if counts[level] == 1 else _PLURALS[level]}"
        for level in reversed(LEVELS)
        if counts[level]
    ]
    return ", ".join([*([] if counts["problem"] else ["no problems"]), *parts])


def _make_table(findings: Sequence[Finding], width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=width)
    table.add_column(overflow="fold")
    for finding in findings:
        sign, style = _SIGNS[finding.level]
        quiet = finding.level == "ok"
        table.add_row(
            Text(sign, style=style),
            Text(finding.what, style="" if quiet else style),
            Text(finding.detail, style="dim" if quiet else ""),
        )
        if finding.fix:
            table.add_row("", "", _make_fix(finding.fix))
    return table


def _make_fix(fix: str) -> Table:
    """What to do, behind an arrow, its lines under each other."""
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row("→", Text(fix))
    return line
