"""Makes the shipped model, from a base encoder and the data to the measured int8 file.

    python runs/default_model --base DIR --data-dir DIR --keep DIR [--jobs 2]

Some two hours on two cores with bf16, a few minutes on a GPU. Needs
`pip install "munjang[train]"`. The steps, each with its folder in --keep; what lies there
whole is not made again:

1. contrastive.toml: inference, paraphrases, question pairs and translations.
2. graded.toml, from there: the graded pairs of KorSTS and KLUE-STS, with three seeds.
   Once more from the base alone, to see what step 1 is good for.
3. settle.toml, from a mean of three of these: graded pairs again, beside petitions (titles
   and bodies) and headlines: step 2 is good at similarity, but loses search and topics.
4. Means of the weights of all these. The held-out rows of held_out.py choose one: similarity
   counts, and search, clusters and inference may not fall below the base by more than a
   point.
5. The vocabulary cut to 16,000 pieces, in float16: models/munjang-small-ko, a
   sentence-transformers folder.
6. OpenVINO int8 behind the gate on KorSTS-dev: src/munjang/encode/default.

KorSTS-test and KLUE-STS-dev are measured on the way to report every step; nothing is
chosen by them. Tables go to results/default_model.md, numbers to results/default_model.json.

--base is the folder or hub id of a sentence encoder of the E5 family; the shipped model came
from intfloat/multilingual-e5-small, cut to 27,740 pieces for Korean and English.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import held_out
import shares
import texts
import torch
from overlaps import count_overlaps
from report import write_report
from weights_card import write_weights_card

import munjang
from munjang.data.catalog import load_rows
from munjang.data.rows import ScoredPair
from munjang.data.tables import read_rows
from munjang.evaluate.tasks import WITHOUT_PARAKQC, compare, evaluate_task, load_task
from munjang.files import whole_file, whole_folder
from munjang.model.average import average_models
from munjang.model.build import build_encoder
from munjang.model.card import write_card
from munjang.model.export import Origin, export_model
from munjang.model.trim import trim_model
from munjang.train import read_run
from munjang.train.record import write_json
from munjang.train.sources import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from munjang.encode.encoder import SentenceEncoder
    from munjang.evaluate.tasks import StsResult

NAME = "munjang-small-ko"
FLOAT = f"{NAME} in float32"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROMPT = "query: "
PIECES = 16_000
SEEDS = (1, 2, 3)
MEASURED = (("korsts", "test"), ("klue-sts", "dev"), ("klue-sts", WITHOUT_PARAKQC))
TRAINED_ON = (
    "korsts:train",
    "klue-sts:train",
    "klue-nli:train",
    "kornli:multinli",
    "parakqc:all",
    "stylekqc:train",
    "question-pair:train",
    "flores200:dev",
    "tatoeba:anki",
    "petitions:rest",
    "ynat:train",
)
"""KorNLI by 2,884 rows alone; petitions that no test draws; headlines without their topics."""
COUNTED = tuple(ref for ref in TRAINED_ON if ref not in ("kornli:multinli", "petitions:rest"))
"""Those that the catalogue has as they are."""


def train(recipe: str, base: str | Path, out: Path, given: argparse.Namespace, *, seed: int) -> str:
    """Runs a recipe in a process of its own, with its share of the cores."""
    settings = [f"train.seed={seed}"]
    if recipe != "contrastive":
        reports = ["korsts:test", "klue-sts:dev", str(given.keep / "klue-held.tsv")]
        settings.append(f"evaluate.report={json.dumps(reports)}")
    if recipe == "settle":
        settings.append(f"data.petitions.use={given.keep / 'petitions.tsv'}")
    if not (out / "model").exists():
        command = [sys.executable, "-m", "munjang", "train", str(HERE / f"{recipe}.toml")]
        command += ["--base", str(base), "--out", str(out), "--data-dir", str(given.data_dir)]
        command += [part for setting in settings for part in ("--set", setting)]
        threads = str(max(1, (os.cpu_count() or 1) // given.jobs))
        with (out.parent / f"{out.name}.log").open("w") as log:
            subprocess.run(
                command,
                check=True,
                cwd=given.data_dir,
                env={**os.environ, "OMP_NUM_THREADS": threads},
                stdout=log,
                stderr=log,
            )
    return out.name


def train_all(given: argparse.Namespace) -> list[str]:
    """Steps 1 to 3; returns the names of the runs."""
    first = given.keep / "contrastive"
    with ThreadPoolExecutor(given.jobs) as pool:
        alone = pool.submit(train, "graded", given.base, given.keep / "graded-alone", given, seed=1)
        before = pool.submit(train, "contrastive", given.base, first, given, seed=1)
        names = [before.result()]
        graded = [
            pool.submit(
                train, "graded", first / "model", given.keep / f"graded-{seed}", given, seed=seed
            )
            for seed in SEEDS
        ]
        names += [alone.result(), *(run.result() for run in graded)]
    start = average(given.keep, shares.START)
    return [*names, train("settle", start, given.keep / shares.SETTLE, given, seed=1)]


def tell_run(folder: Path) -> dict[str, Any]:
    """What the report says of a run, without the places of its files."""
    manifest = read_run(folder).manifest
    told = {key: manifest[key] for key in ("seed", "steps", "minutes", "device", "precision")}
    told["data"] = {
        name: {"rows": found["rows"], "dropped": found["dropped"]}
        for name, found in manifest["data"].items()
    }
    return told


def write_base(base: str, out: Path) -> None:
    """The base as a model that pools by mean, normalises, and puts its prompt by itself."""
    if not out.exists():
        with whole_folder(out) as work:
            model = build_encoder(base, pooling="mean", normalize=True, prompt=PROMPT, device="cpu")
            model.save_pretrained(str(work), create_model_card=False)


def measure(folder: Path, rows: held_out.Rows) -> dict[str, float]:
    """A model on the held-out rows and the tests, in bfloat16; or what was measured before."""
    record = folder.parent / f"{folder.name}-measured.json"
    if not record.exists():
        encoder = munjang.load(folder, engine="torch", device="cpu")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            write_json(record, held_out.measure(encoder, rows))
    found: dict[str, float] = json.loads(record.read_text("utf-8"))
    return found


def average(keep: Path, name: str) -> Path:
    """A mean by its name; or what was made before."""
    parts = shares.MEANS[name]
    if not (keep / name).exists():
        models = [keep / part if part == "base" else keep / part / "model" for part in parts]
        average_models(models, keep / name, weights=list(parts.values()))
    return keep / name


def training_texts(data_dir: Path) -> Iterator[str]:
    """What the vocabulary is counted on: all that was trained on, and plain Korean beside it."""
    for ref in (*COUNTED, "3i4k:train", "nsmc:sentiment-train"):
        name, _, split = ref.partition(":")
        for row in load_rows(name, split, data_dir=data_dir)[: texts.MOST_ROWS]:
            yield from texts_of(row)


def say_float32(config: Path) -> None:
    """Lets transformers open weights stored as float16 as float32: the CPU is slow in float16."""
    write_json(config, json.loads(config.read_text("utf-8")) | {"dtype": "float32"})


def trim(chosen: Path, half: Path, out: Path, data_dir: Path) -> Any:
    """Step 5: float16, the vocabulary cut; opened as float32 by whoever loads it."""
    if not half.exists():
        with whole_folder(half) as work:
            model = build_encoder(chosen, device="cpu").half()
            model.save_pretrained(str(work), create_model_card=False)
    trimmed = trim_model(
        half,
        out,
        texts=training_texts(data_dir),
        pieces=PIECES,
        pairs=load_task("korsts", split="dev", data_dir=data_dir),
        overwrite=True,
    )
    say_float32(out / "config.json")
    return trimmed


def export(weights: SentenceEncoder, out: Path, data_dir: Path) -> Any:
    """Step 6."""
    train_rows = load_rows("korsts", "train", data_dir=data_dir)
    return export_model(
        weights,
        out,
        pairs=load_task("korsts", split="dev", data_dir=data_dir),
        int8=True,
        calibration=[row.sentence1 for row in train_rows if isinstance(row, ScoredPair)],
        name=NAME,
        origin=Origin("CC-BY-SA-4.0", texts.BASE, TRAINED_ON),
        overwrite=True,
    )


def evaluate(models: dict[str, Any], data_dir: Path) -> list[StsResult]:
    """The eight correlations of each model on each test, with intervals."""
    return [
        replace(evaluate_task(encoder, task, split=split, data_dir=data_dir), model=name)
        for task, split in MEASURED
        for name, encoder in models.items()
    ]


def gains(results: Sequence[StsResult], over: str) -> list[dict[str, Any]]:
    """What the shipped model gains over another one on each test, by the paired bootstrap."""
    ours = {(r.task, r.split): r for r in results if r.model == NAME}
    found = []
    for other in (result for result in results if result.model == over):
        gain = compare(ours[other.task, other.split], other).differences["cosine_spearman"]
        found.append({"task": other.task, "split": other.split, "over": over, **asdict(gain)})
    return found


def main() -> None:
    """Trains, averages, chooses, cuts, exports, measures, writes cards and tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="the base encoder: a folder or a hub id")
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of all runs")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    parser.add_argument("--out", type=Path, default=ROOT / "src/munjang/encode/default")
    parser.add_argument("--weights", type=Path, default=ROOT / "models" / NAME)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    given = parser.parse_args()
    given.keep, given.data_dir = given.keep.resolve(), given.data_dir.resolve()
    if Path(given.base).exists():  # else a hub id
        given.base = str(Path(given.base).resolve())
    given.keep.mkdir(parents=True, exist_ok=True)
    held = given.keep / "klue-held.tsv"
    held_out.hold_out_klue(given.data_dir, held)
    held_out.write_petitions(given.data_dir, given.keep / "petitions.tsv")
    write_base(given.base, given.keep / "base")
    runs = train_all(given)
    rows = held_out.read_all(given.data_dir, read_rows(held, ScoredPair))
    means = {name: average(given.keep, name) for name in shares.MEANS}
    folders = {"base": given.keep / "base"}
    folders |= {name: given.keep / name / "model" for name in runs} | means
    steps = {name: measure(folder, rows) for name, folder in folders.items()}
    chosen = shares.choose(steps)
    trimmed = trim(folders[chosen], given.keep / f"{chosen}-float16", given.weights, given.data_dir)
    weights = munjang.load(given.weights, engine="torch", device="cpu")
    steps["float16"] = held_out.measure(weights, rows)
    gate = export(weights, given.out, given.data_dir)
    shipped = munjang.load(given.out)
    steps["int8"] = held_out.measure(shipped, rows)
    models = {
        NAME: shipped,
        FLOAT: weights,
        "the base": munjang.load(given.keep / "base", engine="torch", device="cpu"),
    }
    results = evaluate(models, given.data_dir)
    write_card(
        given.out, texts.CARD, results=[r for r in results if r.model == NAME], shown_as="default"
    )
    write_weights_card(
        given.weights,
        prompt=PROMPT,
        trimmed=asdict(trimmed),
        results=[r for r in results if r.model == FLOAT],
    )
    record = {
        "steps": steps,
        "chosen": chosen,
        "shares": shares.MEANS.get(chosen, {chosen: 1.0}),
        "runs": {name: tell_run(given.keep / name) for name in runs},
        "trimmed": asdict(trimmed) | {"source": chosen},
        "gate": asdict(gate),
        "gains": gains(results, "the base"),
        "overlaps": count_overlaps(COUNTED, given.data_dir),
        "results": [json.loads(result.to_json(similarities=False)) for result in results],
    }
    write_json(given.results / "default_model.json", record)
    report = write_report(record, results)
    with whole_file(given.results / "default_model.md") as file:
        file.write(report.encode())
    print(report)


if __name__ == "__main__":
    main()
