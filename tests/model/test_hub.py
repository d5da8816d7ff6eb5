"""Uploads: what goes and what stays, against a server on loopback that speaks the hub's API."""

from __future__ import annotations

import base64
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import munjang
from munjang.errors import InputError, ModelError, NetworkError
from munjang.model.hub import push_model

hub = pytest.importorskip("huggingface_hub")
pytest.importorskip("sentence_transformers", reason="needs the extra train")

REPO = "hong/ko-model"


class Hub(ThreadingHTTPServer):
    """Takes every file as a plain one, and keeps it; can refuse and have a repository."""

    status: int | None = None
    refuse_card = False
    private: bool | None = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.commits: list[str] = []
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)
        if self.server.status:
            return self.answer({"error": "아니요"}, self.server.status)
        if self.path == "/api/repos/create":
            return self.create(json.loads(body))
        if self.path == "/api/validate-yaml":
            errors = [{"message": '"license" must be one of …'}] if self.server.refuse_card else []
            return self.answer({"errors": errors, "warnings": []}, 400 if errors else 200)
        if "/preupload/" in self.path:
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]
            return self.answer({"files": modes})
        lines = [json.loads(line) for line in body.splitlines()]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.server.files[value["path"]] = base64.b64decode(value["content"])
            else:
                self.server.commits.append(value["summary"])
        return self.answer({"commitUrl": f"{self.server.url}/{REPO}/commit/a", "commitOid": "a"})

    def do_GET(self):
        self.answer({"id": REPO, "private": self.server.private, "siblings": []})

    def create(self, asked):
        if self.server.private is not None:
            return self.answer({"error": "it exists", "url": f"{self.server.url}/{REPO}"}, 409)
        private = asked.get("private") or asked.get("visibility") == "private"
        self.server.private = bool(private)
        return self.answer({"url": f"{self.server.url}/{REPO}"})

    def answer(self, content, status=200):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", False)
    with Hub() as running:
        monkeypatch.setattr(hub.constants, "ENDPOINT", running.url)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def model(tiny_models, tmp_path):
    shutil.copytree(tiny_models["cls"], tmp_path / "model")
    return tmp_path / "model"


FILES = {
    "1_Pooling/config.json",
    "README.md",
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
}


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestDryRun:
    def test_a_model_s_folder(self, model, tmp_path):
        out = tmp_path / "upload"
        found = push_model(model, REPO, dry_run=out)
        assert set(found.files) == FILES
        assert {name: len(content) for name, content in tree(out).items()} == found.files
        assert (found.repo, found.url, found.left_out) == (REPO, str(out), ())
        assert f'munjang.load("{REPO}")' in (out / "README.md").read_text("utf-8")
        assert munjang.load(out).dim == 32
        assert not (model / "README.md").exists()

    def test_a_run(self, run_folder, tmp_path):
        out = tmp_path / "upload"
        found = push_model(run_folder, REPO, dry_run=out)
        assert set(found.files) == FILES | {"2_Normalize/config.json"}
        card = (out / "README.md").read_text("utf-8")
        assert "50.00 → 81.55" in card
        assert REPO in card
        assert not (run_folder / "model" / "README.md").exists()

    def test_a_card_that_is_there_is_kept_but_for_its_name(self, run_folder, tmp_path):
        own = '# 손으로 쓴 글\n\nmunjang.load("./model")\n'
        (run_folder / "model" / "README.md").write_text(own, "utf-8")
        push_model(run_folder, REPO, dry_run=tmp_path / "upload")
        card = (tmp_path / "upload" / "README.md").read_text("utf-8")
        assert card == own.replace("./model", REPO)

    def test_an_exported_model(self, tiny_exports, tmp_path):
        source = tiny_exports["cls", "openvino"]
        found = push_model(source, REPO, dry_run=tmp_path / "upload")
        assert set(found.files) == {
            "README.md",
            "model.bin",
            "model.xml",
            "munjang.json",
            "tokenizer.json",
        }
        assert munjang.load(tmp_path / "upload").dim == 32

    def test_nothing_else_goes(self, model, tmp_path):
        (model / "optimizer.pt").write_bytes(b"x")
        (model / "training_args.bin").write_bytes(b"x")
        (model / ".cache").mkdir()
        (model / ".cache" / "a.json").write_text("{}", "utf-8")
        (model / "LICENSE").write_text("MIT", "utf-8")
        found = push_model(model, REPO, dry_run=tmp_path / "upload")
        assert set(found.files) == FILES | {"LICENSE"}
        assert found.left_out == (".cache/a.json", "optimizer.pt", "training_args.bin")
        assert set(tree(tmp_path / "upload")) == FILES | {"LICENSE"}

    def test_an_existing_folder_stays(self, model, tmp_path):
        out = tmp_path / "upload"
        out.mkdir()
        (out / "일기.txt").write_text("소중한 글", "utf-8")
        with pytest.raises(InputError, match="exists already"):
            push_model(model, REPO, dry_run=out)
        assert [path.name for path in out.iterdir()] == ["일기.txt"]


