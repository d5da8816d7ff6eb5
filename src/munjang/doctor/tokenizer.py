"""Whether a tokenizer fits the weights beside it, and Korean."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

from munjang.doctor.findings import Finding, percent
from munjang.doctor.twins import TWINS
from munjang.doctor.vocabulary import read_settings, transformer_folder
from munjang.encode.folder import MANIFEST, read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from munjang.doctor.findings import Level
    from munjang.doctor.vocabulary import Vocabulary
    from munjang.doctor.weights import Tables

_SPARE_SHARE = 0.9
"""Tables are padded to round numbers; with fewer tokens than this it is another's table."""

_WARNING_UNKNOWN, _PROBLEM_UNKNOWN = 0.01, 0.10
"""Of the tokens of ordinary Korean. The shipped model knows them all."""

_WITH_ENDS = {"bert", "roberta", "xlm-roberta", "electra", "camembert", "distilbert", "mpnet"}
"""Architectures that were trained with special tokens around every text."""

_OFFSET = {"roberta", "xlm-roberta", "camembert", "mpnet"}
"""Architectures that leave out the first `pad_token_id + 1` rows of their position table."""

_ANOTHER = (
    "it is another model's tokenizer: copy tokenizer.json and tokenizer_config.json from the "
    "model that the weights come from"
)
_SENTENCES = tuple(chain.from_iterable(TWINS))


def examine_tokenizer(folder: Path, vocabulary: Vocabulary, tables: Tables) -> list[Finding]:
    """Compares a tokenizer with the weights and with Korean, without running the model.

    Args:
        folder: The model folder.
        vocabulary: Its tokenizer.
        tables: The sizes of its embedding tables.
    """
    return [
        examine_ids(vocabulary, tables.tokens),
        *examine_special_tokens(folder, vocabulary),
        examine_korean(vocabulary),
        *examine_limits(folder, tables.positions),
    ]


def examine_ids(vocabulary: Vocabulary, rows: int | None) -> Finding:
    """Compares the ids that a tokenizer gives with the rows of the embedding table."""
    values = {"tokens": vocabulary.size, "largest_id": vocabulary.largest_id, "rows": rows}
    has = f"{vocabulary.size:,} tokens"
    if rows is None:
        detail = f"{has}; the table of the weights was not found and not compared"
        return Finding("model", "vocabulary", "ok", detail, values=values)
    detail = f"{has} for a table of {rows:,} rows"
    if vocabulary.largest_id >= rows:
        detail = f"ids go up to {vocabulary.largest_id:,}, the weights' table has {rows:,} rows"
        fix = f"{_ANOTHER}; or, if you added tokens, resize_token_embeddings and train them"
        return Finding("model", "vocabulary", "problem", detail, fix, values)
    if vocabulary.size < _SPARE_SHARE * rows:
        return Finding("model", "vocabulary", "warning", detail, f"most likely {_ANOTHER}", values)
    return Finding("model", "vocabulary", "ok", detail, values=values)


def examine_special_tokens(folder: Path, vocabulary: Vocabulary) -> list[Finding]:
    """Compares the special tokens that the files of a model speak of."""
    inner = transformer_folder(folder)
    config = read_settings(inner / "config.json")
    declared = read_settings(inner / "tokenizer_config.json")
    complaints = [
        *_missing_tokens(declared, vocabulary),
        *_other_pads(folder, config, declared, vocabulary),
    ]
    if config.get("model_type") in _WITH_ENDS and not vocabulary.adds_ends:
        complaints.append("no special tokens are put around a sentence (no post-processor)")
    if complaints:
        return [Finding("model", "special tokens", "warning", "; ".join(complaints), _ANOTHER)]
    listed = " ".join(vocabulary.ids) or "none"
    return [Finding("model", "special tokens", "ok", listed, values=vocabulary.ids)]


