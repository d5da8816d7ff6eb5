"""The verbs that train, as a user types them: recipes, data, processes, mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from munjang.cli import main
from munjang.train.recipefile import load_recipe, recipe_names, recipe_text, to_toml

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from safetensors.numpy import load_file

from munjang.train.run import train


@pytest.fixture
def toml(make_recipe, tmp_path):
    """Writes a recipe, as `make_recipe` makes it, to a file."""

    def write(*given, **tables):
        path = tmp_path / "mine.toml"
        path.write_text(to_toml(make_recipe(*given, **tables)), encoding="utf-8")
        return path

    return write


def squeeze(text):
    """A text without the line breaks that the terminal's width asks for."""
    return " ".join(text.split())


def test_recipes_are_listed_shown_and_copied(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["recipes", "list", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["name"] for each in listed] == recipe_names()
    assert all(each["what"] and each["source"] for each in listed)

    assert main(["recipes", "show", "cosent"]) == 0
    assert capsys.readouterr().out.strip() == recipe_text("cosent").strip()
    assert main(["recipes", "show", "cosent", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads(json.dumps(asdict(load_recipe("cosent"))))

    assert main(["recipes", "copy", "cosent"]) == 0
    assert "munjang train cosent.toml" in squeeze(capsys.readouterr().err)
    assert (tmp_path / "cosent.toml").read_text("utf-8") == recipe_text("cosent")
    assert load_recipe("cosent.toml") == load_recipe("cosent")
    assert main(["recipes", "copy", "cosent"]) == 2
    assert "is there already" in squeeze(capsys.readouterr().err)
    assert main(["recipes", "copy", "cosent", "다른 이름.toml"]) == 0
    assert (tmp_path / "다른 이름.toml").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["recipes", "show", "cosnet"], ["unknown recipe 'cosnet'", "did you mean 'cosent'"]),
        (["train", "simcse"], ["unknown recipe 'simcse'", "simcse-sup"]),
        (["train", "없는.toml"], ["cannot read the recipe 없는.toml"]),
        (["train", "cosent", "--set", "train.batchsize=8"], ["batchsize", "'batch_size'"]),
        (["train", "cosent", "--set", "train.batch_size=big"], ["batch_size", "big"]),
        (["train", "cosent", "--set", "data.st.rows=8"], ["'st'", "'sts'"]),
        (["train", "cosent", "--set", "model.head=mlp"], ["exclude each other", "model.head"]),
        (["train", "multitask", "--data", "a.tsv"], ["--data nli=a.tsv or --data sts=a.tsv"]),
        (["train", "cosent", "--robust", "1.5"], ["train.robust of recipe cosent", "1 or less"]),
        (["train", "cosent", "--set", "train.robust=high"], ["train.robust", "'high'"]),
        (["train", "cosent", "--device", "tpu"], ["unknown device 'tpu'"]),
    ],
)
def test_mistakes_end_with_exit_code_2(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = squeeze(capsys.readouterr().err)
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_gpus_that_are_not_there_are_a_mistake(tmp_path, capsys, monkeypatch):
    import torch

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert main(["train", "cosent", "--device", "cuda"]) == 2
    assert "no GPU can be used here" in squeeze(capsys.readouterr().err)
    assert main(["train", "cosent", "--device", "cuda", "--processes", "3"]) == 2
    assert "3 processes need as many GPUs" in squeeze(capsys.readouterr().err)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert main(["train", "cosent", "--processes", "3"]) == 2
    assert "--processes 2" in squeeze(capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_without_data_asks_for_it(nursery, tiny_models, own_data, tmp_path):
    small = ["--base", tiny_models["mean"], "--dev", own_data["dev"], "--pairs", own_data["dev"]]
    code, out, err = nursery.run("train", "domain", *small, "--device", "cpu", cwd=tmp_path)
    assert (code, out) == (2, "")
    assert "domain trains on your own text: [data.text] names none" in squeeze(err)
    assert "--data FILE" in err
    assert not (tmp_path / "trained" / "domain").exists()

    more = ["--data", own_data["sentences"], "--set", "train.steps=2", "--set=train.batch_size=8"]
    code, out, err = nursery.run("train", "domain", *small, *more, "--device=cpu", cwd=tmp_path)
    assert code == 0, err
    run = tmp_path / "trained" / "domain"
    assert (run / "model" / "README.md").is_file()
    recipe = load_recipe(run / "recipe.toml")
    assert recipe.model.base == str(tiny_models["mean"])
    assert recipe.data["text"].use == (str(own_data["sentences"]),)
    assert recipe.evaluate.dev == str(own_data["dev"])
    assert recipe.evaluate.report == (str(own_data["dev"]),)
    said = squeeze(err)
    assert "text: 48 rows" in said
    assert "step 2/2: dev" in said
    assert json.loads(out)["out"] == "trained/domain"  # a pipe gets JSON


def test_the_robust_switch(nursery, own_data, tmp_path, toml):
    """It sets the key; --set of the same key has the last word. The kept shares are told."""
    path = toml("cosine", train={"steps": 2}, evaluate={"report": (str(own_data["graded"]),)})
    command = ["train", path, "--device=cpu", "--robust", "0.5", "--json"]
    code, out, err = nursery.run(*command, "--out=하나", cwd=tmp_path)
    assert code == 0, err
    assert load_recipe(tmp_path / "하나" / "recipe.toml").train.robust == 0.5
    record = json.loads(out)
    assert record["robust"].keys() >= {"task", "pairs", "kept_before", "kept_after"}
    said = squeeze(err)
    assert "robust: " in said
    assert f"edited: {100 * record['robust']['kept_after']:.1f}% of the score kept" in said
    code, _, err = nursery.run(*command, "--set=train.robust=0", "--out=둘", cwd=tmp_path)
    assert code == 0, err
    assert load_recipe(tmp_path / "둘" / "recipe.toml").train.robust == 0


def test_what_is_kept_is_told_on_a_terminal(own_data, toml, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("munjang.console.wants_json", lambda **_: False)
    path = toml("cosine", train={"steps": 1}, evaluate={"report": (str(own_data["graded"]),)})
    assert main(["train", str(path), "--robust=1", "--device=cpu", "--out=run"]) == 0
    kept = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))["robust"]
    assert (
        f"graded all, 24 pairs, one side edited: {100 * kept['kept_before']:.1f}% of the score "
        f"kept before, {100 * kept['kept_after']:.1f}% after"
    ) in squeeze(capsys.readouterr().err)


def test_data_by_the_name_of_its_set(nursery, shrink, own_data, tmp_path):
    """Also --json, which prints one object and nothing else, and a comma in a file's name."""
    odd = tmp_path / "내 것, 둘.tsv"
    odd.write_bytes(own_data["sts"].read_bytes())
    settings = [f"--set={setting}" for setting in shrink("multitask") if ".sts.use" not in setting]
    command = ["train", "multitask", *settings, f"--data=sts={odd}", "-o", "결과"]
    code, out, err = nursery.run(*command, "--json", "--device=cpu", cwd=tmp_path)
    assert code == 0, err
    record = json.loads(out)
    assert record["out"] == "결과"
    assert list(record["data"]["sts"]["files"]) == [str(odd)]
    assert record["state"] == "finished"
    assert [result["task"] for result in (*record["before"], *record["after"])] == ["dev"] * 2
    assert json.loads((tmp_path / "결과" / "manifest.json").read_text("utf-8")).items() <= (
        record.items()
    )

    code, out, err = nursery.run(*command, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert squeeze(err).endswith("another --out, or --resume to go on with it")


def test_two_processes_are_as_good_as_one(make_recipe, toml, tiny_bases, tmp_path):
    """torchrun on the CPU: batches of 4 in two processes are batches of 8 in one."""
    base = {"base": str(tiny_bases["still"])}
    tables = {
        "model": base,
        "part": {"triplets": "product", "rows": 16},
        "train": {"batch_size": 4, "epochs": 3.0, "window": 2},
    }
    path = toml(**tables)
    command = ["train", str(path), "--processes=2", "--device=cpu", "--out=둘", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "munjang", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["processes"], record["steps"]) == (2, 6)
    assert sorted(path.name for path in (tmp_path / "둘").iterdir()) == [
        "log.jsonl",
        "manifest.json",
        "model",
        "recipe.toml",
        "scores.json",
        "tensorboard",
    ]
    tables["train"] |= {"batch_size": 8}
    one = train(make_recipe(**tables), out=tmp_path / "하나", device="cpu")
    assert one.manifest["steps"] == 6
    ours = load_file(one.model / "model.safetensors")
    theirs = load_file(tmp_path / "둘" / "model" / "model.safetensors")
    base_weights = load_file(tiny_bases["still"] / "model.safetensors")
    apart = max(
        float(np.abs(ours[name] - theirs[name]).max()) for name in ours if "key.bias" not in name
    )
    moved = max(float(np.abs(ours[name] - base_weights[name]).max()) for name in ours)
    assert moved > 1e-3
    assert apart < 1e-5


SLOW = """
import os, sys, time
from munjang.cli import main
from munjang.train.trainer import RecipeTrainer

read = RecipeTrainer._load_from_checkpoint

def read_late(*given):
    time.sleep(3 * int(os.environ["RANK"]))
    read(*given)

RecipeTrainer._load_from_checkpoint = read_late
sys.exit(main(sys.argv[1:]))
"""


def test_checkpoints_stay_until_every_process_has_read_the_best(toml, tiny_bases, tmp_path):
    path = toml(
        model={"base": str(tiny_bases["still"])},
        part={"triplets": "product", "rows": 8},
        train={"batch_size": 4, "epochs": 1.0, "window": 1},
    )
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    starter = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "slow.py"]
    done = subprocess.run(
        [sys.executable, *starter, "train", str(path), "--device=cpu", "--out=둘"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "둘" / "checkpoints").exists()
