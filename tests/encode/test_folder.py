from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from munjang.encode.folder import (
    FORMAT,
    MANIFEST,
    FileMark,
    Manifest,
    check_files,
    mark_file,
    read_manifest,
)
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.errors import ModelError


@pytest.fixture
def folder(tmp_path):
    """A whole folder of two files and their manifest."""
    for name, content in {"model.onnx": b"\x00graph", "tokenizer.json": b"{}"}.items():
        (tmp_path / name).write_bytes(content)
    manifest = Manifest(
        name="작은 모델",
        engine="onnx",
        precision="fp32",
        dim=8,
        max_tokens=16,
        pad_id=0,
        normalized=True,
        training_data=("korsts:train",),
        gate={"drop": 0.1},
        files={path.name: mark_file(path) for path in sorted(tmp_path.iterdir())},
    )
    (tmp_path / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return tmp_path


def edit(folder, **changes):
    raw = json.loads((folder / MANIFEST).read_text("utf-8"))
    raw.update(changes)
    raw = {key: value for key, value in raw.items() if value != "drop it"}
    (folder / MANIFEST).write_text(json.dumps(raw, ensure_ascii=False), "utf-8")


def refused(folder) -> str:
    with pytest.raises(ModelError) as caught:
        read_manifest(folder)
    assert len(str(caught.value).splitlines()) <= 3
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_what_is_written_is_read_back(folder):
    manifest = read_manifest(folder)
    assert manifest.to_json() == (folder / MANIFEST).read_text("utf-8")
    assert manifest.training_data == ("korsts:train",)
    assert manifest.files["model.onnx"] == FileMark(6, hashlib.sha256(b"\x00graph").hexdigest())
    (folder / MANIFEST).write_text(replace(manifest, dim=9).to_json(), "utf-8")
    assert read_manifest(folder) == replace(manifest, dim=9)
    assert "작은 모델" in manifest.to_json()


def test_the_shipped_model_is_whole():
    manifest = read_manifest(DEFAULT_FOLDER)
    check_files(DEFAULT_FOLDER, manifest)
    assert (manifest.engine, manifest.precision) == ("openvino", "int8")
    assert sum(mark.size for mark in manifest.files.values()) < 40e6
    assert set(manifest.files) >= {"model.xml", "model.bin", "tokenizer.json"}
    assert manifest.license != "not stated"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '"text"', "null", "{}", '{"format": 1}', "\ufeff{}", "[1, 2]"]
)
def test_what_is_not_a_manifest(folder, text):
    (folder / MANIFEST).write_text(text, "utf-8")
    assert "is not a model manifest" in refused(folder)


def test_a_manifest_that_is_not_utf8(folder):
    (folder / MANIFEST).write_bytes('{"name": "모델"}'.encode("cp949"))
    assert "is not a model manifest" in refused(folder)


@pytest.mark.parametrize("lost", ["name", "engine", "dim", "pad_id", "normalized", "files"])
def test_a_lost_key_is_named(folder, lost):
    edit(folder, **{lost: "drop it"})
    assert lost in refused(folder)


def test_an_unknown_key_is_named(folder):
    edit(folder, pooling="cls")
    assert "unknown key 'pooling'" in refused(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dim", "384"),
        ("max_tokens", None),
        ("pad_id", 1.5),
        ("name", 3),
        ("prompt", None),
        ("engine", "tensorrt"),
        ("engine", ["onnx"]),
        ("files", ["model.onnx"]),
        ("files", {"model.onnx": 3}),
        ("files", {"model.onnx": {"size": 6}}),
    ],
)
def test_a_value_that_makes_no_sense(folder, key, value):
    edit(folder, **{key: value})
    assert "is not a model manifest" in refused(folder)


@pytest.mark.parametrize("change", [{}, {"files": "drop it"}, {"shards": 3, "dim": "drop it"}])
def test_a_newer_layout_says_so_whatever_it_holds(folder, change):
    edit(folder, format=FORMAT + 1, **change)
    message = refused(folder)
    assert f"format {FORMAT + 1}" in message
    assert "pip install --upgrade" in message


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert f"{folder / name} is missing" in refused(folder)


def test_a_file_of_another_size_is_named(folder):
    (folder / "model.onnx").write_bytes(b"\x00gra")
    message = refused(folder)
    assert str(folder / "model.onnx") in message
    assert "4 bytes, expected 6" in message


def test_an_altered_file_of_the_same_size_is_found_by_checksum(folder):
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    (folder / "model.onnx").write_bytes(b"\x00grapH")
    assert read_manifest(folder) == manifest
    with pytest.raises(ModelError, match="was altered") as caught:
        check_files(folder, manifest)
    assert str(folder / "model.onnx") in str(caught.value)
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match="is missing"):
        check_files(folder, manifest)


def test_no_manifest(tmp_path):
    assert str(tmp_path / MANIFEST) in refused(tmp_path)
