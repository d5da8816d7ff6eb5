"""The eight correlations of semantic textual similarity, their noise, and paired tests.

Four similarities of the two vectors of a pair (cosine, negated Euclidean distance,
negated Manhattan distance, dot product), each correlated with the gold scores by
Pearson and by Spearman: what sentence-transformers' `EmbeddingSimilarityEvaluator`
measures and what the Korean tables print, times 100. Here they stay in [-1, 1].

Resamples and mini-batches are columns of counts (how often a row is in), so that one
function computes all correlations, with ranks that are redone for each column.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from munjang.errors import InputError
from munjang.evaluate.ranks import average_ranks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Floats: TypeAlias = NDArray[np.float64]
"""A float64 array."""

METRICS = (
    "cosine_pearson",
    "cosine_spearman",
    "euclidean_pearson",
    "euclidean_spearman",
    "manhattan_pearson",
    "manhattan_spearman",
    "dot_pearson",
    "dot_spearman",
)
"""The eight metrics in the order of the published tables (CP CS EP ES MP MS DP DS)."""

_BLOCK_CELLS = 1 << 18  # rows x samples held at once: 2 MiB an array, near the cache
_BLOCK_ROWS = 8192
_CONSTANT = 1e-12  # a spread below this share of the size is rounding, not signal


@dataclass(frozen=True, slots=True, eq=False)
class PairSimilarities:
    """The four similarities of each pair; larger means more alike.

    Attributes:
        cosine: Cosine in [-1, 1]; 0 where a vector is zero. float64, shape (pairs,).
        euclidean: Negated Euclidean distance, at most 0. float64, shape (pairs,).
        manhattan: Negated Manhattan distance, at most 0. float64, shape (pairs,).
        dot: Dot product of the vectors as given. float64, shape (pairs,).
    """

    cosine: Floats
    euclidean: Floats
    manhattan: Floats
    dot: Floats

    def __len__(self) -> int:
        return len(self.cosine)

    def __iter__(self) -> Iterator[Floats]:
        return iter((self.cosine, self.euclidean, self.manhattan, self.dot))


@dataclass(frozen=True, slots=True)
class Correlations:
    """The eight correlations, each in [-1, 1] (published tables print them times 100).

    Iterating gives the values in the order of the published tables, `METRICS`.
    """

    cosine_pearson: float
    cosine_spearman: float
    euclidean_pearson: float
    euclidean_spearman: float
    manhattan_pearson: float
    manhattan_spearman: float
    dot_pearson: float
    dot_spearman: float

    def __iter__(self) -> Iterator[float]:
        return (getattr(self, field.name) for field in fields(self))

    @property
    def avg(self) -> float:
        """The mean of the eight, the AVG column of the published tables."""
        return sum(self) / len(METRICS)


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a correlation or of a difference."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BatchMean:
    """Correlations averaged over shuffled mini-batches.

    Attributes:
        mean: The mean over all shuffles.
        spread: Standard deviation between the shuffles, by metric and "avg".
    """

    mean: Correlations
    spread: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one model is from another on a metric, A minus B, in [-2, 2].

    Attributes:
        value: The difference on the pairs as they are.
        low: Lower end of its interval.
        high: Upper end of its interval.
        p: Two-sided bootstrap p-value, in (0, 1].
    """

    value: float
    low: float
    high: float
    p: float

    @property
    def within_noise(self) -> bool:
        """Whether the interval contains 0."""
        return self.low <= 0 <= self.high


def check_gold(gold: ArrayLike) -> Floats:
    """Makes sure that something can be correlated with these gold scores.

    Args:
        gold: One score a pair, on any scale.

    Returns:
        The scores as float64, shape (pairs,).

    Raises:
        InputError: There are fewer than two, one is not finite, or all are the same.
    """
    scores = np.asarray(gold, dtype=np.float64)
    if scores.ndim != 1 or len(scores) < 2:
        raise InputError(
            "correlation undefined: at least two pairs with a gold score each are needed",
            found=f"gold scores of shape {scores.shape}",
        )
    bad = ~np.isfinite(scores)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"the gold score of pair {row} (counted from 0) is not a finite number",
            found=str(scores[row]),
        )
    _check_spread("gold score", scores)
    return scores


