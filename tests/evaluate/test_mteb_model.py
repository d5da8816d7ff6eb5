"""What mteb sees of an encoder; whole runs of mteb in test_benchmarks.py."""

from __future__ import annotations

import numpy as np
import pytest

import munjang
from munjang.encode.adapt import as_encoder
from munjang.errors import NetworkError
from munjang.evaluate.mteb_model import MtebModel

pytest.importorskip("mteb", reason="needs the extra mteb")

BATCHES = [{"text": ["비가 온다.", "눈이 온다."]}, {"text": ["점심을 먹었다."]}]


def encode(model, prompt_type=None):
    return model.encode(
        BATCHES, task_metadata=None, hf_split="test", hf_subset="default", prompt_type=prompt_type
    )


@pytest.fixture(scope="module")
def encoder():
    return munjang.load(prompt="")


def named(name):
    return as_encoder(
        lambda texts: [[len(text), text.count("다"), 1.0] for text in texts], name=name
    )


def test_it_is_what_mteb_takes_for_an_encoder(encoder):
    from mteb.models import EncoderProtocol

    model = MtebModel(encoder, {}, 32)
    assert isinstance(model, EncoderProtocol)
    assert model.mteb_model_meta.embed_dim == encoder.dim


def test_vectors_are_those_of_the_model_in_order(encoder):
    texts = [text for batch in BATCHES for text in batch["text"]]
    found = encode(MtebModel(encoder, {}, 32))
    assert np.allclose(found, encoder.encode(texts, normalize=False), atol=1e-6)


def test_prompts_by_side(encoder):
    from mteb.types import PromptType

    asked = []

    def remember(texts):
        asked.extend(texts)
        return encoder.encode(texts)

    model = MtebModel(as_encoder(remember), {"query": "질문: ", "passage": "글: "}, 32)
    for side, prompt in {None: "", PromptType.query: "질문: ", PromptType.document: "글: "}.items():
        asked.clear()
        encode(model, side)
        assert asked == [f"{prompt}{text}" for batch in BATCHES for text in batch["text"]]


def test_similarity_is_cosine(encoder):
    vectors = encode(MtebModel(encoder, {}, 32)) * 3
    model = MtebModel(encoder, {}, 32)
    expected = munjang.similarity(vectors, vectors)
    assert np.allclose(np.asarray(model.similarity(vectors, vectors)), expected, atol=1e-5)
    pairwise = np.asarray(model.similarity_pairwise(vectors, vectors[::-1].copy()))
    assert np.allclose(pairwise, np.diag(expected[:, ::-1]), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("munjang-small-ko", "munjang/munjang-small-ko"),
        ("BM-K/KoSimCSE-bert", "BM-K/KoSimCSE-bert"),
        ("a/b/c", "munjang/a_b_c"),
        ("../../나쁜 이름", "munjang/.._.._나쁜_이름"),
        ("<lambda>", "munjang/_lambda_"),
        ("/", "munjang/encoder"),
    ],
)
def test_names_fit_mteb_and_the_disk(name, expected):
    meta = MtebModel(named(name), {}, 32).mteb_model_meta
    assert meta.name == expected
    assert "/" not in meta.model_name_as_path()


def test_the_revision_tells_models_and_prompts_apart(encoder):
    def revision(model, **prompts):
        return MtebModel(model, prompts, 32).mteb_model_meta.revision

    assert revision(encoder) == revision(munjang.load(prompt=""))
    others = [
        revision(encoder),
        revision(encoder, query="질문: "),
        revision(encoder, query="질문: ", passage="글: "),
        revision(munjang.load(prompt="질문: ")),
        revision(munjang.load(prompt="", max_tokens=16)),
        revision(munjang.load(prompt="", max_tokens=64)),
        revision(named("munjang-small-ko")),
    ]
    assert len(set(others)) == len(others)


def test_a_limit_that_only_the_vectors_tell_is_another_revision():
    def revision(encode):
        return MtebModel(as_encoder(encode, name="모델"), {}, 32).mteb_model_meta.revision

    def cut(limit):
        return lambda texts: [[1.0, *map(float, f"{len(t[:limit]):05d}")] for t in texts]

    def real(limit):
        model = munjang.load(prompt="", max_tokens=limit)
        return lambda texts: model.encode(texts)

    assert revision(cut(3000)) == revision(cut(3000))
    models = [cut(100), cut(2000), cut(3000), real(128), real(256)]
    assert len({revision(model) for model in models}) == len(models)


def test_where_an_object_lies_in_memory_is_no_other_revision():
    class Counting:
        name, dim = "세는 모델", 2

        def encode(self, sentences, **_options):
            return np.array([[len(text), text.count("다")] for text in sentences], np.float32)

    models = [Counting(), Counting()]
    assert repr(models[0]) != repr(models[1])
    one, other = (MtebModel(model, {}, 32).mteb_model_meta.revision for model in models)
    assert one == other


def test_a_server_that_refuses_long_texts_still_has_a_revision():
    def model(*, refuses):
        def encode(texts):
            if refuses and max(map(len, texts)) > 2000:
                raise NetworkError("the server refuses so long a text")
            return [[len(text), text.count("다"), 1.0] for text in texts]

        return MtebModel(as_encoder(encode, name="서버"), {}, 32).mteb_model_meta

    assert model(refuses=True).revision != model(refuses=False).revision
