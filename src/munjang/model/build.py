"""A backbone and a pooling to a sentence-transformers model that is ready to train.

Only sentence-transformers' own modules are used, so that what is saved loads anywhere
without code of ours. What the backbones of the field need besides is done here:

| backbone | what is done |
|---|---|
| BERT, RoBERTa (klue/…) | no more tokens than there are positions for |
| KoBERT (skt/kobert-base-v1, monologg/kobert) | a fast tokenizer, padding id 1; see `kobert` |
| BART (gogamza/kobart-base-v2) | its tokenizer adds <s> and </s>, which it does not by itself; |
| | tokens are the decoder's last states, whose input is the sentence shifted right behind |
| | the start token of the config; "encoder-mean" takes the encoder alone |
| T5 (KETI-AIR/ke-t5-base) | tokens are the encoder's states; the tokenizer adds </s> |

How KoSentenceT5 and KoSentenceBART pooled was never published; their decoders began with a
new token [CLS], where ours begins with the one that BART was trained with.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from munjang.encode import zoo
from munjang.encode.encoder import SentenceEncoder
from munjang.encode.engines import (
    TorchEngine,
    TransformersTokenizer,
    open_sentence_transformer,
    token_limit,
)
from munjang.encode.folder import MANIFEST
from munjang.encode.loading import find_folder
from munjang.errors import InputError, MissingExtraError, ModelError, unknown_name
from munjang.model.kobert import with_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from peft.tuners.lora import LoraModel
    from sentence_transformers import SentenceTransformer
    from torch import nn

    from munjang.encode.zoo import PoolingPlan

POOLINGS = ("cls", "mean", "lasttoken", "max", "encoder-mean")
"""How tokens become a vector: the first token, the mean, the last one (where that is the end
token), the maximum of each dimension; or, for a BART, the mean of the encoder's tokens."""

_ENCODER_STATE = "encoder_last_hidden_state"


def build_encoder(
    base: str | Path,
    *,
    pooling: str | None = None,
    normalize: bool | None = None,
    prompt: str | None = None,
    layers: int | None = None,
    device: str | None = None,
    allow_pickle: bool = False,
) -> SentenceTransformer:
    """Builds the encoder that a recipe trains.

    Weights are float32. Those that the base lacks (such as the pooler of klue/roberta-base)
    are drawn from a fixed seed, and those that no vector depends on are frozen.

    Args:
        base: A sentence-transformers folder, a plain transformers folder or a hub id.
        pooling: One of `POOLINGS`; what modules.json or the zoo says when None. A pooling
            other than the base's own replaces everything after the backbone except the
            normalisation.
        normalize: Whether vectors leave with length 1; as the base has it when None.
        prompt: Put before every sentence by the model itself, once it is saved too; "" for
            none, the base's own when None.
        layers: Keep so many layers, evenly spread, the first and the last among them.
        device: A torch device; the best one there is when None.
        allow_pickle: Read pickled weights where the base has no others.

    Returns:
        The model. Its `max_seq_length` is what the backbone can take, at most.

    Raises:
        InputError: The pooling is unknown or not for this backbone, or `layers` are more
            than there are or of an architecture that cannot lose some.
        ModelError: The base is not whole, is exported, or nobody says how it pools.
        NetworkError: A hub model is neither in the cache nor to be had.
        MissingExtraError: The extra `train` is not installed.
    """
    if pooling is not None and pooling not in POOLINGS:
        raise unknown_name("pooling", pooling, POOLINGS)
    folder, name = find_folder(str(base), allow_pickle=allow_pickle)
    if (folder / MANIFEST).is_file():
        raise ModelError(
            f"{base} is an exported model, and those cannot be trained",
            found=MANIFEST,
            fix="name the folder or the hub id that it was exported from",
        )
    with with_tokenizer(folder) as whole, _fixed_draw():
        plan = _choose_plan(whole, name, pooling, allow_pickle)
        model = open_sentence_transformer(whole, plan, device=device)
        _check_weights(whole, model, base)
    backbone: Any = model.transformers_model
    if whole != folder:
        backbone.config._name_or_path = model.tokenizer.name_or_path = str(base)
    if plan.pooling is not None:
        _add_special_tokens(model)
    _replace_modules(model, pooling, normalize)
    if layers is not None:
        keep_layers(model, layers)
    _set_prompt(model, plan.prompt if prompt is None else prompt)
    model.max_seq_length = token_limit(model)
    _freeze_unused(model)
    return model


def as_encoder(model: SentenceTransformer, name: str) -> SentenceEncoder:
    """Wraps a model that is in memory as `munjang.load` wraps one that is on disk.

    Args:
        model: What `build_encoder` gives; it is put into eval mode.
        name: What tables call it.
    """
    return SentenceEncoder(
        name,
        TransformersTokenizer(model),
        TorchEngine(model),
        max_tokens=token_limit(model),
        prompt=own_prompt(model),
    )


