"""The seeded draw: pinned, in order, without repetition."""

from __future__ import annotations

import pytest

from munjang.data.draw import draw_rows
from munjang.errors import InputError


def test_a_draw_is_the_same_everywhere():
    pinned = [137, 582, 782, 821, 867]
    assert draw_rows(range(1_000), 5, seed=1) == pinned
    assert draw_rows(range(1_000), 5, seed=2) != pinned


def test_rows_stay_in_order_and_are_drawn_once():
    drawn = draw_rows([f"{number}번" for number in range(300)], 200, seed=3)
    places = [int(row.removesuffix("번")) for row in drawn]
    assert places == sorted(set(places))
    assert len(places) == 200


def test_no_more_than_there_is():
    rows = ["봄", "여름"]
    for count in (2, 3):
        drawn = draw_rows(rows, count, seed=1)
        assert drawn == rows
        assert drawn is not rows
    with pytest.raises(InputError, match="at least 1"):
        draw_rows(rows, 0, seed=1)
