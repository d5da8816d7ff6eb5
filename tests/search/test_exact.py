from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munjang.encode.encoder import Encoder
from munjang.errors import InputError, MunjangWarning
from munjang.search.exact import Hit, Index, encode_texts, search_texts, top_rows, unit_vectors

CORPUS = [
    "오늘 저녁에는 김치찌개를 끓였다.",
    "지하철이 고장 나서 회사에 늦었다.",
    "강아지와 함께 공원을 산책했다.",
    "도서관에서 소설책을 세 권 빌렸다.",
    "주말에 바다로 여행을 떠날 계획이다.",
    "새로 산 노트북이 자꾸 꺼진다.",
]


def random_units(rows, dim=16, seed=0):
    return unit_vectors(np.random.default_rng(seed).standard_normal((rows, dim)))


def naive_top(queries, corpus, k):
    cosines = queries.astype(np.float64) @ corpus.T.astype(np.float64)
    cosines = np.clip(cosines, -1, 1).astype(np.float32)
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(cosines, rows, axis=1), rows


def test_the_test_encoder_is_an_encoder(encoder):
    assert isinstance(encoder, Encoder)
    assert encoder.encode(["비", "눈"], truncate_dim=8).shape == (2, 8)


class TestTopRows:
    @given(
        rows=st.integers(1, 60),
        queries=st.integers(1, 9),
        dim=st.sampled_from([1, 3, 32]),
        k=st.integers(1, 60),
        query_chunk=st.integers(1, 10),
        corpus_chunk=st.integers(1, 70),
        seed=st.integers(0, 2**32 - 1),
    )
    @settings(deadline=None)
    def test_agrees_with_a_full_sort(self, rows, queries, dim, k, query_chunk, corpus_chunk, seed):
        asked, corpus = random_units(queries, dim, seed), random_units(rows, dim, seed + 1)
        k = min(k, rows)
        scores, found = top_rows(
            asked, corpus, k=k, query_chunk=query_chunk, corpus_chunk=corpus_chunk
        )
        expected_scores, expected = naive_top(asked, corpus, k)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(scores, expected_scores, rtol=0, atol=1e-7)

    @pytest.mark.parametrize("corpus_chunk", [1, 7, 64, 100, 333, 1000])
    @pytest.mark.parametrize("queries", [1, 5])
    def test_ties_go_to_the_lower_row_across_chunks(self, corpus_chunk, queries):
        few = random_units(9, 384)
        kinds = np.random.default_rng(1).integers(0, 9, size=1000)
        asked = random_units(queries, 384, seed=2)
        scores, found = top_rows(asked, few[kinds], k=400, query_chunk=2, corpus_chunk=corpus_chunk)
        for query, order in enumerate(naive_top(asked, few, 9)[1]):
            place = np.argsort(order)[kinds]
            expected = np.lexsort((np.arange(1000), place))[:400]
            np.testing.assert_array_equal(found[query], expected)
            assert len(np.unique(scores[query])) == len(np.unique(place[expected]))

    def test_answers_do_not_depend_on_the_chunks(self):
        asked, corpus = random_units(20, 48, 3), random_units(5000, 48, 4)
        scores, rows = top_rows(asked, corpus, k=7)
        for query_chunk, corpus_chunk in [(1, 17), (3, 512), (20, 5000)]:
            again = top_rows(asked, corpus, k=7, query_chunk=query_chunk, corpus_chunk=corpus_chunk)
            np.testing.assert_array_equal(again[0], scores)
            np.testing.assert_array_equal(again[1], rows)

    def test_memory_stays_far_below_the_full_matrix(self):
        asked, corpus = random_units(400, 8, 5), random_units(100_000, 8, 6)
        tracemalloc.start()
        top_rows(asked, corpus, k=5)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        full = 400 * 100_000 * 4
        assert peak < full / 8


class TestUnitVectors:
    def test_scales_to_unit_length_and_keeps_zeros(self):
        unit = unit_vectors([[3, 4], [0, 0], [0, -2]])
        assert unit.dtype == np.float32
        np.testing.assert_allclose(unit, [[0.6, 0.8], [0, 0], [0, -1]], atol=1e-7)

    @pytest.mark.parametrize("size", [1e-38, 1e-20, 1e20, 3e38])
    def test_survives_extreme_lengths(self, size):
        unit = unit_vectors(np.full((2, 4), size, dtype=np.float32))
        np.testing.assert_allclose(unit, np.full((2, 4), 0.5), rtol=1e-5)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
    def test_names_the_row_that_is_not_finite(self, value):
        vectors = np.ones((5, 3))
        vectors[3, 1] = value
        with pytest.raises(InputError, match="vector 3 is not finite"):
            unit_vectors(vectors)

    @pytest.mark.parametrize(
        "vectors",
        [
            [1.0, 2.0],
            [[[1.0]]],
            [["비", "눈"]],
            [[True, False]],
            [[1j, 2j]],
            None,
            np.empty((3, 0)),
            [[1.0], [1.0, 2.0]],
        ],
    )
    def test_refuses_what_is_no_matrix_of_numbers(self, vectors):
        with pytest.raises(InputError, match="vectors must"):
            unit_vectors(vectors)

    def test_does_not_touch_the_input(self):
        vectors = np.array([[3.0, 4.0]], dtype=np.float32)
        unit_vectors(vectors)[0, 0] = 9
        assert vectors.tolist() == [[3.0, 4.0]]


