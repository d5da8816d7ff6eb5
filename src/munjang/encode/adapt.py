"""Other people's models behind the `Encoder` protocol, recognised without their packages."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from munjang.encode.encoder import Encoder, check_sentences, similarity, unit_length
from munjang.errors import InputError, ModelError
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from munjang.encode.encoder import Vectors

    Call: TypeAlias = Callable[[list[str], int, bool], object]
    """Sentences, batch size and whether to show progress; to something like an array."""

_OURS = {"batch_size", "normalize", "truncate_dim", "progress"}
_PROBE = "문장"
_FIX = "munjang.as_encoder(model) takes what has encode(sentences) -> array, or such a function"


class AdaptedEncoder:
    """A model of another library, or a function, as an `Encoder`; made by `as_encoder`.

    Args:
        name: What tables and reports call it.
        call: What turns sentences into vectors.
        whole: Whether it makes batches itself; else it is called batch by batch.
        dim: The dimension of its vectors; found by one sentence when None.
    """

    def __init__(
        self, name: str, call: Call, *, whole: bool = True, dim: int | None = None
    ) -> None:
        self.name = name
        self._call, self._whole = call, whole
        self._dim = dim

    def __repr__(self) -> str:
        return f"AdaptedEncoder({self.name!r})"

    @property
    def dim(self) -> int:
        """The dimension of a vector before any `truncate_dim`."""
        if self._dim is None:
            self._dim = self._vectors([_PROBE], 1, False).shape[1]
        return self._dim

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

        Raises:
            InputError: A sentence is not a string, or an argument is out of range.
            ModelError: The model gave something else than one vector a sentence.
        """
        if batch_size < 1:
            raise InputError("batch_size must be at least 1", found=str(batch_size))
        texts = check_sentences(sentences)
        if truncate_dim is not None and not 1 <= truncate_dim <= self.dim:
            fix = f"1 to {self.dim} for this model"
            raise InputError("truncate_dim is out of range", found=str(truncate_dim), fix=fix)
        if not texts:
            return np.empty((0, truncate_dim or self.dim), dtype=np.float32)
        vectors = self._vectors(texts, batch_size, progress)[:, :truncate_dim]
        return unit_length(vectors) if normalize else vectors

    def similarity(self, a: Vectors, b: Vectors) -> Vectors:
        """The cosine of every row of `a` with every row of `b`."""
        return similarity(a, b)

    def _vectors(self, texts: list[str], batch_size: int, progress: bool) -> Vectors:
        if self._whole:
            return self._read(self._call(texts, batch_size, progress), len(texts))
        parts: list[Vectors] = []
        with progress_bar(
            "encoding", total=len(texts), unit="sentences", shown=progress
        ) as advance:
            for start in range(0, len(texts), batch_size):
                batch = texts[start : start + batch_size]
                parts.append(self._read(self._call(batch, batch_size, False), len(batch)))
                if parts[0].shape[1] != parts[-1].shape[1]:
                    raise self._wrong(
                        "gave vectors of several dimensions",
                        f"{parts[0].shape[1]} and {parts[-1].shape[1]}",
                    )
                advance(len(batch))
        return np.concatenate(parts)

    def _read(self, given: object, count: int) -> Vectors:
        try:
            vectors = as_array(given)
        except (TypeError, ValueError, RuntimeError, AttributeError) as error:
            found = f"{type(given).__name__}: {error}"
            raise self._wrong("did not give an array of numbers", found) from error
        if vectors.ndim != 2 or len(vectors) != count:
            found = f"shape {vectors.shape} for {count} sentences"
            raise self._wrong("did not give one vector a sentence", found)
        return vectors

    def _wrong(self, what: str, found: str) -> ModelError:
        fix = "its encode has to return the shape (number of sentences, dimension)"
        return ModelError(f"{self.name} {what}", found=found, fix=fix)


def as_encoder(model: object, *, name: str | None = None) -> Encoder:
    """Makes an `Encoder` of anything that turns sentences into vectors.

    Args:
        model: An `Encoder`, which stays as it is unless it is to have another name; a
            sentence_transformers.SentenceTransformer, which keeps its own prompts and
            its own limit; any other object with `encode(sentences)`, or a function, that
            gives one vector a sentence as a NumPy array, a torch tensor or lists. It gets
            at most `batch_size` sentences at once: by its own `batch_size` where it takes
            one, else called batch by batch.
        name: What tables and reports call it; else what it calls itself.

    Returns:
        The encoder.

    Raises:
        InputError: It is nothing that encodes.

    Example:
        >>> def count_letters(sentences):
        ...     return [[text.count(letter) for letter in "가나다"] for text in sentences]
        >>> encoder = as_encoder(count_letters)
        >>> encoder.name, encoder.encode(["나가다가"], normalize=False).tolist()
        ('count_letters', [[2.0, 1.0, 1.0]])
    """
    encode = _find_encode(model)
    options = _parameters(encode)
    if _has_name_and_dim(model) and options >= _OURS:
        ours = cast("Encoder", model)
        return ours if name is None or name == ours.name else _rename(ours, name)
    called, whole = _choose_call(encode, options)
    return AdaptedEncoder(name or _name_of(model), called, whole=whole, dim=_dim_of(model))


