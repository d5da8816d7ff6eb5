"""Losses, gradients and the schedule against formulas written here, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from torch.nn import functional

from munjang.data.rows import Sentence
from munjang.errors import InputError
from munjang.train.batches import PaddingCollator
from munjang.train.objectives import TrainingView, build_losses
from munjang.train.recipe import DataPart, ModelPart, Recipe, TrainPart
from munjang.train.tokenized import tokenize

DIM = 32
TEMPERATURE = 0.05


def a_recipe(objective, *, head="none", dims=(), lora_rank=0, seed=3, **part):
    return Recipe(
        name="시험",
        model=ModelPart(base="tiny", head=head, lora_rank=lora_rank),
        data={"set": DataPart(objective=objective, temperature=TEMPERATURE, **part)},
        train=TrainPart(dims=dims, seed=seed),
    )


def build(model, objective, *, teacher=None, **settings):
    labels = [[0.0] * (teacher or DIM)]
    parts = {"set": Dataset.from_dict({"label": labels})}
    return build_losses(model, a_recipe(objective, **settings), parts)["set"].double()


@pytest.fixture
def model(tiny_models):
    """A tiny encoder in float64, without dropout."""
    return SentenceTransformer(str(tiny_models["mean"]), device="cpu").double().eval()


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    """So that batches of a few rows go through the model in several parts."""
    monkeypatch.setattr("munjang.train.objectives.PART_ROWS", 3)


@pytest.fixture(scope="module", params=[1, 2, 7])
def features(request):
    """Three columns of a batch with ragged texts, padded at the end."""
    rows = request.param
    draw = np.random.default_rng(rows)
    columns = []
    for widest in (19, 9, 12):
        lengths = draw.integers(3, widest + 1, rows)
        mask = np.arange(lengths.max()) < lengths[:, None]
        ids = np.where(mask, draw.integers(5, 300, mask.shape), 1)
        columns.append(
            {
                "input_ids": torch.from_numpy(ids),
                "attention_mask": torch.from_numpy(mask.astype(np.int64)),
            }
        )
    return columns


def embed(model, columns):
    """The vectors of each column, text by text, without any padding."""
    return [
        torch.cat(
            [
                model(
                    {
                        "input_ids": ids[mask.bool()][None],
                        "attention_mask": mask[mask.bool()][None],
                    }
                )["sentence_embedding"]
                for ids, mask in zip(column["input_ids"], column["attention_mask"], strict=True)
            ]
        )
        for column in columns
    ]


def gradients(loss, parameters):
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return torch.cat(
        [
            torch.zeros_like(parameter).ravel() if grad is None else grad.ravel()
            for grad, parameter in zip(found, parameters, strict=True)
        ]
    )


def backward(loss, columns, labels=None):
    """A loss and its gradients as training gets them: cached losses have them no other way."""
    parameters = [p for p in loss.parameters() if p.requires_grad]
    loss.zero_grad()
    found = loss(columns, labels)
    found.backward()
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    return found.item(), torch.cat([grad.ravel() for grad in grads])


def same(loss, expected, parameters, *, tolerance=1e-9):
    """Loss and gradients agree."""
    parameters = list(parameters)
    assert loss.item() == pytest.approx(expected.item(), abs=tolerance)
    torch.testing.assert_close(
        gradients(loss, parameters), gradients(expected, parameters), rtol=0, atol=tolerance
    )


def cosine(u, v):
    return (u * v).sum(-1) / (u.norm(dim=-1) * v.norm(dim=-1))


def contrastive(vectors, temperature=TEMPERATURE):
    anchors, candidates = vectors[0], torch.cat(vectors[1:])
    logits = cosine(anchors[:, None], candidates[None]) / temperature
    own = logits.diagonal()
    return (torch.log(torch.exp(logits).sum(1)) - own).mean()


def cosent(scores, labels, temperature=TEMPERATURE):
    total = torch.tensor(1.0, dtype=torch.float64)
    for i, better in enumerate(labels):
        for j, worse in enumerate(labels):
            if better > worse:
                total = total + torch.exp((scores[j] - scores[i]) / temperature)
    return torch.log(total)


def scores_for(columns):
    rows = len(columns[0]["input_ids"])
    return torch.tensor([(n * 7 % 11) / 10 for n in range(rows)], dtype=torch.float32)


def test_softmax(model, features):
    loss = build(model, "softmax")
    labels = torch.arange(len(features[0]["input_ids"])) % 3
    u, v = embed(model, features[:2])
    logits = torch.cat([u, v, (u - v).abs()], dim=1) @ loss.classifier.weight.T
    logits = logits + loss.classifier.bias
    chosen = logits[torch.arange(len(labels)), labels]
    expected = (torch.log(torch.exp(logits).sum(1)) - chosen).mean()
    same(loss(features[:2], labels), expected, loss.parameters())


def test_cosine_is_the_mean_squared_error(model, features):
    loss = build(model, "cosine")
    labels = scores_for(features)
    u, v = embed(model, features[:2])
    expected = ((cosine(u, v) - labels) ** 2).mean()
    same(loss(features[:2], labels), expected, loss.parameters(), tolerance=1e-7)


def test_cosent(model, features):
    loss = build(model, "cosent")
    labels = scores_for(features)
    u, v = embed(model, features[:2])
    expected = cosent(cosine(u, v), labels.tolist()) + 0 * u.sum()
    same(loss(features[:2], labels), expected, loss.parameters())


def test_angle(model, features):
    """AnglE (Li and Li 2023): halves of a vector as real and imaginary parts."""
    loss = build(model, "angle")
    labels = scores_for(features)
    u, v = (torch.complex(*vectors.chunk(2, dim=1)) for vectors in embed(model, features[:2]))
    ratio = (u * v.conj()).sum(1) / (u.abs().norm(dim=1) * v.abs().norm(dim=1))
    scores = (ratio.real + ratio.imag).abs()
    expected = cosent(scores, labels.tolist()) + 0 * scores.sum()
    same(loss(features[:2], labels), expected, loss.parameters())


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("mini_batch", [None, 3])
def test_contrastive_with_and_without_hard_negatives(model, features, columns, mini_batch):
    loss = build(model, "contrastive", mini_batch=mini_batch)
    parameters = [p for p in loss.parameters() if p.requires_grad]
    expected = contrastive(embed(model, features[:columns]))
    wanted = gradients(expected, parameters)
    found, grads = backward(loss, features[:columns])
    assert found == pytest.approx(expected.item(), abs=1e-9)
    torch.testing.assert_close(grads, wanted, rtol=0, atol=1e-9)


def test_dropout_is_contrastive_between_two_draws(model, features):
    loss = build(model.train(), "dropout")
    anchor = features[0]
    torch.manual_seed(11)
    found = loss([anchor, dict(anchor)], None)
    torch.manual_seed(11)
    view = loss.model
    vectors = [view(anchor)["sentence_embedding"], view(dict(anchor))["sentence_embedding"]]
    rows = len(anchor["input_ids"])
    assert not torch.equal(*vectors)
    assert found.item() == pytest.approx(contrastive(vectors).item(), abs=1e-9)
    assert rows == 1 or found.item() > 0


@pytest.mark.parametrize("mini_batch", [None, 3])
def test_matryoshka_is_the_sum_over_dimensions(model, features, mini_batch):
    loss = build(model, "contrastive", dims=(8, 16), mini_batch=mini_batch)
    parameters = [p for p in loss.parameters() if p.requires_grad]
    vectors = embed(model, features)
    expected = sum(contrastive([v[:, :dim] for v in vectors]) for dim in (DIM, 16, 8))
    wanted = gradients(expected, parameters)
    found, grads = backward(loss, features)
    assert found == pytest.approx(expected.item(), abs=1e-9)
    torch.testing.assert_close(grads, wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("teacher", [DIM, 12])
def test_distill_is_one_minus_the_cosine(model, features, teacher):
    loss = build(model, "distill", teacher=teacher)
    rows = len(features[0]["input_ids"])
    draw = np.random.default_rng(5).standard_normal((rows, teacher))
    labels = torch.from_numpy(draw)
    (vectors,) = embed(model, features[:1])
    if teacher != DIM:
        vectors = vectors @ loss.projection.weight.T + loss.projection.bias
    expected = (1 - cosine(vectors, labels)).mean()
    same(loss(features[:1], labels), expected, loss.parameters())


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        ("cosent", {}),
        ("contrastive", {"mini_batch": 3}),
        ("contrastive", {"dims": (8, 16)}),
        ("distill", {"teacher": 12}),
    ],
)
def test_a_weight_multiplies_the_loss_and_its_gradients(model, features, objective, settings):
    columns, rows = features[:2], len(features[0]["input_ids"])
    labels = None
    if objective == "distill":
        columns, labels = features[:1], torch.ones(rows, 12, dtype=torch.float64)
    if objective == "cosent":
        labels = scores_for(features)
    plain = build(model, objective, **settings)
    weighed = build(model, objective, weight=2.5, **settings)
    assert weighed.state_dict().keys() == {f"loss.{name}" for name in plain.state_dict()}

    value, grads = backward(plain, columns, labels)
    more, steeper = backward(weighed, columns, labels)
    assert more == pytest.approx(2.5 * value, abs=1e-9)
    torch.testing.assert_close(steeper, 2.5 * grads, rtol=0, atol=1e-9)


def test_the_head_is_trained_and_not_part_of_the_model(model, features):
    before = {name for name, _ in model.named_parameters()}
    loss = build(model, "contrastive", head="mlp")
    own = {name: p for name, p in loss.named_parameters() if "head" in name}
    assert {name for name, _ in model.named_parameters()} == before
    assert set(own) == {"model.head.0.weight", "model.head.0.bias"}
    weight, bias = own["model.head.0.weight"], own["model.head.0.bias"]
    assert weight.shape == (DIM, DIM)
    vectors = [torch.tanh(v @ weight.T + bias) for v in embed(model, features)]
    same(loss(features, None), contrastive(vectors), loss.parameters())
    if len(features[0]["input_ids"]) > 1:
        grads = gradients(loss(features, None), [weight, bias])
        assert grads.abs().max() > 0


def test_the_trainer_optimises_what_losses_have_of_their_own(model, tmp_path):
    from datasets import DatasetDict
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )

    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, report_to=[]
    )
    loss = build(model, "softmax", head="mlp")
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=DatasetDict({"set": Dataset.from_dict({"a": ["가"], "label": [0]})}),
        loss={"set": loss},
    )
    optimised = {
        id(parameter)
        for group in trainer.create_optimizer().param_groups
        for parameter in group["params"]
    }
    assert {id(parameter) for parameter in loss.parameters()} == optimised
    assert id(loss.classifier.weight) in optimised
    assert id(loss.model.head[0].weight) in optimised


def test_own_weights_come_from_the_seed_and_leave_the_global_generator_alone(model):
    torch.manual_seed(1)
    first = build(model, "softmax", head="mlp")
    drawn = torch.rand(3)
    torch.manual_seed(2)
    again = build(model, "softmax", head="mlp")
    other = build(model, "softmax", head="mlp", seed=4)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(3), drawn)
    assert torch.equal(first.classifier.weight, again.classifier.weight)
    assert torch.equal(first.model.head[0].weight, again.model.head[0].weight)
    assert not torch.equal(first.classifier.weight, other.classifier.weight)


@pytest.mark.parametrize("rows", [None, 1, 2, 4, 100])
def test_a_view_gives_the_vectors_of_the_model_whatever_its_parts(model, features, rows):
    view = TrainingView(model, head=False, rows=rows)
    for column, expected in zip(features, embed(model, features), strict=True):
        found = view(column)["sentence_embedding"]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_view_leaves_out_most_padding(model):
    widths = []
    model[0].register_forward_pre_hook(lambda _, given: widths.append(given[0]["input_ids"].shape))
    mask = (torch.arange(40) < torch.arange(1, 41)[:, None]).long()
    TrainingView(model, head=False, rows=10)({"input_ids": mask * 7, "attention_mask": mask})
    assert [tuple(shape) for shape in widths] == [(10, 10), (10, 20), (10, 30), (10, 40)]


def test_denoising_learns(tiny_models, own_pairs):
    model = SentenceTransformer(str(tiny_models["cls"]), device="cpu")
    sentences = [Sentence(pair.sentence1) for pair in own_pairs]
    dataset = tokenize(sentences, model.tokenizer, objective="denoise", max_tokens=32)
    loss = build_losses(model, a_recipe("denoise"), {"set": dataset})["set"]
    assert model.transformers_model.config._name_or_path == str(tiny_models["cls"])
    batch = PaddingCollator(model.tokenizer)(("set", dataset.with_format("arrow")[:]))
    columns = [
        {key: batch[f"{name}_{key}"] for key in ("input_ids", "attention_mask")}
        for name in ("sentence1", "sentence2")
    ]
    # the formula: the decoder's own cross-entropy over tokens that are not padding
    loss.eval()
    with torch.no_grad():
        vectors = model(dict(columns[0]))["sentence_embedding"]
        ids = columns[1]["input_ids"]
        logits = loss.decoder(
            input_ids=ids[:, :-1],
            encoder_hidden_states=vectors[:, None],
            encoder_attention_mask=torch.ones(len(ids), 1),
        ).logits
        expected = functional.cross_entropy(
            logits[columns[1]["attention_mask"][:, 1:] == 1],
            ids[:, 1:][columns[1]["attention_mask"][:, 1:] == 1],
        )
        assert loss(columns, None).item() == pytest.approx(expected.item(), abs=1e-5)
    shared = {id(parameter) for parameter in model.parameters()}
    assert shared & {id(parameter) for parameter in loss.decoder.parameters()}
    loss.train()
    optimiser = torch.optim.AdamW(loss.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        found = loss(columns, None)
        found.backward()
        optimiser.step()
        losses.append(found.item())
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        ("contrastive", {"dims": (64,)}),
        ("contrastive", {"dims": (0,)}),
        ("softmax", {"dims": (8,)}),
        ("denoise", {"dims": (8,)}),
        ("denoise", {"head": "mlp"}),
        ("denoise", {"lora_rank": 4}),
        ("cosent", {"mini_batch": 4}),
        ("contrastive", {"mini_batch": 0}),
    ],
)
def test_what_does_not_go_together_is_refused(model, objective, settings):
    with pytest.raises(InputError):
        build(model, objective, **settings)


def test_the_warm_up_is_linear_and_so_is_the_way_down():
    from transformers import get_scheduler

    weight = torch.nn.Parameter(torch.zeros(1))
    steps, warm = 50, math.ceil(0.1 * 50)
    optimiser = torch.optim.SGD([weight], lr=2e-5)
    schedule = get_scheduler("linear", optimiser, num_warmup_steps=warm, num_training_steps=steps)
    for step in range(steps):
        expected = step / warm if step < warm else (steps - step) / (steps - warm)
        assert optimiser.param_groups[0]["lr"] == pytest.approx(2e-5 * expected, rel=1e-12)
        optimiser.step()
        schedule.step()
    assert optimiser.param_groups[0]["lr"] == 0
