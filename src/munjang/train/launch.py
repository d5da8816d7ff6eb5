"""Several processes of one run, started by torchrun."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from munjang.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def is_launched() -> bool:
    """Whether torchrun started this process."""
    return "LOCAL_RANK" in os.environ


def is_first() -> bool:
    """Whether this process is the one that speaks for all."""
    return int(os.environ.get("RANK", "0")) == 0


def launch(arguments: Sequence[str], processes: int, *, device: str | None = None) -> int:
    """Runs the command line in several processes on this machine, a GPU each.

    For several machines start torchrun on each yourself:
    `torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29500
    -m munjang train …`, with --out on a disk that they share.

    Args:
        arguments: What follows `munjang`.
        processes: How many.
        device: "cpu" for processes that share the cores; GPUs where there are any when None.

    Returns:
        The exit code: that of the first process that failed, or 128 and the signal that
        stopped this one.

    Raises:
        InputError: More processes than GPUs.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("training", "train") from error
    cards = 0 if device == "cpu" else torch.cuda.device_count()
    if (cards or device == "cuda") and processes > cards:
        raise InputError(
            f"{processes} processes need as many GPUs",
            found=f"{cards}",
            fix=f"--processes {cards}" if cards else "--device cpu",
        )
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    torchrun = ["--standalone", f"--nproc-per-node={processes}", "--module", "munjang"]
    try:
        with _only_their_own_words():
            options = parse_args([*torchrun, *arguments])  # type: ignore[no-untyped-call]
            run(options)  # type: ignore[no-untyped-call]
    except ChildFailedError as failed:
        code = failed.get_first_failure()[1].exitcode
        return code if code > 0 else 1
    except SignalException as stopped:
        return 128 + int(stopped.sigval)
    return 0


@contextmanager
def _only_their_own_words() -> Iterator[None]:
    """Keeps torchrun from telling at length what a failed process has said itself."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
