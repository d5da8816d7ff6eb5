"""Teachers: a cross-encoder that really learns, its scores kept, vectors of the shipped model."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from scipy.stats import spearmanr

import munjang
from munjang.data.rows import ScoredPair
from munjang.errors import InputError
from munjang.train import load_recipe
from munjang.train.recipe import TeacherPart
from munjang.train.teacher import (
    CROSS_ENCODER,
    RECORD,
    SILVER,
    score_pairs,
    silver_pairs,
    teacher_vectors,
    train_cross_encoder,
)

ANIMALS = ["고양이가", "강아지가", "토끼가", "다람쥐가"]
DEEDS = ["낮잠을 잔다.", "뛰어논다.", "밥을 먹는다.", "노래한다.", "책을 읽는다."]
SENTENCES = [f"{animal} {deed}" for animal in ANIMALS for deed in DEEDS]
GOLD = [
    ScoredPair(one, other, 5.0 if one.split(" ", 1)[1] == other.split(" ", 1)[1] else 0.0)
    for number, one in enumerate(SENTENCES)
    for other in SENTENCES[number + 1 :]
]
"""Alike if both do the same."""


@pytest.fixture(scope="module")
def recipe(tiny_models):
    base = tiny_models["mean"]
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


def test_a_cross_encoder_learns(tiny_models):
    same = [pair for pair in GOLD if pair.score]
    pairs = same + [pair for pair in GOLD if not pair.score][: len(same)]
    teacher = TeacherPart(
        model=str(tiny_models["mean"]), epochs=40, batch_size=16, learning_rate=3e-3
    )
    cross = train_cross_encoder(teacher, pairs, precision="fp32", seed=1)
    scores = score_pairs(cross, [(pair.sentence1, pair.sentence2) for pair in pairs])
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert spearmanr(scores, [pair.score for pair in pairs]).statistic > 0.5
    turned = score_pairs(cross, [(pair.sentence2, pair.sentence1) for pair in pairs])
    np.testing.assert_allclose(scores, turned, atol=1e-5)


def test_silver_pairs_are_scored_and_written(silver):
    out, pairs = silver
    assert 2 <= len(pairs) <= 20
    assert all(0 <= pair.score <= 5 for pair in pairs)
    record = json.loads((out / RECORD).read_text("utf-8"))
    assert record["mined"] == len(pairs)
    assert record["gold"] + record["aside"] == len(GOLD)
    assert len((out / SILVER).read_text("utf-8").splitlines()) == len(pairs)
    modules = json.loads((out / CROSS_ENCODER / "modules.json").read_text("utf-8"))
    assert all(module["type"].startswith("sentence_transformers.") for module in modules)
    assert list((out / CROSS_ENCODER).rglob("*.safetensors"))


def test_what_is_there_is_read_and_else_made_the_same(recipe, silver, tmp_path):
    out, pairs = silver
    before = (out / RECORD).stat().st_mtime_ns
    assert silver_pairs(recipe, gold=GOLD, sentences=SENTENCES, seed=3, out=out) == pairs
    assert (out / RECORD).stat().st_mtime_ns == before
    assert silver_pairs(recipe, gold=GOLD, sentences=SENTENCES, seed=3, out=tmp_path) == pairs


def test_too_few_gold_pairs_are_refused(recipe, tmp_path):
    with pytest.raises(InputError, match="more than a batch of 32 gold pairs"):
        silver_pairs(recipe, gold=GOLD[:20], sentences=SENTENCES, seed=1, out=tmp_path)
    with pytest.raises(InputError, match="names no teacher"):
        silver_pairs(
            replace(recipe, teacher=None), gold=GOLD, sentences=SENTENCES, seed=1, out=tmp_path
        )
    assert not any(tmp_path.iterdir())


def test_vectors_of_the_shipped_encoder_are_kept(tmp_path):
    vectors = teacher_vectors("default", SENTENCES, out=tmp_path)
    assert vectors.shape == (len(SENTENCES), munjang.load().dim)
    assert vectors.dtype == np.float32
    (kept,) = tmp_path.iterdir()
    np.testing.assert_array_equal(np.load(kept), vectors)
    np.testing.assert_array_equal(teacher_vectors("default", SENTENCES, out=tmp_path), vectors)
