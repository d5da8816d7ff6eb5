"""Batches: every row as often as it should be, of like length, equal on all processes."""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("datasets", reason="needs the extra train")
pytest.importorskip("accelerate", reason="needs the extra train")

import torch
from accelerate.data_loader import BatchSamplerShard, prepare_data_loader, skip_first_batches
from datasets import Dataset

from munjang.data.catalog import load_groups, load_rows
from munjang.data.prepare import groups_to_pairs
from munjang.errors import InputError
from munjang.train.batches import LengthBuckets, PaddingCollator, Share, make_loader
from munjang.train.recipe import DataPart
from munjang.train.sources import read_source
from munjang.train.tokenized import tokenize


def a_part(lengths, keys=None):
    columns = {"anchor": [[7] * int(length) for length in lengths], "length": list(lengths)}
    if keys is not None:
        columns["keys"] = keys
    return Dataset.from_dict(columns)


def lengths_of(rows, seed=0):
    return np.random.default_rng(seed).integers(3, 60, rows)


@st.composite
def set_ups(draw):
    """Data sets, shares and options that go together."""
    processes = draw(st.integers(1, 3))
    count = draw(st.integers(1, 3))
    parts, shares = {}, {}
    for number in range(count):
        rows = draw(st.integers(processes, 60))
        keys = draw(st.sampled_from([None, 2, 15, 1000]))
        drawn = np.random.default_rng(rows).integers(0, keys or 1, (rows, 2))
        parts[f"set{number}"] = a_part(lengths_of(rows, rows), drawn.tolist() if keys else None)
        shares[f"set{number}"] = Share(
            batch_size=draw(st.integers(1, 9)), times=draw(st.integers(1, 3))
        )
    options = {
        "processes": processes,
        "window": draw(st.sampled_from([1, 2, 24])),
        "seed": draw(st.integers(0, 5)),
        "mix": draw(st.sampled_from(["proportional", "round-robin"])),
    }
    return parts, shares, options


def split(parts, batches):
    """The batches by data set, with the data sets' own row numbers."""
    names, starts = list(parts), np.cumsum([0, *map(len, parts.values())])
    found = {name: [] for name in names}
    for batch in batches:
        (number,) = set((np.searchsorted(starts, batch, side="right") - 1).tolist())
        found[names[number]].append([row - starts[number] for row in batch])
    return found


