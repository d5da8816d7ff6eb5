"""The tensors of a model folder as they are stored: found by name, read by rows.

Of a safetensors file no more is read than is asked for, so several models can be gone
through side by side in the memory of one.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from munjang.errors import ModelError
from munjang.model.tensors import BUFFERS, POOLER, find_prefix, read_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import EllipsisType

    from torch import Tensor, nn

    Rows: TypeAlias = slice | EllipsisType

_WEIGHTS, _SHARDS, _PICKLES = "model.safetensors", "model-*.safetensors", "pytorch_model*.bin"


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor of a file, not read yet.

    Attributes:
        shape: Its shape.
        source: What gives its rows when they are asked for.
    """

    shape: tuple[int, ...]
    source: Any

    def read(self, rows: Rows) -> Tensor:
        """Reads some rows, or with `...` all of it."""
        found: Tensor = self.source[rows]
        return found


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of an architecture that a tensor goes into.

    Attributes:
        names: What it is called; more than one name where weights are tied.
        weight: The tensor of the model in memory.
        needed: Whether vectors depend on it.
    """

    names: tuple[str, ...]
    weight: Tensor
    needed: bool


@contextmanager
def open_tensors(folder: Path, *, allow_pickle: bool = False) -> Iterator[dict[str, StoredTensor]]:
    """Opens the files of weights of a folder, safetensors where there are any.

    Args:
        folder: That of a transformer, or of another module.
        allow_pickle: Read `pytorch_model.bin` where there is nothing else, weights-only.

    Yields:
        Its tensors by name, readable within the block; none where it has no weights.

    Raises:
        ModelError: A file is damaged, or a pickle that needs code to be read.
    """
    whole = folder / _WEIGHTS
    paths = [whole] if whole.is_file() else sorted(folder.glob(_SHARDS))
    found: dict[str, StoredTensor] = {}
    with ExitStack() as stack:
        for path in paths:
            found |= _open_file(path, stack)
        for path in sorted(folder.glob(_PICKLES)) if allow_pickle and not paths else ():
            state = read_tensors(path)
            found |= {name: StoredTensor(tuple(held.shape), held) for name, held in state.items()}
        yield found


def _open_file(path: Path, stack: ExitStack) -> dict[str, StoredTensor]:
    from safetensors import SafetensorError, safe_open

    try:
        file = stack.enter_context(safe_open(path, framework="pt"))
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path} cannot be read as a file of tensors",
            found=str(error),
            fix="copy or download the folder again, whole",
        ) from error
    return {name: StoredTensor(tuple(part.get_shape()), part) for name, part in parts.items()}


def list_slots(module: nn.Module) -> list[Slot]:
    """The places of a module for tensors of floats, in its own order.

    A weight that is frozen is not needed: `build_encoder` freezes what no vector depends on.
    """
    from torch import nn

    weights: dict[int, Tensor] = {}
    names: dict[int, list[str]] = {}
    for name, weight in module.state_dict(keep_vars=True).items():
        if weight.is_floating_point():
            weights[id(weight)] = weight
            names.setdefault(id(weight), []).append(name)
    return [
        Slot(
            names=tuple(names[key]),
            weight=weight.detach(),
            needed=weight.requires_grad or not isinstance(weight, nn.Parameter),
        )
        for key, weight in weights.items()
    ]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The tensors of a folder, put to the places of an architecture.

    Attributes:
        tensors: One for each slot; None where the folder has none and none is needed.
        spare: The names of what is left over, but for counters and poolers.
    """

    tensors: tuple[StoredTensor | None, ...]
    spare: frozenset[str]


def fit_tensors(
    slots: Sequence[Slot], stored: Mapping[str, StoredTensor], *, name: str, place: str = ""
) -> Fitted:
    """Puts the tensors of a folder to the places that they are for.

    What the names have in front (`bert.`) is found and taken off.

    Args:
        slots: The places.
        stored: The tensors.
        name: What the user calls the model.
        place: What stands before names in errors.

    Raises:
        ModelError: One that is needed is missing, or has another shape; the first is named.
    """
    wanted = [each for slot in slots for each in slot.names]
    prefix = find_prefix(stored, wanted)
    inside = {each.removeprefix(prefix): held for each, held in stored.items()}
    found = [_find(slot, inside, name=name, place=place) for slot in slots]
    spare = {
        each
        for each in inside.keys() - set(wanted)
        if not each.endswith(BUFFERS) and not each.startswith(POOLER)
    }
    return Fitted(tuple(found), frozenset(spare))


def _find(
    slot: Slot, inside: Mapping[str, StoredTensor], *, name: str, place: str
) -> StoredTensor | None:
    held = next((inside[each] for each in slot.names if each in inside), None)
    if held is None and slot.needed:
        raise ModelError(
            f"{name} has no tensor {place}{slot.names[0]}",
            fix="a model that was trained from the same base as the first, whole",
        )
    if held is not None and held.shape != tuple(slot.weight.shape):
        found, wanted = (
            " x ".join(map(str, shape)) or "a number" for shape in (held.shape, slot.weight.shape)
        )
        raise ModelError(
            f"the tensor {place}{slot.names[0]} of {name} has another shape than the first model's",
            found=f"{found} instead of {wanted}",
            fix="a model that was trained from the same base as the first",
        )
    return held
