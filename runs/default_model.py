"""Makes the shipped model, from a base encoder and the data to the measured int8 file.

    python runs/default_model.py --base DIR --data-dir DIR

About half an hour on two cores with bf16, a few minutes on a GPU. Needs
`pip install "munjang[train]"`. It trains on KorSTS-train, KLUE-STS-train and KLUE-NLI-train
in one mixture, drops what also stands in a test set, exports to
OpenVINO int8 behind the gate on KorSTS-dev, and writes the model folder with its card,
and results/default_model.md. KorSTS-dev is watched on the way; KorSTS-test and
KLUE-STS-dev are only measured at the end.

DIR of --base is a sentence encoder's folder with a Korean vocabulary (the shipped model
came from intfloat/multilingual-e5-small, its vocabulary cut to 27,740 pieces).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
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
from munjang.evaluate.tasks import evaluate_task, load_task
from munjang.files import whole_file
from munjang.model.card import CardTexts, write_card
from munjang.model.export import Origin, export_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from munjang.data.rows import Row
    from munjang.evaluate.tasks import StsResult

NAME = "munjang-small-ko"
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
class Mixture:
    """How often each set is seen in the one epoch of training, and how it is trained."""

    korsts: int = 4
    klue_sts: int = 1
    nli: int = 1
    batch_size: int = 64
    learning_rate: float = 5e-5
    max_tokens: int = 128
    seed: int = 1


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


def train(model: SentenceTransformer, mixture: Mixture, data_dir: Path) -> dict[str, int]:
    """One epoch over the mixture; every batch comes from one set and has its own loss."""
    rows = read_training_rows(data_dir)
    sets = {
        name: as_dataset(rows[name], times=getattr(mixture, name))
        for name in rows
        if getattr(mixture, name)
    }
    losses = {
        name: MultipleNegativesRankingLoss(model, scale=20) if name == "nli" else CoSENTLoss(model)
        for name in sets
    }

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
    with tempfile.TemporaryDirectory() as scratch:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=1,
            per_device_train_batch_size=mixture.batch_size,
            learning_rate=mixture.learning_rate,
            warmup_steps=0.1,
            weight_decay=0.01,
            bf16=True,
            use_cpu=not torch.cuda.is_available(),
            seed=mixture.seed,
            batch_sampler=buckets,
            eval_strategy="steps",
            eval_steps=300,
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
    return {name: len(found) for name, found in rows.items()}


def main() -> None:
    """Trains, exports, measures, writes the card and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="the base encoder's folder")
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--out", type=Path, default=ROOT / "src/munjang/encode/default")
    parser.add_argument("--keep", type=Path, help="where to keep the float weights too")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    given = parser.parse_args()

    mixture = Mixture()
    torch.manual_seed(mixture.seed)
    plan = PoolingPlan(pooling="mean", normalize=True, source="you", prompt="", why="as E5 does")
    model = open_sentence_transformer(Path(given.base), plan)
    limit = model.max_seq_length
    model.max_seq_length = mixture.max_tokens
    start = time.perf_counter()
    rows = train(model, mixture, given.data_dir)
    minutes = (time.perf_counter() - start) / 60
    model.max_seq_length = limit

    with tempfile.TemporaryDirectory() as scratch:
        weights = given.keep or Path(scratch) / NAME
        model.save_pretrained(str(weights), create_model_card=False)
        source = munjang.load(weights, engine="torch", device="cpu")
        sts_train = load_task("korsts", split="train", data_dir=given.data_dir)
        gate = export_model(
            source,
            given.out,
            pairs=load_task("korsts", split="dev", data_dir=given.data_dir),
            int8=True,
            calibration=[row.sentence1 for row in sts_train],
            name=NAME,
            origin=Origin(
                license="CC-BY-SA-4.0",
                base="intfloat/multilingual-e5-small (MIT)",
                training_data=(
                    "korsts:train",
                    "klue-sts:train",
                    "klue-nli:train",
                    "kornli:xnli-dev",
                ),
            ),
            overwrite=True,
        )
        encoders = [munjang.load(given.out), source]
        results = [
            evaluate_task(encoder, task, data_dir=given.data_dir)
            for task in ("korsts", "klue-sts")
            for encoder in encoders
        ]
    write_card(given.out, TEXTS, results=[results[0], results[2]], shown_as="default")
    record = {
        "mixture": asdict(mixture),
        "rows": rows,
        "training_minutes": round(minutes, 1),
        "gate": asdict(gate),
        "results": [json.loads(result.to_json(similarities=False)) for result in results],
    }
    with whole_file(given.results / "default_model.json") as file:
        file.write((json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode())
    with whole_file(given.results / "default_model.md") as file:
        file.write(_report(record, results).encode())
    print((given.results / "default_model.md").read_text("utf-8"))


def _report(record: dict[str, Any], results: list[StsResult]) -> str:
    trained = ", ".join(f"{name} {count:,}" for name, count in record["rows"].items())
    settings = ", ".join(f"{name} {value}" for name, value in record["mixture"].items())
    tables = [
        markdown_table(results[i : i + 2], published=published_rows(result.task, result.split))
        for i, result in enumerate(results)
        if i % 2 == 0
    ]
    return "\n".join(
        [
            "# The shipped model\n",
            "Written by runs/default_model.py.\n",
            f"Training rows: {trained}. Settings: {settings}. "
            f"Training took {record['training_minutes']} minutes.\n",
            *tables,
        ]
    )


if __name__ == "__main__":
    main()
