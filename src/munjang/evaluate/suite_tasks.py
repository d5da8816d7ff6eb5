"""The tasks of the Korean suite, as data: what each reads, and how it is measured."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import numpy as np

from munjang.data.draw import draw_rows
from munjang.data.retrieval import pairs_to_retrieval
from munjang.data.rows import LabeledPair, Pair, Row, ScoredPair, Sentence
from munjang.evaluate import sts
from munjang.evaluate.bitext import measure_bitext
from munjang.evaluate.classes import (
    CLUSTERINGS,
    DRAWS,
    LABELS,
    measure_clusters,
    measure_few_labels,
)
from munjang.evaluate.outcome import conclude
from munjang.evaluate.pairs import measure_pairs
from munjang.evaluate.retrieval import measure_retrieval
from munjang.evaluate.tasks import WITHOUT_PARAKQC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from munjang.evaluate.outcome import Measurement
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.statistics import Kind
    from munjang.evaluate.vectors import VectorStore

R = TypeVar("R", bound=Row)

PETITIONS = 2000
"""So many petitions are drawn: bodies are long, and take most of the suite's time."""

PAIRS_A_GROUP = 10
"""Paraphrases, and as many other pairs, that are drawn of each group of StyleKQC."""

THRESHOLD_ROWS = 3000
"""So many pairs of KLUE-NLI's train set choose the threshold for its dev set."""


_IDENTICAL = 1 - 1e-9


class Reader(Protocol):
    """Reads the rows of a split, named NAME:SPLIT."""

    def __call__(self, key: str) -> Sequence[Row]:
        """Reads them, in file order."""
        ...


Measure: TypeAlias = "Callable[[VectorStore, Reader, Measurement], TaskResult]"
"""Measures a model on a task."""


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


def paraphrase_pairs(groups: Sequence[Sequence[str]], *, seed: int) -> list[LabeledPair]:
    """Pairs out of groups of paraphrases: `PAIRS_A_GROUP` "same" ones of each, then "different".

    There are as many different pairs where a group is as large as that; else one a
    sentence. A different pair is a sentence of the group and, of all sentences of other groups, the
    one that shares most of its character pairs (by tf-idf), so that shared words alone do
    not tell the two kinds apart.

    Args:
        groups: At least two groups of at least two sentences.
        seed: Seed of the draws.

    Returns:
        The pairs, group by group.

    Example:
        >>> groups = [["몇 시야?", "지금 몇 시지?"], ["불 꺼", "불 좀 꺼"], ["몇 층이야?", "층은?"]]
        >>> [(pair.label, pair.sentence2) for pair in paraphrase_pairs(groups, seed=0)[:2]]
        [('same', '지금 몇 시지?'), ('different', '몇 층이야?')]
    """
    rng = np.random.default_rng(seed)
    look_alike = _look_alikes(groups)
    found = []
    for group in groups:
        both = list(itertools.combinations(group, 2))
        count = min(PAIRS_A_GROUP, len(both))
        chosen = sorted(rng.choice(len(both), count, replace=False).tolist())
        found += [LabeledPair(one, other, "same") for one, other in map(both.__getitem__, chosen)]
        alone = group[:count]
        found += [LabeledPair(text, look_alike[text], "different") for text in alone]
    return found


