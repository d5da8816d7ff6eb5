"""Rows made ready for training: NLI to triplets, groups to pairs, no duplicates."""

from __future__ import annotations

import itertools
import random
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, get_args

from munjang.data.rows import LabeledPair, NliLabel, Pair, Row, ScoredPair, Triplet
from munjang.errors import InputError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

R = TypeVar("R", bound=Row)
_Hypotheses: TypeAlias = "tuple[str, list[str], list[str]]"

TripletWay = Literal["last", "random", "product", "zip"]
"""How a premise's hypotheses become triplets; see `nli_to_triplets`."""

EXPECTED_TRIPLETS: Mapping[str, range] = MappingProxyType(
    {"last": range(277_811, 277_812), "random": range(8_886 * 64, 8_887 * 64)}
)
"""How many triplets of the full KorNLI lie in the published files, where that is known.

"last" is of multinli's rows and then snli's. "random" is of the two files made apart, and
known from the length of its loader alone: 8,886 full batches of 64.
"""

_MISSING = "n/a"
_NO_QUOTES = str.maketrans("", "", "\"'")


def nli_to_triplets(
    rows: Iterable[LabeledPair], *, way: TripletWay = "zip", seed: int = 0
) -> list[Triplet]:
    """Turns inference pairs into triplets: premise, entailed hypothesis, contradicting one.

    Supervised SimCSE (Gao et al. 2021) trains on such triplets. Premises that lack one of
    the two give none, and neutral pairs are left out. The ways of the field:

    | way | triplets of a premise | as in |
    |---|---|---|
    | last | one, of its last entailment and its last contradiction | SimCSE-KO |
    | random | two, of draws that do not know of each other | ko-sentence-transformers |
    | product | each entailment with each contradiction | KoSimCSE-SageMaker |
    | zip | the i-th entailment with the i-th contradiction | unknown |

    "last" then deletes all quotes (" and ') and drops triplets with a text "n/a".
    "random" strips the texts and takes each pair in both directions, so that hypotheses
    are premises too, with the label of the pair; it gives (premise, entailed,
    contradicting) and (entailed, premise, contradicting), drawn from the distinct texts.
    Its authors draw in the order of a hash, which no seed repeats; here the order is that
    of first appearance. "product" leaves out premises without a contradiction, where its
    authors put a blank. "zip" is our guess at KoSimCSE's, which is not published: the one
    row that its authors show would fit.

    Args:
        rows: Pairs labelled with an `NliLabel`. Premises are compared as they stand.
        way: How a premise's hypotheses are matched.
        seed: Of the draws of "random".

    Returns:
        The triplets, premises in the order of their first appearance. None is dropped for
        an empty text or as a duplicate.

    Raises:
        InputError: A label that is not an `NliLabel`, or an unknown way.

    Example:
        >>> rows = [
        ...     LabeledPair("아이가 공원에서 달린다.", "아이가 밖에 있다.", "entailment"),
        ...     LabeledPair("아이가 공원에서 달린다.", "아이가 잔다.", "contradiction"),
        ...     LabeledPair("아이가 공원에서 달린다.", "아이가 움직인다.", "entailment"),
        ... ]
        >>> [triplet.positive for triplet in nli_to_triplets(rows, way="last")]
        ['아이가 움직인다.']
        >>> [triplet.positive for triplet in nli_to_triplets(rows, way="product")]
        ['아이가 밖에 있다.', '아이가 움직인다.']
    """
    if way not in get_args(TripletWay):
        raise unknown_name("way of making triplets", way, get_args(TripletWay))
    if way == "random":
        return _draw_triplets(_by_premise(rows, both_directions=True), seed)
    premises = _by_premise(rows)
    if way == "last":
        return _last_triplets(premises)
    match = itertools.product if way == "product" else zip
    return [
        Triplet(premise, positive, negative)
        for premise, entailed, contradicting in premises
        for positive, negative in match(entailed, contradicting)
    ]


