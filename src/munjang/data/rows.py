"""The rows that data sets are made of: columns by name, never by position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

NliLabel = Literal["entailment", "neutral", "contradiction"]
"""The three relations of natural language inference, spelled out (never 0, 1, 2)."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, with a class label where the data set has one.

    Attributes:
        text: The sentence.
        label: The class as the data set names it, or None.
    """

    text: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that belong together: paraphrases, a question and its twin, title and body."""

    anchor: str
    positive: str


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two sentences and how alike they mean, from 0 (unrelated) to 5 (the same).

    Attributes:
        sentence1: The first sentence.
        sentence2: The second sentence.
        score: The graded similarity in [0, 5].
    """

    sentence1: str
    sentence2: str
    score: float


@dataclass(frozen=True, slots=True)
class LabeledPair:
    """Two sentences and a named relation, such as an `NliLabel`, "same" or "different".

    Attributes:
        sentence1: The premise, or the first sentence.
        sentence2: The hypothesis, or the second sentence.
        label: The relation's name.
    """

    sentence1: str
    sentence2: str
    label: str


@dataclass(frozen=True, slots=True)
class Triplet:
    """An anchor, a sentence close to it, and one that only looks close (a hard negative)."""

    anchor: str
    positive: str
    negative: str


Row: TypeAlias = Sentence | Pair | ScoredPair | LabeledPair | Triplet
"""Any of the row types."""
