"""Pictures of comparisons and of robustness; `munjang.evaluate.picture_files` writes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from munjang.errors import InputError
from munjang.evaluate.picture_files import MUTED, PAPER, RULE, house_style
from munjang.evaluate.robust_report import edit_titles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from munjang.evaluate.comparison import PairDifference, SuiteComparison
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.robust_record import RobustResult

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#b5558f",
    "#a67c00",
    "#3c9bd4",
    "#7a4b2a",
    "#5b5b8c",
)
"""The colours of the models, told apart also by who does not see red and green alike
(after Okabe and Ito 2008); the marker says it too."""

_MARKERS = "osD^vPX"
MARKERS_SHOWN = "●■◆▲▼✚✖"
"""The models' markers, where a text speaks of them."""

_ROW, _LINE = 0.36, 0.13  # inches: a row of a task, and what each further model adds
_SIDES: tuple[tuple[Literal["left", "right"], str], ...] = (("left", "← {}"), ("right", "{} →"))
_PANEL = (2.05, 1.7)  # inches, of a panel of curves


def draw_scores(comparison: SuiteComparison, *, width: float = 8.0) -> Figure:
    """Draws each model's score on each task as a dot with its interval.

    Args:
        comparison: The comparison.
        width: Inches; the height is what the tasks and models need.

    Returns:
        The figure, for `write_picture`.

    Raises:
        MissingExtraError: The extra plots is not installed.
    """
    models, tasks = list(comparison.models), comparison.tasks
    with house_style():
        figure = _figure(width, 1.0 + len(tasks) * (_ROW + _LINE * (len(models) - 1)))
        axes = figure.add_subplot()
        for row, task in enumerate(tasks):
            for number, (model, result) in enumerate(task.results.items()):
                colour, marker = _look(models.index(model))
                y = row + 0.7 * ((number + 0.5) / len(task.results) - 0.5)
                if result.interval:
                    ends = (100 * result.interval.low, 100 * result.interval.high)
                    axes.plot(ends, (y, y), color=colour, linewidth=1.4)
                axes.plot(
                    100 * result.score, y, marker, color=colour, markersize=5, markeredgewidth=0
                )
        _name_rows(axes, [f"{task.task}\n{task.split}" for task in tasks])
        low = _begin(min(map(_low_end, (r for task in tasks for r in task.results.values()))))
        axes.set_xlim(left=low)
        axes.set_xlabel(f"score x100, each task's own metric, 95% intervals{_away(low)}")
        _add_legend(figure, models, models)
    return figure


