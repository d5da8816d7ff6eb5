"""Bitext: both directions, and translations that stand in several rows."""

from __future__ import annotations

from munjang.data.rows import Pair
from munjang.evaluate.bitext import measure_bitext
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.vectors import VectorStore

MEASURED = Measurement(task="mine", split="all")


def test_each_direction_is_counted(table_encoder):
    encoder = table_encoder(
        {"비": [1, 0], "눈": [0.8, 0.6], "rain": [1, 0.1], "snow": [1, 0.2], "wind": [0, 1]}
    )
    found = measure_bitext(VectorStore(encoder), [Pair("비", "rain"), Pair("눈", "snow")], MEASURED)
    assert (found.scores["ko-en"], found.scores["en-ko"]) == (1.0, 0.5)
    assert found.score == 0.75
    assert found.evidence["value"].tolist() == [1.0, 0.5]


def test_the_same_translation_in_another_row_is_right(table_encoder):
    encoder = table_encoder({"고마워": [1, 0], "고맙다": [1, 0.01], "thanks": [1, 0]})
    pairs = [Pair("고마워", "thanks"), Pair("고맙다", "thanks")]
    found = measure_bitext(VectorStore(encoder), pairs, MEASURED)
    assert found.scores["ko-en"] == 1.0
    assert found.scores["en-ko"] == 0.5


def test_the_shipped_model_is_better_than_chance(shipped):
    pairs = [
        Pair("오늘 아침에 비가 왔다.", "It rained this morning."),
        Pair("고양이가 잠을 잔다.", "The cat is sleeping."),
        Pair("기차가 늦게 도착했다.", "The train arrived late."),
    ]
    assert measure_bitext(VectorStore(shipped), pairs, MEASURED).score > 1 / 3
