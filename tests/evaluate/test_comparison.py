"""Models over all tasks: what is beyond noise, what shares a rank, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from munjang.errors import InputError
from munjang.evaluate.comparison import compare_suites, distinct_names
from munjang.evaluate.many_tests import holm
from munjang.evaluate.record import SuiteResult
from munjang.evaluate.resample import paired_differences

TASKS = ("날씨", "장터", "바다")


@pytest.fixture(scope="module")
def three(suite_of):
    """Two models alike and one far behind."""
    return compare_suites(
        [
            suite_of("앞선 모델", TASKS, skill=0.8, rows=300),
            suite_of("비슷한 모델", TASKS, skill=0.8, rows=300),
            suite_of("뒤진 모델", TASKS, skill=0.4, rows=300),
        ]
    )


def test_ranks_only_where_beyond_noise(three):
    for task in three.tasks:
        ranks = {model: (task.rank(model), task.is_tied(model)) for model in three.models}
        assert ranks == {
            "앞선 모델": (1, True),
            "비슷한 모델": (1, True),
            "뒤진 모델": (3, False),
        }
        assert task.best is None
    assert three.comparisons == 9
    behind = three.standing("뒤진 모델")
    assert (behind.tasks, behind.mean_rank) == (3, 3.0)
    assert (behind.wins, behind.ties, behind.losses) == (0, 0, 6)
    ahead = three.standing("앞선 모델")
    assert (ahead.mean_rank, ahead.wins, ahead.ties, ahead.losses) == (1.0, 3, 3, 0)


def test_differences_are_those_of_the_paired_bootstrap(three):
    found = [each for task in three.tasks for each in task.differences]
    assert [(d.model_a, d.model_b) for d in found[:3]] == [
        ("앞선 모델", "비슷한 모델"),
        ("앞선 모델", "뒤진 모델"),
        ("비슷한 모델", "뒤진 모델"),
    ]
    first = three.tasks[0].results
    ours, theirs = first["앞선 모델"].evidence, first["뒤진 모델"].evidence
    again = paired_differences("retrieval", [ours, theirs], resamples=three.resamples)
    assert found[1].difference == again[0, 1]
    assert [d.p_holm for d in found] == holm([d.difference.p for d in found])
    assert all(d.significant == (d.p_holm <= 0.05) for d in found)
    assert found[1].better == "앞선 모델"
    assert found[0].better is None


def test_one_best_model(suite_of):
    found = compare_suites(
        [suite_of("뒤진 모델", TASKS, skill=0.4), suite_of("앞선 모델", TASKS, skill=0.95)]
    )
    assert {task.best for task in found.tasks} == {"앞선 모델"}
    assert found.tasks[0].rank("뒤진 모델") == 2
    assert found.tasks[0].differences[0].better == "앞선 모델"


def test_a_model_between_two_others_shares_a_rank_with_each(suite_of):
    """The middle one is told apart from neither, the outer two are from each other."""
    skills = {"앞": 0.75, "가운데": 0.68, "뒤": 0.6}
    (task,) = compare_suites(
        [suite_of(name, ["날씨"], skill=skill, rows=200) for name, skill in skills.items()]
    ).tasks
    assert [each.better for each in task.differences] == [None, "앞", None]
    assert {model: task.rank(model) for model in skills} == {"앞": 1, "가운데": 1, "뒤": 2}
    assert all(task.is_tied(model) for model in skills)
    assert task.best is None


def test_a_model_against_itself_is_a_tie_under_a_number(suite_of):
    one = suite_of("문장", TASKS)
    found = compare_suites([one, one])
    assert list(found.models) == ["문장", "문장 #2"]
    assert found.notes == ("문장 #2 is another model or record that calls itself 문장",)
    for task in found.tasks:
        (difference,) = task.differences
        assert (difference.difference.value, difference.p_holm) == (0, 1)
    assert found.standing("문장 #2").ties == 3
    assert distinct_names(["a", "a #2", "a", "a"]) == ["a", "a #2", "a #3", "a #4"]


def test_the_order_of_models_changes_signs_only(suite_of):
    pair = [suite_of("가", TASKS, skill=0.5), suite_of("나", TASKS, skill=0.8)]
    there, back = compare_suites(pair), compare_suites(pair[::-1])
    for one, other in zip(there.tasks, back.tasks, strict=True):
        assert one.best == other.best
        assert one.differences[0].difference.value == -other.differences[0].difference.value
        assert one.differences[0].difference.p == pytest.approx(other.differences[0].difference.p)


def test_the_same_records_give_the_same_comparison(suite_of, three):
    again = compare_suites(list(three.models.values()))
    assert [task.differences for task in again.tasks] == [t.differences for t in three.tasks]
    other = compare_suites(list(three.models.values()), seed=1)
    assert [task.differences for task in other.tasks] != [t.differences for t in three.tasks]


def test_records_compare_after_a_round_trip(suite_of):
    pair = [suite_of("가", TASKS, skill=0.5), suite_of("나", TASKS, skill=0.8)]
    read = [SuiteResult.from_json(each.to_json()) for each in pair]
    assert [t.differences for t in compare_suites(read).tasks] == [
        t.differences for t in compare_suites(pair).tasks
    ]


def test_more_comparisons_draw_more_often(suite_of):
    records = [suite_of(f"모델 {n}", TASKS, rows=20) for n in range(6)]
    found = compare_suites(records)
    assert found.comparisons == 45
    assert found.resamples == 3599
    assert compare_suites(records[:2]).resamples == 2000
    assert compare_suites(records[:2], level=0.99).resamples == 2000


def test_tasks_of_few_rows_are_named(suite_of):
    few = [suite_of(name, ["날씨"], rows=19) for name in ("가", "나")]
    assert compare_suites(few).notes == ("날씨 test has only 19 rows: little can be told",)
    enough = [suite_of(name, ["날씨"], rows=20) for name in ("가", "나")]
    assert compare_suites(enough).notes == ()
    groups = [
        replace(each, results=(replace(found, evidence=found.evidence | {"unit": units}),))
        for each in (suite_of(name, ["날씨"], rows=80) for name in ("가", "나"))
        for found, units in [(each.results[0], np.arange(80.0) // 8)]
    ]
    assert compare_suites(groups).notes == (
        "날씨 test has only 80 rows in 10 independent groups: little can be told",
    )


def test_what_is_left_out_is_named(suite_of):
    found = compare_suites([suite_of("가", TASKS), suite_of("나", ["날씨", "하늘"])])
    assert [task.task for task in found.tasks] == ["날씨"]
    assert {(each.model, each.task) for each in found.left_out} == {
        ("가", "장터"),
        ("가", "바다"),
        ("나", "하늘"),
    }
    assert all(each.score > 0 for each in found.left_out)


def test_models_that_cannot_be_compared(suite_of):
    one = suite_of("가", TASKS)
    with pytest.raises(InputError, match="two models or more"):
        compare_suites([one])
    with pytest.raises(InputError, match="the level lies between 0 and 1"):
        compare_suites([one, one], level=1.0)
    with pytest.raises(InputError, match="no task in common") as error:
        compare_suites([one, suite_of("나", ["하늘"])])
    assert "하늘 test: no other model measured it" in error.value.found
    bare = SuiteResult.from_json(one.to_json(evidence=False))
    with pytest.raises(InputError, match="no task in common") as error:
        compare_suites([one, bare])
    assert "without the evidence" in error.value.found
    with pytest.raises(InputError, match="no task in common") as error:
        compare_suites([replace(one, results=()), replace(one, results=())])
    assert error.value.found == "no results"


def test_the_chance_of_any_false_difference_stays_near_the_level(suite_of):
    """Two equal models on six tasks, 150 times: without Holm one in four tables is false."""
    tasks = [f"과제 {n}" for n in range(6)]
    any_corrected = any_uncorrected = 0
    for run in range(150):
        pair = [
            suite_of(side, tasks, skill=0.6, rows=60, seed=f"{side * 40}{chr(1000 * run)}")
            for side in ("가", "나")
        ]
        found = [d for task in compare_suites(pair, seed=run).tasks for d in task.differences]
        any_corrected += any(d.significant for d in found)
        any_uncorrected += any(d.difference.p <= 0.05 for d in found)
    assert any_corrected / 150 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    assert any_uncorrected / 150 >= 0.15
    assert any_uncorrected > 2 * any_corrected
