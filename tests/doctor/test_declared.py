"""What models say of themselves."""

from __future__ import annotations

import pytest

from munjang.doctor.declared import (
    NOT_STATED,
    Card,
    examine_card,
    examine_manifest,
    examine_plan,
    is_silent,
    read_card,
)
from munjang.encode import zoo
from munjang.encode.folder import read_manifest
from munjang.encode.loading import DEFAULT_FOLDER


def test_the_shipped_model_says_all():
    card = read_card(DEFAULT_FOLDER, None)
    assert (card.license, "korsts:train" in card.training_data) == ("CC-BY-SA-4.0", True)
    assert [finding.level for finding in examine_card(card)] == ["ok", "ok"]
    found = examine_manifest(read_manifest(DEFAULT_FOLDER))
    assert (found.level, found.values["normalize"]) == ("ok", True)


def test_a_model_card_is_read(tmp_path):
    text = "---\nlicense: mit\ndatasets:\n- klue\n- kor_nli\nbase_model: klue/bert-base\n---\n글\n"
    (tmp_path / "README.md").write_text(text, "utf-8")
    assert read_card(tmp_path, None) == Card("mit", ("klue", "kor_nli"), "klue/bert-base")


@pytest.mark.parametrize(
    "text", [None, "글만 있다", "---\nlicense: [\n---\n", "---\n- 하나\n---\n"]
)
def test_a_card_that_says_nothing(tmp_path, text):
    if text is not None:
        (tmp_path / "README.md").write_text(text, "utf-8")
    card = read_card(tmp_path, None)
    assert card == Card(NOT_STATED, (), NOT_STATED)
    assert [(f.level, bool(f.fix)) for f in examine_card(card)] == [("note", True)] * 2


def test_the_zoo_knows_a_licence(tmp_path):
    known = next(m for m in zoo.MODELS.values() if m.license != "none stated")
    assert read_card(tmp_path, known.name).license == known.license


@pytest.mark.parametrize(
    ("name", "pooling", "level", "begins"),
    [
        ("cls", None, "ok", "declared: modules.json"),
        ("mean-normalize", None, "ok", "declared: modules.json"),
        ("plain", "mean", "note", "yours"),
    ],
)
def test_who_says_how_to_pool(tiny_models, name, pooling, level, begins):
    plan = zoo.how_to_pool(tiny_models[name], None, pooling=pooling)
    found = examine_plan(plan, tiny_models[name])
    assert found.level == level
    assert found.detail.startswith(begins)
    assert found.values["normalize"] == (name == "mean-normalize")


def test_the_zoo_speaks_for_a_silent_folder(tiny_models):
    plan = zoo.how_to_pool(tiny_models["plain"], "BM-K/KoSimCSE-roberta")
    found = examine_plan(plan, tiny_models["plain"])
    assert (found.level, found.detail.startswith("known")) == ("note", True)


def test_who_is_silent(tiny_models):
    assert is_silent(tiny_models["plain"], None)
    assert not is_silent(tiny_models["plain"], "BM-K/KoSimCSE-roberta")
    assert not is_silent(tiny_models["cls"], None)
    assert not is_silent(DEFAULT_FOLDER, None)
