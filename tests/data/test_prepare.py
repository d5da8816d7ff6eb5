"""Triplets, pairs and duplicates."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munjang.data.catalog import load_groups, load_rows
from munjang.data.prepare import drop_duplicates, groups_to_pairs, nli_to_triplets
from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence, Triplet
from munjang.errors import InputError

WORD = st.sampled_from(["눈", "비", "해", "달"])


def test_entailments_and_contradictions_are_zipped_in_file_order():
    rows = [
        LabeledPair("전제", "함의 1", "entailment"),
        LabeledPair("다른 전제", "반대", "contradiction"),
        LabeledPair("전제", "중립", "neutral"),
        LabeledPair("전제", "모순 1", "contradiction"),
        LabeledPair("전제", "함의 2", "entailment"),
        LabeledPair("전제", "함의 3", "entailment"),
        LabeledPair("전제", "모순 2", "contradiction"),
    ]
    assert nli_to_triplets(iter(rows)) == [
        Triplet("전제", "함의 1", "모순 1"),
        Triplet("전제", "함의 2", "모순 2"),
    ]


def test_only_inference_labels_and_known_ways():
    with pytest.raises(InputError, match="row 0 is no inference pair"):
        nli_to_triplets([LabeledPair("가", "나", "same")])
    with pytest.raises(InputError, match="unknown way"):
        nli_to_triplets([], way="cross")


def test_triplets_of_real_sets(data_dir):
    train = load_rows("klue-nli", "train", data_dir=data_dir)
    triplets = nli_to_triplets(row for row in train if isinstance(row, LabeledPair))
    assert len({row.anchor for row in triplets}) == 8_045
    assert len(triplets) == 8_047
    relation = {(row.sentence1, row.sentence2): row.label for row in train}
    assert {relation[row.anchor, row.positive] for row in triplets} == {"entailment"}
    assert {relation[row.anchor, row.negative] for row in triplets} == {"contradiction"}
    dev = load_rows("kornli", "dev", data_dir=data_dir)
    assert len(nli_to_triplets(row for row in dev if isinstance(row, LabeledPair))) == 830


def test_all_pairs_of_real_groups(data_dir):
    groups = load_groups("parakqc", "all", data_dir=data_dir)
    assert len(groups_to_pairs(groups)) == 45_000
    some = groups_to_pairs(groups, per_group=3, seed=1)
    assert len(some) == 3_000
    assert set(some) <= set(groups_to_pairs(groups))


@settings(deadline=None)
@given(
    groups=st.lists(st.lists(st.integers(), unique=True, max_size=6), max_size=5),
    per_group=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_drawn_pairs_are_distinct_repeatable_and_within_groups(groups, per_group, seed):
    texts = [[f"{i}-{member}" for member in group] for i, group in enumerate(groups)]
    state = random.getstate()
    pairs = groups_to_pairs(texts, per_group=per_group, seed=seed)
    assert random.getstate() == state
    assert pairs == groups_to_pairs(texts, per_group=per_group, seed=seed)
    assert len(set(pairs)) == len(pairs)
    expected = [min(per_group, len(group) * (len(group) - 1) // 2) for group in groups]
    assert len(pairs) == sum(expected)
    for pair in pairs:
        group = texts[int(pair.anchor.split("-")[0])]
        assert group.index(pair.anchor) < group.index(pair.positive)


def test_at_least_one_pair_a_group():
    with pytest.raises(InputError, match="at least 1"):
        groups_to_pairs([("가", "나")], per_group=0)


def test_pairs_have_no_direction_but_premises_and_triplets_do():
    rows = [
        ScoredPair("눈", "비", 3.0),
        ScoredPair("비", "눈", 3.0),
        ScoredPair("비", "눈", 2.0),
        LabeledPair("눈", "비", "neutral"),
        LabeledPair("비", "눈", "neutral"),
        LabeledPair("눈", "비", "neutral"),
        Triplet("눈", "비", "해"),
        Triplet("비", "눈", "해"),
        Pair("비", "눈"),
        Pair("눈", "비"),
        Sentence("눈"),
        Sentence("눈", "날씨"),
        Sentence("눈"),
    ]
    dropped = {1, 5, 9, 12}
    assert drop_duplicates(rows) == [row for i, row in enumerate(rows) if i not in dropped]


@given(rows=st.lists(st.builds(Pair, WORD, WORD)))
def test_what_is_left_is_distinct_in_order_and_covers_all(rows):
    left = drop_duplicates(rows)
    assert drop_duplicates(left) == left
    keys = [frozenset((row.anchor, row.positive)) for row in left]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {frozenset((row.anchor, row.positive)) for row in rows}
    places = [rows.index(row) for row in left]
    assert places == sorted(places)


@pytest.mark.parametrize(("split", "dropped"), [("train", 46), ("dev", 3), ("test", 1)])
def test_duplicates_of_korsts(data_dir, split, dropped):
    rows = load_rows("korsts", split, data_dir=data_dir)
    assert len(rows) - len(drop_duplicates(rows)) == dropped
