"""Texts with classes: do clusters agree with them, and are a few labels enough to learn them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from munjang.errors import InputError
from munjang.evaluate.outcome import conclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from munjang.data.rows import Sentence
    from munjang.evaluate.outcome import Measurement
    from munjang.evaluate.record import TaskResult
    from munjang.evaluate.sts import Floats
    from munjang.evaluate.vectors import VectorStore

STARTS = 32
"""k-means is run from so many starts, a seed each.

Several clusterings of a set may be as good by its inertia to a millionth and agree with the classes
by five points more or less. The best of a few starts is one of them by chance, and what changes the
last bits of vectors draws anew; the mean of many starts stays.
"""

LABELS = 16
"""How many labelled texts of each class the classifier learns from."""

DRAWS = 10
"""How often these are drawn anew."""


def measure_clusters(
    store: VectorStore, rows: Sequence[Sentence], measured: Measurement
) -> TaskResult:
    """Clusters texts by k-means, as many clusters as classes, and compares the two.

    Args:
        store: The model's vectors; unit length is used.
        rows: Texts with their classes.
        measured: What to call it; its seed is the first of `STARTS`.

    Returns:
        The result: the V-measure, the mean over the starts, with "spread", the standard
        deviation between them. The interval is of the choice of texts and of starts.

    Raises:
        InputError: There are fewer than two classes, or a text has none.
        ModelError: The model's vectors cannot be used.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import v_measure_score

    label, names = _labels(rows, measured.task)
    vectors = store.unit([row.text for row in rows])
    found = [
        KMeans(len(names), n_init=1, random_state=measured.seed + turn).fit_predict(vectors)
        for turn in range(STARTS)
    ]
    each = [v_measure_score(label, cluster) for cluster in found]
    return conclude(
        store.name,
        "clustering",
        {"cluster": np.array(found, np.float64), "label": label.astype(np.float64)},
        measured,
        content=[(row.text, row.label) for row in rows],
        scores={"spread": float(np.std(each))},
    )


def measure_few_labels(
    store: VectorStore,
    rows: Sequence[Sentence],
    measured: Measurement,
    *,
    train: Sequence[Sentence],
) -> TaskResult:
    """Learns the classes from a few labelled texts and asks how many others it gets right.

    Logistic regression of scikit-learn, its defaults, on vectors of unit length: what a
    user with an evening of labelling would get. The interval is of the choice of texts;
    the choice of labels, the same for every model, shows in "spread".

    Args:
        store: The model's vectors.
        rows: The texts that are classified.
        measured: What to call it; its seed begins the draws.
        train: Where `LABELS` texts of each class are drawn from, `DRAWS` times.

    Returns:
        The result: the accuracy, the mean over the draws, with "macro_f1" and "spread",
        the standard deviation of the accuracy between draws.

    Raises:
        InputError: There are fewer than two classes, or too few texts of one to draw.
        ModelError: The model's vectors cannot be used.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    truth, names = _labels(rows, measured.task)
    vectors = store.unit([row.text for row in rows])
    right, macro = [], []
    learned: list[Sentence] = []
    for turn in range(DRAWS):
        few = _draw(train, names, seed=measured.seed + turn, task=measured.task)
        learned += few
        learner = LogisticRegression(max_iter=1000)
        learner.fit(store.unit([row.text for row in few]), [row.label for row in few])
        says = np.searchsorted(names, learner.predict(vectors))
        right.append(says == truth)
        macro.append(f1_score(truth, says, average="macro"))
    correct = np.array(right, dtype=np.float64)
    return conclude(
        store.name,
        "classification",
        {"value": correct.mean(axis=0)},
        measured,
        content=[(row.text, row.label) for row in (*rows, *learned)],
        scores={
            "macro_f1": float(np.mean(macro)),
            "spread": float(correct.mean(axis=1).std()),
        },
    )


def _labels(rows: Sequence[Sentence], task: str) -> tuple[NDArray[np.intp], list[str]]:
    """The number of each row's class, and the classes in alphabetical order."""
    for number, row in enumerate(rows):
        if row.label is None:
            raise InputError(f"{task}: text {number} (counted from 0) has no class")
    names, label = np.unique([str(row.label) for row in rows], return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"{task} needs texts of at least two classes", found=", ".join(names) or "no text"
        )
    return label, names.tolist()


def _draw(
    train: Sequence[Sentence], names: Sequence[str], *, seed: int, task: str
) -> list[Sentence]:
    """`LABELS` texts of each class, by the seed."""
    rng = np.random.default_rng(seed)
    drawn: list[Sentence] = []
    for name in names:
        candidates = [row for row in train if row.label == name]
        if len(candidates) < LABELS:
            raise InputError(
                f"{task} draws {LABELS} texts of each class",
                found=f"{len(candidates)} of {name!r}",
            )
        rows: Floats | NDArray[np.intp] = rng.choice(len(candidates), LABELS, replace=False)
        drawn += [candidates[row] for row in sorted(rows.tolist())]
    return drawn
