"""Whole runs on tiny models: every shipped recipe, the same weights twice, what is refused."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from safetensors.numpy import load_file, save_file
from sentence_transformers import SentenceTransformer

import munjang
from munjang.data.catalog import load_groups
from munjang.errors import DataError, InputError, ModelError, MunjangWarning
from munjang.korean.morph import has_kiwi
from munjang.train import run as running
from munjang.train.recipe import DataPart, TeacherPart
from munjang.train.recipefile import load_recipe, recipe_names
from munjang.train.result import read_run
from munjang.train.run import train

TEXTS = ["고양이가 공원에서 낮잠을 잔다.", "책", "비 오는 시장에서 사과를 고른다. 책을 읽는다."]
FILES = {"model", "recipe.toml", "manifest.json", "scores.json", "log.jsonl", "tensorboard"}


def read_log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


def make_louder(base, out):
    """A copy with larger matrices: vectors of small random ones differ by little but rounding."""
    shutil.copytree(base, out)
    path = out / "model.safetensors"
    tensors = {
        name: each * 10 if each.ndim == 2 else each for name, each in load_file(path).items()
    }
    save_file(tensors, path, metadata={"format": "pt"})
    return out


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_trains_saves_and_loads(name, shrink, tmp_path):
    settings = shrink(name)
    base = settings[0].removeprefix("model.base=")
    loud = make_louder(base, tmp_path / "loud")
    recipe = load_recipe(name, settings=[each.replace(base, str(loud)) for each in settings])
    said = []
    run = train(recipe, out=tmp_path / "run", device="cpu", say=said.append)
    extra = {"before"} if recipe.before else {"teacher"} if recipe.teacher else set()
    assert {path.name for path in run.folder.iterdir()} == FILES | extra
    assert load_recipe(run.folder / "recipe.toml") == recipe
    assert repr(read_run(run.folder)) == repr(run)  # nan, where a correlation is undefined

    manifest = run.manifest
    assert manifest["state"] == "finished"
    assert (manifest["recipe"], manifest["steps"], manifest["processes"]) == (name, 3, 1)
    assert manifest["data"].keys() == recipe.data.keys()
    assert manifest["throughput"]["sentences_per_second"] > 0
    assert 0 <= manifest["throughput"]["padding_share"] < 1
    assert manifest["versions"].keys() >= {"python", "munjang", "torch", "sentence-transformers"}
    assert [(result.task, result.split) for result in run.after] == [("dev", "all")]
    assert len(run.gains) == len(run.before) == 1
    looks = [entry for entry in read_log(run.folder) if "eval_dev_spearman_cosine" in entry]
    assert [look["step"] for look in looks] == [3]
    assert looks[0]["eval_dev_spearman_cosine"] == manifest["best"]["dev"]
    assert list(run.folder.joinpath("tensorboard").iterdir())
    assert any("rows" in line for line in said)

    kinds = json.loads((run.model / "modules.json").read_text())
    assert all(kind["type"].startswith("sentence_transformers.") for kind in kinds)
    assert not list(run.model.rglob("*.bin"))
    theirs = SentenceTransformer(str(run.model), device="cpu", local_files_only=True)
    ours = munjang.load(run.model, engine="torch", device="cpu")
    vectors = theirs.encode(TEXTS, normalize_embeddings=True)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors - ours.encode(TEXTS)).max() < 1e-5
    scores = run.after[0].correlations.cosine_spearman
    assert scores == pytest.approx(manifest["best"]["dev"], abs=0.01)


def weights(run):
    return load_file(run.model / "model.safetensors")


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        ("softmax", {"train": {"precision": "bf16"}}),
        ("contrastive", {"model": {"head": "mlp"}}),
        ("cosent", {"model": {"lora_rank": 2}}),
        ("denoise", {}),
    ],
)
def test_the_same_seed_gives_the_same_weights(make_recipe, tmp_path, objective, settings):
    def trained(name, seed):
        train_part = {"steps": 4, "seed": seed, **settings.get("train", {})}
        recipe = make_recipe(objective, **settings | {"train": train_part})
        return train(recipe, out=tmp_path / name, device="cpu")

    first, second, other = trained("a", 1), trained("b", 1), trained("c", 2)
    file = "model/model.safetensors"
    assert (first.folder / file).read_bytes() == (second.folder / file).read_bytes()
    assert weights(first).keys() == weights(other).keys()
    assert (first.folder / file).read_bytes() != (other.folder / file).read_bytes()
    looks = [
        [entry.get(running.DEV_METRIC) for entry in read_log(run.folder)] for run in (first, second)
    ]
    assert looks[0] == looks[1]


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        ("contrastive", {"model": {"head": "mlp"}}),
        ("cosine", {"model": {"lora_rank": 2}}),
        ("contrastive", {"train": {"checkpoint_activations": True}}),
        ("contrastive", {"part": {"mini_batch": 3}}),
        ("dropout", {"part": {"mini_batch": 4}, "model": {"head": "mlp"}}),
        ("contrastive", {"train": {"dims": (16, 8)}}),
        ("angle", {"train": {"dims": (16,), "schedule": "cosine", "warmup": 2.0}}),
        ("cosine", {"model": {"layers": 1, "normalize": True, "prompt": "문장: "}}),
        ("softmax", {"train": {"accumulate": 2, "max_grad_norm": 0.0, "drop_last": True}}),
        ("distill", {"teacher": True}),
        ("cosent", {"part": {"times": 3, "rows": 10}, "train": {"window": 1}}),
    ],
)
def test_options_pass_through(make_recipe, tiny_models, tmp_path, objective, settings):
    settings = {key: dict(value) for key, value in settings.items() if key != "teacher"} | (
        {"teacher": TeacherPart(model=str(tiny_models["mean"]))} if "teacher" in settings else {}
    )
    settings["train"] = {"steps": 2} | settings.get("train", {})
    recipe = make_recipe(objective, **settings)
    run = train(recipe, out=tmp_path / "run", device="cpu")
    assert run.manifest["steps"] == 2
    base = load_file(f"{recipe.model.base}/model.safetensors")
    trained = weights(run)
    assert not [name for name in trained if "lora" in name or "head" in name]
    if recipe.model.layers is None:
        assert trained.keys() == base.keys()
    assert any((trained[name] != base[name]).any() for name in trained)
    model = SentenceTransformer(str(run.model), device="cpu", local_files_only=True)
    vectors = model.encode(TEXTS)
    assert vectors.shape == (3, 32)
    if recipe.model.normalize:
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
        assert model.prompts["query"] == "문장: "
        assert len(model[0].auto_model.encoder.layer) == 1


def test_two_data_sets_in_turns_or_in_proportion(make_recipe, own_data, tmp_path):
    sts = DataPart(objective="cosine", use=(str(own_data["sts"]),), batch_size=4)
    for mix in ("round-robin", "proportional"):
        recipe = make_recipe(part={"triplets": "product"}, train={"mix": mix, "epochs": 1.0})
        recipe = replace(recipe, data={**recipe.data, "sts": sts})
        run = train(recipe, out=tmp_path / mix, device="cpu")
        triplets = run.manifest["data"]["set"]["rows"]
        turns = math.ceil(triplets / 8)
        assert run.manifest["steps"] == (2 * turns if mix == "round-robin" else turns + 12)
        assert run.manifest["data"]["sts"]["rows"] == 48


def test_accumulating_says_that_it_adds_no_negatives(make_recipe, tmp_path):
    recipe = make_recipe(train={"accumulate": 2, "steps": 1})
    with pytest.warns(MunjangWarning, match="accumulate = 2 adds no negatives to set"):
        run = train(recipe, out=tmp_path / "run", device="cpu")
    assert any("adds no negatives" in line for line in run.manifest["warnings"])
    assert run.manifest["steps"] == 1


@pytest.mark.parametrize(
    ("schedule", "warmup"),
    [("linear", 15.0), ("linear", 0.25), ("linear", 0.0), ("cosine", 15.0), ("constant", 0.25)],
)
def test_learning_rates_follow_their_formula(make_recipe, tmp_path, schedule, warmup):
    steps, highest = 40, 1e-3
    rates = {"schedule": schedule, "warmup": warmup, "learning_rate": highest}
    recipe = make_recipe("cosine", train={"steps": steps, **rates}, evaluate={"dev": ""})
    run = train(recipe, out=tmp_path / "run", device="cpu")
    rising = warmup if warmup >= 1 else math.ceil(warmup * steps)

    def rate(step):
        done = step - 1  # steps before it
        if done < rising:
            return highest * done / rising
        left = (steps - done) / (steps - rising)
        falls = {"linear": left, "cosine": (1 - math.cos(math.pi * left)) / 2, "constant": 1.0}
        return highest * falls[schedule]

    logged = {e["step"]: e["learning_rate"] for e in read_log(run.folder) if "learning_rate" in e}
    assert logged.keys() == {10, 20, 30, 40}
    assert logged == pytest.approx({step: rate(step) for step in logged}, rel=1e-9)


def test_an_epoch_is_looked_at_in_its_end(make_recipe, tmp_path):
    recipe = make_recipe("cosine", train={"epochs": 2.0}, evaluate={"every": 0})
    run = train(recipe, out=tmp_path / "run", device="cpu")
    looks = [entry["step"] for entry in read_log(run.folder) if running.DEV_METRIC in entry]
    assert looks == [6, 12]
    assert run.manifest["steps"] == 12


def test_patience_stops(make_recipe, tmp_path):
    """Weights that do not change score the same: no look after the first is better."""
    train_part = {"learning_rate": 1e-30, "epochs": 4.0}
    recipe = make_recipe("cosine", train=train_part, evaluate={"every": 2, "patience": 3})
    run = train(recipe, out=tmp_path / "run", device="cpu")
    assert run.manifest["steps"] == 8
    assert run.manifest["best"]["step"] == 2


def test_the_best_look_is_what_is_kept(make_recipe, own_data, tmp_path):
    """A rate that ruins the model: the scores of the saved one are those of its best look."""
    report = (str(own_data["dev"]),)
    train_part = {"learning_rate": 0.01, "epochs": 3.0, "warmup": 0.0}
    recipe = make_recipe("cosine", train=train_part, evaluate={"every": 2, "report": report})
    run = train(recipe, out=tmp_path / "run", device="cpu")
    looks = {
        e["step"]: e[running.DEV_METRIC] for e in read_log(run.folder) if running.DEV_METRIC in e
    }
    best = max(looks, key=lambda step: (looks[step], -step))
    assert run.manifest["best"] == {"step": best, "dev": looks[best]}
    assert run.after[0].correlations.cosine_spearman == pytest.approx(looks[best], abs=1e-3)
    assert min(looks.values()) < looks[best] - 0.01


def test_what_people_are_told(make_recipe, own_data, tmp_path):
    part = {"use": (str(own_data["sts"]), str(own_data["sts"]))}
    report = (str(own_data["dev"]),)
    recipe = make_recipe("cosine", part=part, train={"steps": 3}, evaluate={"report": report})
    said = []
    run = train(recipe, out=tmp_path / "run", device="cpu", say=said.append)
    assert said[0] == "set: 48 rows; dropped 48 duplicate"
    assert run.manifest["data"]["set"]["dropped"] == {"duplicate": 48}
    measured = [line for line in said if ": cosine Spearman" in line]
    assert [line.split(" on ")[0] for line in measured] == [recipe.model.base, "시험"]
    assert any(line.startswith("step 3/3: dev ") for line in said)


def test_the_switch_teaches_edited_text_and_measures_it(make_recipe, own_data, tmp_path):
    report = (str(own_data["graded"]),)
    settings = {"evaluate": {"report": report}, "model": {"lora_rank": 2}}
    recipe = make_recipe("cosine", train={"steps": 3, "robust": 0.5}, **settings)
    said = []
    run = train(recipe, out=tmp_path / "run", device="cpu", say=said.append)
    assert load_recipe(run.folder / "recipe.toml") == recipe
    assert repr(read_run(run.folder)) == repr(run)
    assert list(run.manifest["data"]) == ["set", "robust"]
    made = run.manifest["data"]["robust"]
    assert 2 <= made["rows"] <= run.manifest["data"]["set"]["rows"]
    assert made["objective"] == "contrastive"
    assert made["kiwi"].keys() == ({"kiwipiepy", "kiwipiepy_model"} if has_kiwi() else set())

    for result, model in ((run.robust_before, recipe.model.base), (run.robust_after, "시험")):
        assert (result.task, result.split, result.rows, result.model) == (
            *("graded", "all", 24),
            model,
        )
        line = f"{model} on {report[0]}, edited: {100 * result.kept:.1f}% of the score kept"
        assert line in said
    assert run.robust_before.curves != run.robust_after.curves
    scores = json.loads((run.folder / "scores.json").read_text("utf-8"))
    assert scores["robust"]["before"]["kept"] == run.robust_before.kept
    assert scores["robust"]["after"]["kept"] == run.robust_after.kept
    assert run.manifest["robust"] == {
        "task": "graded",
        "split": "all",
        "pairs": 24,
        "kept_before": run.robust_before.kept,
        "kept_after": run.robust_after.kept,
    }
    card = (run.model / "README.md").read_text("utf-8")
    before, after = (
        f"{100 * run.manifest['robust'][f'kept_{w}']:.1f}%" for w in ("before", "after")
    )
    assert card.count(f"{before} → {after}") == 2
    assert "### 고친 글에서 / On edited text" in card
    assert f"| robust | contrastive | {made['rows']} |" in card

    del scores["robust"]  # an older run has none
    (run.folder / "scores.json").write_text(json.dumps(scores), "utf-8")
    older = read_run(run.folder)
    assert (older.robust_before, older.robust_after) == (None, None)


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        ("contrastive", {"part": {"mini_batch": 3}, "model": {"head": "mlp"}}),
        ("cosent", {"train": {"dims": (16, 8), "mix": "round-robin", "drop_last": True}}),
        ("denoise", {"evaluate": {"dev": ""}}),
        ("distill", {"teacher": True}),
    ],
)
def test_the_switch_goes_with_other_settings(
    make_recipe, tiny_models, tmp_path, objective, settings
):
    settings = {key: dict(value) for key, value in settings.items() if key != "teacher"} | (
        {"teacher": TeacherPart(model=str(tiny_models["mean"]))} if "teacher" in settings else {}
    )
    settings["train"] = {"steps": 2, "robust": 1.0} | settings.get("train", {})
    with pytest.warns(MunjangWarning, match="robustness is not measured: evaluate.report has no"):
        run = train(make_recipe(objective, **settings), out=tmp_path / "run", device="cpu")
    assert run.manifest["steps"] == 2
    assert list(run.manifest["data"]) == ["set", "robust"]
    assert "robust" not in run.manifest
    assert any("robustness is not measured" in line for line in run.manifest["warnings"])


def test_the_switch_belongs_to_the_stage_that_sets_it(make_recipe, own_data, tmp_path):
    report = {"report": (str(own_data["graded"]),)}
    first = make_recipe("softmax", train={"steps": 2, "robust": 0.5}, evaluate=report)
    recipe = make_recipe("cosine", train={"steps": 2}, evaluate=report, before=first)
    run = train(recipe, out=tmp_path / "run", device="cpu")
    earlier = read_run(run.folder / "before")
    assert list(earlier.manifest["data"]) == ["set", "robust"]
    assert earlier.robust_after is not None
    assert list(run.manifest["data"]) == ["set"]
    assert run.robust_after is None
    card = (run.model / "README.md").read_text("utf-8")
    assert card.count("### 고친 글에서") == 1


def test_without_the_switch_nothing_is_made_or_measured(make_recipe, own_data, tmp_path):
    recipe = make_recipe("cosine", train={"steps": 1}, evaluate={"report": (str(own_data["dev"]),)})
    run = train(recipe, out=tmp_path / "run", device="cpu")
    assert "robust" not in json.loads((run.folder / "scores.json").read_text("utf-8"))
    assert list(run.manifest["data"]) == ["set"]
    assert "고친 글" not in (run.model / "README.md").read_text("utf-8")


def test_without_a_look_the_last_weights_are_kept(make_recipe, tmp_path):
    run = train(
        make_recipe("cosine", train={"steps": 2}, evaluate={"dev": ""}),
        out=tmp_path / "run",
        device="cpu",
    )
    assert run.manifest["best"] == {"step": 2, "dev": None}
    assert (run.before, run.after, run.gains) == ((), (), ())


STS = "sentence1\tsentence2\tscore\n"
NLI = "sentence1\tsentence2\tlabel\n"
TWO = "비가 온다.\t비가 내린다.\t5\n눈이 온다.\t국수를 먹는다.\t0\n"


@pytest.mark.parametrize(
    ("objective", "text", "words"),
    [
        ("cosine", TWO, ["no column 'sentence1'", "'비가 온다.'"]),
        ("cosine", STS.replace("score", "점수") + TWO, ["'score'", "'점수'"]),
        ("cosine", STS + TWO.replace("5", "5.5"), ["5.5"]),
        ("cosine", STS + TWO.replace("5", "-1"), ["-1"]),
        ("cosine", STS + TWO.replace("5", "높음"), ["높음"]),
        ("cosine", STS + TWO.replace("0", "5"), ["one score only"]),
        ("softmax", NLI + TWO.replace("5", "maybe"), ["maybe"]),
        ("softmax", NLI + TWO.replace("5", "neutral").replace("0", "neutral"), ["one class only"]),
        ("cosine", STS + TWO, ["fewer rows than a batch of 8", "2 rows", "train.batch_size=2"]),
        ("contrastive", "anchor\tpositive\n비\t비\n눈\t눈\n", ["2 identical"]),
        ("dropout", "", ["bad.tsv"]),
        ("cosine", STS, ["bad.tsv"]),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(make_recipe, tmp_path, objective, text, words):
    bad = tmp_path / "bad.tsv"
    bad.write_text(text, encoding="utf-8")
    recipe = make_recipe(objective, part={"use": (str(bad),)})
    with pytest.raises(InputError) as caught:
        train(recipe, out=tmp_path / "run", device="cpu")
    said = str(caught.value)
    assert caught.value.exit_code == 2
    assert len(said.splitlines()) <= 3
    for word in words:
        assert word in said, said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"part": {"use": ("korsts:test",)}}, InputError, "kept for measuring"),
        ({"part": {"use": ("korst:train",)}}, InputError, "did you mean 'korsts:train'"),
        ({"part": {"columns": {"label": "없는 열"}}}, DataError, "sentence1, sentence2, label"),
        ({"part": {"mini_batch": 8}}, InputError, "exclude each other"),
        ({"part": {"temperature": 0.0}}, InputError, "must be more than 0"),
        ({"model": {"base": "/없는/모델"}}, ModelError, "/없는/모델"),
        ({"model": {"pooling": None}}, ModelError, "does not say how it pools"),
        ({"model": {"layers": 9}}, InputError, "1 to 2 for this base"),
        ({"train": {"dims": (64,)}}, InputError, "from 1 to the model's 32"),
        ({"evaluate": {"dev": "없는 것.tsv"}}, InputError, "neither a known data set nor a file"),
        ({"evaluate": {"hold_out": ("없는 것.txt",)}}, InputError, "a known data set nor a file"),
        ({"evaluate": {"hold_out": ("korst:test",)}}, InputError, "did you mean 'korsts:test'"),
        ({"part": {"per_group": 2}}, InputError, "uses no groups of paraphrases"),
    ],
)
def test_a_recipe_that_cannot_be_run_is_refused(make_recipe, tmp_path, settings, kind, words):
    with pytest.raises(kind) as caught:
        train(make_recipe(**settings), out=tmp_path / "run", device="cpu")
    assert words in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there_is_refused(make_recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(running.torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="no GPU can be used here") as caught:
        train(make_recipe(), out=tmp_path / "run", device="cuda")
    assert "--device cpu" in str(caught.value)
    with pytest.raises(InputError, match="unknown device 'tpu'"):
        train(make_recipe(), out=tmp_path / "run", device="tpu")
    assert not (tmp_path / "run").exists()


def test_a_set_kept_for_measuring_is_trained_on_when_insisted(make_recipe, data_dir, tmp_path):
    part = {"use": ("korsts:test",), "rows": 16}
    evaluate = {"dev": "korsts:dev", "every": 0}
    recipe = make_recipe(
        "cosine", part=part, train={"steps": 1}, evaluate=evaluate, insist=("korsts:test",)
    )
    run = train(recipe, out=tmp_path / "run", device="cpu", data_dir=data_dir)
    assert run.manifest["data"]["set"]["rows"] == 16
    assert run.manifest["data"]["set"]["licences"] == ["CC-BY-SA-4.0"]


def test_what_is_held_out_is_not_trained_on(make_recipe, own_data, tmp_path):
    lines = own_data["sts"].read_text("utf-8").splitlines()
    held = tmp_path / "다른 곳.tsv"
    turned = ["\t".join([f"{b} ", a, "1"]) for a, b, _ in (row.split("\t") for row in lines[1:6])]
    held.write_text("\n".join([lines[0], *turned]) + "\n", encoding="utf-8")
    said = []
    recipe = make_recipe("cosine", train={"steps": 1}, evaluate={"hold_out": (str(held),)})
    run = train(recipe, out=tmp_path / "run", device="cpu", say=said.append)
    assert said[0] == "set: 43 rows; dropped 5 held out"
    assert run.manifest["data"]["set"]["dropped"] == {"held out": 5}
    assert load_recipe(run.folder / "recipe.toml").evaluate.hold_out == (str(held),)
    assert (run.before, run.after) == ((), ())


def test_groups_that_are_held_out_are_not_trained_on(make_recipe, data_dir, tmp_path):
    """A sentence of one group, with other signs, a whole set, and one never to be trained on."""
    text = load_groups("stylekqc", "train", data_dir=data_dir)[3][0]
    held = tmp_path / "다른 곳.txt"
    held.write_text(f"{text.replace(' ', '')}~\n", encoding="utf-8")
    part = {"use": ("parakqc:all", "stylekqc:train"), "per_group": 1, "rows": 16}
    hold_out = {"hold_out": (str(held), "parakqc:all", "stylekqc:test")}
    recipe = make_recipe(part=part, train={"steps": 1}, evaluate=hold_out)
    assert recipe.insist == ()
    run = train(recipe, out=tmp_path / "run", device="cpu", data_dir=data_dir)
    record = run.manifest["data"]["set"]
    assert record["rows"] == 16
    assert record["dropped"]["of a held-out group"] == 1_000 + 1
    assert load_recipe(run.folder / "recipe.toml") == recipe


def test_a_folder_without_a_finished_run_is_not_read(tmp_path):
    with pytest.raises(DataError, match="no record of a run"):
        read_run(tmp_path)
