from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import munjang.search.cluster as cluster_module
from munjang.errors import InputError
from munjang.search.cluster import (
    MAX_LINKAGE_ROWS,
    cluster_kmeans,
    cluster_texts,
    cluster_threshold,
    near_duplicates,
)
from munjang.search.exact import unit_vectors

TEXTS = [
    "강아지가 마당에서 뛰어논다.",
    "강아지가 마당에서 뛰어놀고 있다.",
    "강아지들이 마당에서 뛰어논다.",
    "내일 서울에는 눈이 내리겠습니다.",
    "내일 서울에는 눈이 많이 내리겠습니다.",
    "환불은 언제쯤 처리되나요?",
]


def blobs(sizes, *, dim=24, spread=0.05, seed=0):
    """Rows around orthogonal axes, as many a blob as `sizes` says."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(np.eye(dim)[: len(sizes)], sizes, axis=0)
    return centres + spread * rng.standard_normal(centres.shape)


def partition(found):
    return {frozenset(each.members) for each in found}


def naive_groups(vectors, threshold):
    unit = unit_vectors(vectors).astype(np.float64)
    parent = list(range(len(unit)))

    def root(row):
        while parent[row] != row:
            row = parent[row]
        return row

    for first in range(len(unit)):
        for second in range(first):
            if unit[first] @ unit[second] >= threshold:
                parent[root(first)] = root(second)
    groups = {}
    for row in range(len(unit)):
        groups.setdefault(root(row), []).append(row)
    kept = [tuple(group) for group in groups.values() if len(group) > 1]
    return sorted(kept, key=lambda group: (-len(group), group[0]))


def check_result(found, vectors):
    """What every result must hold, measured again from the vectors."""
    unit = unit_vectors(vectors).astype(np.float64)
    seen = [row for each in found for row in each.members]
    assert len(seen) == len(set(seen)) == (found.labels >= 0).sum()
    keys = [(-len(each), min(each.members)) for each in found]
    assert keys == sorted(keys)
    for number, each in enumerate(found):
        members = list(each.members)
        assert sorted(members) == np.flatnonzero(found.labels == number).tolist()
        centroid = unit[members].mean(axis=0)
        closeness = unit[members] @ centroid / np.linalg.norm(centroid)
        assert np.all(np.diff(closeness) <= 2e-6)
        assert each.cohesion == pytest.approx(closeness.mean(), abs=1e-6)
        assert each.medoid == members[0]
        mean_cosine = (unit[members] @ unit[members].T).mean(axis=1)
        assert mean_cosine[0] == pytest.approx(mean_cosine.max(), abs=2e-6)


class TestKmeans:
    def test_finds_blobs_largest_first(self):
        vectors = blobs([3, 8, 5])
        found = cluster_kmeans(vectors, k=3)
        assert found.labels.tolist() == [2] * 3 + [0] * 8 + [1] * 5
        assert [len(each) for each in found] == [8, 5, 3]
        assert found.silhouette > 0.8
        assert all(each.label is None for each in found)
        check_result(found, vectors)

    def test_equally_large_clusters_come_by_their_first_row(self):
        vectors = blobs([4, 4, 4])[[8, 0, 4, 1, 9, 5, 2, 10, 6, 3, 11, 7]]
        found = cluster_kmeans(vectors, k=3)
        assert [min(each.members) for each in found] == [0, 1, 2]

    @given(seed=st.integers(0, 1000), k=st.integers(1, 6))
    @settings(deadline=None, max_examples=15)
    def test_order_of_rows_does_not_matter(self, seed, k):
        rng = np.random.default_rng(seed)
        vectors = rng.standard_normal((30, 6))
        order = rng.permutation(30)
        plain, moved = cluster_kmeans(vectors, k=k), cluster_kmeans(vectors[order], k=k)
        assert partition(plain) == {frozenset(order[list(each.members)].tolist()) for each in moved}
        check_result(plain, vectors)

    def test_vector_length_does_not_matter(self):
        vectors = blobs([6, 7, 8], seed=4)
        longer = vectors * np.arange(1, 22)[:, None]
        plain, scaled = cluster_kmeans(vectors, k=3), cluster_kmeans(longer, k=3)
        assert [each.members for each in plain] == [each.members for each in scaled]

    def test_is_repeatable_and_seeded(self):
        vectors = np.random.default_rng(3).standard_normal((200, 8))
        first, again = (cluster_kmeans(vectors, k=9, seed=1) for _ in range(2))
        assert first.clusters == again.clusters
        assert first.silhouette == again.silhouette

    def test_copies_weigh_as_much_as_rows(self):
        angles = np.radians([0, 42, 90])
        corners = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        assert partition(cluster_kmeans(corners, k=2)) == {frozenset({0, 1}), frozenset({2})}
        assert partition(cluster_kmeans(np.repeat(corners, [50, 2, 2], axis=0), k=2)) == {
            frozenset(range(50)),
            frozenset(range(50, 54)),
        }

    def test_one_cluster_and_one_cluster_a_row(self):
        vectors = blobs([2, 3])
        whole, single = cluster_kmeans(vectors, k=1), cluster_kmeans(vectors, k=5)
        assert [len(each) for each in whole] == [5]
        assert [each.members for each in single] == [(row,) for row in range(5)]
        assert whole.silhouette is single.silhouette is None
        assert all(each.cohesion == pytest.approx(1) for each in single)

    def test_one_row(self):
        found = cluster_kmeans([[0.5, 2.0]], k=1)
        assert found.labels.tolist() == [0]
        assert repr(found) == "Clusters(rows=1, clusters=1, silhouette=None)"

    def test_equal_rows_are_one_cluster_and_not_two(self):
        same = np.ones((7, 3))
        assert cluster_kmeans(same, k=1)[0].members == tuple(range(7))
        with pytest.raises(InputError, match="2 clusters of 1 distinct rows") as caught:
            cluster_kmeans(same, k=2)
        assert "7 rows, 6 of them copies" in str(caught.value)

    def test_k_above_the_rows(self):
        with pytest.raises(InputError, match="4 clusters of 3 distinct rows"):
            cluster_kmeans(np.eye(3), k=4)

    @pytest.mark.parametrize("k", [0, -1, 1.5, None, True])
    def test_refuses_a_bad_k(self, k):
        with pytest.raises(InputError, match="k must be a whole number"):
            cluster_kmeans(np.eye(3), k=k)


class TestThreshold:
    @pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8])
    def test_agrees_with_scikit_learn(self, threshold):
        from sklearn.cluster import AgglomerativeClustering

        vectors = blobs([40, 90, 70], spread=0.25, seed=5)
        model = AgglomerativeClustering(
            n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - threshold
        )
        labels = model.fit_predict(vectors)
        expected = {
            frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)
        }
        found = cluster_threshold(vectors, threshold=threshold)
        assert partition(found) == expected
        assert len(found) > 1
        check_result(found, vectors)

    def test_more_rows_than_one_block_of_distances(self):
        from scipy.spatial.distance import pdist

        unit = unit_vectors(np.random.default_rng(0).standard_normal((1100, 12)))
        distances = cluster_module._condensed_distances(unit)
        np.testing.assert_allclose(distances, pdist(unit, "cosine"), atol=1e-6)

    @given(seed=st.integers(0, 1000), threshold=st.floats(0, 1))
    @settings(deadline=None, max_examples=25)
    def test_order_of_rows_does_not_matter(self, seed, threshold):
        rng = np.random.default_rng(seed)
        vectors = rng.standard_normal((25, 4))
        order = rng.permutation(25)
        plain = cluster_threshold(vectors, threshold=threshold)
        moved = cluster_threshold(vectors[order], threshold=threshold)
        assert partition(plain) == {frozenset(order[list(each.members)].tolist()) for each in moved}

    def test_only_equal_rows_merge_at_one(self):
        vectors = np.random.default_rng(1).standard_normal((30, 64))
        found = cluster_threshold(np.concatenate([vectors, 3 * vectors]), threshold=1)
        assert partition(found) == {frozenset({row, row + 30}) for row in range(30)}
        assert [each.medoid for each in found] == list(range(30))

    def test_opposite_rows_never_merge(self):
        assert len(cluster_threshold([[1, 0], [-1, 0]], threshold=0)) == 2
        assert len(cluster_threshold([[1, 0], [0, 1]], threshold=0)) == 1

    @pytest.mark.parametrize("rows", [1, 6])
    def test_equal_rows_are_one_cluster(self, rows):
        found = cluster_threshold(np.ones((rows, 3)), threshold=0.9)
        assert found.labels.tolist() == [0] * rows
        assert found[0].cohesion == pytest.approx(1)
        assert found[0].members == tuple(range(rows))
        assert found.silhouette is None

    def test_states_the_limit_and_the_memory(self):
        vectors = np.ones((MAX_LINKAGE_ROWS + 5_000, 1), dtype=np.float32)
        with pytest.raises(InputError) as caught:
            cluster_threshold(vectors, threshold=0.5)
        message = str(caught.value)
        assert "at most 20,000 rows" in message
        assert "25,000 rows, which need 5.0 GB" in message
        assert "k-means" in message

    @pytest.mark.parametrize("threshold", [-0.1, 1.01, float("nan"), "0.5", None, True])
    def test_refuses_what_is_no_similarity(self, threshold):
        with pytest.raises(InputError, match="threshold must be a cosine from 0 to 1"):
            cluster_threshold(np.eye(3), threshold=threshold)
        with pytest.raises(InputError, match="threshold must be a cosine from 0 to 1"):
            near_duplicates(np.eye(3), threshold=threshold)


class TestNearDuplicates:
    @given(
        seed=st.integers(0, 10_000),
        rows=st.integers(1, 60),
        threshold=st.floats(0.3, 0.99),
        row_chunk=st.integers(1, 70),
        column_chunk=st.integers(1, 70),
    )
    @settings(deadline=None)
    def test_agrees_with_naive_union_find(self, seed, rows, threshold, row_chunk, column_chunk):
        vectors = np.random.default_rng(seed).standard_normal((rows, 5))
        unit = unit_vectors(vectors).astype(np.float64)
        assume(np.abs(unit @ unit.T - threshold).min() > 2e-6)
        expected = naive_groups(vectors, threshold)
        assert near_duplicates(vectors, threshold=threshold) == expected
        labels = cluster_module._connect(
            unit_vectors(vectors), threshold, row_chunk=row_chunk, column_chunk=column_chunk
        )
        for group in expected:
            assert len({*labels[list(group)].tolist()}) == 1
        assert len(np.unique(labels)) == rows - sum(len(group) - 1 for group in expected)

    def test_a_chain_is_one_group(self):
        angles = np.radians([0, 10, 20, 30, 90])
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        assert near_duplicates(vectors, threshold=0.98) == [(0, 1, 2, 3)]

    def test_largest_group_first_then_by_first_row(self):
        rows = np.eye(8)[[5, 1, 2, 1, 2, 3, 3, 3, 7]]
        assert near_duplicates(rows, threshold=1) == [(5, 6, 7), (1, 3), (2, 4)]

    def test_nothing_alike(self):
        assert near_duplicates(np.eye(4)) == []
        assert near_duplicates([[1.0, 2.0]]) == []

    def test_memory_stays_far_below_all_pairs(self):
        rng = np.random.default_rng(2)
        vectors = rng.standard_normal((20_000, 16)).astype(np.float32)
        vectors[15_000:] = vectors[:5_000]
        tracemalloc.start()
        groups = near_duplicates(vectors, threshold=0.999)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert groups == [(row, row + 15_000) for row in range(5_000)]
        assert peak < 20_000**2 * 4 / 10

    def test_memory_stays_bounded_when_all_rows_are_equal(self):
        vectors = np.ones((10_000, 4), dtype=np.float32)
        tracemalloc.start()
        groups = near_duplicates(vectors)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert groups == [tuple(range(10_000))]
        assert peak < 10_000**2 * 4


class TestSilhouette:
    def test_is_scikit_learns(self):
        from sklearn.metrics import silhouette_score

        vectors = blobs([10, 20, 30], spread=0.3, seed=6)
        found = cluster_kmeans(vectors, k=4)
        expected = silhouette_score(vectors, found.labels, metric="cosine")
        assert found.silhouette == pytest.approx(expected, abs=1e-5)

    def test_is_sampled_above_the_limit(self, monkeypatch):
        vectors = blobs([60, 90], spread=0.3, seed=7)
        whole = cluster_kmeans(vectors, k=2).silhouette
        monkeypatch.setattr(cluster_module, "SILHOUETTE_ROWS", 50)
        sampled = cluster_kmeans(vectors, k=2, seed=3).silhouette
        assert sampled == cluster_kmeans(vectors, k=2, seed=3).silhouette
        assert sampled != whole
        assert sampled == pytest.approx(whole, abs=0.1)


class TestCluster:
    def test_labels_are_the_most_central_sentences(self, encoder):
        found = cluster_texts(encoder, TEXTS, k=3)
        assert partition(found) == {
            frozenset({0, 1, 2}),
            frozenset({3, 4}),
            frozenset({5}),
        }
        assert [each.label for each in found] == [TEXTS[0], TEXTS[3], TEXTS[5]]
        assert repr(found).startswith("Clusters(rows=6, clusters=3, silhouette=0.")
        check_result(found, encoder.encode(TEXTS))

    def test_by_threshold(self, encoder):
        found = cluster_texts(encoder, TEXTS, threshold=0.6)
        assert partition(found) == partition(cluster_texts(encoder, TEXTS, k=3))

    def test_duplicates_leave_the_rest_out(self, encoder):
        texts = ["비가 온다.", "눈이 온다!", "비가 온다.", "눈이 온다!", "비가 온다.", "끝"]
        found = cluster_texts(encoder, texts, duplicates=0.99)
        assert [(each.label, each.members) for each in found] == [
            ("비가 온다.", (0, 2, 4)),
            ("눈이 온다!", (1, 3)),
        ]
        assert found.labels.tolist() == [0, 1, 0, 1, 0, -1]
        assert found.silhouette is None
        assert encoder.seen == ["비가 온다.", "눈이 온다!", "끝"]

    def test_no_duplicates_no_clusters(self, encoder):
        found = cluster_texts(encoder, ["비", "해"], duplicates=0.99)
        assert len(found) == 0
        assert found.labels.tolist() == [-1, -1]

    @pytest.mark.parametrize("way", [{"k": 1}, {"threshold": 0.5}])
    def test_one_text_and_equal_texts(self, encoder, way):
        assert cluster_texts(encoder, ["비"], **way)[0].label == "비"
        same = cluster_texts(encoder, ["비", "비", "비"], **way)
        assert [each.members for each in same] == [(0, 1, 2)]

    def test_more_clusters_than_distinct_texts(self, encoder):
        with pytest.raises(InputError, match="2 clusters of 1 distinct rows"):
            cluster_texts(encoder, ["비", "비"], k=2)

    @pytest.mark.parametrize(
        "ways",
        [
            {},
            {"k": 2, "threshold": 0.5},
            {"k": 2, "duplicates": 0.9},
            {"k": 2, "threshold": 0.5, "duplicates": 0.9},
        ],
    )
    def test_needs_exactly_one_way(self, encoder, ways):
        with pytest.raises(InputError, match="exactly one of k, threshold and duplicates"):
            cluster_texts(encoder, TEXTS, **ways)

    @pytest.mark.parametrize(
        ("texts", "ways"),
        [
            (TEXTS, {"k": 0}),
            (TEXTS, {"threshold": 2}),
            (TEXTS, {"duplicates": -1}),
            (["비"] * (MAX_LINKAGE_ROWS + 1), {"threshold": 0.5}),
            ([], {"k": 1}),
            ("비가 온다", {"k": 1}),
            (["비", None], {"k": 1}),
        ],
    )
    def test_refuses_before_it_encodes(self, encoder, texts, ways):
        with pytest.raises(InputError):
            cluster_texts(encoder, texts, **ways)
        assert encoder.seen == []


@pytest.mark.parametrize(
    "run",
    [
        lambda vectors: cluster_kmeans(vectors, k=1),
        lambda vectors: cluster_threshold(vectors, threshold=0.5),
        near_duplicates,
    ],
)
def test_refuses_empty_and_nan_vectors(run):
    with pytest.raises(InputError, match="nothing to cluster"):
        run(np.empty((0, 3)))
    with pytest.raises(InputError, match="vector 1 is not finite"):
        run([[1.0, 0.0], [np.nan, 1.0]])


def test_zero_vectors_are_alone():
    vectors = [[0, 0], [1, 0], [0, 0], [1, 0.001]]
    assert near_duplicates(vectors) == [(1, 3)]
    assert partition(cluster_threshold(vectors, threshold=0.5)) == {
        frozenset({1, 3}),
        frozenset({0}),
        frozenset({2}),
    }
    assert cluster_kmeans(vectors, k=2)[0].cohesion >= 0
