"""The words of both languages say the same things."""

from __future__ import annotations

import re
import string
from dataclasses import fields

import pytest

from munjang.evaluate.contamination import MARKS
from munjang.evaluate.leaderboard_words import WORDS, Words
from munjang.evaluate.statistics import METRIC
from munjang.evaluate.suite_tasks import SUITE_TASKS


@pytest.mark.parametrize("language", WORDS)
def test_every_mark_has_its_meaning(language):
    legend = WORDS[language].legend
    assert {level for level, meaning in legend.items() if meaning} == set(MARKS) - {"none"}


@pytest.mark.parametrize("name", [each.name for each in fields(Words) if each.type == "str"])
def test_both_languages_leave_the_same_gaps(name):
    english, korean = (getattr(WORDS[language], name) for language in ("en", "ko"))
    gaps = [{gap for _, gap, _, _ in string.Formatter().parse(text)} for text in (english, korean)]
    assert gaps[0] == gaps[1]
    assert not re.search("[가-힣]", english)
    assert re.search("[가-힣]", korean)


def test_titles_and_metrics_have_korean_words():
    korean = WORDS["ko"]
    english = {task.title for task in SUITE_TASKS.values()}
    assert set(korean.titles) <= english
    assert all(re.search("[가-힣]", title) for title in korean.titles.values())
    for title in english - set(korean.titles):
        assert re.fullmatch(r"[A-Za-z0-9-]+", title), title
    assert set(korean.metrics) == set(METRIC.values())
