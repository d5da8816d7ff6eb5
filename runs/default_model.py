"""Makes the shipped model, from a base encoder and the data to the measured int8 file.

    python runs/default_model.py --base DIR --data-dir DIR [--keep DIR]

About half an hour on two cores with bf16, a few minutes on a GPU. Needs
`pip install "munjang[train]"`. Two stages: triplets of KLUE-NLI (in-batch and hard
negatives), then the graded pairs of KorSTS and KLUE-STS (CoSENT), without the rows that
also stand in a set we measure on. The float weights are exported to OpenVINO int8 behind
the gate on KorSTS-dev; the folder gets its card, and results/default_model.md its tables.
KorSTS-dev is watched on the way; KorSTS-test and KLUE-STS-dev are measured at the end only.

--base is the folder of a sentence encoder of the E5 family with a Korean vocabulary: the
shipped model came from intfloat/multilingual-e5-small, cut to 27,740 pieces.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from datasets import Dataset, DatasetDict, concatenate_datasets
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator
from sentence_transformers.sentence_transformer.losses import (
    CoSENTLoss,
    MultipleNegativesRankingLoss,
)

import munjang
from munjang.data.catalog import load_rows
from munjang.data.leaks import drop_leaks
from munjang.data.prepare import drop_duplicates, nli_to_triplets
from munjang.encode.engines import open_sentence_transformer
from munjang.encode.zoo import PoolingPlan
from munjang.evaluate.published import published_rows
from munjang.evaluate.report import markdown_table
from munjang.evaluate.tasks import WITHOUT_PARAKQC, evaluate_task, load_task
from munjang.files import whole_file
from munjang.model.card import CardTexts, write_card
from munjang.model.export import Origin, export_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from munjang.data.rows import Row
    from munjang.evaluate.tasks import StsResult

NAME = "munjang-small-ko"
MEASURED = (("korsts", "test"), ("klue-sts", "dev"), ("klue-sts", WITHOUT_PARAKQC))
BASE = "intfloat/multilingual-e5-small (MIT), cut to 27,740 pieces, 4-bit weights widened again"
TRAINED_ON = ("korsts:train", "klue-sts:train", "klue-nli:train")
ROOT = Path(__file__).resolve().parent.parent
TEXTS = CardTexts(
    what=(
        "munjang에 들어 있는 한국어 문장 임베딩 모델입니다. 접두어 없이 문장을 그대로 넣습니다.\n\n"
        "The Korean sentence encoder inside munjang. Sentences go in as they are, no prefix."
    ),
    data_ko=(
        "KorSTS(Ham 외 2020), KLUE-STS와 KLUE-NLI(Park 외 2021)의 학습 부분으로 "
        "학습했고, 모두 CC BY-SA 4.0이므로 이 가중치도 CC BY-SA 4.0입니다. 바탕 모델 "
        "multilingual-e5-small(Wang 외 2024)은 MIT입니다. KorSTS-dev로 양자화를 검사했고 "
        "KorSTS-test와 KLUE-STS-dev는 학습에도 선택에도 쓰지 않았습니다. KLUE-STS-dev "
        "519쌍 가운데 132쌍은 ParaKQC 문장을 담고, "
        "같은 문장 묶음이 KLUE-STS 학습 부분에도 있습니다."
    ),
    data_en=(
        "Trained on the training parts of KorSTS (Ham et al. 2020), KLUE-STS and "
        "KLUE-NLI (Park et al. 2021), all CC BY-SA 4.0, so these weights are CC BY-SA 4.0 too. The "
        "base, multilingual-e5-small (Wang et al. 2024), is MIT. KorSTS-dev checked the "
        "quantisation; KorSTS-test and KLUE-STS-dev were used neither for training nor for "
        "choosing. 132 of the 519 pairs of KLUE-STS-dev hold a sentence of ParaKQC, whose "
        "paraphrase groups also occur in KLUE-STS-train."
    ),
    limits_ko=(
        "문장을 위한 모델입니다. 긴 문서의 검색, 전문 용어, 다른 언어, 반어와 부정, 수와 이름이 "
        "다를 뿐인 문장의 구별에 약합니다. 기계 번역된 문장으로 많이 배웠고 구어와 오타에는 덜 "
        "익숙합니다."
    ),
    limits_en=(
        "Made for sentences. It is weak at search in long documents, at technical terms, other "
        "languages, irony and negation, and at telling apart sentences that differ only in a "
        "number or a name. Much of its training text is machine-translated; colloquial and "
        "misspelt text is less familiar to it."
    ),
)


@dataclass(frozen=True)
class Stage:
    """One run of the trainer: how often it sees each set, and how fast it learns."""

    times: Mapping[str, int]
    learning_rate: float


STAGES = (
    Stage({"nli": 1}, learning_rate=3e-5),
    Stage({"korsts": 3, "klue_sts": 1}, learning_rate=5e-5),
)
BATCH_SIZE = 64
TRAINING_TOKENS = 128
SEED = 1
PROMPT = "query: "  # what the base was trained with; the encoder puts it there by itself


class LengthBuckets(DefaultBatchSampler):
    """Batches of like length out of shuffled windows of 24 batches, in shuffled order."""

    def __init__(self, dataset: Dataset, lengths: np.ndarray, **arguments: Any) -> None:
        super().__init__(dataset, **arguments)
        self.lengths = lengths

    def __iter__(self) -> Iterator[list[int]]:
        draw = np.random.default_rng([self.seed, self.epoch])
        order = draw.permutation(len(self.lengths))
        window = 24 * self.batch_size
        batches = []
        for start in range(0, len(order), window):
            rows = order[start : start + window]
            rows = rows[np.argsort(self.lengths[rows], kind="stable")]
            batches += np.split(rows, range(self.batch_size, len(rows), self.batch_size))
        yield from (batches[i].tolist() for i in draw.permutation(len(batches)))

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)


def read_training_rows(data_dir: Path) -> dict[str, list[Row]]:
    """The training sets, without the rows that also stand in a set we measure on."""
    measured = [
        row
        for name, split in (("korsts", "dev"), ("korsts", "test"), ("klue-sts", "dev"))
        for row in load_rows(name, split, data_dir=data_dir)
    ]
    rows = {
        "korsts": load_rows("korsts", "train", data_dir=data_dir),
        "klue_sts": load_rows("klue-sts", "train", data_dir=data_dir),
        "nli": nli_to_triplets(load_rows("klue-nli", "train", data_dir=data_dir)),
    }
    return {
        name: drop_duplicates(drop_leaks(found, measured, letters_only=True))
        for name, found in rows.items()
    }


def as_dataset(rows: list[Row], *, times: int) -> Dataset:
    """Rows as columns in the order that the losses want, scores from 0 to 1."""
    records = [asdict(row) for row in rows]
    for record in records:
        if "score" in record:
            record["score"] /= 5
    return concatenate_datasets([Dataset.from_list(records)] * times)


def train(model: SentenceTransformer, rows: dict[str, list[Row]], data_dir: Path) -> None:
    """Runs the stages; every batch comes from one set and has that set's loss."""

    def buckets(dataset: Dataset, **arguments: Any) -> LengthBuckets:
        texts = [name for name in dataset.column_names if dataset.features[name].dtype == "string"]
        encoded = [model.tokenizer(list(dataset[name]))["input_ids"] for name in texts]
        lengths = np.max([[len(ids) for ids in column] for column in encoded], axis=0)
        return LengthBuckets(dataset, lengths, **arguments)

    dev = load_task("korsts", split="dev", data_dir=data_dir)
    evaluator = EmbeddingSimilarityEvaluator(
        [row.sentence1 for row in dev],
        [row.sentence2 for row in dev],
        [row.score / 5 for row in dev],
        main_similarity="cosine",
        name="korsts-dev",
    )
    for stage in STAGES:
        sets = {name: as_dataset(rows[name], times=times) for name, times in stage.times.items()}
        losses = {
            name: MultipleNegativesRankingLoss(model) if name == "nli" else CoSENTLoss(model)
            for name in sets
        }
        with tempfile.TemporaryDirectory() as scratch:
            arguments = SentenceTransformerTrainingArguments(
                output_dir=scratch,
                num_train_epochs=1,
                per_device_train_batch_size=BATCH_SIZE,
                learning_rate=stage.learning_rate,
                warmup_steps=0.1,
                weight_decay=0.01,
                bf16=True,
                use_cpu=not torch.cuda.is_available(),
                seed=SEED,
                prompts=PROMPT,
                batch_sampler=buckets,
                eval_strategy="steps",
                eval_steps=0.3334,
                logging_steps=50,
                save_strategy="no",
                report_to=[],
            )
            SentenceTransformerTrainer(
                model=model,
                args=arguments,
                train_dataset=DatasetDict(sets),
                loss=losses,
                evaluator=evaluator,
            ).train()


