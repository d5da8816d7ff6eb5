"""How much chance there is in step 3: three seeds of it, from the same run of step 2.

    python runs/default_model/settling.py --base DIR --data-dir DIR --keep DIR [--jobs 2]

--keep may be that of `python runs/default_model`. The start is step 2 from the base alone, not the
mean of three that the shipped model came from. Half an hour on two cores with bf16. Needs
`pip install "munjang[train]"`. All are measured on the rows of held_out.py and on the tests. The
table goes to results/settling.md, the numbers to results/settling.json.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import records
import steps
from report import score_table, seed_table, told_runs
from trainings import SEEDS, arguments, prepare, train_alone, train_settle, train_together

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNS = {seed: f"settle-alone-{seed}" for seed in SEEDS}


def write_report(record: Mapping[str, Any]) -> str:
    """The tables; `record` is what results/settling.json keeps."""
    found = record["steps"]
    named = {"base": "the base", "graded-alone": "graded pairs alone, seed 1"}
    named |= {name: f"3. settle, seed {seed}" for seed, name in RUNS.items()}
    return "\n".join(
        [
            "# Seeds of step 3\n",
            "Written by `python runs/default_model/settling.py`.\n",
            score_table("step", {words: found[name] for name, words in named.items()}),
            "x100. The columns are those of [default_model.md](default_model.md), in bfloat16 "
            "where the CPU is made for it. All start from the graded pairs alone; the shipped "
            "model's step 3 started from a mean of three runs of step 2.\n",
            seed_table("step 3", [found[name] for name in RUNS.values()]),
            told_runs(record["runs"]),
        ]
    )


def main() -> None:
    """Trains, measures, writes the tables."""
    given = arguments(__doc__).parse_args()
    base = prepare(given)
    alone = train_alone(given)
    start = given.keep / alone / "model"
    settled = [partial(train_settle, given, start, name, seed=seed) for seed, name in RUNS.items()]
    names = [alone, *train_together(given, settled)]
    record = steps.record_runs(base, names, given.keep, given.data_dir)
    steps.publish(records.RESULTS / "settling", record, write_report(record))


if __name__ == "__main__":
    main()
