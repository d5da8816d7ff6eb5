"""The parts of runs/default_model that decide: its recipes, and which mean is taken."""

import json
from pathlib import Path

import pytest

from munjang.train import load_recipe

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / "runs" / "default_model"


@pytest.fixture(scope="module")
def shares(open_part):
    return open_part("shares")


@pytest.mark.parametrize("path", sorted(RUN.glob("*.toml")), ids=lambda path: path.stem)
def test_its_recipes_are_recipes(path):
    recipe = load_recipe(path)
    assert recipe.model.prompt == ("" if path.stem.startswith("korean") else "query: ")
    used = {ref for part in recipe.data.values() for ref in part.use}
    assert not used & {"korsts:test", "klue-sts:dev", *recipe.evaluate.hold_out}


def test_shares_are_of_a_whole_and_the_first_model_is_trained(shares):
    for parts in (shares.MEANS | shares.SHARP_MEANS).values():
        assert sum(parts.values()) == pytest.approx(1)
        assert next(iter(parts)) != "base"  # which says neither how it pools nor its prompt


def scores(similarity, guard):
    return {
        "korsts-dev": similarity,
        "klue-held": similarity,
        "xnli-dev": guard,
        "petitions-rest": guard,
        "ynat-train": guard,
    }


def test_the_best_at_similarity_is_taken_of_those_that_hold_the_rest(shares):
    means = {"a": scores(90, 69.1), "b": scores(85, 69.0), "c": scores(99, 68.9)}
    assert shares.choose({"base": scores(80, 70), **means}, ("a", "b", "c")) == "a"


def test_where_none_holds_the_one_that_misses_least_is_taken(shares):
    means = {"a": scores(90, 60), "b": scores(85, 65)}
    assert shares.choose({"base": scores(80, 70), **means}, ("a", "b")) == "b"


def test_the_model_that_was_taken_is_the_one_that_the_rule_takes(shares):
    record = json.loads((ROOT / "results" / "default_model.json").read_text("utf-8"))
    assert record["chosen"] == shares.choose(record["steps"], shares.CANDIDATES)
    assert record["sharpened"] == shares.choose(record["steps"], shares.SHARP_CANDIDATES)
