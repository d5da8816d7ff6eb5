"""Records of suites come back exactly, with and without their evidence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from munjang.errors import DataError
from munjang.evaluate.record import Absent, SuiteResult, TaskResult, fingerprint
from munjang.evaluate.sts import Interval


def a_result(**changes):
    fields = {
        "model": "모델|이름",
        "task": "korsts",
        "split": "test",
        "kind": "sts",
        "score": 0.1 + 0.2,
        "interval": Interval(0.25, 1 / 3),
        "scores": {"cosine_spearman": 0.1 + 0.2, "cosine_pearson": 0.5},
        "rows": 3,
        "what": "세 쌍",
        "fingerprint": "ab" * 32,
        "evidence": {"similarity": np.array([0.1, 1 / 3, 2.0]), "gold": np.array([0.0, 1, 5])},
    }
    return TaskResult(**fields | changes)


def a_suite(**changes):
    fields = {
        "model": "모델|이름",
        "suite": "korean",
        "results": (a_result(), a_result(task="korsts-2", interval=None, evidence=None)),
        "absent": (Absent("ynat", "held-out", "없음"),),
        "sentences": 6,
        "seconds": 0.125,
        "encoder": "Encoder()",
        "trained_on": ("korsts:train",),
        "facts": {"dim": 384, "licence": "MIT"},
        "munjang": "0.1.0",
    }
    return SuiteResult(**fields | changes)


def test_a_record_comes_back_exactly():
    suite = a_suite()
    back = SuiteResult.from_json(suite.to_json())
    assert back.to_json() == suite.to_json()
    first = back.results[0]
    assert (first.score, first.interval, first.metric) == (
        0.1 + 0.2,
        Interval(0.25, 1 / 3),
        "cosine_spearman",
    )
    assert first.key == "korsts:test"
    assert np.array_equal(first.evidence["similarity"], suite.results[0].evidence["similarity"])
    assert (back.absent, back.trained_on, back.facts) == (
        suite.absent,
        suite.trained_on,
        suite.facts,
    )


def test_what_is_not_declared_stays_so():
    assert SuiteResult.from_json(a_suite(trained_on=None).to_json()).trained_on is None
    assert SuiteResult.from_json(a_suite(trained_on=()).to_json()).trained_on == ()


def test_without_evidence_a_record_is_short():
    record = a_suite().to_json(evidence=False)
    assert all(result.evidence is None for result in SuiteResult.from_json(record).results)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"format": "munjang.sts/1"}),
        a_suite().to_json().replace('"kind": "sts"', '"kind": "other"'),
        a_suite().to_json().replace('"rows": 3, ', ""),
    ],
)
def test_another_text_is_refused(text):
    with pytest.raises(DataError, match="not the record of a suite"):
        SuiteResult.from_json(text)


def test_fingerprints_tell_where_a_text_ends():
    assert fingerprint(["가", "나"]) != fingerprint(["가나"])
    assert fingerprint([("가", 1.0)]) == fingerprint([["가", 1.0]])
