"""Several processes: the command that starts them, and what is refused before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from munjang.errors import InputError, MissingExtraError
from munjang.train import launch as launching
from munjang.train.launch import is_first, is_launched, launch


@pytest.fixture
def started(monkeypatch):
    """Keeps what would have been started, which ends with code 3."""
    calls = []

    def run(command, *, env, check):
        calls.append((command, env))
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(launching.subprocess, "run", run)
    return calls


def cards(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_torchrun_is_given_the_command_line_again(monkeypatch, started):
    cards(monkeypatch, 0)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert launch(["train", "cosent", "--out=결과"], 2) == 3
    [(command, environment)] = started
    assert command[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert "--nproc-per-node=2" in command
    assert command[-5:] == ["-m", "munjang", "train", "cosent", "--out=결과"]
    assert environment["OMP_NUM_THREADS"] == str(max(1, (os.cpu_count() or 1) // 2))
    assert environment["PATH"] == os.environ["PATH"]


def test_threads_that_the_user_chose_stay(monkeypatch, started):
    cards(monkeypatch, 0)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    launch(["train"], 2)
    assert started[0][1]["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(
    ("count", "device", "processes"), [(2, None, 3), (2, "cuda", 3), (0, "cuda", 2)]
)
def test_more_processes_than_gpus_are_refused(monkeypatch, started, count, device, processes):
    cards(monkeypatch, count)
    with pytest.raises(InputError) as caught:
        launch(["train"], processes, device=device)
    what, found, fix = str(caught.value).splitlines()
    assert what == f"{processes} processes need as many GPUs"
    assert found == f"found: {count}"
    assert fix == ("try: --processes 2" if count else "try: --device cpu")
    assert started == []


@pytest.mark.parametrize(("count", "device"), [(2, None), (2, "cuda"), (1, "cpu"), (0, None)])
def test_what_there_is_is_used(monkeypatch, started, count, device):
    cards(monkeypatch, count)
    assert launch(["train"], 2, device=device) == 3
    assert len(started) == 1


def test_without_torch_it_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="training"):
        launch(["train"], 2)


def test_a_process_knows_its_place(monkeypatch):
    for name in ("LOCAL_RANK", "RANK"):
        monkeypatch.delenv(name, raising=False)
    assert (is_launched(), is_first()) == (False, True)
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("RANK", "8")  # the first GPU of a second machine
    assert (is_launched(), is_first()) == (True, False)
    monkeypatch.setenv("RANK", "0")
    assert (is_launched(), is_first()) == (True, True)
