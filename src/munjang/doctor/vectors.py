"""A quick run of a model on our own sentences: lengths, NaN, batches, twins."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from munjang.doctor.findings import Finding
from munjang.doctor.twins import TWINS
from munjang.encode.encoder import similarity

if TYPE_CHECKING:
    from munjang.encode.encoder import Encoder, Vectors

SENTENCES = tuple(chain.from_iterable(TWINS))

FEWEST_TWINS = 36
"""Of the 48 sentences. Measured: the shipped model finds 41 twins, its base with mean
pooling 42 and with cls pooling, which it was not trained for, 34."""

BROKEN_TWINS = 12
"""Measured: random weights find 0 to 2, a shuffled vocabulary 2."""

_SAME = 0.9999
"""Least mean cosine over all pairs from which vectors are one and the same."""

_UNIT = 1e-3
_ZERO = 1e-6
_ALONE = 6
_LEAST_COSINE = {"fp32": 0.9999, "other": 0.995}


@dataclass(frozen=True, slots=True)
class Probe:
    """What a model made of the sentences of `TWINS`.

    Attributes:
        twins: How many of them have their twin nearest, by cosine.
        finite: Whether all numbers are numbers.
        spread: The mean cosine of two different sentences.
        shortest: Length of the shortest vector, as the model gives them.
        longest: Length of the longest.
        alone: Least cosine of a sentence's vector by itself with that in a batch.
        speed: Sentences a second, in batches of 32.
    """

    twins: int
    finite: bool
    spread: float
    shortest: float
    longest: float
    alone: float
    speed: float


def probe(encoder: Encoder) -> Probe:
    """Runs a model on `TWINS`; a second or less with the shipped model.

    Example:
        >>> import munjang
        >>> probe(munjang.load()).finite
        True
    """
    encoder.encode(SENTENCES, normalize=False)  # the first run makes the kernels
    begin = time.perf_counter()
    vectors = encoder.encode(SENTENCES, normalize=False)
    seconds = time.perf_counter() - begin
    single = np.concatenate(
        [encoder.encode([text], normalize=False) for text in SENTENCES[:_ALONE]]
    )
    finite = bool(np.isfinite(vectors).all() and np.isfinite(single).all())
    lengths = np.linalg.norm(np.concatenate([vectors, single]), axis=1)
    cosines = similarity(vectors, vectors)
    others = ~np.eye(len(vectors), dtype=bool)
    return Probe(
        twins=count_twins(cosines),
        finite=finite,
        spread=float(cosines[others].mean()),
        shortest=float(lengths.min()),
        longest=float(lengths.max()),
        alone=float(np.diag(similarity(vectors[:_ALONE], single)).min()),
        speed=len(SENTENCES) / seconds,
    )


def count_twins(cosines: Vectors) -> int:
    """Counts the sentences whose nearest other one is their twin.

    Args:
        cosines: Shape (n, n), twins side by side.

    Example:
        >>> import numpy as np
        >>> count_twins(np.array([[1.0, 0.9], [0.9, 1.0]], dtype=np.float32))
        2
    """
    apart = np.where(np.eye(len(cosines), dtype=bool), -np.inf, cosines)
    return int((apart.argmax(axis=1) == np.arange(len(cosines)) ^ 1).sum())


def examine_vectors(encoder: Encoder, *, engine: str, declared_unit: bool) -> list[Finding]:
    """Runs a model and judges its vectors.

    Args:
        encoder: The model.
        engine: What runs it, and in which precision.
        declared_unit: Whether it says that its vectors have length 1.
    """
    try:
        seen = probe(encoder)
    except Exception as error:  # an engine's errors share no base class
        lines = str(error).strip().splitlines() or [type(error).__name__]
        fix = "copy or export the model folder again; if it stays, its files do not fit together"
        return [Finding("model", "run", "problem", f"it does not run: {lines[0]}", fix)]
    running = Finding(
        "model",
        "engine",
        "ok",
        f"{engine}, about {_round(seen.speed):,} short sentences a second here",
        values={"engine": engine, "sentences_per_second": round(seen.speed, 1)},
    )
    useless = examine_use(seen)
    if useless is not None:
        return [running, useless]
    return [
        running,
        examine_lengths(seen, declared_unit=declared_unit),
        examine_batches(seen, precision=engine),
        examine_twins(seen),
    ]


def examine_use(seen: Probe) -> Finding | None:
    """Finds vectors that nothing can be done with: zeros, NaN, one and the same."""
    values: dict[str, float] = {}
    if seen.shortest < _ZERO:
        detail = "a sentence got a vector of zeros"
        fix = "copy the weights again, or see the server's log: such a sentence finds nothing"
        values = {"shortest": seen.shortest}
    elif not seen.finite:
        detail = "some are NaN or infinite"
        fix = "the weights are damaged or overflow in half precision: copy them again, or fp32"
    elif seen.spread > _SAME:
        detail = f"every sentence has the same one (mean cosine {seen.spread:.5f})"
        fix = "the weights are damaged, or pooling takes a token that is the same for all texts"
        values = {"mean_cosine": seen.spread}
    else:
        return None
    return Finding("model", "vectors", "problem", detail, fix, values)


def examine_lengths(seen: Probe, *, declared_unit: bool) -> Finding:
    """Compares the lengths of the vectors with what the model declares."""
    unit = max(abs(seen.shortest - 1), abs(seen.longest - 1)) < _UNIT
    values = {"shortest": round(seen.shortest, 4), "longest": round(seen.longest, 4), "unit": unit}
    measured = "1" if unit else f"{seen.shortest:.2f} to {seen.longest:.2f}"
    if declared_unit and not unit:
        return Finding(
            "model",
            "length of vectors",
            "warning",
            f"{measured}, although it declares that they are normalised",
            "export the model again; encode() normalises unless told otherwise",
            values,
        )
    if unit:
        how = "normalised" if declared_unit else "normalised, although it does not declare it"
        return Finding("model", "length of vectors", "ok", f"1: {how}", values=values)
    return Finding(
        "model",
        "length of vectors",
        "ok",
        f"{measured}: not normalised; encode() does it unless normalize=False",
        values=values,
    )


def examine_batches(seen: Probe, *, precision: str) -> Finding:
    """Says whether a sentence has the same vector whatever it is batched with."""
    least = _LEAST_COSINE["fp32" if "fp32" in precision else "other"]
    detail = f"cosine {seen.alone:.5f} of a sentence alone with itself in a batch"
    values = {"cosine": seen.alone}
    if seen.alone < least:
        fix = "padding is not masked: check pad_token_id and the attention mask, or encode singly"
        return Finding("model", "batches", "warning", detail, fix, values)
    return Finding("model", "batches", "ok", detail, values=values)


def examine_twins(seen: Probe) -> Finding:
    """Judges how many sentences have their twin nearest."""
    detail = (
        f"{seen.twins} of {len(SENTENCES)} sentences find their paraphrase nearest "
        f"(mean cosine of strangers {seen.spread:.2f})"
    )
    values = {"twins": seen.twins, "sentences": len(SENTENCES), "mean_cosine": seen.spread}
    if seen.twins < BROKEN_TWINS:
        fix = "another model's tokenizer, weights that were never loaded, or no Korean in training"
        return Finding("model", "meaning", "problem", detail, fix, values)
    if seen.twins < FEWEST_TWINS:
        fix = (
            "wrong pooling or prompt, or not trained for sentences: compare --pooling mean and "
            "cls, read its card, `munjang evaluate`"
        )
        return Finding("model", "meaning", "warning", detail, fix, values)
    return Finding("model", "meaning", "ok", detail, values=values)


def _round(speed: float) -> int:
    """Two digits say all that a moment's measurement knows."""
    return int(float(f"{speed:.2g}"))
