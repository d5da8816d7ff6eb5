"""What a cut of the vocabulary cost: a model measured before and after, and the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from munjang.errors import GateError
from munjang.evaluate.sts import correlations
from munjang.model.embeddings import weigh
from munjang.model.export import GateLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from sentence_transformers import SentenceTransformer

    from munjang.data.rows import ScoredPair
    from munjang.encode.encoder import SentenceEncoder, Vectors
    from munjang.model.vocabulary import Vocabulary

LIMITS = GateLimits(min_cosine=0.98, max_drop=0.5)
"""The usual gate of a cut."""

COMPARED = 1_000
"""Held-out sentences whose vectors are compared, evenly spread, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A model before or after the cut.

    Attributes:
        pieces: Pieces of its vocabulary, added tokens included.
        parameters: Parameters of the whole model.
        megabytes: What they take in the precision in which they are stored, in MB (10^6).
        tokens: Tokens of a held-out sentence, in the mean; special ones and prompt included,
            and those beyond the model's limit.
        unknown: Unknown pieces among them, as a share from 0 to 1.
        spearman: Cosine Spearman on the scored pairs, x100; None without pairs.
    """

    pieces: int
    parameters: int
    megabytes: float
    tokens: float
    unknown: float
    spearman: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimResult:
    """What a cut did, and what it cost.

    Attributes:
        source: What was cut, as the user named it.
        kind: The kind of its vocabulary, one of `vocabulary.KINDS`.
        before: The model as it was.
        after: The model as it was written and read again.
        counted: Sentences whose pieces were counted.
        used: How many pieces of the old vocabulary they used.
        held_out: Sentences that were not counted, and measured.
        same: The share of them whose tokens are exactly as before.
        mean_cosine: Mean cosine between their vectors before and after (of at most
            `COMPARED`).
        least_cosine: The least of those cosines.
        pairs: How many scored pairs were measured.
        drop: How far cosine Spearman (x100) fell on them; 0 without pairs.
        license: The licence of the weights, as far as the source states it.
    """

    source: str
    kind: str
    before: Side
    after: Side
    counted: int
    used: int
    held_out: int
    same: float
    mean_cosine: float
    least_cosine: float
    pairs: int
    drop: float
    license: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A model on the held-out sentences.

    Attributes:
        side: Its figures.
        rows: The ids of each sentence.
        vectors: The vectors of those that are compared.
    """

    side: Side
    rows: list[list[int]]
    vectors: Vectors


def take_snapshot(
    model: SentenceTransformer,
    encoder: SentenceEncoder,
    vocabulary: Vocabulary,
    *,
    held: Sequence[str],
    pairs: Sequence[ScoredPair],
    dtype: torch.dtype,
    progress: bool = False,
) -> Snapshot:
    """Measures a model before or after the cut.

    Args:
        model: The model.
        encoder: The same as an encoder.
        vocabulary: What its tokenizer is made of.
        held: Sentences that were not counted.
        pairs: Scored pairs, or none.
        dtype: In what the model is stored.
        progress: Show progress bars on stderr.
    """
    step = -(-len(held) // COMPARED)
    vectors = encoder.encode(held[::step], progress=progress)
    rows = [
        row.ids
        for row in vocabulary.tokenizer().encode_batch_fast([encoder.prompt + s for s in held])
    ]
    tokens = sum(map(len, rows))
    unknown = sum(row.count(vocabulary.unknown) for row in rows if vocabulary.unknown is not None)
    parameters, megabytes = weigh(model, dtype)
    side = Side(
        pieces=len(vocabulary),
        parameters=parameters,
        megabytes=megabytes,
        tokens=tokens / len(rows),
        unknown=unknown / tokens,
        spearman=_correlate(encoder, pairs, progress=progress) if pairs else None,
    )
    return Snapshot(side=side, rows=rows, vectors=vectors)


def compare(before: Snapshot, after: Snapshot, kept: Sequence[int]) -> dict[str, float]:
    """What `TrimResult` says of the two: same, mean_cosine, least_cosine, drop.

    Args:
        before: The model as it was.
        after: The model with fewer pieces.
        kept: The old id of each new one.
    """
    same = sum(
        [kept[place] for place in new] == old
        for old, new in zip(before.rows, after.rows, strict=True)
    )
    cosines = np.sum(before.vectors * after.vectors, axis=1)
    scores = before.side.spearman, after.side.spearman
    return {
        "same": same / len(before.rows),
        "mean_cosine": float(cosines.mean()),
        "least_cosine": float(cosines.min()),
        "drop": 0.0 if scores[0] is None or scores[1] is None else scores[0] - scores[1],
    }


def pass_gate(result: TrimResult, limits: GateLimits) -> None:
    """Lets a cut through that is good enough.

    Raises:
        GateError: It is beyond the limits, or not a number.
    """
    if result.mean_cosine >= limits.min_cosine and result.drop <= limits.max_drop:
        return
    before, after = result.before, result.after
    scores = (
        ""
        if before.spearman is None or after.spearman is None
        else f", Spearman {before.spearman:.2f} -> {after.spearman:.2f}, a drop of "
        f"{result.drop:.2f} (limit {limits.max_drop:.2f})"
    )
    raise GateError(
        f"{result.source} with {after.pieces:,} pieces is not good enough and was not written",
        found=(
            f"mean cosine {result.mean_cosine:.5f} (limit {limits.min_cosine:.5f}), least "
            f"{result.least_cosine:.5f}{scores}, tokens a sentence {before.tokens:.1f} -> "
            f"{after.tokens:.1f}, {result.same:.1%} cut as before, unknown "
            f"{before.unknown:.2%} -> {after.unknown:.2%}"
        ),
        fix="more pieces, more text of the kind that it is for, or wider limits",
    )


def _correlate(encoder: SentenceEncoder, pairs: Sequence[ScoredPair], *, progress: bool) -> float:
    vectors = encoder.encode(
        [text for pair in pairs for text in (pair.sentence1, pair.sentence2)], progress=progress
    )
    gold = np.array([pair.score for pair in pairs])
    return 100 * correlations(vectors[::2], vectors[1::2], gold).cosine_spearman
