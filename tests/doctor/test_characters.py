"""Defects of characters: each seen where it is, and not in ordinary text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.doctor.characters import (
    DEFECTS,
    LONG,
    has_hangul,
    is_decomposed,
    is_ordinary,
    undo_misreading,
)

ORDINARY = [
    "환불은 어떻게 받나요?",
    "어제 café에서 만난 Müller 씨는 1½ 컵을 마셨다.",
    "大韓民國의 수도는 서울이다.",
    "‘따옴표’ “큰따옴표” … — 3℃ ₩1,000 α²+β²=γ²",
    "日本語もあります。",
    "Приветствие, 안녕!",
    "5 < 6 & 7 > 3; R&D 부서",
    "좋아요 😀👍",
    "전각 ＡＢＣ　１２３",
    "뷁 소리가 났다. 쓩 하고 갔다.",
    "伊브랜드와 中기업, 李대표가 里장을 만났다.",
    "\uf9e1대표가 \uf98c史를 말했다.",
    "他今天在学校学习韩国语，然后回家吃饭。",
    "“여덟 살 연상연하 커플? 아니”···해프닝으로 끝났다.",
]
DEFECTIVE = {
    "NFC and NFD mixed": "맥에서 " + unicodedata.normalize("NFD", "왔다"),
    "lost characters": "깨진 \ufffd글자",
    "lone surrogates": "좋아요\ud83d",
    "control characters": "종이\x07 울린다",
    "invisible characters": "제로\u200b폭",
    "half-width jamo": "ﾡﾢ 반각",
    "HTML remains": "첫째 줄<br>둘째 줄 &amp; 셋째",
    "jamo such as ㅋㅋ": "ㅋㅋㅋ 웃겨",
    "long texts": "긴 글 " * LONG,
}


def defects_of(text):
    return {defect.name for defect in DEFECTS if defect.find(text)}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_has_no_defect(text):
    assert defects_of(text) == set()


@pytest.mark.parametrize("name", DEFECTIVE)
def test_each_defect_is_seen_alone(name):
    assert defects_of(DEFECTIVE[name]) == {name}


def test_every_defect_has_a_test_and_a_fix():
    assert {defect.name for defect in DEFECTS} == {*DEFECTIVE, "wrong encoding"}
    assert all(defect.fix for defect in DEFECTS if defect.level != "ok")


@pytest.mark.parametrize("text", ["안녕하세요", "오늘 날씨가 좋네요.", "환불 신청은 내역에서"])
@pytest.mark.parametrize(
    ("written", "read"), [("cp949", "latin-1"), ("utf-8", "latin-1"), ("cp949", "cp1252")]
)
def test_a_misreading_is_undone(text, written, read):
    misread = text.encode(written).decode(read, errors="ignore")
    found = undo_misreading(misread)
    assert found is not None
    assert found in text


@pytest.mark.parametrize(
    "text", ["가게", "안녕하세요 여러분 반갑습니다", "환불 신청은 주문 내역에서"]
)
def test_utf8_read_as_cp949_is_seen_one_way_or_another(text):
    misread = text.encode("utf-8").decode("cp949", errors="replace")
    assert defects_of(misread) & {"wrong encoding", "lost characters"}


@pytest.mark.parametrize(
    ("misread", "was"),
    [
        ("臾몄옣 濡쒕뵫 以묒뿉 臾몄젣媛? 諛쒖깮?뻽?뒿?땲?떎", "문장 로딩 중에 문제 발생"),
        ("媛먯궗?빀?땲?떎", "감사"),
        ("?솚遺덉?? ?뼱?뼸寃? 諛쏅굹?슂?", "받나"),
        ("媛먯궗\ufffd빀\ufffd땲\ufffd떎", "감사"),
        ("오늘도 媛먯궗빀땲떎 여러분", "감사"),
    ],
)
def test_utf8_read_as_cp949_with_losses_is_undone_in_pieces(misread, was):
    assert undo_misreading(misread) == was
    assert defects_of(misread) - {"lost characters"} == {"wrong encoding"}


def test_utf8_read_as_cp949_without_a_loss_is_undone():
    whole = [
        text
        for text in ("가나", "문장", "배송", "환불이요", "주문 내역", "우리말")
        if "\ufffd" not in text.encode("utf-8").decode("cp949", errors="replace")
    ]
    assert whole
    for text in whole:
        assert undo_misreading(text.encode("utf-8").decode("cp949")) == text


@given(st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1))
def test_syllables_are_ordinary_and_never_misread(text):
    assert is_ordinary(text)
    assert has_hangul(text)
    assert defects_of(text) <= {"long texts"}
    assert is_decomposed(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("text", "decomposed"),
    [
        ("\uf9e1대표가 \uf98c史를 말했다.", False),
        ("\u212b와 \u2126", False),
        ("\u1112\u119e\u11ab글", False),  # old Hangul, which has no other form
        ("\uf9e1대표가 \u110b\u1169\u11abᄃ\u1161", True),
        ("cafe\u0301에서 \uf9e1대표가", True),
    ],
)
def test_what_composes_is_decomposed_and_what_is_only_replaced_is_not(text, decomposed):
    assert is_decomposed(text) == decomposed


@given(st.text(max_size=40))
def test_ordinary_texts_have_no_defect_at_all(text):
    if is_ordinary(text):
        assert defects_of(text) == set()
        assert not is_decomposed(text)


@pytest.mark.parametrize(
    ("text", "has"),
    [("가", True), ("ㅋ", True), ("\u1100", True), ("ﾡ", True), ("café 123", False)],
)
def test_hangul_in_any_form_is_hangul(text, has):
    assert has_hangul(text) == has
