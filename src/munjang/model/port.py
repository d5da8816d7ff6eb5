"""Legacy checkpoints to sentence-transformers folders of today, with the same vectors."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.encode import zoo
from munjang.encode.engines import open_sentence_transformer, silence_telemetry, token_limit
from munjang.errors import GateError, InputError, MissingExtraError, ModelError, unknown_name
from munjang.files import whole_folder
from munjang.model.derived import check_target
from munjang.model.legacy import MODULES, open_file, open_folder
from munjang.model.parity import BATCH, SENTENCES, read_by_hand
from munjang.model.plain_card import UNSTATED, plain_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

    from munjang.encode.zoo import PoolingPlan
    from munjang.model.legacy import Checkpoint
    from munjang.model.parity import ByHand

LIMIT = 1e-5
"""The most that a component of a vector may differ."""

POOLINGS = (*zoo.POOLINGS, "pooler")
"""What a user may ask for: `zoo.POOLINGS`, or what BERT's own pooler (a dense layer and tanh
on the CLS vector) gives, on which KoSimCSE-SKT and KoSimCSE before May 2022 were trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortResult:
    """What a port did, and how far its vectors are from the source's.

    Attributes:
        source: What was ported, as the user named it.
        kind: What it was: "file of tensors", "transformers" or "sentence-transformers".
        modules: The modules of the folder that was written, in order.
        why: Who says that it pools like this.
        prompt: What the folder puts before every sentence.
        max_tokens: Where it cuts a sentence, special tokens included.
        dim: The dimension of its vectors.
        sentences: How many sentences were compared.
        difference: The largest difference between two components of a vector.
        license: The licence of the weights, as far as munjang knows.
        notes: What else should be known, a line each.
    """

    source: str
    kind: str
    modules: str
    why: str
    prompt: str
    max_tokens: int
    dim: int
    sentences: int
    difference: float
    license: str
    notes: tuple[str, ...]


def port_checkpoint(
    checkpoint: str | Path,
    out: str | Path,
    *,
    base: str | Path | None = None,
    pooling: str | None = None,
    normalize: bool | None = None,
    texts: Sequence[str] = (),
    revision: str | None = None,
    allow_pickle: bool = False,
    overwrite: bool = False,
) -> PortResult:
    """Ports a checkpoint to a sentence-transformers folder and proves it the same.

    The source's vectors are worked out by hand (`munjang.model.parity`), those of the
    port by sentence-transformers from the folder as it was written. The folder gets a card.

    Args:
        checkpoint: A file of tensors (.pt, .bin, .safetensors), a folder, or a hub id.
        out: The folder to write; must not exist unless `overwrite`.
        base: For a file of tensors: the folder or hub id that it was trained from, which
            gives config and tokenizer; its weights are not used.
        pooling: One of `POOLINGS`, where neither the folder nor the zoo says it.
        normalize: Whether vectors end with length 1, where the folder does not say it;
            None for what the zoo says, else no.
        texts: Sentences to compare on, beside munjang's own.
        revision: A commit, tag or branch of a hub model.
        allow_pickle: Read a folder's `pytorch_model.bin`, weights-only, where there is
            nothing else. A file that is named as the checkpoint needs no leave.
        overwrite: Replace `out` if it is a sentence-transformers folder.

    Returns:
        What was written, and the largest difference.

    Raises:
        GateError: A component of a vector differs by more than `LIMIT`; nothing was written.
        InputError: An argument is unknown, missing or superfluous; `out` is taken.
        ModelError: The checkpoint cannot be read, does not fit its base, or nobody says
            how it pools.
        NetworkError: A hub model is nowhere.
        MissingExtraError: The extra `train` is not installed.
    """
    if pooling is not None and pooling not in POOLINGS:
        raise unknown_name("pooling", pooling, POOLINGS)
    _need_train()
    target = Path(out)
    check_target(target, (), overwrite=overwrite)
    with ExitStack() as stack:
        work = stack.enter_context(whole_folder(target))
        beside = tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent)
        scratch = Path(stack.enter_context(beside))
        if _is_file(checkpoint):
            file = Path(checkpoint)
            source = open_file(file, base=base, pooling=pooling, scratch=scratch, stack=stack)
        else:
            source = open_folder(
                str(checkpoint),
                revision=revision,
                allow_pickle=allow_pickle,
                scratch=scratch,
                stack=stack,
            )
            _refuse_base(base, source)
        plan = _make_plan(source, pooling, normalize, allow_pickle=allow_pickle)
        model = _open(source, plan, pooling)
        first: Any = model[0]
        by_hand = read_by_hand(
            source,
            type(first.auto_model),
            pooling=pooling or plan.pooling,
            normalize=plan.normalize,
            max_tokens=token_limit(model),
            prompt=plan.prompt,
        )
        _save(model, work, lower=by_hand.lower)
        sentences = [*SENTENCES, *texts]
        difference = _compare(by_hand, work, sentences, str(checkpoint))
        result = PortResult(
            source=str(checkpoint),
            kind=source.kind,
            modules=_describe(model),
            why=plan.why,
            prompt=plan.prompt,
            max_tokens=token_limit(model),
            dim=int(model.get_embedding_dimension() or 0),
            sentences=len(sentences),
            difference=difference,
            license=source.known.license if source.known else UNSTATED[0],
            notes=source.notes + ((source.known.note,) if source.known else ()),
        )
        _write_card(work, result, name=target.name, origin=source.name)
    return result


