"""Kiwi, the morphological analyser, behind two functions: take a text apart, join it again.

Kiwi is the extra `korean` and is loaded with the first text (about three seconds).
Tags are those of the Sejong corpus as Kiwi writes them: NNG a noun, VV a verb, JKO an
object particle, EF a sentence ending.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from munjang.errors import MissingExtraError
from munjang.korean.normalize import replace_surrogates

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

_CONTENT = "NNG NNP NR NP VV VA VX VCN MAG XR SL SN"

CACHED_TEXTS = 8192
"""How many analyses are kept."""

CONTENT_TAGS = frozenset(_CONTENT.split())
"""The tags of words that carry the meaning, without what Kiwi adds for irregular stems."""

_BREAK = re.compile(r"(?<=[.!?…])\s+|\n+")

# Honorific verbs whose 세요 Kiwi reads otherwise.
_READINGS = {
    "드세요": (("드시", "VV"), ("어요", "EF")),
    "계세요": (("계시", "VV"), ("어요", "EF")),
    "주무세요": (("주무시", "VV"), ("어요", "EF")),
}


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme of a text.

    Attributes:
        form: Its dictionary form, such as 덥 for the 더우 of 더우니; a final consonant on
            its own is a conjoining jamo.
        tag: Its part of speech.
        start: Where it begins in the text.
        end: Where it ends; morphemes that share a syllable overlap.
        word: The number of the white-space word that it is in.
    """

    form: str
    tag: str
    start: int
    end: int
    word: int

    @property
    def kind(self) -> str:
        """The tag without Kiwi's mark of a (ir)regular stem, so VV for VV-I."""
        return self.tag.split("-")[0]


def has_kiwi() -> bool:
    """Whether the extra `korean` is installed; does not import it."""
    return importlib.util.find_spec("kiwipiepy") is not None


@lru_cache(maxsize=CACHED_TEXTS)
def analyze(text: str) -> tuple[Morpheme, ...]:
    """Takes a text apart into morphemes.

    Args:
        text: Any text; lone surrogates count as unknown characters.

    Returns:
        The morphemes in the order of the text. The last `CACHED_TEXTS` results are kept.

    Raises:
        MissingExtraError: Kiwi is not installed.

    Example:
        >>> [(found.form, found.tag) for found in analyze("비가 왔다")]
        [('비', 'NNG'), ('가', 'JKS'), ('오', 'VV'), ('었', 'EP'), ('다', 'EF')]
    """
    return tuple(
        Morpheme(found.form, str(found.tag), found.start, found.end, found.word_position)
        for found in _kiwi().tokenize(replace_surrogates(text))
    )


@lru_cache(maxsize=CACHED_TEXTS)
def join(morphemes: tuple[tuple[str, str], ...]) -> str:
    """Joins stems and endings into one word, conjugated as Korean does.

    Args:
        morphemes: Forms and tags.

    Raises:
        MissingExtraError: Kiwi is not installed.

    Example:
        >>> join((("덥", "VA-I"), ("어요", "EF")))
        '더워요'
        >>> join((("듣", "VV-I"), ("었", "EP"), ("다", "EF")))
        '들었다'
    """
    joined: str = _kiwi().join(list(morphemes), lm_search=False)
    return joined


def content_words(text: str) -> list[str]:
    """Returns the nouns, stems, adverbs and figures of a text, in order; keeps no result.

    Example:
        >>> content_words("어제는 비가 오지 않았습니다.")
        ['어제', '비', '오', '않']
    """
    found = _kiwi().tokenize(replace_surrogates(text))
    return [token.form for token in found if token.tag.split("-")[0] in CONTENT_TAGS]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where each sentence of a text begins and ends, by marks and line breaks alone.

    Example:
        >>> sentence_spans("비가 와. 우산 있어?")
        [(0, 6), (6, 12)]
    """
    breaks = [found.end() for found in _BREAK.finditer(text)]
    return list(pairwise((0, *breaks, len(text))))


@lru_cache(maxsize=1)
def _kiwi() -> Kiwi:
    if not has_kiwi():
        raise MissingExtraError("morphological analysis", "korean")
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1)
    for form, reading in _READINGS.items():
        kiwi.add_pre_analyzed_word(form, list(reading), score=3.0)
    return kiwi
