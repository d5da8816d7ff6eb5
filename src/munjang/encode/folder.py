"""The folder of an exported model: one graph, its tokenizer, and a manifest of both."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from munjang.errors import ModelError
from munjang.files import hash_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "munjang.json"
TOKENIZER = "tokenizer.json"
GRAPHS = {"openvino": "model.xml", "onnx": "model.onnx"}
FORMAT = 1
_KINDS = {"name": str, "engine": str, "precision": str, "prompt": str} | dict.fromkeys(
    ("dim", "max_tokens", "pad_id"), int
)


@dataclass(frozen=True, slots=True)
class FileMark:
    """What a file of the folder must be.

    Attributes:
        size: Bytes.
        sha256: Checksum, hexadecimal.
    """

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an exported model is and how it is run.

    Attributes:
        name: What tables call it.
        engine: "openvino" or "onnx".
        precision: "fp32" or "int8".
        dim: The dimension of its vectors.
        max_tokens: Longer sentences are cut, special tokens included.
        pad_id: The id that fills a batch.
        normalized: Whether vectors leave the graph with length 1.
        prompt: Put before every sentence.
        license: Under which licence its weights may be used.
        base: The model it was made from.
        training_data: The training sets, by catalog name, as far as they are known.
        gate: What the quality gate measured when it let the model through.
        versions: Versions of the libraries that made it.
        files: Size and checksum of each file of the folder.
        format: Version of this layout.
    """

    name: str
    engine: str
    precision: str
    dim: int
    max_tokens: int
    pad_id: int
    normalized: bool
    prompt: str = ""
    license: str = "not stated"
    base: str = "not stated"
    training_data: tuple[str, ...] = ()
    gate: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FileMark] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """The manifest as indented JSON, a line feed at the end."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest of an exported model and checks that its files are whole.

    Sizes are compared here; `check_files` compares the checksums too.

    Args:
        folder: The model folder.

    Raises:
        ModelError: The manifest is malformed or from a newer munjang, or a file is
            missing or of another size.
    """
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_text("utf-8"))
        found = raw["format"]
        manifest = _parse(raw) if found == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} is not a model manifest",
            found=f"{type(error).__name__}: {error}",
            fix="copy the folder again, or export the model again with `munjang export`",
        ) from error
    if manifest is None:
        raise ModelError(
            f"{path} has a layout that this munjang does not know",
            found=f"format {found}",
            fix='pip install --upgrade "munjang"',
        )
    for name, mark in manifest.files.items():
        _check_size(folder / name, mark)
    return manifest


def _parse(raw: dict[str, Any]) -> Manifest:
    if unknown := sorted(raw.keys() - {f.name for f in fields(Manifest)}):
        raise ValueError(f"unknown key {unknown[0]!r}")
    for key, kind in _KINDS.items():
        if not isinstance(raw[key], kind):
            raise TypeError(f"{key} is {raw[key]!r}")
    if raw["engine"] not in GRAPHS:
        raise ValueError(f"unknown engine {raw['engine']!r}")
    files = {name: FileMark(**mark) for name, mark in raw["files"].items()}
    training_data = tuple(raw.get("training_data", ()))
    return Manifest(**{**raw, "files": files, "training_data": training_data})


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compares every file of the folder with its checksum in the manifest.

    Raises:
        ModelError: A file is missing or altered.
    """
    for name, mark in manifest.files.items():
        _check_size(folder / name, mark)
        found = hash_file(folder / name)
        if found != mark.sha256:
            raise ModelError(
                f"{folder / name} was altered",
                found=f"sha256 {found[:12]}…, expected {mark.sha256[:12]}…",
                fix="copy or export the model folder again",
            )


def mark_file(path: Path) -> FileMark:
    """The size and checksum of a file."""
    return FileMark(size=path.stat().st_size, sha256=hash_file(path))


def _check_size(path: Path, mark: FileMark) -> None:
    if not path.is_file():
        raise ModelError(
            f"the model folder is not whole: {path} is missing",
            fix="copy or export the model folder again",
        )
    size = path.stat().st_size
    if size != mark.size:
        raise ModelError(
            f"the model folder is not whole: {path} has another size",
            found=f"{size:,} bytes, expected {mark.size:,}",
            fix="copy or export the model folder again",
        )
