"""Checkpoints of the field as they lie about, made ready to be opened.

Three kinds: a file of tensors that a training script left (KoSimCSE's .pt), a plain
transformers folder, which does not say how it pools, and a sentence-transformers folder
of any age. What sentence-transformers 6 makes of the last kind by itself: folders from
0.3 on open, with their limits; those of 0.2 do not, whose modules are named BERT, RoBERTa
and so on.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from munjang.encode import zoo
from munjang.encode.loading import find_folder
from munjang.errors import InputError, ModelError
from munjang.model.kobert import with_tokenizer
from munjang.model.tensors import (
    has_pooler,
    load_tensors,
    measure_tensors,
    read_tensors,
    suggest_base,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from torch import Tensor
    from transformers import PreTrainedModel

    from munjang.encode.zoo import ZooModel

MODULES = "modules.json"

_OLD_BACKBONES = (
    "ALBERT",
    "BERT",
    "CamemBERT",
    "DistilBERT",
    "RoBERTa",
    "XLMRoBERTa",
    "XLNet",
)
"""What the module Transformer was called in sentence-transformers 0.2."""

_KNOWN_MODULES = ("Pooling", "Dense", "Dropout", "Normalize")
_NO_TOKENIZER = (MODULES, "*.index.json", "config_sentence*.json", "sentence_*.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint, ready to be opened.

    Attributes:
        kind: What it is.
        folder: What sentence-transformers can open.
        backbone: Where transformers finds config, weights and tokenizer.
        known: What the zoo knows of it.
        name: Its hub id, if it has one.
        modules: Kind and folder of each module after the backbone; empty for a plain one.
        model: Its backbone, where that did not come as a folder.
        notes: What was done so far, a line each.
    """

    kind: Literal["file of tensors", "transformers", "sentence-transformers"]
    folder: Path
    backbone: Path
    known: ZooModel | None = None
    name: str | None = None
    modules: tuple[tuple[str, Path], ...] = ()
    model: PreTrainedModel | None = None
    notes: tuple[str, ...] = ()


def open_file(
    file: Path, *, base: str | Path | None, pooling: str | None, scratch: Path, stack: ExitStack
) -> Checkpoint:
    """Makes a plain transformers folder of a file of tensors and the config of its base.

    Args:
        file: A .pt, .bin or .safetensors file.
        base: The folder or hub id that it was trained from.
        pooling: What the user asks for; no such file says it.
        scratch: An empty folder to work in.
        stack: What else has to be cleared away in the end.

    Raises:
        InputError: `base` or `pooling` is missing, or the pooler that is asked for.
        ModelError: The file or the base cannot be read, or they do not fit.
    """
    state = read_tensors(file)
    _check_arguments(file, state, base, pooling)
    given, _ = find_folder(str(base))
    modules = _read_modules(given)
    ready = stack.enter_context(with_tokenizer(given / modules[0][1] if modules else given))
    model = _make_backbone(ready, str(base))
    notes = load_tensors(model, state, file=file, base=str(base))
    folder = scratch / "model"
    folder.mkdir()
    for path in ready.iterdir():
        if path.suffix in (".json", ".txt", ".model") and not any(map(path.match, _NO_TOKENIZER)):
            shutil.copyfile(path, folder / path.name)
    model.save_pretrained(folder)
    return Checkpoint(
        kind="file of tensors", folder=folder, backbone=folder, model=model, notes=notes
    )


