"""The text that vocabularies are made by, and the sentences whose words are learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import texts
from overlaps import TESTS

from munjang.data.catalog import load_rows
from munjang.data.draw import draw_rows
from munjang.data.leaks import drop_leaks
from munjang.data.rows import Sentence
from munjang.train.entries import split_ref
from munjang.train.sources import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from munjang.data.rows import Row

COUNTED = tuple(ref for ref in texts.TRAINED_ON if ref not in ("kornli:multinli", "petitions:rest"))
"""Training sets that the catalogue has as they are."""

_MOST_ROWS = 60_000

DRAWN: Mapping[str, int] = {
    "korsts:train": 11_000,
    "klue-sts:train": 9_000,
    "klue-nli:train": 12_000,
    "ynat:train": 10_000,
    "nsmc:sentiment-train": 6_000,
    "3i4k:train": 5_000,
    "question-pair:train": 3_000,
    "stylekqc:train": 2_000,
    "parakqc:all": 3_000,
    "flores200:dev": 2_000,
    "tatoeba:anki": 4_000,
}
"""At most so many sentences of each."""

HELD_OUT = ("korsts:dev", "kornli:dev", *(ref for ref in TESTS if ref != "petitions:all"))
"""Whose sentences are not learnt; petitions come without those that are measured."""

_SEED = 7


def training_texts(data_dir: Path) -> Iterator[str]:
    """The first rows of each of `COUNTED`."""
    for ref in COUNTED:
        for row in load_rows(*split_ref(ref), data_dir=data_dir)[:_MOST_ROWS]:
            yield from texts_of(row)


def draw_sentences(data_dir: Path, more: Sequence[str], held: Sequence[Row]) -> list[str]:
    """Sentences of `DRAWN` and some more texts, without those of `HELD_OUT` and `held`."""
    measured = [*held]
    for ref in HELD_OUT:
        measured += load_rows(*split_ref(ref), data_dir=data_dir)
    found: list[str] = []
    for ref, count in DRAWN.items():
        rows = load_rows(*split_ref(ref), data_dir=data_dir)
        sentences = [Sentence(text) for text in sorted({t for r in rows for t in texts_of(r)})]
        kept = drop_leaks(sentences, measured, by="sentence", letters_only=True)
        found += [row.text for row in draw_rows(kept, min(count, len(kept)), seed=_SEED)]
    return [*found, *filter(str.strip, more)]
