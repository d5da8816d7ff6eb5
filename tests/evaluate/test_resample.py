"""The bootstrap: exact on what is known, paired, and by units where rows hang together."""

from __future__ import annotations

import numpy as np
import pytest

from munjang.errors import InputError
from munjang.evaluate.resample import count_units, interval, paired_differences, whole


def right_and_wrong(rows, share, *, seed=0):
    rng = np.random.default_rng(seed)
    return {"value": (rng.random(rows) < share).astype(float)}


def test_the_interval_of_a_mean_is_that_of_the_binomial():
    evidence = right_and_wrong(2000, 0.7)
    found = interval("bitext", evidence, resamples=4000)
    share = whole("bitext", evidence)
    half = 1.96 * np.sqrt(share * (1 - share) / 2000)
    assert found.low == pytest.approx(share - half, abs=0.002)
    assert found.high == pytest.approx(share + half, abs=0.002)


def test_rows_of_one_unit_are_drawn_together():
    alone = right_and_wrong(300, 0.5)
    fourfold = {"value": np.repeat(alone["value"], 4)}
    by_row = interval("bitext", fourfold)
    by_unit = interval("bitext", fourfold | {"unit": np.repeat(np.arange(300.0), 4)})
    as_alone = interval("bitext", alone)
    width = {
        name: each.high - each.low
        for name, each in {"row": by_row, "unit": by_unit, "alone": as_alone}.items()
    }
    assert width["unit"] == pytest.approx(width["alone"], rel=0.1)
    assert width["row"] == pytest.approx(width["alone"] / 2, rel=0.1)


def test_the_same_seed_draws_the_same():
    evidence = {"value": np.linspace(0, 1, 50) ** 2}
    assert interval("bitext", evidence, seed=3) == interval("bitext", evidence, seed=3)
    assert interval("bitext", evidence, seed=3) != interval("bitext", evidence, seed=4)


def test_a_model_differs_from_itself_by_nothing():
    evidence = {"similarity": np.linspace(0, 1, 40), "positive": np.arange(40) % 2.0}
    found = paired_differences("pairs", [evidence, evidence])[0, 1]
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert found.within_noise


def test_pairing_finds_what_two_intervals_hide():
    rng = np.random.default_rng(1)
    hard = rng.random(400)
    a = {"value": (hard < 0.62).astype(float)}
    b = {"value": (hard < 0.55).astype(float)}
    apart_a, apart_b = interval("bitext", a), interval("bitext", b)
    assert apart_a.low < apart_b.high
    found = paired_differences("bitext", [a, b])[0, 1]
    assert not found.within_noise
    assert found.p == pytest.approx(2 / 2001)
    back = paired_differences("bitext", [b, a])[0, 1]
    assert (back.value, back.low, back.high) == (-found.value, -found.high, -found.low)


def test_many_models_are_compared_as_two_are():
    models = [right_and_wrong(100, share, seed=n) for n, share in enumerate((0.5, 0.6, 0.9))]
    found = paired_differences("bitext", models)
    assert list(found) == [(0, 1), (0, 2), (1, 2)]
    assert found[1, 2] == paired_differences("bitext", models[1:])[0, 1]


@pytest.mark.parametrize(("rows", "least"), [(1, 1.0), (2, 0.5), (3, 0.25), (5, 0.0625)])
def test_few_rows_cannot_prove_much(rows, least):
    found = paired_differences("bitext", [{"value": np.ones(rows)}, {"value": np.zeros(rows)}])
    assert found[0, 1].p == least


def test_many_rows_of_one_unit_prove_no_more_than_one():
    unit = {"unit": np.zeros(50)}
    models = [{"value": np.ones(50)} | unit, {"value": np.zeros(50)} | unit]
    assert count_units(models[0]) == 1
    assert paired_differences("bitext", models)[0, 1].p == 1.0


def test_equal_models_on_few_rows_are_rarely_told_apart():
    rng = np.random.default_rng(0)
    draws = [rng.standard_normal((2, 6)) for _ in range(200)]
    found = [
        paired_differences("bitext", [{"value": a}, {"value": b}], resamples=500)[0, 1].p
        for a, b in draws
    ]
    assert np.mean(np.array(found) <= 0.05) < 0.15


@pytest.mark.parametrize("rows", [300, 3000])
def test_the_interval_of_a_clustering_lies_around_its_score(rows):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 7, rows).astype(float)
    cluster = np.where(rng.random(rows) < 0.4, label, rng.integers(0, 7, rows))
    evidence = {"cluster": cluster[None], "label": label}
    value, found = whole("clustering", evidence), interval("clustering", evidence)
    assert found.low < value < found.high
    middle = (found.low + found.high) / 2
    assert value == pytest.approx(middle, abs=0.15 * (found.high - found.low))


def test_clusterings_that_disagree_widen_the_interval():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 7, 900).astype(float)
    good, bad = (
        np.where(rng.random(900) < share, label, rng.integers(0, 7, 900)) for share in (0.8, 0.2)
    )
    alike = {"cluster": np.stack([good] * 8), "label": label}
    mixed = {"cluster": np.stack([good, bad] * 4), "label": label}
    alone = {"cluster": good, "label": label}
    width = {
        name: found.high - found.low
        for name, evidence in (("alike", alike), ("mixed", mixed), ("alone", alone))
        for found in [interval("clustering", evidence)]
    }
    assert width["alike"] == pytest.approx(width["alone"])
    # half of eight clusterings are good: by the binomial 0.18 of the distance between the two
    each = whole("clustering", alone) - whole("clustering", {"cluster": bad, "label": label})
    assert width["mixed"] == pytest.approx(2 * 1.96 * each * np.sqrt(0.25 / 8), rel=0.15)


def test_a_clustering_differs_from_itself_by_nothing():
    rng = np.random.default_rng(0)
    evidence = {"cluster": rng.integers(0, 3, (4, 60)).astype(float), "label": np.arange(60) % 3.0}
    found = paired_differences("clustering", [evidence, evidence])[0, 1]
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_unequal_rows_cannot_be_compared():
    with pytest.raises(InputError, match="row by row\nfound: 3 and 4 rows"):
        paired_differences("bitext", [{"value": np.ones(3)}, {"value": np.ones(4)}])


@pytest.mark.parametrize(
    ("options", "match"),
    [({"resamples": 0}, "at least one resample"), ({"level": 1.0}, "between 0 and 1")],
)
def test_arguments_out_of_range(options, match):
    with pytest.raises(InputError, match=match):
        interval("bitext", right_and_wrong(10, 0.5), **options)


def test_a_score_that_is_never_defined_is_said():
    with pytest.raises(InputError, match="undefined on every resample"):
        interval("sts", {"similarity": np.ones(5), "gold": np.arange(5.0)})