def as_array(given: Any) -> Vectors:  # noqa: ANN401 - what a foreign model gives
    """Reads what a model gave as float32: an array, a tensor on any device, or lists of them.

    Args:
        given: Numbers, one row a sentence.

    Raises:
        TypeError, ValueError, RuntimeError, AttributeError: It is nothing of that.

    Example:
        >>> as_array([[1, 2], [3, 4]]).dtype
        dtype('float32')
    """
    if hasattr(given, "detach"):  # a torch tensor: off the graph and its device, out of bfloat16
        given = given.detach().cpu().float().numpy()
    elif isinstance(given, (list, tuple)) and given and hasattr(given[0], "detach"):
        given = np.stack([as_array(row) for row in given])
    with np.errstate(over="ignore"):
        return np.asarray(given, dtype=np.float32)


def _find_encode(model: object) -> Callable[..., object]:
    """What of the model is to be called with sentences."""
    kind = model.__name__ if isinstance(model, type) else type(model).__name__
    if isinstance(model, type):
        raise InputError("a class encodes nothing", found=kind, fix=f"make one of it: {kind}(…)")
    if isinstance(model, (str, Path)):
        raise InputError("a name is not a model", found=str(model), fix="munjang.load(name)")
    encode = getattr(model, "encode", None)
    if encode is None and not hasattr(model, "forward"):  # a bare torch module takes no text
        encode = model
    if not callable(encode):
        raise InputError("this is nothing that encodes sentences", found=kind, fix=_FIX)
    return cast("Callable[..., object]", encode)


def _parameters(encode: Callable[..., object]) -> set[str]:
    try:
        return set(inspect.signature(encode).parameters)
    except (TypeError, ValueError):  # built-in, or compiled
        return set()


def _has_name_and_dim(model: object) -> bool:
    """Looks without touching: reading a property could load or ask something."""
    missing = object()
    return all(
        inspect.getattr_static(model, key, missing) is not missing for key in ("name", "dim")
    )


def _choose_call(encode: Callable[..., object], options: set[str]) -> tuple[Call, bool]:
    """How a foreign `encode` is called, and whether it makes batches itself."""
    if {"normalize_embeddings", "convert_to_numpy", "show_progress_bar"} <= options:
        return (  # sentence-transformers
            lambda texts, batch_size, progress: encode(
                texts,
                batch_size=batch_size,
                show_progress_bar=progress,
                convert_to_numpy=True,
                normalize_embeddings=False,
            )
        ), True
    if "batch_size" in options:
        return lambda texts, batch_size, _: encode(texts, batch_size=batch_size), True
    return lambda texts, *_: encode(texts), False


def _rename(encoder: Encoder, name: str) -> Encoder:
    def call(texts: list[str], batch_size: int, progress: bool) -> Vectors:
        return encoder.encode(texts, batch_size=batch_size, normalize=False, progress=progress)

    return AdaptedEncoder(name, call)


def _name_of(model: object) -> str:
    """What a model calls itself: by its card, where it was read from, or its class."""
    card = getattr(model, "model_card_data", None)
    named = [getattr(card, key, None) for key in ("model_name", "model_id", "base_model")]
    named += [getattr(model, "name", None), _read_from(model), getattr(model, "__name__", None)]
    for name in named:
        if isinstance(name, str) and name:
            return Path(name).name if Path(name).is_dir() else name
    return type(model).__name__


def _read_from(model: object) -> object:
    """Where the first module of a pipeline was read from, as transformers notes it."""
    modules = getattr(model, "_modules", None)
    first = next(iter(modules.values()), None) if isinstance(modules, dict) else None
    config = getattr(getattr(first, "auto_model", None), "config", None)
    return getattr(config, "_name_or_path", None)


def _dim_of(model: object) -> int | None:
    for key in ("get_embedding_dimension", "get_sentence_embedding_dimension"):
        ask = getattr(model, key, None)
        dim = ask() if callable(ask) else None
        if isinstance(dim, int):
            return dim
    return None
