"""Tables of suites and of comparisons of them: Markdown, terminal, JSON.

Scores are times 100, as in the published tables; in JSON they are as they were computed.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from munjang.errors import counted
from munjang.evaluate.contamination import flag_tasks
from munjang.evaluate.report import Table, ends, points

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from munjang.evaluate.comparison import (
        PairDifference,
        Standing,
        SuiteComparison,
        TaskComparison,
    )
    from munjang.evaluate.contamination import Flag
    from munjang.evaluate.record import SuiteResult, TaskResult
    from munjang.evaluate.statistics import Kind

_ALSO: Mapping[Kind, Mapping[str, str]] = MappingProxyType(
    {
        "pairs": {"f1": "F1", "accuracy": "accuracy"},
        "retrieval": {"mrr@10": "MRR@10", "recall@10": "recall@10", "recall@100": "recall@100"},
        "bitext": {"ko-en": "ko-en", "en-ko": "en-ko"},
        "clustering": {"spread": "spread between starts"},
        "classification": {"macro_f1": "macro-F1", "spread": "spread between draws"},
    }
)
"""The metrics of each kind beside its main one, and what notes call them."""


def suite_markdown(result: SuiteResult) -> str:
    """Writes a model's scores on a suite as a Markdown table, with what was measured."""
    return _suite_table(result).to_markdown()


def print_suite(result: SuiteResult, *, console: Console) -> None:
    """Prints a model's scores on a suite as a table on a terminal."""
    _suite_table(result).print(console)


def suite_comparison_markdown(comparison: SuiteComparison) -> str:
    """Writes a comparison as two Markdown tables, scores with ranks and all differences."""
    names = {model: model for model in comparison.models}
    tables = (_ranks_table(comparison, names), _differences_table(comparison, names))
    return "\n".join(table.to_markdown() for table in tables)


def print_suite_comparison(comparison: SuiteComparison, *, console: Console) -> None:
    """Prints a comparison on a terminal, the models as letters."""
    letters = {model: _letter(number) for number, model in enumerate(comparison.models)}
    legend = ", ".join(f"{letter} = {model}" for model, letter in letters.items())
    console.print(legend, markup=False, highlight=False)
    _ranks_table(comparison, letters).print(console)
    _differences_table(comparison, letters).print(console)


