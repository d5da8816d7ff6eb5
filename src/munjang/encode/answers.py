"""The answers of OpenAI's embeddings API, checked before a vector of them is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from munjang.encode.encoder import Vectors


def read_vectors(answer: object, count: int) -> Vectors:
    """Reads the vectors of an answer, in the order of the texts, whatever order it has.

    Args:
        answer: The JSON of an embeddings answer.
        count: How many texts were sent.

    Returns:
        float32, shape (count, dim).

    Raises:
        ValueError: An index is missing, double or wrong, or a vector is not numbers,
            not finite, all zeros (as no text that was sent may have it), or of another
            dimension than the first.
    """
    items = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError('no list of objects under "data"')
    by_index: dict[int, Any] = {}
    for item in items:
        index = item.get("index")
        if type(index) is not int or not 0 <= index < count:
            raise ValueError(f"the index {index!r} for {count} texts")
        if index in by_index:
            raise ValueError(f"the index {index} twice")
        by_index[index] = item.get("embedding")
    missing = next((index for index in range(count) if index not in by_index), None)
    if missing is not None:
        raise ValueError(f"{len(items)} vectors for {count} texts, none with the index {missing}")
    return np.stack(_read_rows([by_index[index] for index in range(count)]))


def _read_rows(embeddings: list[Any]) -> list[Vectors]:
    rows: list[Vectors] = []
    for index, embedding in enumerate(embeddings):
        if not isinstance(embedding, list) or not embedding:
            raise ValueError(f"the embedding {index} is {type(embedding).__name__}, not numbers")
        try:
            with np.errstate(over="ignore"):
                row = np.asarray(embedding, dtype=np.float32)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"the embedding {index} is not a list of numbers") from None
        if row.ndim != 1 or not np.isfinite(row).all():
            raise ValueError(f"the embedding {index} holds what is not a finite number")
        if not row.any():
            raise ValueError(f"the embedding {index} is all zeros")
        if rows and len(row) != len(rows[0]):
            raise ValueError(f"vectors of {len(row)} dimensions among some of {len(rows[0])}")
        rows.append(row)
    return rows
