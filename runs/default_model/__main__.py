"""Makes the shipped model, from a base encoder and the data to the measured int8 file.

    python runs/default_model --base DIR --data-dir DIR --keep DIR [--jobs 2]

Some five hours on two cores with bf16, of which step 6 takes two. Needs
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
   made of each word, then search; the mean of before and after the last is taken, in float16.
7. sharpen.py: the graded pairs at twice the learning rate, with three seeds, and means of these
   with the weights before, of which the rule of step 4 chooses.
8. ship.py: in float16, models/munjang-small-ko, a sentence-transformers folder; in OpenVINO int8
   behind the gate on KorSTS-dev, src/munjang/encode/default.

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

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import shares
import sharpen
import ship
import steps
from corpus import training_texts
from trainings import arguments, average, prepare, train_graded, train_settle

import korean
from munjang.evaluate.tasks import load_task
from munjang.model.trim import trim_model

if TYPE_CHECKING:
    from pathlib import Path

PIECES = 16_000


def trim(chosen: Path, half: Path, out: Path, data_dir: Path) -> Any:
    """Step 5: float16, the vocabulary cut."""
    steps.write_half(chosen, half)
    trimmed = trim_model(
        half,
        out,
        texts=training_texts(data_dir),
        pieces=PIECES,
        pairs=load_task("korsts", split="dev", data_dir=data_dir),
        overwrite=True,
    )
    steps.say_float32(out)
    return trimmed


def main() -> None:
    """Trains, averages, chooses, cuts, sharpens, and ships what came of it."""
    given = ship.add_options(arguments(__doc__)).parse_args()
    base = prepare(given)
    runs = train_graded(given)
    runs.append(train_settle(given, average(given.keep, shares.START), shares.SETTLE))
    rows = steps.read_held(given.keep, given.data_dir)
    means = {name: average(given.keep, name) for name in shares.MEANS}
    folders = {"base": base}
    folders |= {name: given.keep / name / "model" for name in runs} | means
    found = steps.measure_all(folders, rows, given.keep)
    chosen = shares.choose(found, shares.CANDIDATES)
    before = given.keep / steps.TRIMMED
    trimmed = trim(folders[chosen], given.keep / "chosen-float16", before, given.data_dir)
    learnt = korean.learn(before, given.keep, given.data_dir)
    found |= steps.measure_all({steps.TRIMMED: before} | learnt, rows, given.keep)
    steps.write_half(learnt[korean.MEAN], given.keep / shares.BEFORE)
    record = {
        "note": given.note,
        "steps": found,
        "chosen": chosen,
        "shares": shares.MEANS.get(chosen, {chosen: 1.0}),
        "runs": {name: steps.tell_run(given.keep / name) for name in runs}
        | korean.tell_runs(given.keep),
        "trimmed": asdict(trimmed) | {"source": chosen},
        "vocabulary": {"before": korean.tell_vocabulary(before, given.data_dir)},
    }
    ship.ship(sharpen.sharpen(given, record), record, given)


if __name__ == "__main__":
    main()
