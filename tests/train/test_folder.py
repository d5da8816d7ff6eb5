"""The folder of a run: begun, gone on with, kept apart from other runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munjang.errors import InputError
from munjang.train.folder import (
    FINISHED,
    RUNNING,
    RunFolder,
    begin,
    nothing_left,
    open_folder,
    tidy,
)
from munjang.train.recipe import DataPart, ModelPart, Recipe, TrainPart
from munjang.train.recipefile import load_recipe

RECIPE = Recipe(
    name="우리글",
    model=ModelPart(base="모델", pooling="mean"),
    data={"글": DataPart(objective="dropout", use=("글.txt",))},
)
DATA = {"글": {"rows": 12, "files": {"글.txt": "0a"}, "dropped": {}}}


def test_a_new_folder_holds_the_resolved_recipe(tmp_path):
    folder = open_folder(tmp_path / "새" / "곳", RECIPE, resume=False)
    assert load_recipe(folder.recipe) == RECIPE
    assert [path.name for path in folder.root.iterdir()] == ["recipe.toml"]
    assert folder.state() == {}
    begin(folder, DATA)
    assert folder.state() == {"state": RUNNING, "data": DATA}


def test_an_empty_folder_is_as_good_as_none(tmp_path):
    open_folder(tmp_path, RECIPE, resume=False)
    assert (tmp_path / "recipe.toml").is_file()


@pytest.mark.parametrize("name", [".munjang-0123456789abcdef", None])
def test_resume_begins_where_nothing_was_begun(tmp_path, name):
    if name:  # what a kill leaves while the very first file is written
        (tmp_path / name).write_text("name =")
    folder = open_folder(tmp_path, RECIPE, resume=True)
    assert load_recipe(folder.recipe) == RECIPE


def test_there_already(tmp_path):
    open_folder(tmp_path, RECIPE, resume=False)
    with pytest.raises(InputError) as caught:
        open_folder(tmp_path, RECIPE, resume=False)
    assert str(caught.value) == (
        f"{tmp_path} is there already\ntry: another --out, or --resume to go on with it"
    )
    assert open_folder(tmp_path, RECIPE, resume=True) == RunFolder(tmp_path)


@pytest.mark.parametrize("resume", [False, True])
def test_a_file_or_a_folder_of_something_else_is_left_alone(tmp_path, resume):
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_text("mine")
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    words = "holds no run" if resume else "is there already"
    for root in (file, other):
        with pytest.raises(InputError, match=words) as caught:
            open_folder(root, RECIPE, resume=resume)
        assert "another --out" in str(caught.value)
    assert file.read_text() == (other / "thesis.txt").read_text() == "mine"
    assert len(list(other.iterdir())) == 1


@pytest.mark.parametrize(
    ("other", "here", "there"),
    [
        ({"train": TrainPart(batch_size=8)}, "batch_size = 8", "batch_size = 64"),
        ({"model": ModelPart(base="다른 모델", pooling="mean")}, '"다른 모델"', '"모델"'),
        ({"model": ModelPart(base="모델")}, "fewer settings", 'pooling = "mean"'),
        ({"insist": ("korsts:test",)}, 'insist = ["korsts:test"]', "insist = []"),
    ],
)
def test_the_run_of_another_recipe_is_refused(tmp_path, other, here, there):
    folder = open_folder(tmp_path, RECIPE, resume=False)
    before = folder.recipe.read_bytes()
    with pytest.raises(InputError) as caught:
        open_folder(tmp_path, replace(RECIPE, **other), resume=True)
    what, found, fix = str(caught.value).splitlines()
    assert "is the run of another recipe" in what
    assert here in what
    assert there in found
    assert fix == "try: the same recipe and settings, or another --out"
    assert folder.recipe.read_bytes() == before


def test_a_key_that_is_younger_than_the_run_counts_as_its_default(tmp_path):
    folder = open_folder(tmp_path, RECIPE, resume=False)
    text = folder.recipe.read_text("utf-8")
    assert "robust = 0.0\n" in text
    folder.recipe.write_text(text.replace("robust = 0.0\n", ""), encoding="utf-8")
    assert open_folder(tmp_path, RECIPE, resume=True) == folder
    other = replace(RECIPE, train=TrainPart(robust=0.5))
    with pytest.raises(InputError, match=r"another recipe: robust = 0\.5"):
        open_folder(tmp_path, other, resume=True)


def test_pairs_that_came_out_otherwise_are_other_data(tmp_path):
    folder = open_folder(tmp_path, RECIPE, resume=False)
    begin(folder, {**DATA, "robust": {"kiwi": {"kiwipiepy": "0.24.1"}}})
    with pytest.raises(InputError) as caught:
        begin(folder, {**DATA, "robust": {"kiwi": {}}})
    assert "the data of robust changed since" in str(caught.value)
    assert "bring the old files and the old Kiwi back" in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        {"글": {**DATA["글"], "files": {"글.txt": "0b"}}},
        {"글": {**DATA["글"], "rows": 11}},
        {},
    ],
)
def test_other_data_is_refused(tmp_path, other):
    folder = open_folder(tmp_path, RECIPE, resume=False)
    begin(folder, DATA)
    begin(folder, DATA)
    with pytest.raises(InputError) as caught:
        begin(folder, other)
    assert str(caught.value) == (
        f"the data of 글 changed since {tmp_path} was begun\n"
        "try: bring the old files back, or begin anew with another --out"
    )
    assert folder.state()["data"] == DATA


def test_the_places_of_a_run(tmp_path):
    folder = RunFolder(tmp_path)
    places = (
        folder.model,
        folder.recipe,
        folder.manifest,
        folder.scores,
        folder.log,
        folder.tensorboard,
        folder.checkpoints,
        folder.teacher,
        folder.tokens,
        folder.first.root,
    )
    assert [place.relative_to(tmp_path).as_posix() for place in places] == [
        "model",
        "recipe.toml",
        "manifest.json",
        "scores.json",
        "log.jsonl",
        "tensorboard",
        "checkpoints",
        "teacher",
        "tokens",
        "before",
    ]
    assert FINISHED != RUNNING


def test_a_folder_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        open_folder(tmp_path / "file" / "run", RECIPE, resume=False)


@pytest.mark.parametrize("more", [None, "tokens"])
def test_a_new_folder_goes_again_where_nothing_was_begun(tmp_path, more):
    folder = open_folder(tmp_path / "run", RECIPE, resume=False)
    if more:
        (folder.root / more).mkdir()
    with pytest.raises(KeyError), nothing_left(folder, new=True):
        raise KeyError
    assert not folder.root.exists()


@pytest.mark.parametrize(("new", "more"), [(False, None), (True, "manifest.json"), (True, "내 것")])
def test_what_was_there_or_was_begun_stays(tmp_path, new, more):
    folder = open_folder(tmp_path / "run", RECIPE, resume=False)
    if more:
        (folder.root / more).write_text("{}")
    with pytest.raises(KeyError), nothing_left(folder, new=new):
        raise KeyError
    assert folder.recipe.is_file()
    with nothing_left(folder, new=True):
        pass
    assert folder.recipe.is_file()


def test_a_finished_run_is_tidied(tmp_path):
    folder = open_folder(tmp_path, RECIPE, resume=False)
    for place in (folder.checkpoints, folder.tokens, tmp_path / ".model-x1y2", folder.model):
        (place / "inside").mkdir(parents=True)
    (tmp_path / ".munjang-0123456789abcdef").write_text("half")
    tidy(folder)
    tidy(folder)
    assert {path.name for path in tmp_path.iterdir()} == {"recipe.toml", "model"}
