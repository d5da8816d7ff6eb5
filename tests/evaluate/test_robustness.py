"""Robustness: the clean point, curves that fall, edits that cannot be made."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from munjang.data.rows import ScoredPair
from munjang.errors import InputError, MissingExtraError
from munjang.evaluate import robustness
from munjang.evaluate.robustness import run_robust
from munjang.evaluate.tasks import evaluate_sts, load_task
from munjang.korean import morph
from munjang.korean.perturb import EDITS

PAIRS = [
    ScoredPair("고양이가 소파에서 잔다.", "고양이가 소파 위에서 자고 있다.", 4.8),
    ScoredPair("고양이가 소파에서 잔다.", "개가 마당에서 뛴다.", 1.2),
    ScoredPair("오늘은 비가 온다.", "오늘 비가 내린다.", 5.0),
    ScoredPair("오늘은 비가 온다.", "주가가 크게 올랐다.", 0.0),
    ScoredPair("기차가 역에 도착했다.", "버스가 역에 도착했다.", 2.6),
]


def measure(encoder, pairs=PAIRS, **options):
    return run_robust(encoder, pairs, task="mine", split="all", **options)


def test_the_clean_point_is_the_plain_score(shipped):
    found = measure(shipped, edits=["latin-layout"], doses=[1.0])
    plain = evaluate_sts(shipped, PAIRS, task="mine", split="all", intervals=False)
    (curve,) = found.curves
    assert curve.doses == (0.0, 1.0)
    assert curve.spearman[0] == pytest.approx(plain.correlations.cosine_spearman)
    assert curve.cosine[0] == pytest.approx(1, abs=1e-5)
    assert (curve.retrieval[0], curve.changed) == (1.0, (0.0, 1.0))


def test_a_curve_falls_where_text_becomes_unreadable(shipped, data_dir):
    pairs = load_task("korsts", data_dir=data_dir)[:300]
    found = measure(shipped, pairs, edits=["latin-layout", "emoji"], doses=[0.5, 1.0])
    typed, emoji = found.curves
    assert typed.spearman[0] > typed.spearman[1] > typed.spearman[2]
    assert typed.retrieval[2] < typed.retrieval[0]
    assert typed.kept < emoji.kept
    assert found.kept == pytest.approx((typed.kept + emoji.kept) / 2)


def test_decomposed_text_is_the_same_to_our_encoders(shipped):
    (curve,) = measure(shipped, edits=["nfd"]).curves
    assert curve.changed[-1] == 1.0
    assert curve.spearman[-1] == pytest.approx(curve.spearman[0])


def test_an_edit_that_finds_nothing_does_not_count(shipped):
    found = measure(shipped, edits=["numerals", "key-slips"])
    untouched, slips = found.curves
    assert not untouched.changes
    assert untouched.kept == 1.0
    assert found.kept == slips.kept


def test_text_without_hangul_is_said_to_be_untouched(shipped):
    pairs = [
        ScoredPair("The cat sleeps.", "A cat is sleeping.", 4.5),
        ScoredPair("The cat sleeps.", "Stocks rose sharply.", 0.2),
        ScoredPair("It is raining.", "Rain is falling.", 4.8),
    ]
    with pytest.raises(InputError, match="anything to change in these texts\nfound: key-slips"):
        measure(shipped, pairs, edits=["key-slips"])


def test_the_same_seed_measures_the_same(shipped):
    one, two = (measure(shipped, edits=["key-slips"], seed=5) for _ in range(2))
    assert one.curves == two.curves


def test_every_edit_is_measured_where_kiwi_is(shipped):
    pytest.importorskip("kiwipiepy")
    found = measure(shipped, doses=[1.0])
    assert [curve.edit for curve in found.curves] == list(EDITS)
    assert found.absent == ()


def test_without_kiwi_its_edits_are_named(shipped, monkeypatch):
    monkeypatch.setattr(robustness, "has_kiwi", lambda: False)
    found = measure(shipped, doses=[1.0])
    missing = [name for name, edit in EDITS.items() if edit.needs_kiwi]
    assert missing
    assert [each.task for each in found.absent] == missing
    assert all("munjang[korean]" in each.why for each in found.absent)
    assert not set(missing) & {curve.edit for curve in found.curves}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"edits": ["nfc"]}, "unknown edit 'nfc'"),
        ({"edits": []}, "no edit was given"),
        ({"edits": ["numerals"]}, "found anything to change in these texts"),
        (
            {"pairs": [replace(pair, score=5 - pair.score) for pair in PAIRS], "edits": ["nfd"]},
            "nothing to lose",
        ),
        ({"doses": []}, "doses rise from above 0\nfound: none"),
        ({"doses": [0.0, 1.0]}, "doses rise from above 0"),
        ({"doses": [0.5, 0.5]}, "doses rise from above 0"),
        ({"doses": [1.5], "edits": ["nfd"]}, "dose"),
        ({"pairs": PAIRS[:1]}, "at least two pairs"),
        ({"pairs": [ScoredPair("가", "나", 1.0), ScoredPair("다", "라", 1.0)]}, "is the same"),
    ],
)
def test_bad_input(shipped, options, match):
    with pytest.raises(InputError, match=match):
        measure(shipped, **options)


def test_an_edit_that_was_asked_for_needs_its_package(shipped, monkeypatch):
    """None in sys.modules is how Python marks a module that cannot be imported."""
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    morph._kiwi.cache_clear()
    pairs = [replace(pair, sentence2=f"{pair.sentence2} 처음 본다.") for pair in PAIRS]
    with pytest.raises(MissingExtraError, match="not installed") as caught:
        measure(shipped, pairs, edits=["particles-dropped"])
    assert "munjang[korean]" in str(caught.value)
