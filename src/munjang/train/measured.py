"""What a run measures before and after: similarity, and how it holds on edited text."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator

from munjang.errors import MunjangError, MunjangWarning
from munjang.evaluate.robustness import run_robust
from munjang.evaluate.tasks import StsResult, evaluate_sts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from munjang.data.rows import ScoredPair
    from munjang.encode.encoder import Encoder
    from munjang.evaluate.robust_record import RobustResult

ROBUST_PAIRS = 200
"""Robustness is measured on at most so many pairs."""

ROBUST_DOSES = (0.5, 1.0)
"""The doses of every edit there, beside 0."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one model.

    Attributes:
        scores: A result for each set of pairs.
        robust: How it holds on edited text; None where that was not asked for.
    """

    scores: Sequence[StsResult] = ()
    robust: RobustResult | None = None


def measure(
    encoder: Encoder,
    reports: Mapping[str, Sequence[ScoredPair]],
    *,
    robust: bool,
    say: Callable[[str], None],
    progress: bool = False,
) -> Measured:
    """Measures a model on what a run reports.

    Robustness is measured on the first set, on `ROBUST_PAIRS` of its pairs evenly spread over
    the scores. Where it is undefined, or there is no set, a warning says so.

    Args:
        encoder: The model.
        reports: The pairs, by NAME:SPLIT or file.
        robust: Whether to measure robustness too.
        say: Takes a line for each.
        progress: Show bars on stderr.
    """
    scores = []
    for ref, pairs in reports.items():
        task, split = _name(ref)
        result = evaluate_sts(encoder, pairs, task=task, split=split, progress=progress)
        spearman = 100 * result.correlations.cosine_spearman
        say(f"{encoder.name} on {ref}: cosine Spearman {spearman:.2f}")
        scores.append(result)
    return Measured(scores, _measure_robust(encoder, reports, say, progress) if robust else None)


def spread(pairs: Sequence[ScoredPair], most: int) -> list[ScoredPair]:
    """Takes pairs evenly along their scores, the lowest and the highest among them.

    Args:
        pairs: The pairs.
        most: How many to take at most, 2 or more.

    Returns:
        All of them as they stand if they are not more; else in the order of their scores.

    Example:
        >>> from munjang.data.rows import ScoredPair
        >>> pairs = [ScoredPair(f"{n}번 버스", "버스", score=n / 2) for n in range(9)]
        >>> [pair.score for pair in spread(pairs, 3)]
        [0.0, 2.0, 4.0]
    """
    if len(pairs) <= most:
        return list(pairs)
    ordered = sorted(pairs, key=lambda pair: pair.score)
    return [ordered[place] for place in np.linspace(0, len(pairs) - 1, most).round().astype(int)]


def summarize(before: Measured, after: Measured) -> dict[str, Any]:
    """What a manifest says of robustness, whose curves stand in the scores; {} where none is."""
    old, new = before.robust, after.robust
    if old is None or new is None:
        return {}
    measured = {"task": new.task, "split": new.split, "pairs": new.rows}
    return {"robust": measured | {"kept_before": old.kept, "kept_after": new.kept}}


def dev_evaluator(dev: Sequence[ScoredPair]) -> EmbeddingSimilarityEvaluator | None:
    """What looks at the dev pairs while training; None where there are none."""
    if not dev:
        return None
    return EmbeddingSimilarityEvaluator(
        [pair.sentence1 for pair in dev],
        [pair.sentence2 for pair in dev],
        [pair.score for pair in dev],
        batch_size=64,
        main_similarity="cosine",
        similarity_fn_names=["cosine"],
        name="dev",
        write_csv=False,
    )


def _measure_robust(
    encoder: Encoder,
    reports: Mapping[str, Sequence[ScoredPair]],
    say: Callable[[str], None],
    progress: bool,
) -> RobustResult | None:
    if not reports:
        _warn("evaluate.report has no pairs that are at hand")
        return None
    ref, pairs = next(iter(reports.items()))
    task, split = _name(ref)
    try:
        result = run_robust(
            encoder,
            spread(pairs, ROBUST_PAIRS),
            task=task,
            split=split,
            doses=ROBUST_DOSES,
            progress=progress,
        )
        kept = result.kept
    except (MunjangError, ZeroDivisionError) as error:  # a model that is no use is still saved
        _warn(f"on {ref} of {encoder.name}: {getattr(error, 'what', 'a score of 0')}")
        return None
    say(f"{encoder.name} on {ref}, edited: {100 * kept:.1f}% of the score kept")
    return result


def _name(ref: str) -> tuple[str, str]:
    """What a record calls a set, and its split."""
    task, _, split = ref.rpartition(":") if ":" in ref else (Path(ref).stem, "", "all")
    return task, split


def _warn(why: str) -> None:
    warnings.warn(f"robustness is not measured: {why}", MunjangWarning, stacklevel=3)
