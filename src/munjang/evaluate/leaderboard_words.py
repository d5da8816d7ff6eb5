"""What a leaderboard says around its numbers, in English and in Korean."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from munjang.evaluate.contamination import Level

Language: TypeAlias = Literal["en", "ko"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a language; braces hold what `str.format` puts in.

    Attributes:
        rank: The head of the column of ranks.
        model: The head of the column of models.
        kept: The head of the column of robustness.
        params: The head of the column of parameters.
        size: The head of the column of sizes on disk.
        speed: The head of the column of speed.
        licence: The head of the column of licences.
        origin: The head of the column that says where a score is from.
        task: The head of the column of tasks.
        metric: The head of the column of metrics.
        rows: The head of the column of row counts.
        here: What stands for a model that was measured here, and how its STS was.
        published: What stands for one that was not.
        unsupervised: What marks published models without labelled data.
        unknown_view: What stands for a text view or aggregation that nobody told.
        scores: What the numbers of the first table are.
        counted: How many rows one of its tasks has.
        ranks: How the ranks are to be read.
        columns: What the other columns are.
        kept_on: What robustness was measured on.
        kept_on_one: The same, under one edit.
        marks: What comes before the legend of the marks.
        legend: What each mark means.
        quoted: How published rows are to be read.
        cut: That not all published rows are shown.
        all_tasks: What the numbers of the second table are.
        titles: The titles of tasks, by the English ones, where they differ.
        metrics: What metrics are called, by their names, where they are not called so.
    """

    rank: str
    model: str
    kept: str
    params: str
    size: str
    speed: str
    licence: str
    origin: str
    task: str
    metric: str
    rows: str
    here: str
    published: str
    unsupervised: str
    unknown_view: str
    scores: str
    counted: str
    ranks: str
    columns: str
    kept_on: str
    kept_on_one: str
    marks: str
    legend: Mapping[Level, str]
    quoted: str
    cut: str
    all_tasks: str
    titles: Mapping[str, str]
    metrics: Mapping[str, str]


