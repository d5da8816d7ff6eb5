"""What is known of a model beside its vectors: training sets, licence, size.

Read from the files that loading reads or brings: an export's manifest, the records of
munjang's own runs, a model card, the weights' headers; and from the zoo.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from munjang.data.known import DATASETS
from munjang.encode import zoo
from munjang.encode.address import is_address
from munjang.encode.folder import MANIFEST, read_manifest
from munjang.encode.loading import find_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CARD = "README.md"

_RUN_RECORD = "manifest.json"
_UNSTATED = ("not stated", "none stated", "unknown", "other", "")
_MOST_HEADER = 100_000_000
_BUFFERS = ("I64", "I32", "BOOL")
"""Kinds of numbers that stand beside the parameters in a file of weights: positions, masks."""

_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "*.model")
_CATALOG = {known.name for known in DATASETS}
_SOURCE = re.compile(r"(?:^|, )([^|]+?) \([0-9a-f]{12}\)")
"""A source of a run and its checksum, in the table of a card that munjang wrote."""

_KORNLI = ("kornli:snli", "kornli:multinli")
_WIKIPEDIA = ("Korean Wikipedia",)

STATED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BM-K/KoSimCSE-bert": _KORNLI,
        "BM-K/KoSimCSE-roberta": _KORNLI,
        "BM-K/KoSimCSE-Unsup-BERT": _WIKIPEDIA,
        "BM-K/KoSimCSE-Unsup-RoBERTa": _WIKIPEDIA,
        "BM-K/KoDiffCSE-RoBERTa": _WIKIPEDIA,
        "snumin44/simcse-ko-bert-supervised": _KORNLI,
        "snumin44/simcse-ko-bert-unsupervised": _WIKIPEDIA,
        "snumin44/simcse-ko-roberta-supervised": _KORNLI,
        "snumin44/simcse-ko-roberta-unsupervised": _WIKIPEDIA,
        "jhgan/ko-sroberta-multitask": ("korsts", "kornli"),
        "jhgan/ko-sroberta-nli": ("kornli",),
        "jhgan/ko-sroberta-sts": ("korsts",),
        "jhgan/ko-sbert-multitask": ("korsts", "kornli"),
        "jhgan/ko-sbert-nli": ("kornli",),
        "jhgan/ko-sbert-sts": ("korsts",),
        "ddobokki/unsup-simcse-klue-roberta-small": ("korsts:train", "klue-sts:train"),
        "snunlp/KR-SBERT-V40K-klueNLI-augSTS": ("klue-nli", "korsts"),
        "upskyy/bge-m3-korean": ("korsts", "kornli"),
    }
)
"""Training sets that authors name in the README of their repository or model, by hub id.

The part stands there only where they say it. A model that is not here says nothing, or
only in the front matter of its card, which is read.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of a model; None for what is not.

    Attributes:
        trained_on: The training sets that it declares, its base's too where that is a
            known model, by any names; NAME:SPLIT of the catalogue where munjang trained it.
        licence: Under which licence its weights may be used.
        dim: The dimension of its vectors.
        size_mb: Weights and tokenizer on disk, in megabytes of 10^6 bytes.
        params_m: Parameters, in millions.
    """

    trained_on: tuple[str, ...] | None = None
    licence: str | None = None
    dim: int | None = None
    size_mb: float | None = None
    params_m: float | None = None

    def to_record(self) -> dict[str, Any]:
        """What is known beside the training sets, by name, as a suite's record keeps it."""
        names = ("dim", "size_mb", "params_m", "licence")
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}


def model_facts(
    model: str | Path = "default", *, revision: str | None = None, allow_pickle: bool = False
) -> ModelFacts:
    """Reads what is known of a model.

    Args:
        model: As for `munjang.encode.loading.load`. An address of a server tells nothing.
        revision: A commit, tag or branch of a hub model.
        allow_pickle: As for `load`, so that nothing else is fetched.

    Returns:
        The facts. A card that cannot be read counts as one that says nothing.

    Raises:
        ModelError: There is no such model, or its manifest is malformed.
        NetworkError: A hub model is neither in the cache nor to be had.

    Example:
        >>> facts = model_facts()
        >>> facts.trained_on[:2], facts.licence, facts.dim
        (('korsts:train', 'klue-sts:train'), 'CC-BY-SA-4.0', 384)
    """
    if is_address(str(model)):
        return ModelFacts()
    folder, name = find_folder(str(model), revision=revision, allow_pickle=allow_pickle)
    if (folder / MANIFEST).is_file():
        return _exported(folder)
    return _folder_facts(folder, (zoo.find(name) if name else None) or zoo.find(folder))


def _exported(folder: Path) -> ModelFacts:
    manifest = read_manifest(folder)
    size = sum(mark.size for mark in manifest.files.values())
    return ModelFacts(
        trained_on=manifest.training_data or None,
        licence=_stated(manifest.license),
        dim=manifest.dim,
        size_mb=round(size / 1e6, 1) if size else None,
    )


