"""What steps are chosen by: rows that no test uses; of these step 3 reads some headlines."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang.data.catalog import load_rows
from munjang.data.draw import draw_rows
from munjang.data.leaks import find_leaks
from munjang.data.retrieval import pairs_to_retrieval
from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence
from munjang.evaluate.classes import measure_clusters
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.pairs import measure_pairs
from munjang.evaluate.retrieval import measure_retrieval
from munjang.evaluate.sts import correlations
from munjang.evaluate.suite_measures import draw_petitions
from munjang.evaluate.tasks import WITHOUT_PARAKQC, load_task
from munjang.evaluate.vectors import VectorStore
from munjang.files import whole_file
from munjang.train.entries import split_ref

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from munjang.encode.encoder import SentenceEncoder

KLUE_ROWS = 1000
"""Rows of KLUE-STS-train that no graded step is trained on.

The contrastive step reads groups of ParaKQC, and a third of these rows hold a sentence of one.
"""

MIDDLE = (0.5, 3.5)
"""Scores from the first to below the second are the middle of KLUE-STS."""

_SEED = 0
_HEADLINES, _INFERENCES, _PETITIONS, _BODY = 2000, 500, 400, 300

CHOOSING = {
    "korsts-dev": "KorSTS dev, cosine Spearman",
    "klue-held": f"KLUE-STS train, {KLUE_ROWS:,} rows that no graded step reads, cosine Spearman",
    "xnli-dev": f"XNLI-ko dev, {_INFERENCES} pairs, average precision",
    "petitions-rest": f"{_PETITIONS} petitions that the suite does not draw, title to the first "
    f"{_BODY} characters, nDCG@10",
    "ynat-train": f"YNAT train, {_HEADLINES:,} headlines, V-measure",
}
"""What is measured to choose by, x100."""

TESTS = {
    "korsts:test": "KorSTS test, cosine Spearman",
    "klue-sts:dev": "KLUE-STS dev, cosine Spearman",
    f"klue-sts:{WITHOUT_PARAKQC}": "KLUE-STS dev without ParaKQC, cosine Spearman",
}
"""What is measured to report, x100: nothing is chosen by it."""


def hold_out_klue(data_dir: Path, path: Path) -> None:
    """Writes the rows of KLUE-STS-train that are held out, for a recipe to report on."""
    rows = list(load_rows("klue-sts", "train", data_dir=data_dir))
    random.Random(_SEED).shuffle(rows)  # noqa: S311 - a draw that anyone can repeat
    _write_scored(path, [row for row in rows[:KLUE_ROWS] if isinstance(row, ScoredPair)])


def write_middle(data_dir: Path, path: Path) -> None:
    """Writes the pairs of KLUE-STS-train with a score of `MIDDLE`, three in ten of all.

    The others lie at the two ends, and to order those is easy: CoSENT learns little from them.
    """
    least, most = MIDDLE
    rows = load_rows("klue-sts", "train", data_dir=data_dir)
    middle = [row for row in rows if isinstance(row, ScoredPair) and least <= row.score < most]
    _write_scored(path, middle)


def write_headlines(data_dir: Path, path: Path, *, rows: int) -> None:
    """Writes so many headlines, one a line, of YNAT-train; none is one that is measured."""
    _, others = _headlines(data_dir)
    write_lines(path, [row.text for row in draw_rows(others, rows, seed=_SEED)])


def write_petitions(data_dir: Path, path: Path) -> None:
    """Writes petitions to train on: none has the title or the body of one that is measured."""
    cells = [
        (pair.anchor, pair.positive) for pair in map(_shorten, _petitions_to_train_on(data_dir))
    ]
    _write_table(path, [("anchor", "positive"), *cells])


def write_petition_texts(data_dir: Path, path: Path, *, bodies: int | None = None) -> None:
    """Writes titles and first characters of these petitions, one a line; or some of the latter."""
    pairs = list(map(_shorten, _petitions_to_train_on(data_dir)))
    if bodies is None:
        write_lines(path, [text for pair in pairs for text in (pair.anchor, pair.positive)])
    else:
        write_lines(path, [pair.positive for pair in pairs[:bodies]])


def write_petition_bodies(data_dir: Path, path: Path, *, bodies: int) -> None:
    """Writes so many whole bodies of these petitions, one a line."""
    write_lines(path, [pair.positive for pair in _petitions_to_train_on(data_dir)[:bodies]])


def _petitions_to_train_on(data_dir: Path) -> list[Pair]:
    of_the_suite, rest = _petitions(data_dir)
    short = list(map(_shorten, rest))
    measured = [*map(_shorten, of_the_suite), *draw_rows(short, _PETITIONS, seed=_SEED)]
    leaks = set(find_leaks(short, measured, by="sentence", letters_only=True))
    return [pair for row, pair in enumerate(rest) if row not in leaks]


def _petitions(data_dir: Path) -> tuple[list[Pair], list[Pair]]:
    """Title and body of the petitions that the suite draws, and of the others."""
    rows = load_rows("petitions", "all", data_dir=data_dir)
    whole = [row for row in rows if isinstance(row, Pair) and row.positive.strip()]
    drawn = set(draw_petitions(whole, seed=0))
    return [p for p in whole if p in drawn], [p for p in whole if p not in drawn]


def _headlines(data_dir: Path) -> tuple[list[Sentence], list[Sentence]]:
    """The headlines of YNAT-train that are measured, and those with another text."""
    rows = load_rows("ynat", "train", data_dir=data_dir)
    headlines = [row for row in rows if isinstance(row, Sentence)]
    measured = draw_rows(headlines, _HEADLINES, seed=_SEED)
    texts = {row.text for row in measured}
    return measured, [row for row in headlines if row.text not in texts]


def _shorten(petition: Pair) -> Pair:
    return Pair(petition.anchor, petition.positive[:_BODY])


def write_lines(path: Path, texts: Sequence[str]) -> None:
    """Writes a text a line; white space within becomes one blank."""
    with whole_file(path) as file:
        file.write("".join(" ".join(text.split()) + "\n" for text in texts).encode())


def _write_scored(path: Path, pairs: Sequence[ScoredPair]) -> None:
    cells = [(pair.sentence1, pair.sentence2, f"{pair.score:g}") for pair in pairs]
    _write_table(path, [("sentence1", "sentence2", "score"), *cells])


def _write_table(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    """Writes tab-separated rows, the header first; white space in a cell becomes one blank."""
    lines = ["\t".join(" ".join(cell.split()) for cell in row) for row in rows]
    with whole_file(path) as file:
        file.write(("\n".join(lines) + "\n").encode())


@dataclass(frozen=True)
class Rows:
    """The rows of every measurement, read once."""

    scored: Mapping[str, Sequence[ScoredPair]]
    inferences: Sequence[LabeledPair]
    petitions: Sequence[Pair]
    headlines: Sequence[Sentence]


def read_all(data_dir: Path, klue_held: Sequence[ScoredPair]) -> Rows:
    """Reads the rows to choose by and those to report."""
    scored = {"korsts-dev": load_task("korsts", split="dev", data_dir=data_dir)}
    scored["klue-held"] = [*klue_held]
    for key in TESTS:
        task, split = split_ref(key)
        scored[key] = load_task(task, split=split, data_dir=data_dir)
    inferences = [
        row
        for row in load_rows("kornli", "dev", data_dir=data_dir)
        if isinstance(row, LabeledPair) and row.label != "neutral"
    ]
    return Rows(
        scored=scored,
        inferences=draw_rows(inferences, _INFERENCES, seed=_SEED),
        petitions=draw_rows([*map(_shorten, _petitions(data_dir)[1])], _PETITIONS, seed=_SEED),
        headlines=_headlines(data_dir)[0],
    )


def measure(encoder: SentenceEncoder, rows: Rows) -> dict[str, float]:
    """Measures a model on all of `CHOOSING` and `TESTS`."""
    store = VectorStore(encoder)

    def how(name: str) -> Measurement:
        return Measurement(task=name, split="held-out", intervals=False)

    found = {name: _spearman(store, pairs) for name, pairs in rows.scored.items()}
    found["xnli-dev"] = measure_pairs(
        store,
        rows.inferences,
        how("xnli-dev"),
        positive="entailment",
        negative="contradiction",
        dev=rows.inferences,
    ).score
    petitions = pairs_to_retrieval("petitions", rows.petitions)
    found["petitions-rest"] = measure_retrieval(store, petitions, how("petitions")).score
    found["ynat-train"] = measure_clusters(store, rows.headlines, how("ynat")).score
    return {name: round(100 * found[name], 2) for name in (*CHOOSING, *TESTS)}


def _spearman(store: VectorStore, pairs: Sequence[ScoredPair]) -> float:
    first = store.unit([pair.sentence1 for pair in pairs])
    second = store.unit([pair.sentence2 for pair in pairs])
    return correlations(first, second, [pair.score for pair in pairs]).cosine_spearman