class TestIndex:
    def test_behaves_like_a_container(self, encoder):
        index = Index.build(encoder, CORPUS)
        assert len(index) == 6
        assert list(index) == CORPUS
        assert index[2] == CORPUS[2]
        assert CORPUS[4] in index
        assert repr(index) == "Index(rows=6, dim=64, model='ngram')"
        assert index.vectors.dtype == np.float32

    def test_finds_what_reads_alike(self, encoder):
        index = Index.build(encoder, CORPUS)
        queries = ["강아지와 공원을 산책하고 싶다.", "노트북이 자꾸 꺼져요.", "책을 빌렸다."]
        hits = index.search(queries, k=2)
        assert [found[0].index for found in hits] == [2, 5, 3]
        for found in hits:
            assert len(found) == 2
            assert found[0].score >= found[1].score
            assert all(hit.text == CORPUS[hit.index] for hit in found)

    def test_scores_are_plain_cosines(self, encoder):
        (found,) = Index.build(encoder, CORPUS).search([CORPUS[1]], k=6)
        assert found[0] == Hit(1, CORPUS[1], pytest.approx(1.0, abs=1e-6))
        assert type(found[0].score) is float
        assert type(found[0].index) is int
        vectors = encoder.encode(CORPUS).astype(np.float64)
        expected = vectors @ vectors[1]
        for hit in found:
            assert hit.score == pytest.approx(expected[hit.index], abs=1e-6)

    def test_duplicates_are_rows_of_their_own_encoded_once(self, encoder):
        texts = ["비가 온다", "눈이 온다", "비가 온다", "비가 온다"]
        index = Index.build(encoder, texts)
        assert encoder.seen == ["비가 온다", "눈이 온다"]
        (found,) = index.search(["비가 온다"], k=4)
        assert [hit.index for hit in found] == [0, 2, 3, 1]
        assert len({hit.score for hit in found[:3]}) == 1

    def test_vector_length_does_not_matter(self):
        vectors = np.random.default_rng(0).standard_normal((6, 5))
        plain = Index(CORPUS, vectors).search_vectors(vectors, k=6)
        longer = Index(CORPUS, vectors * 1024).search_vectors(vectors / 4, k=6)
        assert plain == longer

    def test_k_above_the_corpus_gives_all_with_one_warning(self, encoder):
        index = Index.build(encoder, CORPUS)
        with pytest.warns(MunjangWarning, match="10 hits were asked for.*6 rows") as caught:
            hits = index.search(["바다 여행", "늦은 지하철"], k=10)
        assert len(caught) == 1
        assert [len(found) for found in hits] == [6, 6]
        assert sorted(hit.index for hit in hits[0]) == list(range(6))

    @pytest.mark.parametrize("k", [0, -3, 2.0, "5", None, True])
    def test_refuses_a_bad_k(self, encoder, k):
        index = Index.build(encoder, CORPUS)
        with pytest.raises(InputError, match="k must be a whole number"):
            index.search(["비"], k=k)
        with pytest.raises(InputError, match="k must be a whole number"):
            index.search_vectors(np.ones((1, 64)), k=k)

    def test_numpy_integers_are_whole_numbers(self, encoder):
        assert len(Index.build(encoder, CORPUS).search(["비"], k=np.int64(3))[0]) == 3

    def test_no_queries_no_answers(self, encoder):
        index = Index.build(encoder, CORPUS)
        assert index.search([]) == []
        assert index.search_vectors(np.empty((0, 64), dtype=np.float32)) == []
        assert encoder.seen == CORPUS

    def test_refuses_another_dimension(self, encoder):
        with pytest.raises(InputError, match="dimension 64") as caught:
            Index.build(encoder, CORPUS).search_vectors(np.ones((2, 32)))
        assert "dimension 32" in str(caught.value)

    def test_refuses_nan_queries(self, encoder):
        with pytest.raises(InputError, match="vector 0 is not finite"):
            Index.build(encoder, CORPUS).search_vectors(np.full((1, 64), np.nan))

    def test_without_an_encoder_only_vectors_can_be_searched(self):
        index = Index(["비", "눈"], np.eye(2))
        assert repr(index) == "Index(rows=2, dim=2, model=None)"
        with pytest.raises(InputError, match="no encoder"):
            index.search(["비"])

    def test_needs_a_vector_a_text(self):
        with pytest.raises(InputError, match="one vector") as caught:
            Index(["비", "눈"], np.eye(3))
        assert "2 texts and 3 vectors" in str(caught.value)

    def test_refuses_an_empty_corpus(self, encoder):
        with pytest.raises(InputError, match="corpus is empty"):
            Index([], np.empty((0, 4)))
        with pytest.raises(InputError, match="corpus is empty"):
            Index.build(encoder, [])

    def test_a_zero_vector_is_like_nothing(self):
        index = Index(["비", "", "눈"], [[1, 0], [0, 0], [-1, 0]])
        (found,) = index.search_vectors([[5, 0]], k=3)
        assert [(hit.index, hit.score) for hit in found] == [(0, 1.0), (1, 0.0), (2, -1.0)]


