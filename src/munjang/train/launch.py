"""Several processes of one run, started by torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from munjang.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        The exit code.

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
    threads = max(1, (os.cpu_count() or 1) // processes)
    command = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    done = subprocess.run(  # noqa: S603 - our own command line again
        [sys.executable, *command, "-m", "munjang", *arguments],
        env={"OMP_NUM_THREADS": str(threads), **os.environ},
        check=False,
    )
    return done.returncode
