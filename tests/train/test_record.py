"""What a run writes down: its log, its speed, its versions."""

from __future__ import annotations

import json
from importlib.metadata import version
from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

import torch
from transformers import TrainerControl, TrainerState, logging

from munjang import __version__
from munjang.errors import DataError, InputError
from munjang.train import record
from munjang.train.record import (
    RunLog,
    device_name,
    installed,
    library_versions,
    quiet_libraries,
    read_json,
    write_json,
)

METRIC = "eval_dev"
ARGS = SimpleNamespace(world_size=2)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told otherwise."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(record.time, "perf_counter", lambda: now.seconds)
    return now


class Follow:
    """A log, and the trainer's state that it follows."""

    def __init__(self, path, *, first=True, metric=METRIC):
        self.counts = SimpleNamespace(sentences=0, tokens=0, slots=0)
        self.said = []
        self.log = RunLog(path, self.counts, metric=metric, shown=False, say=self.said.append)
        self.state = TrainerState(global_step=0, max_steps=40, is_world_process_zero=first)

    def tell(self, event, **given):
        getattr(self.log, f"on_{event}")(ARGS, self.state, TrainerControl(), **given)

    def step(self):
        self.state.global_step += 1
        self.counts.sentences += 16
        self.counts.tokens += 90
        self.counts.slots += 120
        self.tell("step_end")


def test_a_line_for_everything_logged(tmp_path):
    run = Follow(tmp_path / "log.jsonl")
    run.tell("train_begin")
    run.state.global_step = 10
    run.tell("log", logs={"loss": 0.5, "learning_rate": 1e-5})
    run.tell("log", logs={METRIC: 0.25, "말": "한글"})
    text = (tmp_path / "log.jsonl").read_text("utf-8")
    assert [json.loads(line) for line in text.splitlines()] == [
        {"step": 10, "loss": 0.5, "learning_rate": 1e-5},
        {"step": 10, METRIC: 0.25, "말": "한글"},
    ]
    assert "한글" in text


def test_only_the_first_process_writes_and_speaks(tmp_path):
    run = Follow(tmp_path / "log.jsonl", first=False)
    run.tell("train_begin")
    run.tell("log", logs={"loss": 0.5})
    run.tell("evaluate", metrics={METRIC: 0.5})
    assert list(tmp_path.iterdir()) == []
    assert run.said == []


def test_lines_after_the_step_that_it_goes_on_from_are_cut(tmp_path):
    path = tmp_path / "log.jsonl"
    lines = [json.dumps({"step": step, "loss": 1.0}) for step in (2, 4, 6, 8)]
    path.write_text("\n".join(lines) + '\n{"step": 3, "lo', encoding="utf-8")
    run = Follow(path)
    run.state.global_step = 4
    run.tell("train_begin")
    run.tell("log", logs={"loss": 2.0})
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert entries == [{"step": 2, "loss": 1.0}, {"step": 4, "loss": 1.0}, {"step": 4, "loss": 2.0}]


def test_speed_leaves_looks_and_checkpoints_out(tmp_path, clock):
    run = Follow(tmp_path / "log.jsonl")
    run.tell("train_begin")
    for _ in range(5):
        clock.seconds += 0.5
        run.step()
    clock.seconds += 1_000
    run.tell("evaluate", metrics={METRIC: 0.5})
    clock.seconds += 1_000
    run.tell("save")
    for _ in range(5):
        clock.seconds += 0.5
        run.step()
    speed = run.log.throughput(2)
    assert speed.sentences_per_second == pytest.approx(2 * 160 / 5)
    assert speed.tokens_per_second == pytest.approx(2 * 900 / 5)
    assert speed.padding_share == pytest.approx(0.25)


def test_before_a_step_there_is_no_speed(tmp_path):
    speed = Follow(tmp_path / "log.jsonl").log.throughput(1)
    assert (speed.sentences_per_second, speed.tokens_per_second) == (0, 0)


def test_a_look_is_said_with_the_time_left(tmp_path, clock):
    run = Follow(tmp_path / "log.jsonl")
    run.tell("train_begin")
    for _ in range(10):
        clock.seconds += 6
        run.step()
    run.tell("evaluate", metrics={METRIC: 0.8123})
    run.state.best_metric = 0.9
    run.tell("evaluate", metrics={METRIC: 0.8})
    speed = "5 sentences/s, 30 tokens/s, padding 25%, 3.0 min of training left"
    assert run.said == [
        f"step 10/40: dev 81.23 (best), {speed}",
        f"step 10/40: dev 80.00, {speed}",
    ]


def test_without_a_dev_set_nothing_is_said(tmp_path):
    run = Follow(tmp_path / "log.jsonl", metric=None)
    run.tell("evaluate", metrics={})
    run.tell("train_end")
    run.log.close()
    assert run.said == []


def test_a_record_comes_back(tmp_path):
    path = tmp_path / "새" / "manifest.json"
    write_json(path, {"이름": ["값", 1.5, None]})
    assert read_json(path) == {"이름": ["값", 1.5, None]}
    assert "이름" in path.read_text("utf-8")
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("content", [None, "", '{"state": "run', "\xff"])
def test_what_is_no_record_says_so(tmp_path, content):
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    with pytest.raises(DataError, match=r"manifest.json is no record of a run"):
        read_json(path)


def test_a_record_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_json(tmp_path / "file" / "manifest.json", {})


def test_versions_and_device():
    versions = library_versions()
    assert versions["munjang"] == __version__
    assert versions["torch"] == torch.__version__
    assert versions["python"].startswith("3.")
    assert device_name(torch.device("cpu")) == f"CPU, {torch.get_num_threads()} threads"


def test_packages_that_are_not_there_are_left_out():
    assert installed(["no-such-package", "torch"]) == {"torch": version("torch")}


def test_libraries_are_quiet_for_a_while():
    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    with quiet_libraries():
        assert logging.get_verbosity() == logging.ERROR
        assert not logging.is_progress_bar_enabled()
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
    with pytest.raises(KeyError), quiet_libraries():
        raise KeyError
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
