"""A model with another vocabulary learns what a model made of each word, layer by layer.

The two cut words into other pieces, so their states are compared by word: the mean of a word's
pieces, after some layers and the last. Beside that the vectors of sentences are compared, and how
alike they are to each other. A word says much more than a sentence's vector: at the same number
of sentences the new vocabulary is several times nearer.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from munjang.files import whole_folder
from munjang.model.build import build_encoder, own_prompt
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

LOOKS = 4
"""Layers whose states are compared, evenly spread; the last is one of them."""

RATE, EMBEDDINGS_RATE = 1e-4, 3e-4
CHARACTERS, LONGEST = 2560, 256
"""Of a batch, and tokens of a text."""
_WARM_UP, _CLIP = 50, 1.0
_WEIGHTS = (10.0, 1.0, 20.0)
"""Of the vectors, of the words, and of likeness in the loss."""


def teach(teacher: Path, start: Path, out: Path, batches: Sequence[list[str]]) -> None:
    """Trains `start` on the states of `teacher`, in float32, a step a batch."""
    old, new = (build_encoder(folder, device="cpu").float() for folder in (teacher, start))
    backbone: Any = new.transformers_model
    old.eval()
    new.train()
    for module in backbone.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    steps = len(batches)
    table = backbone.get_input_embeddings().weight
    others = [weight for weight in backbone.parameters() if weight is not table]
    groups = [{"params": [table], "lr": EMBEDDINGS_RATE}, {"params": others, "lr": RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / _WARM_UP) * (1 - step / steps)
    )
    with progress_bar("learning words", total=steps, unit="steps", shown=True) as advance:
        for batch in batches:
            loss = _loss(old, new, batch)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch has it so
            torch.nn.utils.clip_grad_norm_(backbone.parameters(), _CLIP)
            optimizer.step()
            schedule.step()
            advance(1)
    new.eval()
    with whole_folder(out) as work:
        new.save_pretrained(str(work), create_model_card=False)


def choose_batches(sentences: Sequence[str], *, share: float, seed: int) -> list[list[str]]:
    """Sentences of about the same length together, in a random order; a share of all batches."""
    draw = random.Random(seed)  # noqa: S311 - a draw that anyone can repeat
    found: list[list[str]] = [[]]
    for text in sorted(sentences, key=lambda text: len(text) + 8 * draw.random()):
        if (len(found[-1]) + 1) * max(8, len(text)) > CHARACTERS and found[-1]:
            found.append([])
        found[-1].append(text)
    draw.shuffle(found)
    return found[: int(len(found) * share)]


def _loss(old: SentenceTransformer, new: SentenceTransformer, batch: list[str]) -> torch.Tensor:
    with torch.no_grad():
        theirs, their_words, their_vectors = _read(old, batch)
    ours, our_words, our_vectors = _read(new, batch)
    count = int(max(their_words.max(), our_words.max())) + 1
    words = torch.zeros(())
    depth = len(theirs) - 1
    for layer in (depth * look // LOOKS for look in range(1, LOOKS + 1)):
        there, is_there = word_means(theirs[layer], their_words, count)
        here, is_here = word_means(ours[layer], our_words, count)
        both = is_there & is_here
        words = words + (1 - functional.cosine_similarity(there[both], here[both], dim=-1)).mean()
    vectors = (1 - (their_vectors * our_vectors).sum(-1)).mean()
    alike = functional.mse_loss(our_vectors @ our_vectors.T, their_vectors @ their_vectors.T)
    losses = (vectors, words, alike)
    return torch.stack([w * part for w, part in zip(_WEIGHTS, losses, strict=True)]).sum()


def _read(model: SentenceTransformer, batch: list[str]) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """States of all layers, the word of each token, and the vectors."""
    prompt = own_prompt(model)
    first: Any = model[0]
    read = first.processor(
        [prompt + text for text in batch],
        padding=True,
        truncation=True,
        max_length=LONGEST,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    words = word_numbers(read.pop("offset_mapping").numpy() - len(prompt), batch)
    backbone: Any = model.transformers_model
    found = backbone(**read, output_hidden_states=True)
    mask = read["attention_mask"][..., None]
    mean = (found.last_hidden_state * mask).sum(1) / mask.sum(1)
    return found.hidden_states, torch.from_numpy(words), functional.normalize(mean, dim=-1)


def word_numbers(places: NDArray[np.int64], texts: Sequence[str]) -> NDArray[np.int64]:
    """The number of the word that each token ends in, shape (texts, tokens); -1 for none.

    Args:
        places: Where each token begins and ends in its text, shape (texts, tokens, 2).
        texts: The texts; a blank ends a word.
    """
    found = np.full(places.shape[:2], -1)
    for row, text in enumerate(texts):
        begun = np.cumsum([letter == " " for letter in text])
        begin, end = places[row].T
        inside = (end > 0) & (end > begin) & (end <= len(text))
        found[row, inside] = begun[end[inside] - 1]
    return found


def word_means(
    states: torch.Tensor, words: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean state of each word, and whether there is one.

    Args:
        states: Shape (texts, tokens, dimensions).
        words: What `word_numbers` gives.
        count: One more than the highest number.

    Returns:
        Shapes (texts, count, dimensions) and (texts, count).
    """
    texts, _, width = states.shape
    places = (words + 1 + (count + 1) * torch.arange(texts)[:, None]).reshape(-1)
    sums = torch.zeros(texts * (count + 1), width).index_add(0, places, states.reshape(-1, width))
    sizes = torch.bincount(places, minlength=texts * (count + 1))
    means = (sums / sizes.clamp(min=1)[:, None]).view(texts, count + 1, width)[:, 1:]
    return means, sizes.view(texts, count + 1)[:, 1:] > 0
