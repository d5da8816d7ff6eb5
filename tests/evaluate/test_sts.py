"""The eight correlations against scipy and sentence-transformers; noise and its tests."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import pearsonr, rankdata, spearmanr

from munjang.errors import InputError
from munjang.evaluate import sts

SIMILARITIES = ("cosine", "euclidean", "manhattan", "dot")


def make_pairs(gold, *, dim=48, noise=1.0, seed=0):
    """Float32 vectors of uneven length whose likeness follows the gold scores."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((len(gold), dim)) * rng.uniform(0.5, 2, (len(gold), 1))
    share = (np.asarray(gold) / 5)[:, None]
    v = u * share + rng.standard_normal(u.shape) * (1 - share + noise)
    return u.astype(np.float32), v.astype(np.float32)


def grades(count, *, seed=0):
    """Gold scores with many ties, as data sets have them."""
    return np.random.default_rng(seed).integers(0, 26, count) / 5


def naive_similarities(u, v):
    a, b = u.astype(np.float64), v.astype(np.float64)
    out = {}
    for name, metric in (("euclidean", "euclidean"), ("manhattan", "cityblock")):
        out[name] = np.array(
            [-cdist(x[None], y[None], metric)[0, 0] for x, y in zip(a, b, strict=True)]
        )
    out["cosine"] = np.array(
        [1 - cdist(x[None], y[None], "cosine")[0, 0] for x, y in zip(a, b, strict=True)]
    )
    out["dot"] = np.array([x @ y for x, y in zip(a, b, strict=True)])
    return out


def naive_metrics(parts, gold):
    return [
        correlation(parts[name], gold).statistic
        for name in SIMILARITIES
        for correlation in (pearsonr, spearmanr)
    ]


@pytest.fixture(scope="session")
def korsts_gold(data_dir):
    path = data_dir / "kornlu" / "KorSTS" / "sts-test.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    gold = np.array([float(row["score"]) for row in rows])
    assert len(gold) == 1379
    return gold


@pytest.mark.parametrize("noise", [0.05, 1.0, 20.0])
def test_eight_metrics_are_scipys(noise):
    gold = grades(300)
    u, v = make_pairs(gold, noise=noise)
    found = sts.correlations(u, v, gold)
    expected = naive_metrics(naive_similarities(u, v), gold)
    assert list(found) == pytest.approx(expected, abs=1e-10)
    assert found.avg == pytest.approx(np.mean(expected), abs=1e-10)


def test_iteration_follows_the_published_tables():
    found = sts.Correlations(*range(8))
    assert list(found) == list(range(8))
    assert [getattr(found, name) for name in sts.METRICS] == list(range(8))
    assert [name for name in sts.METRICS if name.endswith("spearman")] == [
        f"{name}_spearman" for name in SIMILARITIES
    ]


def test_eight_metrics_are_sentence_transformers(korsts_gold, tmp_path):
    evaluation = pytest.importorskip("sentence_transformers.sentence_transformer.evaluation")
    u, v = make_pairs(korsts_gold, dim=64)
    first = [f"문장 {i}" for i in range(len(u))]
    second = [f"다른 문장 {i}" for i in range(len(v))]
    vectors = dict(zip(first + second, np.concatenate([u, v]), strict=True))

    class Card:
        def set_evaluation_metrics(self, *_args):
            pass

    class Lookup:
        model_card_data = Card()

        def encode(self, sentences, *, normalize_embeddings, **_options):
            assert not normalize_embeddings
            return np.stack([vectors[sentence] for sentence in sentences])

    theirs = evaluation.EmbeddingSimilarityEvaluator(
        first,
        second,
        korsts_gold.tolist(),
        similarity_fn_names=list(SIMILARITIES),
        write_csv=False,
    )(Lookup())
    found = sts.correlations(u, v, korsts_gold)
    for name in SIMILARITIES:
        assert getattr(found, f"{name}_pearson") == pytest.approx(
            theirs[f"pearson_{name}"], abs=1e-5
        )
        assert getattr(found, f"{name}_spearman") == pytest.approx(
            theirs[f"spearman_{name}"], abs=1e-5
        )


