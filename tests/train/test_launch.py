"""Several processes: the command that starts them, and what is refused before."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="needs the extra train")

import torch
from torch.distributed import run as torchrun
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from munjang.errors import InputError, MissingExtraError
from munjang.train.launch import is_first, is_launched, launch


@pytest.fixture
def started(monkeypatch):
    """Keeps what would have been started; `fail` is what comes of it."""
    calls = SimpleNamespace(given=[], fail=None)

    def run(options):
        assert logging.root.manager.disable == logging.ERROR
        calls.given.append(options)
        if calls.fail is not None:
            raise calls.fail

    monkeypatch.setattr(torchrun, "run", run)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    return calls


def cards(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_torchrun_is_given_the_command_line_again(monkeypatch, started):
    cards(monkeypatch, 0)
    monkeypatch.delenv("OMP_NUM_THREADS")
    arguments = ["train", "cosent", "--out=결과", "--set=a.b=c d", "--resume"]
    assert launch(arguments, 2) == 0
    [options] = started.given
    assert (options.standalone, options.nproc_per_node, options.module) == (True, "2", True)
    assert (options.training_script, options.training_script_args) == ("munjang", arguments)
    assert os.environ["OMP_NUM_THREADS"] == str(max(1, (os.cpu_count() or 1) // 2))
    assert logging.root.manager.disable == logging.NOTSET


def test_threads_that_the_user_chose_stay(monkeypatch, started):
    cards(monkeypatch, 0)
    launch(["train"], 2)
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(("exit_code", "code"), [(2, 2), (3, 3), (-9, 1)])
def test_the_first_failure_decides(monkeypatch, started, exit_code, code):
    cards(monkeypatch, 0)
    failures = {
        1: ProcessFailure(1, 11, exit_code, ""),
        0: ProcessFailure(0, 10, -15, ""),
    }
    for number, failure in failures.items():
        failure.timestamp = 6 - number
    started.fail = ChildFailedError("munjang", failures)
    assert launch(["train"], 2) == code
    assert logging.root.manager.disable == logging.NOTSET


def test_a_signal_stops_it(monkeypatch, started):
    cards(monkeypatch, 0)
    started.fail = SignalException("stopped", signal.SIGINT)
    assert launch(["train"], 2) == 130


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
    assert started.given == []


@pytest.mark.parametrize(("count", "device"), [(2, None), (2, "cuda"), (1, "cpu"), (0, None)])
def test_what_there_is_is_used(monkeypatch, started, count, device):
    cards(monkeypatch, count)
    assert launch(["train"], 2, device=device) == 0
    assert len(started.given) == 1


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
