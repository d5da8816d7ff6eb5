"""Text to token ids, and token ids to batches that waste little on padding."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Ids: TypeAlias = NDArray[np.int64]

TOKENIZED_AT_ONCE = 8192
"""Sentences whose full encodings, much larger than their ids, are in memory together."""

TOKENS_PER_SENTENCE = 64
"""A batch holds at most `batch_size` times so many tokens, padding included."""


class Tokenizer(Protocol):
    """Text to token ids, special tokens included."""

    @property
    def pad_id(self) -> int:
        """The id that fills a batch up to its longest sentence."""
        ...

    def encode(self, texts: Sequence[str], max_tokens: int) -> tuple[list[list[int]], list[int]]:
        """Tokenises, cutting at the limit.

        Args:
            texts: Any texts, empty included.
            max_tokens: The limit, special tokens included.

        Returns:
            The ids of each text, and the indices of the texts that were cut.
        """
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """A padded batch as every engine takes it.

    Attributes:
        input_ids: int64, shape (sentences, longest), padded on the right.
        attention_mask: int64, the same shape, 1 for tokens and 0 for padding.
    """

    input_ids: Ids
    attention_mask: Ids


class JsonTokenizer:
    """A `tokenizer.json`, read by the tokenizers library; no transformers, no torch.

    Args:
        path: The file.
        pad_id: The id that fills up a batch.

    Raises:
        ModelError: The file is missing or not a tokenizer.
    """

    def __init__(self, path: Path, pad_id: int) -> None:
        from tokenizers import Tokenizer as Backend

        if not path.is_file():
            raise ModelError(
                f"the model has no tokenizer: {path} is missing",
                fix="copy or export the model folder again, whole",
            )
        try:
            self._backend = Backend.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise ModelError(
                f"{path} is not a tokenizer", found=str(error), fix="copy the model folder again"
            ) from error
        self._backend.no_padding()
        self._lock = threading.Lock()  # the limit is set on the tokenizer, not in the call
        self.pad_id = pad_id

    def encode(self, texts: Sequence[str], max_tokens: int) -> tuple[list[list[int]], list[int]]:
        """See `Tokenizer.encode`."""
        ids: list[list[int]] = []
        cut: list[int] = []
        for start in range(0, len(texts), TOKENIZED_AT_ONCE):
            with self._lock:
                self._backend.enable_truncation(max_tokens)
                some = self._backend.encode_batch_fast(
                    list(texts[start : start + TOKENIZED_AT_ONCE])
                )
            ids += [encoding.ids for encoding in some]
            cut += [start + i for i, encoding in enumerate(some) if encoding.overflowing]
        return ids, cut


def plan_batches(lengths: Sequence[int], batch_size: int) -> list[NDArray[np.intp]]:
    """Groups sentences of like length, longest first.

    Args:
        lengths: Tokens of each sentence.
        batch_size: Sentences in a batch at most. A batch also holds at most
            `batch_size * TOKENS_PER_SENTENCE` tokens, padding included, so that long
            documents need no more memory than sentences do.

    Returns:
        Arrays of indices into `lengths` that together hold each index once.

    Example:
        >>> [batch.tolist() for batch in plan_batches([3, 9, 4], 2)]
        [[1, 2], [0]]
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    budget = batch_size * TOKENS_PER_SENTENCE
    batches = []
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        size = max(1, min(batch_size, budget // longest))
        batches.append(order[start : start + size])
        start += size
    return batches


def pad(ids: Sequence[Sequence[int]], pad_id: int) -> Batch:
    """Pads token ids on the right to the longest of them.

    Args:
        ids: The ids of each sentence.
        pad_id: What to fill with.

    Returns:
        The batch with its attention mask.

    Example:
        >>> batch = pad([[5, 6], [7]], pad_id=1)
        >>> batch.input_ids.tolist(), batch.attention_mask.tolist()
        ([[5, 6], [7, 1]], [[1, 1], [1, 0]])
    """
    lengths = np.array([len(row) for row in ids])
    attention_mask = np.arange(lengths.max()) < lengths[:, None]
    input_ids = np.full(attention_mask.shape, pad_id, dtype=np.int64)
    input_ids[attention_mask] = np.concatenate([np.asarray(row, dtype=np.int64) for row in ids])
    return Batch(input_ids, attention_mask.astype(np.int64))
