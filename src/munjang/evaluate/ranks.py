"""Ranks and Spearman's correlation on many samples of the rows at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""A float64 array."""


def spearman(values: Floats, gold: Floats, counts: Floats) -> Floats:
    """Spearman's correlation alone, on samples of the pairs.

    Args:
        values: One similarity of each pair, shape (n,).
        gold: Gold scores, shape (n,).
        counts: How often pair i is in sample j, float64, shape (n, samples).

    Returns:
        Shape (samples,); NaN where all values or all scores of a sample are the same.

    Example:
        >>> values, gold = np.array([0.2, 0.4, 0.9]), np.array([0.0, 5.0, 3.0])
        >>> spearman(values, gold, np.ones((3, 1))).tolist()
        [0.5]
    """
    size = counts.sum(axis=0)
    gold_ranks, gold_var = average_ranks(gold, counts, size)
    ranks, var = average_ranks(values, counts, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.einsum("ij,ij,ij->j", counts, gold_ranks, ranks) / np.sqrt(var * gold_var)
    return np.where((var == 0) | (gold_var == 0), np.nan, found.clip(-1, 1))


def average_ranks(values: Floats, counts: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Ranks the rows of each sample, ties by their average, as scipy does.

    Args:
        values: One value of each row, shape (n,).
        counts: How often row i is in sample j, float64, shape (n, samples).
        size: The rows of each sample, shape (samples,).

    Returns:
        Ranks minus their mean, shape (n, samples), and their sum of squares, (samples,).
    """
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group.max() + 1))
    tied = np.add.reduceat(counts[order], starts, axis=0)
    ranks = np.cumsum(tied, axis=0) - tied / 2 - size / 2
    return ranks[group], np.einsum("ij,ij,ij->j", tied, ranks, ranks)
