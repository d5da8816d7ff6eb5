"""The machine: versions, extras, cores, instruction sets, memory."""

from __future__ import annotations

import platform
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from munjang import __version__
from munjang.doctor.findings import Finding
from munjang.doctor.hardware import read_cores, read_instructions, read_memory
from munjang.doctor.packages import find_version, read_packages
from munjang.doctor.places import examine_places, in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from munjang.doctor.hardware import Cores, Memory
    from munjang.doctor.packages import Package

_LITTLE_MEMORY = 1024**3
_FAST_INT8 = {"avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm"}
_X86 = {"x86_64", "AMD64"}
_ENGINES_AND_PARTNERS = (
    "onnxruntime",
    "torch",
    "transformers",
    "sentence-transformers",
    "kiwipiepy",
    "lancedb",
    "mteb",
    "ray",
)
"""Packages whose version decides what works; shown where they are installed."""

_NVIDIA = Path("/proc/driver/nvidia/version")


def examine_machine(*, hub: bool = True) -> list[Finding]:
    """Looks at what munjang runs on.

    Args:
        hub: Try to reach the hub, for a few seconds at most.

    Example:
        >>> [finding.what for finding in examine_machine(hub=False)][:2]
        ['munjang', 'base packages']
    """
    packages = read_packages()
    system = f"{platform.system()} {platform.machine()}"
    return [
        Finding(
            "machine",
            "munjang",
            "ok",
            f"{__version__}, Python {platform.python_version()}, {system}",
            values={"munjang": __version__, "python": platform.python_version(), "system": system},
        ),
        *examine_packages(packages),
        examine_cores(read_cores()),
        examine_instructions(read_instructions(), _asked_openvino(), platform.machine()),
        *examine_memory(read_memory()),
        *examine_gpu(driver=_NVIDIA.exists(), torch=find_version("torch")),
        *examine_places(hub=hub),
    ]


def examine_packages(packages: Sequence[Package]) -> list[Finding]:
    """Looks at the packages of the base install and of the extras.

    An extra of which nothing is installed is no fault; a part of one is.

    Args:
        packages: As `read_packages` gives them.
    """
    by_extra: dict[str, list[Package]] = defaultdict(list)
    for package in packages:
        by_extra[package.extra].append(package)
    findings = [_examine_base(by_extra.pop("", []))]
    whole, missing = [], []
    for extra, members in by_extra.items():
        if all(package.fits for package in members):
            whole.append(extra)
        elif _is_begun(extra, members, by_extra):
            findings.append(_name_misfits(f"extra {extra}", members, f'"munjang[{extra}]"'))
        else:
            missing.append(extra)
    detail = ", ".join(whole) or "none"
    if missing:
        detail += f"; not installed: {', '.join(missing)}"
    versions = {package.name: package.version for package in packages if package.extra}
    versions |= {name: find_version(name) for name in _ENGINES_AND_PARTNERS}
    findings.append(Finding("machine", "extras", "ok", detail))
    shown = [f"{name} {versions[name]}" for name in _ENGINES_AND_PARTNERS if versions[name]]
    if shown:
        findings.append(Finding("machine", "packages", "ok", ", ".join(shown), values=versions))
    return findings


def examine_cores(cores: Cores) -> Finding:
    """Says how many cores there are, and warns of a container that gives fewer."""
    physical = "" if cores.physical is None else f"{cores.physical} physical, "
    detail = f"{cores.usable} usable ({physical}{cores.logical} logical)"
    values = {
        "physical": cores.physical,
        "logical": cores.logical,
        "usable": cores.usable,
        "quota": cores.quota,
    }
    if cores.quota is not None and cores.quota < cores.usable:
        return Finding(
            "machine",
            "cores",
            "warning",
            f"{detail}, but the container gives the time of {cores.quota:g}",
            f"munjang.load(threads={max(1, int(cores.quota))}): more threads than that only wait",
            values,
        )
    return Finding("machine", "cores", "ok", detail, values=values)


