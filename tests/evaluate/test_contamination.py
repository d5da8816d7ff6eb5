"""The flags of contamination, and the table of what data sets share against the real data."""

from __future__ import annotations

import csv
import dataclasses
import functools
import re
import unicodedata

import pytest

from munjang.data.catalog import load_groups, load_rows
from munjang.data.known import DATASETS
from munjang.data.leaks import find_groups_in_pairs, leak_report
from munjang.data.rows import Sentence
from munjang.errors import InputError
from munjang.evaluate.contamination import (
    MARKS,
    OVERLAPS,
    flag_tasks,
    measure_overlap,
    measured_rows,
)
from munjang.evaluate.suite_tasks import SUITE_TASKS
from munjang.evaluate.tasks import load_task


def level(trained_on, task):
    return flag_tasks(trained_on, [task])[task].level


@pytest.mark.parametrize(
    ("trained_on", "task", "expected"),
    [
        (["korsts:test"], "korsts:test", "rows"),
        (["korsts:train"], "korsts:test", "set"),
        (["korsts"], "korsts:test", "unknown"),
        (["kor_nlu"], "korsts:test", "unknown"),
        (["stsb:train"], "korsts:test", "set"),
        (["stsb:test"], "korsts:test", "rows"),
        (["stsb"], "korsts:test", "unknown"),
        (["korsts:train"], "klue-sts:dev", "none"),
        (["klue-sts:validation"], "klue-sts:dev", "rows"),
        (["klue-sts:dev"], "klue-sts:dev-without-parakqc", "rows"),
        (["klue/klue"], "klue-sts:dev", "unknown"),
        (["klue/klue"], "klue-sts:dev-without-parakqc", "unknown"),
        (["klue/klue:train"], "klue-sts:dev", "set"),
        (["parakqc:all"], "klue-sts:dev", "shares"),
        (["parakqc"], "klue-sts:dev-without-parakqc", "none"),
        (["parakqc", "klue-sts:train"], "klue-sts:dev", "shares"),
        (["kornli:dev"], "xnli-ko:test", "set"),
        (["kornli:test"], "xnli-ko:test", "rows"),
        (["SNLI", "MultiNLI"], "xnli-ko:test", "set"),
        (["kornli"], "xnli-ko:test", "unknown"),
        (["facebook/xnli:test"], "xnli-ko:test", "rows"),
        (["facebook/xnli:validation"], "xnli-ko:test", "set"),
        (["facebook/xnli:train"], "xnli-ko:test", "set"),
        (["facebook/xnli"], "xnli-ko:test", "unknown"),
        (["question-pair"], "question-pair:test", "unknown"),
        (["question-pair:train"], "question-pair:test", "set"),
        (["3i4k"], "3i4k-clusters:test", "unknown"),
        (["3i4k:train"], "3i4k-few-labels:test", "set"),
        (["KorNLI-DACON"], "klue-nli:dev", "rows"),
        (["klue-nli:train"], "klue-nli:dev", "set"),
        (["songys/Chatbot_data"], "question-pair:test", "shares"),
        (["sae4k"], "3i4k-clusters:test", "shares"),
        (["sae4k"], "3i4k-few-labels:test", "shares"),
        (["anki"], "tatoeba:test", "shares"),
        (["tatoeba:anki"], "tatoeba:test", "shares"),
        (["nsmc:all"], "klue-nli:dev", "shares"),
        (["nsmc:sentiment-train"], "klue-nli:dev", "shares"),
        (["nsmc"], "nsmc:held-out-sentiment", "rows"),
        (["nsmc:train"], "nsmc:held-out-sentiment", "rows"),
        (["nsmc:sentiment-train"], "nsmc:held-out-sentiment", "set"),
        (["e9t/nsmc:sentiment-train"], "nsmc:held-out-sentiment", "rows"),
        (["nsmc:sentiment-train"], "nsmc-few-labels:held-out-sentiment", "set"),
        (["klue"], "ynat-clusters:held-out", "rows"),
        (["klue/ynat:train"], "ynat-clusters:held-out", "rows"),
        (["klue:train"], "ynat-few-labels:held-out", "rows"),
        (["klue-tc:train"], "ynat-clusters:held-out", "rows"),
        (["somebody/ynat:train"], "ynat-clusters:held-out", "rows"),
        (["ynat"], "ynat-clusters:held-out", "rows"),
        (["ynat:train"], "ynat-clusters:held-out", "set"),
        (["lovit/petitions_archive"], "petitions:all", "rows"),
        (["petitions:rest"], "petitions:all", "set"),
        (["flores200:dev"], "flores200:devtest", "set"),
        (["flores"], "flores200:devtest", "unknown"),
        (["tatoeba"], "tatoeba:test", "unknown"),
        (["korsts:train", "상담.csv"], "korsts:test", "set"),
        (["korsts:train", "상담.csv"], "stylekqc:test", "unknown"),
        (None, "korsts:test", "unknown"),
        ([], "korsts:test", "unknown"),
        (["korsts:train"], "우리 것:all", "none"),
    ],
)
def test_a_flag_has_the_right_level(trained_on, task, expected):
    assert level(trained_on, task) == expected


def test_a_flag_says_why():
    flags = flag_tasks(["sae4k", "3i4k:train", "상담.csv"], ["3i4k-clusters:test", "korsts:test"])
    flag = flags["3i4k-clusters:test"]
    assert flag.mark == "§"
    assert "trained on sae4k, which has 3,076 of its 6,057 sentences" in flag.sentence
    assert "3i4k:train, another part of the same data set, with 624 of" in flag.sentence
    assert "상담.csv" in flag.sentence
    assert flags["korsts:test"].sentence == "nobody here has compared it with 상담.csv"


