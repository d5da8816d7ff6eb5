"""Rows as token ids in an Arrow file: made once, read from disk in every epoch and run."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.data.rows import LabeledPair, Pair, Row, ScoredPair, Sentence, Triplet
from munjang.errors import InputError
from munjang.files import hash_file
from munjang.korean.normalize import to_nfc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datasets import Dataset
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

    from munjang.train.recipe import Objective

CLASSES = ("contradiction", "entailment", "neutral")
"""The classes of softmax, by index; the order of KoSBERT's scripts."""

TEXTS = ("sentence1", "sentence2", "anchor", "positive", "negative")
"""The columns that hold token ids."""

DELETED = 0.6
"""The share of a text's tokens that denoising deletes (TSDAE, Wang et al. 2021)."""

_WANTED: dict[str, tuple[type[Row], ...]] = {
    "softmax": (LabeledPair,),
    "cosine": (ScoredPair,),
    "cosent": (ScoredPair,),
    "angle": (ScoredPair,),
    "contrastive": (Triplet, Pair),
    "dropout": (Sentence,),
    "denoise": (Sentence,),
    "distill": (Sentence,),
}
_CHUNK = 10_000
_SUMS = "sums.json"
_FORMAT = 2


def tokenize(
    rows: Sequence[Row],
    tokenizer: PreTrainedTokenizerBase,
    *,
    objective: Objective,
    prompt: str = "",
    max_tokens: int,
    labels: NDArray[np.floating[Any]] | None = None,
    same: Mapping[str, str] | None = None,
    seed: int = 0,
    cache: Path | None = None,
) -> Dataset:
    """Turns rows into token ids, in the columns that an objective's loss wants.

    Decomposed Hangul (NFD) is composed first, as `munjang.load` does in use.

    | objective | rows | text columns | label |
    |---|---|---|---|
    | softmax | `LabeledPair` | sentence1, sentence2 | index in `CLASSES` |
    | cosine, cosent, angle | `ScoredPair` | sentence1, sentence2 | score / 5 |
    | contrastive | `Triplet` or `Pair` | anchor, positive and, of triplets, negative | |
    | dropout | `Sentence` | anchor and positive, the same | |
    | denoise | `Sentence` | sentence1 without 60 % of its tokens, sentence2 | |
    | distill | `Sentence` | sentence1 | the row of `labels` |

    Text columns are lists of int32, special tokens included. Three columns more: "length",
    the tokens of the row's longest text; "cut", whether one of its texts was cut; and, of
    contrastive and dropout rows, "keys", an int64 for each different text or group of
    paraphrases, by which texts that mean the same are kept out of a batch.

    Args:
        rows: One kind of row, at least one.
        tokenizer: The encoder's.
        objective: Decides the columns.
        prompt: Put before every text. Denoising leaves its tokens alone.
        max_tokens: Longer texts are cut; special tokens count and stay.
        labels: float, [rows, dimensions], for "distill" only.
        same: Texts of groups of paraphrases, each with a text that stands for its group.
        seed: Of what denoising deletes; a row's draw depends on the seed and its number.
        cache: The folder of folders named by a hash of all of the above. What is there is
            mapped into memory; what is not is written, whole or not at all, and what is
            damaged is made again. None keeps the ids in memory.

    Raises:
        InputError: Rows that the objective cannot use, labels missing or of another number,
            a class that is not in `CLASSES`, a cache that cannot be written.
    """
    _check(rows, objective, labels, max_tokens)
    texts = _text_columns(rows)
    stands_for = {to_nfc(text): to_nfc(first) for text, first in (same or {}).items()}
    vectors = None if labels is None else np.ascontiguousarray(labels, dtype=np.float32)

    def build() -> Dataset:
        from datasets import concatenate_datasets

        return concatenate_datasets(
            [
                _tokenize_chunk(
                    {name: column[start : start + _CHUNK] for name, column in texts.items()},
                    _labels(rows[start : start + _CHUNK], objective, vectors, start),
                    tokenizer,
                    objective=objective,
                    prompt=prompt,
                    max_tokens=max_tokens,
                    stands_for=stands_for,
                    draw=(seed, start),
                )
                for start in range(0, len(rows), _CHUNK)
            ]
        )

    if cache is None:
        return build()
    digest = hashlib.sha256()
    settings = [_FORMAT, objective, prompt, max_tokens, seed if objective == "denoise" else 0]
    digest.update(json.dumps([*settings, _identity(tokenizer)]).encode())
    digest.update(repr([repr(row) for row in rows]).encode("utf-8", "surrogatepass"))
    digest.update(repr(sorted(stands_for.items())).encode("utf-8", "surrogatepass"))
    digest.update(b"" if vectors is None else vectors.tobytes())
    folder = cache / digest.hexdigest()[:32]
    found = _load(folder)
    if found is None:
        _save(build(), folder)
        found = _load(folder)
    return build() if found is None else found


