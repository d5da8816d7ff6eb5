"""What a machine computes in: bfloat16 where it is made for that, else float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from munjang.train.recipe import Precision

_FAST = ("amx_bf16", "avx512_bf16")
"""What a CPU has that multiplies bfloat16 itself, as torch spells it."""


def resolve_precision(asked: Precision, device_type: str) -> Literal["bf16", "fp32"]:
    """Says what to compute in.

    A CPU without bfloat16 of its own imitates it, at a ninth of float32's speed on one with
    AVX2; so do GPUs before Ampere, if less slowly.

    Args:
        asked: What the recipe says; "auto" leaves it to the machine.
        device_type: "cpu" or "cuda".

    Example:
        >>> resolve_precision("fp32", "cpu")
        'fp32'
    """
    if asked != "auto":
        return asked
    if device_type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = any(_cpu_has(name) for name in _FAST)
    return "bf16" if fast else "fp32"


def _cpu_has(name: str) -> bool:
    """Whether torch sees an instruction set; not, where it is too old to say."""
    if not hasattr(torch.cpu, "get_capabilities"):
        return False
    return bool(torch.cpu.get_capabilities().get(name))
