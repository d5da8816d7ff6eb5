"""The trainer: what a checkpoint holds, own weights of losses, patience."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("sentence_transformers", reason="needs the extra train")

import torch
from safetensors.torch import save
from sentence_transformers import SentenceTransformerTrainingArguments
from torch import nn
from transformers import TrainerControl, TrainerState

from munjang.data.rows import LabeledPair, ScoredPair
from munjang.errors import ModelError
from munjang.model.build import build_encoder
from munjang.train.batches import LengthBuckets, PaddingCollator, Share
from munjang.train.checkpoints import find_fault
from munjang.train.objectives import build_losses
from munjang.train.tokenized import tokenize
from munjang.train.trainer import (
    LOSS_FILE,
    MODEL_FILE,
    Patience,
    RecipeTrainer,
    SharedLossGradients,
)

METRIC = "eval_dev"
TEXTS = ["비가 온다.", "눈이 오는 날이다.", "고양이가 잔다.", "점심에 국수를 먹었다."]
LABELS = ("entailment", "neutral", "contradiction")


@pytest.fixture
def make_trainer(make_recipe, tmp_path):
    """Makes a trainer of one objective, and takes its steps where they are asked for."""

    def make(objective="softmax", *, root=tmp_path, seed=3, steps=0, **settings):
        recipe = make_recipe(objective, train={"seed": seed}, **settings)
        model = build_encoder(recipe.model.base, pooling="mean", device="cpu")
        if objective == "softmax":
            rows = [LabeledPair(a, b, LABELS[len(a + b) % 3]) for a in TEXTS for b in TEXTS]
        else:
            rows = [ScoredPair(a, b, score=float(len(a + b) % 6)) for a in TEXTS for b in TEXTS]
        rows = tokenize(rows, model.tokenizer, objective=objective, max_tokens=16)
        parts = {"set": rows}
        trainer = RecipeTrainer(
            model,
            SentenceTransformerTrainingArguments(
                output_dir=str(root),
                max_steps=max(steps, 1),
                use_cpu=True,
                report_to=[],
                disable_tqdm=True,
                learning_rate=1e-2,
                save_steps=2,
            ),
            parts=parts,
            losses=build_losses(model, recipe, parts),
            buckets=LengthBuckets(parts, {"set": Share(batch_size=4)}, seed=seed),
            collator=PaddingCollator(model.tokenizer),
        )
        if steps:
            trainer.train()
        return trainer

    return make


def state_of(trainer):
    weights = {**trainer.model.state_dict(), **trainer.own_parameters()}
    return {name: weight.detach().clone() for name, weight in weights.items()}


def same(first, second):
    return all(torch.equal(weight, second[name]) for name, weight in first.items())


def test_own_weights_are_those_that_the_model_has_not(make_trainer):
    own = make_trainer("softmax").own_parameters()
    assert {name: tuple(weight.shape) for name, weight in own.items()} == {
        "set.classifier.weight": (3, 96),
        "set.classifier.bias": (3,),
    }
    assert make_trainer("cosine").own_parameters() == {}


def test_the_model_and_its_loss_both_learn(make_trainer):
    before = state_of(make_trainer())
    after = state_of(make_trainer(steps=2))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved > {"set.classifier.weight", "set.classifier.bias"}
    assert any("encoder.layer.0" in name for name in moved)
    assert not any("pooler" in name for name in moved)


def test_a_checkpoint_is_sealed_and_holds_everything(make_trainer, tmp_path):
    trainer = make_trainer(steps=2)
    checkpoint = tmp_path / "checkpoint-2"
    assert find_fault(checkpoint) is None
    names = {path.name for path in checkpoint.iterdir()}
    states = {"optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"}
    assert names >= states | {MODEL_FILE, LOSS_FILE, "complete.json"}
    assert "README.md" not in names
    marks = json.loads((checkpoint / "complete.json").read_text())
    assert marks.keys() == names - {"complete.json"}
    other = make_trainer(seed=8)
    assert not same(state_of(trainer), state_of(other))
    other._load_from_checkpoint(str(checkpoint))
    assert same(state_of(trainer), state_of(other))


def test_without_own_weights_there_is_no_file_for_them(make_trainer, tmp_path):
    make_trainer("cosine", steps=2)
    assert not (tmp_path / "checkpoint-2" / LOSS_FILE).exists()


def test_the_checkpoint_of_another_loss_is_refused(make_trainer, tmp_path):
    make_trainer("softmax", steps=2)
    (tmp_path / "checkpoint-2" / LOSS_FILE).write_bytes(
        save({"set.head.0.weight": torch.zeros(2, 2)})
    )
    with pytest.raises(ModelError, match="belongs to another recipe") as caught:
        make_trainer("softmax")._load_from_checkpoint(str(tmp_path / "checkpoint-2"))
    assert "set.head.0.weight" in str(caught.value)


def test_a_run_is_done_at_its_last_step(make_trainer, tmp_path):
    trained = make_trainer(steps=2)
    fresh = make_trainer(seed=8)
    assert fresh.is_done(tmp_path / "checkpoint-2", 0, METRIC)
    assert fresh.state.global_step == 2
    assert same(state_of(trained), state_of(fresh))
    path = tmp_path / "checkpoint-2" / "trainer_state.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | {"max_steps": 9}))
    other = make_trainer(seed=8)
    before = state_of(other)
    assert not other.is_done(tmp_path / "checkpoint-2", 0, METRIC)
    assert same(before, state_of(other))


def test_the_best_one_is_loaded_in_the_end(make_trainer, tmp_path):
    trainer = make_trainer(steps=4)
    last = state_of(trainer)
    state = TrainerState.load_from_json(str(tmp_path / "checkpoint-4" / "trainer_state.json"))
    assert trainer.best_checkpoint(state) is None
    state.best_global_step = 2
    assert trainer.best_checkpoint(state) == str(tmp_path / "checkpoint-2")
    trainer._load_best_model()
    assert same(last, state_of(trainer))
    trainer.state.best_model_checkpoint = trainer.best_checkpoint(state)
    trainer._load_best_model()
    assert not same(last, state_of(trainer))


@pytest.mark.parametrize("there", [True, False])
def test_a_best_one_that_is_gone_is_found_again(make_trainer, tmp_path, there):
    trainer = make_trainer(steps=2)
    path = tmp_path / "checkpoint-2" / "trainer_state.json"
    best = 2 if there else 1
    known = {"best_global_step": best, "best_metric": 0.5, "best_model_checkpoint": "/old/place"}
    path.write_text(json.dumps(json.loads(path.read_text()) | known))
    trainer._init_training_state(4, 4, 1, str(path.parent), None)
    found = trainer.state.best_global_step, trainer.state.best_metric
    assert found == ((2, 0.5) if there else (None, None))
    assert trainer.state.best_model_checkpoint == (str(path.parent) if there else None)


def test_gradients_of_a_loss_are_averaged(monkeypatch):
    first, second = (nn.Parameter(torch.zeros(2)) for _ in range(2))
    first.grad = torch.tensor([1.0, 3.0])
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda grad: grad.mul_(2).add_(1))
    callback = SharedLossGradients([first, second])
    args = SimpleNamespace(world_size=4)
    callback.on_pre_optimizer_step(args, TrainerState(), TrainerControl())
    assert first.grad.tolist() == [0.75, 1.75]
    assert second.grad is None


@pytest.mark.parametrize(
    ("scores", "looks", "exhausted"),
    [
        ([], 1, False),
        ([0.5], 1, False),
        ([0.5, 0.6], 1, False),
        ([0.5, 0.5], 1, True),
        ([0.6, 0.5], 1, True),
        ([0.6, 0.5], 2, False),
        ([0.6, 0.5, 0.55], 2, True),
        ([0.6, 0.5, 0.7, 0.6], 2, False),
        ([0.6, 0.5, 0.7, 0.6, 0.7], 2, True),
    ],
)
def test_patience_counts_looks_without_a_better_score(scores, looks, exhausted):
    history = [{"loss": 1.0}, *({METRIC: score, "step": n} for n, score in enumerate(scores))]
    state, control = TrainerState(log_history=history), TrainerControl()
    patience = Patience(looks, METRIC)
    assert patience.exhausted(state) is exhausted
    patience.on_evaluate(SimpleNamespace(), state, control)
    assert control.should_training_stop is exhausted
