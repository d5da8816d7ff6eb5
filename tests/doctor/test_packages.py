"""Installed packages against munjang's own metadata and its table of extras."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

from munjang.doctor.packages import EXTRAS, find_version, read_packages

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_base_and_the_extras_are_told_apart():
    packages = {(package.extra, package.name): package for package in read_packages()}
    assert packages["", "openvino"].fits
    assert packages["onnx", "onnxruntime"].wanted.startswith(">=")
    assert packages["train", "sentence-transformers"].extra == "train"
    assert not {extra for extra, _ in packages} & {"dev", "all"}
    assert "munjang" not in {name for _, name in packages}


def test_versions_are_those_of_the_metadata():
    assert find_version("numpy") == importlib.metadata.version("numpy")


def test_the_table_of_extras_is_that_of_the_project():
    written = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["optional-dependencies"]

    def flatten(extra):
        for line in written[extra]:
            if line.startswith("munjang["):
                for other in line.removeprefix("munjang[").removesuffix("]").split(","):
                    yield from flatten(other)
            else:
                yield line

    users = {
        extra: tuple(sorted(flatten(extra))) for extra in written if extra not in ("dev", "all")
    }
    assert users == EXTRAS


def test_stale_metadata_does_not_hide_an_extra(monkeypatch):
    lines = ["numpy>=1", 'onnxruntime>=99; extra == "onnx"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: lines)
    packages = read_packages()
    assert {package.extra for package in packages} == {"", *EXTRAS}
    assert [package.wanted for package in packages if package.extra == "onnx"] == [">=1.20"]


def test_misfits_are_seen(monkeypatch):
    lines = ["numpy<1", "no-such-munjang-package>=2", 'numpy<1; python_version < "3.0"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: lines)
    missing, numpy = [package for package in read_packages() if not package.extra]
    assert (numpy.name, numpy.version is None, numpy.fits) == ("numpy", False, False)
    assert (missing.version, missing.fits) == (None, False)


def test_a_munjang_that_is_only_on_the_path_has_no_metadata(monkeypatch):
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert {package.extra for package in read_packages()} == set(EXTRAS)