def own_prompt(model: SentenceTransformer) -> str:
    """What a model puts before every sentence by itself; "" for nothing."""
    return model.prompts.get(model.default_prompt_name or "") or ""


def _check_weights(folder: Path, model: SentenceTransformer, base: str | Path) -> None:
    """Refuses weights of another architecture, in whose place transformers draws new ones."""
    from safetensors import safe_open

    found: set[str] = set()
    for path in folder.rglob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            found.update(file.keys())
    backbone: Any = model.transformers_model
    wanted = list(backbone.state_dict())
    ends = {".".join(name.split(".")[cut:]) for name in found for cut in (0, 1, 2)}
    missing = [name for name in wanted if name not in ends]
    if found and len(missing) > len(wanted) / 2:
        raise ModelError(
            f"the weights of {base} are not those of a {type(backbone).__name__}",
            found=f"{len(wanted) - len(missing)} of its {len(wanted)} tensors",
            fix="the config.json that belongs to these weights",
        )


def keep_layers(model: SentenceTransformer, layers: int) -> None:
    """Keeps some of a backbone's layers, evenly spread, and says so in its config.

    Args:
        model: A model on a BERT, a RoBERTa, an XLM-R, an ELECTRA or a T5 encoder; it is
            changed.
        layers: How many to keep. From 2 on the first and the last are among them.

    Raises:
        InputError: There are not so many, or the architecture is another.
    """
    from torch import nn

    backbone: Any = model.transformers_model
    encoder = getattr(backbone, "encoder", None)
    place = "block" if hasattr(encoder, "block") else "layer"
    stack = getattr(encoder, place, None)
    if not isinstance(stack, nn.ModuleList):
        raise InputError(
            "layers can be left out of a BERT, RoBERTa, XLM-R, ELECTRA or T5 encoder only",
            found=type(backbone).__name__,
            fix="leave layers out, or take another base",
        )
    if not 1 <= layers <= len(stack):
        raise InputError(
            "layers is out of range", found=str(layers), fix=f"1 to {len(stack)} for this base"
        )
    step = (len(stack) - 1) / max(1, layers - 1)
    setattr(encoder, place, nn.ModuleList([stack[int(n * step + 0.5)] for n in range(layers)]))
    backbone.config.num_hidden_layers = layers


@dataclass(frozen=True, slots=True)
class Lora:
    """Adapters inside a model, until `merge_lora`.

    Attributes:
        model: The model that they are in.
        adapters: What peft keeps of them.
        trained: Names of the weights that were trained before they came.
    """

    model: SentenceTransformer
    adapters: LoraModel
    trained: frozenset[str]


def add_lora(model: SentenceTransformer, rank: int) -> Lora:
    """Puts trainable adapters on a backbone's linear layers and freezes all else.

    Hu et al. 2021 (arXiv:2106.09685), scaled by alpha / rank = 2, without dropout. Until
    they are merged, the model's state dict has the adapters in it and another key for
    every adapted weight: merge before saving a model folder.

    Args:
        model: What `build_encoder` gives; it is changed.
        rank: The rank of the adapters.

    Returns:
        The handle for `merge_lora`.

    Raises:
        InputError: `rank` is below 1, or the backbone has no linear layers.
        MissingExtraError: peft is not installed.
    """
    if rank < 1:
        raise InputError("the rank of LoRA adapters must be at least 1", found=str(rank))
    try:
        from peft import LoraConfig
        from peft.tuners.lora import LoraModel
    except ImportError as error:
        raise MissingExtraError("LoRA", "train") from error
    from torch import nn

    backbone: Any = model.transformers_model
    targets = [
        name
        for name, module in backbone.named_modules()
        if isinstance(module, nn.Linear) and module.weight.requires_grad
    ]
    if not targets:
        raise InputError(
            "LoRA needs a backbone with linear layers",
            found=type(backbone).__name__,
            fix="leave lora_rank out, or take another base",
        )
    trained = frozenset(name for name, weight in model.named_parameters() if weight.requires_grad)
    model.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets)
    return Lora(model, LoraModel(backbone, config, "default"), trained)


def merge_lora(lora: Lora) -> None:
    """Adds the adapters to the weights that they adapt and removes them.

    The model is a plain one again, with the same keys and, up to rounding, the same
    vectors; what was trained before the adapters came can be trained again.

    Args:
        lora: What `add_lora` gave.
    """
    lora.adapters.merge_and_unload()
    for name, weight in lora.model.named_parameters():
        weight.requires_grad_(name in lora.trained)


