"""A cross-encoder: two sentences read together, scored; the teacher of Augmented SBERT."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.data.rows import ScoredPair
from munjang.errors import MunjangError
from munjang.files import whole_folder
from munjang.model.build import build_encoder
from munjang.progress import progress_bar
from munjang.train.precision import resolve_precision
from munjang.train.recipe import TeacherPart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sentence_transformers import CrossEncoder

    from munjang.train.recipe import Precision

MAX_TOKENS = 256
"""Of both sentences of a pair together."""

CHUNK = 2048
"""Pairs scored between two steps of the bar."""

_GROUP = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun tells a process of its group."""

_ALONE = "from munjang.train.crossencoder import main; main()"


def make_cross_encoder(
    folder: Path,
    teacher: TeacherPart,
    pairs: Sequence[ScoredPair],
    *,
    precision: Precision,
    seed: int,
    device: str | None = None,
    progress: bool = False,
) -> None:
    """Trains a cross-encoder into a folder, by one process, also where there are several.

    A trainer in one process of a group would wait for the others, so there it runs in a
    process of its own, outside the group.

    Args:
        folder: Where it is saved, as safetensors, whole or not at all.
        teacher: As `train_cross_encoder`.
        pairs: As `train_cross_encoder`.
        precision: As `train_cross_encoder`.
        seed: As `train_cross_encoder`.
        device: As `train_cross_encoder`.
        progress: As `train_cross_encoder`.

    Raises:
        ModelError: The model to start from cannot be loaded.
        MunjangError: The process of its own failed; what it printed says why.
    """
    import torch

    settings = {"precision": precision, "seed": seed, "device": device, "progress": progress}
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        rows = [asdict(pair) for pair in pairs]
        job = {"out": str(folder), "teacher": asdict(teacher), "pairs": rows, "settings": settings}
        done = subprocess.run(  # noqa: S603 - ourselves again
            [sys.executable, "-c", _ALONE],
            input=json.dumps(job).encode(),
            env={name: value for name, value in os.environ.items() if name not in _GROUP},
            check=False,
        )
        if done.returncode:
            raise MunjangError(
                "the cross-encoder could not be trained in a process of its own",
                found=f"exit code {done.returncode}",
                fix="what it printed above says why",
            )
        return
    cross = train_cross_encoder(
        teacher, pairs, precision=precision, seed=seed, device=device, progress=progress
    )
    with whole_folder(folder) as work:
        cross.save_pretrained(str(work), create_model_card=False)


def main() -> None:
    """Trains what stdin asks for; see `make_cross_encoder`."""
    from pathlib import Path

    job = json.load(sys.stdin)
    make_cross_encoder(
        Path(job["out"]),
        TeacherPart(**job["teacher"]),
        [ScoredPair(**pair) for pair in job["pairs"]],
        **job["settings"],
    )


def open_cross_encoder(folder: Path, *, device: str | None = None) -> CrossEncoder:
    """Opens what `make_cross_encoder` saved.

    Args:
        folder: The folder.
        device: A torch device; the best one there is when None.
    """
    from sentence_transformers import CrossEncoder

    cross: CrossEncoder = CrossEncoder(str(folder), device=device, local_files_only=True)
    return cross


def train_cross_encoder(
    teacher: TeacherPart,
    pairs: Sequence[ScoredPair],
    *,
    precision: Precision,
    seed: int,
    device: str | None = None,
    progress: bool = False,
) -> CrossEncoder:
    """Trains a cross-encoder on scored pairs, each turned round or not by the seed.

    The mean of the tokens and a linear layer stand on the backbone, whatever its kind.
    Binary cross-entropy against score / 5, AdamW, warm-up over a tenth of the steps, then
    linearly to 0.

    Args:
        teacher: What to start from, and how long.
        pairs: Scores in [0, 5].
        precision: As `munjang.train.recipe.TrainPart` has it.
        seed: Of the head, the order and dropout; torch's generator is left somewhere else.
        device: A torch device; the best one there is when None.
        progress: Show a progress bar on stderr.

    Returns:
        The cross-encoder: its scores are between 0 and 1, and it is made only of
        sentence-transformers' own modules.

    Raises:
        ModelError: The model to start from cannot be loaded.
    """
    import torch
    from datasets import Dataset
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.cross_encoder import (
        CrossEncoderTrainer,
        CrossEncoderTrainingArguments,
    )
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import PrinterCallback, TrainerCallback

    backbone: Any = build_encoder(teacher.model, pooling="mean", device=device)[0]
    size = backbone.get_embedding_dimension()
    torch.manual_seed(seed)
    head = Dense(size, 1, activation_function=torch.nn.Identity(), module_output_name="scores")
    modules = [backbone, Pooling(size, "mean"), head]
    cross: CrossEncoder = CrossEncoder(modules=modules, device=device)
    cross.max_seq_length = min(MAX_TOKENS, int(backbone.max_seq_length))
    turned = np.random.default_rng(seed).random(len(pairs)) < 0.5
    rows = [
        (pair.sentence2, pair.sentence1) if turn else (pair.sentence1, pair.sentence2)
        for pair, turn in zip(pairs, turned, strict=True)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        arguments = CrossEncoderTrainingArguments(
            output_dir=scratch,
            num_train_epochs=teacher.epochs,
            per_device_train_batch_size=teacher.batch_size,
            learning_rate=teacher.learning_rate,
            warmup_steps=0.1,
            weight_decay=0.01,
            bf16=resolve_precision(precision, cross.device.type) == "bf16",
            use_cpu=cross.device.type == "cpu",
            dataloader_pin_memory=cross.device.type != "cpu",
            seed=seed,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        # With more GPUs in sight the trainer would cut each batch up among them.
        arguments._n_gpu = min(arguments.n_gpu, 1)
        trainer = CrossEncoderTrainer(
            model=cross,
            args=arguments,
            train_dataset=Dataset.from_dict(
                {
                    "sentence1": [first for first, _ in rows],
                    "sentence2": [second for _, second in rows],
                    "label": [pair.score / 5 for pair in pairs],
                }
            ),
            loss=BinaryCrossEntropyLoss(cross),
        )
        trainer.remove_callback(PrinterCallback)
        steps = math.ceil(teacher.epochs * math.ceil(len(rows) / teacher.batch_size))
        with progress_bar("teaching", total=steps, unit="steps", shown=progress) as advance:

            class Bar(TrainerCallback):
                def on_step_end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
                    advance(1)

            trainer.add_callback(Bar)
            trainer.train()
    return cross


def score_pairs(
    cross: CrossEncoder, pairs: Sequence[tuple[str, str]], *, progress: bool = False
) -> NDArray[np.float32]:
    """Scores pairs with a cross-encoder, as the mean over both orders.

    Args:
        cross: What `train_cross_encoder` gives.
        pairs: The pairs.
        progress: Show a progress bar on stderr.

    Returns:
        float32, shape (pairs,), each between 0 and 1.
    """
    mean = np.empty(len(pairs), dtype=np.float32)
    with progress_bar("scoring", total=len(pairs), unit="pairs", shown=progress) as advance:
        for start in range(0, len(pairs), CHUNK):
            some = pairs[start : start + CHUNK]
            asked = [*some, *((other, one) for one, other in some)]
            scores = np.asarray(cross.predict(asked, batch_size=64, show_progress_bar=False))
            mean[start : start + CHUNK] = scores.reshape(2, len(some)).mean(axis=0)
            advance(len(some))
    return mean