@given(set_ups(), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_every_row_as_often_as_it_should_be(set_up, epoch):
    parts, shares, options = set_up
    buckets = LengthBuckets(parts, shares, **options)
    buckets.set_epoch(epoch)
    batches = list(buckets)
    processes = options["processes"]
    assert len(batches) == len(buckets)
    assert batches == list(buckets)
    for at in range(0, len(batches), processes):
        assert len({len(batch) for batch in batches[at : at + processes]}) == 1
    found = split(parts, batches)
    for name, part in parts.items():
        seen = Counter(row for batch in found[name] for row in batch)
        assert max(seen.values()) <= shares[name].times
        assert max(map(len, found[name])) <= max(shares[name].batch_size, 2)
        left_out = len(part) * shares[name].times - seen.total()
        if options["mix"] == "proportional":
            assert left_out == buckets.left_out[name]
            assert left_out == len(part) * shares[name].times % processes
    if options["mix"] == "round-robin":
        assert len({len(own) for own in found.values()}) == 1
        turns = [name for batch in batches[::processes] for name in split_name(parts, batch)]
        assert turns == list(parts) * (len(turns) // len(parts))


def split_name(parts, batch):
    return [name for name, own in split(parts, [batch]).items() if own]


@given(set_ups())
@settings(max_examples=40, deadline=None)
def test_accelerate_deals_out_equal_parts(set_up):
    parts, shares, options = set_up
    buckets = LengthBuckets(parts, shares, **options)
    whole = list(buckets)
    processes = options["processes"]
    dealt = [
        list(BatchSamplerShard(buckets, processes, process, even_batches=False))
        for process in range(processes)
    ]
    for process, own in enumerate(dealt):
        assert own == whole[process::processes]
    assert len({tuple(map(len, own)) for own in dealt}) == 1


def test_draws_depend_on_seed_and_epoch_alone():
    parts = {"a": a_part(lengths_of(50)), "b": a_part(lengths_of(30))}
    shares = {"a": Share(batch_size=4), "b": Share(batch_size=8)}

    def drawn(seed, epoch):
        np.random.default_rng().random()
        buckets = LengthBuckets(parts, shares, seed=seed)
        buckets.set_epoch(epoch)
        return list(buckets)

    torch.manual_seed(1)
    first = drawn(3, 0)
    torch.manual_seed(2)
    assert drawn(3, 0) == first
    assert drawn(3, 1) != first
    assert drawn(4, 0) != first


def test_batches_are_of_like_length_and_in_random_order():
    lengths = lengths_of(64 * 24 * 2)
    part = {"a": a_part(lengths)}
    for window, least, most in ((24, 1.0, 1.06), (1, 1.5, 3)):
        batches = list(LengthBuckets(part, {"a": Share(batch_size=64)}, window=window))
        slots = sum(len(batch) * lengths[batch].max() for batch in batches)
        assert least < slots / lengths.sum() < most
    means = [lengths[batch].mean() for batch in LengthBuckets(part, {"a": Share(batch_size=64)})]
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.5


def test_parts_of_a_batch_are_of_like_length():
    lengths = lengths_of(64 * 30)
    buckets = LengthBuckets({"a": a_part(lengths)}, {"a": Share(batch_size=32)}, processes=2)
    batches = list(buckets)
    for first, second in zip(batches[::2], batches[1::2], strict=True):
        assert abs(lengths[first].mean() - lengths[second].mean()) < 1
        assert not set(first) & set(second)


@pytest.mark.parametrize(
    ("rows", "batch_size", "drop_last", "expected"),
    [
        (10, 4, False, [4, 4, 2]),
        (10, 4, True, [4, 4]),
        (9, 4, False, [4, 3, 2]),
        (65, 64, False, [33, 32]),
        (3, 2, False, [2, 1]),
        (1, 4, False, [1]),
        (3, 1, False, [1, 1, 1]),
    ],
)
def test_a_last_batch_of_one_is_evened_out(rows, batch_size, drop_last, expected):
    part = {"a": a_part(lengths_of(rows))}
    buckets = LengthBuckets(part, {"a": Share(batch_size=batch_size)}, drop_last=drop_last)
    assert sorted(map(len, buckets), reverse=True) == expected


def test_too_few_rows_are_refused():
    for rows, options in ((3, {"drop_last": True}), (1, {"processes": 2})):
        with pytest.raises(InputError, match="too few rows"):
            LengthBuckets({"a": a_part([5] * rows)}, {"a": Share(batch_size=4)}, **options)


# from 6 on, as many texts as the largest batch has rows: it can be helped
@given(st.integers(6, 40), st.integers(2, 6), st.sampled_from([1, 24]), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_text_is_never_its_own_negative_where_that_can_be_helped(pairs, size, window, seed):
    """Every text stands in two rows of the same length: what sorting brings together."""
    keys = [[number] for number in range(pairs) for _ in range(2)]
    part = {"a": a_part(np.repeat(lengths_of(pairs, seed), 2), keys)}
    batches = list(LengthBuckets(part, {"a": Share(batch_size=size)}, window=window, seed=seed))
    assert sorted(row for batch in batches for row in batch) == list(range(2 * pairs))
    for batch in batches:
        assert len({keys[row][0] for row in batch}) == len(batch)


def test_a_row_of_two_texts_of_a_group_stays():
    part = {"a": a_part(lengths_of(64), [[number, number] for number in range(64)])}
    batches = list(LengthBuckets(part, {"a": Share(batch_size=16)}))
    bare = list(LengthBuckets({"a": a_part(lengths_of(64))}, {"a": Share(batch_size=16)}))
    assert batches == bare


def test_what_cannot_be_helped_stays():
    part = {"a": a_part(lengths_of(200), [[1, number] for number in range(200)])}
    batches = list(LengthBuckets(part, {"a": Share(batch_size=16)}))
    assert sorted(row for batch in batches for row in batch) == list(range(200))


@pytest.fixture(scope="module")
def tokenizer(tiny_models):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(tiny_models["plain"]))


def count_twice(batches, groups_of_rows):
    """How many batches hold a group twice, of the groups that each row has."""
    held = [Counter(n for row in batch for n in groups_of_rows[row]) for batch in batches]
    return sum(max(each.values()) > 1 for each in held)


WHO = ["고양이가", "할머니가", "아이들이", "우리 반 친구가", "옆집 아저씨가", "막냇동생이"]
WHERE = ["공원에서", "시장에서", "운동장에서", "버스에서", "도서관 앞에서"]
SAID = ["노래를 부른다.", "노래를 부르고 있다.", "노래 부르는 중이다.", "목청껏 노래한다."]


@pytest.mark.parametrize("write", [str, lambda text: unicodedata.normalize("NFD", text)])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_group_is_never_its_own_negative(tokenizer, write, processes):
    groups = [
        tuple(f"{who} {where} {said}" for said in SAID)
        for who, where in itertools.product(WHO, WHERE)
    ]
    pairs = [
        replace(pair, positive=write(pair.positive))
        for pair in groups_to_pairs(groups, per_group=4, seed=1)
    ]
    numbers = [[n // 4] for n in range(len(pairs))]
    same = {write(text): group[0] for group in groups for text in group}
    found = {}
    for told in (None, same):
        part = tokenize(pairs, tokenizer, objective="contrastive", max_tokens=32, same=told)
        shares = {"own": Share(batch_size=8 // processes)}
        batches = [*LengthBuckets({"own": part}, shares, seed=3, processes=processes)]
        assert sorted(row for batch in batches for row in batch) == list(range(len(pairs)))
        together = [
            [row for batch in batches[at : at + processes] for row in batch]
            for at in range(0, len(batches), processes)
        ]
        found[told is None] = count_twice(together, numbers)
    assert found[False] == 0 < found[True]


@pytest.mark.parametrize(("per_group", "sizes"), [(1, (16, 64, 256)), (5, (16, 64))])
def test_no_batch_holds_a_published_group_twice(tokenizer, data_dir, per_group, sizes):
    groups = load_groups("parakqc", "all", data_dir=data_dir)
    numbers = {}
    for number, group in enumerate(groups):
        for text in group:
            numbers.setdefault(text, set()).add(number)
    settings = DataPart(objective="contrastive", use=("parakqc:all",), per_group=per_group)
    source = read_source("짝", settings, held_out=[], seed=1, data_dir=data_dir)
    rows = [numbers[row.anchor] | numbers[row.positive] for row in source.rows]
    part = tokenize(
        source.rows, tokenizer, objective="contrastive", max_tokens=64, same=source.same
    )
    for size in sizes:
        for epoch in range(2):
            buckets = LengthBuckets({"짝": part}, {"짝": Share(batch_size=size)}, seed=1)
            buckets.set_epoch(epoch)
            assert count_twice(buckets, rows) == 0


def test_the_collator_pads_like_the_tokenizer(tokenizer, own_pairs):
    part = tokenize(own_pairs, tokenizer, objective="cosent", max_tokens=32)
    collator = PaddingCollator(tokenizer)
    buckets = LengthBuckets({"sts": part}, {"sts": Share(batch_size=5)}, seed=2)
    tokens = slots = 0
    for rows, batch in zip(buckets, make_loader({"sts": part}, buckets, collator), strict=True):
        assert batch["dataset_name"] == "sts"
        assert batch["label"].tolist() == pytest.approx([own_pairs[n].score / 5 for n in rows])
        for column in ("sentence1", "sentence2"):
            texts = [getattr(own_pairs[n], column) for n in rows]
            expected = tokenizer(texts, padding=True, return_tensors="pt")
            for name in ("input_ids", "attention_mask"):
                assert batch[f"{column}_{name}"].dtype == torch.int64
                assert torch.equal(batch[f"{column}_{name}"], expected[name])
            tokens += int(expected["attention_mask"].sum())
            slots += expected["attention_mask"].numel()
    assert (collator.sentences, collator.tokens, collator.slots) == (24, tokens, slots)
    assert list(batch)[1].startswith("sentence1")


def test_the_collator_takes_classes_vectors_and_views(tokenizer, own_pairs):
    from munjang.data.rows import LabeledPair, Sentence

    vectors = np.arange(24, dtype=np.float32).reshape(12, 2)
    sentences = [Sentence(pair.sentence1) for pair in own_pairs]
    pairs = [LabeledPair(pair.sentence1, "비", "neutral") for pair in own_pairs]
    parts = {
        "classes": tokenize(pairs, tokenizer, objective="softmax", max_tokens=32).select(
            range(11, 5, -1)
        ),
        "vectors": tokenize(
            sentences, tokenizer, objective="distill", max_tokens=32, labels=vectors
        ),
        "bare": tokenize(sentences, tokenizer, objective="dropout", max_tokens=32),
    }
    buckets = LengthBuckets(parts, dict.fromkeys(parts, Share(batch_size=4)))
    seen = {name: [] for name in parts}
    for batch in make_loader(parts, buckets, PaddingCollator(tokenizer)):
        seen[batch["dataset_name"]].append(batch)
    assert all(batch["label"].tolist() == [2] * len(batch["label"]) for batch in seen["classes"])
    labels = torch.cat([batch["label"] for batch in seen["vectors"]])
    assert labels.dtype == torch.float32
    assert sorted(labels[:, 0].tolist()) == vectors[:, 0].tolist()
    assert all("label" not in batch for batch in seen["bare"])


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_going_on_within_an_epoch(tokenizer, own_pairs, processes):
    """The loader as transformers' trainer handles it on resuming: skip first, then the epoch."""
    part = {"a": tokenize(own_pairs, tokenizer, objective="cosent", max_tokens=32)}

    def loader(process):
        buckets = LengthBuckets(part, {"a": Share(batch_size=2)}, processes=processes)
        return prepare_data_loader(
            make_loader(part, buckets, PaddingCollator(tokenizer)),
            num_processes=processes,
            process_index=process,
            even_batches=False,
        )

    for process in range(processes):
        whole = loader(process)
        whole.set_epoch(0)
        first = [batch["sentence1_input_ids"].tolist() for batch in whole]
        whole.set_epoch(3)
        reach = getattr(whole.batch_sampler, "batch_sampler", None)
        if reach is not None:
            reach.set_epoch(3)
        expected = [batch["sentence1_input_ids"].tolist() for batch in whole]
        assert expected != first
        resumed = skip_first_batches(loader(process), 1)
        resumed.set_epoch(3)
        found = [batch["sentence1_input_ids"].tolist() for batch in resumed]
        assert found == expected[1:]


def test_real_pairs_have_little_padding(tokenizer, data_dir):
    pairs = load_rows("korsts", "train", data_dir=data_dir)
    part = {"sts": tokenize(pairs, tokenizer, objective="cosent", max_tokens=128)}
    shares = {"sts": Share(batch_size=64)}
    found = {}
    for window in (1, 24):
        collator = PaddingCollator(tokenizer)
        buckets = LengthBuckets(part, shares, window=window)
        assert sum(1 for _ in make_loader(part, buckets, collator)) == len(buckets) == 90
        assert collator.sentences == 2 * len(pairs)
        found[window] = collator.slots / collator.tokens
    assert found[24] < 1.25 < 1.6 < found[1]