def open_folder(
    checkpoint: str, *, revision: str | None, allow_pickle: bool, scratch: Path, stack: ExitStack
) -> Checkpoint:
    """Finds a folder or hub model, and completes or renames what is too old in it.

    Args:
        checkpoint: A folder or a hub id.
        revision: A commit, tag or branch of a hub model.
        allow_pickle: Fetch pickled weights too.
        scratch: An empty folder to work in.
        stack: What else has to be cleared away in the end.

    Raises:
        ModelError: There is no such model, or none that can be ported.
        NetworkError: A hub model is neither in the cache nor to be had.
    """
    folder, name = find_folder(checkpoint, revision=revision, allow_pickle=allow_pickle)
    known = (zoo.find(name) if name else None) or zoo.find(folder)
    modules = _read_modules(folder)
    backbone = folder / modules[0][1] if modules else folder
    _check_is_model(backbone)
    if not modules:
        ready = stack.enter_context(with_tokenizer(folder))
        return Checkpoint(kind="transformers", folder=ready, backbone=ready, known=known, name=name)
    unknown = [kind for kind, _ in modules[1:] if kind not in _KNOWN_MODULES]
    if unknown:
        raise ModelError(
            f"{folder} has a module that munjang cannot work out by hand",
            found=unknown[0],
            fix="use it with sentence-transformers itself",
        )
    notes: tuple[str, ...] = ()
    whole = folder
    if modules[0][0] in _OLD_BACKBONES:
        notes = (f"the module {modules[0][0]} of sentence-transformers 0.2 became Transformer",)
        whole = _rename_modules(folder, modules, scratch / "model")
    return Checkpoint(
        kind="sentence-transformers",
        folder=whole,
        backbone=backbone,
        known=known,
        name=name,
        modules=tuple((kind, folder / place) for kind, place in modules[1:]),
        notes=notes,
    )


def _check_arguments(
    file: Path, state: dict[str, Tensor], base: str | Path | None, pooling: str | None
) -> None:
    if base is None:
        raise InputError(
            f"{file} holds weights, but no config and no tokenizer",
            found=str(measure_tensors(state)),
            fix=suggest_base(measure_tensors(state)),
        )
    if pooling is None:
        raise InputError(
            f"{file} does not say how it pools",
            fix='pooling="cls" (--pooling) for KoSimCSE and SimCSE-KO, "pooler" for KoSimCSE-SKT, '
            '"mean" for SBERT models',
        )
    if pooling == "pooler" and not has_pooler(state):
        raise InputError(f"{file} has no pooler to pool with", fix='pooling="cls" or "mean"')


def _make_backbone(folder: Path, base: str) -> PreTrainedModel:
    """The architecture of a base, float32, with weights that mean nothing."""
    import torch
    from transformers import AutoConfig, AutoModel

    make: Callable[..., PreTrainedModel] = AutoModel.from_config
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        model = make(config, dtype=torch.float32)
    except Exception as error:  # transformers raises what it comes upon
        found = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{base} cannot be used as a base", found=found) from error
    if model.config.is_encoder_decoder:
        raise ModelError(
            f"{base} is an encoder-decoder, and how such a file pools is not known",
            found=type(model).__name__,
            fix="save_pretrained it as a folder, and port that",
        )
    return model


def _read_modules(folder: Path) -> list[tuple[str, str]]:
    """The class and the sub-folder of each module; nothing for a plain folder."""
    path = folder / MODULES
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text("utf-8"))
        found = [(str(row["type"]).rpartition(".")[2], str(row["path"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is malformed", found=str(error)) from error
    if not found or any(".." in Path(place).parts for _, place in found):
        raise ModelError(f"{path} is malformed", found=str(found))
    return found


def _check_is_model(backbone: Path) -> None:
    """Says what to do with a folder that holds a file of tensors and nothing else."""
    files = sorted(backbone.glob("*.pt"))
    if files and not (backbone / "config.json").is_file():
        raise ModelError(
            f"{backbone} holds no model but a file of tensors",
            found=files[0].name,
            fix=f"munjang port {files[0]} --base ID --pooling mean, with the base that it was "
            "trained from (skt/kobert-base-v1 for KoSentenceBERT-SKT)",
        )


def _rename_modules(folder: Path, modules: Sequence[tuple[str, str]], copy: Path) -> Path:
    """Copies a folder and calls its modules by names that sentence-transformers still knows."""
    shutil.copytree(folder, copy)
    rows = [
        {"idx": i, "name": str(i), "path": place, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, place) in enumerate([("Transformer", modules[0][1]), *modules[1:]])
    ]
    (copy / MODULES).write_text(json.dumps(rows), "utf-8")
    return copy
