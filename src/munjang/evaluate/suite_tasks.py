"""The tasks of the Korean suite, as data: what each reads, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from munjang.evaluate.classes import DRAWS, LABELS, STARTS
from munjang.evaluate.suite_measures import (
    PAIRS_A_GROUP,
    PETITIONS,
    REVIEWS,
    THRESHOLD_ROWS,
    by_clusters,
    by_correlation,
    by_few_labels,
    by_inference,
    by_petitions,
    by_questions,
    by_styles,
    by_translation,
)
from munjang.evaluate.tasks import WITHOUT_PARAKQC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from munjang.evaluate.statistics import Kind
    from munjang.evaluate.suite_measures import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteTask:
    """One task of a suite.

    Attributes:
        name: What the command line calls it.
        split: The split that it is measured on.
        kind: What sort of task it is.
        title: What tables call it.
        data: What it reads, NAME:SPLIT of the catalogue, the measured rows first.
        what: What the rows are and how they are measured, in a few words.
        measure: Measures a model.
    """

    name: str
    split: str
    kind: Kind
    title: str
    data: tuple[str, ...]
    what: str
    measure: Measure

    @property
    def key(self) -> str:
        """Task and split as one word."""
        return f"{self.name}:{self.split}"


_NLI = "entailment against contradiction, neutral left out; drawn by premise"
_FEW = f"logistic regression on {LABELS} labels a class, mean of {DRAWS} draws of labels"
KOREAN: tuple[SuiteTask, ...] = (
    SuiteTask(
        name="korsts",
        split="test",
        kind="sts",
        title="KorSTS",
        data=("korsts:test",),
        what="graded pairs, raw text, one correlation over all",
        measure=by_correlation("korsts:test"),
    ),
    SuiteTask(
        name="klue-sts",
        split="dev",
        kind="sts",
        title="KLUE-STS",
        data=("klue-sts:dev",),
        what="graded pairs, raw text, one correlation over all",
        measure=by_correlation("klue-sts:dev"),
    ),
    SuiteTask(
        name="klue-sts",
        split=WITHOUT_PARAKQC,
        kind="sts",
        title="KLUE-STS without ParaKQC",
        data=("klue-sts:dev", "parakqc:all"),
        what="without the pairs that hold a ParaKQC sentence, whose groups stand in train too",
        measure=by_correlation(f"klue-sts:{WITHOUT_PARAKQC}"),
    ),
    SuiteTask(
        name="xnli-ko",
        split="test",
        kind="pairs",
        title="XNLI-ko",
        data=("kornli:test", "kornli:dev"),
        what=f"{_NLI}; threshold from dev",
        measure=by_inference("kornli:test", "kornli:dev"),
    ),
    SuiteTask(
        name="klue-nli",
        split="dev",
        kind="pairs",
        title="KLUE-NLI",
        data=("klue-nli:dev", "klue-nli:train"),
        what=f"{_NLI}; threshold from {THRESHOLD_ROWS:,} pairs of train",
        measure=by_inference("klue-nli:dev", "klue-nli:train"),
    ),
    SuiteTask(
        name="question-pair",
        split="test",
        kind="pairs",
        title="Question pairs",
        data=("question-pair:test", "question-pair:validation"),
        what="same against different, pairs of one string twice left out; drawn by shared "
        "sentences; threshold from validation",
        measure=by_questions,
    ),
    SuiteTask(
        name="stylekqc",
        split="test",
        kind="pairs",
        title="StyleKQC",
        data=("stylekqc:test", "stylekqc:dev"),
        what=f"{PAIRS_A_GROUP} pairs of each group of paraphrases against as many with the "
        "sentence of another group that looks most alike; threshold from dev, made so too",
        measure=by_styles,
    ),
    SuiteTask(
        name="petitions",
        split="all",
        kind="retrieval",
        title="Petitions",
        data=("petitions:all",),
        what=f"title to body among {PETITIONS:,} drawn petitions",
        measure=by_petitions,
    ),
    SuiteTask(
        name="flores200",
        split="devtest",
        kind="bitext",
        title="FLORES ko-en",
        data=("flores200:devtest",),
        what="nearest by cosine, mean of both directions",
        measure=by_translation("flores200:devtest"),
    ),
    SuiteTask(
        name="tatoeba",
        split="test",
        kind="bitext",
        title="Tatoeba ko-en",
        data=("tatoeba:test",),
        what="LASER's test pairs, nearest by cosine, mean of both directions",
        measure=by_translation("tatoeba:test"),
    ),
    SuiteTask(
        name="ynat-clusters",
        split="held-out",
        kind="clustering",
        title="YNAT clusters",
        data=("ynat:held-out",),
        what=f"news headlines in 7 topics, k-means, mean of {STARTS} starts",
        measure=by_clusters("ynat:held-out"),
    ),
    SuiteTask(
        name="3i4k-clusters",
        split="test",
        kind="clustering",
        title="3i4K clusters",
        data=("3i4k:test",),
        what=f"utterances in 7 intentions, k-means, mean of {STARTS} starts",
        measure=by_clusters("3i4k:test"),
    ),
    SuiteTask(
        name="ynat-few-labels",
        split="held-out",
        kind="classification",
        title="YNAT, few labels",
        data=("ynat:held-out", "ynat:train"),
        what=_FEW,
        measure=by_few_labels("ynat:held-out", "ynat:train"),
    ),
    SuiteTask(
        name="3i4k-few-labels",
        split="test",
        kind="classification",
        title="3i4K, few labels",
        data=("3i4k:test", "3i4k:train"),
        what=_FEW,
        measure=by_few_labels("3i4k:test", "3i4k:train"),
    ),
    SuiteTask(
        name="nsmc-few-labels",
        split="held-out-sentiment",
        kind="classification",
        title="NSMC, few labels",
        data=("nsmc:held-out-sentiment", "nsmc:sentiment-train"),
        what=f"{REVIEWS:,} reviews of at most 4 stars and as many of at least 9; {_FEW}",
        measure=by_few_labels(
            "nsmc:held-out-sentiment", "nsmc:sentiment-train", rows_a_class=REVIEWS
        ),
    ),
)
"""The Korean suite, in the order of its tables."""

SUITE_TASKS: Mapping[str, SuiteTask] = MappingProxyType({task.key: task for task in KOREAN})
"""The same by "name:split"."""
