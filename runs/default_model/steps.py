"""What the shipped models are made with: a training, a measurement, an export."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import held_out
import torch

import munjang
from munjang.data.catalog import load_rows
from munjang.data.rows import ScoredPair
from munjang.data.tables import read_rows
from munjang.evaluate.tasks import WITHOUT_PARAKQC, compare, evaluate_task, load_task
from munjang.files import hash_file, whole_file, whole_folder
from munjang.model.build import build_encoder
from munjang.model.export import GateResult, Origin, export_model
from munjang.train import read_run
from munjang.train.precision import resolve_precision
from munjang.train.record import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from munjang.encode.encoder import SentenceEncoder
    from munjang.evaluate.tasks import StsResult

HERE = Path(__file__).resolve().parent
MEASURED = (("korsts", "test"), ("klue-sts", "dev"), ("klue-sts", WITHOUT_PARAKQC))
TRIMMED = "trimmed"
"""The folder in --keep of the model before its Korean vocabulary."""

HELD = "klue-held.tsv"
"""Where in --keep the rows of KLUE-STS-train lie that no graded step is trained on."""


def train(
    recipe: str,
    base: str | Path,
    out: Path,
    *,
    data_dir: Path,
    settings: Mapping[str, object],
    threads: int | None = None,
) -> Path:
    """Runs a recipe of this folder in a process of its own, and gives the model's folder.

    Args:
        recipe: Its name.
        base: What to start from.
        out: The run's folder: a finished run is read, one that was broken off goes on, and
            one of other settings is refused.
        data_dir: The folder of data sets.
        settings: Keys of the recipe, such as "train.seed".
        threads: CPU threads; all cores when None.
    """
    command = [sys.executable, "-m", "munjang", "train", str(HERE / f"{recipe}.toml"), "--resume"]
    command += ["--base", str(base), "--out", str(out), "--data-dir", str(data_dir)]
    for key, value in settings.items():
        command += ["--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    cores = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    told = out.parent / f"{out.name}.log"
    with told.open("a") as log:
        done = subprocess.run(
            command, check=False, cwd=data_dir, env={**os.environ, **cores}, stdout=log, stderr=log
        )
    if done.returncode:
        raise SystemExit(f"{out} could not be trained; {told} ends with why")
    return out / "model"


def write_encoder(source: str | Path, out: Path, **told: Any) -> None:
    """Writes an encoder without a card; `told` is what `build_encoder` makes of it instead."""
    with whole_folder(out) as work:
        build_encoder(source, device="cpu", **told).save_pretrained(
            str(work), create_model_card=False
        )


def write_half(model: Path, out: Path) -> None:
    """Writes a model in float16."""
    with whole_folder(out) as work:
        half = build_encoder(model, device="cpu").half()
        half.save_pretrained(str(work), create_model_card=False)
        say_float32(work)


def say_float32(folder: Path) -> None:
    """Lets transformers open weights stored as float16 as float32: the CPU is slow in float16."""
    config = folder / "config.json"
    write_json(config, json.loads(config.read_text("utf-8")) | {"dtype": "float32"})


def reports(keep: Path) -> dict[str, object]:
    """The setting of a recipe that reports on the tests and on the rows held out.

    What a run reports on it is not trained on.
    """
    return {"evaluate.report": ["korsts:test", "klue-sts:dev", str(keep / HELD)]}


def reads(files: Mapping[str, Path]) -> dict[str, object]:
    """The settings of a recipe whose data sets, by name, are these files."""
    return {f"data.{part}.use": str(path) for part, path in files.items()}


def tell_run(folder: Path) -> dict[str, Any]:
    """What the report says of a run, without the places of its files."""
    manifest = read_run(folder).manifest
    told = {key: manifest[key] for key in ("seed", "steps", "minutes", "device", "precision")}
    told["data"] = {
        name: {"rows": found["rows"], "dropped": found["dropped"]}
        for name, found in manifest["data"].items()
    }
    return told


def measure(folder: Path, rows: held_out.Rows, record: Path) -> dict[str, float]:
    """A model on the held-out rows and the tests; or what a record has of the same weights.

    In bfloat16 where the CPU is made for it, else in float32.
    """
    precision = resolve_precision("auto", "cpu")
    of = {"weights": hash_file(folder / "model.safetensors"), "precision": precision}
    kept = json.loads(record.read_text("utf-8")) if record.exists() else {}
    if kept.get("of") != of:
        encoder = munjang.load(folder, engine="torch", device="cpu")
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            kept = {"of": of, "scores": held_out.measure(encoder, rows)}
        write_json(record, kept)
    found: dict[str, float] = kept["scores"]
    return found


def read_held(keep: Path, data_dir: Path) -> held_out.Rows:
    """The rows that everything is measured on; those of KLUE-STS lie in `keep`."""
    return held_out.read_all(data_dir, read_rows(keep / HELD, ScoredPair))


def measure_all(
    folders: Mapping[str, Path], rows: held_out.Rows, keep: Path
) -> dict[str, dict[str, float]]:
    """Each model as `measure` has it, its record in `keep`."""
    return {
        name: measure(folder, rows, keep / f"{name}-measured.json")
        for name, folder in folders.items()
    }


def record_runs(base: Path, names: Sequence[str], keep: Path, data_dir: Path) -> dict[str, Any]:
    """What an ablation keeps: the base and its runs, measured, and what each run was."""
    folders = {"base": base} | {name: keep / name / "model" for name in names}
    return {
        "steps": measure_all(folders, read_held(keep, data_dir), keep),
        "runs": {name: tell_run(keep / name) for name in names},
    }


def export(
    weights: SentenceEncoder,
    out: Path,
    *,
    name: str,
    base: str,
    trained_on: Sequence[str],
    data_dir: Path,
) -> GateResult:
    """OpenVINO int8 behind the gate on KorSTS-dev, calibrated on KorSTS-train."""
    train_rows = load_rows("korsts", "train", data_dir=data_dir)
    return export_model(
        weights,
        out,
        pairs=load_task("korsts", split="dev", data_dir=data_dir),
        int8=True,
        calibration=[row.sentence1 for row in train_rows if isinstance(row, ScoredPair)],
        name=name,
        origin=Origin("CC-BY-SA-4.0", base, tuple(trained_on)),
        overwrite=True,
    )


def evaluate(models: Mapping[str, SentenceEncoder], data_dir: Path) -> list[StsResult]:
    """The eight correlations of each model on each test, with intervals."""
    return [
        replace(evaluate_task(encoder, task, split=split, data_dir=data_dir), model=name)
        for task, split in MEASURED
        for name, encoder in models.items()
    ]


def gains(results: Sequence[StsResult], ours: str, over: str) -> list[dict[str, Any]]:
    """What one model gains over another on each test, by the paired bootstrap."""
    own = {(r.task, r.split): r for r in results if r.model == ours}
    found = []
    for other in (result for result in results if result.model == over):
        gain = compare(own[other.task, other.split], other).differences["cosine_spearman"]
        found.append({"task": other.task, "split": other.split, "over": over, **asdict(gain)})
    return found


def told_results(results: Sequence[StsResult]) -> list[dict[str, Any]]:
    """The results as a record keeps them."""
    return [json.loads(result.to_json(similarities=False)) for result in results]


def publish(path: Path, record: Mapping[str, Any], report: str) -> None:
    """Writes the numbers to `path`.json and the tables to `path`.md, and prints these."""
    write_json(path.with_suffix(".json"), record)
    with whole_file(path.with_suffix(".md")) as file:
        file.write(report.encode())
    print(report)