def suite_comparison_json(comparison: SuiteComparison) -> str:
    """Writes a comparison as one JSON line; scores and differences are not times 100."""
    record = {
        "models": list(comparison.models),
        "level": comparison.level,
        "resamples": comparison.resamples,
        "comparisons": comparison.comparisons,
        "standings": {name: asdict(comparison.standing(name)) for name in comparison.models},
        "tasks": [_task_record(task, comparison.models) for task in comparison.tasks],
        "left_out": [asdict(each) for each in comparison.left_out],
        "absent": {
            name: [asdict(each) for each in suite.absent]
            for name, suite in comparison.models.items()
        },
        "notes": list(comparison.notes),
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def comparison_notes(comparison: SuiteComparison) -> list[str]:
    """What a reader of a comparison must know, a sentence or two each.

    Returns:
        What was done, what each row is, what is not there and why, and what is known of
        the models' training sets.
    """
    suites = comparison.models.items()
    return [
        f"Paired bootstrap, {comparison.resamples:,} resamples; differences are beyond noise "
        f"where p after Holm's correction over {_all(comparison.comparisons)} is at "
        f"most {1 - comparison.level:.2g}. Rank: 1 + the number of models that are better beyond "
        "noise; = not told apart from some other model; bold: better than every other.",
        *(describe_task(next(iter(task.results.values()))) for task in comparison.tasks),
        *(
            f"Not compared: {each.task} {each.split} of {each.model} ({points(each.score)}): "
            f"{each.why}."
            for each in comparison.left_out
        ),
        *(note for name, suite in suites for note in _absent_notes(suite, of=f" of {name}")),
        *_flag_notes(suite_flags(comparison)),
        *_uneven(comparison),
        *(f"{note}." for note in comparison.notes),
    ]


def describe_task(result: TaskResult) -> str:
    """What a row of a table is: task, split, metric, rows, and how they were measured."""
    what = f"; {result.what}" if result.what else ""
    metric = result.metric.replace("_", " ")
    return f"{result.task} {result.split}: {metric}, {result.rows:,} rows{what}."


def rank_cell(task: TaskComparison, model: str) -> str:
    """A model's rank on a task, with "=" where it is not told apart from another model.

    Returns:
        Such as "1", "=2", or nothing where the model is not in the comparison.
    """
    if model not in task.results:
        return ""
    return f"{'=' if task.is_tied(model) else ''}{task.rank(model)}"


def suite_flags(comparison: SuiteComparison) -> dict[tuple[str, str], Flag]:
    """What the models' declared training sets say about their scores, where they do.

    Returns:
        Flags by model and "task:split"; none where nothing speaks against a score.
    """
    return {
        (model, key): flag
        for model, suite in comparison.models.items()
        for key, flag in flag_tasks(
            suite.trained_on,
            [f"{t.task}:{t.split}" for t in comparison.tasks if model in t.results],
        ).items()
        if flag.level != "none"
    }


def _flag_notes(flags: Mapping[tuple[str, str], Flag]) -> Iterator[str]:
    tasks: dict[tuple[str, Flag], list[str]] = {}
    for (model, key), flag in flags.items():
        tasks.setdefault((model, flag), []).append(key.replace(":", " "))
    for (model, flag), keys in tasks.items():
        yield f"{flag.mark} {model} on {', '.join(keys)}: {flag.sentence}."


def _uneven(comparison: SuiteComparison) -> Iterator[str]:
    counts = {model: comparison.standing(model).tasks for model in comparison.models}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{model} on {count}" for model, count in counts.items())
        yield f"Mean ranks are of unequal numbers of tasks: {said}."


def _suite_table(result: SuiteResult) -> Table:
    flags = flag_tasks(result.trained_on, [found.key for found in result.results])
    marked = {(result.model, key): flag for key, flag in flags.items() if flag.level != "none"}
    rows = [
        (
            found.task,
            found.split,
            f"{found.rows:,}",
            found.metric.replace("_", " "),
            f"{points(found.score)}{flags[found.key].mark}",
            f"{points(found.interval.low)} to {points(found.interval.high)}"
            if found.interval
            else "–",
        )
        for found in result.results
    ]
    rate = f"; {result.sentences:,} sentences in {result.seconds:,.1f} s"
    return Table(
        head=("Task", "Split", "Rows", "Metric", "Score", "95% interval"),
        rows=rows,
        left=(0, 1, 3),
        notes=(
            f"{result.model}, suite {result.suite}, scores x100{rate}; {result.encoder}.",
            *(f"{describe_task(each)}{_also(each)}" for each in result.results),
            *_flag_notes(marked),
            *_absent_notes(result),
        ),
    )


def _also(result: TaskResult) -> str:
    """What else was computed of a task, x100 but for the threshold; nothing for STS."""
    names = _ALSO.get(result.kind, {})
    told = [
        f"{title} {points(result.scores[name])}"
        for name, title in names.items()
        if name in result.scores
    ]
    if result.kind == "pairs" and told and "threshold" in result.scores:
        told.append(f"at cosine {result.scores['threshold']:.3f} and above")
    return f" {', '.join(told)}." if told else ""


def _all(comparisons: int) -> str:
    said = counted(comparisons, "comparison")
    return said if comparisons == 1 else f"all {said}"


def _absent_notes(result: SuiteResult, *, of: str = "") -> Iterator[str]:
    for each in result.absent:
        why = " ".join(each.why.split())
        yield f"Not measured{of}: {each.task} {each.split}: {why}."


def _ranks_table(comparison: SuiteComparison, labels: Mapping[str, str]) -> Table:
    rows, bold, flags = [], set(), suite_flags(comparison)
    for number, task in enumerate(comparison.tasks):
        cells = []
        for column, model in enumerate(labels, start=2):
            found = task.results.get(model)
            flag = flags.get((model, f"{task.task}:{task.split}"))
            mark = flag.mark if flag else ""
            place = f"{mark} {rank_cell(task, model):>2}"
            cells.append(f"{points(found.score)}{place}" if found else "–")
            if model == task.best:
                bold.add((number, column))
        first = next(iter(task.results.values()))
        rows.append((f"{task.task} {task.split}", first.metric.replace("_", " "), *cells))
    standings = [comparison.standing(model) for model in labels]
    rows += [
        ("mean rank", "", *(_mean_rank(each) for each in standings)),
        ("wins/ties/losses", "", *(f"{s.wins}/{s.ties}/{s.losses}" for s in standings)),
    ]
    return Table(
        head=("Task", "Metric", *labels.values()),
        rows=rows,
        left=(0, 1),
        bold=frozenset(bold),
        notes=tuple(comparison_notes(comparison)),
    )


def _differences_table(comparison: SuiteComparison, labels: Mapping[str, str]) -> Table:
    rows = [
        (
            f"{task.task} {task.split}",
            labels[found.model_a],
            labels[found.model_b],
            points(found.difference.value, signed=True),
            ends(found.difference.low, found.difference.high),
            f"{found.difference.p:.4f}",
            f"{found.p_holm:.4f}",
            f"{labels[found.better]} better" if found.better else "within noise",
        )
        for task in comparison.tasks
        for found in task.differences
    ]
    level = f"{100 * comparison.level:g}%"
    return Table(
        head=("Task", "One", "Other", "One - other", level, "p", "p (Holm)", "Verdict"),
        rows=rows,
        left=(0, 1, 2, 7),
        notes=(f"Differences x100; the {level} intervals are of each alone, not corrected.",),
        keys=3,
    )


def _task_record(task: TaskComparison, models: Mapping[str, SuiteResult]) -> dict[str, Any]:
    first = next(iter(task.results.values()))
    flags = {name: flag_tasks(models[name].trained_on, [first.key]) for name in task.results}
    return {
        "task": task.task,
        "split": task.split,
        "metric": first.metric,
        "rows": first.rows,
        "what": first.what,
        "best": task.best,
        "scores": {
            name: {
                "score": result.score,
                "interval": result.interval and [result.interval.low, result.interval.high],
                "rank": task.rank(name),
                "tied": task.is_tied(name),
                "flag": asdict(flags[name][first.key]),
            }
            for name, result in task.results.items()
        },
        "differences": [_difference_record(each) for each in task.differences],
    }


def _difference_record(found: PairDifference) -> dict[str, Any]:
    return {
        "model_a": found.model_a,
        "model_b": found.model_b,
        "difference": found.difference.value,
        "low": found.difference.low,
        "high": found.difference.high,
        "p": found.difference.p,
        "p_holm": found.p_holm,
        "better": found.better,
    }


def _mean_rank(standing: Standing) -> str:
    return "–" if standing.mean_rank is None else f"{standing.mean_rank:.2f}"


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number + 1)
