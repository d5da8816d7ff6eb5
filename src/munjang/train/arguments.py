"""A recipe's settings in the words of the trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from sentence_transformers import SentenceTransformerTrainingArguments

from munjang.errors import InputError
from munjang.train.folder import RunFolder
from munjang.train.launch import is_launched
from munjang.train.precision import resolve_precision

if TYPE_CHECKING:
    from pathlib import Path

    from munjang.train.recipe import Recipe

DEV_METRIC = "eval_dev_spearman_cosine"
"""What chooses a checkpoint, as the trainer's log names it."""

_KEPT = 3
"""Checkpoints on disk: the best, the last, and the one before it should that be damaged."""


def to_arguments(
    recipe: Recipe, out: Path, device: str | None
) -> SentenceTransformerTrainingArguments:
    """Says to the trainer what a recipe says.

    Args:
        recipe: The recipe.
        out: The run folder.
        device: "cpu" or "cuda"; a GPU where there is one when None.

    Returns:
        The arguments; under torchrun, making them joins the processes.

    Raises:
        InputError: An unknown device, or a GPU where there is none.
    """
    part, evaluate = recipe.train, recipe.evaluate
    if device not in (None, "cpu", "cuda"):
        raise InputError(f"unknown device {device!r}", fix="cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "no GPU can be used here", found=f"torch {torch.__version__}", fix="--device cpu"
        )
    cpu = device == "cpu" or not torch.cuda.is_available()
    looks = "steps" if evaluate.every else "epoch"
    schedule = "constant_with_warmup" if part.schedule == "constant" else part.schedule
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(RunFolder(out).checkpoints),
        num_train_epochs=part.epochs,
        max_steps=part.steps or -1,
        per_device_train_batch_size=part.batch_size,
        gradient_accumulation_steps=part.accumulate,
        learning_rate=part.learning_rate,
        lr_scheduler_type=schedule,
        warmup_steps=part.warmup,
        weight_decay=part.weight_decay,
        max_grad_norm=part.max_grad_norm,
        bf16=resolve_precision(part.precision, "cpu" if cpu else "cuda") == "bf16",
        torch_compile=part.compile,
        use_cpu=cpu,
        dataloader_pin_memory=not cpu,
        dataloader_drop_last=part.drop_last or is_launched(),  # the buckets decide; a notice less
        seed=part.seed,
        eval_strategy=looks if evaluate.dev else "no",
        eval_steps=evaluate.every or None,
        save_strategy=looks,
        save_steps=evaluate.every or 500,
        save_total_limit=_KEPT,
        load_best_model_at_end=bool(evaluate.dev),
        metric_for_best_model=DEV_METRIC if evaluate.dev else None,
        greater_is_better=True,
        logging_steps=10,
        report_to=[],
        disable_tqdm=True,
        ddp_backend="gloo" if cpu and is_launched() else None,
        ddp_timeout=6 * 3600,
    )
    # With more GPUs in sight and no torchrun the trainer would cut each batch up among them.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
