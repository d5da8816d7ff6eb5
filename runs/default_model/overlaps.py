"""What the training sets have in common with the rows of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from munjang.evaluate.contamination import measure_overlap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TESTS = (
    "korsts:test",
    "klue-sts:dev",
    "kornli:test",
    "klue-nli:dev",
    "question-pair:test",
    "stylekqc:test",
    "petitions:all",
    "flores200:devtest",
    "tatoeba:test",
    "ynat:held-out",
    "3i4k:test",
    "nsmc:held-out-sentiment",
)


def count_overlaps(trained_on: Sequence[str], data_dir: Path) -> list[dict[str, Any]]:
    """Sentences of each test that stand in each training set, where there are any.

    Args:
        trained_on: Training sets, NAME:SPLIT; the whole split is counted, the rows too that
            training left out for standing in a test.
        data_dir: The folder of data sets.

    Returns:
        "train", "test", "shared" (sentences) and "sentences" (of the test) for each two.
    """
    found = []
    for train in trained_on:
        for test in TESTS:
            overlap = measure_overlap(train, test, data_dir=data_dir)
            if overlap.shared:
                found.append(
                    {
                        "train": train,
                        "test": test,
                        "shared": overlap.shared,
                        "sentences": overlap.of,
                    }
                )
    return found
