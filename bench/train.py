"""How fast training is, against sentence-transformers' trainer as it comes and fixed padding.

    python -m bench.train --base DIR --data-dir DIR [--steps 40] [--rounds 2] [--score]
    python -m bench.train --gpu [--steps 200]

The contestants train the same model on the same rows with the same loss, batch size,
precision and optimiser: (a) with the trainer, sampler and collator of sentence-transformers,
(b) the same with every text padded to 64 tokens, and munjang's loop. Each runs in a process
of its own; the rounds take turns, and steps are timed after five that are not. --score adds
an epoch of KorSTS for munjang and for (a), a seed a round, and KorSTS-dev after it.

--gpu times munjang's loop alone, where there is a CUDA card: a random encoder of BERT-base's
size on random triplets as long as those of NLI, batches of 512.

Writes results/bench_train.md and .json, or results/bench_train_gpu.md and .json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.encode import machine

from munjang.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datasets import Dataset
    from sentence_transformers import SentenceTransformer

    from munjang.data.rows import Row

ROOT = Path(__file__).resolve().parent.parent
OURS, PLAIN, FIXED = "munjang", "(a) sentence-transformers", "(b) padded to 64"
CONTESTANTS = (PLAIN, FIXED, OURS)
AIMS = {PLAIN: 1.6, FIXED: 2.5}
TASKS: dict[str, tuple[str, Any, int]] = {
    "korsts": ("korsts", "cosent", 2),
    "nli": ("klue-nli", "contrastive", 3),
}
"""For each text: data set, objective, texts a row."""

BATCH, PROMPT, TOKENS, WARM = 64, "query: ", 128, 5
GPU_BATCH, TRIPLETS = 512, 277_811


def read_rows(task: str, data_dir: Path) -> Sequence[Row]:
    """The training rows of a task; inference pairs as triplets."""
    from munjang.data.catalog import load_rows
    from munjang.data.prepare import nli_to_triplets
    from munjang.data.rows import LabeledPair

    rows = load_rows(TASKS[task][0], "train", data_dir=data_dir)
    pairs = [row for row in rows if isinstance(row, LabeledPair)]
    return nli_to_triplets(pairs) if task == "nli" else rows


def make_arguments(folder: str, *, steps: int, seed: int, cpu: bool = True) -> Any:
    """The trainer's settings, the same for every contestant."""
    from sentence_transformers import SentenceTransformerTrainingArguments

    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        learning_rate=5e-5,
        warmup_steps=0.1,
        weight_decay=0.01,
        bf16=True,
        use_cpu=cpu,
        dataloader_pin_memory=not cpu,
        seed=seed,
        save_strategy="no",
        logging_steps=10_000,
        report_to=[],
        disable_tqdm=True,
    )


def make_ours(
    model: SentenceTransformer,
    arguments: Any,
    parts: Mapping[str, Dataset],
    objective: Any,
    batch: int,
) -> Any:
    """Our trainer, put together as `munjang.train.run` does."""
    from munjang.train.batches import LengthBuckets, PaddingCollator, Share
    from munjang.train.objectives import build_losses
    from munjang.train.recipe import DataPart, ModelPart, Recipe
    from munjang.train.trainer import RecipeTrainer

    data = {name: DataPart(objective=objective, temperature=0.05) for name in parts}
    recipe = Recipe(name="bench", model=ModelPart(base="base"), data=data)
    shares = {name: Share(batch_size=batch) for name in parts}
    return RecipeTrainer(
        model,
        arguments,
        parts=parts,
        losses=build_losses(model, recipe, parts),
        buckets=LengthBuckets(parts, shares, seed=arguments.seed),
        collator=PaddingCollator(model.tokenizer),
    )


