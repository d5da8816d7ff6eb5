"""Pairs mined from unlabelled sentences: near ones by their vectors, far ones by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from munjang.errors import InputError
from munjang.korean.normalize import to_nfc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.encode.encoder import Vectors

BLOCK = 1024
SAME = 0.999
"""Sentences whose cosine is above this say the same; a pair of them teaches nothing."""

RANDOM_SHARE = 0.25
"""Share of the pairs that are drawn by chance, so that low scores are among the labels."""


def mine_pairs(
    sentences: Sequence[str], vectors: Vectors, *, neighbours: int, pairs: int, seed: int
) -> list[tuple[str, str]]:
    """Pairs each sentence with its nearest ones, and adds pairs drawn by chance.

    Thakur et al. 2021 (arXiv:2010.08240) sample by semantic search too; the quarter of
    random pairs is ours. No pair comes twice, in either order, and none of a sentence with
    itself, however it is composed or cased.

    Args:
        sentences: Distinct sentences.
        vectors: Theirs, float32, shape (sentences, dim), of length 1.
        neighbours: Nearest sentences that each is paired with.
        pairs: At most so many; above that, near and random ones are drawn by the seed.
        seed: Of the draws.

    Returns:
        Near pairs in the order of the sentences, then random ones.

    Raises:
        InputError: Fewer than two sentences that differ.

    Example:
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> texts = ["비가 온다", "눈이 온다", "밥을 먹는다"]
        >>> len(mine_pairs(texts, vectors, neighbours=1, pairs=2, seed=1))
        2
    """
    folded = [to_nfc(text).casefold().strip() for text in sentences]
    if len(set(folded)) < 2:
        raise InputError(
            "pairs are mined from at least two sentences that differ",
            found=f"{len(sentences)}",
            fix="more unlabelled text",
        )
    draw = np.random.default_rng(seed)
    near = [pair for pair in _near(vectors, neighbours) if folded[pair[0]] != folded[pair[1]]]
    most = pairs - int(RANDOM_SHARE * pairs)
    if len(near) > most:
        near = [near[row] for row in np.sort(draw.choice(len(near), most, replace=False))]
    wanted = min(pairs - len(near), max(1, int(len(near) * RANDOM_SHARE / (1 - RANDOM_SHARE))))
    taken = set(near)
    far: list[tuple[int, int]] = []
    for _ in range(20 * wanted):  # a small corpus may not have so many pairs
        if len(far) == wanted:
            break
        one, other = sorted(draw.choice(len(sentences), 2, replace=False).tolist())
        if (one, other) not in taken and folded[one] != folded[other]:
            taken.add((one, other))
            far.append((one, other))
    return [(sentences[one], sentences[other]) for one, other in (*near, *far)]


def _near(vectors: Vectors, neighbours: int) -> list[tuple[int, int]]:
    """Row numbers of near pairs, the smaller first, each pair once."""
    count = min(neighbours, len(vectors) - 1)
    found: dict[tuple[int, int], None] = {}
    for start in range(0, len(vectors), BLOCK):
        cosines = vectors[start : start + BLOCK] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        cosines[cosines > SAME] = -np.inf
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        for row, others in enumerate(nearest.tolist(), start):
            for other in others:
                if np.isfinite(cosines[row - start, other]):
                    found.setdefault((min(row, other), max(row, other)))
    return list(found)