def similarities(u: ArrayLike, v: ArrayLike) -> PairSimilarities:
    """Compares row i of `u` with row i of `v` in four ways.

    Args:
        u: Vectors of the first sentences, shape (pairs, dimension), not normalised
            unless the model normalises.
        v: Vectors of the second sentences, the same shape.

    Returns:
        The four similarities, computed in float64.

    Raises:
        InputError: The shapes differ or are not two-dimensional, or a vector holds NaN
            or infinity.

    Example:
        >>> found = similarities([[3.0, 4.0], [1.0, 0.0]], [[3.0, 4.0], [0.0, 2.0]])
        >>> found.cosine.tolist(), found.manhattan.tolist()
        ([1.0, 0.0], [0.0, -3.0])
    """
    first, second = np.asarray(u), np.asarray(v)
    if first.ndim != 2 or first.shape != second.shape:
        raise InputError(
            "similarities need two arrays of the same shape (pairs, dimension)",
            found=f"{first.shape} and {second.shape}",
        )
    blocks = [
        _compare_block(first, second, start) for start in range(0, max(len(first), 1), _BLOCK_ROWS)
    ]
    return PairSimilarities(*np.concatenate(blocks, axis=1))


def _compare_block(first: NDArray[np.generic], second: NDArray[np.generic], start: int) -> Floats:
    """The four similarities of one block of rows, shape (4, rows)."""
    u = first[start : start + _BLOCK_ROWS].astype(np.float64)
    v = second[start : start + _BLOCK_ROWS].astype(np.float64)
    bad = ~np.isfinite(np.stack([u, v], axis=1)).all(axis=2)
    if bad.any():
        row, side = divmod(int(bad.argmax()), 2)
        raise InputError(
            f"the vector of the {('first', 'second')[side]} sentence of pair {start + row} "
            "(counted from 0) holds NaN or infinity",
            fix="check the model: nothing can be measured with such a vector",
        )
    dot = np.einsum("ij,ij->i", u, v)
    lengths = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    cosine = np.divide(dot, lengths, out=np.zeros_like(dot), where=lengths > 0).clip(-1, 1)
    gap = np.abs(u - v)
    return np.stack([cosine, 0.0 - np.linalg.norm(gap, axis=1), 0.0 - gap.sum(axis=1), dot])


def correlations(u: ArrayLike, v: ArrayLike, gold: ArrayLike) -> Correlations:
    """Measures vectors against gold scores.

    Args:
        u: Vectors of the first sentences, shape (pairs, dimension).
        v: Vectors of the second sentences, the same shape.
        gold: How alike the sentences are, shape (pairs,), on any scale.

    Returns:
        The eight correlations; Spearman ranks ties by their average, as scipy does.

    Raises:
        InputError: Shapes do not fit, a value is not finite, or a correlation is
            undefined (fewer than two pairs, all gold scores or similarities equal).

    Example:
        >>> found = correlations([[1, 0], [1, 0], [1, 1]], [[1, 0], [0, 1], [3, 2]], [5, 0, 4])
        >>> round(found.cosine_pearson, 3), found.cosine_spearman
        (0.985, 1.0)
    """
    return correlate(similarities(u, v), gold)


def correlate(found: PairSimilarities, gold: ArrayLike) -> Correlations:
    """The eight correlations of similarities that are there already; see `correlations`."""
    scores = _check(found, gold)
    return Correlations(*_eight(found, scores, np.ones((len(scores), 1)))[0].tolist())