def make_theirs(
    model: SentenceTransformer, arguments: Any, rows: Sequence[Row], objective: str, *, fixed: bool
) -> Any:
    """sentence-transformers' trainer with text columns, its own sampler and collator."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.data_collator import (
        SentenceTransformerDataCollator,
    )
    from sentence_transformers.sentence_transformer.losses import (
        CoSENTLoss,
        MultipleNegativesRankingLoss,
    )

    records = [asdict(row) for row in rows]
    for record in records:
        if "score" in record:
            record["score"] /= 5
    arguments.prompts = PROMPT
    collator = None
    if fixed:
        padding = {"text": {"padding": "max_length", "max_length": 64}}
        collator = SentenceTransformerDataCollator(
            preprocess_fn=partial(model.preprocess, processing_kwargs=padding), prompts=PROMPT
        )
    return SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(records),
        loss=(CoSENTLoss if objective == "cosent" else MultipleNegativesRankingLoss)(model),
        data_collator=collator,
    )


def time_steps(trainer: Any, model: SentenceTransformer, warm: int) -> dict[str, float]:
    """Trains; seconds, processor seconds, tokens and slots of the steps after the first."""
    from transformers import TrainerCallback

    counts = {"tokens": 0, "slots": 0}
    marks: dict[str, tuple[float, float, int, int]] = {}

    def count(_: Any, given: tuple[dict[str, Any], ...]) -> None:
        mask = given[0]["attention_mask"]
        counts["slots"] += mask.numel()
        counts["tokens"] = counts["tokens"] + mask.sum()  # no wait for a GPU

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step in (warm, state.max_steps):
                tokens = int(counts["tokens"])  # waits for a GPU
                name = "begin" if state.global_step == warm else "end"
                now = time.perf_counter(), time.process_time()
                marks[name] = (*now, tokens, counts["slots"])

    handle = model[0].register_forward_pre_hook(count)
    trainer.add_callback(Clock())
    trainer.train()
    handle.remove()
    names = ("seconds", "processor_s", "tokens", "slots")
    return {
        name: after - before
        for name, before, after in zip(names, marks["begin"], marks["end"], strict=True)
    }


def run_one(
    contestant: str, task: str, base: Path, data_dir: Path, *, steps: int, seed: int, score: bool
) -> dict[str, float]:
    """Trains one contestant in this process."""
    import torch

    from munjang.model.build import build_encoder
    from munjang.train.tokenized import tokenize

    torch.manual_seed(seed)
    model = build_encoder(base, pooling="mean", normalize=True, prompt="", device="cpu")
    model.max_seq_length = TOKENS
    rows = read_rows(task, data_dir)
    _, objective, texts = TASKS[task]
    ids = tokenize(rows, model.tokenizer, objective=objective, prompt=PROMPT, max_tokens=TOKENS)
    per_sentence = sum(len(text) for name in ids.column_names[:texts] for text in ids[name]) / (
        texts * len(rows)
    )
    steps = -(-len(rows) // BATCH) if score else WARM + steps
    with tempfile.TemporaryDirectory() as folder:
        arguments = make_arguments(folder, steps=steps, seed=seed)
        if contestant == OURS:
            trainer = make_ours(model, arguments, {task: ids}, objective, BATCH)
        else:
            fixed = contestant == FIXED
            trainer = make_theirs(model, arguments, rows, objective, fixed=fixed)
        found = time_steps(trainer, model, WARM)
    # by tokens, for the sentences of a few batches may be long or short ones
    sentences = found["tokens"] / per_sentence
    result = {
        "sentences_per_s": sentences / found["seconds"],
        "tokens_per_s": found["tokens"] / found["seconds"],
        "processor_ms_per_sentence": 1000 * found["processor_s"] / sentences,
        "padding_share": 1 - found["tokens"] / found["slots"],
    }
    return result | ({"korsts_dev": score_dev(model, data_dir)} if score else {})


def score_dev(model: SentenceTransformer, data_dir: Path) -> float:
    """Cosine Spearman on KorSTS-dev, times 100."""
    from scipy.stats import spearmanr

    from munjang.evaluate.tasks import load_task

    rows = load_task("korsts", split="dev", data_dir=data_dir)
    first, second = (
        model.encode([getattr(row, name) for row in rows], prompt=PROMPT, normalize_embeddings=True)
        for name in ("sentence1", "sentence2")
    )
    return 100 * float(spearmanr((first * second).sum(1), [row.score for row in rows]).statistic)


def run_gpu(steps: int) -> dict[str, float | str]:
    """Times munjang's loop on the card that is there."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        model = random_encoder(folder)
        parts = {"nli": random_triplets(GPU_BATCH * 24 * 8)}
        arguments = make_arguments(folder, steps=WARM + steps, seed=1, cpu=False)
        trainer = make_ours(model, arguments, parts, "contrastive", GPU_BATCH)
        found = time_steps(trainer, model, WARM)
    backbone: Any = model.transformers_model
    weights = sum(p.numel() for p in backbone.encoder.parameters())
    rate = matrix_rate()
    seconds = found["seconds"] / steps
    return {
        "card": torch.cuda.get_device_name(),
        "steps": steps,
        "seconds_per_step": seconds,
        "sentences_per_s": 3 * GPU_BATCH / seconds,
        "tokens_per_s": found["tokens"] / found["seconds"],
        "padding_share": 1 - found["tokens"] / found["slots"],
        "flop_per_s": 6 * weights * found["tokens"] / found["seconds"],
        "matrix_flop_per_s": rate,
        "share_of_rate": 6 * weights * found["tokens"] / found["seconds"] / rate,
        "epoch_s": seconds * TRIPLETS / GPU_BATCH,
    }


