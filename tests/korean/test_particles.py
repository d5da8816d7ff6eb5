from __future__ import annotations

import pytest

from munjang.data.readers import read_korsts
from munjang.korean.morph import content_words, has_kiwi
from munjang.korean.particles import find_drops
from munjang.korean.perturb import perturb

pytestmark = pytest.mark.skipif(not has_kiwi(), reason="needs the extra korean")


def dropped(text, dose=1.0, seed=0):
    return perturb(text, "particles-dropped", dose=dose, seed=seed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("나는 도서관에서 책을 읽었다.", "나 도서관에서 책 읽었다."),
        ("예쁜 꽃이 피었다.", "예쁜 꽃 피었다."),
        ("친구의 생일을 잊었어.", "친구 생일 잊었어."),
        ("내가 할게.", "나 할게."),
        ("네가 먼저 가.", "너 먼저 가."),
        ("누가 왔어?", "누구 왔어?"),
        ("나의 고향은 멀다.", "내 고향 멀다."),
        ("나는 학생이 아니다.", "나 학생 아니다."),
        ("커피와 빵을 샀다.", "커피와 빵 샀다."),
        ("학교에서는 조용히 해.", "학교에서 조용히 해."),
        ("3명이 100원을 냈다", "3명 100원 냈다"),
    ],
)
def test_dropped(text, expected):
    assert dropped(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello there.",
        "😀",
        "서울에서 부산까지 버스로 갔다.",
        "너만 와도 돼.",
        "형과 동생도 왔다.",
        "먹은 밥",
        "어디선가 우는 아이",
        "그는 학교에 갔다.",
        "저는 갔다.",
        "그의 집",
        "빵을 동생이 먹었다.",
        "물에서 얼음이 되었다.",
        "최대의 빠른 길",
    ],
)
def test_particles_that_carry_sense_stay(text):
    assert dropped(text) == text


def test_a_lower_dose_drops_some_of_the_same():
    text = "나는 빵을 먹었다. 동생은 우유를 마셨다. 비가 왔다. 우산을 폈다."
    texts = [dropped(text, dose).split() for dose in (0.0, 0.3, 0.6, 1.0)]
    for given_word, low, middle, high in zip(*texts, strict=True):
        assert low in (given_word, high)
        assert middle in (given_word, high)
        assert low in (given_word, middle)
    assert texts[0] != texts[1] != texts[2] != texts[3]


def test_real_sentences_keep_their_content_words(data_dir):
    pairs = read_korsts(data_dir / "kornlu/KorSTS/sts-test.tsv")
    texts = sorted({pair.sentence1 for pair in pairs})
    changed = 0
    for text in texts[::3]:
        edited = dropped(text)
        changed += edited != text
        assert content_words(edited) == content_words(text), text
        for drop in find_drops(text):
            gone = text[drop.start : drop.end]
            assert gone in ("이", "가", "은", "는", "을", "를", "의") or drop.left
    assert changed > 0.8 * len(texts) / 3
