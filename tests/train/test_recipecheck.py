"""Numbers in range, and settings that exclude each other."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest

from munjang.errors import InputError
from munjang.train.recipe import (
    DataPart,
    EvaluatePart,
    ModelPart,
    Recipe,
    TeacherPart,
    TrainPart,
)
from munjang.train.recipecheck import check_recipe

STS = DataPart(objective="cosine", use=("korsts:train",))
NLI = DataPart(objective="contrastive", use=("kornli:snli",))
TEXT = DataPart(objective="dropout", use=("글.txt",))
TEACHER = TeacherPart(model="스승")


def recipe(**parts):
    """A recipe of one contrastive data set, with parts of it replaced."""
    return Recipe(**{"name": "내것", "model": ModelPart(base="모델"), "data": {"nli": NLI}} | parts)


def refusal(**parts):
    with pytest.raises(InputError) as caught:
        check_recipe(recipe(**parts))
    assert str(caught.value).count("\n") <= 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("part", "key", "good", "bad"),
    [
        ("train", "epochs", [0.1, 3], [0, -1, math.nan, math.inf]),
        ("train", "steps", [1], [0, -5]),
        ("train", "batch_size", [2], [1, 0]),
        ("train", "learning_rate", [1e-9, 1], [0, -2e-5, math.nan]),
        ("train", "warmup", [0, 0.1, 1, 300], [-0.1, 1.5, 300.5, math.inf]),
        ("train", "weight_decay", [0], [-0.01]),
        ("train", "max_grad_norm", [0], [-1]),
        ("train", "accumulate", [1], [0]),
        ("train", "seed", [0, 2**32 - 1], [-1, 2**32]),
        ("train", "window", [1], [0]),
        ("train", "robust", [0, 0.5, 1], [-0.1, 1.01, math.nan, math.inf]),
        ("train", "dims", [(1,), (384, 128)], [(0,), (384, -128), (128, 128)]),
        ("model", "max_tokens", [4, None], [3, 0]),
        ("model", "layers", [1, None], [0]),
        ("model", "lora_rank", [0, 8], [-1]),
        ("data", "per_group", [1, 45, None], [0, -1]),
        ("data", "rows", [1, None], [0]),
        ("data", "times", [1], [0]),
        ("data", "batch_size", [2, None], [1]),
        ("data", "temperature", [0.01], [0, -0.05]),
        ("data", "weight", [0.1, 20], [0, -1, math.nan, math.inf]),
        ("data", "mini_batch", [1, 32, None], [0, 64, 100]),
        ("evaluate", "every", [0, 1], [-1]),
        ("evaluate", "patience", [0, 3], [-1]),
    ],
)
def test_numbers_are_in_range(part, key, good, bad):
    whole = recipe()
    place = "data.nli" if part == "data" else part
    old = whole.data["nli"] if part == "data" else getattr(whole, part)

    def changed(value):
        new = replace(old, **{key: value})
        return {"data": {"nli": new}} if part == "data" else {part: new}

    for value in good:
        check_recipe(recipe(**changed(value)))
    for value in bad:
        assert f"{place}.{key}" in refusal(**changed(value))


@pytest.mark.parametrize(
    ("key", "bad"), [("epochs", 0), ("batch_size", 1), ("neighbours", 0), ("pairs", 0)]
)
def test_numbers_of_the_teacher_are_in_range(key, bad):
    distill = {"글": DataPart(objective="distill", use=("글.txt",))}
    check_recipe(recipe(data=distill, teacher=TEACHER))
    assert f"teacher.{key}" in refusal(data=distill, teacher=replace(TEACHER, **{key: bad}))


def test_every_number_of_a_recipe_has_a_range():
    """A new numeric field must be given one."""
    parts = [ModelPart(base="모델"), STS, TrainPart(), EvaluatePart(), TEACHER]
    for part in parts:
        for field in fields(part):
            if field.type.split(" ")[0] in ("int", "float"):
                data = {"글": part} if part is STS else {"글": STS}
                mine = {"model": ModelPart(base="모델"), "data": data, "teacher": None}
                name = {ModelPart: "model", TrainPart: "train", EvaluatePart: "evaluate"}
                bad = replace(part, **{field.name: -7})
                if part is STS:
                    mine["data"] = {"글": bad}
                elif part is TEACHER:
                    mine |= {"data": {"글": replace(STS, objective="distill")}, "teacher": bad}
                else:
                    mine[name[type(part)]] = bad
                assert f"{field.name} of recipe 내것 must be" in refusal(**mine)


@pytest.mark.parametrize(
    ("parts", "both"),
    [
        (
            {"data": {"sts": replace(STS, mini_batch=8)}},
            ["data.sts.mini_batch = 8", 'data.sts.objective = "cosine"'],
        ),
        (
            {"data": {"nli": replace(NLI, mini_batch=32, batch_size=32)}},
            ["data.nli.mini_batch = 32", "batch_size = 32"],
        ),
        *(
            (
                {"data": {"글": replace(TEXT, objective=objective, per_group=2)}},
                ["data.글.per_group = 2", f'data.글.objective = "{objective}"'],
            )
            for objective in ("dropout", "denoise", "cosent", "softmax")
        ),
        (
            {"insist": ("klue-nli:dev",), "evaluate": EvaluatePart(hold_out=("klue-nli:dev",))},
            ["insist", "evaluate.hold_out", "klue-nli:dev"],
        ),
        (
            {"model": ModelPart(base="모델", head="mlp"), "data": {"nli": NLI, "sts": STS}},
            ['model.head = "mlp"', 'data.sts.objective = "cosine"'],
        ),
        (
            {
                "model": ModelPart(base="모델", lora_rank=8),
                "data": {"글": replace(TEXT, objective="denoise")},
            },
            ["model.lora_rank = 8", 'data.글.objective = "denoise"'],
        ),
        *(
            (
                {
                    "train": TrainPart(dims=(128,)),
                    "data": {"글": replace(TEXT, objective=objective)},
                    "teacher": TEACHER if objective == "distill" else None,
                },
                ["train.dims = [128]", f'data.글.objective = "{objective}"'],
            )
            for objective in ("softmax", "denoise", "distill")
        ),
        (
            {"train": TrainPart(dims=(127,)), "data": {"sts": replace(STS, objective="angle")}},
            ["train.dims = [127]", 'data.sts.objective = "angle"'],
        ),
        ({"train": TrainPart(mix="round-robin")}, ["train.mix", "data.nli"]),
        (
            {"train": TrainPart(robust=0.5), "data": {"nli": NLI, "robust": STS}},
            ["train.robust = 0.5", "data.robust"],
        ),
        (
            {"data": {"sts": STS, "새것": replace(STS, labels="teacher")}},
            ['data.새것.labels = "teacher"', "no [teacher]"],
        ),
        (
            {"data": {"sts": STS, "새것": replace(TEXT, labels="teacher")}, "teacher": TEACHER},
            ['data.새것.labels = "teacher"', 'data.새것.objective = "dropout"'],
        ),
        (
            {"data": {"nli": NLI, "새것": replace(STS, labels="teacher")}, "teacher": TEACHER},
            ['data.새것.labels = "teacher"', "no gold pairs"],
        ),
        (
            {"data": {"글": replace(TEXT, objective="distill")}},
            ['data.글.objective = "distill"', "no [teacher]"],
        ),
        ({"teacher": TEACHER}, ['teacher.model = "스승"', "no data set"]),
        (
            {"evaluate": EvaluatePart(dev="", patience=3)},
            ["evaluate.patience = 3", 'evaluate.dev = ""'],
        ),
        ({"train": TrainPart(epochs=3, steps=10)}, ["train.epochs = 3", "train.steps = 10"]),
    ],
)
def test_settings_that_exclude_each_other_are_both_named(parts, both):
    said = refusal(**parts)
    assert "settings of recipe 내것 exclude each other" in said
    assert all(name in said for name in both)


@pytest.mark.parametrize(
    "parts",
    [
        {"data": {"nli": replace(NLI, mini_batch=8)}, "model": ModelPart(base="모델", head="mlp")},
        {
            "data": {"nli": replace(NLI, mini_batch=8)},
            "train": TrainPart(checkpoint_activations=True, accumulate=4, dims=(64,)),
        },
        {"data": {"nli": replace(NLI, mini_batch=64, batch_size=256)}},
        {"data": {"nli": NLI, "sts": STS}, "train": TrainPart(mix="round-robin")},
        {"data": {"sts": STS, "새것": replace(STS, labels="teacher")}, "teacher": TEACHER},
        {"data": {"sts": replace(STS, objective="angle")}, "train": TrainPart(dims=(128,))},
        {"evaluate": EvaluatePart(dev="")},
        {"train": TrainPart(steps=10)},
        {"train": TrainPart(mix="round-robin", robust=0.5)},
        {"data": {"robust": STS}},
        {"data": {"nli": replace(NLI, per_group=2), "sts": STS}},
        {"insist": ("klue-nli:dev",), "evaluate": EvaluatePart(hold_out=("stylekqc:test",))},
    ],
)
def test_settings_that_go_together_pass(parts):
    check_recipe(recipe(**parts))


def test_a_recipe_needs_a_name_and_data_sets_that_settings_can_spell():
    assert "name is blank" in refusal(name=" ")
    assert "has no data set" in refusal(data={})
    for name in ("a.b", "", "a=b", "두 낱말"):
        assert "settings cannot spell" in refusal(data={name: NLI})


def test_what_is_run_before_is_checked_too():
    first = recipe(name="첫째", train=TrainPart(batch_size=1))
    assert "train.batch_size of recipe 첫째" in refusal(before=first)
