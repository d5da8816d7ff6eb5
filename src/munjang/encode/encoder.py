"""What everything above sees of a model: the `Encoder` protocol and its result types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from munjang.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

Vectors: TypeAlias = NDArray[np.float32]
"""Sentence vectors, float32, shape (number of sentences, dimension)."""


@runtime_checkable
class Encoder(Protocol):
    """Anything that turns sentences into vectors."""

    @property
    def name(self) -> str:
        """What tables and reports call this encoder."""
        ...

    @property
    def dim(self) -> int:
        """The dimension of a vector before any `truncate_dim`."""
        ...

    def encode(
        self,
        sentences: Sequence[str],
        *,
        batch_size: int = 32,
        normalize: bool = True,
        truncate_dim: int | None = None,
        progress: bool = False,
    ) -> Vectors:
        """Turns sentences into vectors.

        Args:
            sentences: The texts; any length, empty included.
            batch_size: How many sentences at most go through the model at once.
            normalize: True for unit length, so that dot product is cosine; False for
                the vectors as the model gives them.
            truncate_dim: Keep only the first so many dimensions (cut first, then
                normalised), for models trained for it.
            progress: Show a progress bar on stderr.

        Returns:
            float32, shape (len(sentences), truncate_dim or dim), in the order given.

        Raises:
            InputError: A sentence is not a string, or an argument is out of range.
        """
        ...
