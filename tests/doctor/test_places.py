"""The hub on loopback, refusing, silent and away; the folders of data and caches."""

from __future__ import annotations

import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from munjang.doctor.places import examine_data_folder, examine_hub, examine_places

loopback = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def online(monkeypatch):
    for name in ("MUNJANG_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub(online):
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.status = 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class TestHub:
    pytestmark = loopback

    @pytest.mark.parametrize("status", [200, 401, 404, 503])
    def test_any_answer_is_an_answer(self, hub, status):
        hub.status = status
        found = examine_hub(f"http://127.0.0.1:{hub.server_address[1]}")
        assert (found.level, found.values) == ("ok", {"reached": True})

    def test_nobody_there(self, online):
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            found = examine_hub(f"http://127.0.0.1:{held.getsockname()[1]}")
        assert (found.level, found.values["reached"]) == ("note", False)
        assert "refused" in found.detail
        assert "HF_HUB_OFFLINE=1" in found.fix

    def test_who_takes_calls_and_says_nothing_is_left_in_time(self, online):
        with socket.socket() as mute:
            mute.bind(("127.0.0.1", 0))
            mute.listen()
            begin = time.monotonic()
            found = examine_hub(f"http://127.0.0.1:{mute.getsockname()[1]}", seconds=0.3)
        assert time.monotonic() - begin < 3
        assert found.values["reached"] is False

    @pytest.mark.parametrize("switch", ["MUNJANG_OFFLINE", "HF_HUB_OFFLINE"])
    def test_offline_means_that_nothing_is_tried(self, hub, monkeypatch, switch):
        monkeypatch.setenv(switch, "1")
        found = examine_hub(f"http://127.0.0.1:{hub.server_address[1]}")
        assert (found.level, found.values) == ("ok", {"reached": None})
        assert f"{switch}=1" in found.detail


def test_another_address_than_http_is_not_asked(online):
    assert "no http" in examine_hub("file:///etc/passwd").detail


def test_the_data_folder_is_counted(data_dir, tmp_path):
    found = examine_data_folder(str(data_dir))
    assert found.level == "ok"
    assert 0 < found.values["splits"] <= found.values["known"]
    empty = examine_data_folder(str(tmp_path))
    assert (empty.level, empty.values["splits"]) == ("warning", 0)


def test_a_data_folder_that_is_not_there_is_a_problem(tmp_path):
    assert examine_data_folder(str(tmp_path / "없음")).level == "problem"
    assert examine_data_folder(None).level == "ok"


def test_the_caches_are_measured(monkeypatch, tmp_path):
    monkeypatch.setenv("MUNJANG_CACHE", str(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.tsv").write_bytes(b"x" * 3000)
    found = {f.what: f for f in examine_places(hub=False)}
    assert found["data cache"].values["bytes"] == 3000
    assert found["data cache"].values["free_bytes"] > 0
    assert "not tried" in found["hub"].detail


def test_a_cache_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("MUNJANG_CACHE", str(file))
    found = {f.what: f for f in examine_places(hub=False)}["data cache"]
    assert (found.level, "MUNJANG_CACHE" in found.fix) == ("warning", True)
    if os.geteuid() != 0:  # root may write everywhere
        shut = tmp_path / "shut"
        shut.mkdir(mode=0o500)
        monkeypatch.setenv("MUNJANG_CACHE", str(shut))
        assert {f.what: f for f in examine_places(hub=False)}["data cache"].level == "warning"
