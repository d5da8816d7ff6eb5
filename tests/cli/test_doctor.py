"""`munjang doctor` as a user meets it: a table or JSON lines, and its exit code."""

from __future__ import annotations

import functools
import json

import pytest

from munjang import console
from munjang.doctor import model as doctor_model


@pytest.fixture(scope="module", autouse=True)
def models_stay_loaded():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor_model, "load", functools.lru_cache(doctor_model.load))
        yield


@pytest.fixture
def run(call):
    """Runs `munjang doctor`: exit code, stdout, stderr."""
    return lambda *arguments: call("doctor", *arguments, "--offline")


@pytest.fixture
def faq(tmp_path):
    path = tmp_path / "faq.txt"
    path.write_text("환불은 어떻게 받나요?\n배송은 며칠 걸리나요?\n\n주차장이 있나요?\n", "utf-8")
    return path


def records(out):
    return [json.loads(line) for line in out.splitlines()]


def test_a_pipe_gets_one_object_a_finding(run, faq):
    code, out, _ = run("--text", faq)
    found = records(out)
    assert code == 0
    assert {tuple(record) for record in found} == {
        ("area", "what", "level", "detail", "fix", "values")
    }
    assert [record["area"] for record in found] == sorted(r["area"] for r in found)
    size = next(record for record in found if record["what"] == "file")
    assert size["values"]["texts"] == 3


def test_a_person_gets_a_table(run, faq, monkeypatch):
    monkeypatch.setattr(console, "wants_json", lambda *, asked: asked)
    code, out, _ = run("--text", faq)
    assert code == 0
    for area in ("machine", "model", "text"):
        assert f"\n{area}\n" in f"\n{out}"
    assert "✓ not found" in out
    assert out.rstrip().splitlines()[-1].startswith("no problems")
    assert records(run("--json")[1])


def test_a_problem_is_told_on_stdout_and_by_the_exit_code(run, tmp_path):
    path = tmp_path / "옛날.txt"
    path.write_bytes("환불은 어떻게 받나요?\n".encode("cp949"))
    code, out, err = run("--text", path)
    assert code == 1
    assert records(out)[-1]["fix"] == "--encoding cp949"
    assert "error" not in err
    assert run("--text", path, "--encoding", "cp949")[0] == 0


def test_a_model_that_is_not_there(run, tmp_path):
    code, out, _ = run(tmp_path / "없음")
    assert code == 1
    assert records(out)[-1]["area"] == "model"


def test_the_users_mistakes_exit_with_2(run, tmp_path, faq):
    table = tmp_path / "표.csv"
    table.write_text("id,review\n1,좋아요\n", "utf-8")
    code, _, err = run("--text", table)
    assert (code, "which column" in err, "try: --column review" in err) == (2, True, True)
    code, out, err = run("--text", tmp_path / "없음.txt")
    assert (code, out, "no such file" in err) == (2, "", True)
    code, out, err = run("")
    assert (code, out, "empty name" in err) == (2, "", True)
    assert run("--text", table, "--column", "review")[0] == 0
    code, _, err = run("--pooling", "meen")
    assert (code, "did you mean 'mean'?" in err) == (2, True)


def test_help_says_what_json_holds(call):
    code, said, _ = call("doctor", "--help")
    assert code == 0
    assert "Example: munjang doctor" in said
    assert "detail" in said
