"""The card says what the records say."""

from __future__ import annotations

import shutil

import pytest

import munjang
from munjang.encode.loading import SHIPPED
from munjang.evaluate.tasks import evaluate_sts
from munjang.model.card import CardTexts, write_card

TEXTS = CardTexts(
    what="무엇인지", data_ko="자료", data_en="data", limits_ko="한계", limits_en="limits"
)


def test_every_number_comes_from_a_record(tiny_exports, own_pairs, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_exports["mean-normalize", "openvino"], folder)
    encoder = munjang.load(folder)
    result = evaluate_sts(encoder, own_pairs, task="own", split="all")
    path = write_card(folder, TEXTS, results=[result], shown_as="./model")
    card = path.read_text("utf-8")
    assert f"{100 * result.correlations.cosine_spearman:.2f}" in card
    assert 'munjang.load("./model")' in card
    assert "openvino fp32" in card
    assert "12 pairs" in card
    assert munjang.load(folder).dim == 32


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_models_have_one_in_both_languages(name):
    card = (SHIPPED[name] / "README.md").read_text("utf-8")
    for part in ("CC-BY-SA-4.0", "못하는 것", "What it is bad at", "KorSTS", " AVG |"):
        assert part in card
