"""The weighted mean of what several folders store, put into a model tensor by tensor."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.errors import ModelError
from munjang.model.stored import fit_tensors, list_slots, open_tensors
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    from munjang.model.agreement import Source
    from munjang.model.stored import Fitted, Rows, Slot, StoredTensor

BLOCK = 1 << 20
"""Numbers of a tensor that are averaged at once: 8 MiB in float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What became of a model's tensors.

    Attributes:
        tensors: How many are means.
        kept: Those that no vector depends on and that a model has not: left as they were.
        dtype: float16 where all models store their transformer so, else float32.
    """

    tensors: int
    kept: tuple[str, ...]
    dtype: torch.dtype


@dataclass(frozen=True, slots=True)
class _Task:
    """A tensor to be averaged, or to be left where a model has no part in it."""

    name: str
    slot: Slot
    parts: tuple[StoredTensor | None, ...]
    backbone: bool


def fill_mean(
    model: SentenceTransformer,
    sources: Sequence[Source],
    shares: Sequence[float],
    *,
    allow_pickle: bool = False,
    progress: bool = False,
) -> Filled:
    """Puts the mean of stored tensors into a model, a block of rows at a time.

    Sums are float64. A share of 0 takes nothing of a model, but it is read.

    Args:
        model: The first source as `build_encoder` opens it; it is changed.
        sources: The models whose tensors are averaged.
        shares: One for each, together 1.
        allow_pickle: Read pickled weights where there are no others.
        progress: Show a progress bar on stderr.

    Raises:
        ModelError: A tensor is missing, superfluous or of another shape, or holds numbers
            that are not finite; the model and the tensor are named.
    """
    import torch

    kept: list[str] = []
    dtypes: set[torch.dtype] = set()
    with ExitStack() as stack:
        tasks = _plan(model, sources, stack, allow_pickle=allow_pickle)
        with progress_bar("averaging", total=len(tasks), unit="tensors", shown=progress) as advance:
            for task in tasks:
                found = _average(task, sources, shares)
                if not found:
                    kept.append(task.name)
                if task.backbone:
                    dtypes |= found
                advance(1)
    return Filled(
        tensors=len(tasks) - len(kept),
        kept=tuple(kept),
        dtype=torch.float16 if dtypes == {torch.float16} else torch.float32,
    )


def _plan(
    model: SentenceTransformer,
    sources: Sequence[Source],
    stack: ExitStack,
    *,
    allow_pickle: bool,
) -> list[_Task]:
    """Finds every tensor in every model, before any is read."""
    tasks = []
    for number, module in enumerate(model):
        inner: Any = module if number else model.transformers_model
        slots = list_slots(inner)
        if not slots:
            continue
        place = f"{sources[0].modules[number].name}/" if number else ""
        fitted = []
        for source in sources:
            folder = source.modules[number] if number < len(source.modules) else None
            opened = open_tensors(folder, allow_pickle=allow_pickle) if folder else None
            stored = stack.enter_context(opened) if opened else {}
            fitted.append(fit_tensors(slots, stored, name=source.name, place=place))
        _check_spare(sources, fitted, place)
        columns = zip(*(each.tensors for each in fitted), strict=True)
        tasks += [
            _Task(f"{place}{slot.names[0]}", slot, parts, backbone=number == 0)
            for slot, parts in zip(slots, columns, strict=True)
        ]
    return tasks


def _check_spare(sources: Sequence[Source], fitted: Sequence[Fitted], place: str) -> None:
    """Refuses tensors that the first has not; a plain folder may have a head or a decoder."""
    for source, each in zip(sources, fitted, strict=True):
        spare = sorted(each.spare - fitted[0].spare)
        if spare and source.plan is not None:
            raise ModelError(
                f"{source.name} has a tensor that {sources[0].name} has not",
                found=f"{place}{spare[0]}",
                fix="encoders that were trained from the same base in the same way",
            )


def _average(task: _Task, sources: Sequence[Source], shares: Sequence[float]) -> set[torch.dtype]:
    """Averages a tensor in place; gives the precisions that it is stored in, or none."""
    if None in task.parts:
        return set()
    dtypes: set[torch.dtype] = set()
    # numpy's arithmetic has one thread, and does not wait for others where all cores are busy.
    weight = task.slot.weight.numpy()
    for rows in _blocks(weight.shape):
        terms = _read_terms(task, rows, sources, shares, dtypes)
        weight[rows] = reduce(np.add, terms)
    return dtypes


def _read_terms(
    task: _Task,
    rows: Rows,
    sources: Sequence[Source],
    shares: Sequence[float],
    dtypes: set[torch.dtype],
) -> Iterator[NDArray[np.float64]]:
    """Rows of each model times its share, in float64, and notes in what they are stored.

    A share of 0 gives no term, so that a model alone stays as it is, negative zeros too.
    """
    import torch

    for part, source, share in zip(task.parts, sources, shares, strict=True):
        if part is None:
            continue
        block = part.read(rows)
        dtypes.add(block.dtype)
        # of what is shorter than a float32, numpy knows one kind
        known = block.dtype in (torch.float16, torch.float32, torch.float64)
        values = (block if known else block.float()).numpy().astype(np.float64)
        if not np.isfinite(values).all():
            raise ModelError(
                f"the tensor {task.name} of {source.name} holds numbers that are not finite",
                found="NaN" if np.isnan(values).any() else "infinity",
                fix="leave that model out, or train it again",
            )
        if share:
            yield values * share


def _blocks(shape: tuple[int, ...]) -> Iterator[Rows]:
    """Rows of a tensor that are read at once, all of them in order."""
    if not shape:
        yield ...
        return
    step = max(1, BLOCK // max(1, math.prod(shape[1:])))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))
