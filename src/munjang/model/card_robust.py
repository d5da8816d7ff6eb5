"""What a card says of a model on edited text, Korean and English, before and after training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from munjang.evaluate.report import Table
from munjang.evaluate.robust_report import at_dose, edit_titles
from munjang.model.card_words import title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    shares, clean, edited = (
        [100 * value for value in values]
        for values in zip(_figures(before), _figures(after), strict=True)
    )
    figures = f"{shares[0]:.1f}% → {shares[1]:.1f}% ({shares[1] - shares[0]:+.1f})"
    title, doses = title_of(after), ", ".join(f"{dose:g}" for dose in after.curves[0].doses[1:])
    scores = [" → ".join(f"{value:.2f}" for value in each) for each in (clean, edited)]
    ko, en = _verdict(shares, clean, edited)
    curves = {curve.edit: curve for curve in before.curves}
    rows = [
        (" · ".join(dict.fromkeys(edit_titles(edit))), *_cells(curves[edit], curve))
        for edit, curve in ((curve.edit, curve) for curve in after.curves)
        if edit in curves
    ]
    table = Table(head=_HEAD, rows=rows, left=(0,), notes=())
    absent = ", ".join(each.task for each in after.absent)
    missing = f"재지 않은 것 / Not measured: {absent}.\n\n" if absent else ""
    whose = f"{before.model} → {after.model}, {title}"
    korean = (
        f"{whose} ({after.rows:,}쌍), 둘째 문장을 오타·띄어쓰기·말투 등으로 고쳤을 때 남는 코사인 "
        f"스피어만: {figures}. {ko} 점수는 고치지 않은 글에서 {scores[0]}, "
        f"고친 글에서 평균 {scores[1]}. 고친 정도 {doses}에서 쟀고, 학습한 것과 "
        "같은 종류의 고침입니다."
    )
    english = (
        f"{whose} ({after.rows:,} pairs), cosine Spearman kept when the second sentence is edited "
        f"(typos, spacing, style, …): {figures}. {en} The score is {scores[0]} on clean text and "
        f"{scores[1]}, the mean, on edited text. Measured at doses {doses}, with the kinds of "
        "edits that it was trained on."
    )
    paragraphs = ("### 고친 글에서 / On edited text", korean, english, table.to_markdown())
    return "\n\n".join(paragraphs) + f"\n{missing}"


def _figures(result: RobustResult) -> tuple[float, float, float]:
    """The share kept, the score on clean text, and the mean of what is left of it."""
    clean = result.curves[0].spearman[0]
    return result.kept, clean, result.kept * clean


def _verdict(
    shares: Sequence[float], clean: Sequence[float], edited: Sequence[float]
) -> tuple[str, str]:
    if min(clean) <= 0:
        return (
            "점수가 0 이하인 모델이 있어 이 비율은 뜻이 없습니다.",
            "A score of 0 or less makes this share mean nothing.",
        )
    if round(shares[1], 1) <= round(shares[0], 1):
        return "바탕보다 덜 잃지 않습니다.", "It loses no less than the base."
    if edited[1] <= edited[0]:
        return (
            "더 낮은 점수를 더 지킬 뿐, 나아지지 않았습니다.",
            "It keeps more of a lower score: nothing was gained.",
        )
    return "바탕보다 덜 잃습니다.", "It loses less than the base."


def _cells(before: EditCurve, after: EditCurve) -> list[str]:
    kept = [f"{100 * curve.kept:.1f}" for curve in (before, after)]
    whole = [at_dose(curve, curve.spearman, 1.0) for curve in (before, after)]
    return kept + ["–" if value is None else f"{100 * value:.2f}" for value in whole]
