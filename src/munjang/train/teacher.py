"""Labels from a teacher: a cross-encoder's scores for mined pairs, an encoder's vectors."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from munjang.data.rows import ScoredPair
from munjang.encode.loading import SHIPPED, load
from munjang.errors import InputError, MunjangError
from munjang.files import hash_file, whole_file
from munjang.model.build import as_encoder, build_encoder
from munjang.search.exact import unit_vectors
from munjang.train.crossencoder import make_cross_encoder, open_cross_encoder, score_pairs
from munjang.train.mining import mine_pairs
from munjang.train.record import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sentence_transformers import CrossEncoder

    from munjang.train.recipe import Recipe, TeacherPart

SILVER = "silver.jsonl"
RECORD = "teacher.json"
CROSS_ENCODER = "cross-encoder"

ASIDE = 0.1
"""Share of the gold pairs that the cross-encoder is measured on and not trained on."""


def silver_pairs(
    recipe: Recipe,
    *,
    gold: Sequence[ScoredPair],
    sentences: Sequence[str],
    seed: int,
    out: Path,
    device: str | None = None,
    progress: bool = True,
) -> list[ScoredPair]:
    """Mines pairs from unlabelled sentences and has a cross-encoder score them.

    Augmented SBERT (Thakur et al. 2021, arXiv:2010.08240): a cross-encoder starts from the
    encoder of [teacher], learns the gold pairs, turned round by chance (binary
    cross-entropy against score / 5), and scores the pairs that the recipe's base finds
    near, and some by chance; a pair's score is the mean over both orders. Its own Spearman,
    on gold pairs kept aside, stands in `out`/teacher.json. What is there already for the
    same gold pairs, sentences, models and settings is read, not made again.

    Args:
        recipe: With a [teacher].
        gold: Scored pairs, without those that the run is measured on.
        sentences: Distinct sentences.
        seed: Of every draw.
        out: The folder for the pairs, the cross-encoder and its record.
        device: A torch device; the best one there is when None.
        progress: Show progress bars on stderr.

    Returns:
        The mined pairs, none of them gold, scores in [0, 5].

    Raises:
        InputError: No [teacher], too few gold pairs, gold scores that are all equal, or too
            few sentences.
        ModelError: The base or the teacher's model cannot be loaded.
        MunjangError: The cross-encoder learnt nothing: it gives every pair one score.
    """
    teacher = _check(recipe, gold)
    key = _digest(
        [
            asdict(teacher) | {"model": _contents(teacher.model)},
            asdict(recipe.model) | {"base": _contents(recipe.model.base)},
            recipe.train.precision,
            seed,
            *map(asdict, gold),
            *sentences,
        ]
    )
    if (found := _read_silver(out, key)) is not None:
        return found
    begin = time.perf_counter()
    mined = _mine(recipe, teacher, gold, sentences, seed, device, progress)
    order = np.random.default_rng(seed).permutation(len(gold))
    aside = [gold[row] for row in np.sort(order[: max(2, int(ASIDE * len(gold)))])]
    learnt = [gold[row] for row in np.sort(order[len(aside) :])]
    make_cross_encoder(
        out / CROSS_ENCODER,
        teacher,
        learnt,
        precision=recipe.train.precision,
        seed=seed,
        device=device,
        progress=progress,
    )
    cross = open_cross_encoder(out / CROSS_ENCODER, device=device)
    silver = [
        ScoredPair(one, other, round(5 * float(score), 4))
        for (one, other), score in zip(
            mined, score_pairs(cross, mined, progress=progress), strict=True
        )
    ]
    if len({pair.score for pair in silver}) == 1 < len(silver):
        raise MunjangError(
            f"the cross-encoder gives every mined pair the score {silver[0].score}",
            fix="more gold pairs or epochs, or another teacher.learning_rate",
        )
    with whole_file(out / SILVER) as file:
        for pair in silver:
            file.write((json.dumps(asdict(pair), ensure_ascii=False) + "\n").encode())
    record = {
        "key": key,
        "model": teacher.model,
        "gold": len(learnt),
        "aside": len(aside),
        "spearman": _spearman(cross, aside),
        "sentences": len(sentences),
        "mined": len(silver),
        "shares": {"gold": _shares(gold), "mined": _shares(silver)},
        "minutes": round((time.perf_counter() - begin) / 60, 2),
        "sha256": hash_file(out / SILVER),
    }
    write_json(out / RECORD, record)
    return silver


def teacher_vectors(
    model: str, sentences: Sequence[str], *, out: Path, progress: bool = True
) -> NDArray[np.float32]:
    """Encodes sentences with the teacher, once.

    Args:
        model: What `munjang.load` takes.
        sentences: What the student learns from.
        out: The folder that keeps the vectors; those of the same model (of the same files,
            where it is a folder) and sentences are read from there.
        progress: Show a progress bar on stderr.

    Returns:
        float32, shape (sentences, the teacher's dim), of length 1: what a student whose
        vectors have length 1 can reach, and no matter to a loss of cosines.

    Raises:
        ModelError: The teacher cannot be loaded.
    """
    path = out / f"{_digest([_contents(model), *sentences])[:32]}.npy"
    if path.exists():
        kept: NDArray[np.float32] = np.load(path)
        return kept
    vectors = load(model).encode(sentences, progress=progress)
    with whole_file(path) as file:
        np.save(file, vectors)
    return vectors


def _check(recipe: Recipe, gold: Sequence[ScoredPair]) -> TeacherPart:
    teacher = recipe.teacher
    if teacher is None:
        raise InputError(f"{recipe.name} names no teacher", fix="a [teacher] table with a model")
    if len(gold) * (1 - ASIDE) < teacher.batch_size:
        raise InputError(
            f"a cross-encoder needs more than a batch of {teacher.batch_size} gold pairs",
            found=f"{len(gold)}",
            fix="more scored pairs, or a smaller teacher.batch_size",
        )
    if len({pair.score for pair in gold}) == 1:
        raise InputError(
            "a cross-encoder learns nothing from scores that are all equal",
            found=f"{gold[0].score} in all {len(gold)} gold pairs",
            fix="pairs that are alike and pairs that are not",
        )
    return teacher


def _mine(
    recipe: Recipe,
    teacher: TeacherPart,
    gold: Sequence[ScoredPair],
    sentences: Sequence[str],
    seed: int,
    device: str | None,
    progress: bool,
) -> list[tuple[str, str]]:
    """Pairs by the recipe's base; first, because text that is too little shows at once."""
    part = recipe.model
    base = build_encoder(
        part.base, pooling=part.pooling, normalize=part.normalize, prompt=part.prompt, device=device
    )
    vectors = unit_vectors(as_encoder(base, part.base).encode(sentences, progress=progress))
    return mine_pairs(
        sentences,
        vectors,
        neighbours=teacher.neighbours,
        pairs=teacher.pairs,
        seed=seed,
        known=[(pair.sentence1, pair.sentence2) for pair in gold],
        progress=progress,
    )


def _read_silver(out: Path, key: str) -> list[ScoredPair] | None:
    """The pairs that an earlier run made of the same things, or None."""
    try:
        record = json.loads((out / RECORD).read_text("utf-8"))
        if (record.get("key"), record.get("sha256")) != (key, hash_file(out / SILVER)):
            return None
        lines = (out / SILVER).read_text("utf-8").split("\n")[:-1]
    except (OSError, ValueError):
        return None
    return [ScoredPair(**json.loads(line)) for line in lines]


def _spearman(cross: CrossEncoder, pairs: Sequence[ScoredPair]) -> float | None:
    """The cross-encoder's own score; None where the pairs cannot tell."""
    from scipy.stats import spearmanr

    scores = score_pairs(cross, [(pair.sentence1, pair.sentence2) for pair in pairs])
    gold = [pair.score for pair in pairs]
    if min(np.ptp(scores), np.ptp(gold)) == 0:
        return None
    return float(spearmanr(scores, gold).statistic)


def _shares(pairs: Sequence[ScoredPair]) -> list[float]:
    """Shares of the scores in [0, 1), [1, 2), … [4, 5]."""
    counts, _ = np.histogram([pair.score for pair in pairs], bins=5, range=(0, 5))
    shares: list[float] = (counts / len(pairs)).round(3).tolist()
    return shares


def _contents(model: str) -> object:
    """A model by its files, wherever they lie; a hub id by its name."""
    folder = SHIPPED.get(model, Path(model).expanduser())
    if not folder.is_dir():
        return model
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [[path.relative_to(folder).as_posix(), hash_file(path)] for path in files]


def _digest(parts: Sequence[object]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(json.dumps(part, default=dict).encode() + b"\n")
    return digest.hexdigest()
