"""A query against vectors in memory: exact cosine search, no index to train."""

from __future__ import annotations

import operator
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from munjang.encode.adapt import as_encoder
from munjang.encode.encoder import check_sentences
from munjang.errors import InputError, MunjangWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from munjang.encode.encoder import Encoder, Vectors


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of the corpus that answers a query.

    Attributes:
        index: The row in the corpus, from 0.
        text: The text of that row.
        score: The cosine of query and row, in [-1, 1].
    """

    index: int
    text: str
    score: float


class Index:
    """A corpus in memory, ready for queries: `len`, `[]`, `in` and iteration see its texts.

    Args:
        texts: The corpus; duplicates are kept as rows of their own.
        vectors: A number a cell, shape (len(texts), dimension). A float32 copy scaled
            to unit length is kept; a row of zeros has cosine 0 with everything.
        encoder: What made the vectors: an `Encoder`, or what `munjang.as_encoder` makes
            one of; needed by `search`, not by `search_vectors`.

    Raises:
        InputError: The corpus is empty, a text is not a string, the vectors do not fit
            the texts or are not finite, or the encoder is nothing that encodes.

    Example:
        >>> index = Index(["비가 온다", "밥을 먹는다"], [[0.0, 2.0], [3.0, 0.0]])
        >>> index
        Index(rows=2, dim=2, model=None)
        >>> index.search_vectors([[1.0, 0.0]], k=1)
        [[Hit(index=1, text='밥을 먹는다', score=1.0)]]
    """

    def __init__(
        self, texts: Sequence[str], vectors: ArrayLike, *, encoder: Encoder | None = None
    ) -> None:
        self.texts = _check_corpus(texts)
        self.vectors = unit_vectors(vectors)
        self.encoder = None if encoder is None else as_encoder(encoder)
        if len(self.vectors) != len(self.texts):
            raise InputError(
                "every text of the corpus needs one vector",
                found=f"{len(self.texts)} texts and {len(self.vectors)} vectors",
            )

    @classmethod
    def build(
        cls,
        encoder: Encoder,
        texts: Sequence[str],
        *,
        batch_size: int = 32,
        progress: bool = False,
    ) -> Index:
        """Encodes a corpus, each distinct text once, and indexes it.

        Args:
            encoder: The model, also used for the queries later: an `Encoder`, or what
                `munjang.as_encoder` makes one of.
            texts: The corpus.
            batch_size: How many sentences at most go through the model at once.
            progress: Show a progress bar on stderr.

        Returns:
            The index over `texts`.

        Raises:
            InputError: The corpus is empty, a text is not a string, or the encoder is
                nothing that encodes.
        """
        model = as_encoder(encoder)
        corpus = _check_corpus(texts)
        vectors = encode_texts(model, corpus, batch_size=batch_size, progress=progress)
        return cls(corpus, vectors, encoder=model)

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> str:
        return self.texts[row]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __repr__(self) -> str:
        model = self.encoder.name if self.encoder else None
        return f"Index(rows={len(self)}, dim={self.dim}, model={model!r})"

    def search(
        self,
        queries: Sequence[str],
        *,
        k: int = 5,
        batch_size: int = 32,
        progress: bool = False,
    ) -> list[list[Hit]]:
        """Finds the texts closest in meaning to each query.

        Args:
            queries: The questions; none gives an empty list.
            k: How many hits a query gets; above the corpus size, all rows and a warning.
            batch_size: How many queries at most go through the model at once.
            progress: Show a progress bar on stderr while the queries are encoded.

        Returns:
            For each query its hits, best first; equal scores in the order of the corpus.

        Raises:
            InputError: `k` is below 1, a query is not a string, or the index was made
                without an encoder.
        """
        asked = check_sentences(queries, name="queries")
        check_k(k)
        if self.encoder is None:
            raise InputError(
                "this index has no encoder for the queries",
                fix="Index.build(encoder, texts), or search_vectors with ready vectors",
            )
        if not asked:
            return []
        vectors = encode_texts(self.encoder, asked, batch_size=batch_size, progress=progress)
        return self.search_vectors(vectors, k=k)

    def search_vectors(self, query_vectors: ArrayLike, *, k: int = 5) -> list[list[Hit]]:
        """Finds the rows closest to each query vector.

        Args:
            query_vectors: Shape (number of queries, dimension), of any length (norm).
            k: How many hits a query gets; above the corpus size, all rows and a warning.

        Returns:
            For each query its hits, best first; equal scores in the order of the corpus.

        Raises:
            InputError: `k` is below 1, or the vectors are not finite or of another
                dimension than the corpus.
        """
        check_k(k)
        queries = unit_vectors(query_vectors)
        if queries.shape[1] != self.dim:
            raise InputError(
                f"the corpus has vectors of dimension {self.dim}",
                found=f"queries of dimension {queries.shape[1]}",
                fix="encode queries and corpus with the same model and truncate_dim",
            )
        if k > len(self):
            warnings.warn(
                f"{k} hits were asked for, but the corpus has {len(self)} rows: giving all",
                MunjangWarning,
                stacklevel=2,
            )
        scores, rows = top_rows(queries, self.vectors, k=min(k, len(self)))
        return [
            [Hit(row, self.texts[row], score) for row, score in zip(near, values, strict=True)]
            for near, values in zip(rows.tolist(), scores.tolist(), strict=True)
        ]


def search_texts(
    encoder: Encoder,
    queries: Sequence[str],
    texts: Sequence[str],
    *,
    k: int = 5,
    batch_size: int = 32,
    progress: bool = False,
) -> list[list[Hit]]:
    """Finds, for each query, the texts closest in meaning: the whole search in one go.

    For several rounds of queries over one corpus, build an `Index` once.

    Args:
        encoder: The model for queries and texts: an `Encoder`, or what
            `munjang.as_encoder` makes one of.
        queries: The questions; none gives an empty list.
        texts: The corpus.
        k: How many hits a query gets; above the corpus size, all rows and a warning.
        batch_size: How many sentences at most go through the model at once.
        progress: Show a progress bar on stderr.

    Returns:
        For each query its hits, best first; equal scores in the order of the corpus.

    Raises:
        InputError: `k` is below 1, the corpus is empty, a text is not a string, or the
            encoder is nothing that encodes.
    """
    model = as_encoder(encoder)
    asked = check_sentences(queries, name="queries")
    check_k(k)
    corpus = _check_corpus(texts)
    if not asked:
        return []
    index = Index.build(model, corpus, batch_size=batch_size, progress=progress)
    return index.search(asked, k=k, batch_size=batch_size, progress=progress)


def top_rows(
    queries: Vectors,
    corpus: Vectors,
    *,
    k: int,
    query_chunk: int = 256,
    corpus_chunk: int = 8192,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Finds the `k` rows of highest cosine for each query, in bounded memory.

    A float32 matrix product per chunk finds the candidates. Its last digits depend on
    where in the chunk a row stands, so the candidates within its rounding error are
    scored again in float64: equal rows score equally, whatever the chunks.

    Args:
        queries: Unit vectors, float32, shape (number of queries, dimension).
        corpus: Unit vectors, float32, shape (rows, dimension).
        k: How many rows a query gets, from 1 to the number of rows.
        query_chunk: How many queries are multiplied at once.
        corpus_chunk: How many rows are multiplied at once.

    Returns:
        Cosines (float32) and row numbers, both of shape (number of queries, k), best
        first, equal cosines by row.
    """
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    rows = np.zeros((len(queries), k), dtype=np.int64)
    # Twice the error bound of a float32 dot product of unit vectors, and a little more.
    margin = np.float32((queries.shape[1] + 4) * np.finfo(np.float32).eps)
    for first in range(0, len(queries), query_chunk):
        some = queries[first : first + query_chunk]
        for start in range(0, len(corpus), corpus_chunk):
            chunk = corpus[start : start + corpus_chunk]
            for at, rough in enumerate(some @ chunk.T, start=first):
                near = _candidates(rough, floor=scores[at, -1] - margin, k=k, margin=margin)
                if near.size:
                    exact = _cosines(queries[at], chunk[near])
                    _keep_best(scores[at], rows[at], exact, near + start)
    return scores, rows


