"""The dataclasses of a recipe: frozen, documented field by field, with usable defaults."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from munjang.train.recipe import (
    DataPart,
    EvaluatePart,
    ModelPart,
    Recipe,
    TeacherPart,
    TrainPart,
)
from munjang.train.recipecheck import check_recipe

PARTS = [ModelPart, DataPart, TrainPart, EvaluatePart, TeacherPart, Recipe]


@pytest.mark.parametrize("part", PARTS)
def test_every_field_is_documented_in_its_order(part):
    _, _, attributes = (part.__doc__ or "").partition("Attributes:")
    documented = re.findall(r"^        (\w+): ", attributes, re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(part)]


def test_a_recipe_cannot_be_changed():
    part = ModelPart(base="모델")
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.base = "다른 모델"


def test_defaults_make_a_recipe():
    data = {"글": DataPart(objective="dropout", use=("글.txt",))}
    recipe = Recipe(name="우리글", model=ModelPart(base="모델"), data=data)
    check_recipe(recipe)
    assert recipe == dataclasses.replace(recipe)
    assert (recipe.train.epochs, recipe.train.steps, recipe.model.max_tokens) == (1.0, None, 128)
    assert recipe.evaluate.dev == "korsts:dev"
    assert recipe.data["글"].columns == {}


def test_recipes_load_without_torch():
    heavy = {"torch", "transformers", "sentence_transformers", "datasets", "numpy", "rich"}
    code = (
        "import sys; from munjang.train.recipefile import load_recipe, recipe_names\n"
        "[load_recipe(name) for name in recipe_names()]\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
