"""Robustness records: areas by hand, and back from JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munjang.errors import DataError
from munjang.evaluate.record import Absent
from munjang.evaluate.robust_record import EditCurve, RobustResult


def a_curve(edit="nfd", spearman=(0.8, 0.6, 0.4)):
    return EditCurve(
        edit=edit,
        doses=(0.0, 0.5, 1.0),
        spearman=spearman,
        cosine=(1.0, 0.9, 0.7),
        retrieval=(1.0, 0.5, 0.25),
        changed=(0.0, 0.5, 1.0),
    )


def a_robust(*curves):
    return RobustResult(
        model="모델",
        task="korsts",
        split="test",
        rows=3,
        seed=0,
        curves=curves or (a_curve(), a_curve("emoji", (0.8, 0.8, 0.8))),
        absent=(Absent("particles-dropped", "edit", "Kiwi가 없음"),),
        sentences=9,
        seconds=0.5,
        encoder="Encoder()",
        munjang="0.1.0",
    )


def test_the_area_is_the_mean_height_over_the_clean_score():
    assert a_curve().kept == pytest.approx(0.6 / 0.8)
    assert a_curve(spearman=(0.5, 0.5, 0.5)).kept == pytest.approx(1)


def test_uneven_doses_weigh_by_their_width():
    curve = EditCurve(
        edit="nfd",
        doses=(0.0, 0.1, 1.0),
        spearman=(1.0, 0.0, 0.0),
        cosine=(1.0, 1.0, 1.0),
        retrieval=(1.0, 1.0, 1.0),
        changed=(0.0, 1.0, 1.0),
    )
    assert curve.kept == pytest.approx(0.05)


def test_the_summary_is_the_mean_over_edits():
    assert a_robust().kept == pytest.approx((0.75 + 1) / 2)


def test_an_edit_that_changed_nothing_does_not_count():
    untouched = replace(a_curve("emoji", (0.8, 0.8, 0.8)), changed=(0.0, 0.0, 0.0))
    assert a_robust(a_curve(), untouched).kept == a_curve().kept


def test_conditions_tell_what_can_be_compared():
    assert a_robust().conditions == a_robust(a_curve(), a_curve("emoji")).conditions
    assert a_robust().conditions != a_robust(a_curve()).conditions
    assert a_robust().conditions != replace(a_robust(), seed=1).conditions
    assert a_robust().conditions != replace(a_robust(), task="klue-sts").conditions


def test_a_record_comes_back_exactly():
    record = a_robust()
    assert RobustResult.from_json(record.to_json()) == record


@pytest.mark.parametrize("text", ["{}", '{"format": "munjang.suite/1"}', "x"])
def test_another_text_is_refused(text):
    with pytest.raises(DataError, match="not the record of a robustness suite"):
        RobustResult.from_json(text)
