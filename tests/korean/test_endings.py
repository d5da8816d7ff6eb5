from __future__ import annotations

from munjang.korean.endings import CONJUGATED, ENDINGS


def test_shortened_endings_come_in_pairs():
    for form, ending in ENDINGS.items():
        if ending.short and ending.style == "polite":
            plain = ENDINGS[ending.short]
            assert (plain.style, plain.mood) == ("plain", ending.mood), form


def test_every_style_of_each_mood_is_known():
    for mood in ("say", "ask", "order", "propose"):
        for style in ("formal", "polite", "plain"):
            assert CONJUGATED[mood, style] in {*ENDINGS, "으세요", "으십시오"}


def test_what_is_conjugated_has_its_style():
    assert ENDINGS["습니다"].style == "formal"
    assert ENDINGS["어요"].style == "polite"
    assert ENDINGS["어"].style == "plain"
    assert ENDINGS["ᆫ다"].style is None
    assert ENDINGS["습니까"].mood == ENDINGS["니"].mood == "ask"
