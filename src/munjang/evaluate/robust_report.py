"""Tables of robustness, several models side by side: Markdown and terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from munjang.errors import InputError
from munjang.evaluate.report import Table
from munjang.korean.perturb import EDITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from munjang.evaluate.robust_record import EditCurve, RobustResult


def robust_markdown(results: Sequence[RobustResult]) -> str:
    """Writes robustness as a Markdown table: a row an edit and model, a column a dose.

    Raises:
        InputError: There is no result.
    """
    return _robust_table(results).to_markdown()


def print_robust(results: Sequence[RobustResult], *, console: Console) -> None:
    """Prints robustness as a table on a terminal; arguments as `robust_markdown`."""
    _robust_table(results).print(console)


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


def _robust_table(results: Sequence[RobustResult]) -> Table:
    if not results:
        raise InputError("a table needs at least one result")
    edits = dict.fromkeys(curve.edit for result in results for curve in result.curves)
    doses = sorted({dose for r in results for curve in r.curves for dose in curve.doses})
    rows = []
    for edit in edits:
        found = [(r.model, curve) for r in results for curve in r.curves if curve.edit == edit]
        titles = [" · ".join(dict.fromkeys(edit_titles(edit))), *[""] * len(found)]
        rows += [
            (title, model, *_curve_cells(curve, doses))
            for title, (model, curve) in zip(titles, found, strict=False)
        ]
    empty = ["–"] * len(doses)
    rows += [
        ("" if number else "mean of all edits", r.model, *empty, f"{100 * r.kept:.1f}", "–", "–")
        for number, r in enumerate(results)
    ]
    measured = dict.fromkeys(f"{r.task} {r.split}, {r.rows:,} pairs" for r in results)
    return Table(
        head=("Edit", "Model", *(f"{dose:g}" for dose in doses), "Kept %", "Cosine", "Found %"),
        rows=rows,
        left=(0, 1),
        notes=(
            f"{'; '.join(measured)}, the second sentence edited. Cosine Spearman x100 at each "
            "dose, from 0 for clean text. Kept: the area under it, of what clean text would "
            "have. At dose 1: mean cosine with the clean twin, and how many find it first.",
            *(
                f"Not made for {result.model}: {each.task}: {' '.join(each.why.split())}."
                for result in results
                for each in result.absent
            ),
        ),
    )


def _curve_cells(curve: EditCurve, doses: Sequence[float]) -> Iterator[str]:
    for dose in doses:
        yield _fixed(at_dose(curve, curve.spearman, dose), "{:.2f}", times=100)
    yield f"{100 * curve.kept:.1f}"
    yield _fixed(at_dose(curve, curve.cosine, 1.0), "{:.3f}")
    yield _fixed(at_dose(curve, curve.retrieval, 1.0), "{:.1f}", times=100)


def _fixed(value: float | None, form: str, *, times: int = 1) -> str:
    return "–" if value is None else form.format(times * value)