def bootstrap(
    u: ArrayLike,
    v: ArrayLike,
    gold: ArrayLike,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Percentile bootstrap intervals of the eight correlations and their mean.

    Pairs are drawn with replacement and ranked anew (Efron 1979, percentile method).
    A resample in which a correlation is undefined is left out of that metric.

    Args:
        u: Vectors of the first sentences, shape (pairs, dimension).
        v: Vectors of the second sentences, the same shape.
        gold: Gold scores, shape (pairs,).
        resamples: How many times the pairs are drawn.
        seed: Seed of the draws.
        level: Share of the resamples inside the interval, in (0, 1).

    Returns:
        An interval for each of `METRICS` and for "avg".

    Raises:
        InputError: As `correlations`, or an argument is out of range.
    """
    found = similarities(u, v)
    return bootstrap_similarities(found, gold, resamples=resamples, seed=seed, level=level)


def bootstrap_similarities(
    found: PairSimilarities,
    gold: ArrayLike,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """The intervals of similarities that are there already; see `bootstrap`."""
    scores = _check(found, gold)
    drawn = _resample([found], scores, resamples=resamples, seed=seed)[0]
    low, high = _percentiles(drawn, level)
    return {
        name: Interval(float(low[i]), float(high[i])) for i, name in enumerate((*METRICS, "avg"))
    }


def paired_bootstrap(
    similarities_a: PairSimilarities,
    similarities_b: PairSimilarities,
    gold: ArrayLike,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Difference]:
    """Whether model A and model B differ by more than the choice of pairs explains.

    Both models see the same resampled pairs, so what the pairs do to both cancels out.
    The p-value is twice the smaller share of differences at or beyond zero, with one
    added to count and resamples (Davison and Hinkley 1997, section 4.2.3).

    Args:
        similarities_a: Model A on the pairs.
        similarities_b: Model B on the same pairs in the same order.
        gold: Gold scores, shape (pairs,).
        resamples: How many times the pairs are drawn.
        seed: Seed of the draws.
        level: Share of the resamples inside the interval, in (0, 1).

    Returns:
        A minus B for each of `METRICS` and for "avg".

    Raises:
        InputError: As `correlations`, or the models were measured on unequal numbers
            of pairs.
    """
    scores = _check(similarities_a, gold)
    _check(similarities_b, gold)
    a, b = (
        np.array([*found, found.avg])
        for found in (correlate(similarities_a, scores), correlate(similarities_b, scores))
    )
    drawn_a, drawn_b = _resample(
        [similarities_a, similarities_b], scores, resamples=resamples, seed=seed
    )
    drawn = drawn_a - drawn_b
    low, high = _percentiles(drawn, level)
    defined = (~np.isnan(drawn)).sum(axis=0)
    beyond = np.minimum((drawn <= 0).sum(axis=0), (drawn >= 0).sum(axis=0))
    p = np.minimum(1.0, 2 * (beyond + 1) / (defined + 1))
    return {
        name: Difference(float(a[i] - b[i]), float(low[i]), float(high[i]), float(p[i]))
        for i, name in enumerate((*METRICS, "avg"))
    }


def batch_mean(
    found: PairSimilarities,
    gold: ArrayLike,
    *,
    batch_size: int,
    shuffles: int = 20,
    seed: int = 0,
) -> BatchMean:
    """The mean of the correlations inside shuffled mini-batches, as some tables report.

    The KoSimCSE tables were made so: smaller batches give lower values, and each shuffle
    another one. The last, partial batch weighs as much as a full one; a batch in which a
    correlation is undefined (one pair, or equal scores only) is left out.

    Args:
        found: The similarities of the pairs.
        gold: Gold scores, shape (pairs,).
        batch_size: Pairs in a mini-batch, at least 2.
        shuffles: How many orders of the pairs are averaged.
        seed: Seed of the orders.

    Returns:
        The mean over the shuffles and the spread between them.

    Raises:
        InputError: As `correlations`, an argument is out of range, or no batch of a
            shuffle has a defined correlation.
    """
    scores = _check(found, gold)
    if batch_size < 2 or shuffles < 1:
        raise InputError(
            "batch-mean needs batch_size of at least 2 and shuffles of at least 1",
            found=f"batch_size={batch_size}, shuffles={shuffles}",
        )
    rng = np.random.default_rng(seed)
    count = -(-len(scores) // batch_size)
    means = np.empty((shuffles, len(METRICS)))
    for shuffle in range(shuffles):
        batch_of = np.empty(len(scores), dtype=np.intp)
        batch_of[rng.permutation(len(scores))] = np.arange(len(scores)) // batch_size
        parts = [
            _eight(found, scores, (batch_of[:, None] == batches).astype(np.float64))
            for batches in _blocks(count, len(scores))
        ]
        inside = np.concatenate(parts)
        if np.isnan(inside).all(axis=0).any():
            raise InputError(
                "no mini-batch has a defined correlation",
                found=f"{len(scores)} pairs in batches of {batch_size}",
                fix="a larger batch_size",
            )
        means[shuffle] = np.nanmean(inside, axis=0)
    spread = np.append(means.std(axis=0), means.mean(axis=1).std())
    return BatchMean(
        Correlations(*means.mean(axis=0).tolist()),
        dict(zip((*METRICS, "avg"), spread.tolist(), strict=True)),
    )


def _check(found: PairSimilarities, gold: ArrayLike) -> Floats:
    """The gold scores as float64, after everything that makes a correlation undefined."""
    scores = check_gold(gold)
    if len(scores) != len(found):
        raise InputError(
            "one gold score is needed for each pair",
            found=f"{len(found)} pairs, {len(scores)} gold scores",
        )
    for name, values in zip(("cosine", "euclidean", "manhattan", "dot"), found, strict=True):
        _check_spread(f"{name} similarity", values)
    return scores


def _check_spread(name: str, values: Floats) -> None:
    if np.ptp(values) <= _CONSTANT * np.abs(values).max():
        raise InputError(
            f"correlation undefined: the {name} of all {len(values)} pairs is the same",
            found=f"{values[0]:.6g}",
        )


def _blocks(samples: int, rows: int) -> Iterator[NDArray[np.intp]]:
    """Numbers 0 to `samples` in blocks small enough for bounded memory."""
    size = max(1, _BLOCK_CELLS // rows)
    for start in range(0, samples, size):
        yield np.arange(start, min(start + size, samples))


def _resample(
    models: Sequence[PairSimilarities], gold: Floats, *, resamples: int, seed: int
) -> list[Floats]:
    """The metrics and their mean on the same resamples for each model: (resamples, 9)."""
    if resamples < 1:
        raise InputError("a bootstrap needs at least one resample", found=f"resamples={resamples}")
    rng = np.random.default_rng(seed)
    rows = len(gold)
    parts: list[list[Floats]] = [[] for _ in models]
    for block in _blocks(resamples, rows):
        drawn = rng.integers(rows, size=(len(block), rows))
        drawn += rows * np.arange(len(block))[:, None]
        counts = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        columns = np.ascontiguousarray(counts.T, dtype=np.float64)
        for model, part in zip(models, parts, strict=True):
            part.append(_eight(model, gold, columns))
    whole = [np.concatenate(part) for part in parts]
    return [np.column_stack([eight, eight.mean(axis=1)]) for eight in whole]


def _percentiles(drawn: Floats, level: float) -> tuple[Floats, Floats]:
    """Lower and upper percentiles of each column, undefined resamples left out."""
    if not 0 < level < 1:
        raise InputError("the level of an interval lies between 0 and 1", found=f"level={level}")
    if np.isnan(drawn).all(axis=0).any():
        raise InputError(
            "no resample has a defined correlation", fix="more pairs, or more resamples"
        )
    tail = (1 - level) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail], axis=0)
    return low, high


def _eight(found: PairSimilarities, gold: Floats, counts: Floats) -> Floats:
    """The metrics on samples of the pairs.

    Args:
        found: The similarities of n pairs.
        gold: Gold scores, shape (n,).
        counts: How often pair i is in sample j, shape (n, samples).

    Returns:
        Shape (samples, 8) in the order of `METRICS`; NaN where undefined.
    """
    size = counts.sum(axis=0)
    gold_ranks, gold_rank_var = average_ranks(gold, counts, size)
    weighted_ranks = counts * gold_ranks
    y = _standardise(gold)
    y_sum = y @ counts
    y_var = (y * y) @ counts - y_sum**2 / size
    out = np.empty((counts.shape[1], len(METRICS)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for i, values in enumerate(found):
            ranks, rank_var = average_ranks(values, counts, size)
            x = _standardise(values)
            x_sum = x @ counts
            x_var = (x * x) @ counts - x_sum**2 / size
            pearson = ((x * y) @ counts - x_sum * y_sum / size) / np.sqrt(x_var * y_var)
            shared = np.einsum("ij,ij->j", weighted_ranks, ranks)
            spearman = shared / np.sqrt(rank_var * gold_rank_var)
            # Ranks are exact in float64, so they tell a constant sample without rounding.
            constant = (rank_var == 0) | (gold_rank_var == 0)
            out[:, 2 * i] = np.where(constant, np.nan, pearson)
            out[:, 2 * i + 1] = np.where(constant, np.nan, spearman)
    return out.clip(-1, 1)


def _standardise(values: Floats) -> Floats:
    """Mean 0 and deviation 1, which no correlation sees and which keeps sums accurate."""
    centred = values - values.mean()
    return np.asarray(centred / centred.std(), dtype=np.float64)
