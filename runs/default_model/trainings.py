"""The trainings of steps 1 to 3, and what every script that starts from the base prepares."""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import held_out
import shares
import steps

from munjang.model.average import average_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SEEDS = (1, 2, 3)
"""Of step 2."""

PROMPT = "query: "
"""Of the base, and of every model before its Korean vocabulary."""


def arguments(told: str) -> argparse.ArgumentParser:
    """The options of every script that trains from the base; `told` is its docstring."""
    parser = argparse.ArgumentParser(description=told.splitlines()[0])
    parser.add_argument("--base", required=True, help="the base encoder: a folder or a hub id")
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of all runs")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    return parser


def prepare(given: argparse.Namespace) -> Path:
    """Makes paths whole, writes to --keep what trainings read, and the base, whose place it gives.

    The base there says how it pools, and its prompt.
    """
    given.keep, given.data_dir = given.keep.resolve(), given.data_dir.resolve()
    if Path(given.base).exists():  # else a hub id
        given.base = str(Path(given.base).resolve())
    given.keep.mkdir(parents=True, exist_ok=True)
    held_out.hold_out_klue(given.data_dir, given.keep / steps.HELD)
    held_out.write_petitions(given.data_dir, given.keep / "petitions.tsv")
    base: Path = given.keep / "base"
    steps.write_encoder(given.base, base, pooling="mean", normalize=True, prompt=PROMPT)
    return base


def threads(given: argparse.Namespace) -> int:
    """CPU threads of each of --jobs trainings."""
    return max(1, (os.cpu_count() or 1) // given.jobs)


def train_graded(given: argparse.Namespace) -> list[str]:
    """Steps 1 and 2; returns the names of the runs."""
    with ThreadPoolExecutor(given.jobs) as pool:
        alone = pool.submit(train_alone, given)
        names = [pool.submit(run, given, "contrastive", given.base, "contrastive").result()]
        first = given.keep / "contrastive" / "model"
        graded = [
            pool.submit(run, given, "graded", first, f"graded-{seed}", seed) for seed in SEEDS
        ]
        return [*names, alone.result(), *(done.result() for done in graded)]


def train_together(given: argparse.Namespace, runs: Iterable[Callable[[], str]]) -> list[str]:
    """Trainings that need nothing of each other, --jobs at a time; returns their names."""
    with ThreadPoolExecutor(given.jobs) as pool:
        return [done.result() for done in [pool.submit(each) for each in runs]]


def train_alone(given: argparse.Namespace) -> str:
    """Step 2 from the base alone; returns the run's name."""
    return run(given, "graded", given.base, "graded-alone")


def train_settle(given: argparse.Namespace, start: Path, name: str, *, seed: int = 1) -> str:
    """Step 3 from a model; returns the run's name, which is `name`."""
    return run(given, "settle", start, name, seed)


def average(keep: Path, name: str) -> Path:
    """A mean of step 4 or 7, by its name."""
    parts = (shares.MEANS | shares.SHARP_MEANS)[name]
    models = [keep / part if part in shares.FOLDERS else keep / part / "model" for part in parts]
    average_models(models, keep / name, weights=list(parts.values()), overwrite=True)
    return keep / name


def run(
    given: argparse.Namespace,
    recipe: str,
    base: str | Path,
    name: str,
    seed: int = 1,
    changes: Mapping[str, object] | None = None,
) -> str:
    """A recipe from a model, with these keys of it changed; returns the run's name, `name`."""
    settings: dict[str, object] = {"train.seed": seed, **(changes or {})}
    if recipe != "contrastive":
        settings |= steps.reports(given.keep)
    if recipe == "settle":
        settings["data.petitions.use"] = str(given.keep / "petitions.tsv")
    steps.train(
        recipe,
        base,
        given.keep / name,
        data_dir=given.data_dir,
        settings=settings,
        threads=threads(given),
    )
    return name
