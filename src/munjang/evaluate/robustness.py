"""How far a model's scores fall when texts are edited in ways that keep the meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from munjang import __version__
from munjang.errors import InputError, unknown_name
from munjang.evaluate.ranks import spearman
from munjang.evaluate.record import Absent
from munjang.evaluate.robust_record import EditCurve, RobustResult
from munjang.evaluate.sts import check_gold
from munjang.evaluate.vectors import VectorStore, store_of
from munjang.korean.morph import has_kiwi
from munjang.korean.perturb import EDITS, perturb_all
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.data.rows import ScoredPair
    from munjang.encode.encoder import Encoder, Vectors
    from munjang.evaluate.sts import Floats

DOSES = (0.25, 0.5, 0.75, 1.0)
"""The doses beside 0."""


@dataclass(frozen=True, slots=True)
class _Clean:
    """The pairs without edits: what every edit is held against."""

    first: Vectors
    second: Vectors
    texts: list[str]
    gold: Floats
    pool: Vectors
    own: list[int]


def run_robust(
    encoder: Encoder | VectorStore,
    pairs: Sequence[ScoredPair],
    *,
    task: str,
    split: str,
    edits: Sequence[str] | None = None,
    doses: Sequence[float] = DOSES,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> RobustResult:
    """Measures a model on scored pairs whose second sentence is edited, dose by dose.

    One side only, as where a user's hasty query meets clean text. Three things are
    measured at each dose: the cosine Spearman with the gold scores; the mean cosine of
    the edited sentences with what they were; and how many of them are still nearest to
    what they were among all sentences of the pairs.

    Args:
        encoder: The model, or a store of its vectors.
        pairs: At least two pairs.
        task: What the record calls them.
        split: Their split.
        edits: Names out of `munjang.korean.perturb.EDITS`; all when None.
        doses: Rising, above 0 and at most 1.
        seed: Seed of the edits.
        batch_size: How many sentences go through the model at once.
        progress: Show progress on stderr.

    Returns:
        A curve an edit. Edits that need a package which is not installed are in
        `absent`, unless they were asked for by name.

    Raises:
        InputError: An edit is unknown, a dose is out of range, no correlation is defined
            on these pairs, the clean one is not above 0, or no edit changes any sentence.
        MissingExtraError: An edit that was asked for needs a package.
        ModelError: The model's vectors cannot be used.
    """
    chosen, absent = _choose(edits)
    steps = [float(dose) for dose in doses]
    if not steps or not all(a < b for a, b in zip([0.0, *steps], steps, strict=False)):
        raise InputError("doses rise from above 0", found=", ".join(map(str, doses)) or "none")
    store = store_of(encoder, batch_size=batch_size)
    encoded, seconds = store.encoded, store.seconds
    clean = _read_clean(store, pairs)
    start = _measure(store, clean, clean.texts)
    if start[0] <= 0:
        raise InputError(
            f"{store.name} has nothing to lose: its score on clean text is not above 0",
            found=f"cosine Spearman {100 * start[0]:.2f}",
        )
    total = len(chosen) * len(steps)
    with progress_bar("editing", total=total, unit="doses", shown=progress) as advance:
        curves = []
        for edit in chosen:
            points = [start]
            for dose in steps:
                texts = perturb_all(clean.texts, edit, dose=dose, seed=seed)
                points.append(_measure(store, clean, texts))
                advance(1)
            rho, cosine, retrieval, changed = zip(*points, strict=True)
            curves.append(
                EditCurve(
                    edit=edit,
                    doses=(0.0, *steps),
                    spearman=rho,
                    cosine=cosine,
                    retrieval=retrieval,
                    changed=changed,
                )
            )
    if not any(curve.changes for curve in curves):
        raise InputError(
            "none of the edits found anything to change in these texts",
            found=", ".join(chosen),
            fix="texts with Hangul, or other edits",
        )
    return RobustResult(
        model=store.name,
        task=task,
        split=split,
        rows=len(pairs),
        seed=seed,
        curves=tuple(curves),
        absent=absent,
        sentences=store.encoded - encoded,
        seconds=store.seconds - seconds,
        encoder=repr(store.encoder),
        munjang=__version__,
    )


def _choose(edits: Sequence[str] | None) -> tuple[list[str], tuple[Absent, ...]]:
    if edits is not None:
        if not edits:
            raise InputError("no edit was given", fix=f"such as {next(iter(EDITS))}")
        for edit in edits:
            if edit not in EDITS:
                raise unknown_name("edit", edit, EDITS)
        return list(dict.fromkeys(edits)), ()
    missing = [] if has_kiwi() else [name for name, edit in EDITS.items() if edit.needs_kiwi]
    why = 'needs packages that are not installed: pip install "munjang[korean]"'
    return (
        [name for name in EDITS if name not in missing],
        tuple(Absent(name, "edit", why) for name in missing),
    )


def _read_clean(store: VectorStore, pairs: Sequence[ScoredPair]) -> _Clean:
    gold = check_gold([pair.score for pair in pairs])
    texts = [pair.sentence2 for pair in pairs]
    pool = list(dict.fromkeys(text for pair in pairs for text in (pair.sentence1, pair.sentence2)))
    row_of = {text: row for row, text in enumerate(pool)}
    return _Clean(
        first=store.unit([pair.sentence1 for pair in pairs]),
        second=store.unit(texts),
        texts=texts,
        gold=gold,
        pool=store.unit(pool),
        own=[row_of[text] for text in texts],
    )


def _measure(
    store: VectorStore, clean: _Clean, texts: list[str]
) -> tuple[float, float, float, float]:
    """Spearman, mean cosine to the twin, self-retrieval at 1, and the share that changed."""
    edited = store.unit(texts)
    similarity = np.einsum("ij,ij->i", clean.first, edited, dtype=np.float64)
    rho = float(spearman(similarity, clean.gold, np.ones((len(texts), 1)))[0])
    if not np.isfinite(rho):
        raise InputError("correlation undefined: the cosine of all pairs is the same")
    cosine = np.einsum("ij,ij->i", clean.second, edited, dtype=np.float64)
    nearest = (edited @ clean.pool.T).argmax(axis=1)
    changed = [text != before for text, before in zip(texts, clean.texts, strict=True)]
    return rho, float(cosine.mean()), float(np.mean(nearest == clean.own)), float(np.mean(changed))
