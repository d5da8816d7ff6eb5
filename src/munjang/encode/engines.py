"""Three engines that run the same encoder: OpenVINO, ONNX Runtime, torch.

Each takes padded batches and gives one vector a sentence, pooling and the model's
own normalisation included.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from munjang.encode.saturation import int8_saturates, quantise_in_float32
from munjang.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

    from munjang.encode.encoder import Vectors
    from munjang.encode.tokens import Batch
    from munjang.encode.zoo import PoolingPlan

ENGINES = ("openvino", "onnx", "torch")

_KERNELS_KEPT = 500
"""Kernels that OpenVINO keeps for shapes of batches it has seen. It would keep 5,000, in
gigabytes that grow as long as new shapes come; with these it is as fast, and stays flat."""

_USUAL_LIMIT = 512
_UNLIMITED = 10**9
"""Beyond it a tokenizer's limit stands for none; transformers writes 10**30."""


class Engine(Protocol):
    """Padded batches to vectors."""

    @property
    def label(self) -> str:
        """Engine and precision, such as "openvino int8"."""
        ...

    @property
    def dim(self) -> int:
        """The dimension of a vector."""
        ...

    def run(self, batches: Iterable[Batch]) -> Iterator[Vectors]:
        """Runs the model over batches, lazily.

        Safe to call from several threads at once, and to be left before its end.

        Args:
            batches: Padded batches.

        Yields:
            For each batch, in order: float32, shape (sentences, dim).
        """
        ...


