"""The rows of a model that belong to pieces: which are named, what they weigh, fewer of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedModel

_NAMES = ("_token_id", "_token_ids")
"""How the keys end by which configs name pieces."""


def count_rows(backbone: PreTrainedModel) -> int:
    """How many pieces a model has embeddings for."""
    table: Any = backbone.get_input_embeddings()
    return int(table.weight.shape[0])


def named_ids(backbone: PreTrainedModel) -> set[int]:
    """The ids that a model relies on: those of its configs, and all up to the padding's.

    The latter only where position embeddings have a padding index, as in the RoBERTa
    family: there the padding id is also the place where positions begin.
    """
    found = set()
    for config in _configs(backbone):
        for key, value in vars(config).items():
            if key.endswith(_NAMES):
                found |= {each for each in _as_list(value) if isinstance(each, int)}
    for name, module in backbone.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            found |= set(range(int(padding) + 1))
    return found


def cut_embeddings(backbone: PreTrainedModel, kept: Sequence[int]) -> None:
    """Keeps some rows of the embeddings, and of the head that predicts pieces if there is one.

    What was tied stays tied. The config gets the new size and the new ids.

    Args:
        backbone: The model; it is changed.
        kept: The old id of each new one.
    """
    import torch
    from torch import nn

    rows = torch.tensor(list(kept), device=backbone.device)
    new = {old: place for place, old in enumerate(kept)}
    cut = {
        id(weight): nn.Parameter(weight.detach()[rows].clone(), requires_grad=weight.requires_grad)
        for weight in _tables(backbone)
    }
    for module in backbone.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            if id(weight) not in cut:
                continue
            setattr(module, name, cut[id(weight)])
            if isinstance(module, nn.Embedding):
                module.num_embeddings = len(kept)
                padding = module.padding_idx
                module.padding_idx = None if padding is None else new.get(padding)
            elif isinstance(module, nn.Linear):
                module.out_features = len(kept)
    for config in _configs(backbone):
        _renumber(config, new)


def stored_dtype(folder: Path) -> torch.dtype:
    """The precision in which a folder's transformer is stored, if it is one; else float32.

    Args:
        folder: A sentence-transformers or a plain transformers folder.

    Raises:
        ModelError: A file of weights cannot be read.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    if (folder / "modules.json").is_file():
        folder = folder / json.loads((folder / "modules.json").read_text("utf-8"))[0]["path"]
    found = set()
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="pt") as file:
                found |= {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"{path} cannot be read as a file of tensors",
                found=str(error),
                fix="copy or download the folder again, whole",
            ) from error
    floating = found & {"F64", "F32", "F16", "BF16"}
    return {"F16": torch.float16, "BF16": torch.bfloat16}.get(
        floating.pop() if len(floating) == 1 else "", torch.float32
    )


def weigh(model: SentenceTransformer, dtype: torch.dtype) -> tuple[int, float]:
    """How many parameters a model has, and how many MB (10^6 bytes) they take.

    Args:
        model: A model in memory, in any precision.
        dtype: In what its transformer is stored; other modules are stored in float32.
    """
    backbone: Any = model.transformers_model
    inside = sum(int(weight.numel()) for weight in backbone.parameters())
    whole = sum(weight.numel() for weight in model.parameters())
    return whole, (inside * dtype.itemsize + (whole - inside) * 4) / 1e6


def _tables(backbone: PreTrainedModel) -> list[torch.nn.Parameter]:
    """All that has a row for each piece: embeddings, the head, and biases in and beside it."""
    whole: Any = backbone
    table, head = whole.get_input_embeddings(), whole.get_output_embeddings()
    found = [table.weight]
    for module in backbone.modules() if head is not None else ():
        if module is head or any(child is head for child in module.children()):
            found += [
                weight
                for weight in module.parameters(recurse=False)
                if len(weight) == len(table.weight)
            ]
    return found


def _configs(backbone: PreTrainedModel) -> list[Any]:
    """A model's config, that of its text part, and that of generation, as far as it has them."""
    config = backbone.config
    found = [config, config.get_text_config(), getattr(backbone, "generation_config", None)]
    return list({id(each): each for each in found if each is not None}.values())


def _renumber(config: Any, new: dict[int, int]) -> None:  # noqa: ANN401 - any model's config
    for key, value in list(vars(config).items()):
        if not key.endswith(_NAMES) or value is None:
            continue
        ids = [new.get(each) for each in _as_list(value)]
        setattr(config, key, ids if isinstance(value, list) else ids[0])
    if getattr(config, "vocab_size", None) is not None:
        config.vocab_size = len(new)


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - a value of JSON
    return value if isinstance(value, list) else [value]
