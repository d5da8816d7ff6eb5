"""Retrieval: nDCG, reciprocal rank and recall by hand, ties, own documents, several answers."""

from __future__ import annotations

import math

import pytest

from munjang.data.retrieval import RetrievalSet, pairs_to_retrieval
from munjang.data.rows import Pair
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.retrieval import measure_retrieval
from munjang.evaluate.vectors import VectorStore

MEASURED = Measurement(task="mine", split="all")
DIRECTIONS = {
    "물음": [1.0, 0.0],
    "가까움": [0.9, 0.1],
    "보통": [0.7, 0.7],
    "멂": [0.1, 0.9],
    "반대": [-1.0, 0.0],
}


def measure(encoder, qrels, corpus=("가까움", "보통", "멂", "반대"), queries=("물음",)):
    given = RetrievalSet(
        "mine",
        {f"q{n}": text for n, text in enumerate(queries)},
        {f"d{n}": text for n, text in enumerate(corpus)},
        qrels,
    )
    return measure_retrieval(VectorStore(encoder), given, MEASURED)


def test_the_second_of_the_ranking_is_the_answer(table_encoder):
    found = measure(table_encoder(DIRECTIONS), {"q0": {"d1": 1}})
    assert found.score == pytest.approx(1 / math.log2(3))
    assert found.scores["mrr@10"] == 0.5
    assert found.scores["recall@10"] == found.scores["recall@100"] == 1.0


def test_grades_are_gains(table_encoder):
    found = measure(table_encoder(DIRECTIONS), {"q0": {"d0": 1, "d2": 3}})
    gained = 1 + 3 / math.log2(4)
    ideal = 3 + 1 / math.log2(3)
    assert found.score == pytest.approx(gained / ideal)


def test_an_answer_below_the_cut_counts_only_deep(table_encoder):
    near = {f"글 {n}": [1.0, n / 100] for n in range(10)}
    encoder = table_encoder({**DIRECTIONS, **near})
    found = measure(encoder, {"q0": {"d10": 1}}, corpus=(*near, "멂"))
    assert (found.score, found.scores["mrr@10"], found.scores["recall@10"]) == (0.0, 0.0, 0.0)
    assert found.scores["recall@100"] == 1.0


def test_equal_documents_rank_in_their_order(table_encoder):
    encoder = table_encoder({**DIRECTIONS, "똑같음": DIRECTIONS["가까움"]})
    first = measure(encoder, {"q0": {"d0": 1}}, corpus=("가까움", "똑같음", "멂"))
    second = measure(encoder, {"q0": {"d1": 1}}, corpus=("가까움", "똑같음", "멂"))
    assert (first.scores["mrr@10"], second.scores["mrr@10"]) == (1.0, 0.5)


def test_a_document_with_the_id_of_its_query_is_passed_over(table_encoder):
    given = RetrievalSet(
        "mine", {"a": "물음"}, {"a": "물음", "b": "가까움", "c": "멂"}, {"a": {"b": 1}}
    )
    found = measure_retrieval(VectorStore(table_encoder(DIRECTIONS)), given, MEASURED)
    assert found.scores["mrr@10"] == 1.0


def test_a_judged_document_with_the_id_of_its_query_counts(table_encoder):
    given = RetrievalSet("mine", {"1": "물음"}, {"1": "가까움", "2": "멂"}, {"1": {"1": 1}})
    found = measure_retrieval(VectorStore(table_encoder(DIRECTIONS)), given, MEASURED)
    assert (found.score, found.scores["recall@10"]) == (1.0, 1.0)


def test_scores_are_means_over_queries(table_encoder):
    found = measure(
        table_encoder(DIRECTIONS),
        {"q0": {"d0": 1}, "q1": {"d1": 1}},
        queries=("물음", "반대"),
    )
    assert found.rows == 2
    assert found.scores["mrr@10"] == pytest.approx((1 + 1 / 3) / 2)
    assert found.evidence["value"].tolist() == pytest.approx([1.0, 1 / math.log2(4)])


def test_the_shipped_model_finds_bodies_by_their_titles(shipped):
    pairs = [
        Pair(
            "골목길 가로등을 고쳐 주세요",
            "밤마다 골목이 어두워 아이들이 넘어집니다. 불을 켜 주세요.",
        ),
        Pair(
            "도서관 문을 더 늦게 닫아 주세요",
            "퇴근하고 책을 빌릴 곳이 없습니다. 밤 열 시까지 열었으면 합니다.",
        ),
        Pair(
            "버스 배차 간격을 줄여 주세요", "정류장에서 삼십 분을 기다립니다. 차를 더 보내 주세요."
        ),
    ]
    found = measure_retrieval(VectorStore(shipped), pairs_to_retrieval("청원", pairs), MEASURED)
    assert found.score == 1.0
