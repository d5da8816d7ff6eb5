"""Batches of like length out of several data sets, the same on any number of processes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset

from munjang.errors import InputError
from munjang.train.tokenized import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import datasets
    import pyarrow as pa
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

REACH = 8
"""A text or group of paraphrases that a batch holds twice is moved at most so many batches away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What an epoch takes of a data set.

    Attributes:
        batch_size: Rows in a batch of a process.
        times: How often an epoch sees each row.
    """

    batch_size: int
    times: int = 1


class LengthBuckets(BatchSampler):
    """Draws the batches of an epoch: each of one data set, of like length, in random order.

    The rows of a data set are shuffled and taken in windows of `window` batches; a window is
    sorted by length and cut into batches, so that rows of a batch are about as long as each
    other. Where rows have "keys" (see `tokenize`), rows that share a text or a group of
    paraphrases change places with rows of batches nearby, so that no batch holds a text or a
    group twice as far as that goes: what means the same would be its own negative.

    With several processes a batch is drawn for all of them together and dealt out in parts of
    equal size and like length, which come one after another: what accelerate's
    BatchSamplerShard hands to process 0, 1, … in turn. At most processes - 1 rows an epoch are
    left out for that. A last batch of one row a process, no use to a contrastive loss, is
    evened out with the one before.

    Draws depend on the seed, the epoch and the data sets' order and sizes only.

    Args:
        parts: The tokenized data sets, by name, in the order in which `TokenRows` numbers
            their rows.
        shares: What an epoch takes of each, by the same names.
        mix: "proportional" for all batches in random order, "round-robin" for a batch of
            each data set in turn until the shortest ends.
        window: Batches that are sorted together; 1 for no sorting.
        drop_last: Leave out a last batch that is not full.
        seed: Of the draws.
        processes: How many processes share the batches.

    Raises:
        InputError: A data set with fewer rows than processes, or than a batch if `drop_last`.

    Attributes:
        left_out: Rows of an epoch that are in no batch, by data set; other ones in each epoch.
    """

    def __init__(
        self,
        parts: Mapping[str, datasets.Dataset],
        shares: Mapping[str, Share],
        *,
        mix: Literal["proportional", "round-robin"] = "proportional",
        window: int = 24,
        drop_last: bool = False,
        seed: int = 0,
        processes: int = 1,
    ) -> None:
        self.mix, self.window, self.seed, self.processes = mix, window, seed, processes
        self.drop_last = drop_last
        self.batch_size: int | None = None  # type: ignore[assignment]  # accelerate: sizes vary
        self.epoch = 0
        self._lengths = [_numbers(part, "length") for part in parts.values()]
        self._keys = [_keys(part) for part in parts.values()]
        self._starts = np.cumsum([0, *map(len, self._lengths)])
        self._times = [shares[name].times for name in parts]
        self._sizes = []
        self.left_out: dict[str, int] = {}
        for name, lengths in zip(parts, self._lengths, strict=True):
            rows = len(lengths) * shares[name].times // processes
            sizes = _batch_sizes(rows, shares[name].batch_size, drop_last=drop_last)
            if not sizes:
                raise InputError(
                    f"the data set {name!r} has too few rows for a batch",
                    found=f"{len(lengths)} rows, {processes} processes, "
                    f"batches of {shares[name].batch_size}",
                    fix="more rows, a smaller batch_size or drop_last = false",
                )
            self._sizes.append(sizes)
            self.left_out[name] = len(lengths) * shares[name].times - processes * sum(sizes)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose batches are drawn next."""
        self.epoch = epoch

    def __len__(self) -> int:
        counts = [len(sizes) for sizes in self._sizes]
        batches = len(counts) * min(counts) if self.mix == "round-robin" else sum(counts)
        return self.processes * batches

    def __iter__(self) -> Iterator[list[int]]:
        drawn = [self._draw(part) for part in range(len(self._sizes))]
        if self.mix == "round-robin":
            turns = [batch for batches in zip(*drawn) for batch in batches]  # noqa: B905 (until the shortest ends)
        else:
            together = [batch for batches in drawn for batch in batches]
            order = np.random.default_rng([self.seed, self.epoch]).permutation(len(together))
            turns = [together[i] for i in order]
        for batch in turns:
            for process in range(self.processes):
                yield batch[process :: self.processes].tolist()

    def _draw(self, part: int) -> list[NDArray[np.intp]]:
        """A data set's batches for all processes together, in random order."""
        draw = np.random.default_rng([self.seed, self.epoch, part])
        lengths, sizes = self._lengths[part], self._sizes[part]
        order = np.concatenate([draw.permutation(len(lengths)) for _ in range(self._times[part])])
        batches = []
        start = 0
        for first in range(0, len(sizes), self.window):
            ends = self.processes * np.cumsum(sizes[first : first + self.window])
            rows = order[start : start + ends[-1]]
            start += ends[-1]
            if self.window > 1:
                rows = rows[np.argsort(lengths[rows], kind="stable")]
            batches += np.split(rows, ends[:-1])
        keys = self._keys[part]
        if keys is not None:
            _separate(batches, keys)
        return [batches[i] + self._starts[part] for i in draw.permutation(len(batches))]


