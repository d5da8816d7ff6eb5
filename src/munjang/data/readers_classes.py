"""Readers of sentences with a class: intentions, topics of the news, liked or not."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from munjang.data.holdout import group_near_duplicates, is_held_out
from munjang.data.lines import cut_terminator, iter_lines, shorten
from munjang.data.records import iter_records
from munjang.data.rows import Sentence
from munjang.data.tables import check_label, make_row
from munjang.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Part: TypeAlias = Literal["train", "held-out", "all"]
"""Which part of a file that has no test set of its own."""

INTENTIONS: tuple[str, ...] = (
    "fragment",
    "statement",
    "question",
    "command",
    "rhetorical question",
    "rhetorical command",
    "intonation-dependent",
)
"""What the numbers 0 to 6 of 3i4K stand for."""

_YNAT_ONE_IN = 5
_NSMC_ONE_IN = 50
_SEED = 1
_NSMC_HEADER = ["review_id", "movie_id", "rating", "review"]
_SENTIMENTS: Mapping[str, str | None] = {
    **dict.fromkeys(("1", "2", "3", "4"), "negative"),
    **dict.fromkeys(("5", "6", "7", "8")),
    **dict.fromkeys(("9", "10"), "positive"),
}


def read_3i4k(path: str | Path) -> list[Sentence]:
    r"""Reads 3i4K: a number from 0 to 6, a tab and an utterance, no header.

    Args:
        path: fci_train_val.txt or fci_test.txt.

    Returns:
        The utterances in file order, labelled by name (`INTENTIONS`).

    Raises:
        DataError: A line without two cells, an empty utterance, another number.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "말.txt")
        ...     _ = path.write_text("3\t창문 좀 닫아 줘\n", encoding="utf-8")
        ...     read_3i4k(path)
        [Sentence(text='창문 좀 닫아 줘', label='command')]
    """
    names = {str(number): name for number, name in enumerate(INTENTIONS)}
    sentences = []
    for number, line in enumerate(iter_lines(path), start=1):
        place = f"{path}:{number}"
        cells = cut_terminator(line).split("\t")
        if len(cells) != 2:
            raise DataError(
                f"{place}: not a line of a number and an utterance",
                found=shorten(cells),
                fix="fetch the file again",
            )
        label = names[check_label(cells[0], place=place, column="intention", known=names)]
        columns = ("utterance", "intention")
        sentences.append(make_row(Sentence, (cells[1], label), place=place, columns=columns))
    return sentences


def read_ynat(path: str | Path, topics: str | Path, *, part: Part = "all") -> list[Sentence]:
    """Reads KLUE's headlines (YNAT) in the contest's copy, and cuts a held-out part off.

    The copy's own test set has no labels. Held out are the groups of near-duplicates
    (`group_near_duplicates`, 40 percent) whose first headline `is_held_out`, one in five
    with seed 1: a headline and its follow-up are on the same side.

    Args:
        path: train_data.csv (columns title, topic_idx).
        topics: topic_dict.csv (columns topic, topic_idx).
        part: Which part to return.

    Returns:
        The headlines in file order, labelled with the topic's name, such as "경제".

    Raises:
        DataError: As `munjang.data.tables.read_rows`, or a topic that is not in `topics`.
    """
    records = iter_records(topics, ["topic_idx", "topic"], kind="csv")
    names = {cells[0]: cells[1] for _, cells in records if cells is not None}
    columns = ["title", "topic_idx"]
    headlines = []
    for place, cells in iter_records(path, columns, kind="csv"):
        if cells is not None:
            topic = names[check_label(cells[1], place=place, column=columns[1], known=names)]
            headlines.append(make_row(Sentence, (cells[0], topic), place=place, columns=columns))
    if part == "all":
        return headlines
    texts = tuple(headline.text for headline in headlines)
    wanted = part == "held-out"
    return [
        headline
        for headline, first in zip(headlines, _groups(texts), strict=True)
        if is_held_out(texts[first], one_in=_YNAT_ONE_IN, seed=_SEED) is wanted
    ]


@lru_cache(maxsize=1)
def _groups(texts: tuple[str, ...]) -> tuple[int, ...]:
    """Kept for the next part: whoever reads one reads the other, and grouping is most of it."""
    return tuple(group_near_duplicates(texts))


def read_nsmc_sentiment(path: str | Path, *, part: Part = "all") -> list[Sentence]:
    """Reads the movie reviews that are clearly for or against: rated 1 to 4, or 9 and 10.

    The split is ours, as the published one is not in the table: held out is a review that
    `is_held_out`, one in fifty with seed 1, so that reviews of the same letters are on the
    same side. Nothing is balanced: three in four are positive.

    Args:
        path: reviews.tsv.gz (review_id, movie_id, rating, review), gzipped or not.
        part: Which part to return.

    Returns:
        The reviews in file order, labelled "negative" or "positive".

    Raises:
        DataError: Another header, a row without four cells, an empty review, or a rating
            that is not 1 to 10.
    """
    # Straight from the lines: with a general table reader 712,383 rows take twice as long.
    lines = iter_lines(path)
    header = cut_terminator(next(lines, "")).split("\t")
    if header != _NSMC_HEADER:
        raise DataError(
            f"{path}:1: not the header {', '.join(_NSMC_HEADER)}",
            found=shorten(header),
            fix="fetch the file again",
        )
    held_out = part == "held-out"
    sentences = []
    for number, line in enumerate(lines, start=2):
        cells = cut_terminator(line).split("\t")
        if len(cells) != 4 or cells[2] not in _SENTIMENTS or not cells[3].strip():
            raise DataError(
                f"{path}:{number}: not a review with a rating from 1 to 10",
                found=shorten(cells),
                fix="fetch the file again",
            )
        label, text = _SENTIMENTS[cells[2]], cells[3]
        if label is not None and (
            part == "all" or is_held_out(text, one_in=_NSMC_ONE_IN, seed=_SEED) is held_out
        ):
            sentences.append(Sentence(text, label))
    return sentences
