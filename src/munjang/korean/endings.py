"""Sentence endings (종결 어미) and what they are in the formal, polite and plain styles.

Formal is 합쇼체 (갑니다), polite 해요체 (가요), plain 해체 (가). Written 해라체 (간다) is a
source only.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Style = Literal["formal", "polite", "plain"]
Mood = Literal["say", "ask", "order", "propose", "promise", "suppose", "fixed", "soft", "unclear"]


@dataclass(frozen=True, slots=True)
class Ending:
    """A sentence ending.

    Attributes:
        mood: What a sentence with it does. "soft" says or asks with a shade that the formal
            style lacks (네, 거든, 지); "suppose" (ᆯ까) is politely the same in the formal
            style; "fixed" (ᆫ대, 잖아) has no formal form.
        style: The style that it belongs to, or None for 해라체.
        short: Where the polite form is the plain one and 요: the plain one, else "".
    """

    mood: Mood
    style: Style | None
    short: str = ""


CONJUGATED: Mapping[tuple[Mood, Style], str] = MappingProxyType(
    {
        ("say", "formal"): "습니다",
        ("say", "polite"): "어요",
        ("say", "plain"): "어",
        ("ask", "formal"): "습니까",
        ("ask", "polite"): "어요",
        ("ask", "plain"): "어",
        ("unclear", "polite"): "어요",
        ("unclear", "plain"): "어",
        ("order", "formal"): "으십시오",
        ("order", "polite"): "으세요",
        ("order", "plain"): "어",
        ("propose", "formal"): "ᆸ시다",
        ("propose", "polite"): "어요",
        ("propose", "plain"): "자",
    }
)
"""The endings that a stem is conjugated with, in the form that Kiwi's join takes."""


def _table() -> dict[str, Ending]:
    plainly: dict[str, tuple[Mood, Style | None]] = {
        "다 ᆫ다 는다": ("say", None),
        "습니다 ᆸ니다": ("say", "formal"),
        "어요 아요 에요 예요": ("say", "polite"),
        "어 아 야": ("say", "plain"),
        "니 으니 냐 으냐 느냐": ("ask", None),
        "습니까 ᆸ니까": ("ask", "formal"),
        "나요 ᆫ가요 은가요 는가요": ("ask", "polite"),
        "나 ᆫ가 은가 는가": ("ask", "plain"),
        "어라 아라 여라 거라 너라 라 으라": ("order", None),
        "ᆸ시오 십시오 으십시오": ("order", "formal"),
        "세요 으세요 셔요 으셔요": ("order", "polite"),
        "자": ("propose", "plain"),
        "ᆸ시다 읍시다": ("propose", "formal"),
    }
    shortened: dict[str, Mood] = {
        "네 지 거든 ᆫ데 은데 는데 군 는군": "soft",
        "ᆯ게 을게": "promise",
        "ᆯ까 을까": "suppose",
        "ᆯ래 을래 ᆫ대 는대 대 래 잖아 더라고 더군 던데 ᆯ걸 을걸": "fixed",
    }
    table = {
        form: Ending(mood, style)
        for forms, (mood, style) in plainly.items()
        for form in forms.split()
    }
    for forms, mood in shortened.items():
        for form in forms.split():
            table[form] = Ending(mood, "plain", form)
            table[form + "요"] = Ending(mood, "polite", form)
    table["죠"] = Ending("soft", "polite", "지")
    table["구나"] = Ending("soft", "plain", "군")
    table["는구나"] = Ending("soft", "plain", "는군")
    return table


ENDINGS: Mapping[str, Ending] = MappingProxyType(_table())
"""The known endings by the form that Kiwi gives them."""
