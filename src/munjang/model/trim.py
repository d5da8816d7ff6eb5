"""A model's vocabulary cut to what a text uses, and nothing written unless it stays good.

In a small multilingual encoder most parameters are rows for pieces of other languages.
Without them the model is smaller on disk and in memory. Its speed stays, as long as
sentences are still cut into as many tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.encode.loading import find_folder
from munjang.errors import InputError, ModelError
from munjang.files import whole_folder
from munjang.model.build import as_encoder, build_encoder, own_prompt
from munjang.model.derived import (
    check_target,
    copy_legal_files,
    refuse_exported,
    save_encoder,
)
from munjang.model.embeddings import count_rows, cut_embeddings, named_ids, stored_dtype
from munjang.model.pieces import choose_pieces, count_pieces
from munjang.model.trim_card import read_source_card, write_trim_card
from munjang.model.trim_gate import LIMITS, TrimResult, compare, pass_gate, take_snapshot
from munjang.model.vocabulary import cut_tokenizer, order_kept, read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sentence_transformers import SentenceTransformer

    from munjang.data.rows import ScoredPair
    from munjang.model.export import GateLimits
    from munjang.model.pieces import TextCount
    from munjang.model.trim_gate import Snapshot
    from munjang.model.vocabulary import Vocabulary


def choose_limits(*, min_cosine: float | None = None, max_drop: float | None = None) -> GateLimits:
    """The usual limits, with what the user sets otherwise.

    Example:
        >>> choose_limits(max_drop=1.0)
        GateLimits(min_cosine=0.98, max_drop=1.0)
    """
    return type(LIMITS)(
        min_cosine=LIMITS.min_cosine if min_cosine is None else min_cosine,
        max_drop=LIMITS.max_drop if max_drop is None else max_drop,
    )


def trim_model(
    model: str | Path,
    out: str | Path,
    *,
    texts: Iterable[str],
    pieces: int,
    pairs: Sequence[ScoredPair] = (),
    limits: GateLimits = LIMITS,
    pooling: str | None = None,
    normalize: bool | None = None,
    prompt: str | None = None,
    overwrite: bool = False,
    allow_pickle: bool = False,
    progress: bool = False,
) -> TrimResult:
    """Cuts a model's vocabulary, measures the result, and writes it only if it is good.

    What is written is a sentence-transformers folder: the same modules and prompts, weights
    in the precision in which they were stored, a tokenizer.json whose ids are renumbered in
    their old order, and a card with the measured table and the source's front matter. What
    is measured is that folder, read again.

    Args:
        model: Torch weights: a sentence-transformers folder, a plain transformers folder,
            or a hub id.
        out: The folder to write; must not exist unless `overwrite`.
        texts: Sentences like those that the model will see; read once. Every tenth is not
            counted, but measured.
        pieces: How many pieces to keep; see `choose_pieces`.
        pairs: Scored pairs, for the correlation before and after. Never the test set.
        limits: The gate.
        pooling: As in `build_encoder`, for a folder that does not say it.
        normalize: As in `build_encoder`.
        prompt: Put before every sentence by the model itself; its own when None.
        overwrite: Replace `out` if it is a sentence-transformers folder.
        allow_pickle: Read pickled weights where the model has no others.
        progress: Show progress bars on stderr.

    Returns:
        What was cut and measured.

    Raises:
        GateError: Beyond the limits; nothing was written.
        InputError: `pieces` is too small or too large, there is too little text or only one
            pair, or `out` is taken.
        ModelError: The model cannot be read, is exported or static, or its vocabulary cannot
            be cut.
        NetworkError: A hub model is nowhere.
        MissingExtraError: The extra `train` is not installed.
    """
    if len(pairs) == 1:
        raise InputError("a correlation needs at least 2 scored pairs", found="1")
    folder, hub_id = find_folder(str(model), allow_pickle=allow_pickle)
    target = Path(out)
    refuse_exported(folder, str(model), verb="trim")
    check_target(target, [folder], overwrite=overwrite)
    card = read_source_card(folder, hub_id)
    opened = build_encoder(
        model,
        pooling=pooling,
        normalize=normalize,
        prompt=prompt,
        device="cpu",
        allow_pickle=allow_pickle,
    )
    vocabulary = _read_tokenizer(opened, str(model))
    count, kept = _choose(opened, vocabulary, texts, pieces, progress=progress)
    name, dtype = hub_id or folder.name, stored_dtype(folder)

    def measure(model: SentenceTransformer, vocabulary: Vocabulary) -> Snapshot:
        return take_snapshot(
            model,
            as_encoder(model, name),
            vocabulary,
            held=count.held,
            pairs=pairs,
            dtype=dtype,
            progress=progress,
        )

    before = measure(opened, vocabulary)
    _cut(opened, vocabulary, kept)
    with whole_folder(target) as work:
        save_encoder(opened, work, dtype)
        written = build_encoder(work, device="cpu")
        after = measure(written, _read_tokenizer(written, str(work)))
        result = TrimResult(
            source=str(model),
            kind=vocabulary.kind,
            before=before.side,
            after=after.side,
            counted=count.sentences,
            used=int(np.count_nonzero(count.counts)),
            held_out=len(count.held),
            pairs=len(pairs),
            license=card.license,
            **compare(before, after, kept),
        )
        pass_gate(result, limits)
        copy_legal_files([folder], work)
        write_trim_card(work, result, card, title=target.name)
    return result


def _read_tokenizer(model: SentenceTransformer, name: str) -> Vocabulary:
    first: Any = model[0]  # whose processor is the tokenizer, where it reads text alone
    backend = getattr(first.processor, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(
            f"the tokenizer of {name} has no tokenizer.json form, and no other can be cut",
            found=type(first.processor).__name__,
            fix="save it with transformers as a fast tokenizer first",
        )
    vocabulary = read_vocabulary(backend)
    backbone: Any = model.transformers_model
    rows = count_rows(backbone)
    highest = max(vocabulary.ids.values())
    if highest >= rows:
        raise ModelError(
            f"the tokenizer of {name} does not belong to its weights",
            found=f"ids up to {highest:,}, {rows:,} embeddings",
            fix="the tokenizer that it was trained with, or resize_token_embeddings and save it",
        )
    return vocabulary


def _choose(
    model: SentenceTransformer,
    vocabulary: Vocabulary,
    texts: Iterable[str],
    pieces: int,
    *,
    progress: bool,
) -> tuple[TextCount, list[int]]:
    """Counts the pieces of the texts, and chooses which to keep: the old id of each new one."""
    tokenizer = vocabulary.tokenizer()
    count = count_pieces(
        tokenizer,
        texts,
        size=max(vocabulary.ids.values()) + 1,
        prompt=own_prompt(model),
        progress=progress,
    )
    backbone: Any = model.transformers_model
    needed = named_ids(backbone)
    for prompt in model.prompts.values():
        needed.update(tokenizer.encode(prompt).ids)
    return count, order_kept(
        vocabulary, choose_pieces(vocabulary, count, size=pieces, needed=needed)
    )


def _cut(model: SentenceTransformer, vocabulary: Vocabulary, kept: Sequence[int]) -> None:
    """Cuts a model's tokenizer and embeddings, in place."""
    from transformers import PreTrainedTokenizerFast

    first: Any = model[0]
    old = first.processor
    options = {
        name: getattr(old, name)
        for name in (
            "model_max_length",
            "padding_side",
            "truncation_side",
            "model_input_names",
            "clean_up_tokenization_spaces",
            "extra_special_tokens",
        )
    }
    made = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # transformers has it so
        tokenizer_object=cut_tokenizer(vocabulary, kept), **old.special_tokens_map, **options
    )
    made.chat_template = old.chat_template
    first.processor = made
    backbone: Any = model.transformers_model
    cut_embeddings(backbone, kept)
