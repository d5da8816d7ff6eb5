"""What the learning rate of step 2 does: half of it, and twice.

    python runs/default_model/learning_rates.py --base DIR --data-dir DIR --keep DIR [--jobs 2]

--keep may be that of `python runs/default_model`. Each run is step 2 from the base alone. Three
quarters of an hour on two cores with bf16. Needs `pip install "munjang[train]"`. All are measured
on the rows of held_out.py and on the tests. The table goes to results/learning_rates.md, the
numbers to results/learning_rates.json.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import records
import steps
from report import score_table, seed_table, told_runs
from trainings import SEEDS, arguments, prepare, run, train_alone, train_together

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

ALONE, SLOW = "graded-alone", "graded-slow"
FAST = {seed: f"graded-fast-{seed}" for seed in SEEDS}


def train_all(given: argparse.Namespace) -> None:
    """Step 2 from the base as it is, at half the rate, and at twice the rate with three seeds."""
    own = {SLOW: (2.5e-5, 1)} | {name: (1e-4, seed) for seed, name in FAST.items()}
    changed = [
        partial(run, given, "graded", given.base, name, seed, {"train.learning_rate": rate})
        for name, (rate, seed) in own.items()
    ]
    train_together(given, [partial(train_alone, given), *changed])


def write_report(record: Mapping[str, Any]) -> str:
    """The tables; `record` is what results/learning_rates.json keeps."""
    found = record["steps"]
    named = {"base": "the base", SLOW: "half the rate, 2.5e-5, seed 1"}
    named |= {ALONE: "the rate of step 2, 5e-5, seed 1"}
    named |= {name: f"twice the rate, 1e-4, seed {seed}" for seed, name in FAST.items()}
    return "\n".join(
        [
            "# The learning rate of step 2\n",
            "Written by `python runs/default_model/learning_rates.py`.\n",
            score_table(
                "graded pairs alone", {words: found[name] for name, words in named.items()}
            ),
            "x100. The columns are those of [default_model.md](default_model.md), in bfloat16 "
            "where the CPU is made for it; that page has the chance in the rate of step 2.\n",
            seed_table("twice the rate", [found[name] for name in FAST.values()]),
            told_runs(record["runs"]),
        ]
    )


def main() -> None:
    """Trains, measures, writes the tables."""
    given = arguments(__doc__).parse_args()
    base = prepare(given)
    train_all(given)
    names = [SLOW, ALONE, *FAST.values()]
    record = steps.record_runs(base, names, given.keep, given.data_dir)
    steps.publish(records.RESULTS / "learning_rates", record, write_report(record))


if __name__ == "__main__":
    main()
