"""A small, deterministic encoder for tests that need no model."""

from __future__ import annotations

import zlib

import numpy as np
import pytest


class NgramEncoder:
    """Hashed character n-grams through a fixed random projection."""

    name = "ngram"
    dim = 64

    def __init__(self):
        self.projection = np.random.default_rng(7).standard_normal((2048, self.dim))
        self.seen: list[str] = []

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        self.seen.extend(sentences)
        vectors = np.zeros((len(sentences), self.dim))
        for row, sentence in enumerate(sentences):
            marked = f"<{sentence}>"
            for size in (1, 2, 3):
                for at in range(len(marked) - size + 1):
                    gram = marked[at : at + size].encode("utf-8", "surrogatepass")
                    vectors[row] += self.projection[zlib.crc32(gram) % 2048]
        vectors = vectors[:, :truncate_dim]
        if normalize:
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32)


@pytest.fixture
def encoder():
    """A fresh encoder that remembers which sentences it was given."""
    return NgramEncoder()
