"""Which results can be compared, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from munjang.errors import InputError
from munjang.evaluate.same_rows import same_rows


def test_results_of_the_same_rows_come_together(suite_of):
    models = {name: suite_of(name, ["날씨", "장터"]) for name in ("가", "나", "다")}
    groups, left_out = same_rows(models)
    assert [list(group) for group in groups] == [["가", "나", "다"]] * 2
    assert [group["나"].task for group in groups] == ["날씨", "장터"]
    assert left_out == ()


def test_what_stands_alone_is_named_with_its_reason(suite_of):
    first = suite_of("가", ["날씨", "장터", "시장", "바다"])
    second = suite_of("나", ["날씨", "시장", "바다", "하늘"])
    bare = replace(second.results[0], evidence=None)
    other = replace(second.results[1], fingerprint="다른 행")
    undefined = replace(second.results[2], score=float("nan"))
    second = replace(second, results=(bare, other, undefined, second.results[3]))
    groups, left_out = same_rows({"가": first, "나": second})
    assert groups == []
    why = {(each.model, each.task): each.why for each in left_out}
    assert why["나", "날씨"] == "recorded without the evidence that a comparison needs"
    assert why["가", "날씨"] == "what 나 measured cannot be compared"
    assert why["가", "장터"] == "no other model measured it"
    assert why["가", "시장"] == "measured on other rows, or in another way, than that of 나"
    assert why["나", "바다"] == "its score is undefined"
    assert why["나", "하늘"] == "no other model measured it"
    assert len(left_out) == len(first.results) + len(second.results)


def test_two_pairs_with_rows_of_their_own_are_two_groups(suite_of):
    models = {name: suite_of(name, ["날씨"]) for name in ("가", "나", "다", "라")}
    for name in ("다", "라"):
        other = replace(models[name].results[0], fingerprint="다른 행")
        models[name] = replace(models[name], results=(other,))
    groups, left_out = same_rows(models)
    assert [list(group) for group in groups] == [["가", "나"], ["다", "라"]]
    assert left_out == ()


def test_evidence_of_another_kind_is_none(suite_of):
    models = {name: suite_of(name, ["날씨"]) for name in ("가", "나")}
    wrong = replace(models["나"].results[0], evidence={"similarity": np.zeros(80)})
    groups, left_out = same_rows(models | {"나": replace(models["나"], results=(wrong,))})
    assert groups == []
    assert len(left_out) == 2


def test_a_task_twice_in_one_record(suite_of):
    twice = suite_of("가", ["날씨", "날씨"])
    with pytest.raises(InputError, match="a task twice"):
        same_rows({"가": twice, "나": suite_of("나", ["날씨"])})
