"""Rows made ready for training: NLI to triplets, groups to pairs, no duplicates."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Literal, TypeVar

from munjang.data.rows import LabeledPair, Pair, Row, ScoredPair, Triplet
from munjang.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

R = TypeVar("R", bound=Row)


def nli_to_triplets(rows: Iterable[LabeledPair], *, way: Literal["zip"] = "zip") -> list[Triplet]:
    """Turns inference pairs into triplets: premise, entailed hypothesis, contradicting one.

    The way "zip" takes each premise's hypotheses in file order and puts the i-th
    entailment with the i-th contradiction; what has no partner is left out, and so are
    neutral pairs. Supervised SimCSE (Gao et al. 2021) trains on such triplets.

    Args:
        rows: Pairs labelled with an `NliLabel`. Premises are compared as they stand.
        way: How a premise's hypotheses are matched.

    Returns:
        The triplets, premises in the order of their first appearance.

    Raises:
        InputError: A label that is not an `NliLabel`, or an unknown way.

    Example:
        >>> rows = [
        ...     LabeledPair("아이가 공원에서 달린다.", "아이가 밖에 있다.", "entailment"),
        ...     LabeledPair("아이가 공원에서 달린다.", "아이가 잔다.", "contradiction"),
        ... ]
        >>> nli_to_triplets(rows)[0].negative
        '아이가 잔다.'
    """
    if way != "zip":
        raise InputError(f"unknown way of making triplets {way!r}", fix="known: zip")
    premises: dict[str, dict[str, list[str]]] = {}
    for number, row in enumerate(rows):
        hypotheses = premises.setdefault(
            row.sentence1, {"entailment": [], "neutral": [], "contradiction": []}
        )
        if row.label not in hypotheses:
            raise InputError(
                f"row {number} is no inference pair",
                found=repr(row.label),
                fix="labels entailment, neutral and contradiction",
            )
        hypotheses[row.label].append(row.sentence2)
    return [
        Triplet(premise, positive, negative)
        for premise, hypotheses in premises.items()
        for positive, negative in zip(hypotheses["entailment"], hypotheses["contradiction"])  # noqa: B905
    ]


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
    draw = random.Random(seed)  # noqa: S311
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
