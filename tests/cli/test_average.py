"""`munjang average` as a user meets it: JSON lines or tables, and its exit code."""

from __future__ import annotations

import json

import numpy as np
import pytest

import munjang
from munjang import console


@pytest.fixture
def run(call, tmp_path):
    """Runs `munjang average` into the folder out: exit code, stdout, stderr."""
    return lambda *arguments: call("average", *arguments, "--out", tmp_path / "out")


def test_a_pipe_gets_one_object(run, tiny_models, tmp_path):
    code, out, _ = run(tiny_models["mean"], tiny_models["plain"], "--weights", "3,1")
    record = json.loads(out)
    assert code == 0
    assert set(record) == {
        "out",
        "models",
        "tensors",
        "kept",
        "parameters",
        "megabytes",
        "precision",
        "trained_on",
        "license",
    }
    assert record["models"] == [
        {"model": str(tiny_models[name]), "share": share, "license": "not stated", "trained_on": []}
        for name, share in (("mean", 0.75), ("plain", 0.25))
    ]
    assert record["out"] == str(tmp_path / "out")
    ours, theirs = (
        munjang.load(each).encode(["첫눈이 내렸다."])
        for each in (record["out"], tiny_models["mean"])
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_person_gets_tables(run, tiny_models, monkeypatch):
    monkeypatch.setattr(console, "wants_json", lambda *, asked: asked)
    code, out, _ = run(tiny_models["mean"], tiny_models["mean"])
    assert code == 0
    assert "0.5000" in out
    assert "float32" in out
    code, out, _ = run(tiny_models["mean"], tiny_models["mean"], "--overwrite", "--json")
    assert (code, json.loads(out)["precision"]) == (0, "float32")


def test_the_users_mistakes_exit_with_2(run, is_mistake, tiny_models, tmp_path):
    models = tiny_models["mean"], tiny_models["plain"]
    is_mistake(run(*models, "--weights", "1;2"), "--weights wants numbers", "1;2", "1,1,2")
    is_mistake(run(*models, "--weights", "1,2,3"), "3 weights for 2 models")
    is_mistake(run(*models, "--weights", "0,0"), "all 0")
    is_mistake(run(models[0], tmp_path / "없음"), "no model at")
    is_mistake(run(models[0], tiny_models["cls"]), "does not make vectors")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "일기.txt").write_text("소중한 글", "utf-8")
    is_mistake(run(*models), "exists already", "--overwrite")
    is_mistake(run(*models, "--overwrite"), "not overwritten")


def test_models_and_out_are_needed(call, tiny_models):
    code, _, err = call("average", "--out", "out")
    assert (code, "MODEL" in err) == (2, True)
    code, _, err = call("average", tiny_models["mean"])
    assert (code, "--out" in err) == (2, True)
