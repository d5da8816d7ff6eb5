"""Step 8: the chosen weights in float16 and int8, measured, with their cards and tables."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import held_out
import records
import steps
import texts
from corpus import COUNTED
from overlaps import count_overlaps
from report import write_report
from weights_card import write_weights_card

import korean
import munjang
from munjang.model.card import write_card

if TYPE_CHECKING:
    import argparse

NAME = "munjang-small-ko"
FLOAT = f"{NAME} in float32"
ROOT = Path(__file__).resolve().parents[2]


def add_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds where the model and its tables go, and what no record can say."""
    parser.add_argument("--base-words", default=texts.BASE, help="what the cards say of the base")
    parser.add_argument("--out", type=Path, default=ROOT / "src/munjang/encode/default")
    parser.add_argument("--weights", type=Path, default=ROOT / "models" / NAME)
    parser.add_argument("--results", type=Path, default=records.RESULTS)
    parser.add_argument("--note", default="", help="what else to say below the first table")
    return parser


def ship(chosen: Path, record: dict[str, Any], given: argparse.Namespace) -> None:
    """Writes --weights, --out, their cards, and default_model.md and .json in --results.

    Args:
        chosen: The model.
        record: What is told of the steps before.
        given: The arguments of the script, those of `add_options` among them.
    """
    rows = steps.read_held(given.keep, given.data_dir)
    steps.write_half(chosen, given.weights)
    weights = munjang.load(given.weights, engine="torch", device="cpu")
    gate = steps.export(
        weights,
        given.out,
        name=NAME,
        base=given.base_words,
        trained_on=texts.TRAINED_ON,
        data_dir=given.data_dir,
    )
    shipped = munjang.load(given.out)
    last = {
        "float16": held_out.measure(weights, rows),
        "int8": held_out.measure(shipped, rows),
    }
    before = {name: found for name, found in record["steps"].items() if name not in last}
    record["steps"] = before | last
    models = {
        NAME: shipped,
        FLOAT: weights,
        "the base": munjang.load(given.keep / "base", engine="torch", device="cpu"),
    }
    results = steps.evaluate(models, given.data_dir)
    write_card(
        given.out, texts.CARD, results=[r for r in results if r.model == NAME], shown_as="default"
    )
    record["vocabulary"]["after"] = korean.tell_vocabulary(given.weights, given.data_dir)
    write_weights_card(
        given.weights,
        base=given.base_words,
        vocabulary=record["vocabulary"]["after"],
        results=[r for r in results if r.model == FLOAT],
    )
    record |= {
        "gate": asdict(gate),
        "gains": steps.gains(results, NAME, "the base"),
        "overlaps": count_overlaps(COUNTED, given.data_dir),
        "results": steps.told_results(results),
    }
    tried = json.loads((records.RESULTS / "default_model_tried.json").read_text("utf-8"))
    steps.publish(given.results / "default_model", record, write_report(record, results, tried))
