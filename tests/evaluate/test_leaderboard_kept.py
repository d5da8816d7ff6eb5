"""Which records of robustness stand in the leaderboard, and which are left aside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munjang.errors import DataError
from munjang.evaluate.leaderboard_kept import Kept, choose_kept
from munjang.korean.perturb import EDITS

WHOLE = tuple(EDITS)


def test_all_edits_on_korsts_go_before_everything_else(robust_of):
    whole = robust_of("가", edits=WHOLE)
    records = {
        "own.json": robust_of("가", edits=WHOLE, task="own", rows=5),
        "own2.json": robust_of("나", edits=WHOLE, task="own", rows=5),
        "one.json": robust_of("나", edits=("key-slips",)),
        "whole.json": whole,
    }
    assert choose_kept(records) == Kept(
        {"가": whole.kept}, "korsts test", len(EDITS), ("own.json", "own2.json", "one.json")
    )


def test_else_what_most_records_share(robust_of):
    records = {
        "one.json": robust_of("가", edits=("nfd", "emoji")),
        "a.json": robust_of("가", task="own", edits=("nfd",)),
        "b.json": robust_of("나", task="own", edits=("nfd",), loss=0.2),
    }
    found = choose_kept(records)
    assert (set(found.shares), found.rows, found.edits) == ({"가", "나"}, "own test", 1)
    assert found.left_aside == ("one.json",)


def test_of_equally_many_those_of_korsts_and_then_of_more_edits(robust_of):
    own = robust_of("가", task="own", edits=("nfd", "emoji", "key-slips"))
    few = robust_of("가", edits=("nfd",))
    more = robust_of("가", edits=("nfd", "emoji"))
    found = choose_kept({"own.json": own, "few.json": few, "more.json": more})
    assert (found.rows, found.edits) == ("korsts test", 2)
    assert found.left_aside == ("own.json", "few.json")


def test_the_order_of_edits_is_nothing(robust_of):
    there = robust_of("가", edits=("nfd", "emoji"))
    back = replace(there, model="나", curves=there.curves[::-1])
    assert set(choose_kept({"a.json": there, "b.json": back}).shares) == {"가", "나"}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (
            {"edits": ("nfd", "emoji")},
            {"edits": ("nfd", "key-slips")},
            "1 edit only in a.json; 1 edit only in b.json",
        ),
        ({"edits": WHOLE}, {"edits": WHOLE, "seed": 1}, "seed 0 in a.json, 1 in b.json"),
        ({"edits": WHOLE}, {"edits": WHOLE, "rows": 9}, "rows 1379 in a.json, 9 in b.json"),
    ],
)
def test_equal_claims_to_the_column_are_an_error(robust_of, one, other, found):
    records = {"a.json": robust_of("가", **one), "b.json": robust_of("나", **other)}
    with pytest.raises(DataError, match="cannot stand in one column") as caught:
        choose_kept(records)
    assert caught.value.found == found


def test_rounding_is_no_contradiction_but_more_is(robust_of):
    first, near = robust_of("가", loss=0.1), robust_of("가", loss=0.1001)
    assert choose_kept({"a.json": first, "b.json": near}).shares == {"가": first.kept}
    far = robust_of("가", loss=0.3)
    with pytest.raises(DataError, match="of 가 contradict each other on robustness") as caught:
        choose_kept({"a.json": first, "b.json": far})
    assert caught.value.found == (
        f"{100 * first.kept:.4f}% kept in a.json, {100 * far.kept:.4f}% in b.json"
    )
    aside = choose_kept({"a.json": first, "b.json": robust_of("가", edits=("nfd",), loss=0.3)})
    assert aside.left_aside == ("b.json",)


def test_without_a_record():
    assert choose_kept({}) == Kept()
