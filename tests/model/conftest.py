"""Small SentencePiece models, trained on the spot, and the folder of a finished run."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from munjang.evaluate.robust_record import EditCurve, RobustResult
from munjang.evaluate.sts import Correlations, Interval
from munjang.evaluate.tasks import StsResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SENTENCES = [
    "비가 오는 날에는 집에서 따뜻한 차를 마신다.",
    "창밖에 빗방울이 떨어지는 소리가 들린다.",
    "고양이가 햇볕 아래에서 낮잠을 잔다, 아주 오래.",
    "버스가 늦어서 회의에 10분, 아니 20분 늦었다!",
    "지하철은 제시간에 역에 도착했다.",
    "ㅋㅋㅋ 정말 웃기다 ㅠㅠ 어제도 그랬는데?",
    "Hello world, KOREA 2024!",
    "할머니는 시장에서 싱싱한 사과를 고르셨다.",
]
KOBERT = {
    "unk_id": 0,
    "pad_id": 1,
    "bos_id": 2,
    "eos_id": 3,
    "unk_piece": "[UNK]",
    "pad_piece": "[PAD]",
    "bos_piece": "[CLS]",
    "eos_piece": "[SEP]",
    "control_symbols": ["[MASK]"],
}
T5 = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}


@pytest.fixture(scope="session")
def train_sentencepiece() -> Callable[..., bytes]:
    """Trains a SentencePiece model on a few sentences and gives its file.

    KoBERT's special pieces stand where KoBERT has them, unless `special` says otherwise.
    """
    spm = pytest.importorskip("sentencepiece", reason="needs the extra dev")

    def train(*, special=KOBERT, **options) -> bytes:
        file = io.BytesIO()
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 4),
            model_writer=file,
            vocab_size=200,
            hard_vocab_limit=False,
            minloglevel=2,
            **special,
            **options,
        )
        return file.getvalue()

    return train


@pytest.fixture(scope="session")
def kobert_file(train_sentencepiece, tmp_path_factory) -> Path:
    """A small SentencePiece model with KoBERT's special pieces."""
    path = tmp_path_factory.mktemp("kobert") / "spiece.model"
    path.write_bytes(train_sentencepiece())
    return path


RECIPE = """\
name = "우리-simcse"
what = "Contrastive triplets, and our own pairs"
source = ""

[model]
base = "klue/bert-base"

[data.nli]
objective = "contrastive"
use = ["klue-nli:train", "/data/hong/비밀/우리 문장.csv"]
"""


@pytest.fixture(scope="session")
def make_result() -> Callable[..., StsResult]:
    """Makes the record of a measurement with a cosine Spearman of choice."""

    def make(model, spearman, *, task="korsts", split="test", low=None) -> StsResult:
        values = dict.fromkeys(Correlations.__dataclass_fields__, 0.5)
        interval = {} if low is None else {"cosine_spearman": Interval(low, spearman + 0.01)}
        return StsResult(
            model=model,
            task=task,
            split=split,
            rows=1379,
            view="raw",
            aggregation="global",
            correlations=Correlations(**values | {"cosine_spearman": spearman}),
            intervals=interval,
            spread={},
            aggregation_batch=None,
            level=0.95,
            seed=0,
            sentences=2507,
            seconds=3.0,
            fingerprint="f",
        )

    return make


@pytest.fixture(scope="session")
def make_robust() -> Callable[..., RobustResult]:
    """Makes a record of robustness: two edits, each taking `loss` off the score at dose 1."""

    def make(model, loss, clean=0.8) -> RobustResult:
        doses = (0.0, 0.5, 1.0)
        spearman = tuple(clean - loss * dose for dose in doses)
        same = dict.fromkeys(("cosine", "retrieval", "changed"), (1.0, 0.9, 0.8))
        curves = tuple(
            EditCurve(edit=edit, doses=doses, spearman=spearman, **same)
            for edit in ("spaces-removed", "key-slips")
        )
        return RobustResult(
            model=model,
            task="korsts",
            split="test",
            rows=200,
            seed=0,
            curves=curves,
            absent=(),
            sentences=900,
            seconds=2.0,
            encoder="e",
            munjang="0.1.0",
        )

    return make


@pytest.fixture
def run_folder(tiny_models, make_result, tmp_path) -> Path:
    """The folder of a finished run: records as training writes them, and a tiny model."""
    folder = tmp_path / "run"
    shutil.copytree(tiny_models["mean-normalize"], folder / "model")
    (folder / "recipe.toml").write_text(RECIPE, "utf-8")
    manifest = {
        "state": "finished",
        "recipe": "우리-simcse",
        "base": "klue/bert-base",
        "device": "CPU, 2 threads",
        "processes": 1,
        "minutes": 12.345,
        "steps": 1086,
        "seed": 42,
        "versions": {"munjang": "0.1.0", "torch": "2.13.0"},
        "data": {
            "nli": {
                "rows": 277811,
                "objective": "contrastive",
                "files": {"klue-nli:train": "ab" * 32, "/data/hong/비밀/우리 문장.csv": "cd" * 32},
                "dropped": {"empty": 2, "held out": 1300},
                "licences": ["CC-BY-SA-4.0", "not stated"],
            }
        },
        "throughput": {
            "sentences_per_second": 1234.5,
            "tokens_per_second": 20000.0,
            "padding_share": 0.041,
        },
        "best": {"step": 900, "dev": 0.8123},
        "warnings": ["klue-sts:dev is not measured: /data/hong/klue.json and/or n/a is missing"],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
    before = make_result("klue/bert-base", 0.5)
    after = replace(make_result("우리-simcse", 0.8155, low=0.8), seconds=2.0)
    scores = {
        when: [json.loads(result.to_json(similarities=False))]
        for when, result in (("before", before), ("after", after))
    }
    (folder / "scores.json").write_text(json.dumps(scores, ensure_ascii=False), "utf-8")
    return folder
