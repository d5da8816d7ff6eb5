"""The STS tasks, the text views they were published on, and the run of a model on them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from munjang import __version__
from munjang.data.rows import ScoredPair
from munjang.errors import InputError, unknown_name
from munjang.evaluate import sts
from munjang.evaluate.json_record import reading_record
from munjang.evaluate.vectors import VectorStore, store_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from munjang.encode.encoder import Encoder

View: TypeAlias = Literal["raw", "quoted", "stripped"]
"""The text that the model sees: as it is, or as some published tables were made."""

Aggregation: TypeAlias = Literal["global", "batch-mean"]
"""One correlation over all pairs, or the mean of those inside shuffled mini-batches."""

_FORMAT = "munjang.sts/1"
_STRIP = str.maketrans("", "", ",'\"")


@dataclass(frozen=True, slots=True)
class StsTask:
    """A data set of scored pairs that models are measured on.

    Attributes:
        name: What `evaluate_task` and the command line call it.
        dataset: Its name in `munjang.data.catalog`.
        title: What tables call it.
        splits: The splits that can be measured, by name, each with the catalogue's
            split that it is, or is a part of.
        default_split: The split that is reported when none is named.
    """

    name: str
    dataset: str
    title: str
    splits: Mapping[str, str]
    default_split: str


WITHOUT_PARAKQC = "dev-without-parakqc"
"""KLUE-STS-dev without the pairs that hold a ParaKQC sentence (for models trained on it)."""

STS_TASKS: Mapping[str, StsTask] = MappingProxyType(
    {
        "korsts": StsTask(
            name="korsts",
            dataset="korsts",
            title="KorSTS",
            splits=MappingProxyType({"test": "test", "dev": "dev", "train": "train"}),
            default_split="test",
        ),
        "klue-sts": StsTask(
            name="klue-sts",
            dataset="klue-sts",
            title="KLUE-STS",
            splits=MappingProxyType({"dev": "dev", WITHOUT_PARAKQC: "dev"}),
            default_split="dev",
        ),
    }
)
"""The known tasks by name."""


@dataclass(frozen=True, eq=False)
class StsResult:
    """A model measured on scored pairs, with all that a later comparison needs.

    Attributes:
        model: The encoder's name.
        task: The task's name, or the user's name for their pairs.
        split: The split that was measured.
        rows: How many pairs.
        view: The text view that the model saw.
        aggregation: How the correlations were formed.
        correlations: The eight correlations; with "batch-mean" their mean.
        intervals: Bootstrap intervals by metric and "avg"; empty when not asked for
            and with "batch-mean".
        spread: With "batch-mean" the standard deviation between shuffles, by metric
            and "avg"; else empty.
        aggregation_batch: The mini-batch of "batch-mean"; else None.
        level: Share of the resamples inside an interval.
        seed: Seed of the resamples or shuffles.
        sentences: How many distinct sentences were encoded.
        seconds: Seconds that encoding them took.
        fingerprint: SHA-256 of sentences (after the view) and scores: two results with
            the same one measured the same rows.
        similarities: The four similarities of each pair, or None in a record without.
        gold: The gold scores, float64, shape (rows,), or None in a record without.
        encoder: How the encoder described itself: engine, precision, prompt, limit.
        munjang: The version that measured.
    """

    model: str
    task: str
    split: str
    rows: int
    view: View
    aggregation: Aggregation
    correlations: sts.Correlations
    intervals: Mapping[str, sts.Interval]
    spread: Mapping[str, float]
    aggregation_batch: int | None
    level: float
    seed: int
    sentences: int
    seconds: float
    fingerprint: str
    similarities: sts.PairSimilarities | None = field(default=None, repr=False)
    gold: sts.Floats | None = field(default=None, repr=False)
    encoder: str = ""
    munjang: str = ""

    def to_json(self, *, similarities: bool = True) -> str:
        """Writes the record as JSON; numbers come back exactly.

        Args:
            similarities: Keep the similarities and gold scores of each pair, which
                `compare` needs (about 80 bytes a pair).

        Returns:
            One line of JSON with its line break.
        """
        record: dict[str, Any] = {"format": _FORMAT}
        for name in self.__dataclass_fields__:
            record[name] = getattr(self, name)
        record["correlations"] = asdict(self.correlations) | {"avg": self.correlations.avg}
        record["intervals"] = {k: [v.low, v.high] for k, v in self.intervals.items()}
        record["spread"] = dict(self.spread)
        for name, values in (("similarities", self.similarities), ("gold", self.gold)):
            kept = values if similarities else None
            record[name] = None if kept is None else np.array([*kept]).tolist()
        return json.dumps(record, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> StsResult:
        """Reads what `to_json` wrote.

        Raises:
            DataError: The text is not such a record.
        """
        reading = reading_record(
            text, kind=_FORMAT, what="an STS result", written_by="munjang evaluate --out"
        )
        with reading as record:
            eight = dict(record.pop("correlations"))
            del eight["avg"]
            kept = record.pop("similarities")
            gold = record.pop("gold")
            return cls(
                correlations=sts.Correlations(**eight),
                intervals={k: sts.Interval(*v) for k, v in record.pop("intervals").items()},
                similarities=kept and sts.PairSimilarities(*map(np.array, kept)),
                gold=gold and np.array(gold),
                **record,
            )


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows, metric by metric.

    Attributes:
        model_a: The first model's name.
        model_b: The second model's name.
        task: The task of both.
        split: The split of both.
        rows: How many pairs.
        view: The text view of both.
        level: Share of the resamples inside an interval.
        resamples: How many resamples.
        correlations_a: The first model's correlations.
        correlations_b: The second model's correlations.
        differences: A minus B by metric and "avg".
    """

    model_a: str
    model_b: str
    task: str
    split: str
    rows: int
    view: View
    level: float
    resamples: int
    correlations_a: sts.Correlations
    correlations_b: sts.Correlations
    differences: Mapping[str, sts.Difference]

    def verdict(self, metric: str) -> str:
        """Says in plain words which model is better on a metric, in points (times 100).

        Raises:
            InputError: There is no such metric.
        """
        if metric not in self.differences:
            raise unknown_name("metric", metric, self.differences)
        found = self.differences[metric]
        low, high, points = 100 * found.low, 100 * found.high, 100 * found.value
        if found.within_noise:
            return f"within noise: A - B is {points:+.2f} [{low:+.2f}, {high:+.2f}]"
        if points > 0:
            return f"A ({self.model_a}) is better by {points:.2f} [{low:.2f}, {high:.2f}]"
        return f"B ({self.model_b}) is better by {-points:.2f} [{-high:.2f}, {-low:.2f}]"


