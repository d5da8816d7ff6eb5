"""Clusters and few labels: separable classes, noise, and classes that are too small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from munjang.data.rows import Sentence
from munjang.errors import InputError
from munjang.evaluate.classes import DRAWS, LABELS, STARTS, measure_clusters, measure_few_labels
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.vectors import VectorStore

MEASURED = Measurement(task="mine", split="all")
CLASSES = ("날씨", "음식", "교통")


def texts_of(classes, count, *, start=0):
    return [Sentence(f"{label} 글 {start + n}", label) for label in classes for n in range(count)]


@pytest.fixture(scope="module")
def around_corners(table_encoder):
    """Every text near the corner of its class, every hundredth text near another's."""
    rng = np.random.default_rng(0)
    table = {}
    for number, label in enumerate(CLASSES):
        for n in range(200):
            corner = np.eye(8)[(number + (n % 100 == 99)) % 3]
            table[f"{label} 글 {n}"] = (corner + 0.05 * rng.standard_normal(8)).tolist()
    return table_encoder(table)


def test_separable_classes_are_found(around_corners):
    found = measure_clusters(VectorStore(around_corners), texts_of(CLASSES, 90), MEASURED)
    assert found.score == pytest.approx(1.0)
    assert found.evidence["cluster"].shape == (STARTS, 270)


def test_clusters_without_classes_score_nothing(around_corners):
    rng = np.random.default_rng(1)
    rows = [Sentence(row.text, str(rng.integers(3))) for row in texts_of(CLASSES, 90)]
    assert measure_clusters(VectorStore(around_corners), rows, MEASURED).score < 0.05


def test_few_labels_learn_separable_classes(around_corners):
    train = texts_of(CLASSES, 90)
    rows = texts_of(CLASSES, 100, start=90)
    found = measure_few_labels(VectorStore(around_corners), rows, MEASURED, train=train)
    astray = sum(int(row.text.split()[-1]) % 100 == 99 for row in rows)
    assert found.score == pytest.approx(1 - astray / len(rows))
    assert found.scores["macro_f1"] == pytest.approx(found.score, abs=0.01)
    assert found.evidence["value"].shape == (300,)


def test_a_score_is_the_mean_of_different_draws(table_encoder):
    rng = np.random.default_rng(0)
    rows = texts_of(CLASSES[:2], 120)
    table = {row.text: (rng.standard_normal(4) + (row.label == "날씨")).tolist() for row in rows}
    store = VectorStore(table_encoder(table))
    found = measure_few_labels(store, rows[::2], MEASURED, train=rows[1::2])
    values = found.evidence["value"] * DRAWS
    assert np.allclose(values, values.round())
    assert set(values.round()) - {0.0, float(DRAWS)}
    assert found.scores["spread"] > 0
    other = measure_few_labels(store, rows[::2], replace(MEASURED, seed=50), train=rows[1::2])
    assert other.fingerprint != found.fingerprint


def test_a_class_with_too_few_texts_is_named(around_corners):
    train = [*texts_of(CLASSES[:2], 90), *texts_of(CLASSES[2:], LABELS - 1)]
    with pytest.raises(InputError, match=f"draws {LABELS} texts .*\nfound: 15 of '교통'"):
        measure_few_labels(VectorStore(around_corners), texts_of(CLASSES, 5), MEASURED, train=train)


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([Sentence("글"), Sentence("말", "가")], "text 0 .* has no class"),
        ([Sentence("글", "가"), Sentence("말", "가")], "at least two classes\nfound: 가"),
        ([], "at least two classes\nfound: no text"),
    ],
)
def test_texts_need_classes(shipped, rows, match):
    with pytest.raises(InputError, match=match):
        measure_clusters(VectorStore(shipped), rows, MEASURED)
