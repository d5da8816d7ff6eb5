from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.perturb import perturb

EDITS = ("laughter", "repeated-endings", "emoji")
texts = st.text(st.sampled_from([*"가나요다한글 .!?\n", "A", "3", '"', "😀"]), max_size=30)


def all_of(text, edit, seeds=120):
    return {perturb(text, edit, dose=1.0, seed=seed) for seed in range(seeds)}


def test_laughter_after_a_full_stop_or_in_its_place():
    seen = all_of("버스를 놓쳤어.", "laughter", 400)
    assert {"버스를 놓쳤어ㅋㅋ", "버스를 놓쳤어. ㅠㅠ", "버스를 놓쳤어 ㅎㅎ"} <= seen
    assert all(re.fullmatch(r"버스를 놓쳤어(\. | ?)(ㅋ+|ㅎ+|ㅠ+|ㅜ+)", text) for text in seen)


def test_laughter_after_other_marks():
    seen = all_of("진짜?", "laughter")
    assert all(re.fullmatch(r"진짜\? ?[ㅋㅎㅠㅜ]+", text) for text in seen)


def test_a_text_laughs_or_cries():
    for text in all_of("늦었어. 미안해. 금방 갈게!", "laughter"):
        assert bool(re.search("[ㅋㅎ]", text)) != bool(re.search("[ㅠㅜ]", text))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("정말 좋아", "정말 좋아(아{1,3})(~~?|\\.\\.\\.)"),
        ("정말 좋아요!", "정말 좋아요(오{1,3})!{2,4}"),
        ("뭐 해?", "뭐 해(애{1,3})\\?{2,4}"),
        ("안 돼.", "안 돼(애{1,3})(\\.{2,3}|~~?)"),
        ("내 거야", "내 거야(아{1,3})(~~?|\\.\\.\\.)"),
        ("방금 도착함", "방금 도착함(~~?|\\.\\.\\.)"),
    ],
)
def test_drawn_out_endings(text, pattern):
    for edited in all_of(text, "repeated-endings"):
        assert re.fullmatch(pattern, edited), edited


def test_emoji_stand_at_the_end():
    for edited in all_of("선물 고마워!", "emoji"):
        assert re.fullmatch(r"선물 고마워! ?[^\w\s가-힣]+", edited)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize(
    "text", ["", "   ", "See you at 3.", "3.5", "😀", "ㅋㅋㅋ", "대기 시간 (45)", "\ud83d"]
)
def test_no_site(edit, text):
    assert perturb(text, edit, dose=1.0) == text


def test_decimals_and_file_names_are_no_sentence_ends():
    edited = perturb("가격은 3.5만 원, 파일은 사진.jpg 이다.", "emoji", dose=1.0)
    assert edited.startswith("가격은 3.5만 원, 파일은 사진.jpg 이다")


def test_quotes_close_before_the_noise():
    for edited in all_of('"빨리 와!"', "emoji"):
        assert edited.startswith('"빨리 와!"')


def test_every_line_has_an_end():
    edited = perturb("첫 줄이야\n둘째 줄이야\n", "laughter", dose=1.0)
    assert all(re.search("[ㅋㅎㅠㅜ]$", line) for line in edited.rstrip("\n").split("\n"))
    assert edited.endswith("\n")


@given(texts, st.floats(0, 1), st.integers(0, 20))
def test_the_words_stay(text, dose, seed):
    for edit in ("laughter", "emoji"):
        edited = perturb(text, edit, dose=dose, seed=seed)
        kept = re.sub(r"[^가-힣A3\s]", "", edited).split()
        assert kept == re.sub(r"[^가-힣A3\s]", "", text).split()
    drawn = iter(perturb(text, "repeated-endings", dose=dose, seed=seed))
    assert all(character in drawn for character in text.replace(".", ""))
