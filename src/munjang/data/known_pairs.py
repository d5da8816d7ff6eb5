"""The known sets of sentence pairs and of paraphrases, as data.

The checksums are those of files at hand, except for KorNLI's two train files and
KLUE-NLI's train json: theirs are the ones that users of the same commits have
published. KLUE-STS's train json has none here; its row count stands guard alone.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from munjang.data import readers
from munjang.data.dataset import Dataset, KnownFile, Origin, Split
from munjang.data.rows import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from munjang.data.dataset import Reader

_KORNLU = ("kakaobrain/kor-nlu-datasets", "0df0fe7d496eb61b092e022e238c2230b29f1cbc")
_KLUE = ("KLUE-benchmark/KLUE", "3efd98708a40ff49251fddde35453f8fbb11f536")
_PARAKQC = ("warnikchow/paraKQC", "e5605803f8776cbe38385673a67f79b21cd51971")
_STYLEKQC = ("cynthia/stylekqc", "7079d30f64c175cea7e3e6eb82c5385783d124a5")
_QUESTION_PAIR = ("songys/Question_pair", "e84b6f0e784c10c6a22cbbc7b1e415b901baa877")

_HAM = "Ham et al. 2020, KorNLI and KorSTS, arXiv:2004.03289"
_PARK = "Park et al. 2021, KLUE: Korean Language Understanding Evaluation, arXiv:2105.09680"


def _kornlu(folder: str, path: str, sha256: str, read: Reader) -> tuple[KnownFile, ...]:
    own = f"{folder}/{path.rsplit('/', 1)[1]}"
    clones = (f"kornlu/{path}", path, f"kor-nlu-datasets/{path}", f"KorNLUDatasets/{path}")
    return (KnownFile((own, *clones), sha256, Origin(*_KORNLU, path), read),)


def _klue(task: str, part: str, sha256: str | None, read: Reader) -> KnownFile:
    name = f"{task}-v1.1_{part}.json"
    path = f"klue_benchmark/{task}-v1.1/{name}"
    return KnownFile((f"{task}/{name}", path, f"KLUE/{path}"), sha256, Origin(*_KLUE, path), read)


def _copy(path: str, sha256: str, read: Reader) -> KnownFile:
    return KnownFile((path,), sha256, None, read)


def _stylekqc(path: str, sha256: str, read: Reader) -> tuple[KnownFile, ...]:
    return (KnownFile((f"stylekqc/{path}",), sha256, Origin(*_STYLEKQC, path), read),)


def _question_pair(path: str, sha256: str) -> tuple[KnownFile, ...]:
    origin = Origin(*_QUESTION_PAIR, path)
    return (KnownFile((f"question-pair/{path}",), sha256, origin, readers.read_question_pair),)


def _read_groups(read: Callable[[Path], list[tuple[str, ...]]], path: Path) -> list[Sentence]:
    return [
        Sentence(text, label=str(number))
        for number, group in enumerate(read(path))
        for text in group
    ]


_read_klue_sts_real = functools.partial(readers.read_klue_sts, score="real-label")
_read_klue_nli_train = functools.partial(readers.read_klue_nli, part="train")
_read_parakqc = functools.partial(_read_groups, readers.read_parakqc)
_read_stylekqc = functools.partial(_read_groups, readers.read_stylekqc)

PAIR_SETS: tuple[Dataset, ...] = (
    Dataset(
        name="korsts",
        title="graded similarity; train machine-translated, dev and test post-edited",
        licence="CC-BY-SA-4.0",
        citation=_HAM,
        splits=(
            Split(
                "train",
                5_749,
                _kornlu(
                    "korsts",
                    "KorSTS/sts-train.tsv",
                    "b5aaa7f957d6ff46f4b6834a8b0f024a9234a6eefe9289aed66746b4533da3b8",
                    readers.read_korsts,
                ),
            ),
            Split(
                "dev",
                1_500,
                _kornlu(
                    "korsts",
                    "KorSTS/sts-dev.tsv",
                    "d835b65b424401fbcce6be28a78159df8d61f5b19977ea7a0b83b8cb6105f393",
                    readers.read_korsts,
                ),
                never_train=True,
            ),
            Split(
                "test",
                1_379,
                _kornlu(
                    "korsts",
                    "KorSTS/sts-test.tsv",
                    "13f83a3440d9db52d134eb40303ce021b03264aa338fbf2871c8786ce04d2105",
                    readers.read_korsts,
                ),
                never_train=True,
            ),
        ),
    ),
    Dataset(
        name="kornli",
        title="inference; SNLI and MultiNLI machine-translated, XNLI dev and test by hand",
        licence="CC-BY-SA-4.0",
        citation=_HAM,
        splits=(
            Split(
                "snli",
                550_152,
                _kornlu(
                    "kornli",
                    "KorNLI/snli_1.0_train.ko.tsv",
                    "aaf12d8955fcda2b14319e5cabb9b31824c6f504aede460c975b518911f484c0",
                    readers.read_kornli,
                ),
            ),
            Split(
                "multinli",
                392_702,
                _kornlu(
                    "kornli",
                    "KorNLI/multinli.train.ko.tsv",
                    "dca5bf65597af45b139a5fbc8aa3587b612b391446475617b8faa09e5dfcd349",
                    readers.read_kornli,
                ),
            ),
            Split(
                "dev",
                2_490,
                _kornlu(
                    "kornli",
                    "KorNLI/xnli.dev.ko.tsv",
                    "821fb1c1c2e538ac2724a6132da36ffa379eb9a542ceb89243b3cf711377382c",
                    readers.read_kornli,
                ),
            ),
            Split(
                "test",
                5_010,
                _kornlu(
                    "kornli",
                    "KorNLI/xnli.test.ko.tsv",
                    "0db53cf8e182283a0d0404ec3fe1b15d1e29236d23d22082dc20d43067254b3e",
                    readers.read_kornli,
                ),
                never_train=True,
            ),
        ),
    ),
    Dataset(
        name="klue-sts",
        title="graded similarity, written and judged in Korean",
        licence="CC-BY-SA-4.0",
        citation=_PARK,
        splits=(
            Split(
                "train",
                11_668,
                (
                    _klue("klue-sts", "train", None, _read_klue_sts_real),
                    _copy(
                        "klue-sts/klue_sts_train.csv",
                        "1204659f6e5914b16f349810c89784339abdc436fb2feb28865313fadc38cbe9",
                        _read_klue_sts_real,
                    ),
                ),
            ),
            Split(
                "dev",
                519,
                (
                    _klue(
                        "klue-sts",
                        "dev",
                        "b6a0ae0c370e21687f7eef0fdea872a328bb2ecbdb020c546cb870d28606bf80",
                        readers.read_klue_sts,
                    ),
                ),
                never_train=True,
            ),
        ),
    ),
    Dataset(
        name="klue-nli",
        title="inference, written and judged in Korean",
        licence="CC-BY-SA-4.0",
        citation=_PARK,
        splits=(
            Split(
                "train",
                24_998,
                (
                    _klue(
                        "klue-nli",
                        "train",
                        "8d32e7e4ff97804a23f277fee8740f1341ac82e1c0c7b34f1be21952e4813996",
                        readers.read_klue_nli,
                    ),
                    _copy(
                        "klue-nli/benchmark_train_data.csv",
                        "29287793ce1869564ab469d4a5d5ccd3e56d9f358954b3211929e478ce60458c",
                        _read_klue_nli_train,
                    ),
                ),
            ),
            Split(
                "dev",
                3_000,
                (
                    _klue(
                        "klue-nli",
                        "dev",
                        "0699db82be17766b26e199864e6260443e17ec6e91d1870e876419e388f245b1",
                        readers.read_klue_nli,
                    ),
                ),
                never_train=True,
            ),
        ),
    ),
    Dataset(
        name="parakqc",
        title="1,000 groups of ten paraphrased questions and commands",
        licence="CC-BY-SA-4.0",
        citation="Cho et al. 2020, Discourse Component to Sentence (DC2S), LREC 2020",
        grouped=True,
        splits=(
            Split(
                "all",
                10_000,
                (
                    KnownFile(
                        ("parakqc/paraKQC_v1.txt", "paraKQC/data/paraKQC_v1.txt"),
                        "8a40f48c78c2710e5e64c1fa3a1c3dc720cb21a92f2ff375e3097973ad57e6d6",
                        Origin(*_PARAKQC, "data/paraKQC_v1.txt"),
                        _read_parakqc,
                    ),
                ),
            ),
        ),
    ),
    Dataset(
        name="stylekqc",
        title="groups of ten paraphrases, five formal and five informal; sts-dev: judged pairs",
        licence="CC-BY-SA-4.0",
        citation="Cho et al. 2021, StyleKQC, arXiv:2103.13439",
        grouped=True,
        splits=(
            Split(
                "train",
                24_000,
                _stylekqc(
                    "act/train.tsv",
                    "0e096da855a9db60f6f9073ad2124d33183b87a4ff200f82e49263c8ba8f7992",
                    _read_stylekqc,
                ),
            ),
            Split(
                "dev",
                1_200,
                _stylekqc(
                    "act/dev.tsv",
                    "da5717c52a50569ae7a732aa4b0141984a29ef7b109204a7117a6b72d7ad1a80",
                    _read_stylekqc,
                ),
                never_train=True,
            ),
            Split(
                "test",
                4_800,
                _stylekqc(
                    "act/test.tsv",
                    "8b8010f2fcc0a2a8f2fe63b74f8df2ce3e2e8408610400c35ae9cecd5dc41763",
                    _read_stylekqc,
                ),
                never_train=True,
            ),
            Split(
                "sts-dev",
                10_800,
                _stylekqc(
                    "sts/dev.tsv",
                    "a05d76973b22134e12c64cf98a80f561a33ba4dfac7d4cdd836b9602242fb065",
                    readers.read_stylekqc_sts,
                ),
                never_train=True,
            ),
        ),
    ),
    Dataset(
        name="question-pair",
        title="pairs of everyday questions judged same or different",
        licence="MIT",
        citation="Youngsook Song, Question_pair, github.com/songys/Question_pair",
        splits=(
            Split(
                "train",
                6_136,
                _question_pair(
                    "train.txt", "addf4c88b19066ad55a09f466c5c3f6428b3f2bd5d55100d3ca5b93d9d8daff9"
                ),
            ),
            Split(
                "validation",
                682,
                _question_pair(
                    "validation.txt",
                    "3928c783f561f36547fd8e0c9d78a6e1d6013db3debcf559c4135aa5536badea",
                ),
            ),
            Split(
                "test",
                758,
                _question_pair(
                    "test.txt", "0d5738107ea3742de4dcaf3a358b6bfa4818781bc6aec11a9956a3fbe35f8b61"
                ),
                never_train=True,
            ),
        ),
    ),
)
"""KorSTS, KorNLI, KLUE-STS, KLUE-NLI, ParaKQC, StyleKQC and Question_pair."""
