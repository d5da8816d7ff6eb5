"""Pair classification against scikit-learn, with a threshold from other pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from munjang.data.rows import LabeledPair
from munjang.errors import InputError
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.pairs import best_threshold, f1, measure_pairs
from munjang.evaluate.vectors import VectorStore

MEASURED = Measurement(task="mine", split="all")
PAIRS = [
    LabeledPair("환불해 주세요.", "돈을 돌려받고 싶어요.", "same"),
    LabeledPair("환불해 주세요.", "문은 몇 시에 여나요?", "different"),
    LabeledPair("비가 많이 온다.", "비가 쏟아진다.", "same"),
    LabeledPair("비가 많이 온다.", "고기를 구웠다.", "different"),
    LabeledPair("내일 만나자.", "내일 보자.", "same"),
    LabeledPair("내일 만나자.", "내일은 휴일이다.", "unclear"),
]


def measure(encoder, pairs=PAIRS, dev=PAIRS, **options):
    return measure_pairs(
        VectorStore(encoder),
        pairs,
        MEASURED,
        positive="same",
        negative="different",
        dev=dev,
        **options,
    )


def test_scores_are_those_of_scikit_learn(shipped):
    found = measure(shipped)
    kept = [pair for pair in PAIRS if pair.label != "unclear"]
    truth = [pair.label == "same" for pair in kept]
    a = shipped.encode([pair.sentence1 for pair in kept])
    b = shipped.encode([pair.sentence2 for pair in kept])
    cosine = (a * b).sum(axis=1)
    assert found.rows == 5
    assert found.score == pytest.approx(average_precision_score(truth, cosine), abs=1e-6)
    says = cosine >= found.scores["threshold"] - 1e-6
    assert found.scores["f1"] == pytest.approx(f1_score(truth, says))
    assert found.scores["accuracy"] == pytest.approx((says == np.array(truth)).mean())


def test_the_threshold_comes_from_the_dev_pairs_alone(table_encoder):
    encoder = table_encoder({"가": [1, 0], "나": [0.6, 0.8], "다": [0, 1], "라": [0.8, 0.6]})
    dev = [LabeledPair("가", "라", "same"), LabeledPair("가", "나", "different")]
    pairs = [LabeledPair("가", "나", "same"), LabeledPair("가", "다", "different")]
    found = measure(encoder, pairs, dev)
    assert found.score == 1.0
    assert found.scores["threshold"] == pytest.approx(0.8)
    assert found.scores["f1"] == 0.0


def test_other_dev_pairs_are_another_measurement(shipped):
    other = [*PAIRS, LabeledPair("문을 닫아 줘.", "문 좀 닫아.", "same")]
    assert measure(shipped).fingerprint == measure(shipped).fingerprint
    assert measure(shipped).fingerprint != measure(shipped, dev=other).fingerprint


def test_units_come_along_for_the_pairs_that_are_kept(shipped):
    found = measure(shipped, units=[0, 0, 1, 1, 2, 2])
    assert found.evidence["unit"].tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("pairs", "dev", "found"),
    [
        (PAIRS[:1], PAIRS, "mine needs pairs .*\nfound: 1 and 0"),
        ([], PAIRS, "mine needs pairs .*\nfound: 0 and 0"),
        (PAIRS, PAIRS[1:2], "mine, dev part needs pairs .*\nfound: 0 and 1"),
    ],
)
def test_both_labels_are_needed(shipped, pairs, dev, found):
    with pytest.raises(InputError, match=found):
        measure(shipped, pairs, dev)


@given(seed=st.integers(0, 10_000), rows=st.integers(2, 30))
def test_no_threshold_is_better_than_the_best(seed, rows):
    rng = np.random.default_rng(seed)
    similarity = rng.random(rows).round(1)
    truth = np.append((rng.random(rows - 1) < 0.5).astype(float), 1.0)
    best = f1(1.0 * (similarity >= best_threshold(similarity, truth)), truth)
    others = [f1(1.0 * (similarity >= threshold), truth) for threshold in similarity]
    assert best == pytest.approx(max(others))


def test_f1_of_nothing_is_zero():
    assert f1(np.zeros(3), np.zeros(3)) == 0.0
