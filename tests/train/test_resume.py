"""A run that was killed goes on to the same weights, whatever is left of it."""

from __future__ import annotations

import json
import shutil
import time

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from safetensors.numpy import load_file

from munjang.errors import InputError
from munjang.train.checkpoints import SEAL, find_checkpoints, find_fault
from munjang.train.recipefile import load_recipe, to_toml
from munjang.train.result import read_run
from munjang.train.run import _Loop, train

STEPS = 24
METRIC = "eval_dev_spearman_cosine"


@pytest.fixture(scope="module")
def recipe(make_recipe, own_data, tmp_path_factory):
    """Two objectives, one with weights of its own; dropout, bf16, a look every other step."""
    recipe = make_recipe(
        "softmax",
        train={"epochs": 2.0, "precision": "bf16", "mix": "round-robin"},
        evaluate={"every": 2, "report": (str(own_data["dev"]),)},
    )
    path = tmp_path_factory.mktemp("recipe") / "resumed.toml"
    second = f'[data.sts]\nobjective = "cosine"\nuse = ["{own_data["sts"]}"]\n'
    path.write_text(f"{to_toml(recipe)}\n{second}", encoding="utf-8")
    assert len(load_recipe(path).data) == 2
    return path


@pytest.fixture(scope="module")
def start(nursery, recipe):
    """Starts the recipe in a process of its own."""

    def start(out, *more, **options):
        return nursery.start("train", recipe, "--out", out, "--device", "cpu", *more, **options)

    return start


@pytest.fixture(scope="module")
def uninterrupted(start, tmp_path_factory):
    """The folder of the run that nothing happened to."""
    out = tmp_path_factory.mktemp("whole") / "run"
    code, _, err = start(out).wait()
    assert code == 0, err
    assert read_run(out).manifest["steps"] == STEPS
    return out


@pytest.fixture(scope="module")
def halfway(start, tmp_path_factory):
    """The folder of a run that was killed with two checkpoints or three, the last one whole."""
    out = tmp_path_factory.mktemp("half") / "run"
    child = start(out)
    while not (out / "checkpoints" / "checkpoint-8" / SEAL).exists():
        assert not child.ended(), child.wait()
        time.sleep(0.001)
    child.kill()
    assert child.wait()[0] == -9
    for checkpoint in find_checkpoints(out / "checkpoints"):
        if find_fault(checkpoint):
            shutil.rmtree(checkpoint)
    return out


@pytest.fixture
def again(halfway, tmp_path):
    """A copy of that folder, to be damaged."""
    return shutil.copytree(halfway, tmp_path / "run")


def weights(out):
    return (out / "model" / "model.safetensors").read_bytes()


def log(out):
    """Step and what was logged there, timings left out."""
    entries = map(json.loads, (out / "log.jsonl").read_text("utf-8").splitlines())
    return [(entry["step"], METRIC in entry, entry.get(METRIC)) for entry in entries]


def check(out, uninterrupted):
    """Whether a run ended as the one that nothing happened to."""
    assert weights(out) == weights(uninterrupted)
    entries = log(out)
    looks = [entry for entry in entries if entry[1]]
    assert looks == [entry for entry in log(uninterrupted) if entry[1]]
    assert [step for step, *_ in looks] == list(range(2, STEPS + 1, 2))
    losses = [step for step, looked, _ in entries if not looked and step % 10 == 0]
    assert losses == [10, 20]
    assert read_run(out).manifest["best"] == read_run(uninterrupted).manifest["best"]
    assert not (out / "checkpoints").exists()


def open_ended(out):
    """The checkpoints that are not sealed."""
    return [path for path in find_checkpoints(out / "checkpoints") if not (path / SEAL).exists()]


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again(start, uninterrupted, tmp_path, seed):
    """At random moments, and in turns with them while a checkpoint is being written."""
    out = tmp_path / "run"
    draw = np.random.default_rng(seed)
    times = [(uninterrupted / name).stat().st_mtime for name in ("recipe.toml", "manifest.json")]
    half_written = kills = 0
    code = -9
    while code == -9 and kills < 8:
        child = start(out, "--resume")
        wanted, seen = draw.integers(1, 4), set(open_ended(out))
        until = time.perf_counter() + draw.uniform(0, 0.4) * (times[1] - times[0])
        left = len(seen)  # by the last kill
        while not child.ended():
            seen |= set(open_ended(out))
            if len(seen) - left >= wanted if kills % 2 == 0 else time.perf_counter() > until:
                child.kill()
                break
        code, _, err = child.wait()
        assert code in (0, -9), err
        kills += code == -9
        half_written += code == -9 and bool(open_ended(out))
    if code == -9:
        code, _, err = start(out, "--resume").wait()
        assert code == 0, err
    assert kills >= 3
    assert half_written
    check(out, uninterrupted)


