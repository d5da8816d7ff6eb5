"""Other people's models as encoders: real sentence-transformers, torch, functions, objects."""

from __future__ import annotations

import numpy as np
import pytest

import munjang
from munjang.encode.adapt import as_array, as_encoder
from munjang.encode.encoder import Encoder
from munjang.encode.endpoint import EndpointEncoder
from munjang.errors import InputError, ModelError

TEXTS = ["비가 오는 날", "고양이가 낮잠을 잔다", "점심에 국수를 먹었다", "", "버스가 늦었다"]


def letters(sentences):
    """A model of four dimensions that counts letters."""
    return np.array([[text.count(c) for c in "가나다 "] for text in sentences]) + 1


class Batched:
    """A model that takes a batch size and remembers what it was asked."""

    name = "묶음 모형"

    def __init__(self):
        self.asked = []

    def encode(self, sentences, batch_size=8):
        self.asked.append((len(sentences), batch_size))
        return letters(sentences).tolist()


class TestOurs:
    def test_ours_pass_through(self):
        encoder = munjang.load()
        assert as_encoder(encoder) is encoder
        assert as_encoder(encoder, name=encoder.name) is encoder

    def test_an_endpoint_passes_through_and_is_asked_nothing(self):
        endpoint = EndpointEncoder("http://127.0.0.1:9/v1", "m")
        assert as_encoder(endpoint) is endpoint

    def test_another_name(self):
        encoder = munjang.load()
        renamed = as_encoder(encoder, name="기준")
        assert (renamed.name, renamed.dim) == ("기준", encoder.dim)
        assert (renamed.encode(TEXTS) == encoder.encode(TEXTS)).all()

    def test_a_name_and_a_dimension_alone_do_not_make_an_encoder(self):
        model = Batched()
        model.dim = 4
        assert as_encoder(model) is not model


class TestSentenceTransformers:
    @pytest.fixture
    def model(self, tiny_models):
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(
            str(tiny_models["mean"]),
            device="cpu",
            prompts={"query": "질문: "},
            default_prompt_name="query",
        )

    def test_it_gives_its_own_vectors_with_its_own_prompt(self, model):
        encoder = as_encoder(model)
        expected = model.encode(TEXTS, prompt="질문: ")
        assert np.abs(encoder.encode(TEXTS, normalize=False) - expected).max() < 1e-6
        assert np.abs(expected - model.encode(TEXTS, prompt="")).max() > 1e-3
        assert isinstance(encoder, Encoder)
        assert encoder.dim == 32

    def test_options_are_honoured(self, model):
        raw = model.encode(TEXTS)[:, :5]
        found = as_encoder(model).encode(TEXTS, truncate_dim=5, batch_size=2)
        assert np.allclose(found, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)

    def test_its_name(self, model, tiny_models):
        assert as_encoder(model).name == "mean"
        assert as_encoder(model, name="나의 모형").name == "나의 모형"
        model.model_card_data.model_name = "우리 모형"
        assert as_encoder(model).name == "우리 모형"


@pytest.mark.parametrize("kind", ["float", "bfloat16", "graph", "list"])
def test_torch_tensors(kind):
    torch = pytest.importorskip("torch", reason="needs the extra train")

    def encode(sentences):
        tensor = torch.tensor(letters(sentences), dtype=torch.float32)
        if kind == "bfloat16":
            return tensor.bfloat16()
        if kind == "graph":
            return tensor.requires_grad_()
        return list(tensor) if kind == "list" else tensor

    found = as_encoder(encode).encode(TEXTS, normalize=False)
    assert found.dtype == np.float32
    assert (found == letters(TEXTS)).all()


def test_a_function_is_called_batch_by_batch():
    asked = []

    def encode(sentences):
        asked.append(len(sentences))
        return letters(sentences)

    encoder = as_encoder(encode)
    found = encoder.encode(TEXTS, batch_size=2, normalize=False)
    assert (found == letters(TEXTS)).all()
    assert asked == [2, 2, 1]
    assert (encoder.name, encoder.dim) == ("encode", 4)
    assert np.allclose(np.linalg.norm(encoder.encode(TEXTS), axis=1), 1)


def test_an_object_that_makes_batches_is_called_once():
    model = Batched()
    encoder = as_encoder(model)
    assert (encoder.encode(TEXTS, batch_size=3, normalize=False) == letters(TEXTS)).all()
    assert model.asked == [(5, 3)]
    assert encoder.name == "묶음 모형"


def test_nothing_to_encode():
    assert as_encoder(letters).encode([]).shape == (0, 4)
    assert as_encoder(letters).encode([], truncate_dim=2).shape == (0, 2)


def test_arguments_out_of_range():
    encoder = as_encoder(letters)
    with pytest.raises(InputError, match="batch_size"):
        encoder.encode(TEXTS, batch_size=0)
    with pytest.raises(InputError, match="truncate_dim is out of range") as caught:
        encoder.encode(TEXTS, truncate_dim=5)
    assert "1 to 4" in str(caught.value)
    with pytest.raises(InputError, match="list of strings"):
        encoder.encode("한 문장")


@pytest.mark.parametrize(
    ("encode", "message"),
    [
        (lambda texts: letters(texts)[:-1], r"shape \(1, 4\) for 2 sentences"),
        (lambda texts: letters(texts)[0], r"shape \(4,\) for 2 sentences"),
        (lambda texts: letters(texts)[None], r"shape \(1, 2, 4\)"),
        (lambda texts: None, "did not give"),
        (lambda texts: [["가", "나"]] * len(texts), "list: could not convert"),
        (lambda texts: [[1.0], [1.0, 2.0]], "list: "),
        (lambda texts: {"dense": letters(texts)}, "dict: "),
        (lambda texts: letters(texts)[:, : len(texts)], "2 and 1"),
    ],
)
def test_what_is_not_one_vector_a_sentence(encode, message):
    with pytest.raises(ModelError, match=message):
        as_encoder(encode).encode(TEXTS, batch_size=2)


@pytest.mark.parametrize(
    ("model", "what", "fix"),
    [
        (Batched, "a class encodes nothing", "make one of it: Batched(…)"),
        ("munjang-small-ko", "a name is not a model", "munjang.load(name)"),
        (None, "this is nothing that encodes sentences", "munjang.as_encoder(model) takes"),
        (7, "this is nothing that encodes sentences", "munjang.as_encoder(model) takes"),
        ({"encode": letters}, "this is nothing that encodes sentences", "(sentences) -> array"),
    ],
)
def test_what_encodes_nothing(model, what, fix):
    with pytest.raises(InputError) as caught:
        as_encoder(model)
    assert caught.value.what == what
    assert fix in caught.value.fix


def test_a_bare_torch_module_is_refused():
    torch = pytest.importorskip("torch", reason="needs the extra train")
    with pytest.raises(InputError, match="nothing that encodes"):
        as_encoder(torch.nn.Linear(2, 2))


def test_an_error_of_the_model_stays_what_it_is():
    def encode(sentences):
        raise KeyError(sentences[0])

    with pytest.raises(KeyError):
        as_encoder(encode).encode(TEXTS)


def test_as_array_keeps_float32():
    given = np.ones((2, 3), dtype=np.float32)
    assert as_array(given) is given
