"""Whether what a model was trained on speaks for or against its score on a task.

Told from what the model declares, and from a table of what data sets have in common.
What nobody declares or has compared is unknown, which is not the same as clean; and what
the pre-training of a base model read is in nobody's list.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from munjang.data.catalog import load_rows
from munjang.data.known import DATASETS
from munjang.data.leaks import leak_report
from munjang.data.rows import Sentence
from munjang.evaluate.suite_tasks import SUITE_TASKS
from munjang.evaluate.tasks import WITHOUT_PARAKQC, load_task
from munjang.evaluate.training_sets import TrainingSet, identify
from munjang.korean.hangul import is_syllable
from munjang.korean.normalize import to_nfc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from munjang.data.rows import Row

Level: TypeAlias = Literal["rows", "shares", "set", "unknown", "none"]
"""What is known of a model and a task, the worst first.

"rows": the measured rows were trained on. "shares": another data set that has some of the
measured sentences was. "set": another part of the same data set was, which is fair but
not zero-shot. "unknown": the model does not say what it was trained on, or on which part
of the measured set, or says something that nobody here has compared. "none": nothing
speaks against the score.
"""

MARKS: Mapping[Level, str] = MappingProxyType(
    {"rows": "‡", "shares": "§", "set": "†", "unknown": "?", "none": ""}
)
"""How tables mark a score, by level."""

_ORDER: tuple[Level, ...] = tuple(MARKS)
_WITHOUT = f"klue-sts:{WITHOUT_PARAKQC}"
_HELD_OUT_HERE = ("nsmc", "petitions", "ynat")
"""Sets whose measured rows were held out by munjang, from what others train on.

A name of others, such as "klue/ynat:train", stands for those rows too; only the
catalogue's own one, "ynat:train", stands for a part without them.
"""

_REST = frozenset({"petitions:rest"})
"""Parts that no split of the catalogue is: the petitions that the suite does not draw."""

_APART = ("tatoeba:anki",)
"""Parts that the catalogue keeps with a set whose measured rows they are no training part of."""


@dataclass(frozen=True, slots=True)
class Flag:
    """What is known of a model and a task.

    Attributes:
        level: How bad it is.
        sentence: Why, in words.
    """

    level: Level
    sentence: str

    @property
    def mark(self) -> str:
        """One character for tables; nothing for "none"."""
        return MARKS[self.level]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of a task's sentences stand in a training set.

    Attributes:
        train: The training set, NAME:SPLIT.
        task: The measured rows, NAME:SPLIT.
        shared: Distinct sentences that stand in both.
        of: Distinct sentences of the measured rows.
        note: What else the two have in common.
    """

    train: str
    task: str
    shared: int
    of: int
    note: str = ""


OVERLAPS: tuple[Overlap, ...] = (
    Overlap(
        "korsts:train", "korsts:test", 158, 2511, "3 whole pairs too, unless they were dropped"
    ),
    Overlap("korsts:dev", "korsts:test", 85, 2511, "6 whole pairs too, unless they were dropped"),
    Overlap("parakqc:all", "klue-sts:dev", 264, 1038, "of 164 groups of paraphrases"),
    Overlap(
        "klue-sts:train",
        "klue-sts:dev",
        2,
        1038,
        "but all 164 groups of ParaKQC's paraphrases that dev draws on",
    ),
    Overlap("chatbot-data:all", "question-pair:test", 1174, 1398),
    Overlap(
        "question-pair:train",
        "question-pair:test",
        58,
        1398,
        "2 whole pairs too, unless they were dropped",
    ),
    Overlap("sae4k:all", "3i4k:test", 3076, 6057),
    Overlap("3i4k:train", "3i4k:test", 624, 6057),
    Overlap("tatoeba:anki", "tatoeba:test", 164, 999),
    Overlap("nsmc:all", "klue-nli:dev", 83, 4000),
    Overlap("nsmc:all", "question-pair:test", 20, 1398),
    Overlap("nsmc:all", "3i4k:test", 61, 6057),
)
"""What sets share, as `measure_overlap` counts it: letters and digits alone are compared.

The other pairs of a training set and a task that are in the catalogue, or are named here,
and were at hand share less than one sentence in a hundred. KorNLI's two train files were
not at hand.
"""


def flag_tasks(trained_on: Sequence[str] | None, task_keys: Sequence[str]) -> Mapping[str, Flag]:
    """Tells of each task what the model's training says about its score.

    Args:
        trained_on: The training sets that the model declares, under any names; None or
            none at all where it declares nothing.
        task_keys: Tasks as "name:split", of a suite or the catalogue.

    Returns:
        A flag for each task.

    Example:
        >>> flags = flag_tasks(["korsts:train", "parakqc"], ["korsts:test", "klue-sts:dev"])
        >>> {task: (flag.mark, flag.level) for task, flag in flags.items()}
        {'korsts:test': ('†', 'set'), 'klue-sts:dev': ('§', 'shares')}
        >>> flag_tasks(None, ["korsts:test"])["korsts:test"].sentence
        'it does not declare what it was trained on: unknown, not clean'
    """
    sets = {declared: identify(declared) for declared in trained_on or ()}
    return {key: _flag(sets, key) for key in task_keys}


