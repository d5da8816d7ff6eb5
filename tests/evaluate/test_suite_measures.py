"""The pairs that are drawn of groups of paraphrases; every measure runs in test_suite_tasks.py."""

from __future__ import annotations

from munjang.evaluate.suite_measures import PAIRS_A_GROUP, paraphrase_pairs

GROUPS = [[f"{group} 말 {n}" for n in range(10)] for group in ("가", "나", "다", "라")]


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


def test_the_same_text_in_another_group_is_no_different_sentence():
    groups = [["네", "맞아"], ["네", "그래요"], ["네네", "아니"]]
    pairs = paraphrase_pairs(groups, seed=0)
    assert all(p.sentence1 != p.sentence2 for p in pairs if p.label == "different")


def test_a_small_group_gives_what_it_has():
    pairs = paraphrase_pairs([["가", "나"], ["다", "라"]], seed=0)
    assert [pair.label for pair in pairs] == ["same", "different"] * 2


def test_the_draw_follows_the_seed():
    assert paraphrase_pairs(GROUPS, seed=1) == paraphrase_pairs(GROUPS, seed=1)
    assert paraphrase_pairs(GROUPS, seed=1) != paraphrase_pairs(GROUPS, seed=2)
