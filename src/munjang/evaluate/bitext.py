"""Bitext: is a sentence's nearest neighbour in the other language its translation?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from munjang.evaluate.outcome import conclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.data.rows import Pair
    from munjang.encode.encoder import Vectors
    from munjang.evaluate.outcome import Measurement
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.sts import Floats
    from munjang.evaluate.vectors import VectorStore


def measure_bitext(store: VectorStore, pairs: Sequence[Pair], measured: Measurement) -> TaskResult:
    """Looks for each sentence's translation among all sentences of the other language.

    Plain cosine, both directions; the score is the mean of the two accuracies. A
    neighbour with the very text of the translation is right, whichever row it stands in.

    Args:
        store: The model's vectors.
        pairs: Korean sentences (anchor) and their English translations (positive).
        measured: What to call it.

    Returns:
        The result, with "ko-en" and "en-ko" beside their mean, "accuracy".

    Raises:
        ModelError: The model's vectors cannot be used.
    """
    korean = [pair.anchor for pair in pairs]
    english = [pair.positive for pair in pairs]
    ko, en = store.unit(korean), store.unit(english)
    there, back = _found(ko, en, english), _found(en, ko, korean)
    return conclude(
        store.name,
        "bitext",
        {"value": (there + back) / 2},
        measured,
        content=[(pair.anchor, pair.positive) for pair in pairs],
        scores={"ko-en": float(there.mean()), "en-ko": float(back.mean())},
    )


def _found(queries: Vectors, others: Vectors, texts: Sequence[str]) -> Floats:
    """1 for each query whose nearest text among the others is that of its own row."""
    nearest = (queries @ others.T).argmax(axis=1)
    return np.array(
        [texts[row] == texts[near] for row, near in enumerate(nearest)], dtype=np.float64
    )
