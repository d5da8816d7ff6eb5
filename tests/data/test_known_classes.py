"""The sets of classes as they are read: labels, and what the held-out parts share."""

from __future__ import annotations

from collections import Counter

import pytest

from munjang.data.catalog import load_rows
from munjang.data.known_classes import CLASS_SETS
from munjang.data.readers_classes import INTENTIONS


def test_every_set_has_something_to_train_on_and_something_held_out():
    for dataset in CLASS_SETS:
        assert {split.never_train for split in dataset.splits} == {True, False}


def _load(name, split, data_dir):
    rows = load_rows(name, split, data_dir=data_dir)
    return {row.text for row in rows}, Counter(row.label for row in rows)


def test_labels_of_3i4k(data_dir):
    counts = [600, 1_830, 1_786, 1_296, 174, 108, 327]
    _, labels = _load("3i4k", "test", data_dir)
    assert labels == dict(zip(INTENTIONS, counts, strict=True))
    assert set(_load("3i4k", "train", data_dir)[1]) == set(INTENTIONS)


@pytest.mark.parametrize(
    ("name", "train", "test", "largest"),
    [
        ("ynat", "train", "held-out", {"세계": 1_469, "사회": 1_466}),
        (
            "nsmc",
            "sentiment-train",
            "held-out-sentiment",
            {"positive": 7_539, "negative": 2_418},
        ),
    ],
)
def test_held_out_parts_are_like_training_and_share_no_text(data_dir, name, train, test, largest):
    (texts, labels), (held_texts, held_labels) = (
        _load(name, split, data_dir) for split in (train, test)
    )
    assert not texts & held_texts
    assert dict(held_labels.most_common(2)) == largest
    for label, count in labels.items():
        share = held_labels[label] / held_labels.total()
        assert share == pytest.approx(count / labels.total(), abs=0.015)
