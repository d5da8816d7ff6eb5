"""Whether continued pre-training helps: TSDAE on Korean sentences before the graded pairs.

    python runs/default_model/pretraining.py --base DIR --data-dir DIR --keep DIR [--jobs 2]

A run that lies in --keep finished is read, not trained again. An hour and a half on two cores with
bf16. Needs `pip install "munjang[train]"`.

1. denoise.toml: from the base, of the sentences that korean.py learns words of.
2. graded.toml from there, with three seeds; and from the base alone, with the same. KorSTS-train
   once, not three times.

All are measured on the rows of held_out.py and on the tests. The table goes to
results/pretraining.md, the numbers to results/pretraining.json.
"""

from __future__ import annotations

import statistics
from functools import partial
from typing import TYPE_CHECKING, Any

import held_out
import records
import steps
from report import markdown_rows, score_table, told_runs
from trainings import SEEDS, arguments, prepare, run, train_together

import korean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

DENOISED = "denoise"
PLAIN = {seed: f"plain-graded-{seed}" for seed in SEEDS}
AFTER = {seed: f"denoise-graded-{seed}" for seed in SEEDS}
_KEYS = (*held_out.CHOOSING, *held_out.TESTS)


def write_sentences(keep: Path, data_dir: Path) -> Path:
    """Writes what step 1 reads, a sentence a line."""
    held_out.write_petition_texts(data_dir, keep / korean.PETITIONS)
    path = keep / "sentences.txt"
    sentences = korean.read_sentences(keep, data_dir)
    held_out.write_lines(path, sentences)
    return path


def train_all(given: argparse.Namespace) -> None:
    """Steps 1 and 2."""
    keep, data_dir = given.keep, given.data_dir
    reports = steps.reports(keep)
    text = {"data.text.use": str(write_sentences(keep, data_dir))}
    steps.train("denoise", given.base, keep / DENOISED, data_dir=data_dir, settings=reports | text)
    starts = [(given.base, PLAIN), (keep / DENOISED / "model", AFTER)]
    graded = [
        partial(run, given, "graded", start, names[seed], seed, {"data.korsts.times": 1})
        for seed in SEEDS
        for start, names in starts
    ]
    train_together(given, graded)


def tell_seeds(found: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """Rows of a table: the mean of three seeds and its deviation, for either way, and the gain.

    The gain is the mean of what the same seed gains, with its standard error.
    """

    def told(values: list[float], *, gain: bool = False) -> str:
        spread = statistics.stdev(values)
        if gain:
            return f"{statistics.mean(values):+.2f} ± {spread / len(values) ** 0.5:.2f}"
        return f"{statistics.mean(values):.2f} ({spread:.2f})"

    rows = [
        [what, *(told([found[names[seed]][key] for seed in SEEDS]) for key in _KEYS)]
        for what, names in (("graded pairs alone", PLAIN), ("after TSDAE", AFTER))
    ]
    gains = {key: [found[AFTER[s]][key] - found[PLAIN[s]][key] for s in SEEDS] for key in _KEYS}
    return [*rows, ["gain", *(told(gains[key], gain=True) for key in _KEYS)]]


def write_report(record: Mapping[str, Any]) -> str:
    """The tables; `record` is what results/pretraining.json keeps."""
    found = record["steps"]
    named = {"base": "the base", DENOISED: "1. TSDAE"}
    named |= {PLAIN[seed]: f"graded pairs alone, seed {seed}" for seed in SEEDS}
    named |= {AFTER[seed]: f"2. graded pairs after TSDAE, seed {seed}" for seed in SEEDS}
    return "\n".join(
        [
            "# Continued pre-training before the graded pairs\n",
            "Written by `python runs/default_model/pretraining.py`.\n",
            markdown_rows(["three seeds", *_KEYS], tell_seeds(found)),
            "x100: mean and, in brackets, standard deviation; the gain is that of the same seed, "
            "with its standard error. The columns are those of "
            "[default_model.md](default_model.md), in bfloat16 where the CPU is made for it.\n",
            score_table("step", {words: found[name] for name, words in named.items()}),
            told_runs(record["runs"]),
        ]
    )


def main() -> None:
    """Trains, measures, writes the tables."""
    given = arguments(__doc__).parse_args()
    base = prepare(given)
    train_all(given)
    names = [DENOISED, *PLAIN.values(), *AFTER.values()]
    record = steps.record_runs(base, names, given.keep, given.data_dir)
    steps.publish(records.RESULTS / "pretraining", record, write_report(record))


if __name__ == "__main__":
    main()
