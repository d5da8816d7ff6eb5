from __future__ import annotations

import math
import os
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munjang.errors import InputError, MissingExtraError
from munjang.korean import morph, particles, style
from munjang.korean.morph import has_kiwi
from munjang.korean.perturb import EDITS, Edit, perturb, perturb_all

NAMES = [
    "spaces-removed",
    "spaces-wrong",
    "key-slips",
    "jamo-slips",
    "latin-layout",
    "nfd",
    "compatibility-jamo",
    "full-width",
    "laughter",
    "repeated-endings",
    "emoji",
    "particles-dropped",
    "style-formal",
    "style-polite",
    "style-plain",
    "numerals",
    "loanwords",
]
HERE = [name for name in NAMES if has_kiwi() or not EDITS[name].needs_kiwi]
TEXT = (
    "오늘 오후 3시에 카페에서 친구를 만났다. 친구는 새 로봇을 보여 줬어요! "
    "우리는 초콜릿을 두 개 먹고 이야기를 나누었다. 다음에는 언제 볼까?"
)

# Kiwi takes seconds to load with the first text, and a test here makes it load again.
whenever = settings(deadline=None)

pieces = st.sampled_from(
    [
        *"가나다 .!?\n😀ㅋㅠA7,\"'()",
        "학교에서 ",
        "나는 ",
        "밥을 먹었다. ",
        "세 명이 ",
        "3명이 ",
        "로봇이 ",
        "뭐 해? ",
        "\ud83d",
        "\u1112\u1161",
        "２",
        "²",
        "٣개",
    ]
)
texts = st.lists(pieces, max_size=12).map("".join)
any_text = st.one_of(texts, st.text(st.characters(), max_size=25))


def test_the_edits_and_their_order():
    assert list(EDITS) == NAMES
    for name, edit in EDITS.items():
        assert isinstance(edit, Edit)
        assert edit.name == name
        assert edit.title
        assert any("가" <= character <= "힣" or character in "ㅋㅠ" for character in edit.title_ko)
    needing = [name for name in NAMES if EDITS[name].needs_kiwi]
    assert needing == ["particles-dropped", "style-formal", "style-polite", "style-plain"]
    with pytest.raises(TypeError):
        EDITS["emoji"] = EDITS["nfd"]


@pytest.mark.parametrize("edit", HERE)
@whenever
@given(text=any_text, seed=st.integers(-3, 3))
def test_dose_0_is_the_identity(edit, text, seed):
    assert perturb(text, edit, dose=0, seed=seed) == text


@pytest.mark.parametrize("edit", HERE)
@whenever
@given(text=any_text, dose=st.floats(0, 1), seed=st.integers())
def test_any_text_the_same_twice(edit, text, dose, seed):
    edited = perturb(text, edit, dose=dose, seed=seed)
    assert isinstance(edited, str)
    assert perturb(text, edit, dose=dose, seed=seed) == edited


@pytest.mark.parametrize("edit", HERE)
@whenever
@given(text=st.text(st.characters(exclude_categories=("Lo", "Lm", "Cs")), max_size=30))
def test_a_text_without_hangul_comes_back(edit, text):
    if edit != "full-width":
        assert perturb(text, edit, dose=1.0) == text


@pytest.mark.parametrize("edit", HERE)
def test_lone_surrogates_stay(edit):
    text = f"\ud83d {TEXT}\udc00"
    edited = perturb(text, edit, dose=1.0)
    assert "\ud83d" in edited
    assert "\udc00" in edited


@pytest.mark.parametrize("edit", HERE)
def test_dose_1_changes_a_text_that_has_sites(edit):
    assert any(perturb(TEXT, edit, dose=1.0, seed=seed) != TEXT for seed in range(3))


