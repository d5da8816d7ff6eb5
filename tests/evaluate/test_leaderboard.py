"""The rows of the leaderboard: order, ranks, flags, published rows, tasks."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from munjang.errors import DataError, InputError
from munjang.evaluate.leaderboard import make_board
from munjang.evaluate.leaderboard_records import Records
from munjang.evaluate.published import published_rows
from munjang.evaluate.record import SuiteResult, TaskResult
from munjang.evaluate.robust_record import EditCurve, RobustResult
from munjang.evaluate.sts import Interval


def measured(model, scores, *, width=0.02, **more):
    """A suite of STS and pair tasks: key to score; `width` None for no intervals."""
    results = []
    for key, score in scores.items():
        task, split = key.split(":")
        results.append(
            TaskResult(
                model=model,
                task=task,
                split=split,
                kind="sts" if "sts" in task else "pairs",
                score=score,
                interval=None if width is None else Interval(score - width, score + width),
                scores={},
                rows=100,
                what="",
                fingerprint=key,
            )
        )
    return SuiteResult(
        model=model,
        suite="korean",
        results=tuple(results),
        absent=(),
        sentences=1000,
        seconds=4.0,
        encoder=model,
        **more,
    )


def robust(model, kept=0.5):
    curve = EditCurve(
        edit="spacing",
        doses=(0.0, 1.0),
        spearman=(0.8, 0.8 * (2 * kept - 1)),
        cosine=(1.0, 0.9),
        retrieval=(1.0, 0.9),
        changed=(0.0, 1.0),
    )
    return RobustResult(
        model=model,
        task="korsts",
        split="test",
        rows=100,
        seed=0,
        curves=(curve,),
        absent=(),
        sentences=1,
        seconds=1.0,
        encoder="",
        munjang="",
    )


def board(*suites, published=0, robust=(), **options):
    records = Records(
        {f"{n}.json": suite for n, suite in enumerate(suites)},
        {f"r{n}.json": result for n, result in enumerate(robust)},
    )
    return make_board(records, published=published, **options)


def test_rows_are_ordered_by_a_task_and_those_without_it_come_last():
    a = measured("가", {"korsts:test": 0.7, "stylekqc:test": 0.9})
    b = measured("나", {"korsts:test": 0.8, "stylekqc:test": 0.6})
    c = measured("다", {"stylekqc:test": 0.7})
    assert [row.model for row in board(a, b, c).rows] == ["나", "가", "다"]
    by_style = board(a, b, c, sort="stylekqc")
    assert (by_style.sort, [row.model for row in by_style.rows]) == (
        "stylekqc:test",
        ["가", "다", "나"],
    )


def test_overlapping_intervals_share_a_rank():
    names = {"가": 0.80, "나": 0.79, "다": 0.765, "라": 0.60}
    found = board(*(measured(name, {"korsts:test": score}) for name, score in names.items()))
    ranks = {row.model: row.cells["korsts:test"].rank for row in found.rows}
    assert ranks == {"가": 1, "나": 1, "다": 1, "라": 4}


def test_a_score_without_an_interval_has_no_rank_and_beats_nobody():
    found = board(
        measured("가", {"korsts:test": 0.9}, width=None), measured("나", {"korsts:test": 0.5})
    )
    assert [row.cells["korsts:test"].rank for row in found.rows] == [None, 1]


def test_columns_stand_in_the_order_of_the_suite_and_can_be_chosen():
    keys = [
        "우리:all",
        "stylekqc:test",
        "klue-sts:dev",
        "korsts:test",
        "klue-sts:dev-without-parakqc",
    ]
    suite = measured("가", dict.fromkeys(keys, 0.5))
    order = [
        "korsts:test",
        "klue-sts:dev",
        "klue-sts:dev-without-parakqc",
        "stylekqc:test",
        "우리:all",
    ]
    assert [column.key for column in board(suite).columns] == order
    titles = [column.title for column in board(suite).columns]
    assert titles == [
        "KorSTS test",
        "KLUE-STS dev",
        "KLUE-STS without ParaKQC",
        "StyleKQC test",
        "우리 all",
    ]
    chosen = board(suite, tasks=["stylekqc:test", "klue-sts"])
    assert [column.key for column in chosen.columns] == [*order[1:3], "stylekqc:test"]
    assert set(chosen.rows[0].cells) == {column.key for column in chosen.columns}
    with pytest.raises(InputError, match="did you mean 'korsts:test'"):
        board(suite, tasks=["korst:test"])
    with pytest.raises(InputError, match="unknown measured task"):
        board(suite, tasks=["korsts"], sort="stylekqc")


def test_scores_are_flagged_after_what_a_model_declares():
    found = board(
        measured("가", {"korsts:test": 0.9, "klue-sts:dev": 0.8}, trained_on=("korsts:test",)),
        measured("나", {"korsts:test": 0.8}),
    )
    flags = {row.model: {k: c.flag.level for k, c in row.cells.items()} for row in found.rows}
    assert flags == {
        "가": {"korsts:test": "rows", "klue-sts:dev": "none"},
        "나": {"korsts:test": "unknown"},
    }


def test_several_records_of_a_model_are_one_row():
    found = board(
        measured("가", {"korsts:test": 0.9}, trained_on=("korsts:train",), facts={"dim": 8}),
        measured("가", {"korsts:test": 0.9, "stylekqc:test": 0.8}, trained_on=("klue",)),
        robust=[robust("가", 0.75), robust("나", 0.5)],
    )
    first, second = found.rows
    assert (first.model, set(first.cells)) == ("가", {"korsts:test", "stylekqc:test"})
    assert first.trained_on == ("korsts:train", "klue")
    assert math.isclose(first.kept, 0.75)
    assert first.facts == {"dim": 8, "sentences_per_second": 250.0}
    assert (second.model, second.cells, second.kept) == ("나", {}, 0.5)


def test_all_published_rows_are_quoted_as_published():
    found = board(measured("가", {"korsts:test": 0.9, "klue-sts:dev": 0.8}), published=None)
    quoted = [row for row in found.rows if row.source]
    assert len(quoted) == found.published
    theirs = [*published_rows("korsts", "test"), *published_rows("klue-sts", "dev")]
    assert sum(len(row.cells) for row in quoted) == len(theirs)
    for row in quoted:
        for cell in row.cells.values():
            assert cell.published in theirs
            assert math.isclose(100 * cell.score, cell.published.scores[1])
            assert (cell.rank, cell.flag, cell.low) == (None, None, None)
    best = next(row for row in quoted)
    assert best.model == "KoSimCSE-RoBERTa-multitask"


def test_the_best_published_rows_are_kept_where_not_all_are():
    suite = measured("가", {"korsts:test": 0.5, "stylekqc:test": 0.5})
    names = [row.model for row in board(suite, published=None).rows]
    assert [row.model for row in board(suite, published=2).rows] == [*names[:2], "가"]
    assert [row.model for row in board(suite, tasks=["stylekqc"], published=9).rows] == ["가"]


def test_a_stale_record_of_another_task_hinders_nothing():
    new = measured("가", {"korsts:test": 0.9, "stylekqc:test": 0.8})
    old = measured("나", {"korsts:test": 0.8, "stylekqc:test": 0.7})
    stale = replace(old.results[1], fingerprint="옛 행")
    old = replace(old, results=(old.results[0], stale))
    found = board(new, old, tasks=["korsts"])
    assert [row.model for row in found.rows] == ["가", "나"]
    with pytest.raises(DataError, match="same rows of stylekqc:test") as caught:
        board(new, old)
    assert caught.value.found == "가 in 0.json, 나 in 1.json"


def test_what_robustness_was_measured_on_is_told():
    own = replace(robust("가", 0.9), task="own")
    found = board(measured("가", {"korsts:test": 0.9}), robust=[own, robust("가"), robust("나")])
    assert (found.kept.rows, found.kept.edits) == ("korsts test", 1)
    assert found.kept.left_aside == ("r0.json",)
    assert found.rows[0].kept == 0.5