def measure_overlap(
    train: str | Sequence[Row], task: str, *, data_dir: str | Path | None = None
) -> Overlap:
    """Counts the sentences of a task that stand in a training set.

    Sentences without Hangul, such as the English side of a bitext, are left out.

    Args:
        train: NAME:SPLIT of the catalogue, or rows.
        task: A task of the suite or a NAME:SPLIT of the catalogue.
        data_dir: A folder that has the data sets, else MUNJANG_DATA, else the cache.

    Returns:
        The counts, without a note.

    Raises:
        InputError: An unknown name.
        DataError: The data is missing or not the published file.
        NetworkError: The data is nowhere and cannot be fetched.
    """
    rows = _load(train, data_dir) if isinstance(train, str) else train
    key = measured_rows(task)
    found = leak_report(_sentences(rows), _sentences(_load(key, data_dir)), letters_only=True)
    name = train if isinstance(train, str) else "rows"
    return Overlap(name, key, found.shared_sentences, found.test_sentences)


def measured_rows(task: str) -> str:
    """The rows that a task measures, as NAME:SPLIT.

    Example:
        >>> measured_rows("xnli-ko:test"), measured_rows("korsts:dev")
        ('kornli:test', 'korsts:dev')
    """
    known = SUITE_TASKS.get(task)
    return task if known is None or task == _WITHOUT else known.data[0]


def _load(key: str, data_dir: str | Path | None) -> Sequence[Row]:
    name, _, split = key.partition(":")
    if key == _WITHOUT:
        return load_task(name, split=split, data_dir=data_dir)
    return load_rows(name, split, data_dir=data_dir)


def _sentences(rows: Iterable[Row]) -> list[Sentence]:
    fields = ("text", "anchor", "positive", "negative", "sentence1", "sentence2")
    texts = dict.fromkeys(getattr(row, name, "") for row in rows for name in fields)
    return [Sentence(text) for text in texts if any(map(is_syllable, to_nfc(text)))]


def _flag(sets: Mapping[str, Sequence[TrainingSet]], task: str) -> Flag:
    if not sets:
        return Flag("unknown", "it does not declare what it was trained on: unknown, not clean")
    rows = measured_rows(task)
    found = [flag for known in sets.values() for each in known for flag in _compare(each, rows)]
    strange = [declared for declared, known in sets.items() if not known]
    if strange:
        names = ", ".join(strange)
        found.append(Flag("unknown", f"nobody here has compared it with {names}"))
    if not found:
        return Flag("none", "it shares nothing known with what the model declares")
    found.sort(key=lambda flag: _ORDER.index(flag.level))
    return Flag(found[0].level, "; ".join(dict.fromkeys(flag.sentence for flag in found)))


def _compare(trained: TrainingSet, rows: str) -> list[Flag]:
    name, _, split = rows.partition(":")
    if trained.name == name and f"{name}:{trained.split}" not in _APART:
        return [_compare_parts(trained, name, split, rows)]
    return [
        Flag("shares", f"trained on {trained.declared}, which has {_tell(overlap, trained)}")
        for overlap in _overlaps(trained, rows)
        if not trained.original
    ]


def _compare_parts(trained: TrainingSet, name: str, split: str, rows: str) -> Flag:
    """Compares two parts of one data set."""
    told = f"trained on {trained.declared}"
    whole = "dev" if rows == _WITHOUT else split
    if trained.split in (whole, "all") or _undivided(trained, name, whole):
        held = "the English originals of" if trained.original else "which holds"
        return Flag("rows", f"{told}, {held} the measured rows")
    if trained.split is None:
        return Flag("unknown", f"{told}, without a word on which part of it: unknown, not clean")
    if trained.original:
        return Flag("set", f"{told}, another part of what it was translated from")
    shared = "".join(f", with {_tell(overlap, trained)}" for overlap in _overlaps(trained, rows))
    return Flag("set", f"{told}, another part of the same data set{shared}")


def _undivided(trained: TrainingSet, name: str, split: str) -> bool:
    """Whether it trained on the rows too, because nobody but munjang holds them out."""
    if name not in _HELD_OUT_HERE:
        return False
    parts = {part.name for known in DATASETS if known.name == name for part in known.splits}
    apart = _REST | {f"{name}:{part}" for part in parts - {split, "all"}}
    return trained.declared.strip().casefold() not in apart


def _overlaps(trained: TrainingSet, rows: str) -> list[Overlap]:
    return [
        overlap
        for overlap in OVERLAPS
        if overlap.task == rows
        and overlap.train.split(":")[0] == trained.name
        and (
            trained.split in (None, "all") or overlap.train.endswith((f":{trained.split}", ":all"))
        )
    ]


def _tell(overlap: Overlap, trained: TrainingSet) -> str:
    part = trained.split is not None and overlap.train != f"{trained.name}:{trained.split}"
    note = f", {overlap.note}" if overlap.note else ""
    return f"{'up to ' if part else ''}{overlap.shared:,} of its {overlap.of:,} sentences{note}"
