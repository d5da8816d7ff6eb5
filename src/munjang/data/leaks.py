"""Leaks: what one list of rows has in common with another that is meant to test it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from munjang.data.rows import Pair, Row, Sentence, Triplet
from munjang.errors import unknown_name
from munjang.korean.normalize import fold_spaces, to_nfc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

R = TypeVar("R", bound=Row)
Unit: TypeAlias = tuple[str, ...]

_PLACES = 5
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class LeakPlace:
    """One thing that stands in both lists.

    Attributes:
        train_row: The index of the first training row that has it.
        test_row: The index of the first test row that has it.
        texts: The two texts of a shared pair or the one shared sentence, as in test.
    """

    train_row: int
    test_row: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeakReport:
    """What a training list has in common with a test list.

    Pairs are unordered and told apart by their texts alone, not by score or label. A
    triplet holds two pairs (anchor and positive, anchor and negative); for a `Sentence`
    the sentence takes the pair's place.

    Attributes:
        train_rows: How many rows train has.
        test_rows: How many rows test has.
        shared_pairs: Distinct pairs that stand in both.
        leaking_train_rows: Rows of train that hold a shared pair.
        leaked_test_rows: Rows of test that hold a shared pair.
        train_sentences: Distinct sentences of train.
        test_sentences: Distinct sentences of test.
        shared_sentences: Distinct sentences that stand in both.
        pair_places: The first few shared pairs, in the order of test.
        sentence_places: The first few shared sentences, in the order of test.
    """

    train_rows: int
    test_rows: int
    shared_pairs: int
    leaking_train_rows: int
    leaked_test_rows: int
    train_sentences: int
    test_sentences: int
    shared_sentences: int
    pair_places: tuple[LeakPlace, ...]
    sentence_places: tuple[LeakPlace, ...]


def leak_report(
    train: Sequence[Row],
    test: Sequence[Row],
    *,
    letters_only: bool = False,
    min_length: int = 0,
    places: int = _PLACES,
) -> LeakReport:
    """Reports what two lists of rows, of whatever types, have in common.

    Texts are compared after NFC and white-space folding.

    Args:
        train: The rows to train on.
        test: The rows to test on.
        letters_only: Compare letters and digits alone: neither punctuation nor spacing.
        min_length: Leave out sentences (not pairs) of fewer characters, as compared;
            greetings and interjections stand in every corpus.
        places: How many shared pairs and sentences to show.

    Returns:
        The counts and a few places.

    Example:
        >>> from munjang.data.rows import ScoredPair
        >>> train = [ScoredPair("비가 온다", "비  내린다", 4.0), ScoredPair("춥다", "덥다", 1.0)]
        >>> test = [ScoredPair("비 내린다", "비가 온다", 3.8), ScoredPair("춥다", "졸리다", 0.2)]
        >>> report = leak_report(train, test)
        >>> report.shared_pairs, report.shared_sentences, report.test_sentences
        (1, 3, 4)
    """
    train_units = [_units(row, letters_only=letters_only) for row in train]
    test_units = [_units(row, letters_only=letters_only) for row in test]
    pairs, pair_places = _common(train_units, test_units)
    train_texts = [_singles(units, min_length) for units in train_units]
    test_texts = [_singles(units, min_length) for units in test_units]
    sentences, sentence_places = _common(train_texts, test_texts)
    return LeakReport(
        train_rows=len(train),
        test_rows=len(test),
        shared_pairs=len(pairs),
        leaking_train_rows=sum(any(unit in pairs for unit in units) for units in train_units),
        leaked_test_rows=sum(any(unit in pairs for unit in units) for units in test_units),
        train_sentences=len({unit for units in train_texts for unit in units}),
        test_sentences=len({unit for units in test_texts for unit in units}),
        shared_sentences=len(sentences),
        pair_places=tuple(pair_places[:places]),
        sentence_places=tuple(sentence_places[:places]),
    )


def find_leaks(
    train: Sequence[Row],
    test: Sequence[Row],
    *,
    by: Literal["pair", "sentence"] = "pair",
    letters_only: bool = False,
    min_length: int = 0,
) -> list[int]:
    """Finds the rows of one list that another list, of whatever row types, has too.

    Args:
        train: The rows to look through.
        test: The rows to look for.
        by: "pair" for rows that share a whole pair with `test` (as `LeakReport` counts
            pairs), "sentence" for rows that share any one sentence.
        letters_only: Compare letters and digits alone: neither punctuation nor spacing.
        min_length: Leave out sentences (not pairs) of fewer characters, as compared;
            greetings and interjections stand in every corpus.

    Returns:
        The indices of such rows of `train`, ascending.

    Raises:
        InputError: Another `by`.

    Example:
        >>> from munjang.data.rows import Triplet
        >>> train = [Pair("문 열어", "문 좀 열어 줘"), Pair("문 닫아", "문 좀 닫아 줘")]
        >>> find_leaks(train, [Triplet("문 좀 닫아 줘", "문 닫아", "문 열어")])
        [1]
    """
    if by not in ("pair", "sentence"):
        raise unknown_name("kind of leak", by, ["pair", "sentence"])
    mine = [_units(row, letters_only=letters_only) for row in train]
    theirs = [_units(row, letters_only=letters_only) for row in test]
    if by == "sentence":
        mine = [_singles(units, min_length) for units in mine]
        theirs = [_singles(units, min_length) for units in theirs]
    known = {unit for units in theirs for unit in units}
    return [i for i, units in enumerate(mine) if any(unit in known for unit in units)]


def drop_leaks(
    train: Sequence[R],
    test: Sequence[Row],
    *,
    by: Literal["pair", "sentence"] = "pair",
    letters_only: bool = False,
    min_length: int = 0,
) -> list[R]:
    """Drops the rows of `train` that `find_leaks` finds.

    Args:
        train: The rows to train on.
        test: The rows to test on.
        by: As `find_leaks`.
        letters_only: As `find_leaks`.
        min_length: As `find_leaks`.

    Returns:
        The other rows, in their order.

    Raises:
        InputError: Another `by`.

    Example:
        >>> drop_leaks([Sentence("눈이 온다"), Sentence("해가 떴다")], [Sentence("눈이  온다")])
        [Sentence(text='해가 떴다', label=None)]
    """
    leaks = set(find_leaks(train, test, by=by, letters_only=letters_only, min_length=min_length))
    return [row for i, row in enumerate(train) if i not in leaks]


def find_pairs_in_groups(pairs: Sequence[Row], groups: Iterable[Sequence[str]]) -> list[int]:
    """Finds the rows that hold a sentence of paraphrase groups.

    For KLUE-STS dev and ParaKQC: dev is to be reported with and without those pairs.

    Returns:
        The indices of such rows, ascending.

    Example:
        >>> groups = [("불 켜", "점등"), ("불 꺼", "불 꺼 줘")]
        >>> find_pairs_in_groups([Pair("불 꺼", "소등")], groups)
        [0]
    """
    return find_leaks(pairs, [Sentence(text) for group in groups for text in group], by="sentence")


def find_groups_in_pairs(
    groups: Iterable[Sequence[str]], pairs: Sequence[Row], *, letters_only: bool = False
) -> list[int]:
    """Finds the groups of paraphrases that have a sentence in some rows.

    For ParaKQC and KLUE-STS dev: what to drop before training on ParaKQC.

    Args:
        groups: The groups.
        pairs: The rows to look in, of whatever types.
        letters_only: As `find_leaks`.

    Returns:
        The numbers of such groups, ascending from 0.

    Example:
        >>> groups = [("불 켜", "점등"), ("불 꺼", "불 꺼 줘")]
        >>> find_groups_in_pairs(groups, [Pair("불 꺼", "소등")])
        [1]
    """
    units = (unit for row in pairs for unit in _units(row, letters_only=letters_only))
    known = {text for unit in units for text in unit}
    return [
        number
        for number, group in enumerate(groups)
        if any(_fold(text, letters_only=letters_only) in known for text in group)
    ]


def _fold(text: str, *, letters_only: bool) -> str:
    text = fold_spaces(to_nfc(text))
    # A text of nothing but signs stays itself: it is not the same as every other such text.
    return (_SIGNS.sub("", text) or text) if letters_only else text


def _units(row: Row, *, letters_only: bool) -> list[Unit]:
    if isinstance(row, Sentence):
        pairs: list[tuple[str, ...]] = [(row.text,)]
    elif isinstance(row, Triplet):
        pairs = [(row.anchor, row.positive), (row.anchor, row.negative)]
    elif isinstance(row, Pair):
        pairs = [(row.anchor, row.positive)]
    else:
        pairs = [(row.sentence1, row.sentence2)]
    return [
        tuple(sorted(_fold(text, letters_only=letters_only) for text in pair)) for pair in pairs
    ]


def _singles(units: Iterable[Unit], min_length: int) -> list[Unit]:
    texts = dict.fromkeys(text for unit in units for text in unit)
    return [(text,) for text in texts if len(text) >= min_length]


def _common(
    train: Sequence[Sequence[Unit]], test: Sequence[Sequence[Unit]]
) -> tuple[set[Unit], list[LeakPlace]]:
    first: dict[Unit, int] = {}
    for number, units in enumerate(train):
        for unit in units:
            first.setdefault(unit, number)
    found: dict[Unit, LeakPlace] = {}
    for number, units in enumerate(test):
        for unit in units:
            if unit in first and unit not in found:
                found[unit] = LeakPlace(first[unit], number, unit)
    return set(found), list(found.values())