def _look_alikes(groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """For each sentence the one of another group that looks most like it."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [text for group in groups for text in group]
    number = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 2)).fit_transform(texts)
    likeness = (grams @ grams.T).toarray()
    likeness[number[:, None] == number] = -1
    likeness[likeness > _IDENTICAL] = -1  # the same text in another group is no other meaning
    return {text: texts[row] for text, row in zip(texts, likeness.argmax(axis=1), strict=True)}


def _rows(read: Reader, key: str, kind: type[R]) -> list[R]:
    return [row for row in read(key) if isinstance(row, kind)]


def _groups(sentences: Sequence[Sentence]) -> list[list[str]]:
    grouped = itertools.groupby(sentences, key=lambda sentence: sentence.label)
    return [[sentence.text for sentence in group] for _, group in grouped]


def _measure_sts(key: str) -> Measure:
    def measure(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
        pairs = _rows(read, key, ScoredPair)
        first = [pair.sentence1 for pair in pairs]
        second = [pair.sentence2 for pair in pairs]
        gold = sts.check_gold([pair.score for pair in pairs])
        found = sts.similarities(store.vectors(first), store.vectors(second))
        eight = sts.correlate(found, gold)
        return conclude(
            store.name,
            "sts",
            {"similarity": found.cosine, "gold": gold},
            measured,
            content=zip(first, second, gold.tolist(), strict=True),
            scores=asdict(eight) | {"avg": eight.avg},
        )

    return measure


def _measure_nli(test: str, dev: str) -> Measure:
    def measure(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
        pairs = _rows(read, test, LabeledPair)
        numbers: dict[str, int] = {}
        units = [numbers.setdefault(pair.sentence1, len(numbers)) for pair in pairs]
        return measure_pairs(
            store,
            pairs,
            measured,
            positive="entailment",
            negative="contradiction",
            dev=draw_rows(
                [pair for pair in _rows(read, dev, LabeledPair) if pair.label != "neutral"],
                THRESHOLD_ROWS,
                seed=measured.seed,
            ),
            units=units,
        )

    return measure


def _measure_questions(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
    pairs, dev = (
        [pair for pair in _rows(read, key, LabeledPair) if pair.sentence1 != pair.sentence2]
        for key in ("question-pair:test", "question-pair:validation")
    )
    return measure_pairs(
        store,
        pairs,
        measured,
        positive="same",
        negative="different",
        dev=dev,
        units=_connected(pairs),
    )


def _connected(pairs: Sequence[LabeledPair]) -> list[int]:
    """A number for each pair, the same for pairs that share a sentence, also by others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number: dict[str, int] = {}
    first = [number.setdefault(pair.sentence1, len(number)) for pair in pairs]
    second = [number.setdefault(pair.sentence2, len(number)) for pair in pairs]
    joined = coo_array((np.ones(len(pairs)), (first, second)), shape=(len(number),) * 2)
    _, component = connected_components(joined, directed=False)
    return [int(component[row]) for row in first]


def _measure_styles(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
    groups, dev = (_groups(_rows(read, key, Sentence)) for key in ("stylekqc:test", "stylekqc:dev"))
    pairs = paraphrase_pairs(groups, seed=measured.seed)
    of_group = {text: number for number, group in enumerate(groups) for text in group}
    return measure_pairs(
        store,
        pairs,
        measured,
        positive="same",
        negative="different",
        dev=paraphrase_pairs(dev, seed=measured.seed),
        units=[of_group[pair.sentence1] for pair in pairs],
    )


def _measure_petitions(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
    whole = [pair for pair in _rows(read, "petitions:all", Pair) if pair.positive.strip()]
    pairs = draw_rows(whole, PETITIONS, seed=measured.seed)
    return measure_retrieval(store, pairs_to_retrieval("petitions", pairs), measured)


def _measure_bitext(key: str) -> Measure:
    return lambda store, read, measured: measure_bitext(store, _rows(read, key, Pair), measured)


def _measure_clusters(key: str) -> Measure:
    return lambda store, read, measured: measure_clusters(
        store, _rows(read, key, Sentence), measured
    )


def _measure_few(test: str, train: str, *, rows_a_class: int | None = None) -> Measure:
    def measure(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
        rows = _rows(read, test, Sentence)
        if rows_a_class is not None:
            of_class = {label: [r for r in rows if r.label == label] for label in _classes(rows)}
            drawn = [draw_rows(of_class[c], rows_a_class, seed=measured.seed) for c in of_class]
            rows = [row for each in drawn for row in each]
        return measure_few_labels(store, rows, measured, train=_rows(read, train, Sentence))

    return measure


def _classes(rows: Sequence[Sentence]) -> list[str | None]:
    return [*dict.fromkeys(row.label for row in rows)]


_NLI = "entailment against contradiction, neutral left out; drawn by premise"
_FEW = f"logistic regression on {LABELS} labels a class, mean of {DRAWS} draws of labels"
REVIEWS = 2000
"""So many movie reviews for, and as many against, are classified."""

KOREAN: tuple[SuiteTask, ...] = (
    SuiteTask(
        name="korsts",
        split="test",
        kind="sts",
        title="KorSTS",
        data=("korsts:test",),
        what="graded pairs, raw text, one correlation over all",
        measure=_measure_sts("korsts:test"),
    ),
    SuiteTask(
        name="klue-sts",
        split="dev",
        kind="sts",
        title="KLUE-STS",
        data=("klue-sts:dev",),
        what="graded pairs, raw text, one correlation over all",
        measure=_measure_sts("klue-sts:dev"),
    ),
    SuiteTask(
        name="klue-sts",
        split=WITHOUT_PARAKQC,
        kind="sts",
        title="KLUE-STS without ParaKQC",
        data=("klue-sts:dev", "parakqc:all"),
        what="without the pairs that hold a ParaKQC sentence, whose groups stand in train too",
        measure=_measure_sts(f"klue-sts:{WITHOUT_PARAKQC}"),
    ),
    SuiteTask(
        name="xnli-ko",
        split="test",
        kind="pairs",
        title="XNLI-ko",
        data=("kornli:test", "kornli:dev"),
        what=f"{_NLI}; threshold from dev",
        measure=_measure_nli("kornli:test", "kornli:dev"),
    ),
    SuiteTask(
        name="klue-nli",
        split="dev",
        kind="pairs",
        title="KLUE-NLI",
        data=("klue-nli:dev", "klue-nli:train"),
        what=f"{_NLI}; threshold from {THRESHOLD_ROWS:,} pairs of train",
        measure=_measure_nli("klue-nli:dev", "klue-nli:train"),
    ),
    SuiteTask(
        name="question-pair",
        split="test",
        kind="pairs",
        title="Question pairs",
        data=("question-pair:test", "question-pair:validation"),
        what="same against different, pairs of one string twice left out; drawn by shared "
        "sentences; threshold from validation",
        measure=_measure_questions,
    ),
    SuiteTask(
        name="stylekqc",
        split="test",
        kind="pairs",
        title="StyleKQC",
        data=("stylekqc:test", "stylekqc:dev"),
        what=f"{PAIRS_A_GROUP} pairs of each group of paraphrases against as many with the "
        "sentence of another group that looks most alike; threshold from dev, made so too",
        measure=_measure_styles,
    ),
    SuiteTask(
        name="petitions",
        split="all",
        kind="retrieval",
        title="Petitions",
        data=("petitions:all",),
        what=f"title to body among {PETITIONS:,} drawn petitions",
        measure=_measure_petitions,
    ),
    SuiteTask(
        name="flores200",
        split="devtest",
        kind="bitext",
        title="FLORES ko-en",
        data=("flores200:devtest",),
        what="nearest by cosine, mean of both directions",
        measure=_measure_bitext("flores200:devtest"),
    ),
    SuiteTask(
        name="tatoeba",
        split="test",
        kind="bitext",
        title="Tatoeba ko-en",
        data=("tatoeba:test",),
        what="LASER's test pairs, nearest by cosine, mean of both directions",
        measure=_measure_bitext("tatoeba:test"),
    ),
    SuiteTask(
        name="ynat-clusters",
        split="held-out",
        kind="clustering",
        title="YNAT clusters",
        data=("ynat:held-out",),
        what=f"news headlines in 7 topics, k-means, mean of {CLUSTERINGS} seeds",
        measure=_measure_clusters("ynat:held-out"),
    ),
    SuiteTask(
        name="3i4k-clusters",
        split="test",
        kind="clustering",
        title="3i4K clusters",
        data=("3i4k:test",),
        what=f"utterances in 7 intentions, k-means, mean of {CLUSTERINGS} seeds",
        measure=_measure_clusters("3i4k:test"),
    ),
    SuiteTask(
        name="ynat-few-labels",
        split="held-out",
        kind="classification",
        title="YNAT, few labels",
        data=("ynat:held-out", "ynat:train"),
        what=_FEW,
        measure=_measure_few("ynat:held-out", "ynat:train"),
    ),
    SuiteTask(
        name="3i4k-few-labels",
        split="test",
        kind="classification",
        title="3i4K, few labels",
        data=("3i4k:test", "3i4k:train"),
        what=_FEW,
        measure=_measure_few("3i4k:test", "3i4k:train"),
    ),
    SuiteTask(
        name="nsmc-few-labels",
        split="held-out-sentiment",
        kind="classification",
        title="NSMC, few labels",
        data=("nsmc:held-out-sentiment", "nsmc:sentiment-train"),
        what=f"{REVIEWS:,} reviews of at most 4 stars and as many of at least 9; {_FEW}",
        measure=_measure_few(
            "nsmc:held-out-sentiment", "nsmc:sentiment-train", rows_a_class=REVIEWS
        ),
    ),
)
"""The Korean suite, in the order of its tables."""

SUITE_TASKS: Mapping[str, SuiteTask] = MappingProxyType({task.key: task for task in KOREAN})
"""The same by "name:split"."""
