"""The table of pairs: where its files lie in a clone and in the cache."""

from __future__ import annotations

import pytest

from munjang.data.known_pairs import PAIR_SETS


def test_its_sets():
    names = ["korsts", "kornli", "klue-sts", "klue-nli", "parakqc", "stylekqc", "question-pair"]
    assert [dataset.name for dataset in PAIR_SETS] == names
    assert {dataset.name for dataset in PAIR_SETS if dataset.grouped} == {"parakqc", "stylekqc"}


@pytest.mark.parametrize("dataset", PAIR_SETS, ids=lambda dataset: dataset.name)
def test_every_split_can_be_fetched(dataset):
    for split in dataset.splits:
        origins = [file.origin for file in split.files if file.origin]
        assert len(origins) == 1
        name = origins[0].path.rsplit("/", 1)[-1]
        assert any(path.rsplit("/", 1)[-1] == name for path in split.files[0].paths)
        assert split.files[0].paths[0].startswith(f"{dataset.name}/")