def random_encoder(folder: str) -> SentenceTransformer:
    """An encoder of BERT-base's size with random weights, CLS pooling."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    vocabulary = {token: number for number, token in enumerate(special)}
    BertModel(BertConfig(vocab_size=32_000), add_pooling_layer=False).save_pretrained(folder)
    BertTokenizerFast(vocab=vocabulary).save_pretrained(folder)
    return SentenceTransformer(modules=[Transformer(folder), Pooling(768, "cls")], device="cuda")


def random_triplets(rows: int) -> Dataset:
    """Triplets of random ids: about 20 tokens a premise, 13 a hypothesis, as Korean NLI has."""
    import numpy as np
    from datasets import Dataset

    draw = np.random.default_rng(1)
    columns: dict[str, Any] = {}
    lengths = []
    for name, mean in (("anchor", 20), ("positive", 13), ("negative", 13)):
        lengths.append(np.clip(draw.gamma(6, mean / 6, rows), 4, 64).astype(int))
        columns[name] = [draw.integers(5, 32_000, length).tolist() for length in lengths[-1]]
    return Dataset.from_dict(columns | {"length": np.max(lengths, axis=0)})


def matrix_rate() -> float:
    """Floating-point operations a second of large bf16 matrix products on this card."""
    import torch

    size, times = 8192, 50
    first, second = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    best = 0.0
    for _ in range(5):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(times):
            first @ second
        torch.cuda.synchronize()
        best = max(best, times * 2 * size**3 / (time.perf_counter() - begin))
    return best


def table(found: dict[str, dict[str, list[dict[str, float]]]], steps: int) -> str:
    """The timed rounds as Markdown: the median, and the range of the rounds."""
    text = (
        f"# Training speed\n\nWritten by `python -m bench.train`. {machine()}; batches of {BATCH}, "
        f"bf16, {steps} steps timed a round, the rounds in turns; the median of "
        f"{len(next(iter(found['korsts'].values())))}, and the range. Padding: share of all "
        "token slots that the encoder computed. Sentences are counted by their tokens, at the data "
        "set's mean length, since the batches timed may be long or short ones.\n"
    )
    for task, rounds in found.items():
        text += (
            f"\n## {TASKS[task][0]}, {TASKS[task][1]}\n\n| contestant | sentences/s | range "
            "| tokens/s | processor ms/sentence | padding | munjang is | aim |\n"
            "|---|---:|---|---:|---:|---:|---:|---:|\n"
        )
        ours = middle(rounds[OURS], "sentences_per_s")
        for name, done in rounds.items():
            speeds = [one["sentences_per_s"] for one in done]
            times = f"{ours / middle(done, 'sentences_per_s'):.2f} times" if name != OURS else ""
            text += (
                f"| {name} | {statistics.median(speeds):.1f} | {min(speeds):.1f} to "
                f"{max(speeds):.1f} | {middle(done, 'tokens_per_s'):,.0f} "
                f"| {middle(done, 'processor_ms_per_sentence'):.1f} "
                f"| {middle(done, 'padding_share'):.1%} | {times} | {AIMS.get(name, '')} |\n"
            )
    return text


def middle(rounds: list[dict[str, float]], name: str) -> float:
    """The median of a number over the rounds."""
    return statistics.median(one[name] for one in rounds)


def score_table(scores: dict[str, list[dict[str, float]]]) -> str:
    """KorSTS-dev after an epoch, as Markdown."""
    lines = "".join(
        f"| {name} | {statistics.mean(one['korsts_dev'] for one in done):.2f} "
        f"| {', '.join(format(one['korsts_dev'], '.2f') for one in done)} |\n"
        for name, done in scores.items()
    )
    return (
        "\n## KorSTS-dev after an epoch of KorSTS\n\nCosine Spearman, a seed a column entry.\n\n"
        f"| contestant | mean | seeds |\n|---|---:|---|\n{lines}"
    )


def gpu_table(found: Mapping[str, Any]) -> str:
    """The card's figures as Markdown."""
    return (
        f"# Training speed on a GPU\n\nWritten by `python -m bench.train --gpu`. {found['card']}; "
        f"a random encoder of BERT-base's size, triplets of NLI's lengths, batches of {GPU_BATCH}, "
        f"bf16, {found['steps']} steps. Share of the rate: 6 operations a weight of the layers and "
        "token (padding does not count), against bf16 products of 8192 x 8192 on this card.\n\n"
        "| tokens/s | sentences/s | s/step | padding | TFLOP/s | card's TFLOP/s | share "
        f"| SimCSE epoch of {TRIPLETS:,} triplets |\n|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        f"| {found['tokens_per_s']:,.0f} | {found['sentences_per_s']:,.0f} "
        f"| {found['seconds_per_step']:.3f} | {found['padding_share']:.1%} "
        f"| {found['flop_per_s'] / 1e12:.0f} | {found['matrix_flop_per_s'] / 1e12:.0f} "
        f"| {found['share_of_rate']:.1%} | {found['epoch_s']:.0f} s |\n"
    )


