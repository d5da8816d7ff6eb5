"""Seeded edits of Korean text that keep the meaning, for measuring robustness.

Every edit has sites, the places that it may change, and a dose from 0 to 1. Each site draws
a number from the seed, the edit and the text, and is changed where the number is below the
dose. So dose 0 changes nothing, dose 1 every site, and a lower dose changes some of the
sites that a higher one changes, in the same way. Where a text with all sites changed could
not be read, fewer draws count, and dose 1 stands for this share of the sites:

========================  ==========================================  =================
edit                      site                                        changed at dose 1
========================  ==========================================  =================
spaces-removed            space beside a syllable                     all
spaces-wrong              space between syllables                     half
spaces-wrong              word of four syllables or more              a fifth
key-slips                 key stroke of a syllable                    a tenth
jamo-slips                syllable                                    a fifth
latin-layout              word with Hangul                            all
nfd, compatibility-jamo   word with a syllable                        all
full-width                run of visible ASCII, space                 all
laughter, emoji           sentence end                                all
repeated-endings          last open syllable, mark of a sentence      all
particles-dropped         이/가, 은/는, 을/를, 의 that can go         all
style-*                   sentence ending of another style            all
numerals                  numeral with a known counter                all
loanwords                 loan word with another common spelling      all
========================  ==========================================  =================

A text without a site comes back as it is; an English one has none, but for "full-width".
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING

from munjang.errors import InputError, unknown_name
from munjang.korean.draws import Draws
from munjang.korean.keyboard import slip_jamo, slip_keys, type_on_latin_layout
from munjang.korean.loanwords import respell_loanwords
from munjang.korean.noise import add_emoji, add_laughter, repeat_endings
from munjang.korean.numerals import rewrite_numerals
from munjang.korean.particles import drop_particles
from munjang.korean.script import decompose, separate_jamo, widen
from munjang.korean.spacing import misplace_spaces, remove_spaces
from munjang.korean.style import restyle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Edit:
    """A kind of edit.

    Attributes:
        name: What `perturb` calls it, such as "spaces-removed".
        title: A few English words, for tables.
        title_ko: A few Korean words, for tables.
        needs_kiwi: Whether morphology decides; then the extra `korean` is needed.
    """

    name: str
    title: str
    title_ko: str
    needs_kiwi: bool


EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        name: Edit(name, title, title_ko, needs_kiwi)
        for name, title, title_ko, needs_kiwi in (
            ("spaces-removed", "spaces left out", "붙여쓰기", False),
            ("spaces-wrong", "spaces at wrong places", "띄어쓰기 오류", False),
            ("key-slips", "neighbouring keys hit", "인접 키 오타", False),
            ("jamo-slips", "jamo slips", "자모 오타", False),
            ("latin-layout", "typed on the Latin layout", "한영 전환 오류", False),
            ("nfd", "decomposed (NFD)", "자모 분해(NFD)", False),
            ("compatibility-jamo", "separate jamo", "낱자 풀어쓰기", False),
            ("full-width", "full-width forms", "전각 문자", False),
            ("laughter", "ㅋㅋ and ㅠㅠ", "ㅋㅋ·ㅠㅠ", False),
            ("repeated-endings", "drawn-out endings", "말끝 늘이기", False),
            ("emoji", "emoji", "이모지", False),
            ("particles-dropped", "particles dropped", "조사 생략", True),
            ("style-formal", "formal style", "합쇼체", True),
            ("style-polite", "polite style", "해요체", True),
            ("style-plain", "plain style", "해체(반말)", True),
            ("numerals", "numerals rewritten", "숫자 표기 바꾸기", False),
            ("loanwords", "loan-word spellings", "외래어 표기 바꾸기", False),
        )
    }
)
"""All edits by name, in the order of tables."""

_FUNCTIONS: Mapping[str, Callable[[str, Draws], str]] = MappingProxyType(
    {
        "spaces-removed": remove_spaces,
        "spaces-wrong": misplace_spaces,
        "key-slips": slip_keys,
        "jamo-slips": slip_jamo,
        "latin-layout": type_on_latin_layout,
        "nfd": decompose,
        "compatibility-jamo": separate_jamo,
        "full-width": widen,
        "laughter": add_laughter,
        "repeated-endings": repeat_endings,
        "emoji": add_emoji,
        "particles-dropped": drop_particles,
        "style-formal": partial(restyle, style="formal"),
        "style-polite": partial(restyle, style="polite"),
        "style-plain": partial(restyle, style="plain"),
        "numerals": rewrite_numerals,
        "loanwords": respell_loanwords,
    }
)


def perturb(text: str, edit: str, *, dose: float, seed: int = 0) -> str:
    """Edits a text, keeping what it means.

    Args:
        text: Any text. One where the edit has nothing to hold on to comes back as it is:
            for most edits a text without Hangul syllables, for some (numerals, loanwords,
            particles, styles) one without such a word. Only "full-width" changes a text
            without Hangul.
        edit: The name of an edit, one of `EDITS`.
        dose: The share of sites to change, from 0 to 1; see the table of this module.
        seed: Another seed gives other draws. The same text, edit, dose and seed give the
            same result in every process.

    Returns:
        The edited text; lone surrogates stay where they are.

    Raises:
        InputError: `text` is no string, `edit` no edit, `dose` no number from 0 to 1, or
            `seed` no integer.
        MissingExtraError: The edit needs Kiwi, which is not installed; at every dose.

    Example:
        >>> perturb("오늘 날씨가 참 좋아요!", "spaces-removed", dose=1.0)
        '오늘날씨가참좋아요!'
        >>> perturb("안녕하세요", "latin-layout", dose=1.0)
        'dkssudgktpdy'
    """
    _check(edit, dose, seed)
    _check_text(text, "text")
    return _edit(text, edit, dose=dose, seed=seed)


def perturb_all(texts: Iterable[str], edit: str, *, dose: float, seed: int = 0) -> list[str]:
    """Edits many texts, each as `perturb` would, whatever their order.

    Raises:
        InputError: As `perturb`, or `texts` is a single string.
        MissingExtraError: As `perturb`.

    Example:
        >>> perturb_all(["세 명이 왔다.", "3층이에요."], "numerals", dose=1.0)
        ['3명이 왔다.', '삼층이에요.']
    """
    _check(edit, dose, seed)
    listed = list(_iterate(texts))
    for number, text in enumerate(listed):
        _check_text(text, f"texts[{number}]")
    return [_edit(text, edit, dose=dose, seed=seed) for text in listed]


def _edit(text: str, edit: str, *, dose: float, seed: int) -> str:
    return _FUNCTIONS[edit](text, Draws(text, edit, dose=dose, seed=seed))


def _check(edit: str, dose: float, seed: int) -> None:
    if not isinstance(edit, str) or edit not in EDITS:
        raise unknown_name("edit", str(edit), EDITS)
    # NaN is in no range, so it fails here too.
    if not isinstance(dose, Real) or isinstance(dose, bool) or not 0 <= dose <= 1:
        raise InputError(
            "dose must be a number from 0 to 1",
            found=repr(dose),
            fix="0 changes nothing, 1 all that the edit may change",
        )
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise InputError("seed must be an integer", found=repr(seed), fix="seed=0")


def _check_text(text: str, name: str) -> None:
    if not isinstance(text, str):
        raise InputError(
            f"{name} is not text",
            found=f"{type(text).__name__}: {text!r:.40}",
            fix="drop it or replace it by a string",
        )


def _iterate(texts: Iterable[str]) -> Iterator[str]:
    if not isinstance(texts, (str, bytes)):
        with contextlib.suppress(TypeError):
            return iter(texts)
    raise InputError(
        "texts must be a list of strings",
        found=type(texts).__name__,
        fix="put a single text in a list: [text]",
    )
