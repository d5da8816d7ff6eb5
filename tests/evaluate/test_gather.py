"""Records read back: of either kind, by task, under names of their own."""

from __future__ import annotations

import pytest

from munjang.data.rows import ScoredPair
from munjang.encode.adapt import as_encoder
from munjang.errors import DataError, InputError
from munjang.evaluate.gather import keep_tasks, name_apart, read_record
from munjang.evaluate.record import Absent, SuiteResult
from munjang.evaluate.robust_record import RobustResult
from munjang.evaluate.tasks import evaluate_sts


def test_either_kind_is_read(suite_of, robust_of, tmp_path):
    path = tmp_path / "기록.json"
    path.write_text(suite_of("가", ["날씨"]).to_json(), "utf-8")
    found = read_record(path)
    assert isinstance(found, SuiteResult)
    assert found.results[0].evidence is not None
    path.write_text(robust_of("가").to_json(), "utf-8")
    assert read_record(path) == robust_of("가")
    assert isinstance(read_record(path), RobustResult)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "munjang.mteb/1"}', '{"format": 3}'])
def test_what_is_no_record(text, tmp_path):
    path = tmp_path / "다른.json"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"다른.json: this is not the record of a suite"):
        read_record(path)


def test_a_table_of_correlations_says_what_to_do(tmp_path):
    path = tmp_path / "상관.json"
    pairs = [
        ScoredPair("비가 온다.", "비가 내린다.", score=5.0),
        ScoredPair("비가 온다.", "눈이 온다.", score=2.0),
        ScoredPair("점심을 먹었다.", "기차가 늦는다.", score=0.0),
    ]
    encoder = as_encoder(lambda texts: [[len(t), t.count("다"), t.count("온")] for t in texts])
    result = evaluate_sts(encoder, pairs, task="우리", split="all", intervals=False)
    path.write_text(result.to_json(), "utf-8")
    with pytest.raises(DataError, match=r"상관.json is a table of correlations") as caught:
        read_record(path)
    assert "munjang evaluate MODEL --suite korean --task korsts --out DIR" in caught.value.fix


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="cannot read"):
        read_record(tmp_path / "없다.json")
    path = tmp_path / "cp949.json"
    path.write_bytes("기록".encode("cp949"))
    with pytest.raises(DataError, match="cannot read"):
        read_record(path)


def test_only_some_tasks_are_kept(suite_of):
    absent = (Absent("하늘", "dev", "없다"),)
    whole = suite_of("가", ["날씨", "바다"], absent=absent)
    assert keep_tasks(whole, None) is whole
    assert [r.task for r in keep_tasks(whole, ["바다"]).results] == ["바다"]
    kept = keep_tasks(whole, ["날씨:test", "하늘"])
    assert ([r.task for r in kept.results], kept.absent) == (["날씨"], absent)
    assert keep_tasks(whole, ["날씨"]).absent == ()
    with pytest.raises(InputError, match="the record of 가 has no task '바디'") as caught:
        keep_tasks(whole, ["바디"])
    assert caught.value.found == "날씨, 바다, 하늘"


def test_equal_names_get_numbers(robust_of):
    named = name_apart([robust_of("가"), robust_of("나"), robust_of("가")])
    assert [each.model for each in named] == ["가", "나", "가 #2"]
