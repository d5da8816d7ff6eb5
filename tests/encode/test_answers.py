"""What an answer of the embeddings API may look like; over HTTP in test_endpoint.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.encode.answers import read_vectors


@given(st.permutations(range(6)))
def test_any_order_is_read_by_index(order):
    answer = {"data": [{"index": index, "embedding": [float(index), 1.0]} for index in order]}
    assert read_vectors(answer, 6)[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("index", [True, 0.0, "0", -1, 1, None])
def test_an_index_is_a_whole_number_in_range(index):
    with pytest.raises(ValueError, match="the index"):
        read_vectors({"data": [{"index": index, "embedding": [1.0]}]}, 1)


@pytest.mark.parametrize("embedding", [[], None, [[1.0]], [1.0, [2.0]], {"0": 1.0}, [10**400]])
def test_an_embedding_is_a_list_of_numbers(embedding):
    with pytest.raises(ValueError, match="the embedding 0"):
        read_vectors({"data": [{"index": 0, "embedding": embedding}]}, 1)


@pytest.mark.parametrize("zeros", [[0.0, 0.0], [0, -0.0], [1e-60, 0.0]])
def test_no_text_that_is_sent_has_zeros(zeros):
    data = [{"index": 0, "embedding": [0.0, 1.0]}, {"index": 1, "embedding": zeros}]
    with pytest.raises(ValueError, match="the embedding 1 is all zeros"):
        read_vectors({"data": data}, 2)


def test_fewer_vectors_than_texts():
    with pytest.raises(ValueError, match="0 vectors for 2 texts, none with the index 0"):
        read_vectors({"data": []}, 2)