def unit_vectors(vectors: ArrayLike) -> Vectors:
    """Checks vectors and scales a float32 copy of them to unit length.

    Args:
        vectors: A number a cell, shape (rows, dimension).

    Returns:
        float32, the same shape; rows of zeros stay zero.

    Raises:
        InputError: The array is not numeric or not two-dimensional, or holds NaN, an
            infinity or a number beyond float32.

    Example:
        >>> unit_vectors([[3, 4], [0, 0]]).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    try:
        raw = np.asarray(vectors)
    except ValueError as error:
        raise InputError("vectors must all have the same dimension") from error
    if raw.dtype.kind not in "fiu" or raw.ndim != 2 or raw.shape[1] == 0:
        raise InputError(
            "vectors must be numbers of shape (rows, dimension)",
            found=f"{raw.dtype} of shape {raw.shape}",
            fix="a single vector v is the array v[None, :]",
        )
    with np.errstate(over="ignore"):
        array = raw.astype(np.float32, copy=False)
    norms = np.sqrt(np.einsum("nd,nd->n", array, array, dtype=np.float64))
    bad = np.flatnonzero(~np.isfinite(norms))
    if bad.size:
        raise InputError(
            f"vector {bad[0]} is not finite",
            found=f"NaN or an infinity in {bad.size} of {len(array)} vectors",
        )
    norms[norms == 0] = 1
    unit = np.empty(array.shape, dtype=np.float32)
    np.divide(array, norms[:, None], out=unit, casting="same_kind")
    return unit


def encode_texts(
    encoder: Encoder, texts: Sequence[str], *, batch_size: int = 32, progress: bool = False
) -> Vectors:
    """Encodes texts, each distinct one once.

    Args:
        encoder: The model: an `Encoder`, or what `munjang.as_encoder` makes one of.
        texts: The texts, in any number of copies.
        batch_size: How many sentences at most go through the model at once.
        progress: Show a progress bar on stderr.

    Returns:
        Unit vectors, shape (len(texts), dimension); equal texts have equal vectors.
    """
    distinct: dict[str, int] = {}
    places = [distinct.setdefault(text, len(distinct)) for text in texts]
    model = as_encoder(encoder)
    vectors = model.encode(list(distinct), batch_size=batch_size, progress=progress)
    return vectors if len(distinct) == len(places) else vectors[places]


def check_k(k: int) -> None:
    """Checks that `k` is a whole number of at least 1.

    Raises:
        InputError: It is not.
    """
    try:
        fine = operator.index(k) >= 1 and not isinstance(k, bool)
    except TypeError:
        fine = False
    if not fine:
        raise InputError("k must be a whole number of at least 1", found=repr(k))


def _check_corpus(texts: Sequence[str]) -> list[str]:
    corpus = check_sentences(texts, name="texts")
    if not corpus:
        raise InputError("the corpus is empty", found="0 texts", fix="give at least one text")
    return corpus


def _candidates(
    rough: NDArray[np.float32], *, floor: np.float32, k: int, margin: np.float32
) -> NDArray[np.intp]:
    """The places in a chunk whose rough cosine may be among the best `k` so far."""
    near = np.flatnonzero(rough >= floor)
    if near.size > k:
        values = rough[near]
        near = near[values >= np.partition(values, -k)[-k] - margin]
    return near


def _cosines(query: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosines, from float64 sums whose order does not depend on the row's place."""
    cosines: NDArray[np.float64] = np.multiply(rows, query, dtype=np.float64).sum(axis=1)
    return cosines.clip(-1, 1).astype(np.float32)


def _keep_best(
    scores: NDArray[np.float32],
    rows: NDArray[np.int64],
    new_scores: NDArray[np.float32],
    new_rows: NDArray[np.intp],
) -> None:
    """Merges new rows into a query's best ones, in place."""
    all_scores = np.concatenate([scores, new_scores])
    all_rows = np.concatenate([rows, new_rows])
    best = np.lexsort((all_rows, -all_scores))[: len(scores)]
    scores[:], rows[:] = all_scores[best], all_rows[best]
