"""A file of tensors, as old training scripts left it, to a transformers model."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torch import Tensor
    from transformers import PreTrainedModel

_WRAPPED = ("model", "state_dict", "model_state_dict")
"""Under which key training scripts keep the weights, beside those of the optimiser."""

BUFFERS = ("position_ids", "token_type_ids")
"""Counters that transformers once saved among the weights."""

POOLER = "pooler."
"""How the names of BERT's pooler begin, on which few sentence encoders rely."""

_LAYER = re.compile(r"\b(?:layer|layers|block)\.(\d+)\.")
_GLOBAL = re.compile(r"GLOBAL (\S+)")
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the tensors of a file tell of the architecture.

    Attributes:
        vocabulary: Rows of the word embeddings; 0 where there are none.
        dim: Their dimension.
        layers: Transformer layers.
        positions: Rows of the position embeddings; 0 where there are none.
    """

    vocabulary: int
    dim: int
    layers: int
    positions: int

    def __str__(self) -> str:
        positions = f", {self.positions} positions" if self.positions else ""
        return f"{self.vocabulary:,} x {self.dim}, {self.layers} layers{positions}"


BASES = {
    "klue/bert-base": Sizes(32_000, 768, 12, 512),
    "klue/roberta-base": Sizes(32_000, 768, 12, 514),
    "klue/roberta-small": Sizes(32_000, 768, 6, 514),
    "klue/roberta-large": Sizes(32_000, 1024, 24, 514),
    "skt/kobert-base-v1": Sizes(8_002, 768, 12, 512),
    "monologg/kobert": Sizes(8_002, 768, 12, 512),
    "bert-base-multilingual-cased": Sizes(119_547, 768, 12, 512),
    "xlm-roberta-base": Sizes(250_002, 768, 12, 514),
}
"""The backbones that Korean checkpoints were trained from, by hub id."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Reads a state dict: bare, or with an optimiser's beside it.

    A pickle is read by torch's weights-only reader, which makes tensors and plain
    containers and nothing else.

    Args:
        path: A .pt, .bin or .safetensors file.

    Returns:
        The tensors by name, on the CPU; those of a large file are mapped, not read.

    Raises:
        ModelError: The file is damaged, needs code to be read, or holds something else.
    """
    content = _load(path)
    for key in _WRAPPED:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    import torch

    if not isinstance(content, dict) or not content:
        raise ModelError(f"{path} holds no state dict", found=type(content).__name__)
    others = [name for name, value in content.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise ModelError(
            f"{path} holds no state dict", found=f"beside tensors also {_list(map(str, others))}"
        )
    return {str(name): value for name, value in content.items()}


def _load(path: Path) -> Any:  # noqa: ANN401 - a file may hold anything
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except pickle.UnpicklingError as error:
        wants = _GLOBAL.search(str(error))
        raise ModelError(
            f"{path} is a pickle that is more than tensors, and reading it would run its code",
            found=wants.group(1) if wants else None,
            fix="torch.save(model.state_dict(), FILE) where it was made, and port that",
        ) from error
    except (OSError, RuntimeError, EOFError, LookupError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"{path} cannot be read as a file of tensors",
            found=(str(error).splitlines() or [type(error).__name__])[0],
            fix="copy or download it again, whole",
        ) from error


def measure_tensors(state: Mapping[str, Tensor]) -> Sizes:
    """Finds the architecture's sizes in the names and shapes of a state dict."""

    def shape(*ends: str) -> tuple[int, ...]:
        found = [value.shape for name, value in state.items() if name.endswith(ends)]
        return tuple(found[0]) if found else (0, 0)

    words = shape("word_embeddings.weight", "shared.weight", "embed_tokens.weight")
    layers = [int(number) for name in state for number in _LAYER.findall(name)]
    positions = shape("position_embeddings.weight")[0]
    return Sizes(words[0], words[-1], 1 + max(layers, default=-1), positions)


def likely_bases(sizes: Sizes) -> list[str]:
    """The known backbones of these sizes, or else of this vocabulary and dimension.

    Example:
        >>> likely_bases(Sizes(32_000, 768, 12, 514))
        ['klue/roberta-base']
        >>> likely_bases(Sizes(32_000, 768, 12, 0))
        ['klue/bert-base', 'klue/roberta-base', 'klue/roberta-small']
    """
    same = [name for name, base in BASES.items() if base == sizes]
    return same or [
        name
        for name, base in BASES.items()
        if (base.vocabulary, base.dim) == (sizes.vocabulary, sizes.dim)
    ]


