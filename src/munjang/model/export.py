"""A whole encoder, pooling inside, to one ONNX or OpenVINO graph, behind a quality gate."""

from __future__ import annotations

import importlib.metadata
import logging
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.encode.engines import TorchEngine, silence_telemetry, token_limit
from munjang.encode.folder import GRAPHS, MANIFEST, TOKENIZER, Manifest, mark_file
from munjang.encode.loading import load
from munjang.encode.tokens import pad
from munjang.errors import GateError, InputError, MissingExtraError, ModelError, unknown_name
from munjang.evaluate.sts import correlations
from munjang.files import whole_folder
from munjang.korean.normalize import replace_surrogates, to_nfc
from munjang.model.derived import check_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from sentence_transformers import SentenceTransformer

    from munjang.data.rows import ScoredPair
    from munjang.encode.encoder import SentenceEncoder, Vectors
    from munjang.encode.tokens import Batch

CALIBRATION_SENTENCES = 300
SMOOTH_QUANT_ALPHA = 0.6
"""SmoothQuant's migration strength (Xiao et al. 2023, arXiv:2211.10438) for MatMul."""


@dataclass(frozen=True, slots=True)
class GateLimits:
    """How far an exported model may be from its source.

    Attributes:
        min_cosine: Least mean cosine between the vectors of the source and the export,
            over the gate's sentences.
        max_drop: Most that the cosine Spearman correlation (x100) may fall on the
            gate's pairs.
    """

    min_cosine: float
    max_drop: float


LIMITS = {
    "fp32": GateLimits(min_cosine=0.99999, max_drop=0.01),
    "int8": GateLimits(min_cosine=0.98, max_drop=0.5),
}


def choose_limits(
    *, int8: bool, min_cosine: float | None = None, max_drop: float | None = None
) -> GateLimits:
    """The usual limits of a precision, with what the user sets otherwise.

    Example:
        >>> choose_limits(int8=True, max_drop=1.0)
        GateLimits(min_cosine=0.98, max_drop=1.0)
    """
    usual = LIMITS["int8" if int8 else "fp32"]
    return GateLimits(
        min_cosine=usual.min_cosine if min_cosine is None else min_cosine,
        max_drop=usual.max_drop if max_drop is None else max_drop,
    )


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate measured.

    Attributes:
        pairs: How many scored pairs it measured on.
        mean_cosine: Mean cosine between source and export vectors of the same sentence.
        least_cosine: The least of those cosines.
        source: Cosine Spearman of the source, x100.
        exported: Cosine Spearman of the export, x100.
        drop: `source - exported`.
    """

    pairs: int
    mean_cosine: float
    least_cosine: float
    source: float
    exported: float
    drop: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where weights come from, for the manifest of an export.

    Attributes:
        license: The licence of the weights, as an SPDX expression.
        base: The model that they were trained from.
        training_data: The catalog names of the training sets.
    """

    license: str = "not stated"
    base: str = "not stated"
    training_data: tuple[str, ...] = ()