WORDS: Mapping[Language, Words] = MappingProxyType(
    {
        "en": Words(
            rank="Rank",
            model="Model",
            kept="Kept %",
            params="Params, M",
            size="Size, MB",
            speed="Sent./s",
            licence="Licence",
            origin="Where from",
            task="Task",
            metric="Metric",
            rows="Rows",
            here="here: view raw, one correlation over all",
            published="published",
            unsupervised="no labels",
            unknown_view="unknown",
            scores="Cosine Spearman x100, with its 95% interval; sorted by {sort}.",
            counted="{title}, {rows} rows",
            ranks="Rank: 1 + the number of models measured here whose interval lies wholly above. "
            "Models of the same rank are not told apart by this table, whichever stands first; "
            "`munjang compare` tests two of them on the same rows.",
            columns="Kept %: how much of the score is left under edits that keep the meaning. "
            "Size: weights and tokenizer. Sent./s: sentences a second, each model's on the machine "
            "that measured it.",
            kept_on="Kept %: {rows}, {edits} edits.",
            kept_on_one="Kept %: {rows}, {edits} edit.",
            marks="Marks, after what a model declares it was trained on: {legend}. What the "
            "pre-training of a base read is in nobody's list.",
            legend=MappingProxyType(
                {
                    "rows": "the measured rows were in it",
                    "shares": "another data set with some of the measured sentences was in it",
                    "set": "another part of the same data set was in it: fair, but not zero-shot",
                    "unknown": "it, or which part of the set was in it, is not declared, or it was "
                    "never compared: unknown, not clean",
                    "none": "",
                }
            ),
            quoted="Published rows are quoted from their authors, not measured here: {sources}. "
            "They are neither ranked nor marked. Where the text view is not raw or the "
            "aggregation not global, they measured something else.",
            cut="The best {shown} of {total} published rows are shown.",
            all_tasks="Everything measured here, x100 with 95% intervals; bold: rank 1 among "
            "them, where there is a second rank.",
            titles=MappingProxyType({}),
            metrics=MappingProxyType({"ndcg@10": "nDCG@10", "v_measure": "V-measure"}),
        ),
        "ko": Words(
            rank="순위",
            model="모델",
            kept="유지 %",
            params="매개변수, M",
            size="크기, MB",
            speed="문장/초",
            licence="라이선스",
            origin="출처",
            task="과제",
            metric="지표",
            rows="표본 수",
            here="직접 측정: view raw, 모든 쌍에 걸친 상관 하나",
            published="발표",
            unsupervised="라벨 없음",
            unknown_view="알 수 없음",
            scores="코사인 스피어만 x100과 95% 구간. {sort} 순.",
            counted="{title} 표본 {rows}개",
            ranks="순위: 1 + 구간 전체가 이 모델보다 위에 있는, 직접 잰 모델의 수. 순위가 같은 "
            "모델은 어느 쪽이 먼저 있든 이 표로 가릴 수 없습니다. `munjang compare`가 두 모델을 "
            "같은 행에서 견줍니다.",
            columns="유지 %: 뜻을 지키는 변형을 가해도 남는 점수의 비율. 크기: 가중치와 "
            "토크나이저. 문장/초: 모델마다 그것을 잰 기계에서의 속도.",
            kept_on="유지 %: {rows}, 변형 {edits}가지.",
            kept_on_one="유지 %: {rows}, 변형 {edits}가지.",
            marks="표시는 모델이 밝힌 학습 데이터를 따릅니다: {legend}. 기반 모델의 사전 학습 "
            "데이터는 어느 목록에도 나오지 않습니다.",
            legend=MappingProxyType(
                {
                    "rows": "평가에 쓴 데이터로 학습함",
                    "shares": "잰 문장 일부가 든 다른 데이터로 학습함",
                    "set": "같은 데이터의 다른 부분으로 학습함. 공정하지만 제로샷은 아님",
                    "unknown": "학습 데이터나 그 가운데 어느 부분인지를 밝히지 않았거나, "
                    "견준 적이 없음. 알 수 없다는 뜻이지, 겹치지 않는다는 뜻이 아님",
                    "none": "",
                }
            ),
            quoted="발표된 행은 저자들의 표에서 옮긴 것이고 여기서 재지 않았습니다: {sources}. "
            "순위와 표시가 없습니다. 텍스트가 raw가 아니거나 집계가 global이 아니면 다른 것을 잰 "
            "값입니다.",
            cut="발표된 {total}개 행 가운데 상위 {shown}개를 보입니다.",
            all_tasks="직접 측정한 전체 결과입니다. 점수는 100을 곱한 값이고, 괄호 안은 95% 신뢰 "
            "구간입니다. 굵은 글씨는 그 가운데 1위입니다(2위가 있을 때만).",
            titles=MappingProxyType(
                {
                    "KLUE-STS without ParaKQC": "ParaKQC를 뺀 KLUE-STS",
                    "Question pairs": "질문 쌍",
                    "Petitions": "청원",
                    "FLORES ko-en": "FLORES 한영",
                    "Tatoeba ko-en": "Tatoeba 한영",
                    "YNAT clusters": "YNAT 군집",
                    "3i4K clusters": "3i4K 군집",
                    "YNAT, few labels": "YNAT, 적은 레이블",
                    "3i4K, few labels": "3i4K, 적은 레이블",
                    "NSMC, few labels": "NSMC, 적은 레이블",
                }
            ),
            metrics=MappingProxyType(
                {
                    "cosine_spearman": "코사인 스피어만",
                    "average_precision": "평균 정밀도",
                    "ndcg@10": "nDCG@10",
                    "accuracy": "정확도",
                    "v_measure": "V-측도",
                }
            ),
        ),
    }
)
"""The words by language."""
