"""Ranks and Spearman on samples, against scipy on the drawn rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from munjang.evaluate.ranks import average_ranks, spearman


def drawn_rows(rng, rows, samples=3):
    """Which rows each sample has, and the same as counts."""
    drawn = rng.integers(0, rows, (samples, rows))
    counts = np.stack([np.bincount(sample, minlength=rows) for sample in drawn], axis=1)
    return drawn, counts.astype(np.float64)


@given(seed=st.integers(0, 10_000), rows=st.integers(3, 60))
def test_spearman_is_that_of_scipy(seed, rows):
    rng = np.random.default_rng(seed)
    evidence = {"similarity": rng.random(rows).round(1), "gold": rng.integers(0, 6, rows) / 1.0}
    drawn, counts = drawn_rows(rng, rows)
    for sample, value in zip(drawn, spearman(*evidence.values(), counts), strict=True):
        one, other = evidence["similarity"][sample], evidence["gold"][sample]
        if len(set(one)) > 1 and len(set(other)) > 1:
            assert value == pytest.approx(spearmanr(one, other)[0], abs=1e-9)
        else:
            assert np.isnan(value)


def test_ranks_are_centred_averages():
    values = np.array([0.3, 0.1, 0.3, 0.9])
    ranks, squares = average_ranks(values, np.ones((4, 1)), np.array([4.0]))
    expected = rankdata(values) - 2.5
    assert ranks[:, 0].tolist() == expected.tolist()
    assert squares[0] == (expected**2).sum()
