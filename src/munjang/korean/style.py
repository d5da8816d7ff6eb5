"""The edits of speech style: sentence endings formal (합쇼체), polite (해요체), plain (해체).

Tense, negation, honorific 시, and whether a sentence says, asks or orders stay; of what
the formal style has no form for, the sentence stays.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from munjang.korean.endings import CONJUGATED, ENDINGS, Ending, Mood, Style
from munjang.korean.hangul import final_of, is_syllable, replace_final
from munjang.korean.morph import (
    CACHED_TEXTS,
    Morpheme,
    analyze,
    content_words,
    join,
    sentence_spans,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from munjang.korean.draws import Draws

_STEMS = ("VV", "VA", "VX", "VCP", "VCN", "XSV", "XSA")
_VERBS = ("VV", "VX", "XSV")
_QUOTES = "\"'“”‘’「」『』"
# Verbs that honour by themselves, with 시 as a part of their stem.
_HONORING = ("계시", "드시", "주무시", "잡수시", "편찮으시")
# 이다 behind a vowel and behind a consonant.
_COPULA = {"polite": ("예요", "이에요"), "plain": ("야", "이야")}
# How 이다 begins where it is written behind a letter or figure.
_I = ("이", "입", "인", "일")
_GREETING = {"formal": "안녕하십니까", "polite": "안녕하세요", "plain": "안녕"}
_HONORIFIC = ("세요", "으세요", "셔요", "으셔요")
_ASKING = (("니", "EC"), ("으니", "EC"))
_FAMILIAR = ("어", "어요")
# Verbs that nobody is ordered to do.
_HAPPEN = ("되", "맞", "모르", "알", "걸리", "생기", "남", "어울리")


class Restyle(NamedTuple):
    """A sentence end to write anew: from where to where, and what stands there then."""

    start: int
    end: int
    written: str


class _Predicate(NamedTuple):
    """The end of a sentence: a stem, what is between (tense, 시), and an ending."""

    before: tuple[Morpheme, ...]
    stem: Morpheme
    between: tuple[str, ...]
    last: Morpheme
    asked: bool
    mood: Mood = "say"


def restyle(text: str, draws: Draws, style: Style) -> str:
    """Puts sentence endings into a style; each end of a sentence that can change is a site.

    Quoted speech, headlines and sentences that end in a noun stay.

    Raises:
        MissingExtraError: Kiwi is not installed.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "날씨가 덥다. 창문을 열까?"
        >>> restyle(text, Draws(text, "style-polite", dose=1.0, seed=0), "polite")
        '날씨가 더워요. 창문을 열까요?'
    """
    written, done = "", 0
    for site in find_restyles(text, style):
        if draws.pick() is not None:
            written += text[done : site.start] + site.written
            done = site.end
    return written + text[done:]


@lru_cache(maxsize=CACHED_TEXTS)
def find_restyles(text: str, style: Style) -> tuple[Restyle, ...]:
    """Finds the sentence ends of a text that a style writes otherwise, in order.

    Left out are those after which Kiwi reads other content words in the text.
    """
    spans = sentence_spans(text)
    found = []
    for predicate in _predicates(text):
        site = _rewrite(text, predicate, style)
        if site is None or text[site.start : site.end] == site.written:
            continue
        begin, end = next(span for span in spans if span[0] <= site.start < span[1])
        tried = text[begin : site.start] + site.written + text[site.end : end]
        greeted = site.written in _GREETING.values()
        if greeted or content_words(tried) == content_words(text[begin:end]):
            found.append(site)
    return tuple(found)


def _predicates(text: str) -> Iterator[_Predicate]:
    morphemes = _mend_endings(analyze(text))
    quoted = _quoted(morphemes)
    begin = 0
    for number, last in enumerate(morphemes):
        if last.tag == "SF":
            begin = number + 1
        if last.tag != "EF" or number in quoted or last.form not in ENDINGS:
            continue
        after = morphemes[number + 1 : number + 2]
        middle = number
        while middle and morphemes[middle - 1].tag == "EP":
            middle -= 1
        if middle > begin and morphemes[middle - 1].kind in _STEMS and _ends(text, last, after):
            yield _Predicate(
                before=morphemes[begin : middle - 1],
                stem=morphemes[middle - 1],
                between=tuple(part.form for part in morphemes[middle:number]),
                last=last,
                asked="?" in _mark(text, after),
            )


def _mend_endings(morphemes: Sequence[Morpheme]) -> tuple[Morpheme, ...]:
    """Reads sentence endings where Kiwi reads an ending and a particle, or a clause's ending.

    That is 예쁜가 + 요, and the 니 of 먹었니 before a question mark.
    """
    mended: list[Morpheme] = []
    for found in morphemes:
        last = mended[-1] if mended else found
        if (last.tag, found.tag, found.form) == ("EF", "JX", "요"):
            mended[-1] = replace(last, form=last.form + "요", end=found.end)
            continue
        if (last.form, last.tag) in _ASKING and found.form.startswith("?"):
            mended[-1] = replace(last, tag="EF")
        mended.append(found)
    return tuple(mended)


def _quoted(morphemes: Sequence[Morpheme]) -> set[int]:
    """The places inside quotes that close, but for those around the whole text."""
    quoted: set[int] = set()
    opened: int | None = None
    for number, found in enumerate(morphemes):
        if found.form not in _QUOTES:
            continue
        if opened is None:
            opened = number
        elif (opened, number) != (0, len(morphemes) - 1):
            quoted.update(range(opened, number))
            opened = None
    return quoted


def _mark(text: str, after: Sequence[Morpheme]) -> str:
    return after[0].form if after and after[0].tag == "SF" else ""


def _ends(text: str, last: Morpheme, after: Sequence[Morpheme]) -> bool:
    """Whether a sentence ends with an ending, and not only a clause."""
    if not after or after[0].tag in ("SF", "SE", "SW", "W_EMOJI", "SSC"):
        return True
    return "\n" in text[last.end : after[0].start]


def _rewrite(text: str, predicate: _Predicate, style: Style) -> Restyle | None:
    ending = ENDINGS[predicate.last.form]
    if ending.style == style:
        return None
    if predicate.before and (predicate.before[-1].form, predicate.stem.form) == ("안녕", "하"):
        return Restyle(predicate.before[-1].start, predicate.last.end, _GREETING[style])
    if ending.short and (style != "formal" or ending.mood == "suppose"):
        return _shorten(text, predicate.last, ending, polite=style != "plain")
    return _conjugate(text, _settle_mood(predicate, ending.mood), style)


def _shorten(text: str, last: Morpheme, ending: Ending, *, polite: bool) -> Restyle | None:
    """Puts 요 behind an ending or takes it off; what is before stays as it is written."""
    if polite == (ending.style == "polite"):
        return None
    surface = text[last.start : last.end]
    if polite:
        whole = surface.removesuffix("구나") + "군" if surface.endswith("구나") else surface
        written = f"{whole}요".removesuffix("지요")
        written += "죠" if surface.endswith("지") else ""
    else:
        written = f"{surface[:-1]}지" if surface.endswith("죠") else surface[:-1]
    return Restyle(last.start, last.end, written)


def _settle_mood(predicate: _Predicate, mood: Mood) -> _Predicate:
    """Says what a sentence does, where its ending alone does not say it.

    가요 states or, before a question mark, asks; 해 줘 asks a favour; 오세요 orders, but
    with a subject (선생님이 오세요) it states, with the honorific 시. 쉬어요 may state or
    order where nobody is named.
    """
    polite_order = predicate.last.form in _HONORIFIC
    if polite_order and (predicate.asked or not _orders(predicate)):
        between = (*predicate.between, "시")
        return predicate._replace(between=between, mood="ask" if predicate.asked else "say")
    if mood in ("say", "soft") and predicate.asked:
        return predicate._replace(mood="ask")
    if predicate.last.form in _FAMILIAR and not predicate.between and _orders(predicate):
        favour = predicate.stem.kind == "VX" and predicate.stem.form in ("주", "말")
        honoring = predicate.stem.form in _HONORING
        if favour or (honoring and predicate.last.form == "어요"):
            return predicate._replace(mood="order")
        if predicate.stem.kind in ("VV", "XSV") and predicate.stem.form not in _HAPPEN:
            return predicate._replace(mood="unclear")
    return predicate._replace(mood="say" if mood == "soft" else mood)


def _orders(predicate: _Predicate) -> bool:
    """Whether a stem can be ordered and nobody is named who does it."""
    named = any(
        part.tag == "JKS" or (part.tag == "JX" and _names_someone(before, predicate.last.form))
        for before, part in pairwise(predicate.before)
    )
    return predicate.stem.kind in _VERBS and not named


def _names_someone(noun: Morpheme, ending: str) -> bool:
    """Whether a topic is who does it; 세요 honours, so there it must be one to honour."""
    return noun.form == "님" if ending in _HONORIFIC else noun.tag in ("NP", "NNP", "XSN", "NNG")


def _conjugate(text: str, predicate: _Predicate, style: Style) -> Restyle | None:
    mood, between = predicate.mood, predicate.between
    if mood == "promise":
        mood, between = "say", (*between, "겠")
    if mood in ("order", "propose"):
        between = tuple(part for part in between if part not in ("시", "으시"))
        if between or predicate.stem.kind not in _VERBS:
            return None
    ending = CONJUGATED.get((mood, style))
    if ending is None:
        return None
    if predicate.stem.kind == "VCP":
        return _conjugate_copula(text, predicate, between, (mood, style))
    start, parts = _stem_parts(predicate)
    honoring = predicate.stem.form in _HONORING
    if honoring and mood == "order":
        ending = {"formal": "ᆸ시오"}.get(style, "어요" if style == "polite" else "어")
    written = join((*parts, *((part, "EP") for part in between), (ending, "EF")))
    if predicate.stem.kind == "VCN" and not between:
        written = written.replace("아니어요", "아니에요")
        written = "아니야" if written == "아니어" else written
    if honoring or between[-1:] in (("시",), ("으시",)):
        written = written.removesuffix("셔요") + "세요" if written.endswith("셔요") else written
    return Restyle(start, predicate.last.end, written)


def _stem_parts(predicate: _Predicate) -> tuple[int, tuple[tuple[str, str], ...]]:
    """The stem with all before it that shares a syllable with it, and where they begin."""
    start = predicate.stem.start
    parts = [(predicate.stem.form, predicate.stem.tag)]
    for part in reversed(predicate.before):
        if part.end <= start:
            break
        start = part.start
        parts.insert(0, (part.form, part.tag))
    return start, tuple(parts)


def _conjugate_copula(
    text: str, predicate: _Predicate, between: tuple[str, ...], kind: tuple[Mood, Style]
) -> Restyle:
    """Writes 이다 behind its noun: 학생이에요, but 의자예요, and 거예요 for 것이다."""
    mood, style = kind
    start, noun = predicate.stem.start, ""
    before = predicate.before[-1] if predicate.before else None
    if before and (before.end > start or (before.tag == "NNB" and before.form in ("것", "거"))):
        start, noun = before.start, before.form
        noun = "거" if noun == "것" and style != "formal" and not between else noun
    shown = noun or text[:start].rstrip(_QUOTES + ")]")
    closed = (
        bool(final_of(shown[-1:])) if is_syllable(shown[-1:]) else text[start : start + 1] in _I
    )
    if between:
        parts = (("책" if closed else "차", "NNG"), ("이", "VCP"))
        ending = (CONJUGATED[kind], "EF")
        written = join((*parts, *((part, "EP") for part in between), ending))[1:]
        written = written.removesuffix("셔요") + "세요" if written.endswith("셔요") else written
    elif style == "formal":
        tail = "니까" if mood == "ask" else "니다"
        written = f"입{tail}"
        if shown.endswith(("거", "뭐")) and (noun or text[start - 1] == "뭐"):
            start, noun = (start, noun) if noun else (start - 1, "뭐")
            written, noun = replace_final(noun[-1], "ㅂ") + tail, noun[:-1]
    else:
        written = _COPULA[style][closed]
    return Restyle(start, predicate.last.end, noun + written)
