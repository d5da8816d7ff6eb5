"""A toy encoder whose vectors can be worked out by hand, and the shipped one."""

from __future__ import annotations

import numpy as np
import pytest

import munjang
from munjang.encode.encoder import SentenceEncoder

START, PAD, END = 0, 1, 2


class CharTokenizer:
    """One token a character, between a start and an end."""

    pad_id = PAD

    def encode(self, texts, max_tokens):
        ids = [[START, *(3 + ord(char) % 997 for char in text), END] for text in texts]
        cut = [i for i, row in enumerate(ids) if len(row) > max_tokens]
        for i in cut:
            ids[i] = [*ids[i][: max_tokens - 1], END]
        return ids, cut


class SumEngine:
    """The sum of a vector a token: depends on every token, not on padding, not normalised."""

    label = "toy"
    dim = 8

    def __init__(self):
        self.table = np.random.default_rng(3).integers(-9, 9, (1000, self.dim)).astype(np.float32)
        self.batches = []

    def __repr__(self):
        return self.label

    def run(self, batches):
        for batch in batches:
            self.batches.append(batch)
            yield (self.table[batch.input_ids] * batch.attention_mask[:, :, None]).sum(axis=1)


@pytest.fixture(scope="session")
def make_toy():
    """Makes toy encoders; without options their limit is 20 tokens, 18 characters."""

    def make(*, max_tokens=20, **options):
        return SentenceEncoder(
            "toy", CharTokenizer(), SumEngine(), max_tokens=max_tokens, **options
        )

    return make


@pytest.fixture
def toy(make_toy):
    """A fresh toy encoder."""
    return make_toy()


@pytest.fixture(scope="session")
def shipped():
    """The shipped model, with options that do not depend on which one it is."""
    return munjang.load(max_tokens=128, prompt="")


@pytest.fixture(scope="session")
def sentences():
    """Sentences of very different lengths, none beyond 64 tokens of the shipped model."""
    return [
        f"{n}번째 손님은 {'아주 ' * (n * 7 % 13)}{'맛있는 ' * (n % 4)}국수를 드셨다" + "." * (n % 2)
        for n in range(40)
    ] + ["", " ", "네", "KOREA 2024", "😀"]
