"""Tries a Korean vocabulary on the shipped weights: fewer tokens a sentence, at what price?

    python runs/default_model/korean.py --data-dir DIR --keep DIR [--weights DIR]

--weights is models/munjang-small-ko where not told. Two hours on two cores without bf16. Needs
`pip install "munjang[train]"`. Hangul pieces are learnt from the training texts and grafted into
the model, each as the mean of the old pieces that it was cut into; korean.toml then teaches the
model its own vectors anew, without a prompt, and words.py, in two passes, what it made of each
word. What lies in --keep finished is read, not trained again. The scores on the rows of
held_out.py and on the tests go to results/default_model_tried.json, which `python
runs/default_model` tells of.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import held_out
import steps
import words
from corpus import draw_sentences, training_texts
from vocabulary import graft, learn_pieces

import munjang
from munjang.data.rows import ScoredPair
from munjang.data.tables import read_rows
from munjang.evaluate.tasks import load_task
from munjang.train.record import write_json

NAME = "a Korean vocabulary"


@dataclass(frozen=True)
class Pass:
    """A pass of words.py: what the report calls it, its share of the sentences, their seed."""

    called: str
    share: float
    seed: int


PASSES = {
    "korean-words": Pass("then learnt word by word", 0.6, 7),
    "korean-words-2": Pass("and once more", 1.0, 8),
}

ROOT = Path(__file__).resolve().parents[2]
TRIED = ROOT / "results/default_model_tried.json"
LEARNT, OTHERS = 14_000, 5_000
"""Pieces to learn, and pieces without Hangul that stay."""

PETITIONS = "petition-texts.txt"
BODIES = 400
"""Whole bodies of petitions that the training draws from."""


def train(given: argparse.Namespace) -> Path:
    """Learns the vocabulary and trains the model with it; gives the run's folder."""
    petitions, bodies = given.keep / PETITIONS, given.keep / "petition-whole.txt"
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


def teach(given: argparse.Namespace, start: Path) -> dict[str, tuple[Path, int, int]]:
    """Trains on word by word; gives each pass's folder, and how many steps and sentences."""
    petitions = (given.keep / PETITIONS).read_text("utf-8").splitlines()
    held = read_rows(given.keep / steps.HELD, ScoredPair)
    sentences = draw_sentences(given.data_dir, petitions, held)
    found: dict[str, tuple[Path, int, int]] = {}
    for name, one in PASSES.items():
        batches = words.choose_batches(sentences, share=one.share, seed=one.seed)
        out: Path = given.keep / name
        if not out.exists():
            words.teach(given.weights, start, out, batches)
        found[name] = out, len(batches), sum(map(len, batches))
        start = out
    return found


def tell(given: argparse.Namespace, run: Path) -> list[dict[str, Any]]:
    """What was tried, and what it scores."""
    told = steps.tell_run(run)
    rows = {name: found["rows"] for name, found in told["data"].items()}
    pairs = rows.pop("sts"), rows.pop("sts-klue")
    before, after = (tokens_a_sentence(m, given.data_dir) for m in (given.weights, run / "model"))
    passes = teach(given, run / "model")
    held = held_out.read_all(given.data_dir, read_rows(given.keep / steps.HELD, ScoredPair))
    folders = {"korean": run / "model"} | {name: out for name, (out, _, _) in passes.items()}
    scores = steps.measure_all(folders, held, given.keep)
    return [
        {
            "name": NAME,
            "what": f"Hangul pieces learnt from the training texts, and no prompt: {after:.1f} "
            f"tokens a sentence of KorSTS-test instead of {before:.1f}. A new piece starts as the "
            "mean of the old ones that it was cut into; then the model learns the vectors of the "
            f"shipped weights for {sum(rows.values()):,} texts, beside {pairs[0]:,} rows of "
            f"KorSTS-train and {pairs[1]:,} of KLUE-STS-train by CoSENT; {told['steps']:,} steps",
            "seed": told["seed"],
            "scores": scores["korean"],
        },
        *(
            {
                "name": PASSES[name].called,
                "what": "on from there: what the shipped weights make of each word, after layers "
                f"{', '.join(map(str, words.LAYERS))}, and of the sentence, for {read:,} texts; "
                f"{count:,} steps",
                "seed": PASSES[name].seed,
                "scores": scores[name],
            }
            for name, (_, count, read) in passes.items()
        ),
    ]


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
    tried = json.loads(TRIED.read_text("utf-8"))
    names = {NAME, *(one.called for one in PASSES.values())}
    others = [each for each in tried if each["name"] not in names]
    write_json(TRIED, [*others, *told])
    print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