class TokenRows(Dataset[Any]):
    """The rows of several tokenized data sets, numbered through, read a batch at a time.

    Args:
        parts: The data sets, by name.
        buckets: Draws the batches. accelerate tells the epoch to a sampler that it has
            wrapped twice (going on within an epoch, on several processes) only through the
            data.
    """

    def __init__(self, parts: Mapping[str, datasets.Dataset], buckets: LengthBuckets) -> None:
        self._names = list(parts)
        self._tables = [part.with_format("arrow") for part in parts.values()]
        self._starts = np.cumsum([0, *map(len, self._tables)])
        self._buckets = buckets

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> tuple[str, pa.Table]:
        return self.__getitems__([row])

    def __getitems__(self, rows: Sequence[int]) -> tuple[str, pa.Table]:
        """The rows of a batch, all of one data set, with its name."""
        part = int(np.searchsorted(self._starts, rows[0], side="right")) - 1
        inside = np.asarray(rows) - self._starts[part]
        return self._names[part], self._tables[part][inside.tolist()]

    def set_epoch(self, epoch: int) -> None:
        """Tells the sampler."""
        self._buckets.set_epoch(epoch)


class PaddingCollator:
    """Makes tensors of the rows of a batch, each text column as wide as its longest text.

    Called with what `TokenRows` gives, it returns int64 tensors COLUMN_input_ids and
    COLUMN_attention_mask, [rows, longest text], "label" where there is one, and
    "dataset_name". Texts are padded at the end.

    Args:
        tokenizer: Says what to pad with.

    Attributes:
        sentences: Texts so far.
        tokens: Tokens so far, special ones included.
        slots: Tokens and padding so far.
    """

    valid_label_columns = ("label",)  # sentence-transformers' trainer asks for it

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.sentences = self.tokens = self.slots = 0
        pad = tokenizer.pad_token_id
        if not isinstance(pad, int):
            raise InputError("the tokenizer has no padding token", fix="give it a pad_token")
        self._pad = pad

    def __call__(self, batch: tuple[str, pa.Table]) -> dict[str, Any]:
        """Pads the rows of one data set."""
        name, table = batch
        tensors: dict[str, Any] = {"dataset_name": name}
        for column in table.column_names:
            if column in TEXTS:
                ids, mask = self._padded(table.column(column))
                tensors[f"{column}_input_ids"] = torch.from_numpy(ids)
                tensors[f"{column}_attention_mask"] = torch.from_numpy(mask.astype(np.int64))
        if "label" in table.column_names:
            tensors["label"] = torch.from_numpy(_matrix(table.column("label")))
        return tensors

    def _padded(self, column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        lists = column.combine_chunks()
        lengths = np.asarray(lists.value_lengths())
        mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
        ids = np.full(mask.shape, self._pad, dtype=np.int64)
        ids[mask] = np.asarray(lists.flatten())
        self.sentences += len(lengths)
        self.tokens += int(lengths.sum())
        self.slots += mask.size
        return ids, mask


def make_loader(
    parts: Mapping[str, datasets.Dataset], buckets: LengthBuckets, collator: PaddingCollator
) -> DataLoader[Any]:
    """Puts rows, batches and tensors together, for accelerate to prepare.

    It has no workers: the work that is left takes a few milliseconds, and the collator's
    counts stay in this process.
    """
    rows = TokenRows(parts, buckets)
    # the stubs know of rows as lists only
    return DataLoader(rows, batch_sampler=buckets, collate_fn=cast("Any", collator))


def _batch_sizes(rows: int, batch_size: int, *, drop_last: bool) -> list[int]:
    """The sizes of a process's batches, full ones first."""
    full, rest = divmod(rows, batch_size)
    sizes = [batch_size] * full
    if not rest or drop_last:
        return sizes
    if rest == 1 and sizes and batch_size > 2:
        together = sizes.pop() + 1
        return [*sizes, together - together // 2, together // 2]
    return [*sizes, rest]


def _separate(batches: list[NDArray[np.intp]], keys: NDArray[np.int64]) -> None:
    """Lets rows change places until no batch holds a key twice, as far as REACH goes.

    Args:
        batches: Row numbers, changed in place; sizes stay, and so do the rows as a whole.
        keys: [rows, texts]; texts are equal, or of one group of paraphrases, where keys are.
    """
    sets: dict[int, frozenset[int]] = {}

    def of(row: int) -> frozenset[int]:
        if row not in sets:
            sets[row] = frozenset(keys[row].tolist())
        return sets[row]

    held = [Counter(key for row in batch.tolist() for key in of(row)) for batch in batches]
    for here, batch in enumerate(batches):
        if max(held[here].values()) == 1:
            continue
        for place, row in enumerate(batch.tolist()):
            if all(held[here][key] == 1 for key in of(row)):
                continue
            there = _partner(batches, held, here, row, of)
            if there is None:
                continue
            other, other_place = there
            partner = int(batches[other][other_place])
            batch[place], batches[other][other_place] = partner, row
            held[here].subtract(of(row))
            held[here].update(of(partner))
            held[other].subtract(of(partner))
            held[other].update(of(row))


def _partner(
    batches: list[NDArray[np.intp]],
    held: list[Counter[int]],
    here: int,
    row: int,
    of: Callable[[int], frozenset[int]],
) -> tuple[int, int] | None:
    """The batch and the place of the nearest row that can change places with `row`."""
    for other in _nearby(here, len(batches)):
        if any(held[other][key] for key in of(row)):
            continue
        places = range(len(batches[other]))
        for place in places if other > here else reversed(places):
            if not any(held[here][key] for key in of(int(batches[other][place]))):
                return other, place
    return None


def _nearby(here: int, count: int) -> list[int]:
    """The batches within REACH of a batch, nearest first."""
    around = [here + sign * far for far in range(1, REACH + 1) for sign in (1, -1)]
    return [place for place in around if 0 <= place < count]


def _numbers(part: datasets.Dataset, column: str) -> NDArray[np.int64]:
    return np.asarray(part.with_format("arrow")[:].column(column).combine_chunks())


def _keys(part: datasets.Dataset) -> NDArray[np.int64] | None:
    if "keys" not in part.column_names:
        return None
    return _matrix(part.with_format("arrow")[:].column("keys"))


def _matrix(column: pa.ChunkedArray) -> NDArray[Any]:
    """A column of numbers, or of lists that are all as long, as a writable array."""
    values = column.combine_chunks()
    if hasattr(values, "flatten") and hasattr(values, "value_lengths"):
        return np.array(values.flatten()).reshape(len(values), -1)
    return np.array(values)