def examine_instructions(
    instructions: Sequence[str], openvino: Sequence[str], architecture: str
) -> Finding:
    """Says which vector instructions the CPU has, and what that means for int8.

    Args:
        instructions: As /proc/cpuinfo spells them; () where it does not.
        openvino: What OpenVINO can make use of.
        architecture: Such as "x86_64".
    """
    seen = ", ".join(instructions) or architecture
    precisions = [name for name in openvino if name in ("INT8", "BF16", "FP16", "FP32")]
    detail = f"{seen}; OpenVINO: {', '.join(precisions) or 'does not say'}"
    values = {"instructions": " ".join(instructions), "openvino": " ".join(openvino)}
    if instructions and architecture in _X86 and "avx2" not in instructions:
        return Finding(
            "machine",
            "instruction sets",
            "warning",
            f"{detail}; no AVX2",
            "expect a tenth of the usual speed; a CPU from 2013 or later has AVX2 (in a virtual "
            "machine: pass the host's CPU through)",
            values,
        )
    if instructions and not _FAST_INT8 & set(instructions):
        fix = "nothing is wrong: int8 models compute in float32 here; with VNNI they are faster"
        return Finding("machine", "instruction sets", "note", detail, fix, values)
    return Finding("machine", "instruction sets", "ok", detail, values=values)


def examine_memory(memory: Memory | None) -> list[Finding]:
    """Says how much memory there is, where the system tells."""
    if memory is None:
        return []
    values = {"total": memory.total, "available": memory.available}
    if memory.available is None:
        return [Finding("machine", "memory", "ok", in_bytes(memory.total), values=values)]
    detail = f"{in_bytes(memory.available)} of {in_bytes(memory.total)} available"
    if memory.available < _LITTLE_MEMORY:
        fix = "end other programs; the shipped model wants about 0.5 GiB, a base model 2 GiB"
        return [Finding("machine", "memory", "warning", detail, fix, values)]
    return [Finding("machine", "memory", "ok", detail, values=values)]


def examine_gpu(*, driver: bool, torch: str | None) -> list[Finding]:
    """Warns of a torch that cannot use the GPU that is there.

    Args:
        driver: Whether NVIDIA's driver is loaded.
        torch: The installed version of torch, or None.
    """
    if not driver:
        return []
    if torch is not None and torch.endswith("+cpu"):
        return [
            Finding(
                "machine",
                "GPU",
                "warning",
                f"there is an NVIDIA driver, but torch {torch} is the build without CUDA",
                "install the CUDA build of torch that pytorch.org names for this driver",
            )
        ]
    detail = "NVIDIA's driver is loaded" + ("" if torch else "; torch is not installed")
    return [Finding("machine", "GPU", "ok", detail)]


def _examine_base(packages: Sequence[Package]) -> Finding:
    if not packages:
        return Finding(
            "machine",
            "base packages",
            "warning",
            "munjang is on the path but not installed",
            'pip install munjang (or "pip install -e ." in its folder)',
        )
    if not all(package.fits for package in packages):
        return _name_misfits("base packages", packages, "--upgrade munjang")
    versions = {package.name: package.version for package in packages}
    shown = ("openvino", "tokenizers", "huggingface-hub", "numpy")
    detail = ", ".join(f"{name} {versions[name]}" for name in shown if name in versions)
    return Finding("machine", "base packages", "ok", detail, values=versions)


def _name_misfits(what: str, packages: Sequence[Package], install: str) -> Finding:
    unfit = any(package.version is not None and not package.fits for package in packages)
    return Finding(
        "machine",
        what,
        "problem" if what == "base packages" else "warning" if unfit else "note",
        ", ".join(_describe(package) for package in packages if not package.fits),
        f"pip install {install}",
        {package.name: package.version for package in packages},
    )


def _describe(package: Package) -> str:
    if package.version is None:
        return f"{package.name} is missing"
    return f"{package.name} {package.version} is not {package.wanted}"


def _is_begun(extra: str, members: Iterable[Package], by_extra: dict[str, list[Package]]) -> bool:
    """Whether a package is installed that this extra alone brings."""
    others = {p.name for name, rows in by_extra.items() if name != extra for p in rows}
    return any(p.version is not None and p.name not in others for p in members)


def _asked_openvino() -> tuple[str, ...]:
    """What OpenVINO's CPU plug-in can make use of; () where OpenVINO does not run."""
    from munjang.encode.engines import silence_telemetry

    silence_telemetry()
    try:
        import openvino

        return tuple(openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    except (ImportError, RuntimeError):
        return ()