def test_a_set_without_a_part_and_an_original_say_what_they_are():
    def why(declared, task):
        return flag_tasks([declared], [task])[task].sentence

    assert why("flores", "flores200:devtest") == (
        "trained on flores, without a word on which part of it: unknown, not clean"
    )
    assert why("xnli:test", "xnli-ko:test") == (
        "trained on xnli:test, the English originals of the measured rows"
    )
    assert why("klue:train", "ynat-clusters:held-out") == (
        "trained on klue:train, which holds the measured rows"
    )


def test_order_and_repetition_change_no_level():
    names = ["korsts:train", "parakqc", "korsts:test", "상담.csv"]
    for task in ("korsts:test", "klue-sts:dev"):
        assert level(names, task) == level([*reversed(names), *names], task)


def test_marks_are_one_character_and_tell_levels_apart():
    marks = [mark for known, mark in MARKS.items() if known != "none"]
    assert all(len(mark) == 1 for mark in marks)
    assert len({*marks, MARKS["none"]}) == len(MARKS)


def test_the_table_names_rows_that_are_measured():
    measured = {measured_rows(key) for key in SUITE_TASKS}
    assert {overlap.task for overlap in OVERLAPS} <= measured
    assert len({(overlap.train, overlap.task) for overlap in OVERLAPS}) == len(OVERLAPS)
    assert all(0 < overlap.shared <= overlap.of for overlap in OVERLAPS)


def test_an_unknown_data_set_cannot_be_measured():
    with pytest.raises(InputError, match="unknown data set 'sae4k'"):
        measure_overlap("sae4k:all", "3i4k:test")


# --- against the real data ----------------------------------------------------------------


def read_chatbot(data_dir):
    with (data_dir / "chatbot-data/ChatbotData.csv").open(encoding="utf-8", newline="") as file:
        return [Sentence(row[name]) for row in csv.DictReader(file) for name in ("Q", "A")]


def read_sae4k(data_dir):
    text = (data_dir / "sae4k/sae4k_v1.txt").read_text("utf-8-sig")
    return [Sentence(cell) for line in text.splitlines() for cell in line.split("\t")[:2]]


@functools.cache
def training_rows(key, data_dir):
    others = {"chatbot-data:all": read_chatbot, "sae4k:all": read_sae4k}
    return others[key](data_dir) if key in others else load_rows(*key.split(":"), data_dir=data_dir)


@functools.cache
def letters(key, data_dir):
    """The distinct Korean sentences of rows, letters and digits alone."""
    if key == "klue-sts:dev-without-parakqc":
        rows = load_task("klue-sts", split="dev-without-parakqc", data_dir=data_dir)
    else:
        rows = training_rows(key, data_dir)
    texts = {text for row in rows for text in dataclasses.astuple(row) if isinstance(text, str)}
    nfc = (unicodedata.normalize("NFC", text) for text in texts)
    return {re.sub(r"[\W_]+", "", text) for text in nfc if re.search("[가-힣]", text)}


@pytest.mark.parametrize("overlap", OVERLAPS, ids=lambda each: f"{each.train}-{each.task}")
def test_the_table_is_what_the_data_says(data_dir, overlap):
    train, task = (letters(key, data_dir) for key in (overlap.train, overlap.task))
    assert (len(train & task), len(task)) == (overlap.shared, overlap.of)


@pytest.mark.parametrize("overlap", OVERLAPS[:3], ids=lambda each: each.train)
def test_the_measurement_gives_the_table(data_dir, overlap):
    found = measure_overlap(overlap.train, overlap.task, data_dir=data_dir)
    assert (found.train, found.task) == (overlap.train, overlap.task)
    assert (found.shared, found.of) == (overlap.shared, overlap.of)


def test_a_key_is_measured_as_its_rows_are(data_dir):
    found = measure_overlap("kornli:dev", "xnli-ko:test", data_dir=data_dir)
    assert (found.train, found.task) == ("kornli:dev", "kornli:test")
    assert found.shared == 2
    without = measure_overlap("parakqc:all", "klue-sts:dev-without-parakqc", data_dir=data_dir)
    assert (without.shared, without.of) == (0, 774)


SMALL = sorted(
    f"{known.name}:{split.name}"
    for known in DATASETS
    for split in known.splits
    if not split.never_train and split.rows < 100_000
)


@pytest.mark.parametrize("train", SMALL)
def test_what_is_not_in_the_table_shares_next_to_nothing(data_dir, train):
    listed = {(overlap.train, overlap.task) for overlap in OVERLAPS}
    for task in sorted({measured_rows(key) for key in SUITE_TASKS}):
        if (train, task) in listed:
            continue
        measured = letters(task, data_dir)
        assert len(letters(train, data_dir) & measured) < len(measured) / 100, task


@pytest.mark.parametrize(
    ("train", "task", "pairs"),
    [
        ("korsts:train", "korsts:test", 3),
        ("korsts:dev", "korsts:test", 6),
        ("question-pair:train", "question-pair:test", 2),
    ],
)
def test_whole_pairs_are_counted_too(data_dir, train, task, pairs):
    report = leak_report(
        training_rows(train, data_dir), training_rows(task, data_dir), letters_only=True
    )
    assert report.shared_pairs == pairs
    note = next(each.note for each in OVERLAPS if (each.train, each.task) == (train, task))
    assert note == f"{pairs} whole pairs too, unless they were dropped"


def test_the_paraphrase_groups_of_dev_stand_in_train(data_dir):
    groups = load_groups("parakqc", "all", data_dir=data_dir)
    dev, train = (
        set(find_groups_in_pairs(groups, training_rows(f"klue-sts:{part}", data_dir)))
        for part in ("dev", "train")
    )
    assert len(dev) == 164
    assert dev <= train
