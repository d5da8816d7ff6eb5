"""Installed packages against munjang's own metadata."""

from __future__ import annotations

import importlib.metadata

from munjang.doctor.packages import find_version, read_packages


def test_the_base_and_the_extras_are_told_apart():
    packages = {(package.extra, package.name): package for package in read_packages()}
    assert packages["", "openvino"].fits
    assert packages["onnx", "onnxruntime"].wanted.startswith(">=")
    assert packages["train", "sentence-transformers"].extra == "train"
    assert not {extra for extra, _ in packages} & {"dev", "all"}
    assert "munjang" not in {name for _, name in packages}


def test_versions_are_those_of_the_metadata():
    assert find_version("numpy") == importlib.metadata.version("numpy")


def test_misfits_are_seen(monkeypatch):
    lines = [
        "numpy<1",
        'no-such-munjang-package>=2; extra == "search"',
        'numpy>=1; extra == "search"',
        'numpy<1; python_version < "3.0"',
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: lines)
    numpy, missing, fitting = read_packages()
    assert (numpy.name, numpy.extra, numpy.fits) == ("numpy", "", False)
    assert (missing.version, missing.fits, missing.extra) == (None, False, "search")
    assert fitting.fits


def test_a_munjang_that_is_only_on_the_path_has_no_metadata(monkeypatch):
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert read_packages() == []
