"""Step 6: a Korean vocabulary, and the quality that it costs learnt back.

Hangul pieces are learnt from the training texts and grafted into the model, each as the mean of
the old pieces that it was cut into. korean.toml then teaches the model its own vectors anew,
without a prompt, words.py, in two passes, what it made of each word, and korean-search.toml the
vectors again beside titles and bodies: at search it had become a little worse. That took from
clusters, so the mean of the model before and after it is taken.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import held_out
import steps
import torch
import words
from corpus import draw_sentences, training_texts
from vocabulary import graft, learn_pieces

from munjang.data.rows import ScoredPair
from munjang.data.tables import read_rows
from munjang.evaluate.tasks import load_task
from munjang.model.average import average_models
from munjang.model.build import as_encoder, build_encoder
from munjang.model.embeddings import count_rows
from munjang.train.record import device_name, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VECTORS, SEARCH = "korean", "korean-search"
"""The first and the last run, each by its recipe."""

MEAN = "korean-mean"


@dataclass(frozen=True)
class Pass:
    """A pass of words.py: its share of the sentences, and what shuffles them."""

    share: float
    seed: int


PASSES = {
    "korean-words": Pass(0.6, 7),
    "korean-words-2": Pass(1.0, 8),
}

LEARNT, OTHERS = 14_000, 5_000
"""Pieces to learn, and pieces without Hangul that stay."""

PETITIONS, WHOLE, PAIRS = "petition-texts.txt", "petition-whole.txt", "petitions.tsv"
"""Where in --keep the petitions lie: their first characters, whole bodies, and titles with both."""
BODIES = 400
"""Whole bodies that the vectors are learnt of."""


def learn(weights: Path, keep: Path, data_dir: Path) -> dict[str, Path]:
    """Learns the vocabulary and trains the model with it; gives the models, `MEAN` the one taken.

    Args:
        weights: The model before.
        keep: The folder of all runs; what lies there finished is read.
        data_dir: The folder of data sets.
    """
    files = write_petitions(keep, data_dir)
    search = files.pop("search")
    start = keep / "korean-start"
    if not start.exists():
        read = [*training_texts(data_dir), *files["petitions"].read_text("utf-8").splitlines()]
        graft(weights, start, learn_pieces(weights, read, learnt=LEARNT, others=OTHERS))
    settings = steps.reports(keep) | {"teacher.model": str(weights)} | steps.reads(files)

    def run(name: str, base: Path, **more: Path) -> Path:
        told = settings | steps.reads(more)
        return steps.train(name, base, keep / name, data_dir=data_dir, settings=told)

    found = {VECTORS: run(VECTORS, start)}
    sentences = read_sentences(keep, data_dir)
    start = found[VECTORS]
    for name, one in PASSES.items():
        found[name] = keep / name
        learn_words(weights, start, keep / name, sentences, one)
        start = found[name]
    found[SEARCH] = run(SEARCH, start, search=search)
    average_models([start, found[SEARCH]], keep / MEAN, overwrite=True)
    return found | {MEAN: keep / MEAN}


def write_petitions(keep: Path, data_dir: Path) -> dict[str, Path]:
    """Writes to `keep` what recipes read of the petitions; gives the files by data set.

    "petitions" are titles and first characters, "bodies" some whole bodies, "search" titles
    beside first characters.
    """
    files = {"petitions": keep / PETITIONS, "bodies": keep / WHOLE, "search": keep / PAIRS}
    held_out.write_petition_texts(data_dir, files["petitions"])
    held_out.write_petition_bodies(data_dir, files["bodies"], bodies=BODIES)
    held_out.write_petitions(data_dir, files["search"])
    return files


def read_sentences(keep: Path, data_dir: Path) -> list[str]:
    """What `learn_words` learns of; the petitions lie in `keep`."""
    petitions = (keep / PETITIONS).read_text("utf-8").splitlines()
    return draw_sentences(data_dir, petitions, read_rows(keep / steps.HELD, ScoredPair))


def learn_words(teacher: Path, start: Path, out: Path, sentences: Sequence[str], one: Pass) -> None:
    """A pass of words.py with a record beside its model; one that has a record is done."""
    if _record(out).exists():
        return
    batches = words.choose_batches(sentences, share=one.share, seed=one.seed)
    began = time.perf_counter()
    words.teach(teacher, start, out, batches)
    write_json(
        _record(out),
        {
            "seed": one.seed,
            "steps": len(batches),
            "minutes": round((time.perf_counter() - began) / 60, 2),
            "device": device_name(torch.device("cpu")),
            "precision": "fp32",
            "data": {"words": {"rows": sum(map(len, batches)), "dropped": {}}},
        },
    )


def tell_words(out: Path) -> dict[str, Any]:
    """What the report says of a pass, as `steps.tell_run` has it."""
    found: dict[str, Any] = json.loads(_record(out).read_text("utf-8"))
    return found


def tell_runs(keep: Path) -> dict[str, Any]:
    """What the report says of all runs of `learn`."""
    passes = {name: tell_words(keep / name) for name in PASSES}
    first, last = (steps.tell_run(keep / name) for name in (VECTORS, SEARCH))
    return {VECTORS: first, **passes, SEARCH: last}


def tell_vocabulary(weights: Path, data_dir: Path) -> dict[str, float]:
    """Pieces, parameters, and tokens a sentence of KorSTS-dev with the prompt and special ones."""
    model = build_encoder(weights, device="cpu")
    encoder = as_encoder(model, weights.name)
    pairs = load_task("korsts", split="dev", data_dir=data_dir)
    texts = [encoder.prompt + text for pair in pairs for text in (pair.sentence1, pair.sentence2)]
    ids, _ = encoder.tokenizer.encode(texts, encoder.max_tokens)
    return {
        "pieces": count_rows(model.transformers_model),
        "parameters": sum(each.numel() for each in model.parameters()),
        "tokens": sum(map(len, ids)) / len(ids),
    }


def _record(out: Path) -> Path:
    return out.with_name(f"{out.name}-taught.json")
