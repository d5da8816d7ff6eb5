"""Vectors by hand: against sentence-transformers' own modules, which they do not use."""

from __future__ import annotations

import numpy as np
import pytest

from munjang.model.legacy import Checkpoint
from munjang.model.parity import BATCH, POOL, SENTENCES, ByHand, read_by_hand, to_unit_length

torch = pytest.importorskip("torch", reason="needs the extra train")
sentence_transformers = pytest.importorskip("sentence_transformers", reason="needs the extra train")
from sentence_transformers.sentence_transformer.modules import Pooling  # noqa: E402
from transformers import AutoTokenizer, BertModel  # noqa: E402


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("mode", POOL)
def test_every_pooling_is_that_of_sentence_transformers(mode, side):
    rng = np.random.default_rng(4)
    tokens = rng.normal(size=(5, 7, 6)).astype(np.float32)
    mask = (np.arange(7) < np.array([[7], [1], [4], [3], [6]])).astype(np.int64)
    mask = mask if side == "right" else mask[:, ::-1].copy()
    theirs = Pooling(6, mode)(
        {"token_embeddings": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
    )["sentence_embedding"]
    np.testing.assert_allclose(POOL[mode](tokens, mask), theirs.numpy(), atol=1e-6)


def test_unit_length():
    np.testing.assert_allclose(to_unit_length(np.array([[3.0, 4.0]])), [[0.6, 0.8]])


def test_the_sentences_differ_in_length_and_fill_several_batches():
    lengths = sorted(map(len, SENTENCES))
    assert (lengths[0], lengths[1]) == (0, 1)
    assert lengths[-1] > 1000
    assert len(SENTENCES) > 2 * BATCH
    assert len(set(SENTENCES)) == len(SENTENCES)


@pytest.mark.parametrize("name", ["mean", "cls", "mean-normalize"])
def test_whole_models(tiny_models, name):
    folder = tiny_models[name]
    found = read_by_hand(
        Checkpoint(
            kind="sentence-transformers",
            folder=folder,
            backbone=folder,
            modules=(("Pooling", folder / "1_Pooling"),),
        ),
        BertModel,
        pooling=None,
        normalize=name.endswith("normalize"),
        max_tokens=64,
        prompt="",
    )
    assert found.pooling == name.partition("-")[0]
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    theirs = model.encode(list(SENTENCES))
    np.testing.assert_allclose(found.encode(SENTENCES), theirs, atol=1e-6)


def test_prompt_lower_case_and_limit_are_applied(tiny_models):
    folder = tiny_models["plain"]
    given = {
        "model": BertModel.from_pretrained(folder).eval(),
        "tokenizer": AutoTokenizer.from_pretrained(folder),
        "pooling": "cls",
        "after": (),
    }
    asked = ByHand(**given, max_tokens=6, prompt="비 ", lower=True).encode(["KTX가 온다"])
    plain = ByHand(**given, max_tokens=64)
    ids = plain.tokenizer("비 ktx가 온다", truncation=True, max_length=6)["input_ids"]
    with torch.no_grad():
        state = plain.model(torch.tensor([ids])).last_hidden_state[:, 0].numpy()
    assert len(ids) == 6
    np.testing.assert_allclose(asked, state, atol=1e-6)
    assert np.abs(asked - plain.encode(["KTX가 온다"])).max() > 1e-3
