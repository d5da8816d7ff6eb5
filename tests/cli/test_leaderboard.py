"""The verb leaderboard as a user meets it: formats, files, mistakes, exit codes."""

from __future__ import annotations

import json

import pytest

from munjang.evaluate.record import SuiteResult, TaskResult
from munjang.evaluate.robust_record import EditCurve, RobustResult
from munjang.evaluate.sts import Interval

PAGE = "# 우리 모델\n\n<!-- leaderboard -->\n<!-- /leaderboard -->\n"


@pytest.fixture
def run(call):
    """Runs `munjang leaderboard`: exit code, stdout, stderr."""
    return lambda *arguments: call("leaderboard", *arguments)


@pytest.fixture
def results(tmp_path):
    """A folder with the record of one model and a file that is no record."""
    folder = tmp_path / "results"
    folder.mkdir()
    result = TaskResult(
        model="문장이",
        task="korsts",
        split="test",
        kind="sts",
        score=0.8,
        interval=Interval(0.78, 0.82),
        scores={},
        rows=1379,
        what="",
        fingerprint="ab",
    )
    suite = SuiteResult(
        model="문장이",
        suite="korean",
        results=(result,),
        absent=(),
        sentences=100,
        seconds=1.0,
        encoder="",
        trained_on=("korsts:train",),
    )
    (folder / "a.json").write_text(suite.to_json(evidence=False), encoding="utf-8")
    (folder / "bench.json").write_text("{}")
    return folder


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_a_pipe_gets_json_lines(run, results):
    code, out, err = run(results, "--published", 2)
    assert (code, err) == (0, "")
    assert [json.loads(line)["measured"] for line in out.splitlines()] == [False, False, True]


def test_markdown_and_what_was_left_aside(run, results):
    code, out, err = run(results, "--markdown", "--published", 0, "--verbose", "--language", "ko")
    assert code == 0
    assert "| 문장이" in out
    assert err == "note: no records of a suite: bench.json\n"


def test_a_file_is_written_once_and_is_then_current(run, results, page):
    options = (results, "--published", 3)
    code, out, err = run(*options, "--check", page)
    assert (code, out) == (3, "")
    assert "try: the same command with --write in place of --check" in err
    assert page.read_text("utf-8") == PAGE
    assert run(*options, "--write", page)[:2] == (0, "")
    first = page.read_bytes()
    assert "| 문장이".encode() in first
    assert first.startswith("# 우리 모델\n\n<!-- leaderboard -->\n| Rank".encode())
    assert first.endswith(b"\n<!-- /leaderboard -->\n")
    assert run(*options, "--check", page)[:2] == (0, "")
    assert run(*options, "--write", page)[0] == 0
    assert page.read_bytes() == first
    assert run(results, "--published", 2, "--check", page)[0] == 3


def test_mistakes_have_exit_code_2_and_change_nothing(run, results, page, tmp_path):
    assert run(results, "--write", page, "--check", page)[0] == 2
    assert run(results, "--task", "korst")[0] == 2
    assert run(tmp_path / "없음")[0] == 2
    missing = tmp_path / "없음.md"
    code, _, err = run(results, "--write", missing)
    assert (code, missing.exists()) == (2, False)
    assert err.startswith(f"error: there is no file {missing}\n")
    assert "try: create it with two lines, <!-- leaderboard --> and <!-- /leaderboard -->" in err
    page.write_text("표가 없는 글\n", encoding="utf-8")
    code, out, err = run(results, "--write", page)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {page} does not say where the leaderboard goes\n")
    assert page.read_text("utf-8") == "표가 없는 글\n"
    (tmp_path / "empty").mkdir()
    assert "there is no record of a suite" in run(tmp_path / "empty")[2]


def robust(task, model="문장이"):
    curve = EditCurve(
        edit="key-slips",
        doses=(0.0, 1.0),
        spearman=(0.8, 0.4),
        cosine=(1.0, 0.9),
        retrieval=(1.0, 0.9),
        changed=(0.0, 1.0),
    )
    return RobustResult(
        model=model,
        task=task,
        split="test",
        rows=5,
        seed=0,
        curves=(curve,),
        absent=(),
        sentences=10,
        seconds=1.0,
        encoder="",
        munjang="",
    )


def test_robustness_on_own_pairs_is_left_aside_and_named(run, results):
    for task in ("korsts", "own"):
        (results / f"r-{task}.json").write_text(robust(task).to_json(), encoding="utf-8")
    code, out, err = run(results, "--markdown", "--published", 0, "--verbose")
    assert code == 0
    assert "Kept %: korsts test, 1 edit." in out
    assert "note: robustness on other rows or under other edits: r-own.json\n" in err
    assert "r-own.json" not in run(results, "--markdown")[2]
