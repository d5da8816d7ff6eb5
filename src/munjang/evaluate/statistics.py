"""The main metric of every kind of task, on many samples of its rows at once.

A sample is a column of counts, how often each row is in it, so that the score on all rows
and its bootstrap come from one function. What a kind is scored from, its evidence, are
arrays with a row for each unit of the task: see `EVIDENCE`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from munjang.evaluate.ranks import spearman

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from munjang.evaluate.ranks import Floats

Kind: TypeAlias = Literal["sts", "pairs", "retrieval", "bitext", "clustering", "classification"]
"""What sort of task it is."""

Evidence: TypeAlias = "Mapping[str, NDArray[np.float64]]"
"""What a score is computed from; float64 arrays whose last axis are the task's rows."""

EVIDENCE: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        "sts": ("similarity", "gold"),
        "pairs": ("similarity", "positive"),
        "retrieval": ("value",),
        "bitext": ("value",),
        "clustering": ("cluster", "label"),
        "classification": ("value",),
    }
)
"""The arrays of each kind: of shape (rows,), but "cluster" of shape (starts, rows).

Beside them may stand "unit", (rows,): rows of one number are drawn together, because
they are not independent (pairs of one group of paraphrases, hypotheses of one premise).
"""

METRIC: Mapping[Kind, str] = MappingProxyType(
    {
        "sts": "cosine_spearman",
        "pairs": "average_precision",
        "retrieval": "ndcg@10",
        "bitext": "accuracy",
        "clustering": "v_measure",
        "classification": "accuracy",
    }
)
"""The main metric of each kind, the one that is compared."""


def score(kind: Kind, evidence: Evidence, counts: Floats) -> Floats:
    """The main metric of a kind on samples of its rows.

    Args:
        kind: What sort of task.
        evidence: The arrays that `EVIDENCE` names.
        counts: How often row i is in sample j, float64, shape (rows, samples).

    Returns:
        float64, shape (samples,); NaN where the metric is undefined on a sample.

    Example:
        >>> evidence = {"similarity": np.array([0.9, 0.5, 0.1]), "positive": np.array([1, 0, 1])}
        >>> score("pairs", evidence, np.ones((3, 1))).round(4).tolist()
        [0.8333]
    """
    return _SCORES[kind](evidence, counts)


def average_precision(similarity: Floats, positive: Floats, counts: Floats) -> Floats:
    """Average precision of ranking by similarity, ties taken together, as scikit-learn has it.

    Args:
        similarity: Float64, shape (rows,).
        positive: 1 for the rows to be found, else 0; shape (rows,).
        counts: Shape (rows, samples).

    Returns:
        Shape (samples,); NaN for a sample without positives.
    """
    values, group = np.unique(-similarity, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(values)))
    found = np.add.reduceat((counts * positive[:, None])[order], starts, axis=0)
    seen = np.cumsum(np.add.reduceat(counts[order], starts, axis=0), axis=0)
    hits = np.cumsum(found, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(seen > 0, hits / seen, 0.0)
        total: Floats = (found * precision).sum(axis=0) / hits[-1]
    return total


def v_measure(cluster: Floats, label: Floats, counts: Floats) -> Floats:
    """V-measure (Rosenberg and Hirschberg 2007), the mean over the clusterings.

    Args:
        cluster: The cluster of each row in each clustering, shape (clusterings, rows).
        label: The true class of each row, shape (rows,).
        counts: Shape (rows, samples).

    Returns:
        Shape (samples,), in [0, 1]; 1 where there is one class and one cluster.
    """
    return np.asarray(v_measures(cluster, label, counts).mean(axis=0))


def v_measures(cluster: Floats, label: Floats, counts: Floats) -> Floats:
    """`v_measure` of each clustering by itself, shape (clusterings, samples)."""
    return np.array([_v_measure(each, label, counts) for each in np.atleast_2d(cluster)])


def _v_measure(cluster: Floats, label: Floats, counts: Floats) -> Floats:
    from scipy.sparse import csr_array

    _, clusters = np.unique(cluster, return_inverse=True)
    _, labels = np.unique(label, return_inverse=True)
    width, height = clusters.max() + 1, labels.max() + 1
    cell = labels * width + clusters
    rows = np.arange(len(cell))
    joining = csr_array((np.ones(len(cell)), (cell, rows)), shape=(height * width, len(cell)))
    joint = (joining @ counts / counts.sum(axis=0)).reshape(height, width, -1)
    of_label, of_cluster = joint.sum(axis=1), joint.sum(axis=0)
    label_entropy, cluster_entropy = _entropy(of_label), _entropy(of_cluster)
    both = _entropy(joint.reshape(height * width, -1))
    shared = label_entropy + cluster_entropy - both
    total = label_entropy + cluster_entropy
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, np.clip(2 * shared / total, 0, 1), 1.0)


def _entropy(shares: Floats) -> Floats:
    """The entropy of each column."""
    safe = np.where(shares > 0, shares, 1.0)
    return np.asarray(-(shares * np.log(safe)).sum(axis=0))


def _mean(evidence: Evidence, counts: Floats) -> Floats:
    return np.asarray((evidence["value"] @ counts) / counts.sum(axis=0))


_SCORES: Mapping[Kind, Callable[[Evidence, Floats], Floats]] = MappingProxyType(
    {
        "sts": lambda given, counts: spearman(given["similarity"], given["gold"], counts),
        "pairs": lambda given, counts: average_precision(
            given["similarity"], given["positive"], counts
        ),
        "retrieval": _mean,
        "bitext": _mean,
        "clustering": lambda given, counts: v_measure(given["cluster"], given["label"], counts),
        "classification": _mean,
    }
)
