"""The sizes of tables, read from headers and graphs of real models."""

from __future__ import annotations

import json
import struct

import pytest

from munjang.doctor.weights import Tables, read_shapes, read_tables
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.errors import ModelError


def test_of_the_shipped_graph_behind_its_quantisation():
    assert read_tables(DEFAULT_FOLDER) == Tables(tokens=18_118, positions=512)


@pytest.mark.parametrize(
    ("name", "positions"), [("plain", 64), ("cls", 64), ("roberta", 66), ("static", None)]
)
def test_of_torch_folders(tiny_models, name, positions):
    found = read_tables(tiny_models[name])
    assert found.positions == positions
    assert found.tokens is not None
    assert found.tokens <= 400


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_of_exports(tiny_exports, engine):
    assert read_tables(tiny_exports["cls", engine]) == Tables(tokens=400, positions=64)


def test_of_pickled_weights_as_the_configuration_says(copy_model, tiny_models):
    folder = copy_model(tiny_models["plain"])
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert read_tables(folder) == Tables(tokens=400, positions=64)


def test_shapes_are_those_that_the_file_holds(tiny_models):
    from safetensors.numpy import load_file

    path = tiny_models["plain"] / "model.safetensors"
    assert dict(read_shapes(path)) == {name: t.shape for name, t in load_file(path).items()}


def test_only_the_header_is_read(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [5, 2], "data_offsets": [0, 40]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert dict(read_shapes(tmp_path / "a.safetensors")) == {"w": (5, 2)}


@pytest.mark.parametrize(
    "content",
    [b"", b"\x01", struct.pack("<Q", 2**60), struct.pack("<Q", 2) + b"[]", b"\x05" + b"\0" * 7],
)
def test_a_damaged_file_is_told(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="is not a safetensors file"):
        read_tables(tmp_path)


@pytest.mark.parametrize("name", ["model.xml", "model.onnx"])
@pytest.mark.parametrize("content", [b"<net", b"\x00junk", b""])
def test_a_damaged_graph_is_told_once(tmp_path, capfd, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read as a model"):
        read_tables(tmp_path)
    assert capfd.readouterr().err == ""
