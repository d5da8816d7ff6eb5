"""A run's records: read in their order, without the paths of the machine."""

from __future__ import annotations

import json
import shutil

import pytest

from munjang.errors import DataError
from munjang.model.run_records import hide_places, name_base, read_runs


def change(path, **values):
    record = json.loads(path.read_text("utf-8")) | values
    path.write_text(json.dumps(record), "utf-8")


def test_a_run(run_folder):
    (run,) = read_runs(run_folder)
    assert run.what == "Contrastive triplets, and our own pairs"
    assert run.manifest["steps"] == 1086
    (data,) = run.data
    assert (data.name, data.objective, data.rows) == ("nli", "contrastive", 277_811)
    assert list(data.files) == ["klue-nli:train", "우리 문장.csv"]
    assert data.known == {"klue-nli"}
    assert run.before[0].correlations.cosine_spearman == 0.5
    assert run.after[0].model == "우리-simcse"


def test_the_runs_that_it_was_built_on_come_first(run_folder, tmp_path):
    whole = tmp_path / "two"
    shutil.copytree(run_folder, whole)
    shutil.copytree(run_folder, whole / "before")
    change(whole / "before" / "manifest.json", recipe="첫째")
    assert [run.manifest["recipe"] for run in read_runs(whole)] == ["첫째", "우리-simcse"]


def test_no_place_of_the_machine_is_told(run_folder):
    (run,) = read_runs(run_folder)
    assert "hong" not in run.toml
    assert '"우리 문장.csv"' in run.toml
    assert 'base = "klue/bert-base"' in run.toml


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("/data/a b/글.txt", "글.txt"),
        ("~/글.txt", "글.txt"),
        ("./더/글.txt", "글.txt"),
        ("../글.txt", "글.txt"),
        ("C:\\\\data\\\\hong\\\\글.txt", "글.txt"),
        ("C:/data/hong/글.txt", "글.txt"),
        ("klue/bert-base", "klue/bert-base"),
        ("korsts:train", "korsts:train"),
    ],
)
def test_places(place, shown):
    assert hide_places(f'use = ["{place}", "끝"]') == f'use = ["{shown}", "끝"]'


@pytest.mark.parametrize(
    ("base", "hub", "shown"),
    [
        ("klue/roberta-base", "klue/roberta-base", "klue/roberta-base"),
        ("bm-k/kosimcse-bert", "BM-K/KoSimCSE-bert", "BM-K/KoSimCSE-bert"),
        ("/models/BM-K/KoSimCSE-bert", "BM-K/KoSimCSE-bert", "BM-K/KoSimCSE-bert"),
        ("/data/hong/우리모델", None, "우리모델"),
        ("./우리모델/", None, "우리모델"),
    ],
)
def test_the_base_by_its_name(base, hub, shown):
    assert name_base(base) == (hub, shown)


def test_a_folder_that_is_there_is_no_hub_id(tmp_path, monkeypatch):
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert name_base("models/mine") == (None, "mine")


def test_robustness_where_it_was_measured(run_folder, make_robust):
    assert read_runs(run_folder)[0].robust is None
    before, after = make_robust("/data/hong/우리바탕", 0.4), make_robust("우리-simcse", 0.2)
    record = {"before": json.loads(before.to_json()), "after": json.loads(after.to_json())}
    change(run_folder / "scores.json", robust=record)
    (run,) = read_runs(run_folder)
    assert run.robust is not None
    assert [each.model for each in run.robust] == ["우리바탕", "우리-simcse"]
    assert [each.kept for each in run.robust] == [before.kept, after.kept]
    change(run_folder / "scores.json", robust={"before": record["before"]})
    with pytest.raises(DataError, match="records of a finished run"):
        read_runs(run_folder)


@pytest.mark.parametrize("name", ["recipe.toml", "manifest.json", "scores.json"])
def test_a_missing_or_broken_record(run_folder, name):
    (run_folder / name).write_text("{", "utf-8")
    with pytest.raises(DataError, match="records of a finished run"):
        read_runs(run_folder)
    (run_folder / name).unlink()
    with pytest.raises(DataError, match="munjang train"):
        read_runs(run_folder)


def test_a_run_that_is_not_finished(run_folder):
    (run_folder / "manifest.json").write_text('{"state": "running", "data": {}}', "utf-8")
    with pytest.raises(DataError, match="finished run") as refusal:
        read_runs(run_folder)
    assert "recipe" in (refusal.value.found or "")