def count_letters(sentences):
    """A plain model: how often each of a few letters is in a sentence, and one."""
    return [[*(text.count(letter) for letter in "강지바노"), 0.1] for text in sentences]


class Plain:
    """A plain model of the other kind."""

    def encode(self, sentences):
        return count_letters(sentences)


class TestPlainModels:
    @pytest.mark.parametrize("model", [count_letters, Plain()])
    def test_they_are_taken_as_they_are(self, model):
        (found,) = search_texts(model, ["강아지"], CORPUS, k=1)
        assert found[0].index == 2
        index = Index.build(model, CORPUS)
        assert index.search(["강아지"], k=1) == [found]
        assert Index(CORPUS, index.vectors, encoder=model).search(["강아지"], k=1) == [found]
        assert encode_texts(model, CORPUS).shape == (6, 5)

    def test_their_name(self):
        index = Index.build(count_letters, CORPUS)
        assert repr(index) == "Index(rows=6, dim=5, model='count_letters')"

    def test_an_encoder_stays_what_it_is(self, encoder):
        assert Index.build(encoder, CORPUS).encoder is encoder

    @pytest.mark.parametrize(
        "use",
        [
            lambda model: search_texts(model, ["비"], CORPUS),
            lambda model: search_texts(model, [], CORPUS),
            lambda model: Index.build(model, CORPUS),
            lambda model: Index(["비"], [[1.0]], encoder=model),
        ],
    )
    def test_a_name_is_not_a_model(self, use):
        with pytest.raises(InputError, match="a name is not a model") as caught:
            use("default")
        assert caught.value.fix == "munjang.load(name)"


class TestSearch:
    def test_is_the_same_as_the_index(self, encoder):
        queries = ["찌개를 끓이자", "산책"]
        assert search_texts(encoder, queries, CORPUS, k=3) == Index.build(encoder, CORPUS).search(
            queries, k=3
        )

    @given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=12))
    @settings(
        deadline=None,
        max_examples=30,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_any_text_finds_itself(self, encoder, texts):
        for query, (hit, *_) in zip(texts, search_texts(encoder, texts, texts, k=1), strict=True):
            assert hit.score == pytest.approx(1.0, abs=1e-5)
            assert hit.index <= texts.index(query)

    @pytest.mark.parametrize(
        ("queries", "found"),
        [
            ("비가 올까?", "found: str"),
            (b"\xec\x98\xa4", "found: bytes"),
            (None, "found: NoneType"),
            (7, "found: int"),
        ],
    )
    def test_refuses_what_is_no_list(self, encoder, queries, found):
        with pytest.raises(InputError, match="queries must be a list of strings") as caught:
            search_texts(encoder, queries, CORPUS)
        assert found in str(caught.value)
        with pytest.raises(InputError, match="texts must be a list of strings"):
            search_texts(encoder, ["비"], queries)

    @pytest.mark.parametrize("item", [None, float("nan"), b"abc", 3, ["비"]])
    def test_names_the_item_that_is_no_string(self, encoder, item):
        with pytest.raises(InputError, match=r"texts\[2\] is not text"):
            search_texts(encoder, ["비"], ["비", "눈", item])
        with pytest.raises(InputError, match=r"queries\[1\] is not text"):
            search_texts(encoder, ["비", item], CORPUS)

    def test_refuses_before_it_encodes(self, encoder):
        with pytest.raises(InputError):
            search_texts(encoder, ["비"], CORPUS, k=0)
        assert search_texts(encoder, [], CORPUS) == []
        assert encoder.seen == []

    def test_refuses_an_encoder_that_gives_nan(self, encoder):
        encoder.projection[:] = np.nan
        with pytest.raises(InputError, match="vector 0 is not finite"):
            search_texts(encoder, ["비"], CORPUS)
