"""The suite's list: names, data that the catalogue knows, and the pairs that are drawn."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from munjang.data.catalog import find_split
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.suite import read_split
from munjang.evaluate.suite_tasks import KOREAN, SUITE_TASKS
from munjang.evaluate.vectors import VectorStore


def test_keys_are_distinct():
    assert len(SUITE_TASKS) == len(KOREAN)


@pytest.mark.parametrize("task", KOREAN, ids=lambda task: task.key)
def test_the_catalogue_knows_what_a_task_reads_and_keeps_it_from_training(task):
    splits = [find_split(*key.split(":")) for key in task.data]
    assert splits[0].never_train
    assert task.what
    assert task.title


ROWS = {
    "korsts:test": 1379,
    "klue-sts:dev": 519,
    "klue-sts:dev-without-parakqc": 387,
    "xnli-ko:test": 3340,
    "klue-nli:dev": 2000,
    "question-pair:test": 650,
    "stylekqc:test": 9600,
    "petitions:all": 1986,
    "flores200:devtest": 1012,
    "tatoeba:test": 1000,
    "ynat-clusters:held-out": 9101,
    "3i4k-clusters:test": 6121,
    "ynat-few-labels:held-out": 9101,
    "3i4k-few-labels:test": 6121,
    "nsmc-few-labels:held-out-sentiment": 4000,
}
IN_UNITS = {"xnli-ko", "klue-nli", "question-pair", "stylekqc"}


class HashedCharacters:
    """Counts of hashed characters and pairs of them: a real encoder, and a quick one."""

    name, dim = "글자", 256

    def __init__(self):
        self.seen = []
        self.hashing = HashingVectorizer(
            analyzer="char", ngram_range=(1, 2), n_features=self.dim, alternate_sign=True
        )

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        self.seen += sentences
        return self.hashing.transform(sentences).toarray().astype(np.float32)


@pytest.fixture(scope="module")
def store():
    return VectorStore(HashedCharacters())


@pytest.fixture(scope="module")
def read(data_dir):
    """Reads each split once, and remembers which."""
    return functools.cache(functools.partial(read_split, data_dir=data_dir))


@pytest.mark.parametrize("task", KOREAN, ids=lambda task: task.key)
def test_every_task_measures_its_rows(task, store, read):
    measured = Measurement(task=task.name, split=task.split, what=task.what, intervals=False)
    result = task.measure(store, read, measured)
    assert (result.key, result.kind, result.rows) == (task.key, task.kind, ROWS[task.key])
    assert ("unit" in result.evidence) == (task.name in IN_UNITS)
    assert 0 < result.score < 1


def test_sentences_are_encoded_once_in_all(store):
    seen = store.encoder.seen
    assert len(seen) == len(set(seen)) == store.encoded