def _check(
    rows: Sequence[Row], objective: str, labels: NDArray[np.floating[Any]] | None, max_tokens: int
) -> None:
    if not rows:
        raise InputError(f"no rows for {objective}", fix="a data set with rows")
    wanted = " or ".join(kind.__name__ for kind in _WANTED[objective])
    kind = type(rows[0])
    wrong = next((n for n, row in enumerate(rows) if type(row) is not kind), None)
    if kind not in _WANTED[objective] or wrong is not None:
        number = wrong or 0
        raise InputError(
            f"row {number} is not what {objective} learns from",
            found=type(rows[number]).__name__,
            fix=f"rows of one kind: {wanted}",
        )
    if (objective == "distill") != (labels is not None):
        raise InputError(f"vectors as labels are for distill, not {objective}, and it needs them")
    if labels is not None and (labels.ndim != 2 or len(labels) != len(rows)):
        raise InputError(
            "distill needs a vector a row", found=f"{labels.shape} for {len(rows)} rows"
        )
    if max_tokens < 4:
        raise InputError("max_tokens leaves no room for text", found=str(max_tokens), fix="128")


def _text_columns(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The texts of the rows, by field, composed as the encoder composes them."""
    names = [name for name in TEXTS if hasattr(rows[0], name)]
    if not names:
        return {"text": [to_nfc(row.text) for row in rows if isinstance(row, Sentence)]}
    return {name: [to_nfc(getattr(row, name)) for row in rows] for name in names}


def _labels(
    rows: Sequence[Row], objective: str, vectors: NDArray[np.float32] | None, start: int
) -> list[Any] | None:
    """The label column of a chunk whose first row has the number `start`."""
    if vectors is not None:
        return list(vectors[start : start + len(rows)])
    if objective != "softmax":
        scores = [row.score / 5 for row in rows if isinstance(row, ScoredPair)]
        return scores or None
    found = []
    for number, row in enumerate(rows, start):
        label = row.label if isinstance(row, LabeledPair) else ""
        if label not in CLASSES:
            raise InputError(
                f"row {number} has no class that softmax learns",
                found=repr(label),
                fix=f"labels {', '.join(CLASSES)}",
            )
        found.append(CLASSES.index(label))
    return found


def _tokenize_chunk(
    texts: dict[str, list[str]],
    labels: list[Any] | None,
    tokenizer: PreTrainedTokenizerBase,
    *,
    objective: str,
    prompt: str,
    max_tokens: int,
    stands_for: Mapping[str, str],
    draw: tuple[int, int],
) -> Dataset:
    from datasets import Dataset, Features, Sequence, Value

    ids: dict[str, list[list[int]]] = {}
    cut = np.zeros(len(next(iter(texts.values()))), dtype=bool)
    for name, column in texts.items():
        ready = [prompt + text for text in column]
        encoded = tokenizer(
            ready, truncation=True, max_length=max_tokens, return_special_tokens_mask=True
        )
        ids[name] = encoded["input_ids"]
        full = [n for n, row in enumerate(ids[name]) if len(row) == max_tokens]
        if full:
            whole = tokenizer([ready[n] for n in full], verbose=False)["input_ids"]
            cut[full] |= [len(row) > max_tokens for row in whole]
        if objective == "denoise":
            start = tokenizer(prompt)["input_ids"]
            masks = encoded["special_tokens_mask"]
            damaged = [
                _damage(row, mask, start, np.random.default_rng([draw[0], draw[1] + n]))
                for n, (row, mask) in enumerate(zip(ids[name], masks, strict=True))
            ]
            ids = {"sentence1": damaged, "sentence2": ids[name]}
        elif objective == "dropout":
            ids = {"anchor": ids[name], "positive": ids[name]}
        elif objective == "distill":
            ids = {"sentence1": ids[name]}
    table: dict[str, Any] = dict(ids)
    features = {name: Sequence(Value("int32")) for name in ids}
    if labels is not None:
        table["label"] = labels
        kind = Value("int64" if objective == "softmax" else "float32")
        features["label"] = Sequence(kind) if objective == "distill" else kind
    if objective in ("contrastive", "dropout"):
        table["keys"] = [
            [_key(stands_for.get(text, text)) for text in row]
            for row in zip(*texts.values(), strict=True)
        ]
        features["keys"] = Sequence(Value("int64"))
    table["length"] = np.max([[len(row) for row in column] for column in ids.values()], axis=0)
    table["cut"] = cut
    features |= {"length": Value("int32"), "cut": Value("bool")}
    return Dataset.from_dict(table, features=Features(features))


def _damage(
    ids: list[int], special: list[int], prompt: list[int], draw: np.random.Generator
) -> list[int]:
    """Deletes tokens at random: none of the special ones or the prompt's, and never all."""
    free = np.array(special) == 0
    for n, (token, expected) in enumerate(zip(ids, prompt)):  # noqa: B905 (the shorter one ends it)
        if token != expected:
            break
        free[n] = False
    places = np.flatnonzero(free)
    if not len(places):
        return ids
    kept = draw.random(len(places)) >= DELETED
    if not kept.any():
        kept[draw.integers(len(places))] = True
    stays = ~free
    stays[places[kept]] = True
    return [token for token, stay in zip(ids, stays, strict=True) if stay]


def _key(text: str) -> int:
    """64 bits of a text's hash, the same in every process."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little", signed=True)


def _identity(tokenizer: PreTrainedTokenizerBase) -> str:
    """All of a tokenizer that decides about ids; its last truncation and padding do not."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        rules = [sorted(tokenizer.get_vocab().items()), repr(sorted(tokenizer.init_kwargs.items()))]
    else:
        rules = json.loads(backend.to_str()) | {"truncation": None, "padding": None}
    return json.dumps([type(tokenizer).__name__, tokenizer.truncation_side, rules])


def _save(dataset: Dataset, folder: Path) -> None:
    """Writes a data set and the checksums of its files; the folder appears in the end."""
    temporary = folder.parent / f".munjang-{secrets.token_hex(8)}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _no_bars():
            dataset.save_to_disk(str(temporary))
        sums = {file.name: hash_file(file) for file in sorted(temporary.iterdir())}
        (temporary / _SUMS).write_text(json.dumps(sums), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError as error:
        if not _whole(folder):  # another process may have written it in the meantime
            raise InputError(
                f"cannot write the token cache {folder.parent}",
                found=error.strerror or str(error),
                fix="a folder that you may write to, on a disk with room",
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _load(folder: Path) -> Dataset | None:
    """The data set of a folder, mapped into memory, or None if it is missing or damaged."""
    from datasets import load_from_disk

    return load_from_disk(str(folder)) if _whole(folder) else None


def _whole(folder: Path) -> bool:
    try:
        sums = json.loads((folder / _SUMS).read_text("utf-8"))
        return all(hash_file(folder / name) == found for name, found in sums.items())
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _no_bars() -> Iterator[None]:
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not disabled:
            enable_progress_bars()
