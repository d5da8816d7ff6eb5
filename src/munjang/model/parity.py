"""The vectors of a checkpoint worked out by hand: transformers, and pooling in numpy.

This is what a port is measured against, so nothing of it goes through the modules that
the port is made of.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.errors import ModelError
from munjang.model.tensors import read_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from munjang.encode.encoder import Vectors
    from munjang.model.legacy import Checkpoint

BATCH = 8

SENTENCES = (
    "비가 온다.",
    "오늘 아침에는 안개가 짙어서 앞산이 하나도 보이지 않았다.",
    "네",
    "이 제품은 방수가 되나요?",
    "회의는 다음 주 화요일 오후 3시, 본관 4층 대회의실에서 열립니다.",
    "고양이가 창가에서 졸고 있다.",
    "도서관에서 빌린 책을 아직 다 읽지 못했는데 반납일이 벌써 내일로 다가왔다.",
    "KTX를 타고 Seoul에서 부산까지 2시간 40분 걸렸어요!",
    "“정말이야?” 하고 그가 물었다.",
    "김치찌개 2인분이랑 공깃밥 하나 주세요",
    "ㅋㅋㅋ 그건 좀 아닌 듯 ㅠㅠ",
    "배송지를 바꾸려면 주문 내역에서 '배송지 변경'을 누르고 새 주소를 입력한 뒤 저장하십시오.",
    "The weather in Jeju is mild.",
    "값이 1,250원 올랐다(전년 대비 3.4%).",
    "시험이 끝나자마자 우리는 바다로 떠났고 밤늦도록 모닥불 앞에서 이야기를 나누었다.",
    "",
    " ".join(
        f"{n}번째 정거장에서 손님 {n * 7 % 11}명이 내리고 다시 길을 떠났다." for n in range(1, 61)
    ),
)
"""Short, long, cut by most models, empty, mixed with Latin letters and signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """A checkpoint with all that it takes to work out its vectors.

    Attributes:
        model: The backbone, float32, on the CPU, without dropout.
        tokenizer: Its tokenizer.
        pooling: Names of `POOL`, joined by "+" in the order of the vector's parts; or
            "pooler" for what BERT's own pooler gives.
        after: What happens to the pooled vectors, in order.
        max_tokens: Where a sentence is cut, special tokens included.
        prompt: Put before every sentence.
        lower: Lower the sentence first.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    pooling: str
    after: tuple[Callable[[Vectors], Vectors], ...]
    max_tokens: int
    prompt: str = ""
    lower: bool = False

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Works out the vectors, in batches of `BATCH` padded to their longest.

        Args:
            sentences: At least one.

        Returns:
            float32, shape (sentences, dim).
        """
        import torch

        vectors = []
        for start in range(0, len(sentences), BATCH):
            texts = [self.prompt + text for text in sentences[start : start + BATCH]]
            batch = self.tokenizer(
                [text.lower() for text in texts] if self.lower else texts,
                padding=True,
                truncation=True,
                max_length=self.max_tokens,
                return_tensors="pt",
            )
            inputs = {key: batch[key] for key in ("input_ids", "attention_mask")}
            with torch.inference_mode():
                found = self.model(**inputs)
            vectors.append(self._pool(found, inputs["attention_mask"].numpy()))
        pooled = np.concatenate(vectors)
        for step in self.after:
            pooled = step(pooled)
        return pooled

    def _pool(self, found: Any, mask: NDArray[np.int64]) -> Vectors:  # noqa: ANN401
        if self.pooling == "pooler":
            pooled: Vectors = found.pooler_output.numpy()
            return pooled
        tokens = found.last_hidden_state.numpy()
        parts = [POOL[mode](tokens, mask) for mode in self.pooling.split("+")]
        return np.concatenate(parts, axis=1).astype(np.float32)


def _first(tokens: Vectors, mask: NDArray[np.int64]) -> Vectors:
    found: Vectors = tokens[np.arange(len(tokens)), mask.argmax(axis=1)]
    return found


def _last(tokens: Vectors, mask: NDArray[np.int64]) -> Vectors:
    last = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
    found: Vectors = tokens[np.arange(len(tokens)), last]
    return found


def _sum(tokens: Vectors, weights: NDArray[Any]) -> Vectors:
    found: Vectors = (tokens * weights[:, :, None].astype(np.float32)).sum(axis=1)
    return found