def suggest_base(sizes: Sizes) -> str:
    """What to say of a missing or wrong base, for the last line of an error."""
    names = " or ".join(likely_bases(sizes))
    likely = f", likely {names}" if names else ", none that munjang knows by its sizes"
    return f"base= (--base): the folder or hub id that it was trained from{likely}"


def load_tensors(
    model: PreTrainedModel, state: Mapping[str, Tensor], *, file: Path, base: str
) -> tuple[str, ...]:
    """Loads a state dict into a backbone, strictly.

    The prefix that a training script's wrapper left (`bert.`, `module.bert.`) is found and
    taken off. A pooler may be missing (it becomes zero) or left over, and counters that
    transformers once saved are passed over; nothing else may differ.

    Args:
        model: The backbone, as its config makes it; float32.
        state: The tensors of the file.
        file: The file, for errors.
        base: Where the config came from, for errors.

    Returns:
        What was done beside it, a line each.

    Raises:
        ModelError: Names or shapes differ.
    """
    import torch

    wanted = model.state_dict()
    prefix = find_prefix(state, wanted)
    inside = {name.removeprefix(prefix): value for name, value in state.items()}
    inside = {n: v for n, v in inside.items() if not n.endswith(BUFFERS) or n in wanted}
    missing = sorted(wanted.keys() - inside.keys())
    left = sorted(inside.keys() - wanted.keys())
    wrong = [n for n in inside if n in wanted and inside[n].shape != wanted[n].shape]
    without_pooler = [name for name in missing if name.startswith(POOLER)]
    spare_pooler = [name for name in left if name.startswith(POOLER)]
    if wrong or missing != without_pooler or left != spare_pooler:
        raise ModelError(
            f"{file} ({measure_tensors(state)}) does not fit the architecture of {base}",
            found=_differences(inside, wanted, wrong=wrong, missing=missing, left=left),
            fix=suggest_base(measure_tensors(state)),
        )
    filled = {name: torch.zeros_like(wanted[name]) for name in without_pooler}
    model.load_state_dict({**{n: inside[n].float() for n in wanted if n in inside}, **filled})
    notes = [f"the prefix {prefix!r} was taken off the names"] if prefix else []
    if without_pooler:
        notes.append("the file has no pooler: it is zero here, and cls or mean do not use it")
    if spare_pooler:
        notes.append("the pooler of the file was left out: the architecture has none")
    return tuple(notes)


def has_pooler(state: Mapping[str, Tensor]) -> bool:
    """Tells whether a state dict holds the dense layer that BERT puts on the CLS vector."""
    return any(name.endswith(f"{POOLER}dense.weight") for name in state)


def find_prefix(state: Iterable[str], wanted: Iterable[str]) -> str:
    """Finds what most names of a file have before a name of the architecture.

    Args:
        state: The names of the tensors of the file.
        wanted: Those of the architecture.

    Returns:
        The prefix, with its last dot; "" for none.

    Example:
        >>> find_prefix(["bert.layer.weight", "bert.layer.bias", "cls.bias"], ["layer.weight"])
        'bert.'
    """
    known = set(wanted)
    found: Counter[str] = Counter()
    for name in state:
        parts = name.split(".")
        for i in range(len(parts)):
            if ".".join(parts[i:]) in known:
                found["".join(f"{part}." for part in parts[:i])] += 1
                break
    return found.most_common(1)[0][0] if found else ""


def _differences(
    inside: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    *,
    wrong: list[str],
    missing: list[str],
    left: list[str],
) -> str:
    parts = []
    if wrong:
        first = wrong[0]
        sizes = [" x ".join(map(str, side[first].shape)) for side in (inside, wanted)]
        parts.append(f"{first} is {sizes[0]} and not {sizes[1]}")
    if missing:
        parts.append(f"missing {_list(missing)}")
    if left:
        parts.append(f"unexpected {_list(left)}")
    return "; ".join(parts)


def _list(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(known[:_NAMED]) + more
