"""The suite's list: names, data that the catalogue knows, and the pairs that are drawn."""

from __future__ import annotations

import pytest

from munjang.data.catalog import find_split
from munjang.evaluate.suite_tasks import KOREAN, PAIRS_A_GROUP, SUITE_TASKS, paraphrase_pairs

GROUPS = [[f"{group} 말 {n}" for n in range(10)] for group in ("가", "나", "다", "라")]


def test_keys_are_distinct():
    assert len(SUITE_TASKS) == len(KOREAN)


@pytest.mark.parametrize("task", KOREAN, ids=lambda task: task.key)
def test_the_catalogue_knows_what_a_task_reads_and_keeps_it_from_training(task):
    splits = [find_split(*key.split(":")) for key in task.data]
    assert splits[0].never_train
    assert task.what
    assert task.title


def test_paraphrases_are_drawn_evenly():
    pairs = paraphrase_pairs(GROUPS, seed=0)
    same = [pair for pair in pairs if pair.label == "same"]
    different = [pair for pair in pairs if pair.label == "different"]
    assert len(same) == len(different) == len(GROUPS) * PAIRS_A_GROUP
    assert all(pair.sentence1[0] == pair.sentence2[0] for pair in same)
    assert all(pair.sentence1 != pair.sentence2 for pair in same)
    assert all(pair.sentence1[0] != pair.sentence2[0] for pair in different)
    assert len({(pair.sentence1, pair.sentence2) for pair in same}) == len(same)


def test_a_different_sentence_is_the_one_that_looks_most_alike():
    groups = [["불을 켜 줘", "전등 좀 켜"], ["불을 꺼 줘", "전등 좀 꺼"], ["몇 시야", "시간 알려"]]
    pairs = paraphrase_pairs(groups, seed=0)
    different = {p.sentence1: p.sentence2 for p in pairs if p.label == "different"}
    assert different["불을 켜 줘"] == "불을 꺼 줘"


def test_a_small_group_gives_what_it_has():
    pairs = paraphrase_pairs([["가", "나"], ["다", "라"]], seed=0)
    assert [pair.label for pair in pairs] == ["same", "different"] * 2


def test_the_draw_follows_the_seed():
    assert paraphrase_pairs(GROUPS, seed=1) == paraphrase_pairs(GROUPS, seed=1)
    assert paraphrase_pairs(GROUPS, seed=1) != paraphrase_pairs(GROUPS, seed=2)
