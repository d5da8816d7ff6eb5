"""The records of a folder, and what contradicts what."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from munjang.errors import DataError, InputError
from munjang.evaluate.leaderboard_records import (
    merge_facts,
    merge_kept,
    merge_results,
    read_records,
)
from munjang.evaluate.record import SuiteResult, TaskResult
from munjang.evaluate.robust_record import EditCurve, RobustResult
from munjang.evaluate.sts import Interval

RESULT = TaskResult(
    model="문장이",
    task="korsts",
    split="test",
    kind="sts",
    score=0.8,
    interval=Interval(0.78, 0.82),
    scores={},
    rows=100,
    what="",
    fingerprint="ab",
)
SUITE = SuiteResult(
    model="문장이",
    suite="korean",
    results=(RESULT,),
    absent=(),
    sentences=100,
    seconds=2.0,
    encoder="",
)
ROBUST = RobustResult(
    model="문장이",
    task="korsts",
    split="test",
    rows=100,
    seed=0,
    curves=(
        EditCurve(
            edit="spacing",
            doses=(0.0, 1.0),
            spearman=(0.8, 0.4),
            cosine=(1.0, 0.9),
            retrieval=(1.0, 1.0),
            changed=(0.0, 1.0),
        ),
    ),
    absent=(),
    sentences=100,
    seconds=1.0,
    encoder="",
    munjang="",
)


def test_a_folder_is_read_and_other_files_are_named(tmp_path):
    (tmp_path / "b.json").write_text(SUITE.to_json(evidence=False), encoding="utf-8")
    (tmp_path / "r.json").write_text(ROBUST.to_json(), encoding="utf-8")
    (tmp_path / "bench.json").write_text("[1, 2]")
    (tmp_path / "old.json").write_text('{"format": "munjang.sts/1"}')
    (tmp_path / "notes.md").write_text("표")
    found = read_records(tmp_path)
    assert list(found.suites) == ["b.json"]
    assert found.suites["b.json"].to_json() == SUITE.to_json()
    assert found.robust["r.json"].to_json() == ROBUST.to_json()
    assert merge_kept(found.robust) == {"문장이": pytest.approx(0.75)}
    assert found.left_aside == ("bench.json", "old.json")


@pytest.mark.parametrize(
    "text", ["", "{", SUITE.to_json()[:200], json.dumps({"format": "munjang.suite/1"})]
)
def test_a_broken_record_is_an_error_that_names_the_file(tmp_path, text):
    (tmp_path / "b.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"b\.json"):
        read_records(tmp_path)


def test_a_folder_has_to_be_there(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        read_records(tmp_path / "없음")


def test_the_same_result_twice_is_one_result():
    merged = merge_results({"a.json": SUITE, "b.json": SUITE})
    assert merged == {"문장이": {"korsts:test": RESULT}}


def test_contradictions_are_errors():
    other = replace(SUITE, results=(replace(RESULT, score=0.7),))
    with pytest.raises(DataError, match="contradict each other on korsts:test") as caught:
        merge_results({"a.json": SUITE, "b.json": other})
    assert caught.value.found == "80.00 in a.json, 70.00 in b.json"
    rows = replace(SUITE, model="다른", results=(replace(RESULT, model="다른", fingerprint="x"),))
    with pytest.raises(DataError, match="not measured on the same rows of korsts:test"):
        merge_results({"a.json": SUITE, "b.json": rows})
    with pytest.raises(DataError, match="on robustness"):
        merge_kept(
            {
                "a.json": ROBUST,
                "b.json": replace(ROBUST, curves=(replace(ROBUST.curves[0], spearman=(0.8, 0.8)),)),
            }
        )
    with pytest.raises(InputError, match="no record of a suite"):
        merge_results({})


def test_only_facts_that_are_what_they_should_be_are_taken():
    hostile = {"dim": True, "size_mb": "big", "params_m": float("nan"), "licence": ["MIT"], "x": 1}
    assert merge_facts([replace(SUITE, facts=hostile)]) == {"sentences_per_second": 50.0}
    good = {"dim": 384, "sentences_per_second": 480, "licence": "MIT"}
    assert merge_facts([replace(SUITE, facts=good), replace(SUITE, seconds=0.0)]) == good
