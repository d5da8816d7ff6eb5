"""The folder of a run: what lies where, begun, gone on with, finished."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from munjang.errors import InputError
from munjang.files import whole_file
from munjang.train.recipecheck import EDITED
from munjang.train.recipefile import load_recipe, to_toml
from munjang.train.record import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from munjang.train.recipe import Recipe

RUNNING, FINISHED = "running", "finished"

_HALF_WRITTEN = ".munjang-*"
"""What a kill leaves of a file that `whole_file` was writing."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a run keeps what.

    Attributes:
        root: The folder itself.
    """

    root: Path

    @property
    def model(self) -> Path:
        """The trained model, a sentence-transformers folder; there once a run is finished."""
        return self.root / "model"

    @property
    def recipe(self) -> Path:
        """The recipe, resolved."""
        return self.root / "recipe.toml"

    @property
    def manifest(self) -> Path:
        """Data with checksums, versions, seed, device, time, speed, warnings."""
        return self.root / "manifest.json"

    @property
    def scores(self) -> Path:
        """What was measured before and after."""
        return self.root / "scores.json"

    @property
    def log(self) -> Path:
        """Loss, learning rate and dev scores, a JSON object a line."""
        return self.root / "log.jsonl"

    @property
    def tensorboard(self) -> Path:
        """The same for TensorBoard."""
        return self.root / "tensorboard"

    @property
    def checkpoints(self) -> Path:
        """What a run goes on from; removed in the end."""
        return self.root / "checkpoints"

    @property
    def teacher(self) -> Path:
        """The teacher's own records, model and labels."""
        return self.root / "teacher"

    @property
    def tokens(self) -> Path:
        """The data as token ids; removed in the end."""
        return self.root / "tokens"

    @property
    def first(self) -> RunFolder:
        """The run of the recipe that this one builds on."""
        return RunFolder(self.root / "before")

    def state(self) -> Mapping[str, Any]:
        """The manifest so far; empty where nothing was begun."""
        return read_json(self.manifest) if self.manifest.exists() else {}


def open_folder(root: Path, recipe: Recipe, *, resume: bool) -> RunFolder:
    """Opens the folder of a run: a new one, or with `resume` one that was begun.

    Args:
        root: The folder; made if it is not there.
        recipe: What is run; written into the folder.
        resume: Go on with what is there, if anything is.

    Returns:
        The folder.

    Raises:
        InputError: It holds something and `resume` is not asked for; or it holds the run
            of another recipe; or it cannot be written to.
    """
    folder = RunFolder(root)
    text = to_toml(recipe)
    if root.exists() and (not root.is_dir() or set(root.iterdir()) - set(root.glob(_HALF_WRITTEN))):
        if not resume:
            raise InputError(
                f"{root} is there already", fix="another --out, or --resume to go on with it"
            )
        if not folder.recipe.is_file():
            raise InputError(f"{root} holds no run", found="no recipe.toml", fix="another --out")
        _check_same(folder.recipe, text)
        return folder
    with whole_file(folder.recipe) as file:
        file.write(text.encode())
    return folder


def begin(folder: RunFolder, data: Mapping[str, Any]) -> None:
    """Writes what a run is trained on; one that goes on must find the same.

    Raises:
        InputError: The data changed since the run was begun.
    """
    begun = folder.state().get("data", data)
    changed = [name for name in begun if begun[name] != data.get(name)]
    if changed:
        old = "old files and the old Kiwi" if EDITED in changed else "old files"
        raise InputError(
            f"the data of {', '.join(changed)} changed since {folder.root} was begun",
            fix=f"bring the {old} back, or begin anew with another --out",
        )
    if not folder.manifest.exists():
        write_json(folder.manifest, {"state": RUNNING, "data": data})


@contextmanager
def nothing_left(folder: RunFolder, *, new: bool) -> Iterator[None]:
    """Removes a new folder again if what is done within fails before anything is begun."""
    try:
        yield
    except BaseException:
        if new and {*folder.root.iterdir()} <= {folder.recipe, folder.tokens}:
            folder.recipe.unlink()
            shutil.rmtree(folder.tokens, ignore_errors=True)
            folder.root.rmdir()
        raise


def tidy(folder: RunFolder) -> None:
    """Removes what a finished run does not need: checkpoints, tokens, what kills left."""
    halves = folder.root.glob(f".{folder.model.name}-*")
    for leftover in (folder.checkpoints, folder.tokens, *halves):
        shutil.rmtree(leftover, ignore_errors=True)
    for file in folder.root.glob(_HALF_WRITTEN):
        file.unlink(missing_ok=True)


def _check_same(path: Path, text: str) -> None:
    """Refuses another recipe; a key that is younger than the file counts as its default."""
    old, new = path.read_text("utf-8").splitlines(), text.splitlines()
    with suppress(InputError):
        old = to_toml(load_recipe(path)).splitlines()
    if old == new:
        return
    here = next((line for line in new if line not in old), "fewer settings")
    there = next((line for line in old if line not in new), "fewer settings")
    raise InputError(
        f"{path.parent} is the run of another recipe: {here}",
        found=there,
        fix="the same recipe and settings, or another --out",
    )