def _folder_facts(folder: Path, known: zoo.ZooModel | None) -> ModelFacts:
    card, text = _read_card(folder / CARD)
    weights = _files(folder, "*.safetensors")
    counts = [_count_parameters(path) for path in weights]
    params = sum(count for count in counts if count is not None)
    licence = _stated(card.get("license_name")) or _stated(card.get("license"))
    return ModelFacts(
        trained_on=_training_sets(folder, card, text, known),
        licence=licence or (_stated(known.license) if known else None),
        dim=_dimension(folder) or (known.dim if known else None),
        size_mb=_megabytes(folder, weights),
        params_m=round(params / 1e6, 1) if params else (known.params_m if known else None),
    )


def _stated(licence: object) -> str | None:
    text = str(licence or "").strip()
    return None if text.lower() in _UNSTATED else text


def _read_card(path: Path) -> tuple[Mapping[str, Any], str]:
    """The front matter of a card, and all of it; nothing where there is none to be read."""
    from huggingface_hub import metadata_load

    try:
        return metadata_load(path) or {}, path.read_text("utf-8")
    except Exception:  # whatever YAML, by whoever: its errors are those of several libraries
        return {}, ""


def _training_sets(
    folder: Path, card: Mapping[str, Any], text: str, known: zoo.ZooModel | None
) -> tuple[str, ...] | None:
    """The sets of the runs that made the model, else what its card says; then its base's."""
    ours = "munjang" in _texts(card.get("tags"))
    told = (ours and _card_sets(text)) or _texts(card.get("datasets"))
    sets = _run_sets(folder.parent) or told
    models = [known.name] if known else []
    for name in [*models, *_texts(card.get("base_model"))]:
        base = zoo.find(name)
        sets = [*sets, *(STATED.get(base.name, ()) if base else ())]
    return tuple(dict.fromkeys(sets)) or None


def _run_sets(run: Path) -> list[str]:
    """The sources of a run of `munjang train`, and of the runs before it, from its record."""
    record = _read_json(run / _RUN_RECORD)
    data = record.get("data") if isinstance(record, dict) else None
    if not isinstance(data, dict) or "recipe" not in record:
        return []
    files = [entry.get("files") for entry in data.values() if isinstance(entry, dict)]
    here = [_without_folders(ref) for each in files if isinstance(each, dict) for ref in each]
    return [*_run_sets(run / "before"), *here]


def _without_folders(ref: str) -> str:
    return ref if ref.split(":")[0] in _CATALOG else ref.replace("\\", "/").rsplit("/", 1)[-1]


def _card_sets(text: str) -> list[str]:
    """The sources in the table of a card that `munjang train` wrote."""
    cells = (cell.strip() for line in text.splitlines() for cell in line.split("|"))
    return [found for cell in cells for found in _SOURCE.findall(cell)]


def _texts(value: object) -> list[str]:
    """A text, or a list of some, as front matter may have either."""
    values = value if isinstance(value, list) else [value]
    return [each.strip() for each in values if isinstance(each, str) and each.strip()]


def _megabytes(folder: Path, weights: Sequence[Path]) -> float | None:
    held = weights or _files(folder, "pytorch_model*.bin")
    files = [*held, *(path for name in _TOKENIZERS for path in _files(folder, name))]
    return round(sum(path.stat().st_size for path in files) / 1e6, 1) if held else None


def _files(folder: Path, pattern: str) -> list[Path]:
    """Files of a folder and of those of its modules."""
    return sorted([*folder.glob(pattern), *folder.glob(f"[!.]*/{pattern}")])


def _count_parameters(path: Path) -> int | None:
    """The parameters of a safetensors file, from its header; None if it has no such header."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _MOST_HEADER:
                return None
            header = json.loads(file.read(length))
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        counts = [math.prod(each["shape"]) for each in tensors if each["dtype"] not in _BUFFERS]
        return int(sum(counts))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _dimension(folder: Path) -> int | None:
    """The width behind the last module that says one, else the backbone's."""
    modules = _read_json(folder / "modules.json")
    homes = [folder]
    if isinstance(modules, list):
        rows = [row for row in modules if isinstance(row, dict)]
        homes = [folder, *(folder / str(row.get("path", "")) for row in rows)]
    for home in reversed(homes):
        config = _read_json(home / "config.json")
        for key in ("out_features", "embedding_dimension", "word_embedding_dimension"):
            if isinstance(config, dict) and isinstance(config.get(key), int):
                return int(config[key])
    config = next((found for home in homes if (found := _read_json(home / "config.json"))), None)
    width = config.get("hidden_size") if isinstance(config, dict) else None
    return width if isinstance(width, int) else None


def _read_json(path: Path) -> Any:  # noqa: ANN401 - JSON has no better type
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
