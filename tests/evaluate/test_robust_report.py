"""Tables of robustness: a row an edit and model, the doses, and the summary figure."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from munjang.errors import InputError
from munjang.evaluate.robust_report import at_dose, edit_titles, print_robust, robust_markdown
from munjang.korean.perturb import EDITS


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_models_side_by_side(robust_of):
    text = robust_markdown([robust_of("가 모델"), robust_of("나 모델", loss=0.2)])
    head, _, *rows = [cells(line) for line in text.splitlines() if line.startswith("|")]
    assert head == ["Edit", "Model", "0", "0.5", "1", "Kept %", "Cosine", "Found %"]
    korean, english = edit_titles("spaces-removed")
    assert rows[0][:2] == [f"{korean} · {english}", "가 모델"]
    assert rows[0][2:] == ["80.00", "75.00", "70.00", "93.8", "0.800", "50.0"]
    assert rows[1][:5] == ["", "나 모델", "80.00", "70.00", "60.00"]
    assert rows[2][0].endswith(edit_titles("key-slips")[1])
    assert [row[1] for row in rows[4:]] == ["가 모델", "나 모델"]
    assert rows[4][0] == "mean of all edits"
    assert rows[4][5] == f"{100 * robust_of('가 모델').kept:.1f}"
    assert "korsts test, 1,379 pairs" in text
    assert "Not made for 나 모델: particles-dropped: needs packages." in text


def test_doses_that_only_one_was_measured_at(robust_of):
    one, other = robust_of("가", edits=("nfd",)), robust_of("나", edits=("nfd",))
    other = replace(other, curves=(replace(other.curves[0], doses=(0.0, 0.3, 0.6)),))
    text = robust_markdown([one, other])
    head, _, first, second = [cells(x) for x in text.splitlines() if x.startswith("|")][:4]
    assert head[2:7] == ["0", "0.3", "0.5", "0.6", "1"]
    assert first[2:7] == ["80.00", "–", "75.00", "–", "70.00"]
    assert second[2:7] == ["80.00", "75.00", "–", "70.00", "–"]
    assert second[8:] == ["–", "–"]
    assert at_dose(one.curves[0], one.curves[0].cosine, 0.5) == 0.9
    assert at_dose(one.curves[0], one.curves[0].cosine, 0.3) is None


def test_titles_of_known_edits_and_of_others():
    for edit in EDITS:
        assert all(edit_titles(edit))
    assert edit_titles("옛 편집") == ("옛 편집", "옛 편집")


def test_on_a_terminal_and_without_a_result(robust_of):
    console = Console(file=io.StringIO(), width=120)
    print_robust([robust_of("[red]모델[/red]")], console=console)
    assert "[red]모델[/red]" in console.file.getvalue()
    with pytest.raises(InputError, match="at least one result"):
        robust_markdown([])
