"""What the card of a trained model says in sentences, Korean and English, of its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang.evaluate.tasks import STS_TASKS
from munjang.model.run_records import NOT_STATED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from munjang.encode.zoo import ZooModel
    from munjang.evaluate.robust_record import RobustResult
    from munjang.evaluate.tasks import StsResult

_METRIC = "cosine_spearman"


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which licence weights may be passed on, and why.

    Attributes:
        tag: As the hub spells it.
        ko: Why, in Korean.
        en: Why, in English.
    """

    tag: str
    ko: str
    en: str


def choose_licence(licences: Iterable[str], base: ZooModel | None = None) -> Licence:
    """Finds the licence of trained weights from those of the data.

    Args:
        licences: SPDX identifiers of the data sets, or "not stated".
        base: What the zoo knows of the base, whose licence is told beside it.

    Example:
        >>> choose_licence(["CC-BY-SA-4.0", "MIT"]).tag
        'cc-by-sa-4.0'
        >>> choose_licence(["not stated"]).tag
        'other'
    """
    found = sorted(set(licences))
    named = ", ".join(found) or NOT_STATED
    shared = any(name.upper().startswith("CC-BY-SA-") for name in found)
    closed = any("-NC" in name.upper() for name in found)
    if shared and not closed:
        tag = "cc-by-sa-4.0"
        ko = "동일조건변경허락 데이터로 학습했으므로 이 가중치도 CC BY-SA 4.0을 따릅니다."
        en = "Some of it is share-alike, so these weights are under CC BY-SA 4.0 too."
    elif len(found) == 1 and found != [NOT_STATED]:
        tag = found[0].lower()
        ko, en = "이 가중치도 그것을 따릅니다.", "So are these weights."
    else:
        tag = "other"
        ko = "가중치를 어떤 라이선스로 나눌지는 올리는 사람이 정해야 합니다."
        en = "Whoever publishes these weights has to decide under which licence."
    stated = base.license if base is not None else NOT_STATED
    whose = base.name if base is not None else "base"
    return Licence(
        tag,
        f"학습 데이터의 라이선스: {named}. {ko} 바탕 모델의 라이선스도 지키세요 "
        f"({whose}: {stated}).",
        f"Licences of the training data: {named}. {en} Keep to that of the base as well "
        f"({whose}: {stated}).",
    )


def title_of(result: StsResult | RobustResult) -> str:
    """What a card calls the set that a result was measured on."""
    known = STS_TASKS.get(result.task)
    return f"{known.title if known else result.task} {result.split}"


def tell_gains(before: Sequence[StsResult], after: Sequence[StsResult]) -> str:
    """Says of each set what was gained over the base, a line each, or that nothing was.

    A gain counts where the base lies below the interval of the trained model's cosine
    Spearman, as far as there is one.
    """
    bases = {(result.task, result.split): result for result in before}
    lines = [
        _tell_gain(bases[key], result)
        for result in after
        if (key := (result.task, result.split)) in bases
    ]
    return "\n".join(lines) or "잰 것이 없습니다. / Nothing was measured."


def _tell_gain(base: StsResult, trained: StsResult) -> str:
    old, new = (getattr(result.correlations, _METRIC) for result in (base, trained))
    interval = trained.intervals.get(_METRIC)
    if new <= old:
        verdict = "바탕 모델보다 나아지지 않았습니다. / Nothing was gained over the base."
    elif interval is not None and interval.low <= old:
        verdict = "잡음보다 크다고 할 수 없습니다. / No more than noise may give."
    else:
        verdict = "바탕 모델보다 낫습니다. / Better than the base."
    figures = f"{100 * old:.2f} → {100 * new:.2f} ({100 * (new - old):+.2f})"
    return f"- {title_of(trained)}, cosine Spearman x100: {figures}. {verdict}"


def tell_limits(
    data: Collection[str],
    measured: Sequence[StsResult],
    *,
    max_tokens: int,
    prompt: str,
    warnings: Sequence[str],
) -> tuple[str, str]:
    """Says what a reader has to know before relying on a model, in Korean and in English.

    Args:
        data: Names of the catalog's data sets that it was trained on.
        measured: What it was measured on.
        max_tokens: Where it cuts.
        prompt: What it puts before a sentence.
        warnings: Those of its training.
    """
    told = [
        (
            "위 점수는 짧은 두 문장이 얼마나 비슷한지를 잰 것입니다. 검색, 긴 글, 다른 분야에서는 "
            "다를 수 있으니 직접 재어 보세요 (`munjang evaluate`).",
            "The scores above are about how alike two short sentences are. Retrieval, long texts "
            "and other domains may differ: measure them (`munjang evaluate`).",
        ),
        (
            f"{max_tokens}토큰보다 긴 글은 뒷부분이 잘립니다.",
            f"Texts longer than {max_tokens} tokens lose their end.",
        ),
    ]
    if prompt:
        told.append(
            (
                f"문장 앞에 {prompt!r}이 붙는다고 보고 학습했습니다.",
                f"It was trained with {prompt!r} before every sentence.",
            )
        )
    if {"korsts", "kornli"} & set(data):
        told.append(
            (
                "KorSTS와 KorNLI의 학습 문장은 영어를 기계로 옮긴 것입니다.",
                "The training sentences of KorSTS and KorNLI are machine-translated English.",
            )
        )
    if {"klue-sts", "parakqc"} & set(data) and any(r.task == "klue-sts" for r in measured):
        told.append(
            (
                "KLUE-STS dev 519쌍 가운데 132쌍은 ParaKQC 문장을 담고, 그 묶음의 다른 문장이 "
                "학습 데이터에 있을 수 있습니다.",
                "132 of the 519 pairs of KLUE-STS dev hold a sentence of ParaKQC, and others of "
                "its group may stand in the training data.",
            )
        )
    if warnings:
        said = "; ".join(" ".join(warning.split()) for warning in warnings)
        told.append((f"학습하며 나온 경고: {said}", f"Warnings of its training: {said}"))
    return " ".join(ko for ko, _ in told), " ".join(en for _, en in told)
