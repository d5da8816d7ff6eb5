"""Scores with their intervals, and what identifies the rows."""

from __future__ import annotations

import numpy as np
import pytest

from munjang.errors import InputError
from munjang.evaluate.outcome import Measurement, conclude


def concluded(evidence, measured=None, kind="bitext", content=("가",)):
    measured = measured or Measurement(task="mine", split="all", what="몇 줄")
    return conclude("모델", kind, evidence, measured, content=content, scores={"other": 0.5})


def test_the_main_metric_stands_among_the_scores():
    found = concluded({"value": np.array([1, 0, 1, 1])})
    assert found.score == 0.75
    assert found.scores == {"accuracy": 0.75, "other": 0.5}
    assert found.interval.low <= 0.75 <= found.interval.high
    assert (found.rows, found.what, found.metric) == (4, "몇 줄", "accuracy")


def test_intervals_can_be_left_out():
    measured = Measurement(task="mine", split="all", intervals=False)
    assert concluded({"value": np.ones(3)}, measured).interval is None


def test_one_row_or_one_unit_has_no_interval():
    assert concluded({"value": np.ones(1)}).interval is None
    assert concluded({"value": np.array([1.0, 0.0]), "unit": np.zeros(2)}).interval is None


@pytest.mark.parametrize(
    "changes",
    [
        {"content": ("나",)},
        {"measured": Measurement(task="mine", split="all", what="몇 줄", seed=1)},
        {"measured": Measurement(task="mine", split="all", what="다른 방법")},
    ],
)
def test_the_fingerprint_tells_rows_and_ways_apart(changes):
    evidence = {"value": np.ones(3)}
    assert concluded(evidence).fingerprint != concluded(evidence, **changes).fingerprint
    assert concluded(evidence).fingerprint == concluded(evidence).fingerprint


def test_an_undefined_score_is_said():
    evidence = {"similarity": np.ones(3), "gold": np.arange(3.0)}
    with pytest.raises(InputError, match="cosine_spearman of mine all is undefined"):
        concluded(evidence, kind="sts")
