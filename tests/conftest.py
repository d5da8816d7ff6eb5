"""What every test may ask for: the folder of real data, or a skip that says why."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from munjang.data.rows import ScoredPair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from transformers import PreTrainedTokenizerFast

    from munjang.encode.encoder import SentenceEncoder

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real data sets, named by MUNJANG_DATA."""
    folder = os.environ.get("MUNJANG_DATA")
    if not folder:
        pytest.skip("MUNJANG_DATA does not name a folder with the data sets")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"MUNJANG_DATA={folder} is not a folder")
    return path


@pytest.fixture(scope="session")
def shipped() -> SentenceEncoder:
    """The shipped model."""
    import munjang

    return munjang.load()


@pytest.fixture(scope="session")
def open_part() -> Callable[[str], ModuleType]:
    """Opens a module of runs/default_model by its name; each call opens it anew.

    What it imports of that folder is opened once.
    """
    folder = Path(__file__).resolve().parent.parent / "runs" / "default_model"

    def opened(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            spec.loader.exec_module(module)
        return module

    return opened


_OWN_SENTENCES = [
    "비가 오는 날에는 집에서 따뜻한 차를 마신다.",
    "창밖에 빗방울이 떨어지는 소리가 들린다.",
    "고양이가 햇볕 아래에서 낮잠을 잔다.",
    "강아지는 공원에서 신나게 뛰어논다.",
    "오늘 점심에는 김치찌개와 밥을 먹었다.",
    "저녁에는 친구와 함께 국수를 끓여 먹을 것이다.",
    "버스가 늦어서 회의에 십 분 늦었다.",
    "지하철은 제시간에 역에 도착했다.",
    "환불 신청은 주문 내역에서 할 수 있습니다.",
    "배송이 늦어지면 고객 센터로 연락해 주세요.",
    "아이들이 운동장에서 축구를 하고 있다.",
    "할머니는 시장에서 싱싱한 사과를 고르셨다.",
]


@pytest.fixture(scope="session")
def own_pairs() -> list[ScoredPair]:
    """A few scored pairs, for gates and correlations that need some."""
    sentences = _OWN_SENTENCES
    later = sentences[1:] + sentences[:1]
    return [
        ScoredPair(first, second, score=float(n % 6))
        for n, (first, second) in enumerate(zip(sentences, later, strict=True))
    ]


@pytest.fixture(scope="session")
def graded_pairs() -> list[ScoredPair]:
    """A few pairs with the scores that a person would give."""
    return [
        ScoredPair("고양이가 소파에서 잔다.", "고양이가 소파 위에서 자고 있다.", 4.8),
        ScoredPair("고양이가 소파에서 잔다.", "개가 마당에서 뛴다.", 1.2),
        ScoredPair("오늘은 비가 온다.", "오늘 비가 내린다.", 5.0),
        ScoredPair("오늘은 비가 온다.", "주가가 크게 올랐다.", 0.0),
        ScoredPair("기차가 역에 도착했다.", "버스가 역에 도착했다.", 2.6),
        ScoredPair("환불은 어떻게 받나요?", "돈을 돌려받고 싶어요.", 3.9),
        ScoredPair("환불은 어떻게 받나요?", "주차장은 어디에 있나요?", 0.6),
        ScoredPair("아이가 공원에서 축구를 한다.", "아이들이 공을 차며 논다.", 3.6),
    ]


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Folders of tiny random encoders, to be read only.

    "mean", "cls", "mean-normalize" and "cls-normalize" are sentence-transformers folders
    of the same BERT (2 layers, 32 dimensions, 64 positions) with another pooling;
    "plain" is that BERT as transformers saves it, "roberta" a plain XLM-RoBERTa that
    names no length limit, "static" a model without a transformer. The tokenizer does not
    normalise.
    """
    for name in ("torch", "transformers", "sentence_transformers"):
        pytest.importorskip(name, reason="needs the extra train")
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize
    from sentence_transformers.sentence_transformer.modules import (
        Pooling,
        StaticEmbedding,
        Transformer,
    )
    from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

    root = tmp_path_factory.mktemp("models")
    sizes = {
        "vocab_size": 400,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "pad_token_id": 1,
    }
    torch.manual_seed(7)
    bert = BertModel(BertConfig(**sizes, max_position_embeddings=64))
    roberta = XLMRobertaModel(XLMRobertaConfig(**sizes, max_position_embeddings=66))
    tokenizer = _train_tokenizer()
    for name, backbone in {"plain": bert, "roberta": roberta}.items():
        backbone.save_pretrained(root / name)
        tokenizer.save_pretrained(root / name)
    bare = Transformer(str(root / "plain"))
    pipelines = {
        f"{pooling}{end}": [bare, Pooling(32, pooling), *([Normalize()] if end else [])]
        for pooling in ("mean", "cls")
        for end in ("", "-normalize")
    }
    static = StaticEmbedding(tokenizer.backend_tokenizer, embedding_dim=8)
    for name, modules in {**pipelines, "static": [static]}.items():
        pipeline = SentenceTransformer(modules=modules)
        pipeline.save(str(root / name), create_model_card=False)
    return {folder.name: folder for folder in sorted(root.iterdir())}


@pytest.fixture(scope="session")
def tiny_exports(
    tiny_models: Mapping[str, Path],
    own_pairs: list[ScoredPair],
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[tuple[str, str], Path]:
    """The tiny models "cls" and "mean-normalize" as fp32 exports, by name and engine."""
    for name in ("openvino", "onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason="needs the extra train")
    import munjang
    from munjang.model.export import export_model

    root = tmp_path_factory.mktemp("exports")
    folders = {}
    for name in ("cls", "mean-normalize"):
        source = munjang.load(tiny_models[name], engine="torch", device="cpu")
        for engine in ("openvino", "onnx"):
            folder = folders[name, engine] = root / f"{name}-{engine}"
            export_model(source, folder, pairs=own_pairs, to=engine)
    return folders


def _train_tokenizer() -> PreTrainedTokenizerFast:
    """A Unigram tokenizer of 400 tokens without a normaliser, trained on the spot."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=400, special_tokens=special, unk_token=special[3], show_progress=False
    )
    backend.train_from_iterator(_OWN_SENTENCES, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    roles = ("bos", "pad", "eos", "unk", "mask", "cls", "sep")
    tokens = (*special, special[0], special[2])
    named = {f"{role}_token": token for role, token in zip(roles, tokens, strict=True)}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **named)
