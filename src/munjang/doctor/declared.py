"""What a model says of itself: how it pools, its licence, what it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from munjang.doctor.findings import Finding
from munjang.encode import zoo
from munjang.encode.folder import MANIFEST, read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from munjang.encode.folder import Manifest
    from munjang.encode.zoo import PoolingPlan

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Card:
    """Licence and training data as a model states them.

    Attributes:
        license: Such as "mit"; `NOT_STATED` where nobody says.
        training_data: Names of data sets.
        base: The model it was made from.
    """

    license: str
    training_data: tuple[str, ...]
    base: str


def read_card(folder: Path, name: str | None) -> Card:
    """Reads licence and training data from a manifest, a model card or the zoo.

    Args:
        folder: The model folder.
        name: Its hub id, where it has one.

    Raises:
        ModelError: The folder's manifest is malformed.
    """
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        return Card(manifest.license, manifest.training_data, manifest.base)
    said = _read_front_matter(folder / "README.md")
    known = (zoo.find(name) if name else None) or zoo.find(folder)
    licence = str(said.get("license") or (known.license if known else "") or NOT_STATED)
    return Card(
        NOT_STATED if licence in ("none stated", "unknown") else licence,
        _as_names(said.get("datasets")),
        ", ".join(_as_names(said.get("base_model"))) or NOT_STATED,
    )


def examine_card(card: Card) -> list[Finding]:
    """Says under which licence a model is, and what it was trained on."""
    base = "" if card.base == NOT_STATED else f", from {card.base}"
    known = card.license != NOT_STATED
    trained = ", ".join(card.training_data)
    return [
        Finding(
            "model",
            "licence",
            "ok" if known else "note",
            f"{card.license}{base}",
            "" if known else "ask its authors before you publish or sell what you make with it",
            {"license": card.license, "base": card.base},
        ),
        Finding(
            "model",
            "training data",
            "ok" if trained else "note",
            trained or NOT_STATED,
            ""
            if trained
            else "a score on a known test set may be flattered: it may have been trained on it",
            {"training_data": trained},
        ),
    ]


def examine_manifest(manifest: Manifest) -> Finding:
    """Says how an exported model pools."""
    return Finding(
        "model",
        "pooling",
        "ok",
        f"declared: inside the {manifest.engine} graph, {manifest.precision}",
        values={"source": "the graph", "normalize": manifest.normalized},
    )


def examine_plan(plan: PoolingPlan, folder: Path) -> Finding:
    """Says who decided how a folder of torch weights pools."""
    values = {"source": plan.source, "pooling": plan.pooling, "normalize": plan.normalize}
    if plan.source == "the folder":
        return Finding("model", "pooling", "ok", f"declared: {plan.why}", values=values)
    who = "known" if plan.source == "the zoo" else "yours"
    return Finding(
        "model",
        "pooling",
        "note",
        f"{who}: {plan.why}",
        f"`munjang export {folder} --out DIR` writes one that says it; other libraries "
        "mean-pool a folder without modules.json, silently",
        values,
    )


def is_silent(folder: Path, name: str | None) -> bool:
    """Whether nobody says how a folder of torch weights pools."""
    known = (zoo.find(name) if name else None) or zoo.find(folder)
    return known is None and not any((folder / f).is_file() for f in ("modules.json", MANIFEST))


def _read_front_matter(path: Path) -> dict[str, Any]:
    from huggingface_hub.repocard import metadata_load

    try:
        return dict(metadata_load(path) or {})
    except Exception:  # no file, no YAML, other YAML: a card is free text, and this one is silent
        return {}


def _as_names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list) else ()
