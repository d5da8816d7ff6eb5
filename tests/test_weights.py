"""The float16 weights of the shipped model: what the README says one can do with them."""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

import munjang

WEIGHTS = Path(__file__).resolve().parent.parent / "models" / "munjang-small-ko"
SENTENCES = [
    "주말에 할머니 댁에 다녀왔다.",
    "지난 토요일에는 외할머니를 뵙고 왔어요.",
    "이 프린터는 양면 인쇄가 되나요?",
    "서류를 두 부씩 뽑아 주세요.",
    "The library closes at nine.",
]


@pytest.fixture(scope="module")
def plain():
    """As anyone opens it, without munjang."""
    return SentenceTransformer(str(WEIGHTS), device="cpu")


def test_plain_sentence_transformers_computes_in_float32(plain):
    assert {str(weight.dtype) for weight in plain.parameters()} == {"torch.float32"}


def test_vectors_are_those_of_the_shipped_model(plain, shipped):
    ours, theirs = shipped.encode(SENTENCES), plain.encode(SENTENCES)
    assert np.sum(ours * theirs, axis=1).min() > 0.98
    assert np.linalg.norm(theirs, axis=1) == pytest.approx(1, abs=1e-5)


def test_munjang_and_sentence_transformers_agree(plain):
    ours = munjang.load(WEIGHTS, engine="torch", device="cpu").encode(SENTENCES)
    assert ours == pytest.approx(plain.encode(SENTENCES), abs=1e-5)


def test_no_prompt_is_needed(plain, shipped):
    assert plain.default_prompt_name is None
    assert shipped.prompt == ""


def test_the_card_names_the_licence():
    head = (WEIGHTS / "README.md").read_text("utf-8").split("---")[1]
    assert "license: cc-by-sa-4.0" in head
