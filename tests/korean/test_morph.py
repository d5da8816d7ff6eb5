from __future__ import annotations

import sys

import pytest

from munjang.errors import MissingExtraError
from munjang.korean import morph
from munjang.korean.morph import analyze, content_words, has_kiwi, join, sentence_spans

needs_kiwi = pytest.mark.skipif(not has_kiwi(), reason="needs the extra korean")


@needs_kiwi
def test_morphemes_have_their_places():
    text = "하늘이 😀 파래서 좋았다."
    found = analyze(text)
    assert [(part.form, part.kind) for part in found] == [
        ("하늘", "NNG"),
        ("이", "JKS"),
        ("😀", "W_EMOJI"),
        ("파랗", "VA"),
        ("어서", "EC"),
        ("좋", "VA"),
        ("었", "EP"),
        ("다", "EF"),
        (".", "SF"),
    ]
    assert text[found[0].start : found[0].end] == "하늘"
    assert text[found[2].start : found[2].end] == "😀"
    assert text[found[-1].start : found[-1].end] == "."


@needs_kiwi
@pytest.mark.parametrize(
    "text", ["", " ", "\ud83d", "가\ud83d나", "\n\n", "🏳️‍🌈", "Hello", "ㅋㅋㅋ"]
)
def test_any_text_can_be_taken_apart(text):
    for part in analyze(text):
        assert 0 <= part.start <= part.end <= len(text)
    assert isinstance(content_words(text), list)


@needs_kiwi
@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        ((("덥", "VA-I"), ("어요", "EF")), "더워요"),
        ((("파랗", "VA-I"), ("었", "EP"), ("다", "EF")), "파랬다"),
        ((("짓", "VV-I"), ("어", "EF")), "지어"),
        ((("하", "VV"), ("었", "EP"), ("습니다", "EF")), "했습니다"),
    ],
)
def test_join(parts, joined):
    assert join(parts) == joined


@needs_kiwi
def test_honorific_verbs_are_read_as_such():
    assert [part.form for part in analyze("드세요.")][:2] == ["드시", "어요"]
    assert [part.form for part in analyze("집에 계세요?")][2:4] == ["계시", "어요"]


@needs_kiwi
def test_content_words():
    assert content_words("나는 어제 학교에 안 갔다.") == ["나", "어제", "학교", "안", "가"]


def test_sentences():
    text = "비가 와! 우산은?\n없어"
    assert [text[begin:end] for begin, end in sentence_spans(text)] == [
        "비가 와! ",
        "우산은?\n",
        "없어",
    ]
    assert sentence_spans("") == [(0, 0)]
    assert sentence_spans("3.5점") == [(0, 4)]


def test_without_the_extra(monkeypatch):
    """None in sys.modules is how Python marks a module that cannot be imported."""
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    morph._kiwi.cache_clear()
    morph.join.cache_clear()
    assert not has_kiwi()
    with pytest.raises(MissingExtraError, match="packages that are not installed") as caught:
        analyze("처음 보는 문장")
    assert 'pip install "munjang[korean]"' in str(caught.value)
    with pytest.raises(MissingExtraError):
        join((("가", "VV"), ("어요", "EF")))