def _need_train() -> None:
    silence_telemetry()
    try:
        import sentence_transformers  # noqa: F401 - the error names the extra that brings it
    except ImportError as error:
        raise MissingExtraError("porting", "train") from error


def _is_file(checkpoint: str | Path) -> bool:
    try:
        return Path(checkpoint).is_file()
    except OSError:  # too long for a path
        return False


def _refuse_base(base: str | Path | None, source: Checkpoint) -> None:
    if base is not None:
        raise InputError(
            "base is only for a file of tensors: a folder brings its own config",
            found=str(source.folder),
            fix="leave base (--base) out, or name the file",
        )


def _make_plan(
    source: Checkpoint, pooling: str | None, normalize: bool | None, *, allow_pickle: bool
) -> PoolingPlan:
    asked = "cls" if pooling == "pooler" else pooling
    plan = zoo.how_to_pool(source.folder, source.name, pooling=asked, allow_pickle=allow_pickle)
    if source.modules and (pooling == "pooler" or normalize not in (None, plan.normalize)):
        raise ModelError(
            f"pooling={pooling!r}, normalize={normalize} contradicts {source.folder / MODULES}",
            found=plan.why,
            fix="leave them out, or remove modules.json from a copy of the folder",
        )
    if pooling == "pooler":
        plan = replace(plan, why=plan.why.replace("'cls'", "'pooler'", 1))
    return plan if normalize is None else replace(plan, normalize=normalize)


def _open(source: Checkpoint, plan: PoolingPlan, pooling: str | None) -> SentenceTransformer:
    """Builds the port in memory, with its prompt and its limit."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # for a pooler that is not there and that nobody uses
        model = open_sentence_transformer(source.folder, plan, device="cpu")
    if pooling == "pooler":
        model = _with_pooler(model)
    known = source.known
    if known is not None and known.prompt and model.default_prompt_name is None:
        model.prompts = {**model.prompts, **known.prompts}
        model.default_prompt_name = known.symmetric
    limit = token_limit(model)
    model.max_seq_length = min(limit, (known and known.max_tokens) or limit)
    return model


def _with_pooler(model: SentenceTransformer) -> SentenceTransformer:
    """Puts BERT's pooler behind the CLS vector, as a Dense module."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense

    dense = getattr(getattr(model.transformers_model, "pooler", None), "dense", None)
    if dense is None:
        raise ModelError(
            "this architecture has no pooler to pool with",
            found=type(model.transformers_model).__name__,
            fix='pooling="cls" or "mean"',
        )
    module = Dense(
        dense.in_features,
        dense.out_features,
        activation_function=torch.nn.Tanh(),
        init_weight=dense.weight.detach().clone(),
        init_bias=dense.bias.detach().clone(),
    )
    first, pool, *rest = model
    return SentenceTransformer(modules=[first, pool, module, *rest], device="cpu")


def _save(model: SentenceTransformer, work: Path, *, lower: bool) -> None:
    model.save_pretrained(str(work), create_model_card=False)
    if lower:  # sentence-transformers 6 reads this, and does not write it
        path = work / "sentence_bert_config.json"
        said = json.loads(path.read_text("utf-8")) | {"do_lower_case": True}
        path.write_text(json.dumps(said, indent=4), "utf-8")


def _compare(by_hand: ByHand, work: Path, sentences: Sequence[str], name: str) -> float:
    """The largest difference between the source's vectors and those of the folder."""
    from sentence_transformers import SentenceTransformer

    ported = SentenceTransformer(str(work), device="cpu", local_files_only=True)
    ours = [
        ported.encode(list(sentences[start : start + BATCH]), show_progress_bar=False)
        for start in range(0, len(sentences), BATCH)
    ]
    gaps = np.abs(np.concatenate(ours) - by_hand.encode(sentences)).max(axis=1)
    worst = int(gaps.argmax())  # NaN counts as the largest
    if not gaps[worst] <= LIMIT:
        raise GateError(
            f"the port of {name} gives other vectors and was not written",
            found=f"difference {gaps[worst]:.1e} (limit {LIMIT:.0e}) at {sentences[worst][:40]!r}",
            fix="please report it, with the checkpoint's name and munjang's version",
        )
    return float(gaps[worst])


def _describe(model: SentenceTransformer) -> str:
    parts = []
    for module in model:
        modes = getattr(module, "pooling_mode", ())
        said = modes if isinstance(modes, str) else "+".join(modes)
        parts.append(type(module).__name__ + (f" ({said})" if said else ""))
    return " > ".join(parts)


def _write_card(folder: Path, result: PortResult, *, name: str, origin: str | None) -> None:
    shown = origin or Path(result.source).name
    gap = f"{result.difference:.1e}"
    card = plain_card(
        folder,
        title=name,
        about_ko=f"{shown} 체크포인트를 munjang으로 sentence-transformers 형식에 옮긴 것입니다. "
        f"원본의 벡터와 문장 {result.sentences}개에서 성분마다 {gap} 넘게 다르지 않습니다.",
        about_en=f"{shown}, ported to sentence-transformers by munjang. On {result.sentences} "
        f"sentences no component of a vector differs from the source's by more than {gap}.",
        license=result.license,
        base_model=origin,
    )
    (folder / "README.md").write_text(card, "utf-8")
