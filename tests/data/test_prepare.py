"""Triplets, pairs and duplicates."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munjang.data.catalog import find_split, load_groups, load_rows
from munjang.data.prepare import (
    EXPECTED_TRIPLETS,
    drop_duplicates,
    groups_to_pairs,
    nli_to_triplets,
)
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


def test_the_last_of_each_is_taken_and_then_cleaned():
    rows = [
        LabeledPair('그가 "네"라고 했다', "먼저 온 함의", "entailment"),
        LabeledPair('그가 "네"라고 했다', "그는 '예'라 했다", "entailment"),
        LabeledPair('그가 "네"라고 했다', "그는 말이 없었다 ", "contradiction"),
        LabeledPair("그가 네라고 했다", "따옴표가 없는 다른 전제", "contradiction"),
        LabeledPair("빈 번역", "n/a", "entailment"),
        LabeledPair("빈 번역", "있는 번역", "contradiction"),
        LabeledPair("따옴표 속", '"n/a"', "contradiction"),
        LabeledPair("따옴표 속", "있는 번역", "entailment"),
        LabeledPair("조금 빈 번역", "n/a 그리고 더", "entailment"),
        LabeledPair("조금 빈 번역", "있는 번역", "contradiction"),
    ]
    assert nli_to_triplets(rows, way="last") == [
        Triplet("그가 네라고 했다", "그는 예라 했다", "그는 말이 없었다 "),
        Triplet("조금 빈 번역", "n/a 그리고 더", "있는 번역"),
    ]


def test_each_entailment_meets_each_contradiction():
    rows = [
        LabeledPair("전제", "함의 1", "entailment"),
        LabeledPair("전제", "모순 1", "contradiction"),
        LabeledPair("전제", "함의 2", "entailment"),
        LabeledPair("전제", "모순 2", "contradiction"),
        LabeledPair("모순이 없는 전제", "함의", "entailment"),
    ]
    assert nli_to_triplets(rows, way="product") == [
        Triplet("전제", f"함의 {i}", f"모순 {j}") for i in (1, 2) for j in (1, 2)
    ]


def test_random_triplets_go_both_ways_over_stripped_distinct_texts():
    rows = [
        LabeledPair(" 전제", "함의 ", "entailment"),
        LabeledPair("전제 ", "모순", "contradiction"),
        LabeledPair("다른 전제", "함의", "contradiction"),
    ]
    assert nli_to_triplets(rows, way="random") == [
        Triplet("전제", "함의", "모순"),
        Triplet("함의", "전제", "모순"),
        Triplet("함의", "전제", "다른 전제"),
        Triplet("전제", "함의", "다른 전제"),
    ]
    often = [LabeledPair("전제", "흔한 함의", "entailment")] * 9
    rows = [*often, LabeledPair("전제", "드문 함의", "entailment"), rows[1]]
    drawn = Counter(nli_to_triplets(rows, way="random", seed=i)[0].positive for i in range(200))
    assert min(drawn["흔한 함의"], drawn["드문 함의"]) > 70
    assert sum(drawn.values()) == 200


def test_only_inference_labels_and_known_ways():
    rows = [LabeledPair("가", "나", "neutral"), LabeledPair("가", "나", "same")]
    for way in ("last", "random", "product", "zip"):
        with pytest.raises(InputError, match="row 1 is no inference pair"):
            nli_to_triplets(rows, way=way)
        assert nli_to_triplets([], way=way) == []
    with pytest.raises(InputError, match=r"unknown way.*'prodct'\ntry: did you mean 'product'"):
        nli_to_triplets([], way="prodct")


def naive(rows, label):
    """The hypotheses of a label, by premise."""
    found = {}
    for row in rows:
        if row.label == label:
            found[row.sentence1] = [*found.get(row.sentence1, []), row.sentence2]
    return found


@pytest.mark.parametrize(
    ("name", "split", "counts"),
    [
        ("klue-nli", "train", {"last": 8_045, "random": 16_090, "product": 8_601, "zip": 8_047}),
        ("kornli", "dev", {"last": 830, "random": 1_660, "product": 830, "zip": 830}),
    ],
)
def test_triplets_of_real_sets(data_dir, name, split, counts):
    rows = load_rows(name, split, data_dir=data_dir)
    made = {way: nli_to_triplets(rows, way=way, seed=3) for way in counts}
    assert {way: len(triplets) for way, triplets in made.items()} == counts
    entailed, against = naive(rows, "entailment"), naive(rows, "contradiction")
    both = [premise for premise in entailed if premise in against]

    def plain(text):
        return text.replace('"', "").replace("'", "")

    last = [(plain(p), plain(entailed[p][-1]), plain(against[p][-1])) for p in both]
    assert Counter(made["last"]) == Counter(Triplet(*texts) for texts in last)
    product = [(p, e, c) for p in both for e in entailed[p] for c in against[p]]
    assert Counter(made["product"]) == Counter(Triplet(*texts) for texts in product)
    zipped = [(p, e, c) for p in both for e, c in zip(entailed[p], against[p], strict=False)]
    assert Counter(made["zip"]) == Counter(Triplet(*texts) for texts in zipped)


@pytest.mark.parametrize(("name", "split"), [("klue-nli", "train"), ("kornli", "dev")])
def test_random_triplets_of_real_sets(data_dir, name, split):
    rows = load_rows(name, split, data_dir=data_dir)
    stripped = [LabeledPair(r.sentence1.strip(), r.sentence2.strip(), r.label) for r in rows]
    turned = [LabeledPair(row.sentence2, row.sentence1, row.label) for row in stripped]
    entailed = naive(stripped + turned, "entailment")
    against = naive(stripped + turned, "contradiction")
    triplets = nli_to_triplets(rows, way="random", seed=3)
    forth, back = triplets[::2], triplets[1::2]
    keys = [triplet.anchor for triplet in forth]
    assert keys == [triplet.positive for triplet in back]
    assert sorted(keys) == sorted(entailed.keys() & against.keys())
    for key, one, other in zip(keys, forth, back, strict=True):
        assert {one.positive, other.anchor} <= set(entailed[key])
        assert {one.negative, other.negative} <= set(against[key])
    # Each premise of XNLI has one hypothesis a label, so there is nothing to draw.
    other_seed = nli_to_triplets(rows, way="random", seed=4)
    assert (triplets == other_seed) == (name == "kornli")


HASHED = """
import hashlib, itertools, sys
from munjang.data.catalog import load_rows
from munjang.data.prepare import nli_to_triplets
rows = load_rows("klue-nli", "train", data_dir=sys.argv[1])
made = (nli_to_triplets(rows, way=way) for way in ("last", "random", "product", "zip"))
digest = hashlib.sha256(repr([*itertools.chain(*made)]).encode()).hexdigest()
print(digest, hash("문장"))
"""


def test_triplets_do_not_depend_on_the_hash_of_strings(data_dir):
    found = [
        subprocess.run(
            [sys.executable, "-c", HASHED, str(data_dir)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]


def test_counts_on_the_full_kornli(data_dir):
    splits = ("multinli", "snli")
    for split in splits:
        paths = [path for file in find_split("kornli", split).files for path in file.paths]
        if not any((data_dir / path).is_file() for path in paths):
            pytest.skip(f"the data folder has no {paths[0]}")
    multinli, snli = (load_rows("kornli", split, data_dir=data_dir) for split in splits)
    assert len(nli_to_triplets([*multinli, *snli], way="last")) in EXPECTED_TRIPLETS["last"]
    drawn = sum(len(nli_to_triplets(rows, way="random")) for rows in (multinli, snli))
    assert drawn in EXPECTED_TRIPLETS["random"]


def test_what_is_published_of_the_counts():
    assert list(EXPECTED_TRIPLETS["last"]) == [277_811]
    assert {count // 64 for count in EXPECTED_TRIPLETS["random"]} == {8_886}
    assert len(EXPECTED_TRIPLETS["random"]) == 64


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
