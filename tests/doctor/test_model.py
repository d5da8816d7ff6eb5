"""Whole models, silent ones, and broken copies of them."""

from __future__ import annotations

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import munjang
from munjang.doctor.model import (
    ModelExamination,
    examine_files,
    examine_pickles,
    examine_wholeness,
)
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.errors import InputError


def examine(model, **options):
    patient = ModelExamination(str(model), **options)
    found = {finding.what: finding for finding in patient.findings()}
    return patient, found


def test_the_shipped_model_is_whole():
    patient, found = examine("default")
    assert {finding.level for finding in found.values()} == {"ok"}
    assert next(iter(found)) == "in use"
    assert found["in use"].values["dim"] == 384
    assert patient.encoder is not None
    assert patient.folder == DEFAULT_FOLDER


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_an_export_of_either_engine(tiny_exports, engine):
    _, found = examine(tiny_exports["mean-normalize", engine])
    assert found["pooling"].level == "ok"
    assert found["vocabulary"].values["rows"] == 400
    assert found["length of vectors"].values["unit"]
    assert found["engine"].values["engine"] == f"{engine} fp32"


def test_a_pipeline_says_how_it_pools(tiny_models):
    _, found = examine(tiny_models["mean-normalize"])
    assert "Pooling (mean) > Normalize" in found["pooling"].detail
    assert found["length of vectors"].detail == "1: normalised"


def test_a_silent_folder_is_tried_both_ways(tiny_models):
    patient, found = examine(tiny_models["plain"])
    assert found["pooling"].level == "problem"
    assert {"mean", "cls"} <= set(found["pooling"].values)
    assert "--pooling" in found["pooling"].fix
    assert patient.encoder is not None
    assert examine(tiny_models["plain"], pooling="mean")[1]["pooling"].level == "note"


def test_a_pipeline_without_its_modules_becomes_silent(copy_model, tiny_models):
    folder = copy_model(tiny_models["cls"])
    (folder / "modules.json").unlink()
    assert examine(folder)[1]["pooling"].level == "problem"


def test_the_tokenizer_of_another_model(copy_model, tiny_models):
    folder = copy_model(tiny_models["mean"])
    shutil.copy(DEFAULT_FOLDER / "tokenizer.json", folder / "tokenizer.json")
    _, found = examine(folder)
    assert found["vocabulary"].level == "problem"
    assert "18,117" in found["vocabulary"].detail
    assert (found["run"].level, "does not run" in found["run"].detail) == ("problem", True)


def test_weights_that_are_only_a_pickle(copy_model, tiny_models):
    import torch
    from safetensors.torch import load_file

    folder = copy_model(tiny_models["cls"])
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    assert examine_pickles(folder) == []
    weights.unlink()
    patient, found = examine(folder)
    assert found["weights"].level == "warning"
    assert "--allow-pickle" in found["weights"].fix
    assert patient.encoder is None
    patient, found = examine(folder, allow_pickle=True)
    assert patient.encoder is not None
    assert (found["weights"].level, found["pooling"].level) == ("warning", "ok")


def test_a_silent_folder_of_pickles_cannot_be_tried(copy_model, tiny_models):
    folder = copy_model(tiny_models["plain"])
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    patient, found = examine(folder)
    assert "neither mean nor cls can be tried" in found["pooling"].detail
    assert "--allow-pickle" in found["pooling"].fix
    assert patient.encoder is None


def test_a_folder_that_holds_no_model_is_told_by_what_is_missing(copy_model, tmp_path, tiny_models):
    def told(folder):
        patient, found = examine(folder)
        assert patient.encoder is None
        assert [(finding.what, finding.level) for finding in found.values()] == [
            ("files", "problem")
        ]
        assert "--pooling" not in found["files"].fix
        return found["files"].detail

    empty = tmp_path / "빈 곳"
    empty.mkdir()
    said = "config.json and model.safetensors are missing"
    assert told(empty) == f"{empty} holds no model: {said}"
    (empty / "model.safetensors").write_bytes(b"")
    assert told(empty).endswith("holds no model: config.json is missing")
    folder = copy_model(DEFAULT_FOLDER)
    (folder / "munjang.json").unlink()
    assert told(folder).endswith("holds no model: munjang.json is missing beside model.xml")
    assert [examine_wholeness(whole) for whole in (DEFAULT_FOLDER, *tiny_models.values())] == [
        None
    ] * (1 + len(tiny_models))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "modules.json"])
def test_a_damaged_file_is_a_problem_and_no_error(copy_model, tiny_models, name):
    folder = copy_model(tiny_models["cls"])
    (folder / name).write_bytes((folder / name).read_bytes()[:20])
    patient, found = examine(folder)
    assert patient.encoder is None
    assert "problem" in {finding.level for finding in found.values()}
    assert all(finding.fix for finding in found.values() if finding.level == "problem")


@pytest.mark.parametrize("name", ["munjang.json", "tokenizer.json", "model.bin", "model.xml"])
def test_a_damaged_export_is_a_problem_and_no_error(copy_model, name):
    folder = copy_model(DEFAULT_FOLDER)
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    patient, found = examine(folder)
    assert patient.encoder is None
    problems = [finding.detail for finding in found.values() if finding.level == "problem"]
    assert problems
    assert len(problems) == len(set(problems))


def test_a_tokenizer_of_another_form_is_not_compared(copy_model, tiny_models):
    folder = copy_model(tiny_models["cls"])
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n가\n", "utf-8")
    assert [f.what for f in examine_files(folder) if f.level == "note"] == ["tokenizer"]


@pytest.mark.parametrize("model", ["없는/폴더/여기", "./없음"])
def test_a_model_that_is_not_there_is_a_problem(model):
    patient, found = examine(model)
    assert [(f.what, f.level) for f in found.values()] == [("model", "problem")]
    assert patient.encoder is None


class EmbeddingsHandler(BaseHTTPRequestHandler):
    """The shipped model behind OpenAI's embeddings API."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        rows = self.server.encoder.encode(texts).tolist()
        data = [{"index": n, "embedding": row} for n, row in enumerate(rows)]
        body = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
class TestServer:
    def test_a_model_on_a_server_is_asked(self):
        with HTTPServer(("127.0.0.1", 0), EmbeddingsHandler) as server:
            server.encoder = munjang.load()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            _, found = examine(f"http://127.0.0.1:{server.server_address[1]}/v1#shipped")
            server.shutdown()
        assert {finding.level for finding in found.values()} == {"ok"}
        assert found["in use"].values["dim"] == 384
        assert found["meaning"].values["twins"] >= 36
        assert "vocabulary" not in found

    def test_a_server_that_knows_no_embeddings_is_a_problem(self):
        with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            _, found = examine(f"http://127.0.0.1:{server.server_address[1]}/v1#m")
            server.shutdown()
        assert [(f.what, f.level) for f in found.values()] == [("server", "problem")]


def test_an_argument_that_cannot_be_is_the_users_mistake(tiny_exports):
    with pytest.raises(InputError, match="pooling cannot be chosen"):
        examine(tiny_exports["cls", "openvino"], pooling="mean")
