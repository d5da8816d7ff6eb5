"""The words of both languages say the same things."""

from __future__ import annotations

import re
import string
from dataclasses import fields

import pytest

from munjang.evaluate.contamination import MARKS
from munjang.evaluate.leaderboard_words import WORDS, Words


@pytest.mark.parametrize("language", WORDS)
def test_every_mark_has_its_meaning(language):
    legend = WORDS[language].legend
    assert {level for level, meaning in legend.items() if meaning} == set(MARKS) - {"none"}


@pytest.mark.parametrize("name", [field.name for field in fields(Words) if field.name != "legend"])
def test_both_languages_leave_the_same_gaps(name):
    english, korean = (getattr(WORDS[language], name) for language in ("en", "ko"))
    gaps = [{gap for _, gap, _, _ in string.Formatter().parse(text)} for text in (english, korean)]
    assert gaps[0] == gaps[1]
    assert not re.search("[가-힣]", english)
    assert re.search("[가-힣]", korean)
