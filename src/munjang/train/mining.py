"""Pairs mined from unlabelled sentences: near ones by their vectors, far ones by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from munjang.errors import InputError
from munjang.korean.normalize import fold_spaces, to_nfc
from munjang.progress import progress_bar
from munjang.search.exact import top_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from munjang.encode.encoder import Vectors

BLOCK = 1024
SAME = 0.999
"""Sentences whose cosine is above this say the same; a pair of them teaches nothing."""

SPARE = 8
"""Looked at beyond the neighbours asked for: the sentence itself and those that say the same."""

RANDOM_SHARE = 0.25
"""Share of the pairs that are drawn by chance, so that low scores are among the labels."""

MOST_ASKED = 50_000
"""Of more sentences than this, so many are drawn to be paired; all are there to be found."""


def mine_pairs(
    sentences: Sequence[str],
    vectors: Vectors,
    *,
    neighbours: int,
    pairs: int,
    seed: int,
    known: Iterable[tuple[str, str]] = (),
    progress: bool = False,
) -> list[tuple[str, str]]:
    """Pairs each sentence with its nearest ones, and adds pairs drawn by chance.

    Thakur et al. 2021 (arXiv:2010.08240) sample by semantic search too; the quarter of
    random pairs is ours. No pair comes twice, in either order, and none of a sentence with
    itself, however it is composed, spaced or cased. Time grows with sentences squared up
    to `MOST_ASKED`, memory not beyond the vectors.

    Args:
        sentences: Distinct sentences.
        vectors: Theirs, float32, shape (sentences, dim), of length 1.
        neighbours: Nearest sentences that each is paired with.
        pairs: At most so many; above that, near and random ones are drawn by the seed.
        seed: Of the draws.
        known: Pairs that have a score already; they are not mined again.
        progress: Show a progress bar on stderr.

    Returns:
        Near pairs in the order of the sentences, then random ones.

    Raises:
        InputError: Fewer than two sentences that differ, or all their pairs are known.

    Example:
        >>> vectors = np.eye(3, dtype=np.float32)
        >>> texts = ["비가 온다", "눈이 온다", "밥을 먹는다"]
        >>> len(mine_pairs(texts, vectors, neighbours=1, pairs=2, seed=1))
        2
    """
    folded = [_fold(text) for text in sentences]
    if len(set(folded)) < 2:
        raise InputError(
            "pairs are mined from at least two sentences that differ",
            found=f"{len(sentences)}",
            fix="more unlabelled text",
        )
    draw = np.random.default_rng(seed)
    # A pair of one fold is a set of one: never new.
    taken = {frozenset(map(_fold, pair)) for pair in known} | {frozenset((f,)) for f in folded}

    def is_new(one: int, other: int) -> bool:
        count = len(taken)
        taken.add(frozenset((folded[one], folded[other])))
        return len(taken) > count

    asked = np.arange(len(sentences))
    if len(asked) > MOST_ASKED:
        asked = np.sort(draw.choice(asked, MOST_ASKED, replace=False))
    with progress_bar("pairing", total=len(asked), unit="sentences", shown=progress) as advance:
        near = []
        for start in range(0, len(asked), BLOCK):
            some = asked[start : start + BLOCK].tolist()
            near += [pair for pair in _near(vectors, some, neighbours) if is_new(*pair)]
            advance(len(some))
    most = pairs - int(RANDOM_SHARE * pairs)
    if len(near) > most:
        near = [near[row] for row in np.sort(draw.choice(len(near), most, replace=False))]
    wanted = min(pairs - len(near), max(1, int(len(near) * RANDOM_SHARE / (1 - RANDOM_SHARE))))
    far: list[tuple[int, int]] = []
    for _ in range(20 * wanted):  # a small corpus may not have so many pairs
        if len(far) == wanted:
            break
        one, other = sorted(draw.choice(len(sentences), 2, replace=False).tolist())
        if is_new(one, other):
            far.append((one, other))
    if not near and not far:
        raise InputError(
            "no new pairs can be mined: every pair of the sentences has a score",
            found=f"{len(sentences)} sentences",
            fix="more unlabelled text",
        )
    return [(sentences[one], sentences[other]) for one, other in (*near, *far)]


def _near(vectors: Vectors, asked: Sequence[int], neighbours: int) -> Iterator[tuple[int, int]]:
    """Row numbers of near pairs, the smaller first; a pair may come from both its ends."""
    cosines, rows = top_rows(
        vectors[asked], vectors, k=min(neighbours + SPARE, len(vectors)), query_chunk=256
    )
    for row, others, alike in zip(asked, rows.tolist(), cosines.tolist(), strict=True):
        far_enough = [
            other
            for other, cosine in zip(others, alike, strict=True)
            if other != row and cosine <= SAME
        ]
        for other in far_enough[:neighbours]:
            yield min(row, other), max(row, other)


def _fold(text: str) -> str:
    return fold_spaces(to_nfc(text)).casefold()
