"""Whether models can be averaged: the same architecture, pieces, modules and prompts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from munjang.encode import zoo
from munjang.encode.loading import find_folder
from munjang.errors import MissingExtraError, ModelError
from munjang.model.derived import MODULES, refuse_exported
from munjang.model.kobert import with_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from munjang.encode.zoo import PoolingPlan

_PROMPTS = "config_sentence_transformers.json"
_FIX = "encoders that were trained from the same base in the same way"

_WITHOUT_EFFECT = {
    "architectures",
    "auto_map",
    "chunk_size_feed_forward",
    "dtype",
    "id2label",
    "initializer_factor",
    "initializer_range",
    "is_local",
    "label2id",
    "num_labels",
    "output_attentions",
    "output_hidden_states",
    "problem_type",
    "return_dict",
    "tie_word_embeddings",
    "tokenizer_class",
    "torch_dtype",
    "transformers_version",
    "use_cache",
    "vocab_size",  # the shapes of the tensors say it
}
"""Settings of a config that no vector depends on; those with "drop" in them neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model that is to be averaged, found but not opened.

    Attributes:
        name: What the user calls it.
        folder: Where it lies.
        hub_id: Its hub id, if it has one.
        plan: How its tokens become a vector; None for a plain transformers folder.
        modules: The folder of each of its modules, the transformer's first.
    """

    name: str
    folder: Path
    hub_id: str | None
    plan: PoolingPlan | None
    modules: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Nature:
    """What must be the same in models that are averaged, beside their modules.

    Attributes:
        settings: Those of the transformer's config that vectors depend on.
        pieces: The pieces of the tokenizer with their ids, in the order of the ids.
    """

    settings: Mapping[str, Any]
    pieces: tuple[tuple[int, str], ...]


def find_source(model: str, *, allow_pickle: bool = False) -> Source:
    """Finds a model and checks that its folder is whole.

    Args:
        model: A sentence-transformers folder, a plain transformers folder or a hub id.
        allow_pickle: Accept weights that are only there as `pytorch_model.bin`.

    Raises:
        ModelError: There is no such model, it is exported, or not whole.
        NetworkError: A hub model is neither in the cache nor to be had.
    """
    folder, hub_id = find_folder(model, allow_pickle=allow_pickle)
    refuse_exported(folder, model, verb="average")
    if not (folder / MODULES).is_file():
        # Asked for a pooling, it looks whether the folder is whole, and no further.
        zoo.how_to_pool(folder, hub_id, pooling="mean", allow_pickle=allow_pickle)
        return Source(name=model, folder=folder, hub_id=hub_id, plan=None, modules=(folder,))
    plan = zoo.how_to_pool(folder, hub_id, allow_pickle=allow_pickle)
    rows = json.loads((folder / MODULES).read_text("utf-8"))
    modules = tuple(folder / str(row["path"]) for row in rows)
    return Source(name=model, folder=folder, hub_id=hub_id, plan=plan, modules=modules)


def check_modules(first: Source, other: Source) -> None:
    """Checks that a model pools as the first does, and puts the same before a sentence.

    A plain transformers folder states neither, and so agrees.

    Raises:
        ModelError: It does not; what differs is named.
    """
    if first.plan is None or other.plan is None:
        return
    if first.plan.why != other.plan.why:
        raise ModelError(
            f"{other.name} does not make vectors of tokens as {first.name} does",
            found=f"{_steps(other.plan)} instead of {_steps(first.plan)}",
            fix=_FIX,
        )
    for ours, theirs in zip(first.modules[1:], other.modules[1:], strict=True):
        settings = _read_json(ours / "config.json"), _read_json(theirs / "config.json")
        _compare_settings(*settings, first=first, other=other, place=f"{theirs.name}/")
    _check_prompts(first, first.plan, other, other.plan)


def _steps(plan: PoolingPlan) -> str:
    return plan.why.removeprefix(f"{MODULES}: ")


def _check_prompts(
    first: Source, plan: PoolingPlan, other: Source, other_plan: PoolingPlan
) -> None:
    """Compares what is put before every sentence, and the prompts of the same name.

    A model that puts nothing by itself but has the first's prompt under a name agrees.
    """
    ours, theirs = (
        {name: text for name, text in _read_prompts(source.folder).items() if text}
        for source in (first, other)
    )
    named = [(ours[name], theirs[name]) for name in sorted(ours.keys() & theirs.keys())]
    put = plan.prompt, other_plan.prompt
    if not put[1] and put[0] in theirs.values():
        put = put[0], put[0]
    for text, found in [put, *named]:
        if text != found:
            raise ModelError(
                f"{other.name} has another prompt than {first.name}",
                found=f"{found!r} instead of {text!r}",
                fix=_FIX,
            )


def _read_prompts(folder: Path) -> Mapping[str, str]:
    prompts = _read_json(folder / _PROMPTS).get("prompts")
    return prompts if isinstance(prompts, dict) else {}


def _read_json(path: Path) -> dict[str, Any]:
    """The settings of a module; none where it has no file of them."""
    try:
        found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise ModelError(
            f"{path} is malformed", found=str(error), fix="copy or download the folder again"
        ) from error
    return found if isinstance(found, dict) else {}


def read_nature(source: Source) -> Nature:
    """Reads the config and the tokenizer of a model.

    Raises:
        ModelError: They cannot be read.
        MissingExtraError: transformers is not installed.
    """
    with with_tokenizer(source.modules[0]) as ready:
        try:
            from transformers import AutoConfig, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError("averaging models", "train") from error
        local = {"local_files_only": True, "trust_remote_code": False}
        try:
            config = AutoConfig.from_pretrained(ready, **local).to_dict()
            pieces = AutoTokenizer.from_pretrained(ready, **local).get_vocab()
        except Exception as error:  # transformers raises what it comes upon
            raise ModelError(
                f"the config or the tokenizer of {source.name} cannot be read",
                found=(str(error).strip().splitlines() or [type(error).__name__])[0],
                fix="copy or download the folder again, whole",
            ) from error
    return Nature(
        settings={
            key: value
            for key, value in config.items()
            if key not in _WITHOUT_EFFECT and not key.startswith("_") and "drop" not in key
        },
        pieces=tuple(sorted((number, piece) for piece, number in pieces.items())),
    )


def check_nature(first: Source, ours: Nature, other: Source, theirs: Nature) -> None:
    """Checks that a model has the architecture and the vocabulary of the first.

    Raises:
        ModelError: It has not; the first setting or piece that differs is named.
    """
    _compare_settings(ours.settings, theirs.settings, first=first, other=other)
    for mine, found in zip_longest(ours.pieces, theirs.pieces):
        if mine != found:
            raise ModelError(
                f"{other.name} has another vocabulary than {first.name}",
                found=f"{_tell_piece(found)} instead of {_tell_piece(mine)}",
                fix="encoders with the same pieces in the same order",
            )


def _compare_settings(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    first: Source,
    other: Source,
    place: str = "",
) -> None:
    """Compares what both state; a token that one of them does not name is no difference."""
    keys = sorted(ours.keys() & theirs.keys(), key=lambda key: (key != "model_type", key))
    for key in keys:
        unnamed = key.endswith("_token_id") and None in (ours[key], theirs[key])
        if ours[key] != theirs[key] and not unnamed:
            raise ModelError(
                f"{other.name} has another architecture than {first.name}",
                found=f"{place}{key} {theirs[key]!r} instead of {ours[key]!r}",
                fix=_FIX,
            )


def _tell_piece(piece: tuple[int, str] | None) -> str:
    return "no piece" if piece is None else f"piece {piece[0]:,} {piece[1]!r}"
