"""Holm's correction against hand computations, and between its two neighbours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.evaluate.many_tests import (
    MOST_RESAMPLES,
    choose_resamples,
    holm,
    too_few_resamples,
)
from munjang.evaluate.resample import RESAMPLES


def test_holm_by_hand():
    # sorted 0.005 0.01 0.03 0.04: times 4 3 2 1, then never falling
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.2]) == [0.2]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02, 0.02, 0.02]) == pytest.approx([0.06, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=30))
def test_holm_lies_between_no_correction_and_bonferroni(p_values):
    corrected = holm(p_values)
    for before, after in zip(p_values, corrected, strict=True):
        assert before <= after <= min(1.0, len(p_values) * before)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    in_order = [corrected[row] for row in order]
    assert in_order == sorted(in_order)


@given(st.integers(1, 100), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_smallest_p_can_pass(comparisons, level):
    resamples = choose_resamples(comparisons, level=level)
    assert RESAMPLES <= resamples <= MOST_RESAMPLES
    said = too_few_resamples(comparisons, level=level, resamples=resamples)
    smallest = comparisons * 2 / (resamples + 1)
    if resamples < MOST_RESAMPLES:
        assert smallest <= (1 - level) / 2 + 1e-9
        assert said == []


def test_the_bound_is_said():
    assert choose_resamples(10_000, level=0.95) == MOST_RESAMPLES
    (said,) = too_few_resamples(400, level=0.95, resamples=MOST_RESAMPLES)
    assert "400 comparisons are many for 20,000 resamples" in said
    assert "harder to find" in said
    assert "not found at all" in too_few_resamples(1000, level=0.95, resamples=20_000)[0]
