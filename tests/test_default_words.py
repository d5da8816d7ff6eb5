"""The part of runs/default_model that compares and teaches two models word by word."""

from pathlib import Path

import numpy as np
import pytest
import torch

import munjang

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "models" / "munjang-small-ko"
THINGS = ("달팽이", "미끄럼틀", "콩나물국", "민들레", "수족관", "반딧불", "손수건", "도토리")
TEXTS = [f"{one}를 찾았는데 {other}만 없다." for one in THINGS for other in THINGS]


@pytest.fixture(scope="module")
def words(open_part):
    return open_part("words")


def test_a_token_belongs_to_the_word_that_it_ends_in(words):
    # of "비가 온다" behind a prompt of three letters: the prompt, 비, 가, " 온", 다, the end
    places = np.array([[[-3, 0], [0, 1], [1, 2], [2, 4], [4, 5], [-3, -3]]])
    assert words.word_numbers(places, ["비가 온다"]).tolist() == [[-1, 0, 0, 1, 1, -1]]


def test_what_was_cut_off_and_padding_belong_to_none(words):
    places = np.array([[[0, 1], [1, 3]], [[0, 1], [0, 0]]])
    assert words.word_numbers(places, ["눈 온다", "눈"]).tolist() == [[0, 1], [0, -1]]


def test_means_of_words(words):
    states = torch.arange(8.0).reshape(1, 4, 2)
    means, there = words.word_means(states, torch.tensor([[-1, 0, 0, 2]]), 3)
    assert there.tolist() == [[True, False, True]]
    assert means[0, 0].tolist() == [3.0, 4.0]
    assert means[0, 2].tolist() == [6.0, 7.0]


def test_batches_hold_each_sentence_once_and_are_bounded(words):
    texts = [f"{n}번째 글. " * (1 + n % 40) for n in range(500)]
    found = words.choose_batches(texts, share=1, seed=7)
    assert sorted(text for batch in found for text in batch) == sorted(texts)
    longest = max(map(len, texts))
    assert all(sum(map(len, batch)) <= words.CHARACTERS + longest for batch in found)
    assert words.choose_batches(texts, share=0.5, seed=7) == found[: len(found) // 2]


def test_a_new_vocabulary_comes_near_again(words, open_part, tmp_path, monkeypatch):
    monkeypatch.setattr(words, "_WARM_UP", 1)
    vocabulary = open_part("vocabulary")
    start = tmp_path / "start"
    vocabulary.graft(SOURCE, start, vocabulary.learn_pieces(SOURCE, TEXTS, learnt=120, others=50))
    words.teach(SOURCE, start, tmp_path / "out", [TEXTS[n::8] for n in range(8)])
    wanted, before, after = (
        munjang.load(folder, engine="torch", device="cpu").encode(TEXTS)
        for folder in (SOURCE, start, tmp_path / "out")
    )
    assert np.sum(wanted * after, axis=1).mean() > np.sum(wanted * before, axis=1).mean() + 0.001
