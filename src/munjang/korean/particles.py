"""The edit that leaves out particles (조사), as people do when they speak."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from munjang.korean.hangul import is_syllable
from munjang.korean.morph import CACHED_TEXTS, Morpheme, analyze, content_words, sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from munjang.korean.draws import Draws

# The particles that may go, by tag: subject, complement, object, genitive, topic.
_FORMS = {"JKS": "이가", "JKC": "이가", "JKO": "을를", "JKG": "의", "JX": "은는"}
_NOUNS = ("NNG", "NNP", "NNB", "NP", "NR", "XSN", "SN", "SL", "SH", "ETN")
_PREDICATES = ("VV", "VA", "XSV", "XSA", "VCP", "VCN")

# What pronouns are without their particle, where that is another word: 내가 is 나.
_ALONE = {
    ("내", "가"): "나",
    ("네", "가"): "너",
    ("누", "가"): "누구",
    ("나", "의"): "내",
    ("너", "의"): "네",
    ("저", "의"): "제",
}
# Alone, these are read as determiners: 그는 학교에 갔다 would be "went to that school".
_DETERMINERS = ("그", "이", "저")


class Drop(NamedTuple):
    """A particle to leave out: from where to where, and what stands there then."""

    start: int
    end: int
    left: str


def drop_particles(text: str, draws: Draws) -> str:
    """Leaves out 이/가, 은/는, 을/를 and 의 where the sense stays without them.

    Each such particle is a site. Particles that carry sense (에서, 부터, 만, 도, 와) stay;
    so do 을/를 and 이/가 where the object comes before its subject, since only they tell
    the two apart; and any particle without which Kiwi reads other words.

    Raises:
        MissingExtraError: Kiwi is not installed.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "나는 도서관에서 친구의 책을 읽었다."
        >>> drop_particles(text, Draws(text, "particles-dropped", dose=1.0, seed=0))
        '나 도서관에서 친구 책 읽었다.'
    """
    return _leave_out(text, [drop for drop in find_drops(text) if draws.pick() is not None])


@lru_cache(maxsize=CACHED_TEXTS)
def find_drops(text: str) -> tuple[Drop, ...]:
    """Finds the particles of a text that can be left out together, in order."""
    drops = deque(_candidates(text, analyze(text)))
    safe: list[Drop] = []
    for begin, end in sentence_spans(text):
        within = []
        while drops and drops[0].start < end:
            drop = drops.popleft()
            within.append(Drop(drop.start - begin, drop.end - begin, drop.left))
        safe += [
            Drop(drop.start + begin, drop.end + begin, drop.left)
            for drop in _safe(text[begin:end], within)
        ]
    return tuple(safe)


def _safe(sentence: str, drops: list[Drop]) -> list[Drop]:
    """The particles of a sentence without which Kiwi reads the same content words."""
    if not drops:
        return []
    words = content_words(sentence)
    if content_words(_leave_out(sentence, drops)) == words:
        return drops
    safe: list[Drop] = []
    for drop in drops:
        if content_words(_leave_out(sentence, [*safe, drop])) == words:
            safe.append(drop)
    return safe


def _leave_out(text: str, drops: Iterable[Drop]) -> str:
    written, done = "", 0
    for drop in drops:
        written += text[done : drop.start] + drop.left
        done = drop.end
    return written + text[done:]


def _candidates(text: str, morphemes: Sequence[Morpheme]) -> Iterator[Drop]:
    crossed = _crossed(morphemes)
    for number in range(1, len(morphemes)):
        noun, particle = morphemes[number - 1 : number + 1]
        if number in crossed or not _stands_free(text, noun, particle):
            continue
        following = morphemes[number + 1] if number + 1 < len(morphemes) else None
        if not _droppable(noun, particle, following):
            continue
        left = _ALONE.get((text[noun.start : noun.end], particle.form))
        if left is None:
            yield Drop(particle.start, particle.end, "")
        else:
            yield Drop(noun.start, particle.end, left)


def _stands_free(text: str, noun: Morpheme, particle: Morpheme) -> bool:
    """Whether a particle has its own syllables, right after its noun, at the word's end."""
    return (
        noun.end == particle.start
        and text[particle.start : particle.end] == particle.form
        and not is_syllable(text[particle.end : particle.end + 1])
        and particle.end < len(text.rstrip())
    )


def _droppable(noun: Morpheme, particle: Morpheme, following: Morpheme | None) -> bool:
    if particle.form not in _FORMS.get(particle.tag, ""):
        return False
    if noun.tag == "JKB":
        return particle.tag == "JX"
    if noun.tag not in _NOUNS or (noun.tag == "NP" and noun.form in _DETERMINERS):
        return False
    if particle.tag == "JX":
        # 우는 and 물은 may be verbs (우는 아이), whatever Kiwi says.
        return noun.tag == "NP" or noun.end - noun.start > 1
    if particle.tag == "JKC":
        return following is not None and following.tag == "VCN"
    if particle.tag == "JKG":
        owned = following is not None and following.tag in ("NNG", "NNP")
        return owned and noun.tag in ("NNG", "NNP", "NP", "XSN")
    return True


def _crossed(morphemes: Sequence[Morpheme]) -> set[int]:
    """The places of subjects and objects in the wrong order, before one predicate."""
    crossed: set[int] = set()
    objects: list[int] = []
    for number, found in enumerate(morphemes):
        if found.kind in _PREDICATES:
            objects = []
        elif found.tag == "JKO":
            objects.append(number)
        elif found.tag == "JKS" and objects:
            crossed.update((*objects, number))
    return crossed
