"""Checkpoints are whole, or do not count."""

from __future__ import annotations

import json

import numpy as np
import pytest

from munjang.errors import InputError
from munjang.train.checkpoints import SEAL, find_checkpoints, find_fault, pick_checkpoint, seal


def write(folder, step, *, whole=True, best=None):
    """A checkpoint as the trainer leaves it, weights and states in bytes."""
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(np.random.default_rng(step).bytes(5_000))
    (checkpoint / "optimizer.pt").write_bytes(b"")
    (checkpoint / "trainer_state.json").write_text(json.dumps({"best_global_step": best}))
    if whole:
        seal(checkpoint)
    return checkpoint


def flip(path, place=-1):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_sealed_checkpoint_is_whole(tmp_path):
    checkpoint = write(tmp_path, 3)
    assert find_fault(checkpoint) is None
    seal(checkpoint)
    assert find_fault(checkpoint) is None
    marks = json.loads((checkpoint / SEAL).read_text())
    assert marks["model.safetensors"][0] == 5_000
    assert SEAL not in marks


@pytest.mark.parametrize("place", [0, 1_234, -1])
def test_a_flipped_bit_is_found(tmp_path, place):
    checkpoint = write(tmp_path, 3)
    flip(checkpoint / "model.safetensors", place)
    assert find_fault(checkpoint) == "model.safetensors has changed"


def test_what_is_cut_or_missing_is_found(tmp_path):
    checkpoint = write(tmp_path, 3)
    with (checkpoint / "model.safetensors").open("r+b") as file:
        file.truncate(4_999)
    assert find_fault(checkpoint) == "model.safetensors has changed"
    (checkpoint / "model.safetensors").unlink()
    assert find_fault(checkpoint) == "model.safetensors is missing"


def test_without_the_mark_it_is_not_whole(tmp_path):
    words = "it was not written to its end"
    assert find_fault(write(tmp_path, 3, whole=False)) == words
    cut = write(tmp_path, 4)
    (cut / SEAL).write_text((cut / SEAL).read_text()[:-5])
    assert find_fault(cut) == words
    odd = write(tmp_path, 5)
    (odd / SEAL).write_text("[]")
    assert find_fault(odd) == words
    assert find_fault(tmp_path / "checkpoint-6") == words


def test_checkpoints_are_found_by_number(tmp_path):
    for step in (9, 100, 20):
        write(tmp_path, step, whole=step != 20)
    (tmp_path / "checkpoint-x").mkdir()
    (tmp_path / "checkpoint-7.partial").mkdir()
    names = [path.name for path in find_checkpoints(tmp_path)]
    assert names == ["checkpoint-100", "checkpoint-20", "checkpoint-9"]
    assert find_checkpoints(tmp_path / "nowhere") == []


def test_the_last_whole_one_is_picked_and_those_after_it_go(tmp_path):
    early, good = write(tmp_path, 2), write(tmp_path, 4)
    changed, open_ended = write(tmp_path, 10), write(tmp_path, 12, whole=False)
    flip(changed / "model.safetensors")
    picked, faults = pick_checkpoint(tmp_path)
    assert picked == good
    assert faults == {
        "checkpoint-12": "it was not written to its end",
        "checkpoint-10": "model.safetensors has changed",
    }
    assert not changed.exists()
    assert not open_ended.exists()
    assert early.exists()
    assert pick_checkpoint(tmp_path) == (good, {})


def test_without_a_whole_one_there_is_none(tmp_path):
    assert pick_checkpoint(tmp_path) == (None, {})
    write(tmp_path, 2, whole=False)
    write(tmp_path, 4, whole=False)
    picked, faults = pick_checkpoint(tmp_path)
    assert picked is None
    assert faults.keys() == {"checkpoint-2", "checkpoint-4"}
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_whose_best_is_damaged_cannot_be_used(tmp_path):
    write(tmp_path, 2)
    best = write(tmp_path, 4, best=4)
    for step in (6, 8):
        write(tmp_path, step, best=4)
    flip(best / "model.safetensors")
    picked, faults = pick_checkpoint(tmp_path)
    assert picked == tmp_path / "checkpoint-2"
    fault = "the best one, checkpoint-4: model.safetensors has changed"
    assert faults == {
        "checkpoint-8": fault,
        "checkpoint-6": fault,
        "checkpoint-4": "model.safetensors has changed",
    }


def test_a_best_one_that_went_for_a_better_one_does_not_matter(tmp_path):
    write(tmp_path, 6, best=2)
    write(tmp_path, 8, whole=False, best=8)
    assert pick_checkpoint(tmp_path)[0] == tmp_path / "checkpoint-6"


def test_a_seal_that_cannot_be_written_says_so(tmp_path):
    checkpoint = write(tmp_path, 2)
    (checkpoint / SEAL).unlink()
    (checkpoint / SEAL).mkdir()
    with pytest.raises(InputError, match=f"cannot write .*{SEAL}"):
        seal(checkpoint)
