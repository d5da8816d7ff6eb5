"""Whole runs on tiny models: every shipped recipe, the same weights twice, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from sentence_transformers import SentenceTransformer

import munjang
from munjang.train.recipefile import load_recipe, recipe_names
from munjang.train.run import read_run, train

TEXTS = ["고양이가 공원에서 낮잠을 잔다.", "책", "비 오는 시장에서 사과를 고른다. 책을 읽는다."]
FILES = {"model", "recipe.toml", "manifest.json", "scores.json", "log.jsonl", "tensorboard"}


def read_log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_trains_saves_and_loads(name, shrink, tmp_path):
    recipe = load_recipe(name, settings=shrink(name))
    said = []
    run = train(recipe, out=tmp_path / "run", device="cpu", say=said.append)
    extra = {"before"} if recipe.before else {"teacher"} if recipe.teacher else set()
    assert {path.name for path in run.folder.iterdir()} == FILES | extra
    assert load_recipe(run.folder / "recipe.toml") == recipe
    assert repr(read_run(run.folder)) == repr(run)  # nan, where a correlation is undefined

    manifest = run.manifest
    assert manifest["state"] == "finished"
    assert (manifest["recipe"], manifest["steps"], manifest["processes"]) == (name, 3, 1)
    assert manifest["data"].keys() == recipe.data.keys()
    assert manifest["throughput"]["sentences_per_second"] > 0
    assert 0 <= manifest["throughput"]["padding_share"] < 1
    assert manifest["versions"].keys() >= {"python", "munjang", "torch", "sentence-transformers"}
    assert [(result.task, result.split) for result in run.after] == [("dev", "all")]
    assert len(run.gains) == len(run.before) == 1
    looks = [entry for entry in read_log(run.folder) if "eval_dev_spearman_cosine" in entry]
    assert [look["step"] for look in looks] == [3]
    assert looks[0]["eval_dev_spearman_cosine"] == manifest["best"]["dev"]
    assert list(run.folder.joinpath("tensorboard").iterdir())
    assert any("rows" in line for line in said)

    kinds = json.loads((run.model / "modules.json").read_text())
    assert all(kind["type"].startswith("sentence_transformers.") for kind in kinds)
    assert not list(run.model.rglob("*.bin"))
    theirs = SentenceTransformer(str(run.model), device="cpu", local_files_only=True)
    ours = munjang.load(run.model, engine="torch", device="cpu")
    vectors = theirs.encode(TEXTS)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors - ours.encode(TEXTS)).max() < 1e-5
    scores = run.after[0].correlations.cosine_spearman
    assert scores == pytest.approx(manifest["best"]["dev"], abs=0.02)