def export_model(
    source: SentenceEncoder,
    out: str | Path,
    *,
    pairs: Sequence[ScoredPair],
    to: str = "openvino",
    int8: bool = False,
    calibration: Sequence[str] = (),
    limits: GateLimits | None = None,
    name: str | None = None,
    origin: Origin | None = None,
    overwrite: bool = False,
) -> GateResult:
    """Exports an encoder to one graph, measures it, and writes it only if it is good.

    Args:
        source: Torch weights on the CPU: `munjang.load(model, engine="torch", device="cpu")`.
        out: The folder to write; must not exist unless `overwrite`.
        pairs: Scored pairs for the gate, such as KorSTS-dev. Never the test set.
        to: "openvino" or "onnx".
        int8: Quantise weights and activations (nncf, post-training, SmoothQuant).
        calibration: Sentences for int8, like those the model will see; 300 of them,
            evenly spaced, are used.
        limits: The gate; `LIMITS` of the precision when None.
        name: What tables call the export; the source's own name when None.
        origin: Licence, base and training sets, for the manifest.
        overwrite: Replace `out` if it is an exported model.

    Returns:
        What the gate measured.

    Raises:
        GateError: The export is beyond the limits; nothing was written.
        InputError: `out` exists or cannot be written, int8 without calibration
            sentences, or too few pairs.
        ModelError: `source` does not run on torch.
        MissingExtraError: The packages of the extra `train` are not installed.
    """
    if to not in GRAPHS:
        raise unknown_name("export format", to, GRAPHS)
    if len(pairs) < 2:
        raise InputError("the gate needs at least 2 scored pairs", found=str(len(pairs)))
    if int8 and not calibration:
        raise InputError("int8 needs calibration sentences", fix="give about 300 typical ones")
    if not isinstance(source.engine, TorchEngine):
        raise ModelError(
            "only torch weights can be exported",
            found=f"{source.name} on {source.engine.label}",
            fix='load them with munjang.load(model, engine="torch")',
        )
    target = Path(out)
    check_target(target, (), overwrite=overwrite, mark=MANIFEST)
    model = source.engine.model
    precision = "int8" if int8 else "fp32"
    origin = origin or Origin()
    manifest = Manifest(
        name=name or source.name,
        engine=to,
        precision=precision,
        dim=source.dim,
        max_tokens=source.max_tokens,
        pad_id=source.tokenizer.pad_id,
        normalized=type(model[-1]).__name__ == "Normalize",
        prompt=source.prompt,
        license=origin.license,
        base=origin.base,
        training_data=origin.training_data,
        versions=_versions(),
    )
    batches = _calibration_batches(source, calibration) if int8 else []
    with whole_folder(target) as work, warnings.catch_warnings():
        # Tracing warns of every branch on a shape; parity is what the gate measures.
        warnings.simplefilter("ignore")
        _write_graph(model, work / GRAPHS[to], to, batches)
        _write_tokenizer(model, work / TOKENIZER)
        _write_manifest(work, manifest)
        result = measure(source, load(work), pairs)
        _pass_gate(result, limits or LIMITS[precision], manifest.name)
        _write_manifest(work, replace(manifest, gate=asdict(result)))
    return result


def measure(
    source: SentenceEncoder, exported: SentenceEncoder, pairs: Sequence[ScoredPair]
) -> GateResult:
    """Compares an export with its source on scored pairs.

    Args:
        source: The encoder that was exported.
        exported: The export, loaded from its folder.
        pairs: Scored pairs.

    Returns:
        Cosine parity, and the cosine Spearman of both.
    """
    sentences = [text for pair in pairs for text in (pair.sentence1, pair.sentence2)]
    gold = np.array([pair.score for pair in pairs])
    before, after = source.encode(sentences), exported.encode(sentences)
    cosines = np.sum(before * after, axis=1)

    def score(vectors: Vectors) -> float:
        return 100 * correlations(vectors[::2], vectors[1::2], gold).cosine_spearman

    scores = score(before), score(after)
    return GateResult(
        pairs=len(pairs),
        mean_cosine=float(cosines.mean()),
        least_cosine=float(cosines.min()),
        source=scores[0],
        exported=scores[1],
        drop=scores[0] - scores[1],
    )


def _pass_gate(result: GateResult, limits: GateLimits, name: str) -> None:
    if result.mean_cosine >= limits.min_cosine and result.drop <= limits.max_drop:
        return
    raise GateError(
        f"the export of {name} is not good enough and was not written",
        found=(
            f"mean cosine {result.mean_cosine:.5f} (limit {limits.min_cosine:.5f}), Spearman "
            f"{result.source:.2f} -> {result.exported:.2f}, a drop of {result.drop:.2f} "
            f"(limit {limits.max_drop:.2f})"
        ),
        fix="more typical calibration sentences, fp32, or wider limits if you can live with it",
    )


