"""What the suites found of a model: measured, or read where it was measured before."""

from __future__ import annotations

from pathlib import Path

import munjang
from munjang.encode.facts import model_facts
from munjang.encode.saturation import int8_saturates
from munjang.evaluate.record import SuiteResult
from munjang.evaluate.robust_record import RobustResult
from munjang.evaluate.robustness import run_robust
from munjang.evaluate.suite import run_suite
from munjang.evaluate.tasks import load_task
from munjang.evaluate.vectors import VectorStore
from munjang.files import whole_file

RESULTS = Path(__file__).resolve().parents[2] / "results"


def measure_suite(name: str, model: str, data_dir: Path, keep: Path) -> SuiteResult:
    """A model on the whole suite; or its record in `keep`.

    An int8 model's is without its speed where the CPU cannot compute in int8.
    """
    path = keep / f"{name}-korean.json"
    if not path.exists():
        encoder, facts = munjang.load(model), model_facts(model)
        told = facts.to_record()
        if "int8" in encoder.engine.label and int8_saturates():
            told["sentences_per_second"] = None
        found = run_suite(
            VectorStore(encoder),
            data_dir=data_dir,
            progress=True,
            trained_on=facts.trained_on,
            facts=told,
        )
        write(path, found.to_json())
    return SuiteResult.from_json(path.read_text("utf-8"))


def measure_robust(name: str, model: str, data_dir: Path, keep: Path) -> RobustResult:
    """A model on KorSTS-test under every edit; or its record in `keep`."""
    path = keep / f"{name}-robust.json"
    if not path.exists():
        pairs = load_task("korsts", split="test", data_dir=data_dir)
        store = VectorStore(munjang.load(model))
        found = run_robust(store, pairs, task="korsts", split="test", progress=True)
        write(path, found.to_json())
    return RobustResult.from_json(path.read_text("utf-8"))


def publish(suite: SuiteResult, robust: RobustResult) -> None:
    """Writes both to results/, the suite without its evidence; `munjang leaderboard` reads them."""
    write(RESULTS / f"{suite.model}-korean.json", suite.to_json(evidence=False))
    write(RESULTS / f"{robust.model}-robust.json", robust.to_json())


def write(path: Path, text: str) -> None:
    """Writes a file whole."""
    with whole_file(path) as file:
        file.write(text.encode())