class TestRefusals:
    @pytest.mark.parametrize("repo", ["no-owner", "a/b/c", "hong/", "hong/ko model", "-/x", ""])
    def test_a_repository_that_cannot_be(self, model, tmp_path, repo):
        with pytest.raises(InputError):
            push_model(model, repo, dry_run=tmp_path / "upload")
        assert not (tmp_path / "upload").exists()

    def test_modules_that_are_code(self, model, tmp_path):
        modules = json.loads((model / "modules.json").read_text("utf-8"))
        modules[1]["type"] = "mine.Pooling"
        (model / "modules.json").write_text(json.dumps(modules), "utf-8")
        with pytest.raises(ModelError, match="needs code"):
            push_model(model, REPO, dry_run=tmp_path / "upload")

    def test_pickled_weights(self, model, tmp_path):
        (model / "model.safetensors").rename(model / "pytorch_model.bin")
        with pytest.raises(ModelError, match="pickle"):
            push_model(model, REPO, dry_run=tmp_path / "upload")

    def test_a_plain_folder(self, tiny_models, tmp_path):
        with pytest.raises(ModelError, match="no sentence-transformers folder"):
            push_model(tiny_models["plain"], REPO, dry_run=tmp_path / "upload")

    def test_a_damaged_export(self, tiny_exports, tmp_path):
        shutil.copytree(tiny_exports["cls", "openvino"], tmp_path / "model")
        content = bytearray((tmp_path / "model" / "model.bin").read_bytes())
        content[0] ^= 1
        (tmp_path / "model" / "model.bin").write_bytes(content)
        with pytest.raises(ModelError, match="was altered"):
            push_model(tmp_path / "model", REPO, dry_run=tmp_path / "upload")

    def test_no_folder(self, tmp_path):
        with pytest.raises(ModelError, match="not a folder"):
            push_model(tmp_path / "없음", REPO, dry_run=tmp_path / "upload")


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
class TestUpload:
    def test_what_arrives_is_what_a_dry_run_writes(self, server, run_folder, tmp_path):
        push_model(run_folder, REPO, dry_run=tmp_path / "upload")
        assert server.asked == []
        found = push_model(run_folder, REPO, message="첫 모델")
        assert server.files == tree(tmp_path / "upload")
        assert {name: len(content) for name, content in server.files.items()} == found.files
        assert (server.commits, server.private) == (["첫 모델"], False)
        assert found.url == f"{server.url}/{REPO}"

    def test_into_a_repository_that_is_there(self, server, model):
        server.private = False
        push_model(model, REPO)
        assert set(server.files) == FILES

    def test_private(self, server, model):
        push_model(model, REPO, private=True)
        assert server.private is True
        assert set(server.files) == FILES

    def test_private_into_a_public_one_is_refused(self, server, model):
        server.private = False
        with pytest.raises(InputError, match="is public"):
            push_model(model, REPO, private=True)
        assert server.files == {}

    @pytest.mark.parametrize("status", [401, 403])
    def test_not_allowed(self, server, model, status):
        server.status = status
        with pytest.raises(InputError, match="does not let you write") as refusal:
            push_model(model, REPO)
        assert "hf auth login" in (refusal.value.fix or "")

    def test_a_server_that_fails(self, server, model):
        server.status = 418
        with pytest.raises(NetworkError, match="could not be uploaded"):
            push_model(model, REPO)

    def test_a_card_that_the_hub_refuses(self, server, model):
        server.refuse_card = True
        with pytest.raises(InputError, match="does not take README") as refusal:
            push_model(model, REPO)
        assert "must be one of" in (refusal.value.found or "")
        assert server.files == {}

    def test_nobody_is_logged_in(self, server, model, monkeypatch):
        monkeypatch.setattr(hub, "get_token", lambda: None)
        with pytest.raises(InputError, match="nobody is logged in") as refusal:
            push_model(model, REPO)
        assert "hf auth login" in (refusal.value.fix or "")
        assert server.asked == []

    def test_no_server(self, server, model, monkeypatch):
        monkeypatch.setattr(hub.constants, "ENDPOINT", "http://127.0.0.1:9")
        with pytest.raises(NetworkError, match="could not be uploaded"):
            push_model(model, REPO)

    def test_offline(self, server, model, monkeypatch):
        monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(NetworkError, match="could not be uploaded"):
            push_model(model, REPO)
        assert server.asked == []
