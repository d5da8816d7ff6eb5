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
from trainings import arguments, prepare, run, train_together

import korean
from munjang.model.average import average_models

if TYPE_CHECKING:
    import argparse

HEADLINES = 16_000
"""Headlines whose vectors are kept."""


def write_data(keep: Path, data_dir: Path) -> dict[str, object]:
    """Writes to `keep` what the recipe reads, and gives its settings."""
    texts, bodies = keep / korean.PETITIONS, keep / korean.WHOLE
    middle, headlines = keep / "klue-middle.tsv", keep / "headlines.txt"
    held_out.write_petition_texts(data_dir, texts)
    held_out.write_petition_bodies(data_dir, bodies, bodies=korean.BODIES)
    held_out.write_middle(data_dir, middle)
    held_out.write_headlines(data_dir, headlines, rows=HEADLINES)
    files = {
        "middle": middle,
        "search": keep / "petitions.tsv",
        "headlines": headlines,
        "petitions": texts,
        "bodies": bodies,
    }
    return {f"data.{part}.use": str(path) for part, path in files.items()}


def train_all(given: argparse.Namespace, before: Path) -> dict[str, Path]:
    """Trains from the weights before; gives these, the runs and the means, each by its name."""
    keep = given.keep
    settings = write_data(keep, given.data_dir) | {"teacher.model": str(before)}
    train_together(
        given,
        [
            partial(run, given, "korean-sharpen", before, name, seed, settings)
            for seed, name in enumerate(shares.SHARP, 1)
        ],
    )
    folders = {shares.BEFORE: before} | {name: keep / name / "model" for name in shares.SHARP}
    for name, parts in shares.SHARP_MEANS.items():
        models = [folders[part] for part in parts]
        average_models(models, keep / name, weights=list(parts.values()), overwrite=True)
    return folders | {name: keep / name for name in shares.SHARP_MEANS}


def sharpen(given: argparse.Namespace, before: Path, record: dict[str, Any]) -> Path:
    """Trains, measures and chooses; the record of the steps before is told all that.

    Args:
        given: The arguments of the script.
        before: The weights of step 6.
        record: What results/default_model.json keeps, or is going to.

    Returns:
        The folder of the model that was chosen.
    """
    folders = train_all(given, before)
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
    ship.ship(sharpen(given, before, record), record, given)


if __name__ == "__main__":
    main()
