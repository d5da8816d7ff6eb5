"""The known sets of texts that belong together, as data; the checksums are of files at hand."""

from __future__ import annotations

from munjang.data import readers_matches
from munjang.data.dataset import Companion, Dataset, KnownFile, Origin, Split

_LASER = "facebookresearch/LASER"
_FLORES = "8fc4b9a267f983635708f4b8317eb358a0966c8a"
_TATOEBA = "fec5c7d63daa2bea9d127e8252b10e87278586c0"
_ANKI = ("nate-koser/kor-eng-translator", "a073cb5f7b819c73cbd46d19ceb6a42463041152", "kor.txt")
_PETITIONS = "lovit/petitions_archive"
_SUMMER_2019 = "f032f9e09e97989226ded41391e17e2f13e22330"

_MONTHS = (
    (
        "petitions_2017-08",
        "13f09d466b6a8f5732bf5609f0799701dc397c5740d75275b5977bd9930c4729",
        "e29f883b7b5e7739d73a8312cb6f556ddc519b66",
    ),
    (
        "petitions_2019-04",
        "6db47ca63b0f46731ec22a2043aa55bd2928efd620bf9cc8c52726f7962b2fc0",
        "3059a906130faf600d2d17542fb38b8e6d40c4f4",
    ),
    (
        "petitions_2019-05",
        "624dadd3d1f8b5ed9065e7b539095990dcb1babe40fb6b9d45f3feb025f8b5a6",
        "687f134714b45867bda82acd97738862f8fe9e54",
    ),
    (
        "petitions_2019-06",
        "28886a963d2fabdad0e90ec2d64adf42dc0668389250fb6a4969fad968240282",
        _SUMMER_2019,
    ),
    (
        "petitions_2019-07",
        "bc15c72d2e0e15ff0b05488127841a110784168149ef17f578622c9103771e12",
        _SUMMER_2019,
    ),
    (
        "petitions_2019-08",
        "6364e84171bb4ddbc03cf1445d91e19d05bfe568baeceb0a573079092e8a5500",
        _SUMMER_2019,
    ),
)
"""Each month's file, its checksum, and a commit that has it."""


def _petitions() -> KnownFile:
    (first, sha256, commit), *others = _MONTHS
    return KnownFile(
        (f"petitions/{first}", f"petitions_archive/{first}"),
        sha256,
        Origin(_PETITIONS, commit, first),
        readers_matches.read_petitions,
        beside=tuple(
            Companion(name, checksum, Origin(_PETITIONS, there, name))
            for name, checksum, there in others
        ),
    )


def _flores(part: str, korean: str, english: str) -> tuple[KnownFile, ...]:
    names = (f"kor_Hang.{part}", f"eng_Latn.{part}")
    ours, theirs = (
        Origin(_LASER, _FLORES, f"flores/flores200_dataset/{part}/{name}") for name in names
    )
    return (
        KnownFile(
            (f"flores200/{names[0]}", f"flores200_dataset/{part}/{names[0]}"),
            korean,
            ours,
            readers_matches.read_bitext,
            beside=(Companion(names[1], english, theirs),),
        ),
    )


def _tatoeba() -> KnownFile:
    korean, english = "tatoeba.kor-eng.kor", "tatoeba.kor-eng.eng"
    return KnownFile(
        (f"tatoeba/{korean}", f"LASER/data/tatoeba/v1/{korean}"),
        "e550c84184ec35b1a0dab3154284719511a21746e53c40f46eb6ab08179e9188",
        Origin(_LASER, _TATOEBA, f"data/tatoeba/v1/{korean}"),
        readers_matches.read_bitext,
        beside=(
            Companion(
                english,
                "f900cf3c9b72ed5a400e1804702863ff3df00be58eb060902e02285d0e68fab3",
                Origin(_LASER, _TATOEBA, f"data/tatoeba/v1/{english}"),
            ),
        ),
    )


MATCH_SETS: tuple[Dataset, ...] = (
    Dataset(
        name="petitions",
        title="petitions of August 2017 and April to August 2019: title and content",
        licence="KOGL-1",
        citation="Petitions to the Blue House, collected in github.com/lovit/petitions_archive",
        splits=(Split("all", 3_691, (_petitions(),), never_train=True),),
    ),
    Dataset(
        name="flores200",
        title="sentences of articles, translated from English by hand: Korean and English",
        licence="CC-BY-SA-4.0",
        citation="NLLB Team 2022, No Language Left Behind, arXiv:2207.04672",
        splits=(
            Split(
                "dev",
                997,
                _flores(
                    "dev",
                    "b309cfc95f11fcf5be423eb43c31cef9aef91c504ebd25d4ef6b11cb916c29c2",
                    "51a25f527fd81f428b6933d85a2f5e5544af92aa82042c7fbf0c4120327fba0a",
                ),
            ),
            Split(
                "devtest",
                1_012,
                _flores(
                    "devtest",
                    "540972696230a56e888f1fbd04b7000135c436351f5e467f99ce67fdccd8df0f",
                    "612e9fbe87997617c0fa8fa8929654a4f49b728d96738112c2b86ef6a1d78d88",
                ),
                never_train=True,
            ),
        ),
    ),
    Dataset(
        name="tatoeba",
        title="everyday sentences, Korean and English; anki shares sentences with test",
        licence="CC-BY-2.0-FR",
        citation="Sentences of tatoeba.org; test of Artetxe and Schwenk 2019, arXiv:1812.10464, "
        "anki of manythings.org/anki",
        splits=(
            Split("test", 1_000, (_tatoeba(),), never_train=True),
            Split(
                "anki",
                3_798,
                (
                    KnownFile(
                        ("tatoeba/anki_kor.txt",),
                        "3988edfd32c892ccf4450772bc3a5906ebfcf3c8648f56012df204ddf27b8280",
                        Origin(*_ANKI),
                        readers_matches.read_anki,
                    ),
                ),
            ),
        ),
    ),
)
"""Petitions, FLORES-200 and Tatoeba."""