def _calibration_batches(source: SentenceEncoder, sentences: Sequence[str]) -> list[Batch]:
    """One sentence a batch, so that padding does not colour the activation ranges."""
    step = max(1, len(sentences) // CALIBRATION_SENTENCES)
    chosen = list(sentences)[::step][:CALIBRATION_SENTENCES]
    ids, _ = source.tokenizer.encode(
        [source.prompt + to_nfc(replace_surrogates(s)) for s in chosen], source.max_tokens
    )
    return [pad([row], source.tokenizer.pad_id) for row in ids]


def _write_graph(
    model: SentenceTransformer, path: Path, to: str, calibration: Sequence[Batch]
) -> None:
    graph = _openvino_graph(model) if to == "openvino" else _onnx_graph(model)
    if calibration:
        graph = _quantize(graph, calibration)
    if to == "openvino":
        import openvino

        openvino.save_model(graph, path, compress_to_fp16=False)
    else:
        import onnx

        onnx.save(graph, path)


def _openvino_graph(model: SentenceTransformer) -> Any:  # noqa: ANN401 - openvino has no types
    silence_telemetry()
    import openvino

    shape = openvino.PartialShape([-1, -1])
    example = _example_inputs()
    return openvino.convert_model(
        _whole_encoder(model),
        example_input=example,
        input=[(name, shape, openvino.Type.i64) for name in example],
    )


def _onnx_graph(model: SentenceTransformer) -> Any:  # noqa: ANN401 - nor has onnx
    import torch

    example = _example_inputs()
    axes = {0: torch.export.Dim("sentences"), 1: torch.export.Dim("tokens", max=token_limit(model))}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program: Any = torch.onnx.export(
        _whole_encoder(model),
        tuple(example.values()),
        input_names=list(example),
        output_names=["sentence_embedding"],
        dynamic_shapes=dict.fromkeys(example, axes),
        dynamo=True,
        verbose=False,
    )
    return program.model_proto


def _example_inputs() -> dict[str, torch.Tensor]:
    """Two sentences of different length, so that tracing sees padding."""
    import torch

    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    return {"input_ids": mask.clone(), "attention_mask": mask}


def _quantize(graph: Any, calibration: Sequence[Batch]) -> Any:  # noqa: ANN401
    silence_telemetry()
    try:
        import nncf
    except ImportError as error:
        raise MissingExtraError("int8 export", "train") from error
    rows = [{"input_ids": b.input_ids, "attention_mask": b.attention_mask} for b in calibration]
    smoothing = nncf.AdvancedSmoothQuantParameters(matmul=SMOOTH_QUANT_ALPHA)
    return nncf.quantize(
        graph,
        nncf.Dataset(rows),
        subset_size=len(rows),
        model_type=nncf.ModelType.TRANSFORMER,
        advanced_parameters=nncf.AdvancedQuantizationParameters(smooth_quant_alphas=smoothing),
    )


def _whole_encoder(model: SentenceTransformer) -> torch.nn.Module:
    """The model as a function of two tensors, which is what exporters trace."""
    import torch

    class WholeEncoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            embedding: torch.Tensor = self.model(features)["sentence_embedding"]
            return embedding

    return WholeEncoder().eval()


def _write_tokenizer(model: SentenceTransformer, path: Path) -> None:
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(
            "this model's tokenizer has no tokenizer.json form",
            found=type(model.tokenizer).__name__,
            fix="use the model on torch, without exporting it",
        )
    backend.save(str(path))


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    files = {
        path.name: mark_file(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST
    }
    text = replace(manifest, files=files).to_json()
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def _versions() -> dict[str, str]:
    names = (
        "munjang",
        "torch",
        "transformers",
        "sentence-transformers",
        "openvino",
        "onnx",
        "nncf",
    )
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
