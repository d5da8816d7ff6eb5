"""Tables of robustness, several models side by side: Markdown and terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from munjang.errors import InputError
from munjang.evaluate.report import Table
from munjang.korean.perturb import EDITS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from rich.console import Console

    from munjang.evaluate.robust_record import EditCurve, RobustResult


def robust_markdown(results: Sequence[RobustResult]) -> str:
    """Writes robustness as a Markdown table: a row an edit and model, a column a dose.

    A single model is named below the table; several have a column.

    Raises:
        InputError: There is no result.
    """
    return _robust_table(results, _measured_doses(results), _both_titles).to_markdown()


def print_robust(results: Sequence[RobustResult], *, console: Console) -> None:
    """Prints robustness as a table on a terminal; arguments as `robust_markdown`.

    Where there is no room for it, edits have their English title alone; where that is not
    enough, the doses between the first, the middle and the last are left out.
    """
    doses = _measured_doses(results)
    table = _robust_table(results, doses, _both_titles)
    if not table.fits(console, wrap=False):
        table = _robust_table(results, doses, _english_title)
    if not table.fits(console):
        table = _robust_table(results, _few(doses), _english_title)
    table.print(console)


def edit_titles(edit: str) -> tuple[str, str]:
    """The Korean and the English title of an edit; its name where a record has another one."""
    return (EDITS[edit].title_ko, EDITS[edit].title) if edit in EDITS else (edit, edit)


def at_dose(curve: EditCurve, values: Sequence[float], dose: float) -> float | None:
    """The value of a curve at a dose; None where it was not measured there.

    Args:
        curve: The curve.
        values: Its `spearman`, `cosine`, `retrieval` or `changed`.
        dose: The dose.
    """
    return values[curve.doses.index(dose)] if dose in curve.doses else None


def percent(share: float | None) -> str:
    """A share as tables have it, times 100; a dash for None."""
    return _fixed(share, "{:.1f}", times=100)


def common_edits(results: Sequence[RobustResult]) -> tuple[str, ...]:
    """The edits whose figures can stand side by side: a mean is over these alone.

    Returns:
        The edits that all of the results have, at the same doses, and that changed some
        sentence; none where the results are of other rows or seeds.
    """
    if len({_rows_of(result) for result in results}) != 1:
        return ()
    made = [{(c.edit, c.doses) for c in each.curves if c.changes} for each in results]
    common = set.intersection(*made)
    return tuple(c.edit for c in results[0].curves if (c.edit, c.doses) in common)


def mean_kept(result: RobustResult, edits: Collection[str]) -> float | None:
    """The mean of what some edits leave of a score; None without an edit."""
    kept = [curve.kept for curve in result.curves if curve.edit in edits]
    return sum(kept) / len(kept) if kept else None


def mean_title(results: Sequence[RobustResult]) -> str:
    """What the line of means is called: whether it is over all edits that changed something."""
    common = common_edits(results)
    changing = {curve.edit for each in results for curve in each.curves if curve.changes}
    if not common or changing == set(common):
        return "mean of all edits"
    return f"mean of {len(common)} shared edit{'s' if len(common) > 1 else ''}"


def robust_notes(results: Sequence[RobustResult]) -> Iterator[str]:
    """What a reader of a table must know: which mean it has, and what could not be made."""
    rows = {result.model: _rows_of(result) for result in results}
    if len(set(rows.values())) > 1:
        yield "No mean: the models were measured on other rows, or with another seed."
        yield from (f"{model}: {said}." for model, said in rows.items())
    elif not (common := common_edits(results)):
        yield "No mean: no edit changed something for all models at the same doses."
    elif mean_title(results) != "mean of all edits":
        yield (
            "Mean: over the edits alone that all models have, at the same doses: "
            f"{', '.join(common)}."
        )
    for result in results:
        idle = [curve.edit for curve in result.curves if not curve.changes]
        if idle:
            yield (
                f"Changed no sentence of {result.model}'s, so no part of the mean: "
                f"{', '.join(idle)}."
            )
    for result in results:
        for each in result.absent:
            yield f"Not made for {result.model}: {each.task}: {' '.join(each.why.split())}."


def _rows_of(result: RobustResult) -> str:
    return f"{result.task} {result.split}, {result.rows:,} pairs, seed {result.seed}"


def _measured_doses(results: Sequence[RobustResult]) -> list[float]:
    return sorted({dose for r in results for curve in r.curves for dose in curve.doses})


def _few(doses: Sequence[float]) -> list[float]:
    return [doses[0], doses[len(doses) // 2], doses[-1]] if len(doses) > 3 else [*doses]


def _both_titles(edit: str) -> str:
    return " · ".join(dict.fromkeys(edit_titles(edit)))


def _english_title(edit: str) -> str:
    return edit_titles(edit)[1]


def _robust_table(
    results: Sequence[RobustResult], doses: Sequence[float], title: Callable[[str], str]
) -> Table:
    """A table of some doses, whose edits are called what `title` says."""
    if not results:
        raise InputError("a table needs at least one result")
    several = len(results) > 1
    rows = [
        (name, *([model] if several else []), *cells)
        for name, model, cells in (*_edit_rows(results, doses, title), *_mean_rows(results, doses))
    ]
    return Table(
        head=(
            *("Edit", *(["Model"] if several else []), *(f"{dose:g}" for dose in doses)),
            *("Kept %", "Changed %", "Cosine", "Found %"),
        ),
        rows=rows,
        left=(0, 1) if several else (0,),
        notes=(_explain(results, doses), *robust_notes(results)),
        keys=2 if several else 1,
    )


def _edit_rows(
    results: Sequence[RobustResult], doses: Sequence[float], title: Callable[[str], str]
) -> Iterator[tuple[str, str, list[str]]]:
    """Edit, model and figures; the edit is named in the first of its rows."""
    for edit in dict.fromkeys(curve.edit for result in results for curve in result.curves):
        found = [(r.model, curve) for r in results for curve in r.curves if curve.edit == edit]
        for number, (model, curve) in enumerate(found):
            yield "" if number else title(edit), model, [*_curve_cells(curve, doses)]


def _mean_rows(
    results: Sequence[RobustResult], doses: Sequence[float]
) -> Iterator[tuple[str, str, list[str]]]:
    empty, common = ["–"] * len(doses), common_edits(results)
    for number, result in enumerate(results):
        mean = percent(mean_kept(result, common))
        title = "" if number else mean_title(results)
        yield title, result.model, [*empty, mean, "–", "–", "–"]


def _explain(results: Sequence[RobustResult], doses: Sequence[float]) -> str:
    whose = f"{results[0].model}: " if len(results) == 1 else ""
    hidden = [f"{dose:g}" for dose in _measured_doses(results) if dose not in doses]
    less = f" Doses {', '.join(hidden)} are left out on this narrow terminal." if hidden else ""
    return (
        f"{whose}{'; '.join(dict.fromkeys(map(_rows_of, results)))}, the second sentence edited. "
        f"Cosine Spearman x100 at each dose, from 0 for clean text.{less} Kept: the area under "
        "it, of what clean text would have. At dose 1: how many sentences the edit changed, "
        "mean cosine with the clean twin, and how many find it first."
    )


def _curve_cells(curve: EditCurve, doses: Sequence[float]) -> Iterator[str]:
    for dose in doses:
        yield _fixed(at_dose(curve, curve.spearman, dose), "{:.2f}", times=100)
    yield percent(curve.kept if curve.changes else None)
    yield percent(at_dose(curve, curve.changed, 1.0))
    yield _fixed(at_dose(curve, curve.cosine, 1.0), "{:.3f}")
    yield percent(at_dose(curve, curve.retrieval, 1.0))


def _fixed(value: float | None, form: str, *, times: int = 1) -> str:
    return "–" if value is None else form.format(times * value)
