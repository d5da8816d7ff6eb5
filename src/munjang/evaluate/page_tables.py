"""The tables of the page, as HTML; every text of a record is escaped."""

from __future__ import annotations

from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING

from munjang.errors import counted
from munjang.evaluate.pictures import COLOURS, MARKERS_SHOWN, shorten
from munjang.evaluate.report import points
from munjang.evaluate.robust_report import (
    common_edits,
    edit_titles,
    mean_kept,
    mean_title,
    percent,
    robust_notes,
)
from munjang.evaluate.suite_report import comparison_notes, rank_cell, suite_flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from munjang.evaluate.comparison import PairDifference, SuiteComparison, TaskComparison
    from munjang.evaluate.contamination import Flag
    from munjang.evaluate.record import SuiteResult
    from munjang.evaluate.robust_record import RobustResult

_FACTS: Mapping[str, str] = MappingProxyType(
    {
        "params_m": "parameters, M",
        "size_mb": "size, MB",
        "sentences_per_second": "sentences/s",
    }
)
"""What a card calls the facts of a model that have a unit."""


def model_cards(
    comparison: SuiteComparison | None, robust: Sequence[RobustResult], models: Sequence[str]
) -> str:
    """A card a model: how it stands, what it keeps under edits, what it is."""
    cards, common = [], common_edits(robust)
    for model in models:
        lines: list[tuple[str, str, str]] = []
        if comparison and model in comparison.models:
            lines += _standing_lines(comparison, model)
        lines += [
            ("kept under edits", f"{percent(kept)}%", "big")
            for each in robust
            if each.model == model and (kept := mean_kept(each, common)) is not None
        ]
        if comparison and model in comparison.models:
            lines += _fact_lines(comparison.models[model])
        rows = "".join(
            f'<dt>{escape(name)}</dt><dd class="{kind}">{escape(value)}</dd>'
            for name, value, kind in lines
        )
        cards.append(
            f'<section class="card" style="{_colour(models, model)}">'
            f"<h3>{named(models, model)}</h3><dl>{rows}</dl></section>"
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def scores_table(comparison: SuiteComparison) -> str:
    """Tasks as rows, models as columns; the best is bold where it is better than all."""
    models = list(comparison.models)
    flags = suite_flags(comparison)
    rows = "".join(
        f"<tr><th scope=row>{escape(task.task)}<small>{escape(_measured(task))}</small></th>"
        + "".join(_score_cell(task, model, models, flags) for model in models)
        + "</tr>"
        for task in comparison.tasks
    )
    standings = [comparison.standing(model) for model in models]
    ranks = ["–" if each.mean_rank is None else f"{each.mean_rank:.2f}" for each in standings]
    won = [f"{each.wins} / {each.ties} / {each.losses}" for each in standings]
    foot = _row('mean rank <small lang="ko">평균 순위</small>', ranks) + _row(
        'wins / ties / losses <small lang="ko">승 / 무 / 패</small>', won
    )
    return _table(
        ["Task", *(named(models, model) for model in models)],
        f"<tbody>{rows}</tbody><tfoot>{foot}</tfoot>",
    )


def differences_table(comparison: SuiteComparison) -> str:
    """All differences with their p-values, folded away."""
    models = list(comparison.models)
    rows = "".join(
        _difference_row(task, found, models)
        for task in comparison.tasks
        for found in task.differences
    )
    head = ["Task", "One", "Other", "One - other", "Interval", "p", "p (Holm)", "Better"]
    table = _table(head, f"<tbody>{rows}</tbody>", kind="dense")
    number = comparison.comparisons
    english = f"{'' if number == 1 else 'All '}{counted(number, 'difference')}"
    title = f'{english} <span lang="ko">모든 차이</span>'
    return f"<details><summary>{title}</summary>{table}</details>"


def robust_table(robust: Sequence[RobustResult], models: Sequence[str]) -> str:
    """Edits as rows, models as columns: what each keeps of its clean score."""
    edits = dict.fromkeys(curve.edit for each in robust for curve in each.curves)
    kept = [{c.edit: c.kept for c in each.curves if c.changes} for each in robust]
    common = common_edits(robust)
    rows = ""
    for edit in edits:
        korean, english = edit_titles(edit)
        name = f'<span lang="ko">{escape(korean)}</span><small>{escape(english)}</small>'
        rows += _row(name, [percent(of.get(edit)) for of in kept])
    foot = _row(mean_title(robust), [percent(mean_kept(each, common)) for each in robust])
    measured = dict.fromkeys(f"{each.task} {each.split}, {each.rows:,} pairs" for each in robust)
    notes = [
        f"{'; '.join(measured)}. Kept %: the area under the curve, of what clean text would have.",
        *dict.fromkeys(robust_notes(robust)),
    ]
    table = _table(
        ["Kept %", *(named(models, each.model) for each in robust)],
        f"<tbody>{rows}</tbody><tfoot>{foot}</tfoot>",
    )
    return table + _list(notes)


def notes_list(comparison: SuiteComparison) -> str:
    """The notes of a comparison, then what each encoder is."""
    encoders = [f"{model}: {suite.encoder}" for model, suite in comparison.models.items()]
    return _list([*comparison_notes(comparison), *encoders])


def named(models: Sequence[str], model: str, *, room: int | None = None) -> str:
    """A model's name behind its marker, in its colour; shortened to so many letters."""
    shape = MARKERS_SHOWN[models.index(model) % len(MARKERS_SHOWN)]
    mark = f'<span class="mark" style="{_colour(models, model)}" aria-hidden="true">{shape}</span>'
    return f"{mark} {escape(shorten(model, room) if room else model)}"


def _colour(models: Sequence[str], model: str) -> str:
    return f"--model: var(--m{models.index(model) % len(COLOURS)})"


def _standing_lines(comparison: SuiteComparison, model: str) -> list[tuple[str, str, str]]:
    standing = comparison.standing(model)
    rank = "–" if standing.mean_rank is None else f"{standing.mean_rank:.2f}"
    return [
        (f"mean rank, {counted(standing.tasks, 'task')}", rank, "big"),
        ("wins / ties / losses", f"{standing.wins} / {standing.ties} / {standing.losses}", ""),
    ]


def _fact_lines(suite: SuiteResult) -> list[tuple[str, str, str]]:
    speed = f"{suite.sentences:,} in {suite.seconds:,.0f} s"
    return [
        ("sentences", speed, ""),
        *((("measured on", suite.date, ""),) if suite.date else ()),
        *(
            (_FACTS.get(name, name.replace("_", " ")), str(value), "")
            for name, value in suite.facts.items()
        ),
        ("measured by", f"munjang {suite.munjang}", ""),
    ]


def _measured(task: TaskComparison) -> str:
    first = next(iter(task.results.values()))
    return f"{task.split}, {first.metric.replace('_', ' ')}, {first.rows:,} rows"


def _score_cell(
    task: TaskComparison, model: str, models: Sequence[str], flags: Mapping[tuple[str, str], Flag]
) -> str:
    result = task.results.get(model)
    if result is None:
        return "<td>–</td>"
    best = model == task.best
    score = points(result.score)
    flag = flags.get((model, f"{task.task}:{task.split}"))
    mark = f'<sup title="{escape(flag.sentence)}">{flag.mark}</sup>' if flag else ""
    rank = f'<span class="rank{" alone" if best else ""}">{rank_cell(task, model)}</span>'
    ends = result.interval
    noise = f"{100 * ends.low:.1f} – {100 * ends.high:.1f}" if ends else ""
    return (
        f'<td style="{_colour(models, model)}">{f"<b>{score}</b>" if best else score}{mark}{rank}'
        f"<small>{noise}</small></td>"
    )


def _difference_row(task: TaskComparison, found: PairDifference, models: Sequence[str]) -> str:
    gap = found.difference
    return _row(
        f"{escape(task.task)}<small>{escape(task.split)}</small>",
        [
            named(models, found.model_a, room=24),
            named(models, found.model_b, room=24),
            points(gap.value, signed=True),
            f"{points(gap.low, signed=True)} to {points(gap.high, signed=True)}",
            f"{gap.p:.4f}",
            f"{found.p_holm:.4f}",
            named(models, found.better, room=24) if found.better else "within noise",
        ],
    )


def _row(head: str, cells: Iterable[str]) -> str:
    return (
        f"<tr><th scope=row>{head}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    )


def _table(head: Sequence[str], body: str, *, kind: str = "even") -> str:
    columns = "".join(f"<th scope=col>{cell}</th>" for cell in head)
    start = f'<table class="{kind}" style="--columns: {len(head) - 1}">'
    return f'<div class="scroll">{start}<thead><tr>{columns}</tr></thead>{body}</table></div>'


def _list(notes: Iterable[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>'
