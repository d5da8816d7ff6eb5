"""A model before and after a cut: figures, comparison, and what the gate lets through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra train")

from munjang.errors import GateError
from munjang.model.build import as_encoder, build_encoder
from munjang.model.export import GateLimits
from munjang.model.trim_gate import (
    Side,
    Snapshot,
    TrimResult,
    compare,
    pass_gate,
    take_snapshot,
)
from munjang.model.vocabulary import read_vocabulary

HELD = ["비가 온다", "눈이 온다 ⵣ", "고양이가 잔다", "버스가 늦었다"]
SIDE = Side(pieces=10, parameters=100, megabytes=0.1, tokens=5.0, unknown=0.0, spearman=80.0)


@pytest.fixture(scope="module")
def model(tiny_models):
    return build_encoder(tiny_models["mean"], prompt="q: ", device="cpu")


def snapshot(model, pairs=()):
    import torch

    vocabulary = read_vocabulary(model.tokenizer.backend_tokenizer)
    encoder = as_encoder(model, "작은")
    return take_snapshot(
        model, encoder, vocabulary, held=HELD, pairs=pairs, dtype=torch.float16
    ), encoder


def test_a_snapshot(model, own_pairs):
    found, encoder = snapshot(model, own_pairs)
    rows, _ = encoder.tokenizer.encode(["q: " + text for text in HELD], 64)
    assert found.rows == rows
    tokens = sum(map(len, rows))
    unknown = sum(row.count(3) for row in rows)
    assert unknown > 0
    assert found.side.tokens == tokens / 4
    assert found.side.unknown == unknown / tokens
    assert found.side.pieces == len(model.tokenizer)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, rtol=1e-5)
    assert -100 <= found.side.spearman <= 100
    assert snapshot(model)[0].side.spearman is None


def test_the_comparison():
    vectors = np.eye(2, dtype=np.float32)
    other = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    before = Snapshot(side=SIDE, rows=[[5, 9], [5, 6]], vectors=vectors)
    after = Snapshot(side=replace(SIDE, spearman=79.5), rows=[[0, 2], [0, 1, 1]], vectors=other)
    found = compare(before, after, kept=[5, 7, 9])
    assert found == {
        "same": 0.5,
        "mean_cosine": pytest.approx(0.9),
        "least_cosine": pytest.approx(0.8),
        "drop": 0.5,
    }
    without = replace(before, side=replace(SIDE, spearman=None))
    assert compare(without, after, kept=[5, 7, 9])["drop"] == 0


class TestTheGate:
    @pytest.fixture
    def result(self):
        return TrimResult(
            source="원본",
            kind="Unigram",
            before=SIDE,
            after=replace(SIDE, pieces=5, spearman=79.0, tokens=6.0),
            counted=90,
            used=8,
            held_out=10,
            same=0.75,
            mean_cosine=0.98,
            least_cosine=0.5,
            pairs=12,
            drop=1.0,
            license="mit",
        )

    def test_at_the_limits(self, result):
        pass_gate(result, GateLimits(min_cosine=0.98, max_drop=1.0))

    @pytest.mark.parametrize(
        "limits",
        [GateLimits(min_cosine=0.981, max_drop=5.0), GateLimits(min_cosine=0.5, max_drop=0.9)],
    )
    def test_beyond_them_it_tells_the_numbers(self, result, limits):
        with pytest.raises(GateError, match="not written") as refusal:
            pass_gate(result, limits)
        assert refusal.value.exit_code == 3
        for part in ("80.00 -> 79.00", "5.0 -> 6.0", "75.0%", "0.98000", f"{limits.max_drop:.2f}"):
            assert part in refusal.value.found

    def test_no_number_is_no_pass(self, result):
        with pytest.raises(GateError):
            pass_gate(replace(result, mean_cosine=float("nan")), GateLimits(0, 100))

    def test_without_pairs_nothing_is_said_of_them(self, result):
        bare = replace(
            result,
            before=replace(SIDE, spearman=None),
            after=replace(SIDE, spearman=None),
            drop=0.0,
            pairs=0,
        )
        with pytest.raises(GateError) as refusal:
            pass_gate(bare, GateLimits(min_cosine=0.99, max_drop=1.0))
        assert "Spearman" not in refusal.value.found
