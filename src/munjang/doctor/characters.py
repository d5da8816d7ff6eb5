"""Defects of the characters of a text, each with how it is seen and what to do about it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang.korean.normalize import remove_invisible

if TYPE_CHECKING:
    from collections.abc import Callable

    from munjang.doctor.findings import Level

LONG = 1000
"""Characters beyond which a text is a document rather than a sentence."""

_ORDINARY = re.compile(r"[ -%'-~가-힣\t]*")
_HANGUL = re.compile("[가-힣ㄱ-ㆎ\u1100-\u11ff\uffa0-\uffdc]")
_JAMO = re.compile("[ㄱ-ㆎ]")
_HALF_WIDTH = re.compile("[\uffa0-\uffdc]")
_CONJOINING = re.compile("[\u1100-\u11ff]")
_SYLLABLE = re.compile("[가-힣]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKUP = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{2,5});|<br ?/?>|</(?:p|div|span|a|b)>")
_LATIN = re.compile("[\u0080-\u00ff\u0152-\u0192\u02c6-\u2122\u20ac]{4,}")
_LETTER = re.compile("[\u00c0-\u0192]")
_HANJA = re.compile("[\u4e00-\u9fff\uf900-\ufaff]")
_NOT_ASCII = re.compile("[^\x00-\x7f\ufffd]+")


@dataclass(frozen=True, slots=True)
class Defect:
    """Something that characters of a text may be.

    Attributes:
        name: What it is called.
        level: How bad it is where a few texts have it.
        fix: What to do about it.
        find: Whether a text has it; a string that it gives is shown as an example.
        often: The share of texts from which it is worse than `level`.
        level_often: How bad it is then.
    """

    name: str
    level: Level
    fix: str
    find: Callable[[str], object]
    often: float = 2.0
    level_often: Level = "warning"


def is_decomposed(text: str) -> bool:
    """Whether a text has Hangul (or another letter) in its decomposed form, NFD.

    Characters that NFC replaces one by one, such as compatibility hanja, are not meant.

    Example:
        >>> is_decomposed("\u1112\u1161\u11ab\u1100\u1173\u11af"), is_decomposed("한글")
        (True, False)
        >>> is_decomposed("\uf9e1대표")
        False
    """
    if unicodedata.is_normalized("NFC", text):
        return False
    singly = sum(len(unicodedata.normalize("NFC", sign)) for sign in text)
    return len(unicodedata.normalize("NFC", text)) < singly


def is_mixed(text: str) -> bool:
    """Whether a text has both decomposed and composed Hangul."""
    return bool(_CONJOINING.search(text) and _SYLLABLE.search(text))


def has_hangul(text: str) -> bool:
    """Whether a text has a Hangul syllable or jamo in any form."""
    return _HANGUL.search(text) is not None


def is_ordinary(text: str) -> bool:
    """Whether a text is ASCII and syllables alone, so that no defect has to be looked for."""
    return _ORDINARY.fullmatch(text) is not None and "<" not in text


def undo_misreading(text: str) -> str | None:
    """Undoes the reading of Korean bytes in the wrong encoding, where there was one.

    Three are known by their traces: cp949 or UTF-8 read as latin-1 (or cp1252), and UTF-8
    read as cp949. What was lost in the reading is not brought back.

    Args:
        text: Any text.

    Returns:
        A piece of what it was; None where the text does not look misread.

    Example:
        >>> undo_misreading("¾È³çÇÏ¼¼¿ä")
        '안녕하세요'
        >>> undo_misreading("臾몄옣 濡쒕뵫 以묒뿉 臾몄젣媛?")
        '문장 로딩 중에 문제'
        >>> undo_misreading("어제 café에서 만났다.") is None
        True
    """
    for run in filter(_LETTER.search, _LATIN.findall(text)):
        for wrong in ("latin-1", "cp1252"):
            for right in ("utf-8", "cp949"):
                found = _recode(run, wrong, right)
                if found and _mostly_hangul(found):
                    return found
    if _HANJA.search(text):
        pieces = map(_undo_cp949, _NOT_ASCII.findall(text))
        return " ".join(piece for piece in pieces if piece) or None
    return None


DEFECTS = (
    Defect(
        "NFC and NFD mixed",
        "warning",
        "munjang.korean.normalize.to_nfc; the encoder does it, but words are not found and "
        "duplicates not seen",
        is_mixed,
    ),
    Defect(
        "lost characters",
        "warning",
        "U+FFFD: read the original again with the right --encoding; what is lost here stays lost",
        lambda text: "\ufffd" in text,
        often=0.01,
        level_often="problem",
    ),
    Defect(
        "wrong encoding",
        "warning",
        "read the original again with the right --encoding, such as cp949 or utf-8",
        undo_misreading,
        often=0.01,
        level_often="problem",
    ),
    Defect(
        "lone surrogates",
        "warning",
        "cut emoji of JSON: encode() makes U+FFFD of them; mend the program that wrote them",
        _SURROGATE.search,
    ),
    Defect(
        "control characters",
        "warning",
        "remove them, or put a space there: they are tokens without a meaning",
        _CONTROL.search,
    ),
    Defect(
        "invisible characters",
        "note",
        "munjang.korean.normalize.remove_invisible: zero-width spaces, soft hyphens, byte-order "
        "marks",
        lambda text: remove_invisible(text) != text,
        often=0.01,
    ),
    Defect(
        "half-width jamo",
        "warning",
        "munjang.korean.normalize.fold_width",
        _HALF_WIDTH.search,
    ),
    Defect(
        "HTML remains",
        "note",
        "html.unescape of the standard library, and take the tags out",
        _MARKUP.search,
        often=0.01,
    ),
    Defect(
        "jamo such as ㅋㅋ",
        "ok",
        "",
        _JAMO.search,
    ),
    Defect(
        "long texts",
        "note",
        f"over {LONG:,} characters: split such documents into sentences or passages",
        lambda text: len(text) > LONG,
        often=0.1,
    ),
)
"""What is looked for in every text, the worst first."""


def _recode(text: str, wrong: str, right: str) -> str | None:
    try:
        return text.encode(wrong).decode(right)
    except UnicodeError:
        return None


def _undo_cp949(run: str) -> str:
    """The syllables of UTF-8 that was read as cp949, what was lost left out; "" if it was not.

    A syllable's three bytes were read as one character and a half. Hanja beside Hangul can
    make a syllable by chance, but hardly two, and hardly ordinary ones.
    """
    if not _HANJA.search(run):
        return ""
    found = _SYLLABLE.findall(run.encode("cp949", "ignore").decode("utf-8", "ignore"))
    ordinary = sum(len(syllable.encode("euc_kr")) == 2 for syllable in found)
    return "".join(found) if ordinary >= 2 and 3 * len(found) >= len(run) else ""


def _mostly_hangul(text: str) -> bool:
    return len(_SYLLABLE.findall(text)) * 2 > len(text)
