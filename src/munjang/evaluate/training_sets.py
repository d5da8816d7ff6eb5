"""What models say that they were trained on, in the catalogue's names.

Models name the same set in many ways: "korsts:train" in a manifest of munjang,
"kakaobrain/kor_nli" or "klue/klue" in the card of a hub model, "sts-train.tsv" or "SNLI"
in a README.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from munjang.data.known import DATASETS
from munjang.korean.normalize import to_nfc

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNS = re.compile(r"[\W_]+")
_ADDRESS = re.compile(r"^(?:https?://)?(?:huggingface\.co/datasets|(?:www\.)?github\.com)/")
_DEV = ("validation", "valid", "val")


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """A training set that a model declares.

    Attributes:
        declared: The model's own name for it.
        name: A name of the catalogue, or of a set that shares sentences with one.
        split: Its part, or None where the model does not say which.
        original: True for the set that this one was translated from.
    """

    declared: str
    name: str
    split: str | None = None
    original: bool = False


def identify(declared: str) -> tuple[TrainingSet, ...]:
    """Finds the sets that a model's name for its training data stands for.

    Args:
        declared: As the model writes it.

    Returns:
        One set or several; none where nobody here knows the name.

    Example:
        >>> identify("klue-sts:train")[0].split
        'train'
        >>> [known.name for known in identify("https://huggingface.co/datasets/klue/klue")]
        ['klue-sts', 'klue-nli', 'ynat']
        >>> identify("사내 상담 기록")
        ()
    """
    text = _ADDRESS.sub("", declared.strip())
    whole = _find(text)
    if whole or ":" not in text:
        return _sets(declared, whole, None)
    name, split = text.rsplit(":", 1)
    return _sets(declared, _find(name), split.strip().lower() or None)


def _find(name: str) -> tuple[str, ...]:
    """What stands in the table for a name, or for its last part: a copy of another owner."""
    return _TABLE.get(_fold(name)) or _TABLE.get(_fold(name.rsplit("/", 1)[-1])) or ()


def _sets(declared: str, known: tuple[str, ...], split: str | None) -> tuple[TrainingSet, ...]:
    found = []
    for each in known:
        name, _, own = each.lstrip("<").partition(":")
        found.append(
            TrainingSet(declared, name, own or _as_catalogued(name, split), each.startswith("<"))
        )
    return tuple(found)


def _as_catalogued(name: str, split: str | None) -> str | None:
    """The catalogue says "dev" for what the hub calls "validation", but for some sets."""
    return "dev" if split in _DEV and split not in _SPLITS.get(name, ()) else split


def _fold(name: str) -> str:
    return _SIGNS.sub("", to_nfc(name).casefold())


_SPLITS = {known.name: tuple(split.name for split in known.splits) for known in DATASETS}

_NAMES: Mapping[tuple[str, ...], tuple[str, ...]] = MappingProxyType(
    {
        ("korsts", "kor_sts"): ("korsts",),
        ("sts-train.tsv",): ("korsts:train",),
        ("sts-dev.tsv",): ("korsts:dev",),
        ("sts-test.tsv",): ("korsts:test",),
        ("kornli", "kor_nli"): ("kornli",),
        ("snli_1.0_train.ko.tsv",): ("kornli:snli",),
        ("multinli.train.ko.tsv",): ("kornli:multinli",),
        ("xnli-ko", "xnli.ko"): ("kornli",),
        ("xnli.dev.ko.tsv",): ("kornli:dev",),
        ("xnli.test.ko.tsv",): ("kornli:test",),
        ("kor_nlu", "kornlu", "KorNLUDatasets", "kor-nlu-datasets"): ("korsts", "kornli"),
        ("klue", "klue/klue", "KLUE-benchmark/KLUE"): ("klue-sts", "klue-nli", "ynat"),
        ("klue/sts", "klue:sts"): ("klue-sts",),
        ("klue/nli", "klue:nli"): ("klue-nli",),
        ("KorNLI-DACON", "benchmark_train_data.csv"): ("klue-nli:train", "klue-nli:dev"),
        ("klue-tc", "klue-ynat", "klue/ynat", "klue/tc", "klue:ynat"): ("ynat",),
        ("naver-sentiment-movie-corpus", "naver sentiment movie corpus"): ("nsmc",),
        ("chatbot-data", "Chatbot_data", "ChatbotData.csv"): ("chatbot-data",),
        ("sae4k", "sae4K_v1.txt"): ("sae4k",),
        ("fci", "Intonation-aided intention identification for Korean"): ("3i4k",),
        ("flores", "flores_plus", "flores+", "facebook/flores"): ("flores200",),
        ("tatoeba_mt", "tatoeba-bitext-mining", "tatoeba"): ("tatoeba",),
        ("anki", "anki_kor.txt", "manythings.org/anki"): ("tatoeba:anki",),
        ("petitions_archive", "korean-petitions", "korean_petitions"): ("petitions",),
        ("snli", "stanfordnlp/snli"): ("<kornli:snli",),
        ("multinli", "multi_nli", "mnli", "nyu-mll/multi_nli"): ("<kornli:multinli",),
        ("all-nli", "AllNLI"): ("<kornli:snli", "<kornli:multinli"),
        ("xnli", "facebook/xnli"): ("<kornli",),
        ("stsb", "sts-b", "stsbenchmark", "sts-benchmark", "stsb_multi_mt", "stsbenchmark-sts"): (
            "<korsts",
        ),
        ("glue", "nyu-mll/glue"): ("<korsts", "<kornli:multinli"),
    }
)
"""Names in use, and the sets that they stand for; "<" marks an original in English."""

_TABLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {_fold(name): (name,) for name in _SPLITS}
    | {_fold(name): sets for names, sets in _NAMES.items() for name in names}
)
