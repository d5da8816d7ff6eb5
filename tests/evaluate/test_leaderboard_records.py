"""The records of a folder, and what contradicts what."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from munjang.errors import DataError, InputError
from munjang.evaluate.leaderboard_records import (
    merge_facts,
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
    assert caught.value.found == "80.0000 in a.json, 70.0000 in b.json"
    near = replace(SUITE, results=(replace(RESULT, score=0.80101),))
    with pytest.raises(DataError, match="contradict each other on korsts:test") as caught:
        merge_results({"a.json": SUITE, "b.json": near})
    assert caught.value.found == "80.0000 in a.json, 80.1010 in b.json"
    same = replace(SUITE, results=(replace(RESULT, fingerprint="x"),))
    with pytest.raises(DataError, match="contradict each other on korsts:test") as caught:
        merge_results({"a.json": SUITE, "b.json": same})
    assert (
        caught.value.found == "other rows, or another way to measure them, in a.json than in b.json"
    )
    rows = replace(SUITE, model="다른", results=(replace(RESULT, model="다른", fingerprint="x"),))
    with pytest.raises(DataError, match="not measured on the same rows of korsts:test") as caught:
        merge_results({"a.json": SUITE, "b.json": rows})
    assert caught.value.found == "문장이 in a.json, 다른 in b.json"
    assert merge_results({"a.json": SUITE, "b.json": rows}, tasks=["klue-sts:dev"]) == {
        "문장이": {},
        "다른": {},
    }
    with pytest.raises(InputError, match="no record of a suite"):
        merge_results({})


@pytest.mark.parametrize(
    ("dates", "score"),
    [
        (("2026-01-02", "2026-01-03"), 0.8004),
        (("2026-01-03", "2026-01-02"), 0.8),
        (("", "2026-01-02"), 0.8004),
        (("2026-01-02", "2026-01-02"), 0.8),
        (("", ""), 0.8),
    ],
)
def test_of_two_measurements_within_the_noise_of_rounding_the_newer_one_is_taken(dates, score):
    again = replace(SUITE, results=(replace(RESULT, score=0.8004),), seconds=1.0)
    pair = [replace(each, date=date) for each, date in zip((SUITE, again), dates, strict=True)]
    merged = merge_results({"a.json": pair[0], "b.json": pair[1]})
    assert merged["문장이"]["korsts:test"].score == score


def test_what_the_newest_record_says_of_a_model_is_taken():
    old = replace(SUITE, date="2026-01-01", facts={"size_mb": 10, "dim": 8})
    new = replace(SUITE, date="2026-02-01", facts={"size_mb": 20}, seconds=1.0)
    expected = {"dim": 8, "size_mb": 20, "sentences_per_second": 100.0}
    assert merge_facts([old, new]) == merge_facts([new, old]) == expected


def test_only_facts_that_are_what_they_should_be_are_taken():
    hostile = {"dim": True, "size_mb": "big", "params_m": float("nan"), "licence": ["MIT"], "x": 1}
    assert merge_facts([replace(SUITE, facts=hostile)]) == {"sentences_per_second": 50.0}
    good = {"dim": 384, "sentences_per_second": 480, "licence": "MIT"}
    assert merge_facts([replace(SUITE, facts=good), replace(SUITE, seconds=0.0)]) == good