@pytest.mark.parametrize("edit", HERE)
def test_many_are_each_alone_in_any_order(edit):
    many = [TEXT, "", "3층에서 만나요.", "only English", "친구가 왔다.", TEXT]
    alone = [perturb(text, edit, dose=0.6, seed=5) for text in many]
    assert perturb_all(many, edit, dose=0.6, seed=5) == alone
    assert perturb_all(reversed(many), edit, dose=0.6, seed=5) == alone[::-1]
    assert perturb_all(iter([]), edit, dose=0.6) == []


@pytest.mark.parametrize("edit", HERE)
def test_more_dose_changes_more(edit):
    lines = [TEXT.replace("오늘", day) for day in ("어제", "그제", "월요일", "주말", "지난주")] * 4
    lines = [f"{line} {number}번" for number, line in enumerate(lines)]
    counts = [
        sum(
            perturb(line, edit, dose=dose, seed=seed) != line for line in lines for seed in range(5)
        )
        for dose in (0.0, 0.1, 0.4, 1.0)
    ]
    assert counts[0] == 0 < counts[1] < counts[3]
    assert counts[1] <= counts[2] <= counts[3]


def test_seeds_give_other_texts():
    edited = {perturb(TEXT, "key-slips", dose=1.0, seed=seed) for seed in range(10)}
    assert len(edited) == 10


def test_the_same_in_another_process():
    code = (
        "from munjang.korean.perturb import EDITS, perturb\n"
        f"print(ascii([perturb({TEXT!r}, name, dose=0.7, seed=4) for name in EDITS"
        " if not EDITS[name].needs_kiwi]))"
    )
    here = [perturb(TEXT, name, dose=0.7, seed=4) for name in NAMES if not EDITS[name].needs_kiwi]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ascii(here)


def test_importing_costs_neither_kiwi_nor_numpy():
    code = "import sys, munjang.korean.perturb; print({'kiwipiepy', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("dose", [-0.01, 1.01, math.nan, math.inf, -math.inf, "1", None, True])
def test_a_wrong_dose(dose):
    for call in (
        lambda: perturb("글", "nfd", dose=dose),
        lambda: perturb_all([], "nfd", dose=dose),
    ):
        with pytest.raises(InputError, match="dose must be a number from 0 to 1"):
            call()


@pytest.mark.parametrize("text", [None, b"abc", 3, ["글"], math.nan])
def test_what_is_not_text(text):
    with pytest.raises(InputError, match="text is not text"):
        perturb(text, "nfd", dose=1.0)
    with pytest.raises(InputError, match=r"texts\[1\] is not text"):
        perturb_all(["글", text], "nfd", dose=1.0)


@pytest.mark.parametrize("texts", ["글", b"abc", None, 3])
def test_what_is_not_many_texts(texts):
    with pytest.raises(InputError, match="texts must be a list of strings"):
        perturb_all(texts, "nfd", dose=1.0)


@pytest.mark.parametrize("seed", [1.5, "0", None, True])
def test_a_wrong_seed(seed):
    with pytest.raises(InputError, match="seed must be an integer"):
        perturb("글", "nfd", dose=1.0, seed=seed)


def test_an_unknown_edit():
    with pytest.raises(InputError, match="unknown edit 'spaces-remove'") as caught:
        perturb("글", "spaces-remove", dose=1.0)
    assert "did you mean 'spaces-removed'?" in str(caught.value)
    with pytest.raises(InputError, match="unknown edit"):
        perturb_all([], ["nfd"], dose=1.0)


def test_a_missing_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    for cached in (morph._kiwi, morph.analyze, particles.find_drops, style.find_restyles):
        cached.cache_clear()
    for name in NAMES:
        if EDITS[name].needs_kiwi:
            with pytest.raises(MissingExtraError, match="not installed"):
                perturb("밥을 먹었다.", name, dose=0.0)
        else:
            perturb("밥을 먹었다.", name, dose=1.0)


def test_decomposed_text_does_not_crash():
    decomposed = unicodedata.normalize("NFD", TEXT)
    for edit in HERE:
        assert isinstance(perturb(decomposed, edit, dose=1.0), str)
