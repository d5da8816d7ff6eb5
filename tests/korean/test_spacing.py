from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.perturb import perturb

texts = st.text(
    st.sampled_from([*"가나다라마한국어을 ", " ", "A", "1", ".", "\n", "ㅋ"]), max_size=40
)
seeds = st.integers(0, 50)


def removed(text, dose=1.0, seed=0):
    return perturb(text, "spaces-removed", dose=dose, seed=seed)


def wrong(text, dose=1.0, seed=0):
    return perturb(text, "spaces-wrong", dose=dose, seed=seed)


def test_all_spaces_beside_hangul_go():
    assert removed("이 영화 정말 재미있게 봤어요.") == "이영화정말재미있게봤어요."
    assert removed("아이폰 15 Pro Max 샀어") == "아이폰15 Pro Max샀어"


def test_line_breaks_and_english_stay():
    assert removed("첫 줄\n둘째 줄") == "첫줄\n둘째줄"
    assert removed("an English text") == "an English text"


def test_a_part_of_the_spaces_goes():
    text = "가 " * 400
    assert 150 < text.count(" ") - removed(text, 0.5).count(" ") < 250


@given(texts, st.floats(0, 1), seeds)
def test_nothing_but_spaces_is_touched(text, dose, seed):
    for edited in (removed(text, dose, seed), wrong(text, dose, seed)):
        assert edited.replace(" ", "") == text.replace(" ", "")


@given(texts, seeds)
def test_no_double_space_is_made(text, seed):
    text = re.sub(" +", " ", text)
    assert "  " not in wrong(text, seed=seed)


def test_what_wrong_spaces_are():
    seen = {wrong("가방에 책이 있다", seed=seed) for seed in range(80)}
    assert "가방 에책이 있다" in seen
    assert "가방에책 이 있다" in seen
    assert "가방에 책이 있다" in seen
    assert all(edited.count(" ") == 2 for edited in seen)


def test_single_syllables_join():
    assert "새집" in {wrong("새 집", seed=seed) for seed in range(10)}


def test_long_words_split():
    seen = {wrong("대한민국사람", seed=seed) for seed in range(60)}
    assert seen == {"대한민국사람", "대한 민국사람", "대한민 국사람", "대한민국 사람"}


def test_dose_one_moves_half_of_the_spaces():
    text = " ".join(["가나다"] * 1001)
    moved = wrong(text)
    kept = sum(a == b == " " for a, b in zip(text, moved, strict=True))
    assert 430 < kept < 570
