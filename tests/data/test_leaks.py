"""Leaks: known overlaps of the real sets, and what counts as one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.data.catalog import load_groups, load_rows
from munjang.data.leaks import (
    drop_leaks,
    find_groups_in_pairs,
    find_leaks,
    find_pairs_in_groups,
    leak_report,
)
from munjang.data.lines import cut_terminator, iter_lines
from munjang.data.readers import read_group_numbers
from munjang.data.rows import LabeledPair, Pair, ScoredPair, Sentence, Triplet
from munjang.data.tables import iter_sentences, read_rows
from munjang.errors import InputError

WORD = st.sampled_from(["눈", "비", "해", "달", "별"])
ROW = st.one_of(
    st.builds(Sentence, WORD),
    st.builds(Pair, WORD, WORD),
    st.builds(ScoredPair, WORD, WORD, st.just(1.0)),
    st.builds(LabeledPair, WORD, WORD, st.just("neutral")),
    st.builds(Triplet, WORD, WORD, WORD),
)


def test_korsts_train_and_dev_share_pairs_with_test(data_dir):
    train, dev, test = (
        load_rows("korsts", split, data_dir=data_dir) for split in ("train", "dev", "test")
    )
    report = leak_report(train, test, letters_only=True, min_length=6)
    assert (report.shared_pairs, report.leaking_train_rows, report.leaked_test_rows) == (3, 3, 3)
    assert (report.shared_sentences, report.test_sentences) == (158, 2_508)
    assert leak_report(dev, test).shared_pairs == 6
    exact = leak_report(train, test)
    assert (exact.shared_pairs, exact.shared_sentences, exact.test_sentences) == (2, 153, 2_514)
    kept = drop_leaks(train, test, letters_only=True)
    assert len(kept) == 5_749 - 3
    assert leak_report(kept, test, letters_only=True).shared_pairs == 0
    alone = drop_leaks(train, test, by="sentence", letters_only=True)
    assert leak_report(alone, test, letters_only=True).shared_sentences == 0


def test_klue_sts_dev_holds_sentences_of_parakqc(data_dir):
    dev = load_rows("klue-sts", "dev", data_dir=data_dir)
    groups = load_groups("parakqc", "all", data_dir=data_dir)
    listed = read_group_numbers(data_dir / "parakqc/groups_in_klue_sts_dev.txt")
    assert len(find_pairs_in_groups(dev, groups)) == 132
    assert find_groups_in_pairs(groups, dev) == listed
    sentences = [Sentence(text) for group in groups for text in group]
    report = leak_report(sentences, dev)
    assert (report.shared_sentences, report.test_sentences) == (264, 1_038)
    kept = [group for number, group in enumerate(groups) if number not in set(listed)]
    assert find_pairs_in_groups(dev, kept) == []


def test_question_pair_test_stands_in_chatbot_data(data_dir):
    path = data_dir / "chatbot-data/ChatbotData.csv"
    questions = read_rows(path, Sentence, columns={"text": "Q"})
    test = load_rows("question-pair", "test", data_dir=data_dir)
    report = leak_report(questions, test, letters_only=True, min_length=6)
    assert (report.shared_sentences, report.test_sentences) == (1_017, 1_223)


def test_tatoeba_and_3i4k_overlaps(data_dir):
    anki = [
        Sentence(cut_terminator(line).split("\t")[1])
        for line in iter_lines(data_dir / "tatoeba/anki_kor.txt")
    ]
    laser = [Sentence(text) for text in iter_sentences(data_dir / "tatoeba/tatoeba.kor-eng.kor")]
    report = leak_report(anki, laser, letters_only=True, min_length=6)
    assert (report.shared_sentences, report.test_sentences) == (157, 951)
    sae4k = [
        Sentence(cut_terminator(line).split("\t")[0])
        for line in iter_lines(data_dir / "sae4k/sae4k_v1.txt")
    ]
    intents = [
        Sentence(cut_terminator(line).split("\t")[1])
        for line in iter_lines(data_dir / "3i4k/train_val_test/fci_test.txt")
    ]
    report = leak_report(sae4k, intents, letters_only=True, min_length=6)
    assert (report.shared_sentences, report.test_sentences) == (3_012, 5_246)


def test_no_known_test_split_shares_a_pair_with_klue_train(data_dir):
    for name in ("klue-sts", "klue-nli"):
        train, dev = (load_rows(name, split, data_dir=data_dir) for split in ("train", "dev"))
        assert leak_report(train, dev).shared_pairs == 0


def test_texts_are_compared_after_nfc_and_space_folding():
    decomposed = unicodedata.normalize("NFD", "눈이  온다\n")
    assert find_leaks([Sentence(decomposed)], [Sentence("눈이 온다")]) == [0]
    assert find_leaks([Sentence("눈이온다!")], [Sentence("눈이 온다")]) == []
    assert find_leaks([Sentence("눈이온다!")], [Sentence("눈이 온다")], letters_only=True) == [0]
    assert find_leaks([Sentence("!!!")], [Sentence("...")], letters_only=True) == []


def test_pairs_are_unordered_whatever_the_row_types():
    train = [Triplet("눈", "비", "해"), LabeledPair("달", "별", "neutral"), Sentence("눈")]
    test = [ScoredPair("해", "눈", 1.0), Pair("별", "달")]
    assert find_leaks(train, test) == [0, 1]
    assert find_leaks(train, test, by="sentence") == [0, 1, 2]
    assert drop_leaks(train, test) == [Sentence("눈")]
    assert find_leaks([Pair("비", "해")], [Triplet("눈", "비", "해")]) == []


def test_places_name_the_first_rows_of_both_sides():
    train = [Pair("가", "나"), Pair("나", "다"), Pair("다", "나")]
    test = [Pair("라", "마"), Pair("다", "나"), Pair("나", "가")]
    report = leak_report(train, test, places=1)
    assert report.shared_pairs == 2
    (place,) = report.pair_places
    assert (place.train_row, place.test_row, set(place.texts)) == (1, 1, {"나", "다"})
    assert len(report.sentence_places) == 1
    assert (report.leaking_train_rows, report.leaked_test_rows) == (3, 2)


def test_another_kind_of_leak_is_an_error():
    with pytest.raises(InputError, match="unknown kind of leak 'sentences'"):
        find_leaks([], [], by="sentences")


@given(train=st.lists(ROW), test=st.lists(ROW))
def test_the_report_agrees_with_what_is_found_and_dropped(train, test):
    report = leak_report(train, test)
    assert report.leaking_train_rows == len(find_leaks(train, test))
    assert report.leaked_test_rows == len(find_leaks(test, train))
    assert report.shared_pairs == leak_report(test, train).shared_pairs
    assert report.shared_sentences == leak_report(test, train).shared_sentences
    clean = drop_leaks(train, test)
    assert len(clean) == len(train) - report.leaking_train_rows
    assert leak_report(clean, test).shared_pairs == 0
    assert leak_report(drop_leaks(train, test, by="sentence"), test).shared_sentences == 0
