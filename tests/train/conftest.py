"""Tiny models and data for runs that end within a second, and processes to be killed."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from munjang.train.recipe import Recipe

WHO = ["고양이가", "강아지가", "할머니가", "아이들이", "우리 반 친구가", "옆집 아저씨가"]
WHERE = ["공원에서", "집에서", "비 오는 시장에서", "운동장에서", "버스에서"]
WHAT = ["낮잠을 잔다.", "뛰어논다.", "사과를 고른다.", "노래를 아주 크게 부른다.", "책을 읽는다."]
SENTENCES = [" ".join(words) for words in itertools.product(WHO, WHERE, WHAT)]
LABELS = ("entailment", "neutral", "contradiction")


def write_table(path, header, rows):
    """Writes a tsv and returns its path."""
    lines = ["\t".join(map(str, row)) for row in (header, *rows)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """What is tiny is slower in several threads, most of all on a busy machine."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def own_data(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Files of a user, 48 rows each: inference and scored pairs, sentences; and dev pairs.

    No dev pair has a sentence of the others. "graded" are pairs whose scores even a random
    model follows: the same sentence twice, or two that differ.
    """
    root = tmp_path_factory.mktemp("own")
    draw = np.random.default_rng(5)

    def some(sentences: list[str], count: int) -> list[str]:
        return [sentences[n] for n in draw.permutation(len(sentences))[:count]]

    sentences = some(SENTENCES, len(SENTENCES))
    train, held_out = sentences[:120], sentences[120:]
    nli, sts = [], []
    for n in range(16):
        premise, *others = some(train, 4)
        nli += [(premise, other, LABELS[n]) for n, other in enumerate(others)]
    for n in range(48):
        sts.append((*some(train, 2), n % 6))
    dev = [(*some(held_out, 2), n % 6) for n in range(24)]
    graded = [(a, a if n % 2 else b, 5 * (n % 2)) for n, (a, b, _) in enumerate(dev)]
    scored = ("sentence1", "sentence2", "score")
    (root / "sentences.txt").write_text("\n".join(train[:48]) + "\n", encoding="utf-8")
    return {
        "nli": write_table(root / "nli.tsv", ("sentence1", "sentence2", "label"), nli),
        "sts": write_table(root / "sts.tsv", scored, sts),
        "dev": write_table(root / "dev.tsv", scored, dev),
        "graded": write_table(root / "graded.tsv", scored, graded),
        "sentences": root / "sentences.txt",
    }


@pytest.fixture(scope="session")
def tiny_bases(
    tiny_models: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    """Plain folders of tiny random backbones with the tokenizers of their kind.

    "bert"; "still", which is a BERT without dropout; "kobert" and "t5", with a SentencePiece
    model each; "bart".
    """
    spm = pytest.importorskip("sentencepiece", reason="needs the extra dev")
    import torch
    from transformers import (
        AutoTokenizer,
        BartConfig,
        BartModel,
        BertConfig,
        BertModel,
        T5Config,
        T5Model,
    )

    def pieces(**special):
        file = io.BytesIO()
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES),
            model_writer=file,
            vocab_size=100,
            hard_vocab_limit=False,
            minloglevel=2,
            num_threads=1,
            **special,
        )
        return file.getvalue()

    root = tmp_path_factory.mktemp("bases")
    sizes = {
        "vocab_size": 400,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 48,
        "pad_token_id": 1,
    }
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    torch.manual_seed(3)
    models = {
        "still": BertModel(BertConfig(**sizes, **still)),
        "kobert": BertModel(BertConfig(**sizes | {"pad_token_id": 0})),
        "bart": BartModel(
            BartConfig(
                vocab_size=400,
                d_model=16,
                encoder_layers=1,
                decoder_layers=1,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=24,
                decoder_ffn_dim=24,
                max_position_embeddings=48,
                bos_token_id=0,
                eos_token_id=2,
                decoder_start_token_id=2,
                pad_token_id=1,
            )
        ),
        "t5": T5Model(
            T5Config(
                vocab_size=400,
                d_model=16,
                d_kv=8,
                d_ff=24,
                num_layers=1,
                num_heads=2,
                n_positions=48,
                decoder_start_token_id=0,
            )
        ),
    }
    for name, model in models.items():
        model.save_pretrained(root / name)
    tokenizer = AutoTokenizer.from_pretrained(tiny_models["plain"])
    for name in ("still", "bart"):
        tokenizer.save_pretrained(root / name)
    special = {"unk_piece": "[UNK]", "pad_piece": "[PAD]", "bos_piece": "[CLS]"}
    kobert = pieces(
        unk_id=0,
        pad_id=1,
        bos_id=2,
        eos_id=3,
        eos_piece="[SEP]",
        control_symbols=["[MASK]"],
        **special,
    )
    (root / "kobert" / "spiece.model").write_bytes(kobert)
    (root / "t5" / "spiece.model").write_bytes(pieces(pad_id=0, eos_id=1, unk_id=2, bos_id=-1))
    return {"bert": tiny_models["plain"], **{name: root / name for name in models}}


_FILES = {
    "softmax": "nli",
    "contrastive": "nli",
    "cosine": "sts",
    "cosent": "sts",
    "angle": "sts",
    "dropout": "sentences",
    "denoise": "sentences",
    "distill": "sentences",
}


@pytest.fixture(scope="session")
def shrink(
    tiny_models: Mapping[str, Path], tiny_bases: Mapping[str, Path], own_data: Mapping[str, Path]
) -> Callable[..., list[str]]:
    """Makes the settings that put tiny models and own data into a shipped recipe."""
    from munjang.train.recipefile import load_recipe

    def stage(recipe: Recipe, base: Path, prefix: str) -> list[str]:
        settings = [f"model.base={base}", "train.steps=3", "train.batch_size=8"]
        settings += [f"evaluate.dev={own_data['dev']}", f'evaluate.report=["{own_data["dev"]}"]']
        if recipe.model.layers:
            settings.append("model.layers=1")
        if recipe.train.dims:
            settings.append("train.dims=[16,8]")
        if recipe.teacher is not None:
            encoder = any(part.objective == "distill" for part in recipe.data.values())
            teacher = tiny_models["mean"] if encoder else tiny_bases["bert"]
            small = {"model": teacher, "epochs": 1.0, "batch_size": 8, "pairs": 12}
            settings += [f"teacher.{key}={value}" for key, value in small.items()]
        for name, part in recipe.data.items():
            kind = "sentences" if part.labels == "teacher" else _FILES[part.objective]
            settings.append(f'data.{name}.use=["{own_data[kind]}"]')
            if part.batch_size:
                settings.append(f"data.{name}.batch_size=4")
        settings = [prefix + setting for setting in settings]
        if recipe.before is not None:
            settings += stage(recipe.before, base, f"{prefix}before.")
        return settings

    def shrink(name: str) -> list[str]:
        recipe = load_recipe(name)
        kind = next((kind for kind in tiny_bases if name.startswith(kind)), "bert")
        base = tiny_bases[kind] if recipe.model.pooling else tiny_models["mean"]
        return stage(recipe, base, "")

    return shrink


@dataclass(frozen=True)
class Child:
    """A command line that runs in a process of its own.

    Attributes:
        pid: The process, which nobody else gets until `wait`.
    """

    pid: int
    _nursery: Nursery
    _files: tuple[Path, Path]

    def kill(self) -> None:
        """Kills it at once, if it still runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def ended(self) -> bool:
        """Whether it ran to an end, good or bad."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def wait(self) -> tuple[int, str, str]:
        """Waits for its end; the exit code (-9 when killed), stdout and stderr."""
        code = self._nursery.ask({"wait": self.pid})
        out, err = (file.read_text("utf-8") for file in self._files)
        return code, out, err


_DRIVER = """
import json, os, resource, sys

