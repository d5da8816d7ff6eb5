"""The machine's findings, on this machine and on ones described."""

from __future__ import annotations

import platform

import pytest

import munjang
from munjang.doctor.hardware import Cores, Memory
from munjang.doctor.machine import (
    examine_cores,
    examine_gpu,
    examine_instructions,
    examine_machine,
    examine_memory,
    examine_packages,
)
from munjang.doctor.packages import Package

GIB = 1024**3


def test_this_machine_runs_munjang():
    found = {finding.what: finding for finding in examine_machine(hub=False)}
    assert found["munjang"].values["munjang"] == munjang.__version__
    assert platform.python_version() in found["munjang"].detail
    assert found["base packages"].level == "ok"
    assert "OpenVINO: " in found["instruction sets"].detail
    assert "FP32" in found["instruction sets"].values["openvino"]


def package(name, extra="", version="1.0", fits=True):
    return Package(name, extra, ">=1", version, fits)


def test_an_extra_that_is_not_there_is_no_fault():
    found = examine_packages([package("numpy"), package("ray", "ray", None, fits=False)])
    assert {finding.level for finding in found} == {"ok"}
    assert "not installed: ray" in next(f for f in found if f.what == "extras").detail


@pytest.mark.parametrize(
    ("version", "level", "says"),
    [("0.5", "warning", "transformers 0.5 is not >=1"), (None, "note", "transformers is missing")],
)
def test_a_part_of_an_extra_is_told(version, level, says):
    rows = [
        package("numpy"),
        package("peft", "train"),
        package("transformers", "train", version, fits=False),
    ]
    found = next(f for f in examine_packages(rows) if f.what == "extra train")
    assert (found.level, found.detail) == (level, says)
    assert found.fix == 'pip install "munjang[train]"'


def test_a_package_of_the_base_that_does_not_fit_is_a_problem():
    found = examine_packages([package("numpy", version="0.1", fits=False)])[0]
    assert (found.level, found.fix) == ("problem", "pip install --upgrade munjang")


def test_a_munjang_that_is_not_installed_is_told():
    assert "not installed" in examine_packages([])[0].detail


def test_a_container_that_gives_fewer_cores_is_told_with_the_number_of_threads():
    assert examine_cores(Cores(4, 8, 8, None)).level == "ok"
    found = examine_cores(Cores(4, 8, 8, 2.5))
    assert found.level == "warning"
    assert "munjang.load(threads=2)" in found.fix
    assert "threads=1)" in examine_cores(Cores(4, 8, 8, 0.5)).fix


@pytest.mark.parametrize(
    ("instructions", "architecture", "level"),
    [
        (("avx2", "avx512_vnni"), "x86_64", "ok"),
        (("avx2",), "x86_64", "note"),
        (("avx512f",), "AMD64", "warning"),
        ((), "x86_64", "ok"),  # no /proc: nothing is known
        (("asimd", "asimddp"), "aarch64", "ok"),
        (("asimd",), "aarch64", "note"),
    ],
)
def test_instructions_decide_over_int8(instructions, architecture, level):
    found = examine_instructions(instructions, ["INT8", "FP32"], architecture)
    assert found.level == level
    assert bool(found.fix) == (level != "ok")


def test_little_memory_is_told():
    assert examine_memory(Memory(8 * GIB, 4 * GIB))[0].level == "ok"
    assert examine_memory(Memory(8 * GIB, GIB // 2))[0].level == "warning"
    assert examine_memory(Memory(8 * GIB, None))[0].level == "ok"
    assert examine_memory(None) == []


def test_a_torch_that_cannot_use_the_gpu_is_told():
    assert examine_gpu(driver=False, torch="2.9.0+cpu") == []
    assert examine_gpu(driver=True, torch="2.9.0+cpu")[0].level == "warning"
    assert examine_gpu(driver=True, torch="2.9.0+cu128")[0].level == "ok"
    assert "not installed" in examine_gpu(driver=True, torch=None)[0].detail
