"""Step 7: the graded pairs at twice the learning rate, and means with the weights before.

    python runs/default_model/sharpen.py --before DIR --base DIR --data-dir DIR --keep DIR
        [--jobs 2]

`python runs/default_model` does it too. By itself it starts from the weights of step 6, reads what
is told of the steps before from results/default_model.json, and ends as that does: with the int8
model, cards and tables. An hour on two cores with bf16. Needs
`pip install "munjang[train]"`.

From the weights of step 6, KLUE-STS has still something to teach, at twice the rate of step 2, but
topics and search are lost over it. korean-sharpen.toml holds on to them by the vectors of the
weights before, whose loss weighs five times as much as it did in step 6. Means with these weights
give back what was lost for all that; the rule of step 4 chooses one.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import held_out
import shares
import ship
import steps
from trainings import arguments, average, prepare, run, train_together

import korean

if TYPE_CHECKING:
    import argparse

HEADLINES = 16_000
"""Headlines whose vectors are kept."""


def write_data(keep: Path, data_dir: Path) -> dict[str, object]:
    """Writes to `keep` what the recipe reads, and gives its settings."""
    middle, headlines = keep / "klue-middle.tsv", keep / "headlines.txt"
    held_out.write_middle(data_dir, middle)
    held_out.write_headlines(data_dir, headlines, rows=HEADLINES)
    own = {"middle": middle, "headlines": headlines}
    return steps.reads(korean.write_petitions(keep, data_dir) | own)


def train_all(given: argparse.Namespace) -> dict[str, Path]:
    """Trains from the weights before; gives these, the runs and the means, each by its name."""
    keep = given.keep
    before = keep / shares.BEFORE
    settings = write_data(keep, given.data_dir) | {"teacher.model": str(before)}
    train_together(
        given,
        [
            partial(run, given, "korean-sharpen", before, name, seed, settings)
            for seed, name in enumerate(shares.SHARP, 1)
        ],
    )
    folders = {shares.BEFORE: before} | {name: keep / name / "model" for name in shares.SHARP}
    return folders | {name: average(keep, name) for name in shares.SHARP_MEANS}


def sharpen(given: argparse.Namespace, record: dict[str, Any]) -> Path:
    """Trains, measures and chooses; the record of the steps before is told all that.

    Args:
        given: The arguments of the script; the weights of step 6 are `shares.BEFORE` in --keep.
        record: What results/default_model.json keeps, or is going to.

    Returns:
        The folder of the model that was chosen.
    """
    folders = train_all(given)
    rows = steps.read_held(given.keep, given.data_dir)
    base = {"base": given.keep / "base"}
    record["steps"] |= steps.measure_all(base | folders, rows, given.keep)
    record["sharpened"] = shares.choose(record["steps"], shares.SHARP_CANDIDATES)
    record["runs"] |= {name: steps.tell_run(given.keep / name) for name in shares.SHARP}
    return folders[record["sharpened"]]


def main() -> None:
    """Step 7 and all that follows, from weights of step 6."""
    parser = ship.add_options(arguments(__doc__))
    parser.add_argument("--before", type=Path, required=True, help="the weights of step 6")
    given = parser.parse_args()
    prepare(given)
    before = given.keep / shares.BEFORE
    if not before.exists():  # --weights, where the chosen ones go, may be the same folder
        steps.write_half(given.before.resolve(), before)
    record = json.loads((given.results / "default_model.json").read_text("utf-8"))
    if given.note:
        record["note"] = given.note
    ship.ship(sharpen(given, record), record, given)


if __name__ == "__main__":
    main()
