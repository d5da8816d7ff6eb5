"""From a name, a folder or a hub id to a ready encoder."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from munjang.encode import zoo
from munjang.encode.address import is_address
from munjang.encode.encoder import SentenceEncoder
from munjang.encode.engines import (
    ENGINES,
    OnnxEngine,
    OpenVINOEngine,
    TorchEngine,
    TransformersTokenizer,
    open_sentence_transformer,
    silence_telemetry,
    token_limit,
)
from munjang.encode.folder import GRAPHS, MANIFEST, TOKENIZER, check_files, read_manifest
from munjang.encode.tokens import JsonTokenizer
from munjang.errors import InputError, ModelError, MunjangError, NetworkError, unknown_name

if TYPE_CHECKING:
    from munjang.encode.engines import Engine
    from munjang.encode.folder import Manifest

SHIPPED = {name: Path(__file__).parent / name for name in ("default", "tiny")}
"""The folders of the shipped models by name: of twelve layers, and of six."""

DEFAULT_FOLDER = SHIPPED["default"]
_PATHS = (".", "/", "~")
_LIKE_ADDRESS = re.compile(r"#|:\d+/")
_HUB_FILES = (
    "*.json",
    "*.txt",
    "*.model",
    "*.safetensors",
    "model.xml",
    "model.bin",
    "model.onnx",
    "README.md",
)


def load(
    model: str | Path = "default",
    *,
    engine: str | None = None,
    pooling: str | None = None,
    prompt: str | None = None,
    max_tokens: int | None = None,
    nfc: bool = True,
    threads: int | None = None,
    device: str | None = None,
    revision: str | None = None,
    allow_pickle: bool = False,
) -> SentenceEncoder:
    """Loads an encoder: the shipped one, a folder, or a model of the Hugging Face hub.

    Args:
        model: "default" for the shipped model, "tiny" for the shipped one of half its
            layers; a folder that `munjang export` or sentence-transformers wrote; or a hub
            id such as "BM-K/KoSimCSE-roberta-multitask".
        engine: "openvino", "onnx" or "torch"; what the folder holds when None.
        pooling: "cls" or "mean", for a plain transformers folder that neither says it
            itself nor is known to `munjang models`.
        prompt: Put before every sentence; the model's own when None, "" for none.
        max_tokens: Cut sentences here; the model's own limit when None.
        nfc: Compose decomposed Hangul (NFD) before tokenising.
        threads: CPU threads; all cores when None.
        device: A torch device such as "cuda"; only for the torch engine.
        revision: A commit, tag or branch of a hub model.
        allow_pickle: Read pickled weights (`pytorch_model.bin`), with torch's
            weights-only reader, where a model has no others.

    Returns:
        The encoder.

    Raises:
        InputError: An argument is unknown or out of range.
        ModelError: The model is not whole, or does not say how it pools.
        MissingExtraError: The engine's packages are not installed.
        NetworkError: A hub model is neither in the cache nor to be had.

    Example:
        >>> import munjang
        >>> munjang.load(max_tokens=128, prompt="")
        SentenceEncoder('munjang-small-ko', engine=openvino int8, dim=384, max_tokens=128)
    """
    if engine is not None and engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if threads is not None and threads < 1:
        raise InputError("threads must be at least 1", found=str(threads))
    if is_address(str(model)):
        raise InputError(
            "a model on a server is not loaded",
            fix='munjang.open_endpoint("http://HOST/v1#MODEL")',
        )
    folder, name = find_folder(str(model), revision=revision, allow_pickle=allow_pickle)
    if (folder / MANIFEST).is_file():
        manifest = _read_for(engine, folder)
        _refuse_torch_options(pooling, device)
        return _load_exported(folder, manifest, prompt, max_tokens, nfc, threads)
    if engine not in (None, "torch"):
        raise ModelError(
            f"{model} holds no {engine} graph",
            found="torch weights",
            fix=f"munjang export {model} --to {engine} --out DIR, then load DIR",
        )
    plan = zoo.how_to_pool(folder, name, pooling=pooling, allow_pickle=allow_pickle)
    opened = open_sentence_transformer(folder, plan, device=device, threads=threads)
    return SentenceEncoder(
        name or folder.name,
        TransformersTokenizer(opened),
        TorchEngine(opened),
        max_tokens=_check_limit(max_tokens, token_limit(opened)),
        prompt=plan.prompt if prompt is None else prompt,
        nfc=nfc,
    )


def _read_for(engine: str | None, folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    if engine not in (None, manifest.engine):
        raise ModelError(
            f"{folder} was exported for another engine",
            found=manifest.engine,
            fix=f"leave engine out, or export its source for {engine}",
        )
    check_files(folder, manifest)
    return manifest


def _load_exported(
    folder: Path,
    manifest: Manifest,
    prompt: str | None,
    max_tokens: int | None,
    nfc: bool,
    threads: int | None,
) -> SentenceEncoder:
    limit = _check_limit(max_tokens, manifest.max_tokens)
    graph = folder / GRAPHS[manifest.engine]
    kind = OpenVINOEngine if manifest.engine == "openvino" else OnnxEngine
    made: Engine = kind(graph, precision=manifest.precision, dim=manifest.dim, threads=threads)
    return SentenceEncoder(
        manifest.name,
        JsonTokenizer(folder / TOKENIZER, manifest.pad_id),
        made,
        max_tokens=limit,
        prompt=manifest.prompt if prompt is None else prompt,
        nfc=nfc,
    )


def _refuse_torch_options(pooling: str | None, device: str | None) -> None:
    if pooling is not None:
        raise InputError(
            "pooling cannot be chosen for an exported model",
            found=pooling,
            fix="it is inside the graph: leave pooling out",
        )
    if device is not None:
        raise InputError(
            "device cannot be chosen for an exported model",
            found=device,
            fix="it runs on the CPU: leave device out, or load torch weights",
        )


def find_folder(
    model: str, *, revision: str | None = None, allow_pickle: bool = False
) -> tuple[Path, str | None]:
    """Finds the folder of a model, fetched from the hub where it has to be.

    Args:
        model: As for `load`.
        revision: A commit, tag or branch of a hub model.
        allow_pickle: Fetch pickled weights too.

    Returns:
        The folder, and the hub id where there is one.

    Raises:
        ModelError: There is no such model.
        NetworkError: A hub model is neither in the cache nor to be had.
    """
    if model in SHIPPED:
        return SHIPPED[model], None
    with suppress(OSError, RuntimeError):  # too long for a path; the ~ of nobody
        folder = Path(model).expanduser()
        if folder.is_dir():
            known = zoo.find(model)
            return folder, known.name if known else None
        if folder.exists():
            raise ModelError(f"{model} is a file", fix="name the folder of the model")
    if model.count("/") != 1 or model.startswith(_PATHS):
        raise ModelError(f"no model at {model}", fix=_name_a_model(model))
    return _download(model, revision=revision, allow_pickle=allow_pickle), model


def _name_a_model(model: str) -> str:
    """What to write instead of a name that leads nowhere."""
    if not model.startswith(_PATHS) and _LIKE_ADDRESS.search(model):
        address = f"http://{model.rpartition('://')[2]}"
        return address if "#" in address else f"{address}#MODEL"
    return "'default', 'tiny', a folder, or a hub id such as 'jhgan/ko-sroberta-multitask'"


def _download(model: str, *, revision: str | None, allow_pickle: bool) -> Path:
    silence_telemetry()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    patterns = [*_HUB_FILES, *(["*pytorch_model*.bin"] if allow_pickle else [])]
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=patterns))
    except HFValidationError as error:
        raise ModelError(
            f"{model!r} is not a hub id", found=str(error), fix=_name_a_model(model)
        ) from error
    except Exception as error:  # the hub's HTTP library, and so its errors, differ by version
        raise _explain_download(model, error) from error


def _explain_download(model: str, error: Exception) -> MunjangError:
    from huggingface_hub.errors import LocalEntryNotFoundError

    offline_fix = "connect once to fetch it, or name a folder; munjang.load() needs no network"
    if isinstance(error, LocalEntryNotFoundError):
        return NetworkError(
            f"{model} is not whole in the local cache and the hub cannot be reached",
            fix=offline_fix,
        )
    found = (str(error).strip() or type(error).__name__).splitlines()[0]
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403, 404):
        return ModelError(
            f"the hub does not give {model}",
            found=found,
            fix="check the name on huggingface.co; gated models need `hf auth login`",
        )
    return NetworkError(f"{model} could not be fetched", found=found, fix=offline_fix)


def _check_limit(max_tokens: int | None, limit: int) -> int:
    if max_tokens is None:
        return limit
    if not 3 <= max_tokens <= limit:
        raise InputError(
            "max_tokens is out of range", found=str(max_tokens), fix=f"3 to {limit} for this model"
        )
    return max_tokens