def draw_differences(comparison: SuiteComparison, *, width: float = 8.0) -> Figure:
    """Draws the differences of each pair of models with their intervals, a row a task.

    Filled and in the colour of the better model where the difference is beyond noise
    after Holm's correction; else hollow and grey.

    Args:
        comparison: The comparison.
        width: Inches; pairs of models stand beside each other where there is room.

    Returns:
        The figure, for `write_picture`.

    Raises:
        MissingExtraError: The extra plots is not installed.
    """
    models = list(comparison.models)
    found = {
        (each.model_a, each.model_b): None for task in comparison.tasks for each in task.differences
    }
    columns = max(1, min(len(found), int(width // 3.6)))
    rows = math.ceil(len(found) / columns)
    room = int((width - 1.6) / columns / 0.15)
    with house_style():
        figure = _figure(width, 0.6 + rows * (0.7 + len(comparison.tasks) * _ROW))
        for panel, (a, b) in zip(_panels(figure, rows, columns, len(found)), found, strict=True):
            for row, task in enumerate(comparison.tasks):
                for each in task.differences:
                    if (each.model_a, each.model_b) == (a, b):
                        _draw_difference(panel, row, each, models)
            panel.axvline(0, color=MUTED, linewidth=0.8, zorder=1)
            _name_rows(panel, [f"{task.task}\n{task.split}" for task in comparison.tasks])
            for name, (side, words) in zip((b, a), _SIDES, strict=True):
                title = words.format(shorten(name, room))
                colour = _look(models.index(name))[0]
                panel.set_title(title, loc=side, fontsize=8.5, color=colour, fontweight="bold")
        farthest = max(map(abs, figure.axes[0].get_xlim()))
        figure.axes[0].set_xlim(-farthest, farthest)
        level = f"{100 * comparison.level:g}% intervals"
        figure.supxlabel(
            f"difference x100, {level}; hollow: within noise after Holm's correction",
            fontsize=8,
            color=MUTED,
        )
    return figure


def draw_robustness(
    results: Sequence[RobustResult], *, models: Sequence[str] = (), width: float = 8.0
) -> Figure:
    """Draws the score against the dose: a panel an edit, a line a model.

    Args:
        results: At least one.
        models: Names in the order that gives them their colours; else that of the results.
        width: Inches.

    Returns:
        The figure, for `write_picture`.

    Raises:
        InputError: There is no result, or none has a curve.
        MissingExtraError: The extra plots is not installed.
    """
    edits = list(dict.fromkeys(curve.edit for each in results for curve in each.curves))
    if not edits:
        raise InputError("there is no curve to draw")
    order = list(dict.fromkeys([*models, *(each.model for each in results)]))
    columns = min(len(edits), max(1, int(width // _PANEL[0])))
    rows = math.ceil(len(edits) / columns)
    with house_style():
        figure = _figure(width, 0.8 + 0.2 * len(results) + rows * _PANEL[1])
        for panel, edit in zip(_panels(figure, rows, columns, len(edits)), edits, strict=True):
            for each in results:
                for curve in each.curves:
                    if curve.edit == edit:
                        colour, marker = _look(order.index(each.model))
                        values = [100 * value for value in curve.spearman]
                        panel.plot(curve.doses, values, marker=marker, color=colour, markersize=3.5)
            _name_edit(panel, edit)
            panel.grid(axis="y")
        low = _begin(min(panel.dataLim.ymin for panel in figure.axes))
        figure.axes[0].set_ylim(bottom=low)
        figure.axes[0].set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
        figure.supylabel(f"cosine Spearman x100{_away(low)}", fontsize=8, color=MUTED)
        figure.supxlabel("dose: 0 is clean text, 1 the most", fontsize=8, color=MUTED)
        _add_legend(figure, order, [each.model for each in results])
    return figure


def shorten(name: str, room: int) -> str:
    """Fits a model's name into so many letters: its end counts most, Hangul counts double.

    Example:
        >>> shorten("어느모임/한국어-문장-모델-v2", 16)
        '…어-문장-모델-v2'
    """
    from rich.cells import cell_len

    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if cell_len(clean) <= room:
        return clean
    while cell_len(clean) > room - 1:
        clean = clean[1:]
    return f"…{clean.lstrip('-_/ ')}"


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _look(number: int) -> tuple[str, str]:
    """Colour and marker of a model."""
    return COLOURS[number % len(COLOURS)], _MARKERS[number % len(_MARKERS)]


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """A named row a task, from the top, every other one shaded."""
    axes.set_yticks(range(len(names)), names, linespacing=1.1)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    for row in range(0, len(names), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=RULE, alpha=0.35, linewidth=0, zorder=0)


def _draw_difference(axes: Axes, row: int, found: PairDifference, models: list[str]) -> None:
    colour = _look(models.index(found.better))[0] if found.better else MUTED
    ends = (100 * found.difference.low, 100 * found.difference.high)
    axes.plot(ends, (row, row), color=colour, linewidth=1.6, solid_capstyle="round")
    axes.plot(
        100 * found.difference.value,
        row,
        "o",
        markersize=5.5,
        markerfacecolor=colour if found.better else PAPER,
        markeredgecolor=colour,
        zorder=3,
    )


def _name_edit(axes: Axes, edit: str) -> None:
    """The edit's name in Korean, marked as such, and in English below it."""
    korean, english = edit_titles(edit)
    side: Literal["left"] = "left"
    title = axes.set_title(korean, loc=side, fontsize=9, fontweight="bold", pad=14)
    title.set_gid("korean")
    axes.annotate(
        english, (0, 1), (0, 4), "axes fraction", "offset points", fontsize=7.5, color=MUTED
    )


def _panels(figure: Figure, rows: int, columns: int, count: int) -> list[Axes]:
    """So many panels with shared axes, row by row, each with its own numbers below."""
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for panel in panels[count:]:
        panel.remove()
    for panel in panels[:count]:
        panel.xaxis.set_tick_params(labelbottom=True)
        panel.tick_params(axis="y", length=0)
    return panels[:count]


def _begin(lowest: float) -> float:
    """Where an axis of scores begins: at 0 unless that would leave much of it empty."""
    low = 10.0 * math.floor((lowest - 1) / 10)
    return low if low >= 30 or lowest < 0 else 0.0


def _low_end(result: TaskResult) -> float:
    return 100 * (result.interval.low if result.interval else result.score)


def _away(low: float) -> str:
    return f"; the axis begins at {low:.0f}, not 0" if low else ""


def _add_legend(figure: Figure, order: Sequence[str], models: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    looks = [_look(order.index(model)) for model in models]
    handles = [Line2D([], [], color=colour, marker=marker) for colour, marker in looks]
    inches = figure.get_figwidth()
    names = [shorten(model, int(inches / 0.1)) for model in models]
    widest = 0.6 + 0.075 * max(map(len, names))
    legend = figure.legend(
        handles,
        [str(number) for number in range(len(names))],
        loc="outside upper left",
        ncols=max(1, min(len(names), int(inches / widest))),
        fontsize=8.5,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)  # a label that begins with _ would be left out
