"""Tries a Korean vocabulary on the shipped weights: fewer tokens a sentence, at what price?

    python runs/default_model/korean.py --data-dir DIR --keep DIR [--weights DIR]

--weights is models/munjang-small-ko where not told. Half an hour on two cores without bf16. Needs
`pip install "munjang[train]"`. Hangul pieces are learnt from the training texts and grafted into
the model, each as the mean of the old pieces that it was cut into; korean.toml then teaches the
model its own vectors anew, without a prompt. A run that lies in --keep finished is read, not
trained again. The scores on the rows of held_out.py and on the tests go to
results/default_model_tried.json, which `python runs/default_model` tells of.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import held_out
import steps
from corpus import training_texts
from vocabulary import graft, learn_pieces

import munjang
from munjang.data.rows import ScoredPair
from munjang.data.tables import read_rows
from munjang.evaluate.tasks import load_task
from munjang.train.record import write_json

NAME = "a Korean vocabulary"
ROOT = Path(__file__).resolve().parents[2]
TRIED = ROOT / "results/default_model_tried.json"
LEARNT, OTHERS = 14_000, 5_000
"""Pieces to learn, and pieces without Hangul that stay."""

BODIES = 400
"""Whole bodies of petitions that the training draws from."""


def train(given: argparse.Namespace) -> Path:
    """Learns the vocabulary and trains the model with it; gives the run's folder."""
    petitions, bodies = given.keep / "petition-texts.txt", given.keep / "petition-whole.txt"
    held_out.hold_out_klue(given.data_dir, given.keep / steps.HELD)
    held_out.write_petition_texts(given.data_dir, petitions)
    held_out.write_petition_bodies(given.data_dir, bodies, bodies=BODIES)
    start: Path = given.keep / "korean-start"
    out: Path = given.keep / "korean"
    if not start.exists():
        read = [*training_texts(given.data_dir), *petitions.read_text("utf-8").splitlines()]
        pieces = learn_pieces(given.weights, read, learnt=LEARNT, others=OTHERS)
        graft(given.weights, start, pieces)
    settings = steps.reports(given.keep) | {
        "teacher.model": str(given.weights),
        "data.petitions.use": str(petitions),
        "data.bodies.use": str(bodies),
    }
    steps.train("korean", start, out, data_dir=given.data_dir, settings=settings)
    return out


def tokens_a_sentence(model: Path, data_dir: Path) -> float:
    """Tokens of a sentence of KorSTS-test, the prompt and the special ones included."""
    encoder = munjang.load(model, engine="torch", device="cpu")
    pairs = load_task("korsts", split="test", data_dir=data_dir)
    read = [encoder.prompt + text for pair in pairs for text in (pair.sentence1, pair.sentence2)]
    ids, _ = encoder.tokenizer.encode(read, encoder.max_tokens)
    return sum(map(len, ids)) / len(ids)


def tell(given: argparse.Namespace, run: Path) -> dict[str, Any]:
    """What was tried, and what it scores."""
    told = steps.tell_run(run)
    rows = {name: found["rows"] for name, found in told["data"].items()}
    pairs = rows.pop("sts"), rows.pop("sts-klue")
    before, after = (tokens_a_sentence(m, given.data_dir) for m in (given.weights, run / "model"))
    held = held_out.read_all(given.data_dir, read_rows(given.keep / steps.HELD, ScoredPair))
    return {
        "name": NAME,
        "what": f"Hangul pieces learnt from the training texts, and no prompt: {after:.1f} tokens "
        f"a sentence of KorSTS-test instead of {before:.1f}. A new piece starts as the mean of the "
        "old ones that it was cut into; then the model learns the vectors of the shipped weights "
        f"for {sum(rows.values()):,} texts, beside {pairs[0]:,} rows of KorSTS-train and "
        f"{pairs[1]:,} of KLUE-STS-train by CoSENT; {told['steps']:,} steps",
        "seed": told["seed"],
        "scores": steps.measure(run / "model", held, given.keep / "korean-measured.json"),
    }


def main() -> None:
    """Trains, measures, and writes down what was tried."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of all runs")
    parser.add_argument("--weights", type=Path, default=ROOT / "models/munjang-small-ko")
    given = parser.parse_args()
    given.keep, given.data_dir = given.keep.resolve(), given.data_dir.resolve()
    given.weights = given.weights.resolve()
    given.keep.mkdir(parents=True, exist_ok=True)
    told = tell(given, train(given))
    others = [each for each in json.loads(TRIED.read_text("utf-8")) if each["name"] != NAME]
    write_json(TRIED, [*others, told])
    print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
