"""The bootstrap of any kind of task: intervals, and paired differences of two models."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from munjang.errors import InputError
from munjang.evaluate.statistics import score, v_measures
from munjang.evaluate.sts import Difference, Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from munjang.evaluate.statistics import Evidence, Kind
    from munjang.evaluate.sts import Floats

RESAMPLES = 2000
"""How often the rows are drawn where nothing else is asked for."""

_BLOCK_CELLS = 1 << 20  # rows x samples held at once: 8 MiB an array


def whole(kind: Kind, evidence: Evidence) -> float:
    """The score on all rows as they are.

    Returns:
        The main metric; NaN where it is undefined.
    """
    return float(score(kind, evidence, np.ones((_rows(evidence), 1)))[0])


def interval(
    kind: Kind,
    evidence: Evidence,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of a score (Efron 1979).

    The V-measure of a resample is too high, since rows that are drawn twice agree with
    themselves; its resamples are shifted so that their mean is the score. Where there are
    several clusterings they are drawn too: which one k-means finds is chance as well.

    Args:
        kind: What sort of task.
        evidence: What its score is computed from; rows of one "unit" are drawn together.
        resamples: How many times the rows are drawn.
        seed: Seed of the draws.
        level: Share of the resamples inside the interval.

    Returns:
        The interval; resamples in which the score is undefined are left out.

    Raises:
        InputError: The score is undefined on every resample.
    """
    drawn = _draw(kind, [evidence], resamples=resamples, seed=seed)[0]
    return Interval(*_percentiles(_centred(kind, drawn, whole(kind, evidence)), level))


def paired_differences(
    kind: Kind,
    models: Sequence[Evidence],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> dict[tuple[int, int], Difference]:
    """How far models are from each other, all on the same resampled rows.

    The p-value is twice the smaller share of differences at or beyond zero, with one
    added to count and resamples (Davison and Hinkley 1997, section 4.2.3), so it is at
    least 2 / (resamples + 1); and it is at least 2 / 2^units, what the most one-sided
    outcome of a sign test has, since few rows cannot prove much.

    Args:
        kind: What sort of task.
        models: The evidence of each model, of the same rows in the same order.
        resamples: How many times the rows are drawn.
        seed: Seed of the draws.
        level: Share of the resamples inside an interval.

    Returns:
        For each two places in `models`, the earlier first, the earlier minus the later.

    Raises:
        InputError: The models were measured on unequal numbers of rows, or the score is
            undefined on every resample.

    Example:
        >>> right, wrong = {"value": np.ones(9)}, {"value": np.zeros(9)}
        >>> paired_differences("bitext", [right, wrong])[0, 1].low
        1.0
    """
    rows = [_rows(evidence) for evidence in models]
    if len(set(rows)) > 1:
        raise InputError(
            "results can only be compared row by row",
            found=f"{' and '.join(map(str, rows))} rows",
        )
    values = [whole(kind, evidence) for evidence in models]
    drawn = [
        _centred(kind, each, value)
        for each, value in zip(
            _draw(kind, models, resamples=resamples, seed=seed), values, strict=True
        )
    ]
    least = 2.0 ** (1 - min(count_units(models[0]), 64))
    return {
        (a, b): _difference(values[a] - values[b], drawn[a] - drawn[b], level, least=least)
        for a, b in itertools.combinations(range(len(models)), 2)
    }


def count_units(evidence: Evidence) -> int:
    """How many independent units the rows are: groups of rows that are drawn together."""
    return len(np.unique(_units(evidence)))


def _difference(value: float, drawn: Floats, level: float, *, least: float) -> Difference:
    low, high = _percentiles(drawn, level)
    beyond = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p = 2 * (int(beyond) + 1) / (int((~np.isnan(drawn)).sum()) + 1)
    return Difference(value, low, high, min(1.0, max(p, least)))


def _centred(kind: Kind, drawn: Floats, value: float) -> Floats:
    return drawn + (value - np.nanmean(drawn)) if kind == "clustering" else drawn


def _units(evidence: Evidence) -> NDArray[np.float64]:
    return evidence.get("unit", np.arange(_rows(evidence), dtype=np.float64))


def _rows(evidence: Evidence) -> int:
    return int(next(iter(evidence.values())).shape[-1])


def _draw(kind: Kind, models: Sequence[Evidence], *, resamples: int, seed: int) -> list[Floats]:
    """The score of each model on the same resamples, each of shape (resamples,)."""
    parts: list[list[Floats]] = [[] for _ in models]
    for block, counts in enumerate(_counts(models[0], resamples=resamples, seed=seed)):
        for model, part in zip(models, parts, strict=True):
            part.append(
                _score_clusterings(model, counts, seed=(seed, block))
                if kind == "clustering"
                else score(kind, model, counts)
            )
    return [np.concatenate(part) for part in parts]


def _score_clusterings(evidence: Evidence, counts: Floats, *, seed: tuple[int, int]) -> Floats:
    """The V-measure on samples of the rows, each with a sample of the clusterings."""
    each = v_measures(evidence["cluster"], evidence["label"], counts)
    many, samples = each.shape
    drawn = np.random.default_rng(seed).multinomial(many, np.full(many, 1 / many), size=samples)
    return np.asarray((each * (drawn / many).T).sum(axis=0))


def _counts(evidence: Evidence, *, resamples: int, seed: int) -> Iterator[Floats]:
    """Blocks of samples: how often each row is in each, (rows, samples of the block)."""
    if resamples < 1:
        raise InputError("a bootstrap needs at least one resample", found=f"resamples={resamples}")
    rng = np.random.default_rng(seed)
    rows = _rows(evidence)
    _, unit = np.unique(_units(evidence), return_inverse=True)
    units = int(unit.max()) + 1
    block = max(1, _BLOCK_CELLS // rows)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        drawn = rng.integers(units, size=(size, units)) + units * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(size, units)
        yield np.ascontiguousarray(counts.T[unit], dtype=np.float64)


def _percentiles(drawn: Floats, level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise InputError("the level of an interval lies between 0 and 1", found=f"level={level}")
    if np.isnan(drawn).all():
        raise InputError("the score is undefined on every resample", fix="more rows")
    tail = (1 - level) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
