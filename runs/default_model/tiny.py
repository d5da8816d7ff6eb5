"""Makes the tiny model: half of the shipped model's layers, which learn its vectors.

    python runs/default_model/tiny.py --data-dir DIR --keep DIR [--weights models/munjang-small-ko]

--keep is that of `python runs/default_model`, which goes first. Three hours on one core
of a CPU without bf16. Needs `pip install "munjang[train]"`. The steps, each with its folder in
--keep. A run that lies there finished is read, not trained again: remove a run, and all that
follow it, to have them made anew.

1. tiny-first.toml: six of the twelve layers of the shipped model before its Korean vocabulary
   (KEEP/trimmed), evenly spread, trained on the vectors that it has for sentences of all kinds.
2. tiny-graded.toml: the same once more, beside the graded pairs of KorSTS and KLUE-STS.
3. tiny.toml: the vectors alone again, with more petitions: step 2 took the model away from
   search.
4. tiny-search.toml: whole petitions too, titles beside their bodies, translations beside each
   other, and the graded pairs of KorSTS; it takes the model away from similarity.
5. The mean of 3 and 4.
6. The vocabulary of --weights instead; words.py teaches the model what it made of each word.
7. korean-search.toml, without the prompt: the vectors of the shipped model before its Korean
   vocabulary once more, beside graded pairs, titles and bodies.
8. The mean of 6 and 7, without the prompt.
9. OpenVINO int8 behind the gate on KorSTS-dev: src/munjang/encode/tiny.

The steps are told on the rows of held_out.py and on the tests. Step 8 was taken rather than 7 by
the clusters of the former; nothing was chosen by the tests. The tables go to
results/tiny_model.md, the numbers to results/tiny_model.json. How the model stands on whole search,
cluster and translation tests, suites.py measures.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import held_out
import steps
import texts
from report import score_table, told_gains, told_gate, told_runs
from vocabulary import graft, read_pieces

import korean
import munjang
from munjang.evaluate.report import markdown_table
from munjang.model.average import average_models
from munjang.model.card import write_card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from munjang.evaluate.tasks import StsResult

NAME = "munjang-tiny-ko"
ROOT = Path(__file__).resolve().parents[2]
BODIES = 600
"""Petitions whose first characters steps 1 and 2 read."""

SEARCH, MEAN = "tiny-search", "tiny-mean"
WORDS, AGAIN, LAST = "tiny-words", "tiny-again", "tiny-last"
RUNS = ("tiny-first", "tiny-graded", "tiny", SEARCH)
PASS = korean.Pass(share=1.0, seed=7)
STEPS = {
    "teacher": "munjang-small-ko before its Korean vocabulary",
    "tiny-first": "1. six layers learn its vectors",
    "tiny-graded": "2. and graded pairs",
    "tiny": "3. the vectors again, and petitions",
    SEARCH: "4. whole petitions, search, translations",
    MEAN: "5. the mean of 3 and 4",
    WORDS: "6. a Korean vocabulary learns the words",
    AGAIN: "7. the vectors again, graded pairs, search",
    LAST: "8. the mean of 6 and 7",
    "int8": "9. int8, as shipped",
}


def train_all(given: argparse.Namespace) -> None:
    """Steps 1 to 8."""
    keep, data_dir = given.keep, given.data_dir
    held_out.hold_out_klue(data_dir, keep / steps.HELD)
    some = keep / "petition-bodies.txt"
    held_out.write_petition_texts(data_dir, some, bodies=BODIES)
    search = korean.write_petitions(keep, data_dir)
    all_of_them = search.pop("petitions")

    def run(name: str, base: Path, petitions: Path, recipe: str, more: Mapping[str, Path]) -> Path:
        settings = steps.reports(keep) | {"teacher.model": str(keep / steps.TRIMMED)}
        settings |= steps.reads({"petitions": petitions, **more})
        return steps.train(recipe, base, keep / name, data_dir=data_dir, settings=settings)

    base = keep / steps.TRIMMED
    for name in RUNS:
        petitions = all_of_them if name in ("tiny", SEARCH) else some
        base = run(name, base, petitions, name, search if name == SEARCH else {})
    average_models([keep / name / "model" for name in RUNS[-2:]], keep / MEAN, overwrite=True)
    start = keep / f"{WORDS}-start"
    graft(keep / MEAN, start, read_pieces(given.weights))
    sentences = korean.read_sentences(keep, data_dir)
    korean.learn_words(keep / MEAN, start, keep / WORDS, sentences, PASS)
    bare = keep / f"{WORDS}-bare"
    steps.write_encoder(keep / WORDS, bare, prompt="")
    again = run(AGAIN, bare, all_of_them, korean.SEARCH, search)
    average_models([bare, again], keep / LAST, overwrite=True)


def write_report(record: Mapping[str, Any], results: Sequence[StsResult]) -> str:
    """All tables; `record` is what results/tiny_model.json keeps."""
    parts = [
        "# The tiny model\n",
        "Written by `python runs/default_model/tiny.py`.\n",
        score_table("step", {STEPS[name]: found for name, found in record["steps"].items()}),
        "x100. The columns are those of [default_model.md](default_model.md). Up to step 8 in "
        "bfloat16 where the CPU is made for it, then in int8. How the model stands on whole "
        "search, cluster and translation tests: [suites.md](suites.md).\n",
        "## Runs\n",
        told_runs(record["runs"]),
        "## Beside the model that it learnt from\n",
        f"{told_gate(record['gate'])}\n",
        *(f"{line}\n" for line in told_gains(record["gains"])),
    ]
    for task, split in steps.MEASURED:
        parts.append(markdown_table([r for r in results if (r.task, r.split) == (task, split)]))
    return "\n".join(parts)


def main() -> None:
    """Trains, exports, measures, writes the card and the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of all runs")
    parser.add_argument(
        "--weights",
        type=Path,
        default=ROOT / "models/munjang-small-ko",
        help="the model whose vocabulary it gets",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "src/munjang/encode/tiny")
    given = parser.parse_args()
    given.keep, given.data_dir = given.keep.resolve(), given.data_dir.resolve()
    given.keep.mkdir(parents=True, exist_ok=True)
    train_all(given)
    rows = steps.read_held(given.keep, given.data_dir)
    folders = {"teacher": given.keep / steps.TRIMMED}
    folders |= {name: given.keep / name / "model" for name in RUNS}
    folders |= {name: given.keep / name for name in (MEAN, WORDS)}
    folders |= {AGAIN: given.keep / AGAIN / "model", LAST: given.keep / LAST}
    found = steps.measure_all(folders, rows, given.keep)
    gate = steps.export(
        munjang.load(folders[LAST], engine="torch", device="cpu"),
        given.out,
        name=NAME,
        base=texts.TINY_BASE,
        trained_on=texts.TRAINED_ON,
        data_dir=given.data_dir,
    )
    shipped, ours = munjang.load(), munjang.load(given.out)
    found["int8"] = held_out.measure(ours, rows)
    results = steps.evaluate({NAME: ours, shipped.name: shipped}, given.data_dir)
    own = [result for result in results if result.model == NAME]
    write_card(given.out, texts.TINY_CARD, results=own, shown_as="tiny")
    record = {
        "steps": found,
        "runs": {name: steps.tell_run(given.keep / name) for name in RUNS}
        | {WORDS: korean.tell_words(given.keep / WORDS)}
        | {AGAIN: steps.tell_run(given.keep / AGAIN)},
        "gate": asdict(gate),
        "gains": steps.gains(results, NAME, shipped.name),
        "results": steps.told_results(results),
    }
    steps.publish(ROOT / "results/tiny_model", record, write_report(record, results))


if __name__ == "__main__":
    main()
