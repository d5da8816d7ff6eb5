"""What a card says of edited text: both languages, a row an edit, gained or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munjang.evaluate.record import Absent
from munjang.model.card_robust import tell_robust


def cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_figures_in_both_languages(make_robust):
    told = tell_robust(make_robust("바탕", 0.4), make_robust("우리 모델", 0.2))
    assert told.startswith("### 고친 글에서 / On edited text\n\n")
    assert told.endswith("\n\n")
    # 0.8 falls by 0.4 at dose 1: what is left under the line is 1 - 0.4 / 0.8 / 2
    assert told.count("75.0% → 87.5% (+12.5)") == 2
    assert told.count("바탕 → 우리 모델, KorSTS test (200") == 2
    assert told.count("80.00 → 80.00") == 2
    assert told.count("60.00 → 70.00") == 2
    assert "바탕보다 덜 잃습니다." in told
    assert "It loses less than the base." in told
    assert "doses 0.5, 1," in told


def test_a_row_for_each_edit(make_robust):
    before, after = make_robust("바탕", 0.4), make_robust("우리 모델", 0.2)
    head, rule, *rows = cells(tell_robust(before, after))
    assert head[1:] == ["before %", "after %", "before, dose 1", "after, dose 1"]
    assert set("".join(rule)) <= set("-:")
    assert rows == [
        ["붙여쓰기 · spaces left out", "75.0", "87.5", "40.00", "60.00"],
        ["인접 키 오타 · neighbouring keys hit", "75.0", "87.5", "40.00", "60.00"],
    ]


@pytest.mark.parametrize("loss", [0.4, 0.5])
def test_nothing_gained_is_said(make_robust, loss):
    told = tell_robust(make_robust("바탕", 0.4), make_robust("우리 모델", loss))
    assert "바탕보다 덜 잃지 않습니다." in told
    assert "It loses no less than the base." in told


def test_more_of_a_lower_score_is_no_gain(make_robust):
    told = tell_robust(make_robust("바탕", 0.4), make_robust("우리 모델", 0.2, clean=0.6))
    assert "75.0% → 83.3% (+8.3)" in told
    assert "60.00 → 50.00" in told
    assert "It keeps more of a lower score: nothing was gained." in told
    assert "loses less" not in told


def test_a_share_of_nothing_means_nothing(make_robust):
    told = tell_robust(make_robust("바탕", 0.4, clean=-0.1), make_robust("우리 모델", 0.2))
    assert "A score of 0 or less makes this share mean nothing." in told
    assert "뜻이 없습니다" in told


def test_edits_that_were_not_made_are_named(make_robust):
    missing = (Absent("style-plain", "edit", "needs Kiwi"),)
    after = replace(make_robust("우리 모델", 0.2), absent=missing)
    assert "Not measured: style-plain." in tell_robust(make_robust("바탕", 0.4), after)


def test_an_edit_that_only_one_of_them_has_is_left_out(make_robust):
    before = make_robust("바탕", 0.4)
    told = tell_robust(replace(before, curves=before.curves[:1]), make_robust("우리 모델", 0.2))
    assert len(cells(told)) == 3
