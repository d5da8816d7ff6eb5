"""What a card says of a model on edited text, Korean and English, before and after training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from munjang.evaluate.report import Table
from munjang.evaluate.robust_report import at_dose, edit_titles
from munjang.model.card_words import title_of

if TYPE_CHECKING:
    from munjang.evaluate.robust_record import EditCurve, RobustResult

_HEAD = ("고친 것 / Edit", "before %", "after %", "before, dose 1", "after, dose 1")


def tell_robust(before: RobustResult, after: RobustResult) -> str:
    """Says how much of the score each model keeps on edited text, with a row for each edit.

    Args:
        before: What the run began from.
        after: What it made, on the same pairs.

    Returns:
        A section of Markdown that ends with a blank line.
    """
    old, new = 100 * before.kept, 100 * after.kept
    figures = f"{old:.1f}% → {new:.1f}% ({new - old:+.1f})"
    title, doses = title_of(after), ", ".join(f"{dose:g}" for dose in after.curves[0].doses[1:])
    clean = " → ".join(f"{100 * each.curves[0].spearman[0]:.2f}" for each in (before, after))
    ko, en = _verdict(old, new)
    curves = {curve.edit: curve for curve in before.curves}
    rows = [
        (" · ".join(dict.fromkeys(edit_titles(edit))), *_cells(curves[edit], curve))
        for edit, curve in ((curve.edit, curve) for curve in after.curves)
        if edit in curves
    ]
    table = Table(head=_HEAD, rows=rows, left=(0,), notes=())
    absent = ", ".join(each.task for each in after.absent)
    missing = f"재지 않은 것 / Not measured: {absent}.\n\n" if absent else ""
    return (
        f"### 고친 글에서 / On edited text\n\n"
        f"{before.model} → {after.model}, {title} ({after.rows:,}쌍), 둘째 문장을 "
        f"오타·띄어쓰기·말투 등으로 고쳤을 때 남는 코사인 스피어만: {figures}. {ko} "
        f"고치지 않은 글에서는 {clean}. 고친 정도 {doses}에서 쟀고, 학습한 것과 "
        f"같은 종류의 고침입니다.\n\n"
        f"{before.model} → {after.model}, {title} ({after.rows:,} pairs), cosine Spearman kept "
        f"when the second sentence is edited (typos, spacing, style, …): {figures}. {en} "
        f"On clean text: {clean}. Measured at doses {doses}, with the kinds of edits that it "
        f"was trained on.\n\n"
        f"{table.to_markdown()}\n{missing}"
    )


def _verdict(old: float, new: float) -> tuple[str, str]:
    if round(new, 1) > round(old, 1):
        return "바탕보다 덜 잃습니다.", "It loses less than the base."
    return "바탕보다 덜 잃지 않습니다.", "It loses no less than the base."


def _cells(before: EditCurve, after: EditCurve) -> list[str]:
    kept = [f"{100 * curve.kept:.1f}" for curve in (before, after)]
    whole = [at_dose(curve, curve.spearman, 1.0) for curve in (before, after)]
    return kept + ["–" if value is None else f"{100 * value:.2f}" for value in whole]
