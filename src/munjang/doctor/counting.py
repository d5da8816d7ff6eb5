"""Counts over a text of any length, in bounded memory."""

from __future__ import annotations

import hashlib
import itertools
import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from munjang.doctor.characters import DEFECTS, LONG, has_hangul, is_decomposed, is_ordinary
from munjang.korean.normalize import replace_surrogates, to_nfc
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from munjang.doctor.vocabulary import Vocabulary
    from munjang.encode.encoder import SentenceEncoder

_CHUNK = 4096
_NO_LIMIT = 10**9
_REMEMBERED = 200
_SIGNS = re.compile(r"[\W_]+")


class Repeats(NamedTuple):
    """Texts that are there more than once.

    Attributes:
        texts: How many could go without a text being lost.
        most: How often the most frequent is there.
        first: The number of its first place, from 1; of equally frequent ones the first.
    """

    texts: int
    most: int
    first: int


@dataclass(slots=True)
class CharacterCounts:
    """What the characters of texts are, counted.

    Attributes:
        texts: How many texts there were.
        characters: Their characters.
        words: Their 어절, what white space sets apart.
        decomposed: Texts in NFD, in whole or in part.
        without_hangul: Texts without any Hangul.
        defects: Texts with each of `DEFECTS`, by name.
        first: The number of the first of them, from 1.
        examples: What the first of them should have been, where that can be told.
    """

    texts: int = 0
    characters: int = 0
    words: int = 0
    decomposed: int = 0
    without_hangul: int = 0
    defects: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    _exact: array[int] = field(default_factory=lambda: array("Q"))
    _letters: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, text: str) -> None:
        """Counts one text."""
        self.texts += 1
        self.characters += len(text)
        self.words += len(text.split())
        self.without_hangul += not has_hangul(text)
        if len(text) > LONG or not is_ordinary(text):
            self._look_closely(text)
        plain = " ".join(to_nfc(text).split())
        self._exact.append(_digest(plain))
        self._letters.append(_digest(_SIGNS.sub("", plain).casefold() or plain))

    def repeats(self, *, letters_only: bool = False) -> Repeats:
        """Counts the duplicates so far, white space and NFD aside.

        Args:
            letters_only: Compare letters and digits alone, small and large the same.
        """
        digests = np.frombuffer(self._letters if letters_only else self._exact, dtype=np.uint64)
        if not len(digests):
            return Repeats(0, 0, 0)
        _, first, counts = np.unique(digests, return_index=True, return_counts=True)
        most = counts.max()
        return Repeats(len(digests) - len(counts), int(most), int(first[counts == most].min()) + 1)

    def _look_closely(self, text: str) -> None:
        self.decomposed += is_decomposed(text)
        for defect in DEFECTS:
            if found := defect.find(text):
                self.defects[defect.name] += 1
                self.first.setdefault(defect.name, self.texts)
                if isinstance(found, str):
                    self.examples.setdefault(defect.name, found)


@dataclass(slots=True)
class TokenCounts:
    """What a model's tokenizer makes of texts, counted.

    Attributes:
        encoder: The model.
        vocabulary: Its tokenizer.json; None where it has none, and unknown tokens are
            then not counted.
        lengths: Texts by their tokens, prompt and special tokens included.
        unknown: Tokens that stand for what the tokenizer does not know.
        with_unknown: Texts with such a token.
        pieces: What the first of those tokens stand for.
        around: Tokens that prompt and special tokens add to a text.
    """

    encoder: SentenceEncoder
    vocabulary: Vocabulary | None
    lengths: Counter[int] = field(default_factory=Counter)
    unknown: int = 0
    with_unknown: int = 0
    pieces: Counter[str] = field(default_factory=Counter)
    around: int = field(init=False)

    def __post_init__(self) -> None:
        bare, word, prompted = map(len, self._tokenize(["", "가", f"{self.encoder.prompt}가"]))
        self.around = bare + prompted - word

    def add(self, texts: Iterable[str]) -> None:
        """Tokenises and counts texts, as the model would take them."""
        clean = [replace_surrogates(text) for text in texts]
        ready = [to_nfc(text) if self.encoder.nfc else text for text in clean]
        ids = self._tokenize([self.encoder.prompt + text for text in ready])
        self.lengths.update(map(len, ids))
        unk_id = None if self.vocabulary is None else self.vocabulary.unk_id
        if self.vocabulary is None or unk_id is None:
            return
        for text, row in zip(ready, ids, strict=True):
            if count := row.count(unk_id):
                self.unknown += count
                self.with_unknown += 1
                if self.with_unknown <= _REMEMBERED:
                    self.pieces.update(self.vocabulary.unknown_pieces([text]))

    @property
    def tokens(self) -> int:
        """Tokens of the texts themselves, without prompts and special tokens."""
        return sum((n - self.around) * texts for n, texts in self.lengths.items())

    def count_longer(self, limit: int) -> int:
        """How many texts have more tokens than a limit."""
        return sum(texts for n, texts in self.lengths.items() if n > limit)

    def length_that_keeps(self, share: float) -> int:
        """The least limit at which so many of the texts, from 0 to 1, stay whole.

        Args:
            share: The share of texts.

        Returns:
            Tokens, prompt and special tokens included; 0 where there are no texts.
        """
        wanted, kept = share * self.lengths.total(), 0
        for length in sorted(self.lengths):
            kept += self.lengths[length]
            if kept >= wanted:
                return length
        return 0

    def _tokenize(self, texts: list[str]) -> list[list[int]]:
        return self.encoder.tokenizer.encode(texts, _NO_LIMIT)[0]


def count_texts(
    texts: Iterable[str], tokens: TokenCounts | None, *, progress: bool = False
) -> CharacterCounts:
    """Counts characters and, with a model, tokens of any number of texts.

    Args:
        texts: The texts, such as a `SentenceFile`.
        tokens: Where their tokens are counted.
        progress: Show a progress bar on stderr.

    Returns:
        The counts of their characters; memory grows by 16 bytes a text, for duplicates.

    Example:
        >>> count_texts(["첫눈이 내렸다.", "첫눈이 내렸다!"], None).repeats(letters_only=True).texts
        1
    """
    counts = CharacterCounts()
    source = iter(texts)
    with progress_bar("examining", total=None, unit="texts", shown=progress) as advance:
        while chunk := list(itertools.islice(source, _CHUNK)):
            for text in chunk:
                counts.add(text)
            if tokens is not None:
                tokens.add(chunk)
            advance(len(chunk))
    return counts


def _digest(text: str) -> int:
    content = text.encode("utf-8", errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
