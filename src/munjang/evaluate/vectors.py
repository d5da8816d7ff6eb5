"""An encoder's vectors, checked, and kept so that a suite encodes every sentence once."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.encode.adapt import as_encoder
from munjang.encode.encoder import check_sentences, unit_length
from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.encode.encoder import Encoder, Vectors

_MOST_SHOWN = 40
_ALIKE = 1e-4
_TINY = 1e-30
_BROKEN = "use the model in fp32, or see whether its weights are whole and its pooling is right"


class VectorStore:
    """An encoder's vectors, kept by their texts, so that a suite encodes a sentence once.

    Texts are known by a digest and are not held; vectors lie in one float32 matrix.

    Args:
        encoder: The model: an `Encoder`, or what `munjang.as_encoder` makes one of.
        batch_size: How many sentences go through it at once.
        progress: Show its progress bar on stderr.

    Raises:
        InputError: It is nothing that encodes, such as the name of a model.

    Attributes:
        encoded: Sentences encoded so far; a sentence that was not kept counts each time.
        seconds: Seconds that encoding them took.
        zeros: How many of them got a vector of zeros.

    Example:
        >>> import munjang
        >>> store = VectorStore(munjang.load())
        >>> store.vectors(["비가 온다.", "눈이 온다.", "비가 온다."]).shape
        (3, 384)
        >>> store.unit(["눈이 온다."]).shape, store.encoded
        ((1, 384), 2)
    """

    def __init__(self, encoder: Encoder, *, batch_size: int = 32, progress: bool = False) -> None:
        self._encoder = as_encoder(encoder)
        self._batch_size, self._progress = batch_size, progress
        self.encoded, self.zeros, self.seconds = 0, 0, 0.0
        self._rows: dict[bytes, int] = {}
        self._matrix: Vectors = np.empty((0, 0), dtype=np.float32)
        self._dim: int | None = None
        self._first: tuple[str, Vectors] | None = None
        self._varied = False

    def __repr__(self) -> str:
        return f"VectorStore({self.name!r}, kept={len(self._rows)}, encoded={self.encoded})"

    @property
    def encoder(self) -> Encoder:
        """The model."""
        return self._encoder

    @property
    def name(self) -> str:
        """What tables call the model."""
        return self._encoder.name

    def vectors(self, sentences: Sequence[str], *, keep: bool = True) -> Vectors:
        """The vectors of sentences as the model gives them, each encoded at most once.

        Args:
            sentences: The texts.
            keep: Keep what had to be encoded for later calls; False for texts that are
                too many to keep and come only once.

        Returns:
            A new float32 array, shape (len(sentences), dim), in the order given.

        Raises:
            InputError: A sentence is not a string.
            ModelError: The encoder gave something else than one finite vector a sentence
                of the dimension that it gave before, or different sentences all alike.
        """
        texts = check_sentences(sentences)
        keys = [_digest(text) for text in texts]
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows
        }
        fresh = self._encode(list(missing.values())) if missing else None
        if fresh is None:
            return self._take([self._rows[key] for key in keys])
        if keep:
            self._add(list(missing), fresh)
            return self._take([self._rows[key] for key in keys])
        where = {key: row for row, key in enumerate(missing)}
        found = np.empty((len(texts), fresh.shape[1]), dtype=np.float32)
        for row, key in enumerate(keys):
            kept = self._rows.get(key)
            found[row] = fresh[where[key]] if kept is None else self._matrix[kept]
        return found

    def unit(self, sentences: Sequence[str], *, keep: bool = True) -> Vectors:
        """The same at unit length, so that dot product is cosine; zeros stay zeros."""
        return unit_length(self.vectors(sentences, keep=keep))

    def _take(self, rows: list[int]) -> Vectors:
        if not rows and self._dim is None:
            return np.empty((0, self._encoder.dim), dtype=np.float32)
        return self._matrix[rows].reshape(len(rows), self._dim or 0)

    def _add(self, keys: list[bytes], fresh: Vectors) -> None:
        used = len(self._rows)
        needed = used + len(keys)
        if needed > len(self._matrix):
            grown = np.empty((max(needed, 2 * used), fresh.shape[1]), dtype=np.float32)
            if used:
                grown[:used] = self._matrix[:used]
            self._matrix = grown
        self._matrix[used:needed] = fresh
        self._rows.update(zip(keys, range(used, needed), strict=True))

    def _encode(self, texts: list[str]) -> Vectors:
        start = time.perf_counter()
        given = self._encoder.encode(
            texts, batch_size=self._batch_size, normalize=False, progress=self._progress
        )
        seconds = time.perf_counter() - start
        vectors = self._check(texts, given)
        self._check_varied(texts, vectors)
        self.seconds += seconds
        self.encoded += len(texts)
        self.zeros += int((~vectors.any(axis=1)).sum())
        return vectors

    def _check(self, texts: list[str], given: Any) -> Vectors:  # noqa: ANN401 - not yet known
        """What an encoder gave, once it is one finite float32 vector a text."""
        try:
            with np.errstate(over="ignore"):
                vectors: Vectors = np.asarray(given, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"the encoder {self.name} did not give an array of numbers",
                found=f"{type(given).__name__}: {error}",
                fix="its encode has to return a NumPy array",
            ) from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.shape[1]:
            raise ModelError(
                f"the encoder {self.name} did not give one vector a sentence",
                found=f"shape {vectors.shape} for {len(texts)} sentences "
                f"from {_shorten(texts[0])} on",
                fix="it has to return the shape (number of sentences, dimension)",
            )
        if self._dim not in (None, vectors.shape[1]):
            raise ModelError(
                f"the encoder {self.name} changed the dimension of its vectors",
                found=f"{vectors.shape[1]} for {_shorten(texts[0])}, {self._dim} before",
                fix="measure each dimension by itself",
            )
        wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(wrong):
            raise ModelError(
                f"the encoder {self.name} gave NaN or infinity",
                found=f"{len(wrong)} of {len(texts)} sentences, first {_shorten(texts[wrong[0]])}",
                fix=_BROKEN,
            )
        self._dim = vectors.shape[1]
        return vectors

    def _check_varied(self, texts: list[str], vectors: Vectors) -> None:
        """Refuses a model that gave nothing but one vector since it was first asked."""
        if self._varied:
            return
        if self._first is None:
            self._first = texts[0], vectors[0].copy()
        text, first = self._first
        limit = _ALIKE * max(float(np.abs(first).max()), _TINY)
        if np.abs(vectors - first).max() > limit:
            self._varied = True
            return
        other = next((other for other in texts if _fold(other) != _fold(text)), None)
        if other is not None:
            raise ModelError(
                f"the encoder {self.name} gave different sentences the same vector",
                found=f"{_shorten(text)} and {_shorten(other)}",
                fix=_BROKEN,
            )


def store_of(
    encoder: Encoder | VectorStore, *, batch_size: int = 32, progress: bool = False
) -> VectorStore:
    """The store itself, or a new one of an encoder; arguments as `VectorStore`."""
    if isinstance(encoder, VectorStore):
        return encoder
    return VectorStore(encoder, batch_size=batch_size, progress=progress)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _fold(text: str) -> str:
    """A text without what a tokenizer may rightly ignore."""
    return "".join(text.split()).casefold()


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…")