def test_zero_vectors_have_cosine_zero():
    found = sts.similarities([[0, 0], [0, 0], [3, 4]], [[0, 0], [1, 0], [6, 8]])
    assert found.cosine.tolist() == [0, 0, 1]
    assert found.euclidean.tolist() == [0, -1, -5]
    assert found.manhattan.tolist() == [0, -1, -7]
    assert found.dot.tolist() == [0, 0, 50]
    assert not np.signbit(found.euclidean[0])


def test_blocks_do_not_show(monkeypatch):
    gold = grades(103)
    u, v = make_pairs(gold)
    whole = sts.similarities(u, v)
    monkeypatch.setattr(sts, "_BLOCK_ROWS", 10)
    for a, b in zip(whole, sts.similarities(u, v), strict=True):
        np.testing.assert_array_equal(a, b)
    bounds = sts.bootstrap(u, v, gold, resamples=50)
    monkeypatch.setattr(sts, "_BLOCK_CELLS", 700)
    for name, interval in sts.bootstrap(u, v, gold, resamples=50).items():
        assert interval.low == pytest.approx(bounds[name].low, abs=1e-12)
        assert interval.high == pytest.approx(bounds[name].high, abs=1e-12)


@pytest.mark.parametrize(("value", "side"), [(np.nan, "first"), (np.inf, "second")])
def test_bad_vector_is_named(value, side):
    u, v = make_pairs(grades(20))
    v[15, 0] = u[17, 0] = np.nan
    (u if side == "first" else v)[7, 3] = value
    with pytest.raises(InputError, match=f"{side} sentence of pair 7 "):
        sts.similarities(u, v)


@pytest.mark.parametrize(("u", "v"), [(np.ones((3, 2)), np.ones((4, 2))), (np.ones(3), np.ones(3))])
def test_shapes_must_fit(u, v):
    with pytest.raises(InputError, match="same shape"):
        sts.similarities(u, v)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ([2.5] * 6, "the gold score of all 6 pairs is the same"),
        ([0.0] * 6, "the gold score of all 6 pairs is the same"),
        ([1, 2, np.nan, 4, 5, np.nan], "pair 2 "),
        ([1, 2, 3], "one gold score is needed for each pair"),
    ],
)
def test_unusable_gold(gold, message):
    u, v = make_pairs(grades(6))
    with pytest.raises(InputError, match=message):
        sts.correlations(u, v, gold)


def test_one_pair_has_no_correlation():
    with pytest.raises(InputError, match="correlation undefined: at least two pairs"):
        sts.correlations([[1, 2]], [[2, 1]], [3])


def test_a_collapsed_model_has_no_correlation():
    row = np.random.default_rng(0).standard_normal(64).astype(np.float32)
    u = np.tile(row, (50, 1))
    with pytest.raises(InputError, match="the cosine similarity of all 50 pairs is the same"):
        sts.correlations(u, u, grades(50))


FLOATS = st.floats(-100, 100, width=16).map(lambda x: round(x, 3))


@st.composite
def scored(draw):
    """Similarities and gold with ties, both of at least two distinct values."""
    size = draw(st.integers(3, 30))
    distinct = st.lists(FLOATS, min_size=size, max_size=size).filter(
        lambda values: np.ptp(values) > 0.01
    )
    return np.array(draw(distinct)), np.array(draw(distinct))


def wrap(values):
    return sts.PairSimilarities(values, values, values, values)


@given(scored())
@settings(deadline=None, max_examples=60)
def test_any_values_as_scipy(case):
    values, gold = case
    found = sts.correlate(wrap(values), gold)
    assert found.dot_pearson == pytest.approx(pearsonr(values, gold).statistic, abs=1e-9)
    assert found.dot_spearman == pytest.approx(spearmanr(values, gold).statistic, abs=1e-9)


@given(scored(), st.floats(0.01, 100), st.floats(-50, 50))
@settings(deadline=None, max_examples=60)
def test_spearman_sees_only_the_order(case, scale, shift):
    values, gold = case
    found = sts.correlate(wrap(values), gold)
    curved = sts.correlate(wrap(rankdata(values, method="dense") ** 3.0), gold)
    linear = sts.correlate(wrap(values), gold * scale + shift)
    assert curved.cosine_spearman == found.cosine_spearman
    assert linear.cosine_pearson == pytest.approx(found.cosine_pearson, abs=1e-9)
    flipped = sts.correlate(wrap(-values), gold)
    assert flipped.cosine_spearman == pytest.approx(-found.cosine_spearman, abs=1e-12)


