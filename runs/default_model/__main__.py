"""Makes the shipped model, from a base encoder and the data to the measured int8 file.

    python runs/default_model --base DIR --data-dir DIR --keep DIR [--jobs 2]

Some four hours on two cores with bf16, of which step 6 takes half. Needs
`pip install "munjang[train]"`. The steps, each with its folder in --keep. A run that
lies there finished is read, not trained again: remove a run, and all that follow it, to have them
made anew.

1. contrastive.toml: inference, paraphrases, question pairs and translations.
2. graded.toml, from there: the graded pairs of KorSTS and KLUE-STS, with three seeds.
   Once more from the base alone, to see what step 1 is good for.
3. settle.toml, from a mean of three of these: graded pairs again, beside petitions (titles
   and bodies) and headlines: step 2 is good at similarity, but loses search and topics.
4. Means of the weights of all these. The held-out rows of held_out.py choose one: similarity
   counts, and search, clusters and inference may not fall below the base by more than a
   point, or, where all means do, by the least.
5. The vocabulary cut to 16,000 pieces, in float16: KEEP/trimmed.
6. korean.py: Hangul pieces learnt from Korean text instead of the base's few, so that sentences
   are fewer tokens, and no prompt; the model learns its own vectors anew with them, then what it
   made of each word, then search; the mean of before and after the last is taken. In float16:
   models/munjang-small-ko, a sentence-transformers folder.
7. OpenVINO int8 behind the gate on KorSTS-dev: src/munjang/encode/default.

KorSTS-test and KLUE-STS-dev are measured on the way to report every step; nothing is
chosen by them. Tables go to results/default_model.md, numbers to results/default_model.json;
results/default_model_tried.json keeps what was tried beside these steps, settling.py measures the
chance in step 3, pretraining.py whether continued pre-training before step 2 helps,
learning_rates.py what the learning rate of step 2 does.

--base is the folder or hub id of a sentence encoder of the E5 family; the shipped model came
from intfloat/multilingual-e5-small, cut to 27,740 pieces for Korean and English. With another
one, --base-words is what the cards say of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import held_out
import shares
import steps
import texts
from corpus import COUNTED, training_texts
from overlaps import count_overlaps
from report import write_report
from trainings import arguments, average, prepare, train_graded, train_settle
from weights_card import write_weights_card

import korean
import munjang
from munjang.evaluate.tasks import load_task
from munjang.files import whole_folder
from munjang.model.build import build_encoder
from munjang.model.card import write_card
from munjang.model.trim import trim_model
from munjang.train.record import write_json

NAME = "munjang-small-ko"
FLOAT = f"{NAME} in float32"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PIECES = 16_000


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


def trim(chosen: Path, half: Path, out: Path, data_dir: Path) -> Any:
    """Step 5: float16, the vocabulary cut."""
    write_half(chosen, half)
    trimmed = trim_model(
        half,
        out,
        texts=training_texts(data_dir),
        pieces=PIECES,
        pairs=load_task("korsts", split="dev", data_dir=data_dir),
        overwrite=True,
    )
    say_float32(out)
    return trimmed


def main() -> None:
    """Trains, averages, chooses, cuts, exports, measures, writes cards and tables."""
    parser = arguments(__doc__)
    parser.add_argument("--base-words", default=texts.BASE, help="what the cards say of the base")
    parser.add_argument("--out", type=Path, default=ROOT / "src/munjang/encode/default")
    parser.add_argument("--weights", type=Path, default=ROOT / "models" / NAME)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--note", default="", help="what else to say below the first table")
    given = parser.parse_args()
    base = prepare(given)
    runs = train_graded(given)
    runs.append(train_settle(given, average(given.keep, shares.START), shares.SETTLE))
    rows = steps.read_held(given.keep, given.data_dir)
    means = {name: average(given.keep, name) for name in shares.MEANS}
    folders = {"base": base}
    folders |= {name: given.keep / name / "model" for name in runs} | means
    found = steps.measure_all(folders, rows, given.keep)
    chosen = shares.choose(found)
    before = given.keep / steps.TRIMMED
    trimmed = trim(folders[chosen], given.keep / "chosen-float16", before, given.data_dir)
    learnt = korean.learn(before, given.keep, given.data_dir)
    found |= steps.measure_all({steps.TRIMMED: before} | learnt, rows, given.keep)
    write_half(learnt[korean.MEAN], given.weights)
    weights = munjang.load(given.weights, engine="torch", device="cpu")
    found["float16"] = held_out.measure(weights, rows)
    gate = steps.export(
        weights,
        given.out,
        name=NAME,
        base=given.base_words,
        trained_on=texts.TRAINED_ON,
        data_dir=given.data_dir,
    )
    shipped = munjang.load(given.out)
    found["int8"] = held_out.measure(shipped, rows)
    models = {
        NAME: shipped,
        FLOAT: weights,
        "the base": munjang.load(base, engine="torch", device="cpu"),
    }
    results = steps.evaluate(models, given.data_dir)
    write_card(
        given.out, texts.CARD, results=[r for r in results if r.model == NAME], shown_as="default"
    )
    vocabulary = {
        name: korean.tell_vocabulary(folder, given.data_dir)
        for name, folder in (("before", before), ("after", given.weights))
    }
    write_weights_card(
        given.weights,
        base=given.base_words,
        vocabulary=vocabulary["after"],
        results=[r for r in results if r.model == FLOAT],
    )
    record = {
        "note": given.note,
        "steps": found,
        "chosen": chosen,
        "shares": shares.MEANS.get(chosen, {chosen: 1.0}),
        "runs": {name: steps.tell_run(given.keep / name) for name in runs}
        | korean.tell_runs(given.keep),
        "trimmed": asdict(trimmed) | {"source": chosen},
        "vocabulary": vocabulary,
        "gate": asdict(gate),
        "gains": steps.gains(results, NAME, "the base"),
        "overlaps": count_overlaps(COUNTED, given.data_dir),
        "results": steps.told_results(results),
    }
    tried = json.loads((ROOT / "results/default_model_tried.json").read_text("utf-8"))
    steps.publish(given.results / "default_model", record, write_report(record, results, tried))


if __name__ == "__main__":
    main()
