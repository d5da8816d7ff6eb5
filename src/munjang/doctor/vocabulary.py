"""What a model's tokenizer knows: its ids, its special tokens, what it does to Hangul."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from munjang.encode.folder import TOKENIZER
from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tokenizers import Tokenizer as Backend

_CONJOINING = re.compile("[\u1100-\u11ff]")
_HANGUL = "한글 문장"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer as its file describes it.

    Attributes:
        size: How many tokens it has, added ones included.
        largest_id: The largest id that it can give.
        unk_id: The id of what it does not know; None where it knows every byte.
        ids: The ids of its special tokens, by token.
        adds_ends: Whether it puts special tokens around a sentence.
        decomposes: Whether its normaliser takes Hangul apart into jamo.
        backend: The tokenizer itself.
    """

    size: int
    largest_id: int
    unk_id: int | None
    ids: dict[str, int]
    adds_ends: bool
    decomposes: bool
    backend: Backend

    def unknown_pieces(self, texts: Iterable[str]) -> list[str]:
        """The pieces of texts that the tokenizer does not know, in order, repeats included."""
        if self.unk_id is None:
            return []
        found = []
        for text in texts:
            encoding = self.backend.encode(text)
            found += [
                text[start:end]
                for number, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
                if number == self.unk_id
            ]
        return [piece for piece in found if piece.strip()]


def read_vocabulary(folder: Path) -> Vocabulary | None:
    """Reads the tokenizer.json of a model folder.

    Args:
        folder: Where it lies, or a sentence-transformers folder of such a folder.

    Returns:
        The vocabulary; None where the folder has its tokenizer in another form.

    Raises:
        ModelError: The file is damaged.
    """
    from tokenizers import Tokenizer as Backend

    path = transformer_folder(folder) / TOKENIZER
    if not path.is_file():
        return None
    try:
        text = path.read_text("utf-8")
        backend = Backend.from_str(text)
        description = json.loads(text)
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ModelError(
            f"{path} is not a tokenizer", found=str(error), fix="copy the model folder again"
        ) from error
    backend.no_padding()
    backend.no_truncation()
    ids = backend.get_vocab(with_added_tokens=True)
    added = backend.get_added_tokens_decoder()
    return Vocabulary(
        size=len(ids),
        largest_id=max(ids.values(), default=-1),
        unk_id=_find_unknown(description["model"], ids),
        ids={token.content: number for number, token in added.items() if token.special},
        adds_ends=bool(backend.encode("").ids),
        decomposes=_decomposes(backend),
        backend=backend,
    )


def transformer_folder(folder: Path) -> Path:
    """The subfolder of the transformer in a sentence-transformers folder, or the folder itself."""
    modules = read_settings(folder / "modules.json")
    if isinstance(modules, list) and modules and isinstance(modules[0], dict):
        return folder / str(modules[0].get("path", ""))
    return folder


def read_settings(path: Path) -> Any:  # noqa: ANN401 - JSON has no better type
    """A JSON file of a model folder; {} where it is not there or cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _find_unknown(model: dict[str, Any], ids: dict[str, int]) -> int | None:
    if model.get("byte_fallback"):
        return None
    if model.get("unk_id") is not None:  # Unigram
        return int(model["unk_id"])
    return ids.get(str(model.get("unk_token")))


def _decomposes(backend: Backend) -> bool:
    normalizer = backend.normalizer
    return normalizer is not None and bool(_CONJOINING.search(normalizer.normalize_str(_HANGUL)))
