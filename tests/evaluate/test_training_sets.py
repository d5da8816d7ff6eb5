"""What models call their training data, and what it is."""

from __future__ import annotations

import unicodedata

import pytest

from munjang.data.known import DATASETS
from munjang.evaluate.training_sets import TrainingSet, identify


@pytest.mark.parametrize(
    ("declared", "sets"),
    [
        ("korsts:train", [("korsts", "train")]),
        ("KorSTS", [("korsts", None)]),
        ("kakaobrain/kor_nli", [("kornli", None)]),
        ("kakaobrain/kor_nlu", [("korsts", None), ("kornli", None)]),
        (
            "https://huggingface.co/datasets/klue/klue",
            [(n, None) for n in ("klue-sts", "klue-nli", "ynat")],
        ),
        ("klue:sts", [("klue-sts", None)]),
        ("klue-nli:validation", [("klue-nli", "dev")]),
        ("question-pair:validation", [("question-pair", "validation")]),
        ("somebody/KLUE-STS", [("klue-sts", None)]),
        ("snli_1.0_train.ko.tsv", [("kornli", "snli")]),
        ("songys/Chatbot_data", [("chatbot-data", None)]),
        ("hahajjjun/KorNLI-DACON", [("klue-nli", "train"), ("klue-nli", "dev")]),
        ("e9t/nsmc", [("nsmc", None)]),
    ],
)
def test_a_name_is_known(declared, sets):
    found = identify(declared)
    assert [(each.name, each.split) for each in found] == sets
    assert {each.declared for each in found} == {declared}
    assert not any(each.original for each in found)


@pytest.mark.parametrize("declared", ["SNLI", "stanfordnlp/snli", "MultiNLI", "multi_nli", "xnli"])
def test_an_original_in_english_is_told_apart(declared):
    assert [(each.name, each.original) for each in identify(declared)] == [("kornli", True)]


@pytest.mark.parametrize("declared", ["", ":", "사내 상담 기록", "mc4", "상담.csv:train", "klues"])
def test_a_strange_name_stands_for_nothing(declared):
    assert identify(declared) == ()


def test_every_set_of_the_catalogue_is_known_by_its_own_name():
    for known in DATASETS:
        for split in known.splits:
            name = f"{known.name}:{split.name}"
            assert identify(name) == (TrainingSet(name, known.name, split.name),)


def test_decomposed_hangul_is_the_same_name():
    decomposed = unicodedata.normalize("NFD", "KorSTS 한국어")
    assert identify(decomposed) == ()
    assert identify("ＫＯＲ") == ()
    assert identify(unicodedata.normalize("NFD", "korsts"))[0].name == "korsts"
