"""The suite's list: names, data that the catalogue knows, and the pairs that are drawn."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from munjang.data.catalog import find_split
from munjang.evaluate.outcome import Measurement
from munjang.evaluate.suite import read_split
from munjang.evaluate.suite_tasks import KOREAN, PAIRS_A_GROUP, SUITE_TASKS, paraphrase_pairs
from munjang.evaluate.vectors import VectorStore

GROUPS = [[f"{group} 말 {n}" for n in range(10)] for group in ("가", "나", "다", "라")]


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


def test_paraphrases_are_drawn_evenly():
    pairs = paraphrase_pairs(GROUPS, seed=0)
    same = [pair for pair in pairs if pair.label == "same"]
    different = [pair for pair in pairs if pair.label == "different"]
    assert len(same) == len(different) == len(GROUPS) * PAIRS_A_GROUP
    assert all(pair.sentence1[0] == pair.sentence2[0] for pair in same)
    assert all(pair.sentence1 != pair.sentence2 for pair in same)
    assert all(pair.sentence1[0] != pair.sentence2[0] for pair in different)
    assert len({(pair.sentence1, pair.sentence2) for pair in same}) == len(same)


def test_a_different_sentence_is_the_one_that_looks_most_alike():
    groups = [["불을 켜 줘", "전등 좀 켜"], ["불을 꺼 줘", "전등 좀 꺼"], ["몇 시야", "시간 알려"]]
    pairs = paraphrase_pairs(groups, seed=0)
    different = {p.sentence1: p.sentence2 for p in pairs if p.label == "different"}
    assert different["불을 켜 줘"] == "불을 꺼 줘"


def test_the_same_text_in_another_group_is_no_different_sentence():
    groups = [["네", "맞아"], ["네", "그래요"], ["네네", "아니"]]
    pairs = paraphrase_pairs(groups, seed=0)
    assert all(p.sentence1 != p.sentence2 for p in pairs if p.label == "different")


def test_a_small_group_gives_what_it_has():
    pairs = paraphrase_pairs([["가", "나"], ["다", "라"]], seed=0)
    assert [pair.label for pair in pairs] == ["same", "different"] * 2


def test_the_draw_follows_the_seed():
    assert paraphrase_pairs(GROUPS, seed=1) == paraphrase_pairs(GROUPS, seed=1)
    assert paraphrase_pairs(GROUPS, seed=1) != paraphrase_pairs(GROUPS, seed=2)
