"""A model folder made from others: what is read, what may be replaced, what goes along."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

from munjang.encode.folder import MANIFEST
from munjang.errors import InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import torch
    from sentence_transformers import SentenceTransformer

MODULES = "modules.json"
LEGAL = ("LICENSE*", "LICENCE*", "NOTICE*")
"""Files that go wherever the weights go."""


def refuse_exported(folder: Path, name: str, *, verb: str) -> None:
    """Refuses an exported model, whose weights are fixed inside a graph.

    Args:
        folder: The model's folder.
        name: What the user calls it.
        verb: What was to be done with it, such as "trim".

    Raises:
        ModelError: It is one.
    """
    if (folder / MANIFEST).is_file():
        raise ModelError(
            f"{name} is an exported model, whose weights and vocabulary are fixed",
            found=MANIFEST,
            fix=f"{verb} the torch weights that it was exported from, then munjang export",
        )


def check_target(
    target: Path, sources: Sequence[Path], *, overwrite: bool, mark: str = MODULES
) -> None:
    """Checks that a folder may be written.

    Args:
        target: The folder to write.
        sources: The folders that are read for it.
        overwrite: Whether a model in its place may go.
        mark: The file by which such a model is known: by default that of a
            sentence-transformers folder.

    Raises:
        InputError: It is taken, or what would go is no model, or is read.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not overwrite:
        raise InputError(f"{target} exists already", fix="another folder, or --overwrite")
    if not (target / mark).is_file():
        raise InputError(
            f"{target} is no model, so it is not overwritten",
            found=f"no {mark}",
            fix="another folder",
        )
    if any(source.resolve().is_relative_to(target.resolve()) for source in sources):
        raise InputError(f"{target} holds the model that is read", fix="another folder")


def save_encoder(model: SentenceTransformer, folder: Path, dtype: torch.dtype) -> None:
    """Writes a model without a card.

    Args:
        model: The model; its transformer is put into `dtype`.
        folder: An empty folder.
        dtype: In what the transformer is stored; other modules stay as they are.
    """
    backbone: Any = model.transformers_model
    backbone.to(dtype)
    model.save_pretrained(str(folder), create_model_card=False)


def copy_legal_files(sources: Iterable[Path], out: Path) -> None:
    """Copies licences and notices; of two that differ the later gets a number.

    Args:
        sources: The folders of the models that were read.
        out: The folder that was written.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     a, b, out = (Path(folder, name) for name in ("가", "나", "평균"))
        ...     for place, text in ((a, "첫째"), (b, "둘째"), (out, None)):
        ...         place.mkdir()
        ...         _ = text and (place / "LICENSE.txt").write_text(text, "utf-8")
        ...     copy_legal_files([a, b, a], out)
        ...     sorted(path.name for path in out.iterdir())
        ['LICENSE-2.txt', 'LICENSE.txt']
    """
    for path in (p for folder in sources for mark in LEGAL for p in sorted(folder.glob(mark))):
        if path.is_file():
            content = path.read_bytes()
            numbered = (f"{path.stem}-{n}{path.suffix}" for n in count(2))
            places = (out / name for name in chain([path.name], numbered))
            free = next(p for p in places if not p.exists() or p.read_bytes() == content)
            free.write_bytes(content)
