"""Any encoder as a model of mteb: the prompts of both sides, cosine, and a revision."""

from __future__ import annotations

import copy
import hashlib
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.errors import MunjangWarning, NetworkError
from munjang.evaluate.vectors import VectorStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from munjang.encode.encoder import Encoder, Vectors

_PROBES = (
    "첫눈이 내린 아침이었다.",
    "회의 자료를 어디에 올리면 되나요?",
    "고양이가 창가에서 존다.",
)
_LONG = " ".join(
    f"{number}번째 손님은 {what} 한참 머물렀고, 저녁 {number % 7 + 4}시가 지나서야 일어났다."
    for number, what in enumerate(("창가 자리에", "지하 서점에", "강가 의자에", "옥상 정원에") * 25)
)
"""A text of several thousand characters, of which each limit on the length leaves another part."""

_UNUSUAL = re.compile(r"[^\w.\-]+")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # where Python's own repr says an object lies


class MtebModel:
    """An encoder as mteb's EncoderProtocol wants it.

    Vectors are those that the model gives, and `VectorStore` checks them.

    Args:
        encoder: The model.
        prompts: As for `run_mteb`.
        batch_size: How many sentences go through the model at once.

    Attributes:
        mteb_model_meta: What mteb keeps the records under: the encoder's name, and a
            digest of what it says that it is and of its vectors of a few texts, one of them
            long, as the revision.
    """

    def __init__(self, encoder: Encoder, prompts: Mapping[str, str], batch_size: int) -> None:
        query = prompts.get("query")
        document = prompts.get("document", prompts.get("passage", None if query is None else ""))
        sides = {"": None, "query": query, "document": document}
        self._stores = {
            side: VectorStore(_prompted(encoder, prompt), batch_size=batch_size)
            for side, prompt in sides.items()
        }
        self.mteb_model_meta = self._describe(encoder)

    def encode(
        self,
        inputs: Iterable[Mapping[str, Sequence[str]]],
        *,
        task_metadata: object,
        hf_split: str,
        hf_subset: str,
        prompt_type: object = None,
        **_options: object,
    ) -> Vectors:
        """The vectors of the "text" of all batches, with the prompt of their side.

        Args:
            inputs: Batches of columns.
            task_metadata: Not used, as the next two.
            hf_split: The split.
            hf_subset: The subset.
            prompt_type: mteb's "query" or "document"; None where a task has no sides.
            _options: What else mteb hands on, such as its batch size; not used.
        """
        side = getattr(prompt_type, "value", prompt_type) or ""
        texts = [text for batch in inputs for text in batch["text"]]
        return self._stores[str(side)].vectors(texts, keep=False)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:  # noqa: ANN401 - arrays
        """The cosine of every row with every row."""
        from mteb.similarity_functions import cos_sim

        return cos_sim(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:  # noqa: ANN401
        """The cosine of each row with its counterpart."""
        from mteb.similarity_functions import pairwise_cos_sim

        return pairwise_cos_sim(embeddings1, embeddings2)

    def _describe(self, encoder: Encoder) -> Any:  # noqa: ANN401 - mteb's ModelMeta
        from mteb.models.model_meta import ModelMeta, ScoringFunction

        digest = hashlib.sha256(_ADDRESS.sub("", repr(encoder)).encode())
        for store in self._stores.values():
            digest.update((np.round(store.unit(_PROBES), 3) + 0.0).tobytes())
            digest.update(_read_long(store))
        return ModelMeta.create_empty(
            {
                "name": _mteb_name(encoder.name),
                "revision": digest.hexdigest()[:16],
                "embed_dim": encoder.dim,
                "similarity_fn_name": ScoringFunction.COSINE,
            }
        )


def _read_long(store: VectorStore) -> bytes:
    """The vector of the long text; nothing from a server that refuses texts so long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MunjangWarning)  # to be cut is what it is there for
        try:
            return (np.round(store.unit([_LONG]), 3) + 0.0).tobytes()
        except NetworkError:
            return b""


class _Prompted:
    """An encoder that knows no prompts, with a text before every sentence."""

    def __init__(self, encoder: Encoder, prompt: str) -> None:
        self._encoder, self._prompt = encoder, prompt
        self.name, self.dim = encoder.name, encoder.dim

    def encode(
        self,
        sentences: Sequence[str],
        *,
        batch_size: int = 32,
        normalize: bool = True,
        truncate_dim: int | None = None,
        progress: bool = False,
    ) -> Vectors:
        return self._encoder.encode(
            [self._prompt + sentence for sentence in sentences],
            batch_size=batch_size,
            normalize=normalize,
            truncate_dim=truncate_dim,
            progress=progress,
        )


def _prompted(encoder: Encoder, prompt: str | None) -> Encoder:
    """The encoder with another prompt, in place of its own; None for its own."""
    if prompt is None:
        return encoder
    if isinstance(getattr(encoder, "prompt", None), str):
        twin: Any = copy.copy(encoder)
        twin.prompt = prompt
        return twin  # type: ignore[no-any-return]
    return _Prompted(encoder, prompt) if prompt else encoder


def _mteb_name(name: str) -> str:
    """A name as mteb wants it: OWNER/MODEL, of characters that a file's name can have."""
    parts = [_UNUSUAL.sub("_", part) for part in name.split("/") if part]
    return "/".join(parts if len(parts) == 2 else ["munjang", "_".join(parts) or "encoder"])
