"""Pair classification: do close vectors mean that two sentences belong together?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from munjang.errors import InputError
from munjang.evaluate.outcome import conclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.data.rows import LabeledPair
    from munjang.evaluate.outcome import Measurement
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.sts import Floats
    from munjang.evaluate.vectors import VectorStore


def measure_pairs(
    store: VectorStore,
    pairs: Sequence[LabeledPair],
    measured: Measurement,
    *,
    positive: str,
    negative: str,
    dev: Sequence[LabeledPair],
    units: Sequence[int] | None = None,
) -> TaskResult:
    """Ranks pairs by cosine and asks how well that puts the positive ones first.

    Average precision needs no threshold; F1 and accuracy use the one that is best for F1
    on other pairs, not on these.

    Args:
        store: The model's vectors.
        pairs: What is measured; pairs with a third label are left out.
        measured: What to call it.
        positive: The label of pairs that belong together.
        negative: The label of pairs that do not.
        dev: The pairs that the threshold is chosen on.
        units: A number for each of `pairs`; pairs of one number are drawn together.

    Returns:
        The result, with "average_precision", "f1", "accuracy" and "threshold".

    Raises:
        InputError: A label has no pairs.
        ModelError: The model's vectors cannot be used.
    """
    kept = [(row, pair) for row, pair in enumerate(pairs) if pair.label in (positive, negative)]
    chosen = [pair for _, pair in kept]
    similarity, truth = _score(store, chosen, positive, negative, name=measured.task)
    dev_pairs = [pair for pair in dev if pair.label in (positive, negative)]
    dev_scores = _score(store, dev_pairs, positive, negative, name=f"{measured.task}, dev part")
    threshold = best_threshold(*dev_scores)
    says = (similarity >= threshold).astype(np.float64)
    evidence = {"similarity": similarity, "positive": truth}
    if units is not None:
        evidence["unit"] = np.array([units[row] for row, _ in kept], dtype=np.float64)
    return conclude(
        store.name,
        "pairs",
        evidence,
        measured,
        content=[(p.sentence1, p.sentence2, p.label) for p in (*chosen, *dev_pairs)],
        scores={
            "f1": f1(says, truth),
            "accuracy": float((says == truth).mean()),
            "threshold": threshold,
        },
    )


def best_threshold(similarity: Floats, truth: Floats) -> float:
    """The similarity from which on calling a pair positive gives the best F1.

    Args:
        similarity: Float64, shape (pairs,).
        truth: 1 for positive, else 0, shape (pairs,).

    Returns:
        One of the similarities; of several that are as good the highest.

    Example:
        >>> best_threshold(np.array([0.9, 0.8, 0.4, 0.1]), np.array([1, 1, 0, 0]))
        0.8
    """
    order = np.argsort(-similarity, kind="stable")
    values = similarity[order]
    hits = np.cumsum(truth[order])
    last = np.append(values[1:] != values[:-1], True)  # where a run of equal values ends
    scores = np.where(last, 2 * hits / (np.arange(1, len(values) + 1) + truth.sum()), -1)
    return float(values[int(scores.argmax())])


def f1(says: Floats, truth: Floats) -> float:
    """F1 of what was called positive.

    Args:
        says: 1 for each pair that was called positive, else 0; shape (pairs,).
        truth: 1 for each that is, else 0; shape (pairs,).

    Example:
        >>> f1(np.array([1, 1, 0]), np.array([1, 0, 0]))
        0.6666666666666666
    """
    both = float(np.logical_and(says, truth).sum())
    total = float(np.sum(says) + np.sum(truth))
    return 2 * both / total if total else 0.0


def _score(
    store: VectorStore, pairs: Sequence[LabeledPair], positive: str, negative: str, *, name: str
) -> tuple[Floats, Floats]:
    """Cosine and truth of each pair."""
    truth = np.array([pair.label == positive for pair in pairs], dtype=np.float64)
    if not 0 < truth.sum() < len(truth):
        raise InputError(
            f"{name} needs pairs of both labels, {positive!r} and {negative!r}",
            found=f"{int(truth.sum())} and {len(truth) - int(truth.sum())}",
        )
    first = store.unit([pair.sentence1 for pair in pairs])
    second = store.unit([pair.sentence2 for pair in pairs])
    return np.einsum("ij,ij->i", first, second, dtype=np.float64), truth
