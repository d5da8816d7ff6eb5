"""Findings on terminals of different widths."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from munjang.doctor.findings import Finding
from munjang.doctor.report import fold_absent, print_findings, summarize

FINDINGS = [
    Finding("machine", "cores", "ok", "2 usable"),
    Finding("text", "tokens an 어절", "ok", "1.99"),
    Finding("text", "NFD", "ok", "none"),
    Finding("text", "duplicates", "warning", "많이 " * 30, "중복을 지우고 다시 보세요 " * 6),
    Finding("text", "lost characters", "ok", "none"),
    Finding("text", "encoding", "problem", "[bold]꺾쇠[/bold]", "--encoding cp949"),
]


def show(findings, width=80):
    out = io.StringIO()
    print_findings(findings, console=Console(file=out, width=width, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(width):
    said = show(FINDINGS, width)
    assert max(cell_len(line) for line in said.splitlines()) <= width
    assert said.count("많이") == 30
    assert said.count("지우고") == 6


def test_a_line_a_finding_and_its_fix_below():
    lines = [line.rstrip() for line in show(FINDINGS, 120).splitlines()]
    assert lines[0] == "machine"
    problem = next(n for n, line in enumerate(lines) if line.startswith("✗ encoding"))
    assert "[bold]꺾쇠[/bold]" in lines[problem]
    assert lines[problem + 1].split() == ["→", "--encoding", "cp949"]
    assert lines[problem + 1].index("→") == lines[problem].index("[bold]")


def test_what_is_absent_is_told_in_one_line():
    lines = show(FINDINGS, 120).splitlines()
    assert sum(line.startswith("✓ not found") for line in lines) == 1
    folded = list(fold_absent(FINDINGS))
    assert len(folded) == 5
    assert folded[-1].detail == "NFD, lost characters"


def test_the_sum_names_the_worst_first():
    assert show(FINDINGS).splitlines()[-1] == "1 problem, 1 warning, 4 ok"
    assert summarize([]) == "no problems"
    assert summarize(FINDINGS[:4] * 2) == "no problems, 2 warnings, 6 ok"