class OpenVINOEngine:
    """An OpenVINO graph with pooling inside; the engine of the base install.

    One batch runs on each stream while the next is being padded. Where the CPU's int8
    arithmetic overflows, an int8 graph computes the same in float32, and no slower.

    Args:
        graph: The .xml file; its .bin lies beside it.
        precision: What the graph was quantised to, for the label.
        dim: The dimension of its vectors.
        threads: CPU threads to use; all cores when None.

    Raises:
        ModelError: The graph cannot be read.
    """

    def __init__(
        self, graph: Path, *, precision: str, dim: int, threads: int | None = None
    ) -> None:
        silence_telemetry()
        import openvino

        threads = threads or _cores()
        self._streams = min(2, threads)
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": self._streams,
            "CPU_RUNTIME_CACHE_CAPACITY": _KERNELS_KEPT,
        }
        try:
            core = openvino.Core()
            model = core.read_model(graph)
            if precision == "int8" and int8_saturates():
                quantise_in_float32(model)
            self._compiled = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            raise _unreadable(graph, error) from error
        self.label = f"openvino {precision}"
        self.dim = dim

    def __repr__(self) -> str:
        return self.label

    def run(self, batches: Iterable[Batch]) -> Iterator[Vectors]:
        """See `Engine.run`."""
        idle = deque(self._compiled.create_infer_request() for _ in range(self._streams))
        busy: deque[Any] = deque()
        for batch in batches:
            if not idle:
                request = busy.popleft()
                yield _result(request)
                idle.append(request)
            request = idle.popleft()
            request.start_async(
                {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
            )
            busy.append(request)
        while busy:
            yield _result(busy.popleft())


class OnnxEngine:
    """An ONNX graph with pooling inside, run by ONNX Runtime (extra `onnx`).

    Args:
        graph: The .onnx file.
        precision: What the graph was quantised to, for the label.
        dim: The dimension of its vectors.
        threads: CPU threads to use; all cores when None.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelError: The graph cannot be read.
    """

    def __init__(
        self, graph: Path, *, precision: str, dim: int, threads: int | None = None
    ) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("the onnx engine", "onnx") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or _cores()
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no base class
            raise _unreadable(graph, error) from error
        self.label = f"onnx {precision}"
        self.dim = dim

    def __repr__(self) -> str:
        return self.label

    def run(self, batches: Iterable[Batch]) -> Iterator[Vectors]:
        """See `Engine.run`."""
        for batch in batches:
            yield self._session.run(
                None, {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
            )[0]


class TorchEngine:
    """A sentence-transformers model in torch (extra `train`), on the CPU or a GPU.

    Args:
        model: The model, as `open_sentence_transformer` gives it.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model.eval()
        dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
        self.label = f"torch {dtype.replace('float', 'fp').replace('bfp', 'bf')} {model.device}"
        self.dim = int(model.get_embedding_dimension() or 0)

    def __repr__(self) -> str:
        modes = [str(m.pooling_mode) for m in self.model if hasattr(m, "pooling_mode")]
        return f"{self.label} {'+'.join(modes) or 'own'} pooling"

    def run(self, batches: Iterable[Batch]) -> Iterator[Vectors]:
        """See `Engine.run`."""
        import torch

        for batch in batches:
            features = {
                "input_ids": torch.from_numpy(batch.input_ids).to(self.model.device),
                "attention_mask": torch.from_numpy(batch.attention_mask).to(self.model.device),
            }
            with torch.inference_mode():
                out = self.model(features)["sentence_embedding"]
            yield out.float().cpu().numpy()


class TransformersTokenizer:
    """The tokenizer of a sentence-transformers model; see `tokens.Tokenizer`.

    Args:
        model: The model that brings the tokenizer.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        self._tokenizer = model.tokenizer
        self._lock = threading.Lock()  # the limit is set on the tokenizer, not in the call
        self.pad_id = int(self._tokenizer.pad_token_id or 0)

    def encode(self, texts: Sequence[str], max_tokens: int) -> tuple[list[list[int]], list[int]]:
        """See `tokens.Tokenizer.encode`."""
        if not texts:
            return [], []
        with self._lock:
            kept = self._tokenizer(list(texts), truncation=True, max_length=max_tokens)["input_ids"]
            full = [i for i, row in enumerate(kept) if len(row) == max_tokens]
            longer = (
                self._tokenizer([texts[i] for i in full], verbose=False)["input_ids"]
                if full
                else []
            )
        cut = [i for i, row in zip(full, longer, strict=True) if len(row) > max_tokens]
        return kept, cut


def open_sentence_transformer(
    folder: Path, plan: PoolingPlan, *, device: str | None = None, threads: int | None = None
) -> SentenceTransformer:
    """Opens a folder of weights as a sentence-transformers model, in float32.

    Args:
        folder: A sentence-transformers or a plain transformers folder.
        plan: How its token vectors become a sentence vector; a plan without pooling
            means that the folder's own modules.json says it.
        device: A torch device; the best one there is when None.
        threads: CPU threads for all of torch; as they are when None.

    Returns:
        The model, built of sentence-transformers' own modules only.

    Raises:
        MissingExtraError: sentence-transformers is not installed.
        ModelError: The folder cannot be opened, or holds something else than a transformer.
    """
    silence_telemetry()
    try:
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.base.modules import Normalize
        from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    except ImportError as error:
        raise MissingExtraError("the torch engine", "train") from error
    weights = {"dtype": torch.float32}
    try:
        if plan.pooling is None:
            model = SentenceTransformer(
                str(folder), device=device, local_files_only=True, model_kwargs=weights
            )
        else:
            backbone = Transformer(str(folder), model_kwargs=weights)
            modules = [backbone, Pooling(backbone.get_embedding_dimension(), plan.pooling)]
            model = SentenceTransformer(
                modules=[*modules, Normalize()] if plan.normalize else modules, device=device
            )
    except Exception as error:  # safetensors, tokenizers and pickle share no base class
        raise _unreadable(folder, error) from error
    if not hasattr(model[0], "auto_model"):
        raise ModelError(
            f"{folder} is not a transformer, and munjang runs no others",
            found=type(model[0]).__name__,
            fix="use it with sentence-transformers itself",
        )
    if threads is not None:
        torch.set_num_threads(threads)
    return model


def token_limit(model: SentenceTransformer) -> int:
    """How many tokens the model can take, special tokens included.

    What the model's own files say, but no more than it has positions for: the models of
    the RoBERTa family leave out the first `padding_idx + 1` of their position table, and
    where only config.json speaks, sentence-transformers counts those in. Where a T5 names
    no limit, it is what it was trained on.

    Args:
        model: What `open_sentence_transformer` gives.
    """
    limit = int(model.max_seq_length or _USUAL_LIMIT)
    if limit > _UNLIMITED:
        config = getattr(model.transformers_model, "config", None)
        limit = getattr(config, "n_positions", None) or _USUAL_LIMIT
    for name, module in model.named_modules():
        table: Any = module
        if name.endswith("position_embeddings") and hasattr(table, "num_embeddings"):
            unused = 0 if table.padding_idx is None else table.padding_idx + 1
            limit = min(limit, table.num_embeddings - unused)
    return limit


def silence_telemetry() -> None:
    """Keeps the engines' libraries from calling home; called before they are imported.

    Without a consent file openvino (and nncf) reports every import to its makers,
    and knows no switch; where its telemetry package cannot be imported, it uses a
    stub of its own.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if "openvino" not in sys.modules:
        # None here makes the import fail, as the import system documents.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def _result(request: Any) -> Vectors:  # noqa: ANN401 - openvino has no type for it
    request.wait()
    return np.array(request.get_output_tensor(0).data)


def _unreadable(path: Path, error: Exception) -> ModelError:
    lines = str(error).strip().splitlines()
    return ModelError(
        f"{path} cannot be read as a model",
        found=lines[-1] if lines else type(error).__name__,
        fix="copy or export the model folder again, whole",
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
