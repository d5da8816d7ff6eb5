"""Retrieval: queries to documents, by cosine against all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from munjang.evaluate.outcome import conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from munjang.data.retrieval import RetrievalSet
    from munjang.encode.encoder import Vectors
    from munjang.evaluate.outcome import Measurement
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.sts import Floats
    from munjang.evaluate.vectors import VectorStore

CUT = 10
"""How many documents a person looks at: the k of nDCG@k, MRR@k and recall@k."""

DEEP = 100
"""How many a second stage would look at: the k of the deeper recall."""

_BLOCK_QUERIES = 256


def measure_retrieval(store: VectorStore, given: RetrievalSet, measured: Measurement) -> TaskResult:
    """Ranks all documents for every judged query.

    The gain of a document is its grade (linear, as trec_eval's ndcg_cut has it); equal
    cosines rank in the order of the corpus. A document with the query's own id is passed
    over, as in BEIR, unless it is judged to be right.

    Args:
        store: The model's vectors.
        given: Queries, documents and which of them belong together.
        measured: What to call it.

    Returns:
        The result: "ndcg@10", "mrr@10", "recall@10" and "recall@100", means over queries.

    Raises:
        ModelError: The model's vectors cannot be used.
    """
    documents = {name: row for row, name in enumerate(given.corpus)}
    asked = list(given.qrels)
    corpus = store.unit(list(given.corpus.values()))
    queries = store.unit([given.queries[name] for name in asked])
    found = [
        _judge(
            given.qrels[name],
            documents,
            ranking,
            own=None if name in given.qrels[name] else documents.get(name),
        )
        for name, ranking in zip(asked, _rank(queries, corpus, DEEP + 1), strict=True)
    ]
    ndcg, mrr, near, deep = np.array(found).T
    return conclude(
        store.name,
        "retrieval",
        {"value": ndcg},
        measured,
        content=[
            *given.corpus.values(),
            *((given.queries[name], sorted(given.qrels[name].items())) for name in asked),
        ],
        scores={
            f"mrr@{CUT}": float(mrr.mean()),
            f"recall@{CUT}": float(near.mean()),
            f"recall@{DEEP}": float(deep.mean()),
        },
    )


def _rank(queries: Vectors, corpus: Vectors, depth: int) -> Iterator[NDArray[np.intp]]:
    """The rows of the nearest documents of each query, nearest first."""
    depth = min(depth, len(corpus))
    for start in range(0, len(queries), _BLOCK_QUERIES):
        for row in queries[start : start + _BLOCK_QUERIES] @ corpus.T:
            least = np.partition(row, len(row) - depth)[len(row) - depth]
            near = np.flatnonzero(row >= least)
            yield near[np.argsort(-row[near], kind="stable")][:depth]


def _judge(
    grades: Mapping[str, int],
    documents: Mapping[str, int],
    ranking: NDArray[np.intp],
    *,
    own: int | None,
) -> tuple[float, float, float, float]:
    """nDCG, reciprocal rank, recall and deep recall of one query."""
    grade_of = {documents[name]: grade for name, grade in grades.items()}
    shown = [row for row in ranking.tolist() if row != own][:DEEP]
    gains = np.array([grade_of.get(row, 0) for row in shown], dtype=np.float64)
    ideal = np.sort(np.array(list(grade_of.values()), dtype=np.float64))[::-1]
    hits = np.flatnonzero(gains[:CUT])
    return (
        _discounted(gains) / _discounted(ideal),
        1 / (1 + int(hits[0])) if len(hits) else 0.0,
        len(hits) / len(grade_of),
        np.count_nonzero(gains) / len(grade_of),
    )


def _discounted(gains: Floats | Sequence[float]) -> float:
    top = np.asarray(gains, dtype=np.float64)[:CUT]
    return float((top / np.log2(np.arange(2, len(top) + 2))).sum())
