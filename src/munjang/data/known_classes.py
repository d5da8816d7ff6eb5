"""The known sets of sentences with a class, as data; the checksums are of files at hand.

Copies of YNAT and of NSMC have no test set: their held-out parts are cut off by their
readers in a way that is the same everywhere.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from munjang.data import readers_classes
from munjang.data.dataset import Companion, Dataset, KnownFile, Origin, Split
from munjang.data.readers import read_nsmc

if TYPE_CHECKING:
    from munjang.data.dataset import Reader
    from munjang.data.readers_classes import Part

_3I4K = ("warnikchow/3i4k", "4edfea0b6508d3b78f0f74c73cbf74dd852d0ef1")


def _nsmc(read: Reader) -> tuple[KnownFile, ...]:
    sha256 = "1c375d505ba8824eb4a23041f1ea6c419fffc410bd5655c59dd50be048a69680"
    return (KnownFile(("nsmc/reviews.tsv.gz",), sha256, None, read),)


def _nsmc_sentiment(part: Part) -> tuple[KnownFile, ...]:
    return _nsmc(functools.partial(readers_classes.read_nsmc_sentiment, part=part))


def _ynat(part: Part) -> tuple[KnownFile, ...]:
    topics = Companion(
        "topic_dict.csv", "e457e17f457e1b0ddef1cd256fff8f2f6ed8be2c28a0adb31064589169b6e3ab", None
    )
    return (
        KnownFile(
            ("klue-ynat/train_data.csv",),
            "0656a008f7d61dfc77fe12e7657446028c7ab3fb9132f0329e828e232c21babc",
            None,
            functools.partial(readers_classes.read_ynat, part=part),
            beside=(topics,),
        ),
    )


def _3i4k(name: str, sha256: str) -> tuple[KnownFile, ...]:
    path = f"train_val_test/{name}"
    origin = Origin(*_3I4K, f"data/{path}")
    places = (f"3i4k/{path}", f"3i4k/data/{path}")
    return (KnownFile(places, sha256, origin, readers_classes.read_3i4k),)


CLASS_SETS: tuple[Dataset, ...] = (
    Dataset(
        name="nsmc",
        title="Naver movie reviews: all with their rating, or those clearly for or against",
        licence="CC0-1.0",
        citation="Lucy Park, Naver sentiment movie corpus, github.com/e9t/nsmc",
        splits=(
            Split("all", 712_383, _nsmc(read_nsmc)),
            Split("sentiment-train", 489_752, _nsmc_sentiment("train")),
            Split("held-out-sentiment", 9_957, _nsmc_sentiment("held-out"), never_train=True),
        ),
    ),
    Dataset(
        name="ynat",
        title="headlines of the news in seven topics (KLUE-TC); the held-out part is ours",
        licence="CC-BY-SA-4.0",
        citation="Park et al. 2021, KLUE: Korean Language Understanding Evaluation, "
        "arXiv:2105.09680",
        splits=(
            Split("train", 36_553, _ynat("train")),
            Split("held-out", 9_101, _ynat("held-out"), never_train=True),
        ),
    ),
    Dataset(
        name="3i4k",
        title="utterances by intention: statements, questions, commands, rhetorical ones, …",
        licence="CC-BY-SA-4.0",
        citation="Cho et al. 2018, Speech Intention Understanding in a Head-final Language, "
        "arXiv:1811.04231",
        splits=(
            Split(
                "train",
                55_134,
                _3i4k(
                    "fci_train_val.txt",
                    "646f450b84992c6df806ea72aa35374db7ec30d7739920b86dfa878e73b69079",
                ),
            ),
            Split(
                "test",
                6_121,
                _3i4k(
                    "fci_test.txt",
                    "d74c5b376c7d231bd4d5a94de855e47b6e70c96abeeaaf75cffbdb8506a87ff2",
                ),
                never_train=True,
            ),
        ),
    ),
)
"""NSMC, YNAT and 3i4K."""