def _by_premise(rows: Iterable[LabeledPair], *, both_directions: bool = False) -> list[_Hypotheses]:
    """Each premise that has both, with its entailed and its contradicting hypotheses."""
    premises: dict[str, dict[str, list[str]]] = {}
    for number, row in enumerate(rows):
        if row.label not in get_args(NliLabel):
            raise InputError(
                f"row {number} is no inference pair",
                found=repr(row.label),
                fix="labels entailment, neutral and contradiction",
            )
        pairs = [(row.sentence1, row.sentence2)]
        if both_directions:
            first, second = row.sentence1.strip(), row.sentence2.strip()
            pairs = [(first, second), (second, first)]
        for premise, hypothesis in pairs:
            hypotheses = premises.setdefault(premise, {label: [] for label in get_args(NliLabel)})
            hypotheses[row.label].append(hypothesis)
    return [
        (premise, of["entailment"], of["contradiction"])
        for premise, of in premises.items()
        if of["entailment"] and of["contradiction"]
    ]


def _last_triplets(premises: Iterable[_Hypotheses]) -> list[Triplet]:
    lasts = ((premise, entailed[-1], against[-1]) for premise, entailed, against in premises)
    clean = (tuple(text.translate(_NO_QUOTES) for text in texts) for texts in lasts)
    return [Triplet(*texts) for texts in clean if _MISSING not in texts]


def _draw_triplets(premises: Iterable[_Hypotheses], seed: int) -> list[Triplet]:
    # S311 is about secrets; a draw that anyone can repeat is what is wanted here.
    draw = random.Random(seed)  # noqa: S311 - a draw that anyone can repeat
    triplets = []
    for key, entailed, against in premises:
        positives, negatives = list(dict.fromkeys(entailed)), list(dict.fromkeys(against))
        triplets.append(Triplet(key, draw.choice(positives), draw.choice(negatives)))
        triplets.append(Triplet(draw.choice(positives), key, draw.choice(negatives)))
    return triplets


def groups_to_pairs(
    groups: Iterable[Sequence[str]], *, per_group: int | None = None, seed: int = 0
) -> list[Pair]:
    """Turns groups of paraphrases into pairs.

    Args:
        groups: Texts that mean the same, group by group.
        per_group: How many of a group's pairs to draw, without repetition; None for all
            of them (45 for a group of ten).
        seed: Of the draw. A group's draw depends on the groups before it.

    Returns:
        Pairs of two different places of one group, the earlier one as the anchor, group
        by group; a group of one gives none.

    Raises:
        InputError: `per_group` below 1.

    Example:
        >>> groups_to_pairs([("불 꺼", "불 좀 꺼 줘", "소등해 줘")], per_group=1, seed=7)
        [Pair(anchor='불 꺼', positive='소등해 줘')]
    """
    if per_group is not None and per_group < 1:
        raise InputError("per_group must be at least 1", found=str(per_group), fix="None for all")
    # S311 is about secrets; a draw that anyone can repeat is what is wanted here.
    draw = random.Random(seed)  # noqa: S311 - a draw that anyone can repeat
    pairs: list[Pair] = []
    for group in groups:
        every = list(itertools.combinations(group, 2))
        if per_group is not None and per_group < len(every):
            every = [every[i] for i in sorted(draw.sample(range(len(every)), per_group))]
        pairs.extend(Pair(anchor, positive) for anchor, positive in every)
    return pairs


def drop_duplicates(rows: Iterable[R]) -> list[R]:
    """Drops rows that say what an earlier row says; the first one and the order stay.

    Two rows say the same if they are equal in every field, texts compared as they stand.
    A `ScoredPair` and a `Pair` have no direction, so their two texts may be swapped; a
    `LabeledPair` (premise and hypothesis) and a `Triplet` have one. Rows that differ in
    score or label alone are no duplicates: they are a contradiction for you to settle.

    Example:
        >>> drop_duplicates([Pair("비가 온다", "비 온다"), Pair("비 온다", "비가 온다")])
        [Pair(anchor='비가 온다', positive='비 온다')]
    """
    seen: dict[Hashable, R] = {}
    for row in rows:
        seen.setdefault(_undirected(row), row)
    return list(seen.values())


def _undirected(row: Row) -> Hashable:
    if isinstance(row, ScoredPair):
        return ScoredPair, *sorted((row.sentence1, row.sentence2)), row.score
    if isinstance(row, Pair):
        return Pair, *sorted((row.anchor, row.positive))
    return row
