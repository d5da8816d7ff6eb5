"""The sets of texts that belong together as they are read: sides, blanks, known overlaps."""

from __future__ import annotations

import re

import pytest

from munjang.data.catalog import load_rows
from munjang.data.known_matches import MATCH_SETS

HANGUL = re.compile("[가-힣]")


def test_every_split_can_be_fetched():
    for dataset in MATCH_SETS:
        for split in dataset.splits:
            for file in split.files:
                assert file.origin is not None
                assert all(one.origin is not None for one in file.beside)


@pytest.mark.parametrize(
    ("name", "split"),
    [("flores200", "dev"), ("flores200", "devtest"), ("tatoeba", "test"), ("tatoeba", "anki")],
)
def test_korean_stands_before_english(data_dir, name, split):
    pairs = load_rows(name, split, data_dir=data_dir)
    assert sum(bool(HANGUL.search(pair.anchor)) for pair in pairs) >= 0.999 * len(pairs)
    assert not any(HANGUL.search(pair.positive) for pair in pairs)


def test_what_anki_shares_with_the_test(data_dir):
    test, anki = (
        {pair.anchor for pair in load_rows("tatoeba", split, data_dir=data_dir)}
        for split in ("test", "anki")
    )
    assert (len(test), len(test & anki)) == (1_000, 164)


def test_petitions_of_six_months(data_dir):
    pairs = load_rows("petitions", "all", data_dir=data_dir)
    assert sum(not pair.positive.strip() for pair in pairs) == 23
    assert all(pair.anchor.strip() for pair in pairs)
    assert len({pair.anchor for pair in pairs}) == 3_653
    bodies = [len(pair.positive) for pair in pairs]
    assert sum(bodies) / len(bodies) > 20 * sum(len(pair.anchor) for pair in pairs) / len(pairs)
