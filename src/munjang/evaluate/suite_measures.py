"""How each task of the Korean suite is measured: rows read, drawn and handed on."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import numpy as np

from munjang.data.draw import draw_rows
from munjang.data.retrieval import pairs_to_retrieval
from munjang.data.rows import LabeledPair, Pair, Row, ScoredPair, Sentence
from munjang.evaluate import sts
from munjang.evaluate.bitext import measure_bitext
from munjang.evaluate.classes import measure_clusters, measure_few_labels
from munjang.evaluate.outcome import conclude
from munjang.evaluate.pairs import measure_pairs
from munjang.evaluate.retrieval import measure_retrieval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from munjang.evaluate.outcome import Measurement
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.vectors import VectorStore

R = TypeVar("R", bound=Row)

PETITIONS = 2000
"""So many petitions are drawn: bodies are long, and take most of the suite's time."""

PAIRS_A_GROUP = 10
"""Paraphrases, and as many other pairs, that are drawn of each group of StyleKQC."""

THRESHOLD_ROWS = 3000
"""So many pairs of KLUE-NLI's train set choose the threshold for its dev set."""

REVIEWS = 2000
"""So many movie reviews for, and as many against, are classified."""

_IDENTICAL = 1 - 1e-9


class Reader(Protocol):
    """Reads the rows of a split, named NAME:SPLIT."""

    def __call__(self, key: str) -> Sequence[Row]:
        """Reads them, in file order."""
        ...


Measure: TypeAlias = "Callable[[VectorStore, Reader, Measurement], TaskResult]"
"""Measures a model on a task."""


def paraphrase_pairs(groups: Sequence[Sequence[str]], *, seed: int) -> list[LabeledPair]:
    """Pairs out of groups of paraphrases: `PAIRS_A_GROUP` "same" ones of each, then "different".

    There are as many different pairs where a group is as large as that; else one a
    sentence. A different pair is a sentence of the group and, of all sentences of other
    groups, the one that shares most of its character pairs (by tf-idf), so that shared
    words alone do not tell the two kinds apart.

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


def by_correlation(key: str) -> Measure:
    """Measures graded pairs by their cosine Spearman, the other correlations beside it."""

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


def by_inference(test: str, dev: str) -> Measure:
    """Measures inference pairs, entailment against contradiction, drawn by premise."""

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


def by_questions(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
    """Measures question pairs, those of one string twice left out, drawn by shared sentences."""
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


def by_styles(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
    """Measures pairs of StyleKQC, drawn by group; see `paraphrase_pairs`."""
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


def draw_petitions(petitions: Sequence[Pair], *, seed: int) -> list[Pair]:
    """Draws the petitions that are measured, out of all that have a body."""
    return draw_rows([pair for pair in petitions if pair.positive.strip()], PETITIONS, seed=seed)


def by_petitions(store: VectorStore, read: Reader, measured: Measurement) -> TaskResult:
    """Measures the search for petitions by their titles; those without a body are left out."""
    pairs = draw_petitions(_rows(read, "petitions:all", Pair), seed=measured.seed)
    return measure_retrieval(store, pairs_to_retrieval("petitions", pairs), measured)


def by_translation(key: str) -> Measure:
    """Measures the search for translations, both ways."""
    return lambda store, read, measured: measure_bitext(store, _rows(read, key, Pair), measured)


def by_clusters(key: str) -> Measure:
    """Measures how clusters agree with classes."""
    return lambda store, read, measured: measure_clusters(
        store, _rows(read, key, Sentence), measured
    )


def by_few_labels(test: str, train: str, *, rows_a_class: int | None = None) -> Measure:
    """Measures classes learned from few labels, on all rows or on so many of each class."""

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
