"""The parts of runs/default_model that measure a way beside the pipeline: their tables."""

import json
from pathlib import Path

import pytest

RESULTS = Path(__file__).resolve().parent.parent / "results"


def test_a_gain_is_that_of_the_same_seed(open_part):
    pretraining = open_part("pretraining")
    keys = (*pretraining.held_out.CHOOSING, *pretraining.held_out.TESTS)
    plain = {name: 80.0 + seed for seed, name in pretraining.PLAIN.items()}
    after = {name: 80.0 + 2 * seed for seed, name in pretraining.AFTER.items()}
    found = {name: dict.fromkeys(keys, score) for name, score in (plain | after).items()}
    rows = [row[:2] for row in pretraining.tell_seeds(found)]
    assert rows == [
        ["graded pairs alone", "82.00 (1.00)"],
        ["after TSDAE", "84.00 (2.00)"],
        ["gain", "+2.00 ± 0.58"],  # 1, 2 and 3: a deviation of 1, over the root of 3
    ]


@pytest.mark.parametrize("name", ["learning_rates", "pretraining", "settling"])
def test_the_table_is_that_of_the_numbers(open_part, name):
    record = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    told = (RESULTS / f"{name}.md").read_text("utf-8")
    assert told == open_part(name).write_report(record)
