"""What everything above sees of a model: the `Encoder` protocol, and the one class behind it."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from munjang.encode.tokens import Tokenizer, pad, plan_batches
from munjang.errors import InputError, MunjangWarning
from munjang.korean.normalize import replace_surrogates, to_nfc
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from munjang.encode.engines import Engine

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


@dataclass(frozen=True, slots=True)
class EncodeReport:
    """What happened to the sentences on their way through the model.

    Attributes:
        sentences: How many there were.
        tokens: Tokens that went through the model, special tokens included, padding not.
        cut: Indices of the sentences that were longer than the limit and lost their end.
        empty: Indices of the sentences that held nothing but white space.
        repaired: Indices of the sentences with lone surrogates, replaced by U+FFFD.
        max_tokens: The limit that `cut` speaks of.
    """

    sentences: int
    tokens: int
    cut: tuple[int, ...]
    empty: tuple[int, ...]
    repaired: tuple[int, ...]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """Vectors, and the report on how they came about.

    Attributes:
        vectors: float32, shape (n, dim).
        report: Counts of tokens, cut, empty and repaired sentences.
    """

    vectors: Vectors
    report: EncodeReport


class SentenceEncoder:
    """A tokenizer and an engine that together turn Korean sentences into vectors.

    Made by `munjang.load`; satisfies `Encoder`.

    Args:
        name: What tables and reports call it.
        tokenizer: Text to token ids.
        engine: Token ids to pooled vectors.
        max_tokens: Longer sentences are cut here, special tokens included.
        prompt: Put before every sentence, as models of the E5 family want it.
        nfc: Compose decomposed Hangul before tokenising.

    Example:
        >>> import munjang
        >>> encoder = munjang.load()
        >>> vectors = encoder.encode(["비가 온다.", "비가 내린다.", "점심을 먹었다."])
        >>> vectors.shape, str(vectors.dtype)
        ((3, 384), 'float32')
        >>> alike = encoder.similarity(vectors, vectors)
        >>> bool(alike[0, 1] > alike[0, 2])
        True
    """

    def __init__(
        self,
        name: str,
        tokenizer: Tokenizer,
        engine: Engine,
        *,
        max_tokens: int,
        prompt: str = "",
        nfc: bool = True,
    ) -> None:
        self.name = name
        self.max_tokens = max_tokens
        self.prompt = prompt
        self.nfc = nfc
        self.tokenizer = tokenizer
        self.engine = engine

    def __repr__(self) -> str:
        prompt = f", prompt={self.prompt!r}" if self.prompt else ""
        nfc = "" if self.nfc else ", nfc=False"
        return (
            f"SentenceEncoder({self.name!r}, engine={self.engine!r}, dim={self.dim}, "
            f"max_tokens={self.max_tokens}{prompt}{nfc})"
        )

    @property
    def dim(self) -> int:
        """The dimension of a vector before any `truncate_dim`."""
        return self.engine.dim

    def encode(
        self,
        sentences: Sequence[str],
        *,
        batch_size: int = 32,
        normalize: bool = True,
        truncate_dim: int | None = None,
        progress: bool = False,
    ) -> Vectors:
        """Turns sentences into vectors; see `Encoder.encode` for the contract.

        A sentence has the same vector whatever it is batched with: within 1e-5 in fp32,
        with a cosine of at least 0.997 in int8, where rounding depends on the batch's
        shape. Warns once a call (`MunjangWarning`) when sentences were cut at `max_tokens`.

        Example:
            >>> import munjang
            >>> munjang.load().encode([]).shape
            (0, 384)
        """
        encoded = self._encode(sentences, batch_size, normalize, truncate_dim, progress)
        _warn_of_changes(encoded.report)
        return encoded.vectors

    def encode_with_report(
        self,
        sentences: Sequence[str],
        *,
        batch_size: int = 32,
        normalize: bool = True,
        truncate_dim: int | None = None,
        progress: bool = False,
    ) -> Encoded:
        """Like `encode`, and tells what was cut, empty or repaired.

        Example:
            >>> import munjang
            >>> encoded = munjang.load().encode_with_report(["안녕하세요", "  "])
            >>> encoded.report.empty
            (1,)
        """
        encoded = self._encode(sentences, batch_size, normalize, truncate_dim, progress)
        _warn_of_changes(encoded.report)
        return encoded

    def stream(
        self,
        sentences: Iterable[str],
        *,
        chunk_size: int = 4096,
        batch_size: int = 32,
        normalize: bool = True,
        truncate_dim: int | None = None,
    ) -> Iterator[Encoded]:
        """Encodes any iterable, however long, holding one chunk of it at a time.

        Args:
            sentences: The texts, such as an open file's lines.
            chunk_size: Sentences read, sorted by length and encoded together.
            batch_size: As in `encode`.
            normalize: As in `encode`.
            truncate_dim: As in `encode`.

        Returns:
            An iterator with one `Encoded` a chunk, in order; indices in its report and in
            errors count from the start of the stream. It warns once of cut sentences.

        Raises:
            InputError: An argument is out of range; a sentence is not a string (once the
                iterator has come to it).

        Example:
            >>> import munjang
            >>> lines = (f"{n}번째 문장입니다." for n in range(10))
            >>> chunks = munjang.load().stream(lines, chunk_size=4)
            >>> [len(chunk.vectors) for chunk in chunks]
            [4, 4, 2]
        """
        if chunk_size < 1:
            raise InputError("chunk_size must be at least 1", found=str(chunk_size))
        self._check_arguments(batch_size, truncate_dim)
        source = _iterate(sentences, "sentences")
        return self._stream(source, chunk_size, batch_size, normalize, truncate_dim)

    def similarity(self, a: Vectors, b: Vectors) -> Vectors:
        """The cosine of every row of `a` with every row of `b`; see `similarity`."""
        return similarity(a, b)

    def _stream(
        self,
        source: Iterator[str],
        chunk_size: int,
        batch_size: int,
        normalize: bool,
        truncate_dim: int | None,
    ) -> Iterator[Encoded]:
        start, told = 0, set[str]()
        while chunk := list(itertools.islice(source, chunk_size)):
            encoded = self._encode(chunk, batch_size, normalize, truncate_dim, False, start)
            _warn_of_changes(encoded.report, told)
            yield encoded
            start += len(chunk)

    def _check_arguments(self, batch_size: int, truncate_dim: int | None) -> None:
        if batch_size < 1:
            raise InputError("batch_size must be at least 1", found=str(batch_size))
        if truncate_dim is not None and not 1 <= truncate_dim <= self.dim:
            raise InputError(
                "truncate_dim is out of range",
                found=str(truncate_dim),
                fix=f"1 to {self.dim} for this model",
            )

    def _encode(
        self,
        sentences: Sequence[str],
        batch_size: int,
        normalize: bool,
        truncate_dim: int | None,
        progress: bool,
        start: int = 0,
    ) -> Encoded:
        self._check_arguments(batch_size, truncate_dim)
        dim = truncate_dim or self.dim
        texts = check_sentences(sentences, start=start)
        clean = [replace_surrogates(text) for text in texts]
        ready = [self.prompt + (to_nfc(text) if self.nfc else text) for text in clean]
        ids, cut = self.tokenizer.encode(ready, self.max_tokens)
        report = EncodeReport(
            sentences=len(texts),
            tokens=sum(map(len, ids)),
            cut=tuple(start + i for i in cut),
            empty=tuple(start + i for i, text in enumerate(clean) if not text.strip()),
            repaired=tuple(
                start + i
                for i, pair in enumerate(zip(texts, clean, strict=True))
                if len(set(pair)) > 1
            ),
            max_tokens=self.max_tokens,
        )
        vectors = np.empty((len(texts), dim), dtype=np.float32)
        plan = plan_batches([len(row) for row in ids], batch_size)
        batches = (pad([ids[i] for i in batch], self.tokenizer.pad_id) for batch in plan)
        with progress_bar(
            "encoding", total=len(texts), unit="sentences", shown=progress
        ) as advance:
            for where, out in zip(plan, self.engine.run(batches), strict=True):
                vectors[where] = out[:, :dim]
                advance(len(where))
        return Encoded(unit_length(vectors) if normalize else vectors, report)


def similarity(a: Vectors, b: Vectors) -> Vectors:
    """The cosine of every row of `a` with every row of `b`.

    Args:
        a: float32, shape (n, dim); any length of the rows.
        b: float32, shape (m, dim).

    Returns:
        float32, shape (n, m), in [-1, 1] up to rounding; 0 where a row is all zeros.

    Raises:
        InputError: The dimensions differ.

    Example:
        >>> import numpy as np
        >>> a = np.array([[3.0, 4.0]], dtype=np.float32)
        >>> similarity(a, a).tolist()
        [[1.0]]
    """
    a, b = np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise InputError(
            "similarity compares two arrays of shapes (n, dim) and (m, dim)",
            found=f"{a.shape} and {b.shape}",
            fix="encode both sides with the same model and the same truncate_dim",
        )
    return unit_length(a) @ unit_length(b).T


def unit_length(vectors: Vectors) -> Vectors:
    """Scales every row to length 1; rows of zeros stay zeros.

    Args:
        vectors: float32, shape (n, dim).

    Returns:
        float32, shape (n, dim).

    Example:
        >>> import numpy as np
        >>> unit_length(np.array([[0.0, 2.0], [0.0, 0.0]], dtype=np.float32)).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    scaled: Vectors = vectors / lengths
    return scaled


