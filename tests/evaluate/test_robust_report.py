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
    assert head == ["Edit", "Model", "0", "0.5", "1", "Kept %", "Changed %", "Cosine", "Found %"]
    korean, english = edit_titles("spaces-removed")
    assert rows[0][:2] == [f"{korean} · {english}", "가 모델"]
    assert rows[0][2:] == ["80.00", "75.00", "70.00", "93.8", "100.0", "0.800", "50.0"]
    assert rows[1][:5] == ["", "나 모델", "80.00", "70.00", "60.00"]
    assert rows[2][0].endswith(edit_titles("key-slips")[1])
    assert [row[1] for row in rows[4:]] == ["가 모델", "나 모델"]
    assert rows[4][0] == "mean of all edits"
    assert rows[4][5] == f"{100 * robust_of('가 모델').kept:.1f}"
    assert rows[5][5] == f"{100 * robust_of('나 모델', loss=0.2).kept:.1f}"
    assert rows[5][6:] == ["–", "–", "–"]
    assert "No mean" not in text
    assert "Mean: over" not in text
    assert "korsts test, 1,379 pairs, seed 0" in text
    assert "Not made for 나 모델: particles-dropped: needs packages." in text


def means(text):
    """The title of the line of means, and the means."""
    rows = [cells(line) for line in text.splitlines() if line.startswith("|")]
    start = next(number for number, row in enumerate(rows) if row[0].startswith("mean of"))
    kept = rows[0].index("Kept %")
    return rows[start][0], [row[kept] for row in rows[start:]]


def idle(curve):
    """The curve of an edit that found nothing to change."""
    size = len(curve.doses)
    return replace(curve, spearman=(0.8,) * size, changed=(0.0,) * size)


def test_the_mean_is_over_the_edits_that_all_have(robust_of):
    one = robust_of("가", edits=("nfd", "key-slips", "spaces-removed"))
    other = robust_of("나", edits=("nfd", "spaces-removed"))
    text = robust_markdown([one, other])
    one = replace(
        one, curves=(one.curves[0], replace(one.curves[1], spearman=(0.8, 0.8, 0.8)), one.curves[2])
    )
    shared = [one.curves[0], one.curves[2]]
    expected = [sum(c.kept for c in shared) / 2, other.kept]
    assert means(text) == ("mean of 2 shared edits", [f"{100 * e:.1f}" for e in expected])
    assert means(text)[1][0] != f"{100 * one.kept:.1f}"
    assert "edits alone that all models have, at the same doses: nfd, spaces-removed." in text


@pytest.mark.parametrize(
    "change", [{"task": "klue-sts"}, {"split": "dev"}, {"rows": 9}, {"seed": 1}]
)
def test_no_mean_over_other_rows_or_seeds(robust_of, change):
    one, other = robust_of("가"), replace(robust_of("나"), **change)
    text = robust_markdown([one, other])
    assert means(text)[1] == ["–", "–"]
    assert "No mean: the models were measured on other rows, or with another seed." in text
    assert "\n가: korsts test, 1,379 pairs, seed 0.\n" in text
    found = {"task": "korsts", "split": "test", "rows": 1379, "seed": 0} | change
    assert "\n나: {task} {split}, {rows:,} pairs, seed {seed}.\n".format(**found) in text


def test_an_edit_that_changes_nothing_is_no_part_of_the_mean(robust_of):
    whole = robust_of("가", edits=("nfd", "key-slips"))
    result = replace(whole, curves=(whole.curves[0], idle(whole.curves[1])))
    text = robust_markdown([result])
    first, second = [cells(x) for x in text.splitlines() if x.startswith("|")][2:4]
    assert (first[4:6], second[4:6]) == (["93.8", "100.0"], ["–", "0.0"])
    assert means(text) == ("mean of all edits", [f"{100 * whole.curves[0].kept:.1f}"])
    assert "Changed no sentence of 가's, so no part of the mean: key-slips." in text


def test_doses_that_only_one_was_measured_at(robust_of):
    one, other = robust_of("가", edits=("nfd",)), robust_of("나", edits=("nfd",))
    other = replace(other, curves=(replace(other.curves[0], doses=(0.0, 0.3, 0.6)),))
    text = robust_markdown([one, other])
    head, _, first, second = [cells(x) for x in text.splitlines() if x.startswith("|")][:4]
    assert head[2:7] == ["0", "0.3", "0.5", "0.6", "1"]
    assert first[2:7] == ["80.00", "–", "75.00", "–", "70.00"]
    assert second[2:7] == ["80.00", "75.00", "–", "70.00", "–"]
    assert second[8:] == ["–", "–", "–"]
    assert means(text) == ("mean of all edits", ["–", "–"])
    assert "No mean: no edit changed something for all models at the same doses." in text
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


def test_a_single_model_is_named_below_its_table(robust_of):
    text = robust_markdown([robust_of("가 모델")])
    head, _, first, *_ = [cells(line) for line in text.splitlines() if line.startswith("|")]
    assert head == ["Edit", "0", "0.5", "1", "Kept %", "Changed %", "Cosine", "Found %"]
    assert first[1:] == ["80.00", "75.00", "70.00", "93.8", "100.0", "0.800", "50.0"]
    assert "\n가 모델: korsts test, 1,379 pairs, seed 0, the second sentence edited." in text


NAMES = ("munjang-small-ko", "ko-sroberta-multitask")


def five_doses(result):
    """The record at the doses of the suite."""
    doses = (0.0, 0.25, 0.5, 0.75, 1.0)
    curves = tuple(
        replace(
            curve,
            doses=doses,
            spearman=(0.9048, 0.6231, 0.4117, 0.2093, -0.1667),
            cosine=(1.0, 0.95, 0.9, 0.85, 0.8),
            retrieval=(1.0, 1.0, 1.0, 1.0, 1.0),
            changed=doses,
        )
        for curve in result.curves
    )
    return replace(result, curves=curves)


@pytest.mark.parametrize(
    ("width", "models", "edits", "title", "doses"),
    [
        (200, 2, tuple(EDITS), "both", 5),
        (80, 1, tuple(EDITS), "english", 5),
        (80, 1, ("nfd", "emoji"), "english", 5),
        (80, 2, tuple(EDITS), "english", 3),
    ],
)
def test_what_a_narrow_terminal_leaves_out(robust_of, width, models, edits, title, doses):
    results = [five_doses(robust_of(name, edits=edits)) for name in NAMES]
    console = Console(file=io.StringIO(), width=width)
    print_robust(results[:models], console=console)
    table, note = console.file.getvalue().split("\n\n", 1)
    note = " ".join(note.split())
    assert (EDITS["nfd"].title_ko in table) == (title == "both")
    assert EDITS["nfd"].title.split()[0] in table
    assert ("62.31" in table) == (doses == 5)
    assert all(number in table for number in ("90.48", "41.17", "-16.67"))
    assert ("Doses 0.25, 0.75 are left out on this narrow terminal." in note) == (doses == 3)
