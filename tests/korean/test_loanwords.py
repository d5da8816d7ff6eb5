from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.hangul import has_final
from munjang.korean.loanwords import GROUPS, OTHERS
from munjang.korean.perturb import perturb

WORDS = sorted(OTHERS)


def respelled(text, seeds=40):
    return {perturb(text, "loanwords", dose=1.0, seed=seed) for seed in range(seeds)}


def test_the_table():
    assert len(GROUPS) >= 60
    words = [word for group in GROUPS for word in group]
    assert len(words) == len(set(words)) == len(OTHERS)
    assert all(len(group) > 1 for group in GROUPS)
    assert all(re.fullmatch("[가-힣]{2,}", word) for word in words)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_every_spelling_becomes_every_other(group):
    for word in group:
        assert respelled(f"이건 {word}, 맞지?", 60) == {
            f"이건 {other}, 맞지?" for other in group if other != word
        }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("메시지를 보냈어.", {"메세지를 보냈어."}),
        ("로봇이 청소한다.", {"로보트가 청소한다."}),
        ("로보트는 무겁다.", {"로봇은 무겁다."}),
        ("케이크를 샀다", {"케익을 샀다", "케잌을 샀다"}),
        ("알코올로 닦아라.", {"알콜로 닦아라."}),
        ("헬멧으로 막았다", {"헬맷으로 막았다"}),
        ("파이팅하세요!", {"화이팅하세요!"}),
        ("카페에서 주스를 마셨다.", {"까페에서 쥬스를 마셨다."}),
        ("초콜릿케이크", {"초콜렛케이크", "쵸콜릿케이크"}),
        ("카페트와 커텐", {"카펫과 커튼"}),
    ],
)
def test_respelled(text, expected):
    assert respelled(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "카페인을 줄였다.",
        "불이 타올랐다.",
        "민주스러운 집",
        "스프레이를 뿌렸다.",
        "서클렌즈를 꼈다.",
        "비전문가의 말",
        "아이스크림",
        "message and chocolate",
    ],
)
def test_other_words_stay(text):
    assert respelled(text, 5) == {text}


@given(st.sampled_from(WORDS), st.sampled_from(["이/가", "은/는", "을/를", "과/와"]))
def test_the_particle_agrees(word, pair):
    closed, opened = pair.split("/")
    given_text = f"그 {word}{closed if has_final(word[-1]) else opened} 본다"
    for edited in respelled(given_text, 5):
        other = next(o for o in OTHERS[word] if edited.startswith(f"그 {o}"))
        assert edited == f"그 {other}{closed if has_final(other[-1]) else opened} 본다"


def test_a_dose_between():
    text = " ".join(["메시지"] * 400)
    assert 150 < perturb(text, "loanwords", dose=0.5).count("메세지") < 250