def _choose_plan(
    folder: Path, name: str | None, pooling: str | None, allow_pickle: bool
) -> PoolingPlan:
    """How the folder is opened; `pooling` is put on what has modules of its own later."""
    own = (folder / "modules.json").is_file()
    if pooling is None and not own and zoo.find(name or folder) is None:
        raise ModelError(
            f"{name or folder} does not say how it pools: it has no modules.json and is no known "
            "checkpoint",
            fix=f"set pooling to one of {', '.join(POOLINGS)}",
        )
    asked = None if own or pooling is None else "mean"
    plan = zoo.how_to_pool(folder, name, pooling=asked, allow_pickle=allow_pickle)
    return plan if asked is None else replace(plan, pooling=_mode(pooling))


def _mode(pooling: str | None) -> str:
    return str(pooling).removeprefix("encoder-")


def _replace_modules(
    model: SentenceTransformer, pooling: str | None, normalize: bool | None
) -> None:
    from sentence_transformers.base.modules import Normalize
    from sentence_transformers.sentence_transformer.modules import Pooling

    backbone: Any = model[0]
    rest: list[nn.Module] = list(model)[1:]
    ends = bool(rest) and isinstance(rest[-1], Normalize)
    if ends:
        rest.pop()
    said = [module.pooling_mode for module in rest if isinstance(module, Pooling)]
    if pooling is not None:
        _choose_states(backbone, pooling)
        if said != [_mode(pooling)]:
            rest = [Pooling(backbone.get_embedding_dimension(), _mode(pooling))]
    if ends if normalize is None else normalize:
        rest.append(Normalize())
    while len(model) > 1:
        del model[-1]
    model.extend(rest)


def _choose_states(backbone: Any, pooling: str) -> None:  # noqa: ANN401 - any module of theirs
    """Makes a BART give its encoder's states, or checks that it still has a decoder."""
    from torch import nn

    inner = backbone.auto_model
    if inner.config.model_type != "bart":
        if pooling == "encoder-mean":
            raise InputError(
                "encoder-mean is for a BART, which has a decoder too",
                found=type(inner).__name__,
                fix="pooling mean",
            )
    elif pooling == "encoder-mean":
        # The decoder is run all the same, so that it is left without layers.
        inner.decoder.layers = nn.ModuleList()
        inner.config.decoder_layers = 0
        for modality in backbone.modality_config.values():
            modality["method_output_name"] = _ENCODER_STATE
    elif inner.config.decoder_layers == 0:
        raise InputError(
            f"pooling {pooling} takes the states of a decoder, and this BART has none left",
            found="decoder_layers 0",
            fix="pooling encoder-mean",
        )


def _add_special_tokens(model: SentenceTransformer) -> None:
    """Has the tokenizer of a bare BART or T5 put the tokens that the model was trained with."""
    from tokenizers.processors import TemplateProcessing

    backbone: Any = model.transformers_model
    config, tokenizer = backbone.config, model.tokenizer
    if config.model_type not in ("bart", "t5", "mt5"):
        return
    first = [tokenizer.bos_token] if config.model_type == "bart" else []
    wanted = [*first, tokenizer.eos_token]
    if None in wanted:
        raise ModelError(
            f"the tokenizer of {config._name_or_path} names no start or no end token",
            found=f"bos_token {tokenizer.bos_token}, eos_token {tokenizer.eos_token}",
            fix="name them in its tokenizer_config.json",
        )
    ids = [tokenizer.convert_tokens_to_ids(token) for token in wanted]
    found = tokenizer("가")["input_ids"]
    if found[-1] != ids[-1] or (first and found[0] != ids[0]):
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single=" ".join([*first, "$A", wanted[-1]]),
            pair=" ".join([*first, "$A", wanted[-1], "$B:1", f"{wanted[-1]}:1"]),
            special_tokens=list(zip(wanted, ids, strict=True)),
        )
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    if first and config.decoder_start_token_id is None:
        config.decoder_start_token_id = ids[-1]  # as BART has it


def _set_prompt(model: SentenceTransformer, prompt: str) -> None:
    if prompt != own_prompt(model):
        model.prompts = {"query": prompt} if prompt else {}
        model.default_prompt_name = "query" if prompt else None


def _freeze_unused(model: SentenceTransformer) -> None:
    """Freezes what gets no gradient, which several processes would wait for in vain."""
    first: Any = model[0]
    states = [each["method_output_name"] for each in first.modality_config.values()]
    backbone: Any = model.transformers_model
    unused = []
    if states == ["last_hidden_state"] and hasattr(backbone, "pooler"):
        unused.append(backbone.pooler)
    if states == [_ENCODER_STATE]:
        unused += [backbone.decoder.embed_positions, backbone.decoder.layernorm_embedding]
    for module in unused:
        if module is not None:
            module.requires_grad_(False)


@contextmanager
def _fixed_draw() -> Iterator[None]:
    """Draws from a seed of its own within, and leaves torch's generator as it was."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("building a model", "train") from error
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        yield