def test_a_kill_while_a_checkpoint_is_written_is_said(start, uninterrupted, again):
    last = find_checkpoints(again / "checkpoints")[0]
    (last / SEAL).unlink()
    (last / "optimizer.pt").write_bytes((last / "optimizer.pt").read_bytes()[:100])
    code, _, err = start(again, "--resume").wait()
    assert code == 0, err
    before = f"checkpoint-{int(last.name.split('-')[1]) - 2}"
    words = f"{last.name} cannot be used: it was not written to its end; going on from {before}"
    assert words in " ".join(err.split())
    check(again, uninterrupted)


@pytest.mark.parametrize("damage", ["flip", "lose"])
def test_the_one_before_a_damaged_checkpoint_is_used(start, uninterrupted, again, damage):
    last, previous, *_ = find_checkpoints(again / "checkpoints")
    if damage == "flip":
        content = bytearray((last / "model.safetensors").read_bytes())
        content[len(content) // 2] ^= 4
        (last / "model.safetensors").write_bytes(content)
        fault = "model.safetensors has changed"
    else:
        (last / "loss.safetensors").unlink()
        fault = "loss.safetensors is missing"
    code, _, err = start(again, "--resume").wait()
    assert code == 0, err
    said = " ".join(err.split())
    assert f"{last.name} cannot be used: {fault}; going on from {previous.name}" in said
    check(again, uninterrupted)


def test_without_a_whole_checkpoint_it_begins_anew(start, uninterrupted, again):
    for checkpoint in find_checkpoints(again / "checkpoints"):
        (checkpoint / "scheduler.pt").write_bytes(b"")
    code, _, err = start(again, "--resume").wait()
    assert code == 0, err
    assert "scheduler.pt has changed; beginning anew" in " ".join(err.split())
    check(again, uninterrupted)


@pytest.mark.parametrize("limit", [60_000, 200_000])
def test_a_full_disk_loses_nothing(start, uninterrupted, again, limit):
    before = find_checkpoints(again / "checkpoints")
    code, _, err = start(again, "--resume", limit=limit).wait()
    assert code == 2, err
    what, found, fix = err.strip().splitlines()[-3:]
    assert f"what was trained could not be written to {again}" in what
    assert found.split("found: ")[1]
    assert "make room, then the same command with --resume" in fix
    assert "Traceback" not in err
    assert [find_fault(checkpoint) for checkpoint in before] == [None] * len(before)
    code, _, err = start(again, "--resume").wait()
    assert code == 0, err
    check(again, uninterrupted)


def test_a_moved_run_goes_on(start, uninterrupted, halfway, tmp_path):
    out = tmp_path / "다른 곳" / "run"
    shutil.copytree(halfway, out)
    assert start(out, "--resume").wait()[0] == 0
    check(out, uninterrupted)


def test_a_finished_run_is_only_read(start, uninterrupted):
    before = {path: path.stat().st_mtime_ns for path in uninterrupted.rglob("*")}
    code, out, err = start(uninterrupted, "--resume", "--json").wait()
    assert code == 0, err
    assert json.loads(out)["steps"] == STEPS
    assert {path: path.stat().st_mtime_ns for path in uninterrupted.rglob("*")} == before
    assert "checkpoint" not in err


def test_what_belongs_to_another_run_is_refused(recipe, halfway):
    def files():
        return {path: path.stat().st_mtime_ns for path in halfway.rglob("*")}

    before = files()
    with pytest.raises(InputError, match="is there already"):
        train(load_recipe(recipe), out=halfway, device="cpu")
    other = load_recipe(recipe, settings=["train.learning_rate=3e-5"])
    with pytest.raises(InputError, match="is the run of another recipe: learning_rate = 3e-5"):
        train(other, out=halfway, device="cpu", resume=True)
    assert files() == before


def test_changed_data_is_refused(make_recipe, own_data, tmp_path, monkeypatch):
    mine = tmp_path / "mine.tsv"
    shutil.copy(own_data["sts"], mine)
    recipe = make_recipe("cosine", part={"use": (str(mine),)}, train={"steps": 3})

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_Loop, "_fit", stop)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, out=tmp_path / "run", device="cpu")
    monkeypatch.undo()
    first, *lines = mine.read_text("utf-8").splitlines()
    mine.write_text("\n".join([first, *reversed(lines)]), encoding="utf-8")
    with pytest.raises(InputError, match="the data of set changed since"):
        train(recipe, out=tmp_path / "run", device="cpu", resume=True)
    shutil.copy(own_data["sts"], mine)
    assert train(recipe, out=tmp_path / "run", device="cpu", resume=True).manifest["steps"] == 3