import torch

torch.set_num_threads(1)
import munjang.cli
import munjang.train.run

def run(call):
    for number, path in enumerate(call["files"], 1):
        os.dup2(os.open(path, os.O_WRONLY), number)
    os.chdir(call["cwd"])
    if call["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (call["limit"], call["limit"]))
    code = munjang.cli.main(call["run"])
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(code)

answers = os.fdopen(os.dup(1), "w", buffering=1)
for line in sys.stdin:
    call = json.loads(line)
    if "wait" in call:
        print(os.waitstatus_to_exitcode(os.waitpid(call["wait"], 0)[1]), file=answers)
        continue
    pid = os.fork()
    if not pid:
        try:
            run(call)
        except BaseException:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(70)
    print(pid, file=answers)
"""


class Nursery:
    """One process that has imported everything, and forks one for every command line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", _DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore::FutureWarning"},
        )

    def ask(self, call: object) -> int:
        """Asks the process for a number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, *arguments: object, cwd: Path | None = None, limit: int | None = None) -> Child:
        """Starts `munjang ARGUMENTS`; `limit` is how many bytes a file of its may have."""
        self._count += 1
        files = tuple(self._folder / f"{self._count}.{end}" for end in ("out", "err"))
        for file in files:
            file.touch()
        call = {
            "run": [str(argument) for argument in arguments],
            "cwd": str(cwd or self._folder),
            "files": [str(file) for file in files],
            "limit": limit,
        }
        return Child(self.ask(call), self, files)

    def run(self, *arguments: object, **options) -> tuple[int, str, str]:
        """Runs `munjang ARGUMENTS` to its end."""
        return self.start(*arguments, **options).wait()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Runs command lines in real processes that start within milliseconds."""
    if not hasattr(os, "fork") or not Path("/proc/self/stat").exists():
        pytest.skip("needs Linux: fork and /proc")
    for name in ("torch", "sentence_transformers"):
        pytest.importorskip(name, reason="needs the extra train")
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def make_recipe(
    tiny_bases: Mapping[str, Path], own_data: Mapping[str, Path]
) -> Callable[..., Recipe]:
    """Makes a recipe of one data set on a tiny base: float32, two looks an epoch, no report.

    Keywords are the tables of a recipe, `part` that of its one data set, called "set".
    """
    from munjang.train.recipe import DataPart, EvaluatePart, ModelPart, Recipe, TrainPart

    def make(objective="contrastive", *, model=None, part=None, train=None, evaluate=None, **whole):
        use = {"use": (str(own_data[_FILES[objective]]),)}
        plain = {"batch_size": 8, "precision": "fp32", "seed": 3, "learning_rate": 1e-3}
        return Recipe(
            name="시험",
            model=ModelPart(**{"base": str(tiny_bases["bert"]), "pooling": "mean"} | (model or {})),
            data={"set": DataPart(objective=objective, **use | (part or {}))},
            train=TrainPart(**plain | (train or {})),
            evaluate=EvaluatePart(
                **{"dev": str(own_data["dev"]), "every": 3, "report": ()} | (evaluate or {})
            ),
            **whole,
        )

    return make
