"""Cores, instructions and memory: as Linux writes them, and where it writes nothing."""

from __future__ import annotations

import os

import pytest

from munjang.doctor.hardware import read_cores, read_instructions, read_memory

CPUINFO = "\n\n".join(
    f"processor\t: {n}\nphysical id\t: {n // 4}\ncore id\t\t: {n // 2 % 2}\n"
    "flags\t\t: fpu sse4_2 avx avx2 avx512f avx512_vnni\nbogomips\t: 4000"
    for n in range(8)
)
GIB = 1024**3


@pytest.fixture
def proc(tmp_path):
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "cpuinfo").write_text(CPUINFO)
    (folder / "meminfo").write_text("MemTotal:  8388608 kB\nMemAvailable:  4194304 kB\n")
    (folder / "self" / "cgroup").write_text("0::/pod/app\n")
    return folder


@pytest.fixture
def cgroups(tmp_path):
    folder = tmp_path / "cgroup"
    (folder / "pod" / "app").mkdir(parents=True)
    return folder


def test_hyper_threads_are_not_counted_as_cores(proc, cgroups):
    cores = read_cores(proc=proc, cgroups=cgroups)
    assert cores.physical == 4  # 8 threads: 2 sockets of 2 cores of 2 threads
    assert cores.logical == os.cpu_count()
    assert cores.quota is None


def test_the_tightest_quota_above_the_process_counts(proc, cgroups):
    (cgroups / "pod" / "app" / "cpu.max").write_text("max 100000\n")
    (cgroups / "pod" / "cpu.max").write_text("150000 100000\n")
    assert read_cores(proc=proc, cgroups=cgroups).quota == 1.5


def test_a_quota_of_the_first_cgroups_counts(proc, cgroups):
    (cgroups / "cpu").mkdir()
    (cgroups / "cpu" / "cpu.cfs_quota_us").write_text("200000")
    (cgroups / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert read_cores(proc=proc, cgroups=cgroups).quota == 2
    (cgroups / "cpu" / "cpu.cfs_quota_us").write_text("-1")
    assert read_cores(proc=proc, cgroups=cgroups).quota is None


def test_the_cores_of_the_process_are_those_it_may_run_on():
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("only Linux lets a process choose its cores")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert read_cores().usable == 1
    finally:
        os.sched_setaffinity(0, before)


def test_only_the_instructions_that_matter_are_told(proc):
    assert read_instructions(proc=proc) == ("avx2", "avx512f", "avx512_vnni")
    (proc / "cpuinfo").write_text("Features\t: fp asimd asimddp\n")
    assert read_instructions(proc=proc) == ("asimd", "asimddp")


def test_a_container_has_less_memory_than_its_machine(proc, cgroups):
    memory = read_memory(proc=proc, cgroups=cgroups)
    assert (memory.total, memory.available) == (8 * GIB, 4 * GIB)
    (cgroups / "pod" / "memory.max").write_text(str(2 * GIB))
    (cgroups / "pod" / "memory.current").write_text(str(GIB + GIB // 2))
    memory = read_memory(proc=proc, cgroups=cgroups)
    assert (memory.total, memory.available) == (2 * GIB, GIB // 2)


def test_where_there_is_no_proc_nothing_is_made_up(tmp_path):
    nowhere = tmp_path / "nowhere"
    assert read_instructions(proc=nowhere) == ()
    assert read_cores(proc=nowhere, cgroups=nowhere).physical is None
    memory = read_memory(proc=nowhere, cgroups=nowhere)
    assert memory is None or (memory.total > 0 and memory.available is None)
