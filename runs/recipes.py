"""Trains the recipes from one base encoder on the data at hand, and writes their table.

    python runs/recipes.py --base DIR --data-dir DIR [--out DIR] [--only NAME ...]

About an hour on two cores with bf16, minutes on a GPU. Needs `pip install "munjang[train]"`.
KLUE-NLI stands in for KorNLI, whose training files are larger; the recipes are otherwise as
shipped, but for the settings below: a small base, few rows, few steps. --base is the
folder of a sentence encoder of the E5 family. A run that is finished is read, one that was
stopped goes on. Writes results/recipes.json and results/recipes.md; the runs stay in --out.

On a GPU with KorNLI at hand the recipes run as published:
    munjang train simcse-sup --device cuda
    munjang train sbert-nli-sts --device cuda
    munjang train multitask --device cuda --processes 8
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.files import whole_file
from munjang.train import load_recipe, train

if TYPE_CHECKING:
    from munjang.train import Run

ROOT = Path(__file__).resolve().parent.parent

BASE = (
    'model.prompt="query: "',
    "model.pooling=mean",
    "model.normalize=true",
    "model.max_tokens=128",
)
"""As the E5 family was trained; a recipe's own pooling gives way to it."""

SMALL = ("train.batch_size=64", "train.learning_rate=3e-5", "train.warmup=0.1", "train.seed=1")
NLI = (
    "data.nli.use=klue-nli:train",
    "data.nli.triplets=zip",
    "data.nli.rows=4000",
    "train.epochs=1",
)
RUNS: dict[str, tuple[str, ...]] = {
    "cosent": (*SMALL, "train.epochs=2"),
    "sbert-sts": (*SMALL, "train.epochs=2"),
    "simcse-sup": (*SMALL, *NLI, "evaluate.every=40"),
    "matryoshka": (*SMALL, *NLI, "train.dims=[384,256,128,64]", "evaluate.every=40"),
    "simcse-unsup": (
        *SMALL,
        'data.text.use=["klue-nli:train", "klue-sts:train"]',
        "data.text.rows=4000",
        "train.learning_rate=1e-5",
        "evaluate.every=40",
    ),
    "multitask": (*SMALL, *NLI, "data.sts.batch_size=64", "evaluate.every=80"),
    "augment": (
        *SMALL,
        "train.epochs=1",
        "evaluate.every=60",
        "data.silver.rows=4000",
        "teacher.pairs=4000",
        "teacher.epochs=1",
    ),
}
"""The recipes of the table, and the settings that fit them to two cores."""


def main() -> None:
    """Runs what is not finished yet, then writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="the base encoder's folder")
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--out", type=Path, default=ROOT / "trained", help="for the runs")
    parser.add_argument("--only", nargs="*", default=list(RUNS), choices=list(RUNS))
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    given = parser.parse_args()

    runs = {}
    for name in given.only:
        settings = [f"model.base={given.base}", *BASE, *RUNS[name]]
        if load_recipe(name).teacher is not None:
            settings.append(f"teacher.model={given.base}")
        recipe = load_recipe(name, settings=settings)
        sys.stderr.write(f"{name}\n")
        runs[name] = train(
            recipe,
            out=given.out / name,
            resume=True,
            data_dir=given.data_dir,
            progress=True,
            say=lambda line: print(f"  {line}", file=sys.stderr, flush=True),
        )
    records = {name: as_record(name, run) for name, run in runs.items()}
    with whole_file(given.results / "recipes.json") as file:
        file.write((json.dumps(records, ensure_ascii=False, indent=1) + "\n").encode())
    report = write_report(records)
    with whole_file(given.results / "recipes.md") as file:
        file.write(report.encode())
    print(report)


def as_record(name: str, run: Run) -> dict[str, Any]:
    """What a row of the table is made of, from the run's own records."""
    after = {f"{result.task}:{result.split}": result for result in run.after}
    return {
        "settings": list(RUNS[name]),
        "rows": {key: data["rows"] for key, data in run.manifest["data"].items()},
        "steps": run.manifest["steps"],
        "minutes": run.manifest["minutes"],
        "device": run.manifest["device"],
        "throughput": run.manifest["throughput"],
        "best": run.manifest["best"],
        "before": {
            f"{result.task}:{result.split}": 100 * result.correlations.cosine_spearman
            for result in run.before
        },
        "after": {
            key: {
                "cosine_spearman": 100 * result.correlations.cosine_spearman,
                "low": 100 * result.intervals["cosine_spearman"].low,
                "high": 100 * result.intervals["cosine_spearman"].high,
            }
            for key, result in after.items()
        },
        "gains": {f"{gain['task']}:{gain['split']}": dict(gain) for gain in run.gains},
    }


def write_report(records: dict[str, dict[str, Any]]) -> str:
    """The table: what each recipe did to the base, and how long it took."""
    first = next(iter(records.values()))
    tasks = list(first["before"])
    lines = [
        "# The recipes on two cores\n",
        "Written by `python runs/recipes.py`; its settings stand there. Cosine Spearman x100 with "
        "95% intervals; in brackets the gain over the base on the same pairs with its paired 95% "
        f"interval. {first['device']}. Speed: sentences there and back in training, dev looks left "
        "out; minutes: all of the training, dev looks included. Both hold for the machine as it "
        "was, other jobs beside: results/bench_train.md compares speeds.\n",
        "| recipe | rows | " + " | ".join(tasks) + " | verdict | minutes | sentences/s | padding |",
        "|---|---|" + "---:|" * len(tasks) + "---|---:|---:|---:|",
        "| (the base) | | "
        + " | ".join(f"{first['before'][task]:.2f}" for task in tasks)
        + " | | | | |",
    ]
    for name, record in records.items():
        speed = record["throughput"]
        cells = [
            name,
            ", ".join(f"{key} {count:,}" for key, count in record["rows"].items()),
            *(_score(record, task) for task in tasks),
            ", ".join(f"{task}: {record['gains'][task]['verdict']}" for task in tasks),
            f"{record['minutes']:.1f}",
            f"{speed['sentences_per_second']:,.0f}",
            f"{speed['padding_share']:.0%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _score(record: dict[str, Any], task: str) -> str:
    after, gain = record["after"][task], record["gains"][task]
    return (
        f"{after['cosine_spearman']:.2f} [{after['low']:.2f}, {after['high']:.2f}] "
        f"({100 * gain['value']:+.2f} [{100 * gain['low']:+.2f}, {100 * gain['high']:+.2f}])"
    )


if __name__ == "__main__":
    main()