@given(st.integers(0, 1000), st.integers(-3, 3))
@settings(deadline=None, max_examples=30)
def test_symmetric_and_scale_free(seed, power):
    gold = grades(40, seed=seed)
    u, v = make_pairs(gold, dim=8, seed=seed)
    found = sts.correlations(u, v, gold)
    assert list(sts.correlations(v, u, gold)) == pytest.approx(list(found), abs=1e-12)
    scaled = sts.correlations(u * 2.0**power, v * 2.0**power, gold)
    assert list(scaled) == pytest.approx(list(found), abs=1e-12)
    uneven = np.random.default_rng(seed).uniform(0.1, 9, (40, 1))
    stretched = sts.similarities(u * uneven, v)
    np.testing.assert_allclose(stretched.cosine, sts.similarities(u, v).cosine, atol=1e-6)


def test_a_resample_is_the_correlation_of_the_drawn_rows():
    gold = grades(60)
    found = sts.similarities(*make_pairs(gold))
    rng = np.random.default_rng(5)
    drawn = rng.integers(60, size=(20, 60))
    counts = np.stack([np.bincount(rows, minlength=60) for rows in drawn], axis=1)
    eight = sts._eight(found, gold, counts.astype(np.float64))
    for rows, values in zip(drawn, eight, strict=True):
        parts = {name: getattr(found, name)[rows] for name in SIMILARITIES}
        assert values.tolist() == pytest.approx(naive_metrics(parts, gold[rows]), abs=1e-10)


def test_bootstrap_holds_the_estimate_and_repeats_by_seed():
    gold = grades(400)
    u, v = make_pairs(gold)
    found = sts.correlations(u, v, gold)
    bounds = sts.bootstrap(u, v, gold, resamples=500, seed=3)
    assert list(bounds) == [*sts.METRICS, "avg"]
    for name, interval in bounds.items():
        assert interval.low < getattr(found, name) < interval.high
    assert sts.bootstrap(u, v, gold, resamples=500, seed=3) == bounds
    assert sts.bootstrap(u, v, gold, resamples=500, seed=4) != bounds
    narrow = sts.bootstrap(u, v, gold, resamples=500, seed=3, level=0.5)
    assert bounds["avg"].low < narrow["avg"].low < narrow["avg"].high < bounds["avg"].high


def test_bootstrap_width_is_fishers():
    rng = np.random.default_rng(1)
    gold = rng.standard_normal(1000)
    values = 0.8 * gold + 0.6 * rng.standard_normal(1000)
    found = sts.correlate(wrap(values), gold)
    interval = sts.bootstrap_similarities(wrap(values), gold)["cosine_pearson"]
    fisher = np.tanh(np.arctanh(found.cosine_pearson) + np.array([-1.96, 1.96]) / np.sqrt(997))
    assert [interval.low, interval.high] == pytest.approx(fisher.tolist(), abs=0.006)


def test_bootstrap_covers_the_truth():
    rng = np.random.default_rng(2)
    hits = 0
    for trial in range(100):
        gold = rng.standard_normal(200)
        values = 0.8 * gold + 0.6 * rng.standard_normal(200)
        bounds = sts.bootstrap_similarities(wrap(values), gold, resamples=300, seed=trial)
        hits += bounds["cosine_pearson"].low < 0.8 < bounds["cosine_pearson"].high
    assert 87 <= hits <= 100


def test_bootstrap_of_few_pairs_leaves_undefined_resamples_out():
    bounds = sts.bootstrap([[1, 0], [1, 1]], [[2, 1], [1, 2]], [1.0, 4.0], resamples=200)
    assert bounds["cosine_spearman"] == sts.Interval(1, 1)
    with pytest.raises(InputError, match="no resample"):
        sts.bootstrap([[1, 0], [1, 1]], [[2, 1], [1, 2]], [1.0, 4.0], resamples=1, seed=11)


@pytest.mark.parametrize(("name", "value"), [("resamples", 0), ("level", 1.0), ("level", 0)])
def test_bootstrap_arguments(name, value):
    u, v = make_pairs(grades(20))
    with pytest.raises(InputError, match=name):
        sts.bootstrap(u, v, grades(20), **{name: value})