def write(name: str, record: Mapping[str, Any], text: str) -> None:
    """Writes the record and the table, and prints the table."""
    for ending, content in (("json", json.dumps(record, indent=1) + "\n"), ("md", text)):
        with whole_file(ROOT / f"results/{name}.{ending}") as file:
            file.write(content.encode())
    print(text)


def main() -> None:
    """Lets the contestants take turns and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--score", action="store_true", help="KorSTS-dev after an epoch, too")
    parser.add_argument("--gpu", action="store_true", help="munjang's loop on a CUDA card")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.gpu:
        bench_gpu(given.steps or 200)
        return
    if given.base is None or given.data_dir is None:
        parser.error("--base and --data-dir, or --gpu")
    steps = given.steps or 40
    if given.one:
        contestant, task, seed = given.one
        one = run_one(
            *(contestant, task, given.base, given.data_dir),
            steps=steps,
            seed=int(seed),
            score=given.score,
        )
        print(json.dumps(one))
        return
    found: dict[str, dict[str, list[dict[str, float]]]] = {
        task: {name: [] for name in CONTESTANTS} for task in TASKS
    }
    command = [sys.executable, "-m", "bench.train", "--base", given.base]
    command += ["--data-dir", given.data_dir, "--steps", str(steps)]
    for number in range(given.rounds):
        for task, rounds in found.items():
            for name, done in rounds.items():
                done.append(run_apart(command, name, task, number))
    text = table(found, steps)
    scores: dict[str, list[dict[str, float]]] = {PLAIN: [], OURS: []} if given.score else {}
    for number in range(given.rounds):
        for name, done in scores.items():
            done.append(run_apart([*command, "--score"], name, "korsts", number))
    record = {"machine": machine(), "steps": steps, "rounds": found, "scores": scores}
    write("bench_train", record, text + (score_table(scores) if scores else ""))


def run_apart(command: list[Any], name: str, task: str, seed: int) -> dict[str, float]:
    """Runs a contestant in a process of its own."""
    ended = subprocess.run(
        [*map(str, command), "--one", name, task, str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    print(task, name, seed, result, file=sys.stderr, flush=True)
    return result


def bench_gpu(steps: int) -> None:
    """Times the card, or says that there is none."""
    import torch

    if not torch.cuda.is_available():
        print("no CUDA card here: nothing timed, nothing written")
        return
    found = run_gpu(steps)
    write("bench_train_gpu", found, gpu_table(found))


if __name__ == "__main__":
    main()
