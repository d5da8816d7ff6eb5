"""Checkpoints that are whole, or do not count."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from munjang.errors import InputError
from munjang.files import hash_file, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEAL = "complete.json"
"""The file that is written last: size and checksum of every other file."""

STATE = "trainer_state.json"
"""Where the trainer keeps the step, the log and the best step so far."""

_DISK_SIGNS = ("No space left", "File too large", "Disk quota", "unexpected pos", "iostream")
"""What the libraries' errors say when a disk is full."""

_NAME = re.compile(r"checkpoint-(\d+)")


def seal(checkpoint: Path) -> None:
    """Marks a checkpoint as whole; nothing in it may change from now on.

    Args:
        checkpoint: Its folder, with all its files in place.

    Raises:
        InputError: The mark cannot be written.
    """
    files = [path for path in sorted(checkpoint.rglob("*")) if path.is_file() and path.name != SEAL]
    marks = {
        path.relative_to(checkpoint).as_posix(): [path.stat().st_size, hash_file(path)]
        for path in files
    }
    with whole_file(checkpoint / SEAL) as file:
        file.write(json.dumps(marks, indent=1).encode())


def find_fault(checkpoint: Path) -> str | None:
    """Says what is wrong with a checkpoint.

    Returns:
        None if it is as it was sealed; else a few words, such as "optimizer.pt has changed".
    """
    try:
        marks = json.loads((checkpoint / SEAL).read_text("utf-8")).items()
    except (OSError, ValueError, AttributeError):
        return "it was not written to its end"
    for name, (size, checksum) in marks:
        path = checkpoint / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != size or hash_file(path) != checksum:
            return f"{name} has changed"
    return None


def find_checkpoints(folder: Path) -> list[Path]:
    """Lists the checkpoints of a folder, whole or not, the last step first."""
    found = {
        int(match[1]): path
        for path in folder.glob("checkpoint-*")
        if (match := _NAME.fullmatch(path.name))
    }
    return [found[step] for step in sorted(found, reverse=True)]


def pick_checkpoint(folder: Path) -> tuple[Path | None, dict[str, str]]:
    """Finds the last whole checkpoint, and removes those after it, which cannot be used.

    One whose best checkpoint so far is damaged cannot be used either: the run may end with
    that one's weights.

    Args:
        folder: Where a run keeps its checkpoints.

    Returns:
        The checkpoint, or None where none is whole; and why each one after it was
        removed, by name.
    """
    faults: dict[str, str] = {}
    for checkpoint in find_checkpoints(folder):
        fault = find_fault(checkpoint) or _find_fault_of_best(checkpoint)
        if fault is None:
            return checkpoint, faults
        faults[checkpoint.name] = fault
        shutil.rmtree(checkpoint)
    return None, faults


def _find_fault_of_best(checkpoint: Path) -> str | None:
    """One that is gone is none: it went for a better one, which will be found again."""
    state = json.loads((checkpoint / STATE).read_text("utf-8"))
    best = checkpoint.with_name(f"checkpoint-{state['best_global_step']}")
    fault = find_fault(best) if best.exists() else None
    return fault and f"the best one, {best.name}: {fault}"


@contextmanager
def explained_disk_errors(root: Path) -> Iterator[None]:
    """Turns what a full disk raises, in three libraries' ways, into one error."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        words = str(error)
        if not any(sign in words for sign in _DISK_SIGNS):
            raise
        raise InputError(
            f"what was trained could not be written to {root}",
            found=words.splitlines()[0],
            fix="make room, then the same command with --resume: nothing before it is lost",
        ) from error
