"""Teachers: mined pairs scored and kept, vectors of the shipped model."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

import munjang
from munjang.data.rows import ScoredPair
from munjang.errors import InputError, MunjangError
from munjang.train import load_recipe, teacher
from munjang.train.teacher import CROSS_ENCODER, RECORD, SILVER, silver_pairs, teacher_vectors

ANIMALS = ["고양이가", "강아지가", "토끼가", "다람쥐가"]
DEEDS = ["낮잠을 잔다.", "뛰어논다.", "밥을 먹는다.", "노래한다.", "책을 읽는다.\u2028"]
SENTENCES = [f"{animal} {deed}" for animal in ANIMALS for deed in DEEDS]
GOLD = [
    ScoredPair(one, other, 5.0 if one.split(" ", 1)[1] == other.split(" ", 1)[1] else 0.0)
    for number, one in enumerate(SENTENCES)
    for other in SENTENCES[number + 1 :]
][:60]
"""Alike if both do the same."""


@pytest.fixture(scope="module")
def recipe(tiny_models, tmp_path_factory):
    base = tmp_path_factory.mktemp("base") / "모델"
    shutil.copytree(tiny_models["mean"], base)
    return load_recipe(
        "augment",
        settings=[
            f"model.base={base}",
            f"teacher.model={base}",
            "teacher.epochs=1",
            "teacher.pairs=20",
            "train.precision=fp32",
            "data.silver.use=sentences.txt",
        ],
    )


@pytest.fixture(scope="module")
def silver(recipe, tmp_path_factory):
    out = tmp_path_factory.mktemp("teacher")
    return out, silver_pairs(recipe, gold=GOLD, sentences=SENTENCES, seed=3, out=out)


@pytest.fixture
def nothing_made(monkeypatch):
    """Fails a test that would train a teacher."""

    def make(*_, **__):
        raise AssertionError("made again")

    monkeypatch.setattr(teacher, "make_cross_encoder", make)


def test_silver_pairs_are_scored_and_written(silver):
    out, pairs = silver
    assert 2 <= len(pairs) <= 20
    assert all(0 <= pair.score <= 5 for pair in pairs)
    record = json.loads((out / RECORD).read_text("utf-8"))
    assert record["mined"] == len(pairs)
    assert record["gold"] + record["aside"] == len(GOLD)
    assert [sum(shares) for shares in record["shares"].values()] == pytest.approx([1, 1], abs=0.01)
    assert (out / SILVER).read_text("utf-8").count("\n") == len(pairs)
    assert list((out / CROSS_ENCODER).rglob("*.safetensors"))


def test_no_gold_pair_is_scored_again(silver):
    known = {frozenset((pair.sentence1, pair.sentence2)) for pair in GOLD}
    found = [frozenset((pair.sentence1, pair.sentence2)) for pair in silver[1]]
    assert len(set(found)) == len(found)
    assert not known & set(found)


def test_what_is_there_is_read(recipe, silver, nothing_made):
    out, pairs = silver
    assert silver_pairs(recipe, gold=GOLD, sentences=SENTENCES, seed=3, out=out) == pairs


def test_it_is_made_the_same_elsewhere(recipe, silver, tmp_path):
    _, pairs = silver
    assert silver_pairs(recipe, gold=GOLD, sentences=SENTENCES, seed=3, out=tmp_path) == pairs


@pytest.mark.parametrize(
    "change", ["pairs", "gold", "sentences", "seed", "precision", "teacher", "base"]
)
def test_something_else_is_made_again(recipe, silver, nothing_made, tmp_path, change):
    out = tmp_path / "teacher"
    shutil.copytree(silver[0], out)
    given = {"gold": GOLD, "sentences": SENTENCES, "seed": 3}
    if change == "pairs":
        path = out / SILVER
        path.write_text(path.read_text("utf-8").replace("잔다", "잤다"), "utf-8")
    elif change == "precision":
        recipe = replace(recipe, train=replace(recipe.train, precision="bf16"))
    elif change == "teacher":
        recipe = replace(recipe, teacher=replace(recipe.teacher, epochs=2))
    elif change == "base":
        base = tmp_path / "base"
        shutil.copytree(recipe.model.base, base)
        (base / "README.md").write_text("다른 모델", "utf-8")
        recipe = replace(recipe, model=replace(recipe.model, base=str(base)))
    else:
        given[change] = 4 if change == "seed" else given[change][:-1]
    with pytest.raises(AssertionError, match="made again"):
        silver_pairs(recipe, **given, out=out)


def test_a_model_that_was_moved_is_the_same(recipe, silver, nothing_made, tmp_path):
    out, pairs = silver
    base = tmp_path / "옮긴 모델"
    shutil.copytree(recipe.model.base, base)
    moved = replace(
        recipe,
        model=replace(recipe.model, base=str(base)),
        teacher=replace(recipe.teacher, model=str(base)),
    )
    assert silver_pairs(moved, gold=GOLD, sentences=SENTENCES, seed=3, out=out) == pairs


def test_what_cannot_teach_is_refused(recipe, nothing_made, tmp_path):
    def refuse(match, recipe=recipe, gold=GOLD, sentences=SENTENCES):
        with pytest.raises(InputError, match=match):
            silver_pairs(recipe, gold=gold, sentences=sentences, seed=1, out=tmp_path)

    refuse("more than a batch of 32 gold pairs", gold=GOLD[:20])
    refuse("scores that are all equal", gold=[replace(pair, score=3.0) for pair in GOLD])
    refuse("at least two sentences that differ", sentences=[])
    refuse("names no teacher", recipe=replace(recipe, teacher=None))
    assert not any(tmp_path.iterdir())


def test_one_score_for_all_is_an_error(recipe, silver, monkeypatch, tmp_path):
    monkeypatch.setattr(teacher, "make_cross_encoder", lambda *_, **__: None)
    monkeypatch.setattr(teacher, "open_cross_encoder", lambda *_, **__: None)
    monkeypatch.setattr(
        teacher, "score_pairs", lambda cross, pairs, **_: np.full(len(pairs), 0.5, np.float32)
    )
    with pytest.raises(MunjangError, match=r"the score 2\.5"):
        silver_pairs(recipe, gold=GOLD, sentences=SENTENCES, seed=3, out=tmp_path)
    assert not (tmp_path / SILVER).exists()


def test_vectors_of_the_shipped_encoder_are_kept(tmp_path, monkeypatch):
    vectors = teacher_vectors("default", SENTENCES, out=tmp_path)
    assert vectors.shape == (len(SENTENCES), munjang.load().dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    (kept,) = tmp_path.iterdir()
    np.testing.assert_array_equal(np.load(kept), vectors)
    monkeypatch.setattr(teacher, "load", None)
    np.testing.assert_array_equal(teacher_vectors("default", SENTENCES, out=tmp_path), vectors)


def test_vectors_of_another_model_or_text_are_others(tiny_models, tmp_path):
    model = str(tiny_models["mean"])
    one = teacher_vectors(model, SENTENCES, out=tmp_path)
    other = teacher_vectors(model, SENTENCES[::-1], out=tmp_path)
    np.testing.assert_allclose(one[::-1], other, atol=1e-5)
    assert teacher_vectors("default", SENTENCES, out=tmp_path).shape != one.shape
    assert len(list(tmp_path.iterdir())) == 3
