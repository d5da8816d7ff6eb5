"""What the pictures show: points where the numbers are, colours that mean a model."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib", reason="needs the extra plots")

from munjang.errors import InputError
from munjang.evaluate.comparison import compare_suites
from munjang.evaluate.picture_files import MUTED, svg_text
from munjang.evaluate.pictures import (
    COLOURS,
    draw_differences,
    draw_robustness,
    draw_scores,
    shorten,
)
from munjang.evaluate.robust_report import edit_titles


@pytest.fixture(scope="module")
def compared(suite_of):
    return compare_suites(
        [
            suite_of("앞선 모델", ["날씨", "바다"], skill=0.9, rows=200),
            suite_of("_$비슷한$", ["날씨", "바다"], skill=0.89, rows=200),
            suite_of("뒤진 모델", ["날씨"], skill=0.5, rows=200),
        ]
    )


def points(axes):
    """Where single points stand and in which colour, left to right."""
    single = [line for line in axes.lines if len(line.get_xdata()) == 1]
    return [
        (pytest.approx(float(line.get_xdata()[0])), line.get_markeredgecolor()) for line in single
    ]


def test_scores_stand_where_they_are(compared):
    (axes,) = draw_scores(compared).axes
    drawn = [float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1]
    scores = [100 * r.score for task in compared.tasks for r in task.results.values()]
    assert drawn == pytest.approx(scores)
    assert axes.get_xlim()[0] in (0, 30, 40)
    assert ("the axis begins" in axes.get_xlabel()) == (axes.get_xlim()[0] != 0)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["날씨\ntest", "바다\ntest"]


def test_a_panel_a_pair_and_the_colour_of_the_better_model(compared):
    panels = draw_differences(compared).axes
    assert len(panels) == 3
    ours = compared.tasks[0].differences
    first, second, third = panels
    assert points(first)[0] == (100 * ours[0].difference.value, MUTED)
    assert points(second) == [(100 * ours[1].difference.value, COLOURS[0])]
    assert points(third) == [(100 * ours[2].difference.value, COLOURS[1])]
    assert second.get_title(loc="right") == "앞선 모델 →"
    assert second.get_title(loc="left") == "← 뒤진 모델"
    low, high = first.get_xlim()
    assert low == -high


def test_curves_of_each_edit(robust_of):
    results = [robust_of("가", loss=0.1), robust_of("나", loss=0.15)]
    figure = draw_robustness(results, models=["다", "나", "가"])
    first, second = figure.axes
    assert list(first.lines[0].get_ydata()) == pytest.approx([80, 75, 70])
    assert list(second.lines[1].get_ydata()) == pytest.approx([80, 65, 50])
    assert [line.get_color() for line in first.lines] == [COLOURS[2], COLOURS[1]]
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylim()[0] == 40
    text = svg_text(figure)
    assert "the axis begins at 40, not 0" in text
    for title in (*edit_titles("spaces-removed"), *edit_titles("key-slips")):
        assert title in text


def test_an_axis_from_zero_says_nothing(robust_of):
    figure = draw_robustness([robust_of("가", loss=0.4)])
    assert figure.axes[0].get_ylim()[0] == 0
    assert "the axis begins" not in svg_text(figure)
    below = draw_robustness([robust_of("가", loss=0.9)])
    assert below.axes[0].get_ylim()[0] < -90


@pytest.mark.parametrize("width", [3.0, 4.2, 10.0])
def test_panels_without_an_edit_are_gone(robust_of, width):
    edits = ("spaces-removed", "key-slips", "nfd", "emoji", "numerals")
    figure = draw_robustness([robust_of("가", edits=edits)], width=width)
    assert len(figure.axes) == 5
    assert all(axes.lines for axes in figure.axes)


def test_any_name_is_shown_as_it_is(compared):
    text = svg_text(draw_scores(compared))
    assert ">_$비슷한$</text>" in text
    many = {f"모델 {n}" for n in range(20)}
    assert all(0 < len(shorten(name, 5)) <= 5 for name in many)
    assert shorten("줄\n바꿈\x00", 20) == "줄 바꿈"


def test_more_models_than_colours(suite_of):
    found = compare_suites([suite_of(f"모델 {n}", ["날씨"], rows=20) for n in range(10)])
    (axes,) = draw_scores(found).axes
    looks = {(line.get_color(), line.get_marker()) for line in axes.lines if line.get_marker()}
    assert len({look for look in looks if look[1] != "None"}) == 10
    assert len(draw_differences(found).axes) == 45


def test_nothing_to_draw():
    with pytest.raises(InputError, match="no curve"):
        draw_robustness([])
