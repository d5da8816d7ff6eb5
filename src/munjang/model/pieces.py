"""Which pieces of a vocabulary a text uses, and which of them to keep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from munjang.encode.encoder import check_sentences
from munjang.errors import InputError
from munjang.korean.normalize import replace_surrogates, to_nfc
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from munjang.model.vocabulary import Vocabulary

HELD_OUT = 10
"""Every tenth sentence is held out: measured, and not counted."""

MOST_HELD = 10_000
"""Of the sentences that are held out so many are measured at most, evenly spread."""

_AT_ONCE = 4096
_SYLLABLE_WITH_SPACE = re.compile("[▁ ][가-힣]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCount:
    """What a text is made of.

    Attributes:
        counts: How often each id was used, shape (vocabulary,), special tokens included.
        characters: The characters of the text, as they are and as the tokenizer's
            normaliser makes them.
        sentences: How many sentences were counted.
        held: Sentences that were not counted, to measure on.
    """

    counts: NDArray[np.int64]
    characters: frozenset[str]
    sentences: int
    held: tuple[str, ...]


def count_pieces(
    tokenizer: Tokenizer,
    texts: Iterable[str],
    *,
    size: int,
    prompt: str = "",
    progress: bool = False,
) -> TextCount:
    """Counts the pieces of any number of sentences, in bounded memory.

    Args:
        tokenizer: What cuts them; it neither truncates nor pads.
        texts: The sentences; read once. They are composed (NFC), as encoders do it.
        size: One more than the highest id.
        prompt: Put before every sentence.
        progress: Show a progress bar on stderr.

    Returns:
        Counts, characters, and the sentences that were held out.

    Raises:
        InputError: There are fewer than `HELD_OUT` sentences, or one is not text.

    Example:
        >>> from tokenizers import Tokenizer, models
        >>> pieces = [("<unk>", 0.0), ("비", -1.0), ("눈", -1.5)]
        >>> tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
        >>> found = count_pieces(tokenizer, ["비", "눈", "비"] * 4, size=3)
        >>> found.counts.tolist(), found.sentences, found.held
        ([0, 7, 4], 11, ('비',))
    """
    counts = np.zeros(size, dtype=np.int64)
    characters = set(prompt)
    held: list[str] = []
    step, read, counted = 1, 0, 0
    with progress_bar("counting", total=None, unit="sentences", shown=progress) as advance:
        for chunk in _chunks(texts):
            first = -(read + 1) % HELD_OUT  # the place of the first one that is held out
            for place in range(first, len(chunk), HELD_OUT):
                if (read + place) // HELD_OUT % step == 0:
                    held.append(chunk[place])
            while len(held) > MOST_HELD:
                held, step = held[::2], 2 * step
            kept = [text for place, text in enumerate(chunk) if (place - first) % HELD_OUT]
            rows = tokenizer.encode_batch_fast([prompt + text for text in kept])
            used = np.array([place for row in rows for place in row.ids], dtype=np.int64)
            counts += np.bincount(used, minlength=size)
            characters.update(*kept)
            read, counted = read + len(chunk), counted + len(kept)
            advance(len(chunk))
    if read < HELD_OUT:
        raise InputError(
            f"a vocabulary is cut by at least {HELD_OUT} sentences, one of which is held out",
            found=str(read),
            fix="more text of the kind that the model will see",
        )
    normalizer = tokenizer.normalizer
    if normalizer is not None:
        characters.update(*[normalizer.normalize_str(each) for each in characters])
    return TextCount(
        counts=counts, characters=frozenset(characters), sentences=counted, held=tuple(held)
    )


def choose_pieces(
    vocabulary: Vocabulary, count: TextCount, *, size: int, needed: Collection[int] = ()
) -> set[int]:
    """Chooses the pieces to keep.

    First what cannot be done without: special tokens, bytes, what is `needed`, every piece
    that is one character of the text, and with a space before it where that is a Hangul
    syllable. Then the most used ones; those that are used alike in their old order.

    Args:
        vocabulary: What is cut.
        count: What the text uses.
        size: How many to keep.
        needed: Ids that must be among them.

    Returns:
        `size` ids; of a BPE they may be fewer, where no piece fits in with all that it is
        made of.

    Raises:
        InputError: `size` is too small for what must be kept, or nothing would be cut.
    """
    if size >= len(vocabulary):
        raise InputError(
            f"{size:,} pieces are no cut: there is nothing to be gained",
            found=f"a vocabulary of {len(vocabulary):,} pieces",
            fix="fewer pieces (--pieces)",
        )
    pieces = {place: piece for piece, place in vocabulary.ids.items()}
    fixed = vocabulary.fixed_ids()
    kept = set(fixed)
    for place in sorted(pieces.keys() - fixed):
        piece = pieces[place]
        if place in needed or _is_character(vocabulary.spell(piece), count.characters):
            kept |= vocabulary.passed_through(piece)
    if len(kept) > size:
        raise InputError(
            f"{size:,} pieces are too few for this model and text",
            found=f"{len(kept):,} special tokens and characters",
            fix=f"at least {len(kept):,} pieces (--pieces)",
        )
    for place in sorted(pieces.keys() - kept, key=lambda i: (-count.counts[i], i)):
        if len(kept) == size:
            break
        more = vocabulary.passed_through(pieces[place]) - kept
        if len(kept) + len(more) <= size:
            kept |= more
    return kept


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    source, read = iter(texts), 0
    while chunk := list(islice(source, _AT_ONCE)):
        yield [to_nfc(replace_surrogates(t)) for t in check_sentences(chunk, start=read)]
        read += len(chunk)


def _is_character(text: str, characters: Collection[str]) -> bool:
    """Whether a piece is one character of the text, or a space and a Hangul syllable of it."""
    if len(text) == 1:
        return text in characters or text == "▁"
    return bool(_SYLLABLE_WITH_SPACE.fullmatch(text)) and text[1] in characters