def test_pairs_of_edited_text_are_the_same_after_a_kill(make_recipe, tmp_path, nursery):
    """In other processes, each with hashes of its own: the same pairs, the same weights."""
    path = tmp_path / "robust.toml"
    train_part = {"epochs": 2.0, "robust": 0.6, "precision": "bf16"}
    path.write_text(to_toml(make_recipe("cosine", train=train_part)), encoding="utf-8")
    command = ("train", path, "--device", "cpu", "--resume", "--out")
    code, _, err = nursery.run(*command, tmp_path / "whole")
    assert code == 0, err
    out = tmp_path / "run"
    child = nursery.start(*command, out)
    while not (out / "checkpoints" / "checkpoint-3" / SEAL).exists():
        assert not child.ended(), child.wait()
        time.sleep(0.001)
    child.kill()
    assert child.wait()[0] == -9
    code, _, err = nursery.run(*command, out)
    assert code == 0, err
    whole, again = read_run(tmp_path / "whole"), read_run(out)
    assert whole.manifest["data"]["robust"] == again.manifest["data"]["robust"]
    assert whole.manifest["steps"] == again.manifest["steps"] > 12
    assert weights(out) == weights(tmp_path / "whole")


def test_another_kiwi_is_other_data(make_recipe, own_data, tmp_path, monkeypatch):
    report = {"report": (str(own_data["graded"]),)}
    recipe = make_recipe("cosine", train={"steps": 3, "robust": 0.6}, evaluate=report)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_Loop, "_fit", stop)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, out=tmp_path / "run", device="cpu")
    monkeypatch.undo()
    with monkeypatch.context() as patch:
        patch.setattr("munjang.train.edited.installed", lambda _: {"kiwipiepy": "0.0.1"})
        patch.setattr("munjang.train.edited.has_kiwi", lambda: True)
        with pytest.raises(InputError, match="the data of robust changed since") as caught:
            train(recipe, out=tmp_path / "run", device="cpu", resume=True)
    assert "the old Kiwi" in str(caught.value)
    assert train(recipe, out=tmp_path / "run", device="cpu", resume=True).manifest["steps"] == 3


@pytest.mark.parametrize("patience", [0, 1])
def test_killed_between_the_last_step_and_the_end(make_recipe, tmp_path, monkeypatch, patience):
    """No step is done again, whether the steps or the patience were at their end."""
    recipe = make_recipe(
        train={"learning_rate": 1e-30, "steps": 9}, evaluate={"patience": patience}
    )
    whole = train(recipe, out=tmp_path / "whole", device="cpu")
    steps = 6 if patience else 9
    assert whole.manifest["steps"] == steps
    assert whole.manifest["best"]["step"] == 3
    for place in ("_save", "run"):
        original = getattr(_Loop, place)

        def stop(self, *given, original=original):
            original(self, *given)
            raise KeyboardInterrupt

        monkeypatch.setattr(_Loop, place, stop)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, out=tmp_path / "run", device="cpu", resume=True)
        monkeypatch.undo()
    entries = (tmp_path / "run" / "log.jsonl").read_text("utf-8")
    run = train(recipe, out=tmp_path / "run", device="cpu", resume=True)
    assert (run.manifest["steps"], run.manifest["best"]) == (steps, whole.manifest["best"])
    assert (tmp_path / "run" / "log.jsonl").read_text("utf-8") == entries
    assert weights(run.folder) == weights(whole.folder)
    assert not (run.folder / "checkpoints").exists()


def test_killed_between_the_manifest_and_the_card(make_recipe, tmp_path, monkeypatch):
    recipe = make_recipe(train={"steps": 1})

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("munjang.train.run.write_training_card", stop)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, out=tmp_path, device="cpu")
    monkeypatch.undo()
    assert (tmp_path / "checkpoints").exists()
    run = train(recipe, out=tmp_path, device="cpu", resume=True)
    assert (run.model / "README.md").is_file()
    assert not (tmp_path / "checkpoints").exists()


def test_the_recipe_before_is_gone_on_with_too(make_recipe, tmp_path, monkeypatch):
    first = make_recipe("softmax", train={"steps": 6})
    recipe = make_recipe("cosine", train={"steps": 6}, before=first)
    whole = train(recipe, out=tmp_path / "whole", device="cpu")
    assert whole.manifest["base"] == str(tmp_path / "whole" / "before" / "model")
    fit = _Loop._fit

    def stop(self, trainer):
        steps = fit(self, trainer)
        if not (self.folder.root / "stopped").exists():
            (self.folder.root / "stopped").touch()
            raise KeyboardInterrupt
        return steps

    monkeypatch.setattr(_Loop, "_fit", stop)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, out=tmp_path / "run", device="cpu", resume=True)
    run = train(recipe, out=tmp_path / "run", device="cpu", resume=True)
    for stage in ("", "before"):
        assert weights(run.folder / stage) == weights(whole.folder / stage)
    start = load_file(run.folder / "before" / "model" / "model.safetensors")
    end = load_file(run.model / "model.safetensors")
    assert any((start[name] != end[name]).any() for name in start)
