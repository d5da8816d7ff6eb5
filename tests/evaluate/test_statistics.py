"""Every kind's main metric on samples, against scikit-learn and scipy on the drawn rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, v_measure_score

from munjang.evaluate.statistics import EVIDENCE, METRIC, average_precision, score, v_measure


def drawn_rows(rng, rows, samples=3):
    """Which rows each sample has, and the same as counts."""
    drawn = rng.integers(0, rows, (samples, rows))
    counts = np.stack([np.bincount(sample, minlength=rows) for sample in drawn], axis=1)
    return drawn, counts.astype(np.float64)


@given(seed=st.integers(0, 10_000), rows=st.integers(4, 60), ties=st.integers(0, 2))
def test_average_precision_is_that_of_scikit_learn(seed, rows, ties):
    rng = np.random.default_rng(seed)
    similarity = rng.random(rows).round(ties)
    positive = (rng.random(rows) < 0.4).astype(float)
    drawn, counts = drawn_rows(rng, rows)
    found = average_precision(similarity, positive, counts)
    for sample, value in zip(drawn, found, strict=True):
        if positive[sample].any():
            theirs = average_precision_score(positive[sample], similarity[sample])
            assert value == pytest.approx(theirs, abs=1e-12)
        else:
            assert np.isnan(value)


@given(seed=st.integers(0, 10_000), rows=st.integers(1, 60), classes=st.integers(1, 5))
def test_v_measure_is_that_of_scikit_learn(seed, rows, classes):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, rows)
    cluster = rng.integers(0, classes + 1, (2, rows))
    drawn, counts = drawn_rows(rng, rows)
    found = v_measure(cluster, label, counts)
    for sample, value in zip(drawn, found, strict=True):
        theirs = np.mean([v_measure_score(label[sample], each[sample]) for each in cluster])
        assert value == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("kind", ["retrieval", "bitext", "classification"])
def test_means_are_weighted_by_the_sample(kind):
    counts = np.array([[1.0, 2.0], [1.0, 0.0], [1.0, 1.0]])
    found = score(kind, {"value": np.array([1.0, 0.0, 0.5])}, counts)
    assert found.tolist() == [0.5, 2.5 / 3]


def test_every_kind_has_a_metric_and_its_arrays():
    assert set(METRIC) == set(EVIDENCE)
