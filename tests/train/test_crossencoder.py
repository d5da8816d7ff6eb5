"""Cross-encoders: they learn, score both orders alike, and are trained by one process."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

import torch
from scipy.stats import spearmanr

from munjang.data.rows import ScoredPair
from munjang.errors import ModelError, MunjangError
from munjang.train.crossencoder import (
    make_cross_encoder,
    open_cross_encoder,
    score_pairs,
    train_cross_encoder,
)
from munjang.train.recipe import TeacherPart

ANIMALS = ["고양이가", "강아지가", "토끼가", "다람쥐가"]
DEEDS = ["낮잠을 잔다.", "뛰어논다.", "밥을 먹는다.", "노래한다.", "책을 읽는다."]
SENTENCES = [f"{animal} {deed}" for animal in ANIMALS for deed in DEEDS]
ALIKE = [
    (one, other)
    for number, one in enumerate(SENTENCES)
    for other in SENTENCES[number + 1 :]
    if one.split(" ", 1)[1] == other.split(" ", 1)[1]
]
UNLIKE = [(SENTENCES[n], SENTENCES[n + step]) for n in range(15) for step in (1, 2)]
GOLD = [
    *(ScoredPair(*pair, score=5.0) for pair in ALIKE),
    *(ScoredPair(*pair, score=0.0) for pair in UNLIKE),
]
PAIRS = [(pair.sentence1, pair.sentence2) for pair in GOLD]


@pytest.fixture
def teacher(tiny_models):
    return TeacherPart(model=str(tiny_models["mean"]), epochs=1, batch_size=16, learning_rate=3e-3)


def test_it_learns(tiny_models):
    teacher = TeacherPart(
        model=str(tiny_models["mean"]), epochs=40, batch_size=16, learning_rate=3e-3
    )
    cross = train_cross_encoder(teacher, GOLD, precision="fp32", seed=1)
    scores = score_pairs(cross, PAIRS)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert spearmanr(scores, [pair.score for pair in GOLD]).statistic > 0.5
    turned = score_pairs(cross, [(other, one) for one, other in PAIRS])
    np.testing.assert_allclose(scores, turned, atol=1e-5)


@pytest.mark.parametrize("name", ["plain", "cls-normalize", "roberta"])
def test_any_encoder_is_a_beginning(tiny_models, name, tmp_path):
    start = TeacherPart(model=str(tiny_models[name]), epochs=1, batch_size=64)
    make_cross_encoder(tmp_path / "모델", start, GOLD, precision="bf16", seed=1)
    cross = open_cross_encoder(tmp_path / "모델")
    assert score_pairs(cross, PAIRS).std() > 0
    modules = json.loads((tmp_path / "모델" / "modules.json").read_text("utf-8"))
    kinds = [module["type"] for module in modules]
    assert all(kind.startswith("sentence_transformers.") for kind in kinds)
    assert [kind.rsplit(".", 1)[1] for kind in kinds] == ["Transformer", "Pooling", "Dense"]
    assert not list((tmp_path / "모델").rglob("*.bin"))


def test_in_a_group_it_is_trained_by_a_process_of_its_own(teacher, tmp_path, monkeypatch):
    make_cross_encoder(tmp_path / "alone", teacher, GOLD, precision="fp32", seed=1)
    with monkeypatch.context() as patch:
        patch.setattr(torch.distributed, "is_initialized", lambda: True)
        for name, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2"}.items():
            patch.setenv(name, value)
        make_cross_encoder(tmp_path / "group", teacher, GOLD, precision="fp32", seed=1)
    alone, group = (
        score_pairs(open_cross_encoder(tmp_path / name), PAIRS) for name in ("alone", "group")
    )
    np.testing.assert_allclose(alone, group, atol=1e-5)


def test_a_failure_in_the_process_of_its_own_is_told(teacher, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr("munjang.train.crossencoder._ALONE", "raise SystemExit('왜냐하면')")
    with pytest.raises(MunjangError, match="in a process of its own"):
        make_cross_encoder(tmp_path / "모델", teacher, GOLD, precision="fp32", seed=1)
    assert "왜냐하면" in capfd.readouterr().err
    assert not any(tmp_path.iterdir())


def test_the_shipped_model_cannot_be_one(tmp_path):
    with pytest.raises(ModelError, match="exported"):
        make_cross_encoder(
            tmp_path / "모델", TeacherPart(model="default"), GOLD, precision="fp32", seed=1
        )
    assert not any(tmp_path.iterdir())
