"""Published Korean sentence encoders, as data, and how a folder's vectors are pooled.

The facts stand in `zoo.json`, next to this file: each was read from the model's card,
its files on the hub, or the code that trained it; what could not be confirmed is None
there and the note says so. Several of these folders hold a bare transformer and do not
say how its token vectors become one sentence vector; `how_to_pool` settles that, and
never by guessing.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from munjang.errors import ModelError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POOLINGS = ("cls", "mean", "lasttoken")
"""What a user may ask for where a folder does not say it."""

_CACHED = re.compile(r"(?:^|/)models--([^/]+?)--([^/]+)(?:/snapshots/[^/]+)?$")
_SAFE_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)
_OLD_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedScore:
    """One figure that somebody published for a model.

    Attributes:
        task: "korsts-test" or "klue-sts-dev".
        metric: Such as "cosine_spearman"; "avg" is the mean of the eight correlations
            and "mteb_mean" the mean over MTEB's metrics.
        value: The figure, x100.
        source: Where it was published.
        caveat: What it measures differently from the task as munjang reads it, or "".
    """

    task: str
    metric: str
    value: float
    source: str
    caveat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooModel:
    """A published checkpoint and how it is really used.

    Attributes:
        name: Its id on the Hugging Face hub.
        params_m: Parameters, in millions.
        dim: The dimension of its vectors.
        max_tokens: Where it cuts a sentence; None for no limit or unknown (see `note`).
        pooling: "cls", "mean", "lasttoken" or "static"; None where only the folder's
            own modules.json can say it.
        normalize: Whether the published pipeline ends with vectors of length 1; None if
            unknown.
        modules: Whether its folder carries a modules.json and so speaks for itself.
        prompts: Texts that belong before a sentence, by use.
        symmetric: Which of the prompts goes before both sides of a similarity, or None.
        license: As its card states it, or "none stated".
        note: The trap, in one line.
        scores: Published figures.
    """

    name: str
    params_m: float
    dim: int
    max_tokens: int | None
    pooling: Literal["cls", "mean", "lasttoken", "static"] | None
    normalize: bool | None
    modules: bool
    prompts: Mapping[str, str]
    symmetric: str | None
    license: str
    note: str
    scores: tuple[PublishedScore, ...]

    @property
    def prompt(self) -> str:
        """The text before each side of a similarity; "" where none is needed."""
        return self.prompts[self.symmetric] if self.symmetric else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolingPlan:
    """How the token vectors of a folder become one sentence vector.

    Attributes:
        pooling: One of `POOLINGS`; None where the folder's own modules.json says it, so
            that the folder has to be opened as the pipeline that it is.
        normalize: Whether vectors end with length 1.
        source: Who said so.
        prompt: The text to put before every sentence; "" for none.
        why: The grounds, in one line.
    """

    pooling: str | None
    normalize: bool
    source: Literal["the folder", "the zoo", "you"]
    prompt: str
    why: str


def _read_models() -> dict[str, ZooModel]:
    rows = json.loads(Path(__file__).with_name("zoo.json").read_text("utf-8"))
    models = {}
    for row in rows:
        scores = tuple(
            PublishedScore(metric=metric, value=value, **table)
            for table in row.pop("scores")
            for metric, value in table.pop("values").items()
        )
        models[row["name"]] = ZooModel(**row, scores=scores)
    return models


MODELS: Mapping[str, ZooModel] = MappingProxyType(_read_models())
"""The published checkpoints by hub id, in the order of zoo.json."""

_BY_FOLDED_NAME = {name.lower(): model for name, model in MODELS.items()}


def find(name: str | Path) -> ZooModel | None:
    """Finds a published checkpoint by hub id or by where its folder lies.

    Args:
        name: A hub id, case-insensitive; or a folder that ends in one
            (`models/BM-K/KoSimCSE-roberta`) or that is a snapshot in the hub's cache
            (`models--BM-K--KoSimCSE-roberta/snapshots/3af1`). Nothing is read from disk.

    Returns:
        The checkpoint, or None if the name stands for none of them.

    Example:
        >>> find("bm-k/kosimcse-roberta-multitask").pooling
        'cls'
        >>> find("./한국어-모델") is None
        True
    """
    path = str(name).replace("\\", "/").rstrip("/")
    cached = _CACHED.search(path)
    key = "/".join(cached.groups() if cached else path.split("/")[-2:])
    return _BY_FOLDED_NAME.get(key.lower())


def how_to_pool(
    folder: Path, name: str | None, *, pooling: str | None = None, allow_pickle: bool = False
) -> PoolingPlan:
    """Decides how a model folder pools, and checks that the folder is whole.

    The first of these that speaks decides: the folder's modules.json, which `pooling`
    may confirm but not contradict; `pooling`; the zoo, by `name` or by the folder's
    path. Where none does, that is an error and not a guess.

    Args:
        folder: A sentence-transformers folder, or a plain transformers one.
        name: What the user called the model, such as a hub id; None if only by folder.
        pooling: What the user asks for, one of `POOLINGS`.
        allow_pickle: Accept weights that are only there as `pytorch_model.bin`.

    Returns:
        The plan and its grounds.

    Raises:
        InputError: `pooling` is not one of `POOLINGS`.
        ModelError: A file is missing, malformed or a pickle, `pooling` contradicts the
            folder, or nobody says how the model pools.
    """
    if pooling is not None and pooling not in POOLINGS:
        raise unknown_name("pooling", pooling, POOLINGS)
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder", fix="name the folder of a model")
    known = (find(name) if name else None) or find(folder)
    if (folder / "modules.json").is_file():
        return _ask_folder(folder, known, pooling, allow_pickle)
    _check_backbone(folder, allow_pickle)
    if pooling is not None:
        usual = f"; {known.name} is published as {known.pooling}" if known else ""
        return PoolingPlan(
            pooling=pooling,
            normalize=bool(known and known.normalize),
            source="you",
            prompt=known.prompt if known else "",
            why=f"pooling={pooling!r} was asked for{usual}",
        )
    if known is None:
        raise _nobody_knows(folder, name)
    if known.pooling not in POOLINGS:
        raise ModelError(
            f"{folder} is not whole: modules.json is missing, which {known.name} needs",
            fix="copy or download the folder again, whole",
        )
    return PoolingPlan(
        pooling=known.pooling,
        normalize=bool(known.normalize),
        source="the zoo",
        prompt=known.prompt,
        why=f"the folder does not say it; {known.name} is published as {known.pooling}",
    )


def _ask_folder(
    folder: Path, known: ZooModel | None, pooling: str | None, allow_pickle: bool
) -> PoolingPlan:
    modules = _read_modules(folder / "modules.json")
    said, steps = None, []
    for kind, place in modules:
        if kind == "Transformer":
            _check_backbone(folder / place, allow_pickle)
        elif kind == "StaticEmbedding":
            said = "static"
            _check_weights(folder / place, allow_pickle)
            _check_tokenizer(folder / place)
        elif kind == "Pooling":
            said = _read_pooling(folder / place / "config.json")
        elif kind == "Dense":
            _check_weights(folder / place, allow_pickle)
        steps.append(f"{kind} ({said})" if kind == "Pooling" else kind)
    if pooling not in (None, said):
        raise ModelError(
            f"pooling={pooling!r} contradicts {folder / 'modules.json'}",
            found=" > ".join(steps),
            fix="leave pooling out, or remove modules.json from a copy of the folder",
        )
    declared = _read_default_prompt(folder / "config_sentence_transformers.json")
    return PoolingPlan(
        pooling=None,
        normalize=steps[-1] == "Normalize",
        source="the folder",
        prompt=(known.prompt if known else "") if declared is None else declared,
        why=f"modules.json: {' > '.join(steps)}",
    )


def _read_modules(path: Path) -> list[tuple[str, str]]:
    """The kind and the subfolder of each module, in order."""
    try:
        modules = [(str(row["type"]), str(row["path"])) for row in _read_json(path)]
    except (KeyError, TypeError) as error:
        raise _malformed(path, f"{type(error).__name__}: {error}") from error
    if not modules:
        raise _malformed(path, "no modules")
    for kind, _ in modules:
        if not kind.startswith("sentence_transformers."):
            raise ModelError(
                f"{path} needs code that comes with the model",
                found=kind,
                fix="use a model made of sentence-transformers' own modules; "
                "munjang runs no remote code",
            )
    return [(kind.rsplit(".", 1)[-1], place) for kind, place in modules]


def _read_pooling(path: Path) -> str:
    """The pooling of a Pooling module, in the style of sentence-transformers 6 or before."""
    if not path.is_file():
        raise _missing(path)
    config = _read_json(path)
    if not isinstance(config, dict):
        raise _malformed(path, type(config).__name__)
    if "pooling_mode" in config:
        modes = config["pooling_mode"]
        return modes if isinstance(modes, str) else "+".join(map(str, modes))
    modes = [mode for key, mode in _OLD_MODES.items() if config.get(key)]
    return "+".join(modes) or "mean"  # sentence-transformers' own reading of a silent file


def _read_default_prompt(path: Path) -> str | None:
    config = _read_json(path) if path.is_file() else {}
    name = config.get("default_prompt_name") if isinstance(config, dict) else None
    if name is None:
        return None
    try:
        return str(config["prompts"][name])
    except (KeyError, TypeError) as error:
        raise _malformed(path, f"no prompt named {name!r}") from error


def _check_backbone(folder: Path, allow_pickle: bool) -> None:
    if not (folder / "config.json").is_file():
        raise _missing(folder / "config.json")
    _check_weights(folder, allow_pickle)
    _check_tokenizer(folder)


def _check_weights(folder: Path, allow_pickle: bool) -> None:
    if _has_any(folder, _SAFE_WEIGHTS):
        return
    pickled = sorted(folder.glob("pytorch_model*.bin"))
    if not pickled:
        raise ModelError(
            f"the model folder is not whole: {folder / _SAFE_WEIGHTS[0]} is missing",
            fix="copy or download the folder again, whole; allow_pickle=True (--allow-pickle) if "
            "its weights are published only as pytorch_model.bin",
        )
    if not allow_pickle:
        raise ModelError(
            f"{folder} holds its weights only as a pickle, which can run code when read",
            found=pickled[0].name,
            fix="allow_pickle=True (--allow-pickle) if you trust its authors, or convert it to "
            "safetensors",
        )


def _check_tokenizer(folder: Path) -> None:
    if not _has_any(folder, _TOKENIZERS):
        raise _missing(folder / _TOKENIZERS[0])


def _has_any(folder: Path, names: Sequence[str]) -> bool:
    return any((folder / name).is_file() for name in names)


def _read_json(path: Path) -> Any:  # noqa: ANN401 - JSON has no better type
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _malformed(path, str(error)) from error


def _missing(path: Path) -> ModelError:
    return ModelError(
        f"the model folder is not whole: {path} is missing",
        fix="copy or download the folder again, whole",
    )


def _malformed(path: Path, found: str) -> ModelError:
    return ModelError(
        f"{path} is malformed", found=found, fix="copy or download the folder again, whole"
    )


def _nobody_knows(folder: Path, name: str | None) -> ModelError:
    near = difflib.get_close_matches((name or "").lower(), _BY_FOLDED_NAME, n=1, cutoff=0.8)
    hint = f"did you mean {_BY_FOLDED_NAME[near[0]].name!r}? or " if near else ""
    return ModelError(
        f"{name or folder} does not say how it pools: it has no modules.json and is no known "
        "checkpoint",
        fix=f'{hint}pooling="mean" or "cls" (--pooling), as its card says',
    )
