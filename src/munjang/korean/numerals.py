"""The edit of numerals: figures written out (3명 as 세 명), words as figures (이천오백 원).

A numeral is a site where a counter (단위) follows it that this module knows, and the
counter ends its word or has a particle. The counter decides how a figure is read: with
native words (세 명) or with Sino-Korean ones (삼 층).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from munjang.korean.hangul import SYLLABLE, final_of, has_final, is_syllable
from munjang.korean.numbers import MOST, read_native, read_sino, write_native, write_sino

if TYPE_CHECKING:
    from collections.abc import Iterator

    from munjang.korean.draws import Draws

# Native numerals up to 20, Sino-Korean ones above (오십 명); ages (살) are native to the end.
_NATIVE = (
    "명 개 마리 시간 권 대 병 잔 그릇 벌 켤레 송이 그루 채 척 자루 가지 곳 쌍 달 군데 차례 "
    "조각 다발 상자 봉지 배 장 줄 통 살 시"
)
NATIVE_COUNTERS = tuple(_NATIVE.split())
_SINO = (
    "년 월 일 분 초 원 층 회 점 호 주 주일 주년 개월 개국 세 세기 도 인 학년 인분 호선 위 등 "
    "달러 유로 엔 위안 파운드 퍼센트 % 미터 센티미터 킬로미터 그램 킬로그램 톤 리터 마일 인치 "
    "피트 배럴 포인트 페이지 쪽"
)
SINO_COUNTERS = tuple(_SINO.split())
# 한 is also "that did": 말을 한 채, 말을 한 곳, 말을 한 줄.
_COUNTED_ONE = (
    "명 마리 시간 권 대 병 잔 그릇 켤레 송이 그루 자루 가지 쌍 달 군데 차례 조각 다발 "
    "상자 봉지 장 살"
)
_AFTER_ONE = tuple(_COUNTED_ONE.split())
# 십, 백, 천 and 만 alone are other words too, before other counters.
_AFTER_UNIT = ("원", "명", "년", "달러", "개", "분", "배", "미터", "킬로미터", "퍼센트")
_MONTHS = {6: "유", 10: "시"}
# Written together with the number, as dates and ranks are; the others after a space.
_TOGETHER = ("년", "월", "일", "층", "학년", "세기", "위", "등", "호선")


def _either(words: tuple[str, ...]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_COUNTER = f"(?P<counter>{_either(NATIVE_COUNTERS + SINO_COUNTERS)})"
_AFTER = (
    "(?=(?:이|가|은|는|을|를|의|에|과|와|도|만|씩|으로|로|에서|에게|까지|부터|마다|보다|쯤|간|째|"
    "짜리|밖에|이나|나|뿐|이상|이하|이다|다|입니다|이에요|예요|이야|야|이었다|였다|인|에는|에도|"
    "에만|에게는|에서는|까지는|으로는|로는|들이|들은|들을|들의|들|동안)?(?![가-힣A-Za-z0-9]))"
)
_UNITS = "[십백천]?[만억조]?"
_FIGURE = re.compile(
    rf"(?<![\w.,:/~+\-–−$#])(?P<amount>(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+|{_UNITS}"
    rf"(?: ?\d[\d,]*{_UNITS})*)) ?{_COUNTER}{_AFTER}"
)
_UNIT_WORDS = "일이삼사오육칠팔구십백천만억조"
_SINO_WORDS = re.compile(
    rf"(?<![가-힣\d])(?P<amount>[{_UNIT_WORDS}]+[만억조](?: [{_UNIT_WORDS}]+)+|[{_UNIT_WORDS}]+)"
    rf"(?P<gap> ?){_COUNTER}{_AFTER}"
)
_MONTH_WORDS = re.compile(rf"(?<![가-힣\d])(?P<amount>십[일이]?|[삼사오육칠팔구유시])월{_AFTER}")
_NATIVE_WORDS = re.compile(
    rf"(?<![가-힣\d])(?P<amount>[가-힣]{{1,4}}?)(?: (?P<counter>{_either(NATIVE_COUNTERS)})"
    rf"|(?P<close>명|마리|시간)){_AFTER}"
)
_GROUP = re.compile(r"(\d[\d,]*)([십백천]?)([만억조]?)")


class Rewrite(NamedTuple):
    """A numeral with its counter: from where to where, and how it is written otherwise."""

    start: int
    end: int
    written: str


def rewrite_numerals(text: str, draws: Draws) -> str:
    """Writes figures in words and words in figures; each numeral with a counter is a site.

    The value stays. Left alone are numbers without a counter, in ranges, dates with dashes
    and codes, 번 ("times" and "number" are read apart), and words that may be others.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "12월에 3명이 이천오백 원을 냈다."
        >>> rewrite_numerals(text, Draws(text, "numerals", dose=1.0, seed=0))
        '십이월에 세 명이 2,500원을 냈다.'
    """
    written, done = "", 0
    for site in find_numerals(text):
        if draws.pick() is not None:
            written += text[done : site.start] + site.written
            done = site.end
    return written + text[done:]


def find_numerals(text: str) -> list[Rewrite]:
    """Finds the numerals of a text that can be written otherwise, in order.

    A text without a syllable has none: 5% there is no 퍼센트.
    """
    if not re.search(SYLLABLE, text):
        return []
    every = (*_figures(text), *_sino_words(text), *_native_words(text))
    found = sorted(
        {site for site in every if _fits(text[site.end - 1], text[site.end : site.end + 2])}
    )
    return [
        site
        for number, site in enumerate(found)
        if not number or found[number - 1].end <= site.start
    ]


def _fits(last: str, rest: str) -> bool:
    """Whether the particle after a counter is the one for its sound: 통 has no 로, as in 통로."""
    if not is_syllable(last):
        return True
    wrong = ("가", "는", "를", "와", "로") if has_final(last) else ("은", "을", "과", "으로")
    return not rest.startswith(wrong) or (final_of(last) == "ㄹ" and rest.startswith("로"))


def _figures(text: str) -> Iterator[Rewrite]:
    for found in _FIGURE.finditer(text):
        words = _write_amount(found["amount"], found["counter"])
        if words is None:
            continue
        counter = found["counter"].replace("%", "퍼센트")
        gap = "" if counter in _TOGETHER else " "
        yield Rewrite(found.start(), found.end(), f"{words}{gap}{counter}")


def _write_amount(amount: str, counter: str) -> str | None:
    """The words of a figure, None where it has none that are sure."""
    figure = amount.replace(",", "")
    if figure.isdecimal():
        return _write_whole(figure, counter)
    if "." in figure:
        whole, _, digits = figure.partition(".")
        if len(whole) > 16:
            return None
        return f"{write_sino(int(whole))}점{''.join(write_sino(int(digit)) for digit in digits)}"
    return _write_groups(figure) if counter not in ("월", "일", "시") else None


def _write_whole(figure: str, counter: str) -> str | None:
    number = int(figure) if len(figure) <= 16 else MOST + 1
    if number > MOST or figure != str(number):
        return None
    if counter == "시":
        return _write_hour(number)
    if counter == "월":
        return (_MONTHS.get(number) or write_sino(number)) if 1 <= number <= 12 else None
    if counter not in NATIVE_COUNTERS:
        return write_sino(number)
    # 20대 is "in the twenties" more often than "20 cars", and that has no native words.
    decade = counter == "대" and number % 10 == 0
    if 1 <= number <= (99 if counter == "살" else 20) and not decade:
        return write_native(number)
    return write_sino(number) if number else None


def _write_hour(number: int) -> str | None:
    if 1 <= number <= 12:
        return write_native(number)
    return write_sino(number) if number <= 24 else None


def _write_groups(figure: str) -> str | None:
    """The words of figures with units between them, such as 13억 9천만."""
    words = []
    for group in figure.split(" "):
        written = _GROUP.sub(_write_group, group)
        if re.search(r"\d", written) or read_sino(written) is None:
            return None
        words.append(written)
    return " ".join(words) if read_sino("".join(words)) is not None else None


def _write_group(group: re.Match[str]) -> str:
    number, small, large = group.groups()
    if len(number) > 5:
        return number
    one = number == "1" and (small or large == "만")
    return ("" if one else write_sino(int(number.replace(",", "")))) + small + large


def _sino_words(text: str) -> Iterator[Rewrite]:
    for found in _SINO_WORDS.finditer(text):
        amount, counter = found["amount"], found["counter"]
        number = read_sino(amount.replace(" ", ""))
        if number is None or number < 10 or counter in ("월", "시"):
            continue
        if len(amount) == 1 and not (found["gap"] and counter in _AFTER_UNIT):
            continue
        figures = _write_figures(number, plain=counter == "년")
        gap = " " if figures[-1] in "만억조" else ""
        yield Rewrite(found.start(), found.end(), f"{figures}{gap}{counter}")
    for found in _MONTH_WORDS.finditer(text):
        month = {"유": 6, "시": 10}.get(found["amount"]) or read_sino(found["amount"])
        yield Rewrite(found.start(), found.end(), f"{month}월")


def _write_figures(number: int, *, plain: bool) -> str:
    """Figures with the large units as words, as amounts are written: 3억 2,000만."""
    if plain and number < 10_000:
        return str(number)
    parts = []
    for unit, name in ((10**12, "조"), (10**8, "억"), (10**4, "만"), (1, "")):
        section = number // unit % 10_000
        if section:
            parts.append(f"{section:,}{name}")
    return " ".join(parts)


def _native_words(text: str) -> Iterator[Rewrite]:
    for found in _NATIVE_WORDS.finditer(text):
        counter = found["counter"] or found["close"]
        number = read_native(found["amount"])
        if number is None or (number == 1 and counter not in _AFTER_ONE):
            continue
        # 두 개가 뛴다 may be two dogs; 두 개의 문 and 사과 두 개 are not.
        if counter == "개" and re.match(r"(?!의)[가-힣]", text[found.end() : found.end() + 1]):
            continue
        yield Rewrite(found.start(), found.end(), f"{number}{counter}")
