"""Two processes with gathered negatives: the same loss and gradients as one with it all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("sentence_transformers", reason="needs the extra train")

import torch
from sentence_transformers import SentenceTransformer

from munjang.train.objectives import build_losses
from munjang.train.recipe import DataPart, ModelPart, Recipe, TrainPart

PROCESSES, ROWS = 2, 14
SETTINGS = {
    "whole": {},
    "head": {"head": "mlp"},
    "cached": {"mini_batch": 3},
    "matryoshka": {"dims": (8,)},
}

PROGRAM = """
import sys
import torch
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from torch.nn.parallel import DistributedDataParallel
from munjang.train import objectives

rank, folder, work = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
objectives.PART_ROWS = 3
torch.distributed.init_process_group(
    "gloo", init_method=f"file://{work}/store", world_size=2, rank=rank
)
given = torch.load(f"{work}/given.pt", weights_only=False)
trainer = object.__new__(SentenceTransformerTrainer)
for label, recipe in given["recipes"].items():
    model = SentenceTransformer(folder, device="cpu").double().eval()
    loss = objectives.build_losses(model, recipe, {"set": []})["set"].double()
    own = [p for name, p in loss.named_parameters() if "head" in name]
    wrapped = DistributedDataParallel(
        model, find_unused_parameters=True, broadcast_buffers=False
    )  # as transformers' trainer does
    trainer.override_model_in_loss(loss, wrapped)
    columns = [{key: rows[rank::2] for key, rows in column.items()} for column in given["columns"]]
    found = loss(columns, None)
    found.backward()
    mean = found.detach().clone()
    for tensor in [mean, *(parameter.grad for parameter in own)]:  # as SharedLossGradients does
        torch.distributed.all_reduce(tensor)
        tensor /= 2
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    grads |= {f"own{n}": p.grad for n, p in enumerate(own)}
    torch.save({"loss": mean, "grads": grads}, f"{work}/{label}{rank}.pt")
torch.distributed.destroy_process_group()
"""


def a_recipe(folder, *, head="none", dims=(), mini_batch=None):
    return Recipe(
        name="gather",
        model=ModelPart(base=str(folder), head=head),
        data={"set": DataPart(objective="contrastive", mini_batch=mini_batch)},
        train=TrainPart(dims=dims),
    )


def a_batch():
    """Three columns of texts of different lengths: anchors, positives, hard negatives."""
    draw = torch.Generator().manual_seed(5)
    columns = []
    for widest in (17, 9, 11):
        lengths = torch.randint(3, widest + 1, (ROWS, 1), generator=draw)
        mask = (torch.arange(int(lengths.max())) < lengths).long()
        ids = torch.randint(5, 300, mask.shape, generator=draw) * mask + (1 - mask)
        columns.append({"input_ids": ids, "attention_mask": mask})
    return columns


@pytest.fixture(scope="module")
def two_processes(tiny_models, tmp_path_factory):
    """The folder with what two processes found for each recipe."""
    work = tmp_path_factory.mktemp("gather")
    folder = tiny_models["mean"]
    recipes = {label: a_recipe(folder, **settings) for label, settings in SETTINGS.items()}
    torch.save({"recipes": recipes, "columns": a_batch()}, work / "given.pt")
    (work / "program.py").write_text(PROGRAM, "utf-8")
    processes = [
        subprocess.Popen(
            [sys.executable, "program.py", str(rank), str(folder), str(work)],
            cwd=work,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for rank in range(PROCESSES)
    ]
    try:
        for process in processes:
            _, said = process.communicate(timeout=180)
            assert process.returncode == 0, said.decode()[-3000:]
    finally:
        for process in processes:
            process.kill()
    return work


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch without gloo")
@pytest.mark.parametrize("label", SETTINGS)
def test_two_processes_are_one(tiny_models, two_processes, label):
    settings, folder = SETTINGS[label], tiny_models["mean"]
    model = SentenceTransformer(str(folder), device="cpu").double().eval()
    loss = build_losses(model, a_recipe(folder, **settings), {"set": []})["set"].double()
    expected = loss(a_batch(), None)
    expected.backward()
    own = [p for name, p in loss.named_parameters() if "head" in name]
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    grads |= {f"own{n}": p.grad for n, p in enumerate(own)}
    assert len(own) == 2 * ("head" in settings)
    for rank in range(PROCESSES):
        found = torch.load(two_processes / f"{label}{rank}.pt")
        assert found["loss"].item() == pytest.approx(expected.item(), abs=1e-9)
        assert set(found["grads"]) == set(grads)
        for name, grad in grads.items():
            torch.testing.assert_close(found["grads"][name], grad, rtol=0, atol=1e-9)


def test_cached_batches_with_a_head_need_one_process(tiny_models, monkeypatch):
    from munjang.errors import InputError

    monkeypatch.setattr("munjang.train.objectives._processes", lambda: 2)
    model = SentenceTransformer(str(tiny_models["mean"]), device="cpu")
    recipe = a_recipe(tiny_models["mean"], head="mlp", mini_batch=4)
    with pytest.raises(InputError, match="one process"):
        build_losses(model, recipe, {"set": []})
