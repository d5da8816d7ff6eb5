"""The text that vocabularies are made by: that of the training sets, and plain Korean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import texts

from munjang.data.catalog import load_rows
from munjang.train.sources import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNTED = tuple(ref for ref in texts.TRAINED_ON if ref not in ("kornli:multinli", "petitions:rest"))
"""Training sets that the catalogue has as they are."""

_PLAIN = ("3i4k:train", "nsmc:sentiment-train")
_MOST_ROWS = 60_000


def training_texts(data_dir: Path) -> Iterator[str]:
    """The first rows of each of `COUNTED`, and of utterances and reviews."""
    for ref in (*COUNTED, *_PLAIN):
        name, _, split = ref.partition(":")
        for row in load_rows(name, split, data_dir=data_dir)[:_MOST_ROWS]:
            yield from texts_of(row)
