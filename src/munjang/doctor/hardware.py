"""What this process may use of the machine: cores, instruction sets, memory."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_INSTRUCTIONS = (
    "avx2",
    "avx512f",
    "avx_vnni",
    "avx512_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
)
"""What decides how fast an encoder runs, as /proc/cpuinfo spells it; asimd is NEON."""


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of the machine and those of this process.

    Attributes:
        physical: Cores; None where the system does not tell.
        logical: Hardware threads.
        usable: Hardware threads that this process may run on.
        quota: CPU time that its container gives it, in cores; None for no limit.
    """

    physical: int | None
    logical: int
    usable: int
    quota: float | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of memory.

    Attributes:
        total: What the machine has, or the container if that is less.
        available: What could be had now without swapping; None where it is not known.
    """

    total: int
    available: int | None


def read_cores(*, proc: Path = _PROC, cgroups: Path = _CGROUPS) -> Cores:
    """Counts the cores.

    Args:
        proc: Where Linux tells of the machine and the process.
        cgroups: Where it tells of the container.

    Example:
        >>> cores = read_cores()
        >>> 1 <= cores.usable <= cores.logical
        True
    """
    logical = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    return Cores(_physical(proc / "cpuinfo"), logical, usable, _quota(proc, cgroups))


def read_instructions(*, proc: Path = _PROC) -> tuple[str, ...]:
    """The vector instructions of the CPU that matter here; () where Linux does not tell."""
    for name, value in _fields(proc / "cpuinfo"):
        if name in ("flags", "Features"):
            flags = set(value.split())
            return tuple(name for name in _INSTRUCTIONS if name in flags)
    return ()


def read_memory(*, proc: Path = _PROC, cgroups: Path = _CGROUPS) -> Memory | None:
    """How much memory there is; None where the system does not tell."""
    found = dict(_fields(proc / "meminfo"))
    try:
        total = int(found["MemTotal"].split()[0]) * 1024
        available = int(found["MemAvailable"].split()[0]) * 1024
    except (KeyError, ValueError, IndexError):
        return _portable_memory()
    for group in _own_groups(proc, cgroups):
        limit, used = (_number(group / name) for name in ("memory.max", "memory.current"))
        if limit is not None and limit < total:
            total = int(limit)
            available = min(available, max(0, total - int(used or 0)))
    return Memory(total, available)


def _portable_memory() -> Memory | None:
    try:
        return Memory(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), None)
    except (AttributeError, ValueError, OSError):
        return None


def _physical(path: Path) -> int | None:
    package, cores = "", set()
    for name, value in _fields(path):
        if name == "physical id":
            package = value
        elif name == "core id":
            cores.add((package, value))
    return len(cores) or None


def _quota(proc: Path, cgroups: Path) -> float | None:
    quotas = []
    for group in _own_groups(proc, cgroups):
        quota, _, period = _read(group / "cpu.max").partition(" ")
        if quota.isdigit() and period.strip().isdigit():
            quotas.append(int(quota) / int(period))
    old = _number(cgroups / "cpu" / "cpu.cfs_quota_us")
    period_old = _number(cgroups / "cpu" / "cpu.cfs_period_us")
    if old is not None and old > 0 and period_old:
        quotas.append(old / period_old)
    return min(quotas, default=None)


def _own_groups(proc: Path, cgroups: Path) -> Iterator[Path]:
    """The folders of the process's own group (cgroup version 2) and of those above it."""
    for line in _read(proc / "self" / "cgroup").splitlines():
        number, _, place = line.partition("::")
        if number == "0":
            group = cgroups / place.lstrip("/")
            yield from (group, *(above for above in group.parents if above.is_relative_to(cgroups)))


def _fields(path: Path) -> Iterator[tuple[str, str]]:
    for line in _read(path).splitlines():
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()


def _number(path: Path) -> float | None:
    try:
        number = float(_read(path))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""