POOL: Mapping[str, Callable[[Vectors, NDArray[np.int64]], Vectors]] = {
    "cls": _first,
    "lasttoken": _last,
    "max": lambda tokens, mask: np.where(mask[:, :, None] > 0, tokens, -np.inf).max(axis=1),
    "mean": lambda tokens, mask: _sum(tokens, mask) / mask.sum(axis=1, keepdims=True),
    "mean_sqrt_len_tokens": lambda tokens, mask: (
        _sum(tokens, mask) / np.sqrt(mask.sum(axis=1, keepdims=True))
    ),
    "weightedmean": lambda tokens, mask: (
        _sum(tokens, mask.cumsum(axis=1) * mask)
        / (mask.cumsum(axis=1) * mask).sum(axis=1, keepdims=True)
    ),
}
"""Token vectors (sentences, tokens, dim) and their mask to sentence vectors, by mode."""

_FLAGS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
"""How sentence-transformers before 6 named the modes, in the order of a vector's parts."""


def read_by_hand(
    checkpoint: Checkpoint,
    architecture: type[PreTrainedModel],
    *,
    pooling: str | None,
    normalize: bool,
    max_tokens: int,
    prompt: str,
) -> ByHand:
    """Reads a checkpoint with transformers alone; what its own files say goes first.

    Args:
        checkpoint: The checkpoint.
        architecture: The class of its backbone.
        pooling: For a folder without modules: a name of `POOL`, or "pooler".
        normalize: Whether its vectors end with length 1.
        max_tokens: The limit, where no smaller one is said.
        prompt: What goes before every sentence.

    Raises:
        ModelError: It cannot be worked out.
    """
    try:
        after: list[Callable[[Vectors], Vectors]] = []
        for kind, folder in checkpoint.modules:
            if kind == "Pooling":
                pooling = _read_pooling(folder)
            elif kind == "Dense":
                after.append(_read_dense(folder))
        if normalize:
            after.append(to_unit_length)
        said = _read_limits(checkpoint.backbone) if checkpoint.modules else {}
        model, tokenizer = _read_backbone(checkpoint, architecture)
        return ByHand(
            model=model,
            tokenizer=tokenizer,
            pooling=str(pooling),
            after=tuple(after),
            max_tokens=min(said.get("max_seq_length") or max_tokens, max_tokens),
            prompt=prompt,
            lower=bool(said.get("do_lower_case")),
        )
    except ModelError:
        raise
    except Exception as error:  # what old folders hold that nobody expects
        raise ModelError(
            f"{checkpoint.folder} cannot be worked out by hand",
            found=(str(error).strip().splitlines() or [type(error).__name__])[0],
            fix="copy or download the folder again, whole",
        ) from error


def _read_backbone(
    checkpoint: Checkpoint, architecture: type[PreTrainedModel]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint.backbone, local_files_only=True)
    model = checkpoint.model or architecture.from_pretrained(
        checkpoint.backbone, dtype=torch.float32, local_files_only=True
    )
    model.train(False)
    return model, tokenizer


def _read_limits(backbone: Path) -> Mapping[str, Any]:
    """What sentence_bert_config.json says, or its like of old: the limit, lower case."""
    files = sorted(backbone.glob("sentence_*_config.json"))
    said: Mapping[str, Any] = json.loads(files[0].read_text("utf-8")) if files else {}
    return said


def _read_pooling(folder: Path) -> str:
    """The modes of a Pooling module's config.json, of any age, joined by "+"."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    modes = config.get("pooling_mode") or [m for m, flag in _FLAGS.items() if config.get(flag)]
    return modes if isinstance(modes, str) else "+".join(modes) or "mean"


def _read_dense(folder: Path) -> Callable[[Vectors], Vectors]:
    """A Dense module as a function: x W^T + b, then the activation of its config.json."""
    import torch

    config = json.loads((folder / "config.json").read_text("utf-8"))
    name = config.get("activation_function", "Tanh").rpartition(".")[2]
    activate = getattr(torch.nn, name)()
    files = [folder / name for name in ("model.safetensors", "pytorch_model.bin")]
    tensors = read_tensors(next(file for file in files if file.is_file()))
    weight = tensors["linear.weight"].float().numpy()
    bias = tensors["linear.bias"].float().numpy() if "linear.bias" in tensors else 0

    def dense(vectors: Vectors) -> Vectors:
        found: Vectors = activate(torch.from_numpy(vectors @ weight.T + bias)).numpy()
        return found

    return dense


def to_unit_length(vectors: Vectors) -> Vectors:
    """Divides each vector by its Euclidean length."""
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
