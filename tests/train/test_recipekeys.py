"""Types of the keys: what TOML has to what the dataclasses hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from munjang.errors import InputError
from munjang.train.recipekeys import SETTINGS, Place, type_table

HERE = Place("mine.toml", Path("recipes"))
NOWHERE = Place(SETTINGS, Path())


@pytest.mark.parametrize(
    ("table", "key", "given", "held"),
    [
        ("train", "epochs", 2, 2.0),
        ("train", "steps", 300, 300),
        ("train", "steps", False, None),
        ("train", "compile", False, False),
        ("train", "dims", [384, 128], (384, 128)),
        ("train", "dims", 128, (128,)),
        ("train", "dims", [], ()),
        ("train", "mix", "round-robin", "round-robin"),
        ("model", "normalize", False, False),
        ("model", "normalize", True, True),
        ("model", "prompt", "", ""),
        ("model", "prompt", False, None),
        ("model", "max_tokens", False, None),
        ("evaluate", "report", "문장쌍.tsv", ("문장쌍.tsv",)),
        ("evaluate", "report", "", ()),
        ("evaluate", "report", [""], ("",)),
        ("evaluate", "columns", {"score": "점수"}, {"score": "점수"}),
    ],
)
def test_a_value_becomes_what_its_field_holds(table, key, given, held):
    typed = type_table({table: {key: given}}, HERE)
    assert typed == {table: {key: held}}
    assert type(typed[table][key]) is type(held)


def test_what_is_run_before_keeps_its_place():
    assert type_table({"before": "sbert-nli"}, HERE) == {"before": ("sbert-nli", HERE)}
    assert type_table({"before": False, "teacher": False}, HERE) == {
        "before": None,
        "teacher": None,
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"train": {"epochs": "둘"}}, "train.epochs in mine.toml must be a number"),
        ({"train": {"epochs": True}}, "train.epochs in mine.toml must be a number"),
        ({"train": {"batch_size": 8.0}}, "train.batch_size in mine.toml must be a whole number"),
        ({"train": {"batch_size": False}}, "must be a whole number"),
        ({"train": {"compile": 1}}, "train.compile in mine.toml must be true or false"),
        ({"train": {"dims": [384, "128"]}}, "train.dims in mine.toml must be a whole number"),
        ({"train": 3}, "train in mine.toml must be a table"),
        ({"model": {"base": 3}}, "model.base in mine.toml must be a text"),
        ({"model": False}, "model in mine.toml must be a table"),
        ({"data": {"sts": "korsts:train"}}, "data.sts in mine.toml must be a table"),
        ({"data": {"sts": {"columns": "점수"}}}, "data.sts.columns in mine.toml must be a table"),
        ({"data": {"sts": {"columns": {"score": 3}}}}, "data.sts.columns.score in mine.toml"),
        ({"teacher": "모델"}, "teacher in mine.toml must be a table"),
    ],
)
def test_a_wrong_type_is_an_error_that_shows_it(table, message):
    with pytest.raises(InputError, match=message) as caught:
        type_table(table, HERE)
    assert caught.value.found


@pytest.mark.parametrize(
    ("table", "message", "near"),
    [
        ({"trian": {}}, "unknown key of mine.toml 'trian'", "train"),
        ({"extend": "bart"}, "unknown key of mine.toml 'extend'", "extends"),
        ({"train": {"batchsize": 3}}, r"key of \[train\] in mine.toml 'batchsize'", "batch_size"),
        ({"data": {"a": {"uses": ""}}}, r"key of \[data.a\] in mine.toml 'uses'", "use"),
        ({"train": {"mix": "round"}}, "unknown train.mix in mine.toml 'round'", "round-robin"),
        ({"data": {"a": {"objective": "cosin"}}}, "data.a.objective in mine.toml", "cosine"),
        ({"model": {"head": True}}, "unknown model.head in mine.toml 'True'", "mlp"),
    ],
)
def test_an_unknown_key_or_name_gets_the_nearest(table, message, near):
    with pytest.raises(InputError, match=message) as caught:
        type_table(table, HERE)
    assert near in (caught.value.fix or "")


def test_a_list_without_its_quotes_is_told_from_a_file():
    with pytest.raises(InputError, match="looks like a list"):
        type_table({"evaluate": {"report": "[korsts:test]"}}, NOWHERE)
    assert type_table({"evaluate": {"report": "[이름].tsv"}}, HERE)["evaluate"]["report"] == (
        "[이름].tsv",
    )