def check_sentences(
    sentences: Iterable[str], *, name: str = "sentences", start: int = 0
) -> list[str]:
    """Returns the sentences as a list, or says which of them is not text.

    Args:
        sentences: What a user calls a list of sentences.
        name: What the argument is called, for errors.
        start: The number that errors give to the first one.

    Raises:
        InputError: It is one string instead of many, not iterable, or holds something
            that is not a string (None, NaN, bytes, a number).

    Example:
        >>> check_sentences(["한 문장", None])
        Traceback (most recent call last):
        ...
        munjang.errors.InputError: sentences[1] is not text
        found: NoneType: None
        try: drop it or replace it by a string
    """
    texts = list(_iterate(sentences, name))
    for index, text in enumerate(texts, start):
        if not isinstance(text, str):
            raise InputError(
                f"{name}[{index}] is not text",
                found=f"{type(text).__name__}: {text!r:.40}",
                fix="drop it or replace it by a string",
            )
    return texts


def _iterate(sentences: Iterable[str], name: str) -> Iterator[str]:
    if not isinstance(sentences, (str, bytes)):
        with contextlib.suppress(TypeError):
            return iter(sentences)
    raise InputError(
        f"{name} must be a list of strings",
        found=type(sentences).__name__,
        fix="put a single text in a list: [text]",
    )


def _warn_of_changes(report: EncodeReport, told: set[str] | None = None) -> None:
    """Warns the caller's caller, in a stream only of what was not `told` before."""
    changes = {
        f"were longer than {report.max_tokens} tokens and were cut there": report.cut,
        "held lone surrogates, replaced by U+FFFD": report.repaired,
    }
    for what, where in changes.items():
        if not where or (told is not None and what in told):
            continue
        count = f"{len(where)} of {report.sentences} sentences"
        message = f"{count} {what}, the first at index {where[0]} of those encoded"
        if told is not None:
            told.add(what)
            message += "; more of the same in this stream is only in the reports"
        warnings.warn(message, MunjangWarning, stacklevel=3)
