"""What a run measures of a model: similarity, and how it holds on edited text."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

import munjang
from munjang.data.rows import ScoredPair
from munjang.errors import MunjangWarning
from munjang.evaluate.robustness import run_robust
from munjang.evaluate.tasks import load_task
from munjang.korean.morph import has_kiwi
from munjang.korean.perturb import EDITS
from munjang.train import measured
from munjang.train.measured import (
    ROBUST_DOSES,
    ROBUST_PAIRS,
    Measured,
    dev_evaluator,
    measure,
    spread,
    summarize,
)

SECOND = (
    "고양이가 창가에서 졸고 있다.",
    "{n}시에 회의가 시작된다.",
    "지하철이 자주 늦는다.",
    "{n}번 버스를 놓쳤다.",
    "{n}번 버스가 오고 있어요.",
    "{n}번 버스가 금방 와요.",
)
PAIRS = [ScoredPair(f"{n}번 버스가 곧 와요.", SECOND[n % 6].format(n=n), n % 6) for n in range(24)]
EASY = [name for name, edit in EDITS.items() if has_kiwi() or not edit.needs_kiwi]


@pytest.fixture(scope="module")
def encoder():
    return munjang.load()


def test_each_set_and_the_first_one_edited(encoder):
    said = []
    reports = {"버스.tsv": PAIRS, "korsts:dev": PAIRS[:12]}
    found = measure(encoder, reports, robust=True, say=said.append)
    assert [(each.task, each.split, each.rows) for each in found.scores] == [
        ("버스", "all", 24),
        ("korsts", "dev", 12),
    ]
    assert (found.robust.task, found.robust.split, found.robust.rows) == ("버스", "all", 24)
    assert [curve.edit for curve in found.robust.curves] == EASY
    assert {curve.doses for curve in found.robust.curves} == {(0.0, *ROBUST_DOSES)}
    assert len(said) == 3
    assert (
        said[2]
        == f"{encoder.name} on 버스.tsv, edited: {100 * found.robust.kept:.1f}% of the score kept"
    )


def test_only_where_it_is_asked_for(encoder):
    said = []
    assert measure(encoder, {"버스.tsv": PAIRS}, robust=False, say=said.append).robust is None
    assert len(said) == 1


def test_nothing_to_measure_on_is_said(encoder):
    with pytest.warns(MunjangWarning, match="robustness is not measured: evaluate.report has no"):
        found = measure(encoder, {}, robust=True, say=lambda _: None)
    assert (found.scores, found.robust) == ([], None)


def test_a_model_that_is_no_use_does_not_stop_the_run(encoder):
    """What was trained for hours is still saved."""
    reports = {"같은.tsv": [ScoredPair("같은 글", "같은 글", score) for score in (1.0, 4.0)]}
    said = []
    with pytest.warns(MunjangWarning, match=r"not measured: on 같은\.tsv of .*undefined"):
        result = measured._measure_robust(encoder, reports, said.append, progress=False)
    assert result is None
    assert said == []


def test_pairs_spread_over_the_scores():
    pairs = [ScoredPair(f"글 {n}", "글", (n * 7) % 11 / 2.2) for n in range(1000)]
    some = spread(pairs, 100)
    assert len(some) == len({pair.sentence1 for pair in some}) == 100
    scores = [pair.score for pair in some]
    assert scores == sorted(scores)
    everything = [pair.score for pair in pairs]
    assert (scores[0], scores[-1]) == (min(everything), max(everything))
    assert np.mean(scores) == pytest.approx(np.mean(everything), abs=0.1)
    assert spread(pairs[:100], 100) == pairs[:100]


def test_what_a_manifest_says(encoder):
    whole = measure(encoder, {"korsts:dev": PAIRS}, robust=True, say=lambda _: None)
    kept = whole.robust.kept
    said = {"task": "korsts", "split": "dev", "pairs": 24, "kept_before": kept, "kept_after": kept}
    assert summarize(whole, whole) == {"robust": said}
    assert summarize(whole, Measured()) == summarize(Measured(), whole) == {}


def test_nobody_looks_without_dev_pairs():
    assert dev_evaluator([]) is None
    assert len(dev_evaluator(PAIRS).scores) == 24


def test_some_pairs_stand_for_all_of_korsts(data_dir):
    """The share kept on 200 pairs is that of all 1,379 within a point or two."""
    encoder = munjang.load("tiny")  # all of them, four times: the default takes twice as long
    pairs = load_task("korsts", split="test", data_dir=data_dir)

    def kept(rows):
        options = {"task": "korsts", "split": "test", "doses": ROBUST_DOSES}
        return run_robust(encoder, rows, edits=["spaces-removed", "key-slips"], **options).kept

    assert kept(spread(pairs, ROBUST_PAIRS)) == pytest.approx(kept(pairs), abs=0.03)