def examine_korean(vocabulary: Vocabulary) -> Finding:
    """Runs the tokenizer over our own ordinary sentences."""
    encodings = [vocabulary.backend.encode(text, add_special_tokens=False) for text in _SENTENCES]
    tokens = sum(len(encoding.ids) for encoding in encodings)
    unknown = sum(number == vocabulary.unk_id for encoding in encodings for number in encoding.ids)
    words = sum(len(text.split()) for text in _SENTENCES)
    share = unknown / max(1, tokens)
    detail = f"{tokens / words:.1f} tokens an 어절, {percent(share)} unknown"
    values = {
        "tokens_per_word": round(tokens / words, 3),
        "unknown_share": round(share, 5),
        "decomposes": vocabulary.decomposes,
    }
    if share > _WARNING_UNKNOWN:
        level: Level = "problem" if share > _PROBLEM_UNKNOWN else "warning"
        return Finding("model", "Korean", level, detail, _explain_unknown(vocabulary), values)
    if vocabulary.decomposes:
        fix = "nothing to do if its authors meant it; compare its scores with other models"
        return Finding(
            "model", "Korean", "note", f"{detail}; takes Hangul apart into jamo", fix, values
        )
    return Finding("model", "Korean", "ok", detail, values=values)


def examine_limits(folder: Path, positions: int | None) -> list[Finding]:
    """Compares the declared length limit with the positions that the model has."""
    declared, where = _declared_limit(folder)
    if positions is None or declared is None:
        return []
    config = read_settings(transformer_folder(folder) / "config.json")
    unused = 0
    if config.get("model_type") in _OFFSET:
        unused = int(config.get("pad_token_id") or 0) + 1
    usable = positions - unused
    values = {"declared": declared, "positions": usable}
    if declared <= usable:
        detail = f"{declared:,} tokens declared, {usable:,} positions"
        return [Finding("model", "positions", "ok", detail, values=values)]
    exported = where == MANIFEST
    return [
        Finding(
            "model",
            "positions",
            "problem" if exported else "warning",
            f"{where} declares {declared:,} tokens, but there are {usable:,} positions",
            "export the model again, with --max-tokens"
            if exported
            else f"write {usable} there; munjang cuts at it anyway, others fail on long texts",
            values,
        )
    ]


def _missing_tokens(declared: dict[str, Any], vocabulary: Vocabulary) -> list[str]:
    known = vocabulary.backend.get_vocab(with_added_tokens=True)
    named = {
        key: value["content"] if isinstance(value, dict) else value
        for key, value in declared.items()
        if key.endswith("_token") and isinstance(value, (str, dict))
    }
    return [
        f"{key} {token} is not in the vocabulary"
        for key, token in named.items()
        if token not in known
    ]


def _other_pads(
    folder: Path, config: dict[str, Any], declared: dict[str, Any], vocabulary: Vocabulary
) -> list[str]:
    """Where the padding of the tokenizer is not that of the weights."""
    if (folder / MANIFEST).is_file():
        pad_id = read_manifest(folder).pad_id
        near = pad_id in vocabulary.ids.values()
        return [] if near or not vocabulary.ids else [f"padding is {pad_id}, no special token"]
    pad = declared.get("pad_token")
    name = pad["content"] if isinstance(pad, dict) else pad
    theirs = vocabulary.backend.token_to_id(name) if isinstance(name, str) else None
    ours = config.get("pad_token_id")
    if theirs is None or ours is None or theirs == ours:
        return []
    return [f"{name} is {theirs}, but config.json has pad_token_id {ours}"]


def _declared_limit(folder: Path) -> tuple[int | None, str]:
    if (folder / MANIFEST).is_file():
        return read_manifest(folder).max_tokens, MANIFEST
    inner = transformer_folder(folder)
    for name, key in (
        ("sentence_bert_config.json", "max_seq_length"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        limit = read_settings(inner / name).get(key)
        if isinstance(limit, int) and limit < 10**9:  # beyond, transformers means no limit
            return limit, name
    return None, ""


def _explain_unknown(vocabulary: Vocabulary) -> str:
    if vocabulary.decomposes:
        return (
            "its normaliser takes Hangul apart into jamo that it does not know: set "
            "strip_accents to false in tokenizer.json, or end the normaliser with NFC"
        )
    pieces = Counter(chain.from_iterable(vocabulary.unknown_pieces(_SENTENCES)))
    shown = " ".join(piece for piece, _ in pieces.most_common(8))
    return f"its vocabulary lacks {shown}: take a model with a Korean or multilingual tokenizer"