def open_base(folder: str) -> SentenceTransformer:
    """The base as a model that pools by mean, normalises, and puts its prompt by itself."""
    plan = PoolingPlan(pooling="mean", normalize=True, source="you", prompt="", why="as E5 does")
    model = open_sentence_transformer(Path(folder), plan)
    model.prompts = {"query": PROMPT}
    model.default_prompt_name = "query"
    return model


def main() -> None:
    """Trains, exports, measures, writes the card and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="the base encoder's folder")
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--out", type=Path, default=ROOT / "src/munjang/encode/default")
    parser.add_argument(
        "--keep",
        type=Path,
        help="the float weights stay there; weights that are there already are not trained",
    )
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    given = parser.parse_args()

    torch.manual_seed(SEED)
    rows = read_training_rows(given.data_dir)
    model = open_base(given.base)
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "base"
        model.save_pretrained(str(base), create_model_card=False)
        weights = given.keep or Path(scratch) / NAME
        minutes = None
        if not (weights / "modules.json").exists():
            begin = time.perf_counter()
            limit, model.max_seq_length = model.max_seq_length, TRAINING_TOKENS
            train(model, rows, given.data_dir)
            model.max_seq_length = limit
            model.save_pretrained(str(weights), create_model_card=False)
            minutes = round((time.perf_counter() - begin) / 60, 1)
        source = munjang.load(weights, engine="torch", device="cpu")
        gate = export_model(
            source,
            given.out,
            pairs=load_task("korsts", split="dev", data_dir=given.data_dir),
            int8=True,
            calibration=[row.sentence1 for row in rows["korsts"]],
            name=NAME,
            origin=Origin("CC-BY-SA-4.0", BASE, TRAINED_ON),
            overwrite=True,
        )
        encoders = {
            NAME: munjang.load(given.out),
            f"{NAME} in float32": source,
            "the base": munjang.load(base, engine="torch", device="cpu"),
        }
        results = [
            replace(evaluate_task(encoder, task, split=split, data_dir=given.data_dir), model=name)
            for task, split in MEASURED
            for name, encoder in encoders.items()
        ]
    ours = [result for result in results if result.model == NAME]
    write_card(given.out, TEXTS, results=ours, shown_as="default")
    record = {
        "stages": [asdict(stage) for stage in STAGES],
        "batch_size": BATCH_SIZE,
        "seed": SEED,
        "prompt": PROMPT,
        "rows": {name: len(found) for name, found in rows.items()},
        "minutes": minutes,
        "device": "GPU" if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads",
        "gate": asdict(gate),
        "results": [json.loads(result.to_json(similarities=False)) for result in results],
    }
    with whole_file(given.results / "default_model.json") as file:
        file.write((json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode())
    report = write_report(record, results)
    with whole_file(given.results / "default_model.md") as file:
        file.write(report.encode())
    print(report)


def write_report(record: dict[str, Any], results: list[StsResult]) -> str:
    """The tables of the run, each beside the published rows."""
    rows = ", ".join(f"{name} {count:,}" for name, count in record["rows"].items())
    gate = record["gate"]
    minutes = record["minutes"]
    trained = "trained before" if minutes is None else f"{minutes} minutes on {record['device']}"
    tables = [
        markdown_table(
            [result for result in results if (result.task, result.split) == measured],
            published=published_rows(*measured),
        )
        for measured in MEASURED
    ]
    return "\n".join(
        [
            "# The shipped model\n",
            "Written by runs/default_model.py.\n",
            f"Training rows: {rows}; {trained}. "
            f"Stages: {record['stages']}, batches of {record['batch_size']}, "
            f"seed {record['seed']}, prompt {record['prompt']!r} (put there by the encoder).\n",
            f"Gate on KorSTS-dev: cosine Spearman {gate['source']:.2f} in float32 and "
            f"{gate['exported']:.2f} in int8; mean cosine {gate['mean_cosine']:.5f}, least "
            f"{gate['least_cosine']:.5f}.\n",
            *tables,
        ]
    )


if __name__ == "__main__":
    main()
