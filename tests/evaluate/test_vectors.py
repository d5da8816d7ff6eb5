"""The store of vectors: each sentence once, in order, and only vectors that mean something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import munjang
from munjang.data.rows import ScoredPair
from munjang.encode.adapt import as_encoder
from munjang.encode.encoder import unit_length
from munjang.errors import InputError, ModelError
from munjang.evaluate.vectors import VectorStore

TEXTS = ["비가 온다.", "눈이 온다.", "점심을 먹었다.", "비가 온다."]


class Counting:
    """A deterministic encoder that remembers what it was asked."""

    name, dim = "세는 모형", 8

    def __init__(self):
        self.asked = []

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        self.asked.append((list(sentences), batch_size, normalize))
        return np.stack([vector_of(text) for text in sentences])


def vector_of(text):
    seed = list(text.encode("utf-8", "surrogatepass"))
    return np.random.default_rng([1, *seed]).normal(size=8).astype(np.float32)


class Giving:
    """An encoder that gives what it is told to, call by call."""

    name, dim = "틀린 모형", 2

    def __init__(self, *answers):
        self.answers = list(answers)

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        return self.answers.pop(0)


def refused(store, texts) -> str:
    with pytest.raises(ModelError) as caught:
        store.vectors(texts)
    assert store.name in caught.value.what
    assert len(str(caught.value).splitlines()) == 3
    return str(caught.value)


def test_a_real_model_encodes_every_sentence_once():
    encoder = munjang.load()
    store = VectorStore(encoder)
    found = store.vectors(TEXTS)
    expected = encoder.encode(TEXTS[:3], normalize=False)
    assert found.dtype == np.float32
    assert (found == expected[[0, 1, 2, 0]]).all()
    assert (store.encoded, store.zeros) == (3, 0)
    assert store.seconds > 0
    again = store.vectors(TEXTS[::-1])
    assert (again == found[::-1]).all()
    assert store.encoded == 3
    assert (store.name, store.encoder) == (encoder.name, encoder)
    assert repr(store) == "VectorStore('munjang-small-ko', kept=3, encoded=3)"


def test_what_the_model_is_asked():
    model = Counting()
    store = VectorStore(model, batch_size=7)
    store.vectors(TEXTS)
    store.vectors(["눈이 온다.", "새 문장"])
    assert model.asked == [(TEXTS[:3], 7, False), (["새 문장"], 7, False)]


@given(st.lists(st.tuples(st.lists(st.text(max_size=3), max_size=6), st.booleans()), max_size=8))
def test_any_order_of_calls_gives_each_text_its_own_vector(calls):
    model = Counting()
    store = VectorStore(model)
    kept = set()
    for texts, keep in calls:
        found = store.vectors(texts, keep=keep)
        assert found.shape == (len(texts), 8)
        assert all((row == vector_of(t)).all() for row, t in zip(found, texts, strict=True))
        kept |= set(texts) if keep else set()
    stored = [text for (texts, _, _) in model.asked for text in texts]
    assert all(stored.count(text) >= 1 for text in kept)
    before = len(model.asked)
    store.vectors(sorted(kept))
    assert len(model.asked) == before


def test_what_is_not_kept_is_encoded_again():
    model = Counting()
    store = VectorStore(model)
    store.vectors(TEXTS[:1])
    for _ in range(2):
        found = store.vectors(TEXTS, keep=False)
        assert (found == [vector_of(text) for text in TEXTS]).all()
    assert [texts for texts, *_ in model.asked] == [TEXTS[:1], TEXTS[1:3], TEXTS[1:3]]
    assert store.encoded == 5


def test_a_result_is_the_callers_own():
    store = VectorStore(Counting())
    store.vectors(TEXTS)[:] = 0
    assert store.vectors(TEXTS).all()


def test_unit_length():
    store = VectorStore(Counting())
    assert np.allclose(store.unit(TEXTS), unit_length(store.vectors(TEXTS)))
    assert store.encoded == 3


def test_nothing_is_asked_for_nothing():
    model = Counting()
    assert VectorStore(model).vectors([]).shape == (0, 8)
    assert model.asked == []


def test_surrogates_and_other_forms_are_texts_of_their_own():
    store = VectorStore(Counting())
    found = store.vectors(["한", "\u1112\u1161\u11ab", "한\ud800"])
    assert len(np.unique(found, axis=0)) == 3


def test_text_is_wanted():
    with pytest.raises(InputError, match=r"sentences\[1\] is not text"):
        VectorStore(Counting()).vectors(["문장", None])


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (np.ones((1, 2)), "shape (1, 2) for 2 sentences from '비가 온다.' on"),
        (np.ones(2), "shape (2,)"),
        (np.ones((2, 0)), "shape (2, 0)"),
        (None, "shape ()"),
        (["비가", "눈이"], "list: could not convert"),
        ([[1.0, 2.0], [1.0, np.nan]], "1 of 2 sentences, first '눈이 온다.'"),
        ([[np.inf, 2.0], [1.0, 3.0]], "1 of 2 sentences, first '비가 온다.'"),
        ([[1.0, 2.0], [1.0, 1e300]], "first '눈이 온다.'"),
        ([[1.0, 2.0], [1.0, 2.0]], "'비가 온다.' and '눈이 온다.'"),
        ([[0.0, 0.0], [0.0, 0.0]], "'비가 온다.' and '눈이 온다.'"),
    ],
)
def test_what_an_encoder_may_not_give(answer, found):
    store = VectorStore(Giving(answer))
    assert found in refused(store, TEXTS[:2])
    assert store.encoded == 0


def test_a_long_text_is_shortened():
    text = "아주 긴 문장 " * 100
    assert len(refused(VectorStore(Giving([[np.nan]])), [text])) < 250


def test_a_dimension_that_changes():
    store = VectorStore(Giving([[1.0, 2.0]], [[1.0, 2.0, 3.0]]))
    store.vectors(TEXTS[:1])
    assert "found: 3 for '눈이 온다.', 2 before" in refused(store, TEXTS[1:2])


def test_alike_is_seen_over_several_calls():
    store = VectorStore(Giving([[1.0, 2.0]], [[1.0, 2.0]]))
    store.vectors(TEXTS[:1])
    assert "the same vector" in refused(store, TEXTS[1:2])


def test_what_a_tokenizer_may_ignore_is_no_difference():
    store = VectorStore(Giving([[1.0, 2.0]] * 3, [[1.0, 2.0], [2.0, 1.0]], [[2.0, 1.0]] * 2))
    store.vectors(["Seoul 비", " seoul  비", "SEOUL비"])
    store.vectors(["부산 눈", "대구 눈"])
    store.vectors(["광주 눈", "제주 눈"])  # it is known by now that the model tells texts apart


def test_zeros_are_counted():
    store = VectorStore(Giving([[1.0, 2.0], [0.0, 0.0]]))
    store.vectors(["비", " "])
    assert store.zeros == 1


def lengths(sentences):
    """A plain model of two dimensions."""
    return [[len(text), 1.0 / len(text)] for text in sentences]


class Plain:
    """A model that knows nothing of batches or unit length."""

    def encode(self, sentences):
        return lengths(sentences)


@pytest.mark.parametrize("model", [lengths, Plain(), as_encoder(lengths)])
def test_a_plain_model_is_taken_as_it_is(model):
    store = VectorStore(model)
    assert store.vectors(["비", "비가"]).tolist() == [[1.0, 1.0], [2.0, 0.5]]
    assert store.name == ("Plain" if isinstance(model, Plain) else "lengths")
    assert store.encoder.dim == 2


PAIRS = [
    ScoredPair("비가 온다.", "비가 많이 내린다.", score=4.0),
    ScoredPair("눈이 온다.", "점심으로 따뜻한 국수를 먹었다.", score=0.5),
    ScoredPair("버스가 늦었다.", "버스가 늦게 왔다.", score=4.5),
]


@pytest.mark.parametrize("model", [lengths, Plain()])
def test_what_measures_takes_a_plain_model(model, data_dir):
    assert munjang.evaluate_sts(model, PAIRS, task="나의 것", split="test").rows == 3
    result = munjang.run_suite(model, tasks=["klue-sts:dev"], intervals=False, data_dir=data_dir)
    assert result.model == ("Plain" if isinstance(model, Plain) else "lengths")


@pytest.mark.parametrize(
    "measure",
    [
        VectorStore,
        munjang.run_suite,
        lambda model: munjang.run_robust(model, PAIRS, task="나의 것", split="test"),
        lambda model: munjang.evaluate_sts(model, PAIRS, task="나의 것", split="test"),
    ],
)
def test_a_name_is_not_a_model(measure):
    with pytest.raises(InputError, match="a name is not a model") as caught:
        measure("default")
    assert caught.value.fix == "munjang.load(name)"
    with pytest.raises(InputError) as caught:
        measure(None)
    assert "munjang.as_encoder" in caught.value.fix
