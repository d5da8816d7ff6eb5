"""The plan of the house: who may import whom, and what every module has beside it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2] / "src" / "munjang"
TESTS = Path(__file__).parents[1]

GROUND = {"errors", "files", "progress", "korean"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "files": {"errors"},
    "progress": {"errors"},
    "korean": {"errors"},
    "data": GROUND,
    "encode": GROUND | {"data"},
    "evaluate": GROUND | {"data", "encode"},
    "search": GROUND | {"data", "encode"},
    "doctor": GROUND | {"data", "encode"},
    "model": GROUND | {"data", "encode", "evaluate", "search"},
    "train": GROUND | {"data", "encode", "evaluate", "search", "model"},
    "serve": GROUND | {"data", "encode", "search"},
    "console": GROUND
    | {"data", "encode", "evaluate", "search", "doctor", "model", "train", "serve"},
}
MAY_IMPORT["inputs"] = MAY_IMPORT["console"] | {"console"}
MAY_IMPORT["running"] = {"errors", "console"}
MAY_IMPORT["cli"] = MAY_IMPORT["inputs"] | {"inputs", "running"}
MAY_IMPORT["__main__"] = {"cli"}
MAY_IMPORT["__init__"] = MAY_IMPORT["console"]
"""The floors of a room, below it; a room may always import itself."""

TORCH_ROOMS = ("model/", "train/", "encode/engines.py")
AT_HOME: dict[str, tuple[str, ...]] = {
    "torch": TORCH_ROOMS,
    "transformers": TORCH_ROOMS,
    "sentence_transformers": TORCH_ROOMS,
    "fastapi": ("serve/",),
    "lancedb": ("search/collection.py",),
    "kiwipiepy": ("korean/morph.py",),
    "ray": ("encode/stream.py",),
    "typer": ("cli/",),
    "matplotlib": ("evaluate/picture_files.py", "evaluate/pictures.py"),
    "mteb": ("evaluate/benchmarks.py", "evaluate/mteb_model.py"),
}
"""The only places, from src/munjang, that may import a package."""

ENCODER_ONLY = ("evaluate", "search")
"""Rooms that see the Encoder protocol, what belongs to it and what makes an Encoder of
anything (encode/adapt.py), never an engine or loader."""

TESTED_ELSEWHERE = {
    "__main__": "one line: tests/train/test_verbs.py runs it under torchrun",
    "__init__": "names loaded lazily: tests/house/test_startup.py and every test that uses them",
    "data/known": "a table: every row of it is read and counted in tests/data/test_catalog.py",
    "data/records": "what tests/data/test_tables.py reads its tables through",
    "data/rows": "plain dataclasses, compared in every test of tests/data",
    "doctor/twins": "a table, counted through in tests/doctor/test_vectors.py",
    "evaluate/page_tables": "the tables of the page: tests/evaluate/test_page.py",
    "evaluate/json_record": "what all records are read through: tests/evaluate/test_record.py",
    "evaluate/published": "a table, every row of it checked in tests/evaluate/test_report.py",
    "cli/data": "a part of the command line: tests/test_cli.py",
    "cli/asked": "what tests/cli/test_evaluate.py finds refused or read",
    "cli/outcome": "what tests/cli/test_evaluate.py sees evaluate print and write",
    "cli/export": "a part of the command line: tests/test_cli.py",
    "cli/options": "a part of the command line: tests/test_cli.py",
    "cli/training": "a part of the command line: tests/train/test_verbs.py",
    "cli/trim": "a part of the command line: tests/model/test_trim.py",
    "cli/use": "a part of the command line: tests/test_cli.py",
    "model/agreement": "what munjang average refuses: tests/model/test_average.py",
    "model/derived": "what trim, average and export have in common: tests/model/test_trim.py",
    "model/mean": "the numbers of munjang average: tests/model/test_average.py",
    "model/stored": "what munjang average reads: tests/model/test_average.py",
    "train/arguments": "what tests/train/test_run.py sees the trainer do",
    "train/result": "records read and written in every test of tests/train/test_run.py",
    "inputs": "the reading half of the command line: tests/test_cli.py",
}
"""Modules without a test file of their own, and why."""


def modules() -> dict[str, Path]:
    """Every module, by its path below src/munjang without the suffix."""
    found = sorted(HOUSE.rglob("*.py"))
    return {path.relative_to(HOUSE).with_suffix("").as_posix(): path for path in found}


def wrong_imports(place: str, source: str) -> list[str]:
    """What a module's imports do that the plan forbids, a line each.

    Args:
        place: The module's file below src/munjang, such as "encode/zoo.py".
        source: Its text.
    """
    return [
        f"{place}:{line}: {wrong}"
        for line, name in imports(source)
        if (
            wrong := _ours(place, name) if name.split(".")[0] == "munjang" else _theirs(place, name)
        )
    ]


def imports(source: str) -> list[tuple[int, str]]:
    """Line and full name of everything imported anywhere in a module."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            found += [
                (node.lineno, argument.value)
                for argument in node.args[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
    return found


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _ours(place: str, name: str) -> str:
    room = place.removesuffix(".py").split("/")[0]
    there = name.split(".")[1:2] or ["__init__"]
    if room not in MAY_IMPORT:
        return f"{room} is a room that the plan does not know"
    if name == "munjang.__version__" or there == [room]:
        return ""
    if there[0] not in MAY_IMPORT[room]:
        return f"{room} may not import {name}"
    if room in ENCODER_ONLY and there == ["encode"]:
        seen = name.split(".")[2:]
        if seen[:1] not in (["encoder"], ["adapt"]) or seen[1:] == ["SentenceEncoder"]:
            return f"{room} sees the Encoder protocol only, not {name}"
    return ""


def _theirs(place: str, name: str) -> str:
    homes = AT_HOME.get(name.split(".")[0])
    if homes is None or place.startswith(homes):
        return ""
    return f"{name} is imported only in {', '.join(homes)}"


@pytest.mark.parametrize("module", modules())
def test_arrows_run_one_way(module):
    path = modules()[module]
    assert wrong_imports(f"{module}.py", path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("data/rows.py", "from munjang.encode.encoder import Encoder"),
        ("data/rows.py", "if TYPE_CHECKING:\n    from munjang.encode import encoder"),
        ("data/rows.py", "def f():\n    import munjang.search.exact"),
        ("errors.py", "from munjang import files"),
        ("korean/hangul.py", "from munjang.data.rows import Pair"),
        ("encode/zoo.py", "from munjang.model.export import export_model"),
        ("encode/zoo.py", "import munjang\nmunjang.load()"),
        ("encode/zoo.py", "importlib.import_module('munjang.train.run')"),
        ("evaluate/sts.py", "from munjang.search.exact import Index"),
        ("search/exact.py", "from munjang.encode.loading import load"),
        ("search/exact.py", "from munjang.encode.encoder import SentenceEncoder"),
        ("model/export.py", "from munjang.train.run import train"),
        ("serve/app.py", "from munjang.evaluate.sts import correlations"),
        ("console.py", "from munjang.cli import app"),
        ("helpers/text.py", "from munjang.errors import InputError"),
        ("encode/encoder.py", "import torch"),
        ("encode/loading.py", "def f():\n    from transformers import AutoModel"),
        ("encode/zoo.py", "__import__('sentence_transformers')"),
        ("evaluate/sts.py", "import torch.nn.functional as F"),
        ("search/exact.py", "import lancedb"),
        ("korean/normalize.py", "from kiwipiepy import Kiwi"),
        ("data/readers.py", "import ray"),
        ("console.py", "import typer"),
        ("cli/use.py", "from fastapi import FastAPI"),
        ("evaluate/tasks.py", "def f():\n    import mteb"),
    ],
)
def test_a_wrong_import_is_found(place, source):
    wrong = wrong_imports(place, f"import json\nfrom munjang.errors import InputError\n{source}\n")
    assert len(wrong) == 1 + place.startswith("helpers")
    assert wrong[0].startswith(f"{place}:")


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("data/rows.py", "from munjang.korean.normalize import to_nfc"),
        ("encode/engines.py", "def f():\n    import torch"),
        ("train/run.py", "from munjang.model import export\nimport torch"),
        ("search/exact.py", "from munjang.encode.encoder import Encoder"),
        ("evaluate/vectors.py", "from munjang.encode.adapt import as_encoder"),
        ("search/collection.py", "import lancedb"),
        ("model/card.py", "from munjang import __version__"),
        ("cli/use.py", "import typer\nfrom munjang import console, inputs"),
        ("data/arrays.py", "import torchvision_like_name"),
    ],
)
def test_a_right_import_passes(place, source):
    assert wrong_imports(place, source) == []


def test_there_are_no_utils():
    names = {part for module in modules() for part in module.split("/")}
    assert not names & {"utils", "util", "helpers", "common", "misc"}


def test_every_module_has_a_test_file_or_a_reason():
    def mirrored(module: str) -> bool:
        path = TESTS / f"{module}.py"
        return path.with_name(f"test_{path.name}").is_file()

    ours = [m for m in modules() if m == "__init__" or not m.endswith("__init__")]
    missing = [m for m in ours if not mirrored(m) and m not in TESTED_ELSEWHERE]
    stale = [m for m in TESTED_ELSEWHERE if m not in ours or mirrored(m)]
    assert (missing, stale) == ([], [])