def view_text(text: str, view: View) -> str:
    """Turns a sentence into what the models behind a published table were given.

    Args:
        text: The sentence as the data set has it.
        view: "raw" leaves it; "quoted" is the field that Python's csv writer makes of
            it with excel quoting (the KoSBERT and KoSimCSE tables, whose readers did
            not undo the quoting); "stripped" has no `,`, `'` or `"` (SimCSE-KO).

    Returns:
        The sentence in that view.

    Raises:
        InputError: There is no such view.

    Example:
        >>> print(view_text('그는 "좋아, 가자"라고 했다.', "quoted"))
        "그는 ""좋아, 가자""라고 했다."
        >>> print(view_text('그는 "좋아, 가자"라고 했다.', "stripped"))
        그는 좋아 가자라고 했다.
    """
    if view == "raw":
        return text
    if view == "quoted":
        if any(mark in text for mark in '"\t\r\n'):
            return '"' + text.replace('"', '""') + '"'
        return text
    if view == "stripped":
        return text.translate(_STRIP)
    raise unknown_name("view", view, get_args(View))


def load_task(
    task: str, *, split: str | None = None, data_dir: Path | str | None = None
) -> list[ScoredPair]:
    """Reads the pairs of a known task.

    Args:
        task: A name of `STS_TASKS`.
        split: One of the task's splits; by default its `default_split`.
        data_dir: A folder that has the data sets, else MUNJANG_DATA, else the cache.

    Returns:
        The pairs in file order.

    Raises:
        InputError: The task or the split is unknown.
        DataError: The data is missing or not the published file.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    known, chosen = _find_split(task, split)
    from munjang.data.catalog import load_groups, load_rows
    from munjang.data.leaks import find_pairs_in_groups

    rows = load_rows(known.dataset, known.splits[chosen], data_dir=data_dir)
    pairs = [row for row in rows if isinstance(row, ScoredPair)]
    if chosen == WITHOUT_PARAKQC:
        groups = load_groups("parakqc", "all", data_dir=data_dir)
        held = set(find_pairs_in_groups(pairs, groups))
        return [pair for number, pair in enumerate(pairs) if number not in held]
    return pairs


def _find_split(task: str, split: str | None) -> tuple[StsTask, str]:
    if task not in STS_TASKS:
        raise unknown_name("task", task, STS_TASKS)
    known = STS_TASKS[task]
    chosen = known.default_split if split is None else split
    if chosen not in known.splits:
        raise unknown_name(f"split of {task}", chosen, known.splits)
    return known, chosen


def evaluate_task(
    encoder: Encoder,
    task: str,
    *,
    split: str | None = None,
    data_dir: Path | str | None = None,
    view: View = "raw",
    aggregation: Aggregation = "global",
    aggregation_batch: int = 256,
    batch_size: int = 32,
    intervals: bool = True,
    seed: int = 0,
    progress: bool = False,
) -> StsResult:
    """Measures an encoder on a known task; arguments as `load_task` and `evaluate_sts`."""
    known, chosen = _find_split(task, split)
    return evaluate_sts(
        encoder,
        load_task(task, split=chosen, data_dir=data_dir),
        task=known.name,
        split=chosen,
        view=view,
        aggregation=aggregation,
        aggregation_batch=aggregation_batch,
        batch_size=batch_size,
        intervals=intervals,
        seed=seed,
        progress=progress,
    )


def evaluate_sts(
    encoder: Encoder | VectorStore,
    pairs: Sequence[ScoredPair],
    *,
    task: str,
    split: str,
    view: View = "raw",
    aggregation: Aggregation = "global",
    aggregation_batch: int = 256,
    batch_size: int = 32,
    intervals: bool = True,
    seed: int = 0,
    progress: bool = False,
) -> StsResult:
    """Measures an encoder on scored pairs, a known data set's or the user's own.

    Each distinct sentence is encoded once and not normalised, so that dot product and
    distances mean what the model gives.

    Args:
        encoder: The model, or a store of its vectors, which keeps those that are new.
        pairs: At least two pairs, scores on any scale.
        task: What the record and the tables call the pairs.
        split: The split that they are.
        view: The text view, see `view_text`.
        aggregation: "global", or "batch-mean" as in the KoSimCSE tables (20 shuffles).
        aggregation_batch: Pairs in a mini-batch of "batch-mean".
        batch_size: How many sentences go through the model at once; a store has its own.
        intervals: Add 95% bootstrap intervals (2,000 resamples; "global" only).
        seed: Seed of the resamples or shuffles.
        progress: Show the encoder's progress bar on stderr; a store has its own.

    Returns:
        The result, with the similarities of each pair.

    Raises:
        InputError: A pair is unusable, an option is unknown, or a correlation is
            undefined (see `munjang.evaluate.sts.correlations`).
        ModelError: The model's vectors cannot be used (see `VectorStore.vectors`).
    """
    if aggregation not in get_args(Aggregation):
        raise unknown_name("aggregation", aggregation, get_args(Aggregation))
    first, second, gold = _columns(pairs, view)
    distinct = {text: row for row, text in enumerate(dict.fromkeys([*first, *second]))}
    store = store_of(encoder, batch_size=batch_size, progress=progress)
    before = store.seconds
    vectors = store.vectors(list(distinct))
    found = sts.similarities(
        vectors[[distinct[text] for text in first]], vectors[[distinct[text] for text in second]]
    )
    bounds: Mapping[str, sts.Interval] = {}
    spread: Mapping[str, float] = {}
    if aggregation == "batch-mean":
        means = sts.batch_mean(found, gold, batch_size=aggregation_batch, seed=seed)
        eight, spread = means.mean, means.spread
    else:
        eight = sts.correlate(found, gold)
        if intervals:
            bounds = sts.bootstrap_similarities(found, gold, seed=seed)
    return StsResult(
        model=store.name,
        task=task,
        split=split,
        rows=len(pairs),
        view=view,
        aggregation=aggregation,
        correlations=eight,
        intervals=bounds,
        spread=spread,
        aggregation_batch=aggregation_batch if aggregation == "batch-mean" else None,
        level=0.95,
        seed=seed,
        sentences=len(distinct),
        seconds=store.seconds - before,
        fingerprint=_fingerprint(first, second, gold),
        similarities=found,
        gold=gold,
        encoder=repr(store.encoder),
        munjang=__version__,
    )


def _columns(pairs: Sequence[ScoredPair], view: View) -> tuple[list[str], list[str], sts.Floats]:
    """The two sentences in their view and the gold scores, checked pair by pair."""
    first: list[str] = []
    second: list[str] = []
    gold: list[float] = []
    for row, pair in enumerate(pairs):
        texts = (pair.sentence1, pair.sentence2)
        if not (all(isinstance(text, str) for text in texts) and isinstance(pair.score, Real)):
            raise InputError(
                f"pair {row} (counted from 0) is not two texts and a number",
                found=", ".join(type(value).__name__ for value in (*texts, pair.score)),
            )
        first.append(view_text(texts[0], view))
        second.append(view_text(texts[1], view))
        gold.append(pair.score)
    return first, second, sts.check_gold(gold)


def _fingerprint(first: list[str], second: list[str], gold: sts.Floats) -> str:
    digest = hashlib.sha256()
    for a, b, score in zip(first, second, gold.tolist(), strict=True):
        line = json.dumps([a, b, score])
        digest.update(line.encode("ascii") + b"\n")
    return digest.hexdigest()


def compare(
    result_a: StsResult,
    result_b: StsResult,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Comparison:
    """Tests on the same resampled pairs whether two results differ by more than noise.

    Args:
        result_a: Model A, measured with aggregation "global".
        result_b: Model B on the same rows and view.
        resamples: How many times the pairs are drawn.
        seed: Seed of the draws.
        level: Share of the resamples inside an interval.

    Returns:
        A minus B on each metric, with `Comparison.verdict` in plain words.

    Raises:
        InputError: The results measured other rows or another view, are batch means,
            or were recorded without similarities.
    """
    for result in (result_a, result_b):
        if result.aggregation != "global":
            raise InputError(
                f"the result of {result.model} is a mean over mini-batches",
                fix='evaluate with aggregation "global" to compare',
            )
    if result_a.view != result_b.view or result_a.fingerprint != result_b.fingerprint:
        raise InputError(
            "the two results did not measure the same rows",
            found=" and ".join(
                f"{r.task} {r.split} ({r.rows:,} rows, {r.view})" for r in (result_a, result_b)
            ),
            fix="evaluate both models on the same task, split and view",
        )
    a, b, gold = result_a.similarities, result_b.similarities, result_a.gold
    if a is None or b is None or gold is None:
        raise InputError(
            "a record without similarities cannot be compared",
            fix="evaluate again and keep the similarities",
        )
    return Comparison(
        model_a=result_a.model,
        model_b=result_b.model,
        task=result_a.task,
        split=result_a.split,
        rows=result_a.rows,
        view=result_a.view,
        level=level,
        resamples=resamples,
        correlations_a=result_a.correlations,
        correlations_b=result_b.correlations,
        differences=sts.paired_bootstrap(a, b, gold, resamples=resamples, seed=seed, level=level),
    )
