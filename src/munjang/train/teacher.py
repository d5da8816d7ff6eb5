"""Labels from a teacher: a cross-encoder's scores for mined pairs, an encoder's vectors."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.data.rows import ScoredPair
from munjang.encode.loading import load
from munjang.errors import InputError
from munjang.files import whole_file, whole_folder
from munjang.model.build import as_encoder, build_encoder
from munjang.train.mining import mine_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sentence_transformers import CrossEncoder

    from munjang.train.recipe import Recipe, TeacherPart

SILVER = "silver.jsonl"
RECORD = "teacher.json"
CROSS_ENCODER = "cross-encoder"

ASIDE = 0.1
"""Share of the gold pairs that the cross-encoder is measured on and not trained on."""

MAX_TOKENS = 256
"""Of both sentences of a pair together."""


def silver_pairs(
    recipe: Recipe, *, gold: Sequence[ScoredPair], sentences: Sequence[str], seed: int, out: Path
) -> list[ScoredPair]:
    """Mines pairs from unlabelled sentences and has a cross-encoder score them.

    Augmented SBERT (Thakur et al. 2021, arXiv:2010.08240): a cross-encoder starts from the
    encoder of [teacher], learns the gold pairs, turned round by chance (binary
    cross-entropy against score / 5), and scores the pairs that the recipe's base finds
    near, and some by chance; a pair's score is the mean over both orders. Its own Spearman,
    on gold pairs kept aside, stands in `out`/teacher.json. What is there already for the
    same gold pairs, sentences and settings is read, not made again.

    Args:
        recipe: With a [teacher].
        gold: Scored pairs, without those that the run is measured on.
        sentences: Distinct sentences.
        seed: Of every draw.
        out: The folder for the pairs, the cross-encoder and its record.

    Returns:
        The mined pairs, scores in [0, 5].

    Raises:
        InputError: No [teacher], or too few gold pairs or sentences.
    """
    teacher = recipe.teacher
    if teacher is None:
        raise InputError(f"{recipe.name} names no teacher", fix="a [teacher] table with a model")
    if len(gold) * (1 - ASIDE) < teacher.batch_size:
        raise InputError(
            f"a cross-encoder needs more than a batch of {teacher.batch_size} gold pairs",
            found=f"{len(gold)}",
            fix="more scored pairs, or a smaller teacher.batch_size",
        )
    key = _digest([asdict(teacher), asdict(recipe.model), seed, *map(asdict, gold), *sentences])
    if (found := _read_silver(out, key)) is not None:
        return found
    begin = time.perf_counter()
    order = np.random.default_rng(seed).permutation(len(gold))
    aside = [gold[row] for row in np.sort(order[: max(2, int(ASIDE * len(gold)))])]
    learnt = [gold[row] for row in np.sort(order[len(aside) :])]
    cross = train_cross_encoder(teacher, learnt, precision=recipe.train.precision, seed=seed)
    part = recipe.model
    base = build_encoder(
        part.base, pooling=part.pooling, normalize=part.normalize, prompt=part.prompt
    )
    vectors = as_encoder(base, part.base).encode(sentences)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    mined = mine_pairs(
        sentences, vectors, neighbours=teacher.neighbours, pairs=teacher.pairs, seed=seed
    )
    silver = [
        ScoredPair(one, other, round(5 * float(score), 4))
        for (one, other), score in zip(mined, score_pairs(cross, mined), strict=True)
    ]
    with whole_folder(out / CROSS_ENCODER) as folder:
        cross.save_pretrained(str(folder), create_model_card=False)
    record = {
        "key": key,
        "model": teacher.model,
        "gold": len(learnt),
        "aside": len(aside),
        "spearman": _spearman(cross, aside),
        "mined": len(silver),
        "minutes": round((time.perf_counter() - begin) / 60, 2),
    }
    with whole_file(out / SILVER) as file:
        for pair in silver:
            file.write((json.dumps(asdict(pair), ensure_ascii=False) + "\n").encode())
    with whole_file(out / RECORD) as file:
        file.write((json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode())
    return silver


def train_cross_encoder(
    teacher: TeacherPart, pairs: Sequence[ScoredPair], *, precision: str, seed: int
) -> CrossEncoder:
    """Trains a cross-encoder on scored pairs, each turned round or not by the seed.

    Args:
        teacher: What to start from, and how long.
        pairs: Scores in [0, 5].
        precision: "bf16" or "fp32".
        seed: Of the head, the order and dropout.

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
    from transformers import PrinterCallback

    backbone: Any = build_encoder(teacher.model, pooling="mean")[0]
    size = backbone.get_embedding_dimension()
    torch.manual_seed(seed)
    head = Dense(size, 1, activation_function=torch.nn.Identity(), module_output_name="scores")
    cross: CrossEncoder = CrossEncoder(modules=[backbone, Pooling(size, "mean"), head])
    cross.max_seq_length = min(MAX_TOKENS, int(backbone.max_seq_length))
    turned = np.random.default_rng(seed).random(len(pairs)) < 0.5
    rows = [
        (pair.sentence2, pair.sentence1) if turn else (pair.sentence1, pair.sentence2)
        for pair, turn in zip(pairs, turned, strict=True)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        trainer = CrossEncoderTrainer(
            model=cross,
            args=CrossEncoderTrainingArguments(
                output_dir=scratch,
                num_train_epochs=teacher.epochs,
                per_device_train_batch_size=teacher.batch_size,
                learning_rate=teacher.learning_rate,
                warmup_steps=0.1,
                weight_decay=0.01,
                bf16=precision == "bf16",
                use_cpu=cross.device.type == "cpu",
                dataloader_pin_memory=cross.device.type != "cpu",
                seed=seed,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
            ),
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
        trainer.train()
    return cross


def score_pairs(cross: CrossEncoder, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
    """Scores pairs with a cross-encoder, as the mean over both orders.

    Returns:
        float32, shape (pairs,), each between 0 and 1.
    """
    asked = [*pairs, *((other, one) for one, other in pairs)]
    scores = np.asarray(cross.predict(asked, batch_size=64, show_progress_bar=False))
    mean: NDArray[np.float32] = scores.reshape(2, len(pairs)).mean(axis=0).astype(np.float32)
    return mean


def teacher_vectors(model: str, sentences: Sequence[str], *, out: Path) -> NDArray[np.float32]:
    """Encodes sentences with the teacher, once.

    Args:
        model: What `munjang.load` takes; "default" is the shipped encoder.
        sentences: What the student learns from.
        out: The folder that keeps the vectors; those of the same model and sentences are
            read from there.

    Returns:
        float32, shape (sentences, the teacher's dim), as the teacher gives them.

    Raises:
        ModelError: The teacher cannot be loaded.
    """
    encoder = load(model)
    path = out / f"{_digest([repr(encoder), model, *sentences])[:32]}.npy"
    if path.exists():
        kept: NDArray[np.float32] = np.load(path)
        return kept
    vectors = encoder.encode(sentences, progress=True)
    with whole_file(path) as file:
        np.save(file, vectors)
    return vectors


def _read_silver(out: Path, key: str) -> list[ScoredPair] | None:
    """The pairs that an earlier run made of the same things, or None."""
    try:
        record = json.loads((out / RECORD).read_text("utf-8"))
        lines = (out / SILVER).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return None
    if record.get("key") != key or len(lines) != record.get("mined"):
        return None
    return [ScoredPair(**json.loads(line)) for line in lines]


def _spearman(cross: CrossEncoder, pairs: Sequence[ScoredPair]) -> float:
    from scipy.stats import spearmanr

    scores = score_pairs(cross, [(pair.sentence1, pair.sentence2) for pair in pairs])
    return float(spearmanr(scores, [pair.score for pair in pairs]).statistic)


def _digest(parts: Sequence[object]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(json.dumps(part, ensure_ascii=False, default=dict).encode() + b"\n")
    return digest.hexdigest()