def test_a_model_is_within_noise_of_itself():
    gold = grades(200)
    found = sts.similarities(*make_pairs(gold))
    for difference in sts.paired_bootstrap(found, found, gold, resamples=200).values():
        assert difference == sts.Difference(0.0, 0.0, 0.0, 1.0)
        assert difference.within_noise


def test_paired_bootstrap_sees_a_better_model():
    gold = grades(500)
    good, bad = (sts.similarities(*make_pairs(gold, noise=noise)) for noise in (0.5, 3.0))
    better = sts.paired_bootstrap(good, bad, gold, resamples=500)
    worse = sts.paired_bootstrap(bad, good, gold, resamples=500)
    for name, difference in better.items():
        assert 0 < difference.low <= difference.value <= difference.high
        assert not difference.within_noise
        assert difference.p == pytest.approx(2 / 501)
        assert worse[name].value == -difference.value
        assert worse[name].p == difference.p


def test_pairing_is_tighter_than_two_intervals():
    gold = grades(500)
    a = sts.similarities(*make_pairs(gold))
    b = sts.PairSimilarities(*(values + 0.01 * np.sin(values * 99) for values in a))
    paired = sts.paired_bootstrap(a, b, gold, resamples=300)["cosine_spearman"]
    alone = sts.bootstrap_similarities(a, gold, resamples=300)["cosine_spearman"]
    assert paired.high - paired.low < (alone.high - alone.low) / 3


def test_paired_bootstrap_refuses_other_rows():
    gold = grades(30)
    found = sts.similarities(*make_pairs(gold))
    with pytest.raises(InputError, match="one gold score"):
        sts.paired_bootstrap(found, sts.similarities(*make_pairs(grades(29))), gold)


@pytest.mark.parametrize("batch_size", [32, 100, 1000])
def test_batch_mean_is_the_naive_loop(batch_size):
    gold = grades(250)
    found = sts.similarities(*make_pairs(gold))
    rng = np.random.default_rng(9)
    means = []
    for _ in range(3):
        order = rng.permutation(250)
        batches = [order[i : i + batch_size] for i in range(0, 250, batch_size)]
        parts = [
            naive_metrics({name: getattr(found, name)[rows] for name in SIMILARITIES}, gold[rows])
            for rows in batches
        ]
        means.append(np.mean(parts, axis=0))
    result = sts.batch_mean(found, gold, batch_size=batch_size, shuffles=3, seed=9)
    assert list(result.mean) == pytest.approx(np.mean(means, axis=0).tolist(), abs=1e-10)
    expected = np.append(np.std(means, axis=0), np.std(np.mean(means, axis=1)))
    assert list(result.spread) == [*sts.METRICS, "avg"]
    assert list(result.spread.values()) == pytest.approx(expected.tolist(), abs=1e-10)


def test_batch_mean_leaves_undefined_batches_out():
    gold = grades(33)
    found = sts.similarities(*make_pairs(gold))
    mean = sts.batch_mean(found, gold, batch_size=32, shuffles=5).mean
    assert np.isfinite(list(mean)).all()
    with pytest.raises(InputError, match="batch_size"):
        sts.batch_mean(found, gold, batch_size=1)
    orders = ((seed, np.random.default_rng(seed).permutation(33)) for seed in range(1000))
    alone = next(seed for seed, order in orders if order[-1] == 32)
    with pytest.raises(InputError, match="no mini-batch"):
        sts.batch_mean(found, np.r_[np.zeros(32), 1.0], batch_size=2, shuffles=1, seed=alone)


def test_batch_mean_on_korsts_as_simulated(korsts_gold):
    """A model of global Spearman 83.7 loses about 0.2 at 256 and 0.85 at 64."""
    rng = np.random.default_rng(0)
    values = korsts_gold + rng.standard_normal(len(korsts_gold)) * 1.03
    found = wrap(values)
    whole = sts.correlate(found, korsts_gold).cosine_spearman
    assert whole == pytest.approx(0.837, abs=0.02)
    at_256 = sts.batch_mean(found, korsts_gold, batch_size=256, shuffles=40)
    at_64 = sts.batch_mean(found, korsts_gold, batch_size=64, shuffles=40)
    assert 0.0005 < whole - at_256.mean.cosine_spearman < 0.005
    assert 0.003 < whole - at_64.mean.cosine_spearman < 0.016
    assert at_256.spread["cosine_spearman"] == pytest.approx(0.003, abs=0.002)
