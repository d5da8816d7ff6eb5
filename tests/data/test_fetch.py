"""Downloads against a real HTTP server on loopback: cut, resumed, wrong, refused."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from munjang.data.catalog import fetch, load_rows
from munjang.data.fetch import download
from munjang.errors import DataError, InputError, NetworkError
from munjang.files import hash_file

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

CONTENT = "한 문장\n".encode() * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT at any path; can cut answers, forget ranges, refuse."""

    content = CONTENT
    cut_after: int | None = None
    ranges = True
    status: int | None = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        content = self.server.content
        if self.server.status:
            self.send_error(self.server.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and self.server.ranges and start >= len(content):
            self.send_error(416)
            return
        partial = bool(wanted) and self.server.ranges
        body = content[start:] if partial else content
        self.send_response(206 if partial else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut_after])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "MUNJANG_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_file_arrives_whole_and_only_once(server, tmp_path):
    target = tmp_path / "new" / "a.tsv"
    assert download(f"{server.url}/a.tsv", target, sha256=SHA256) == target
    assert target.read_bytes() == CONTENT
    assert hash_file(target) == SHA256
    assert not list(tmp_path.rglob("*.part"))
    download(f"{server.url}/a.tsv", target, sha256=SHA256)
    assert server.asked == [("/a.tsv", None)]


def test_a_cut_download_is_resumed_where_it_stopped(server, tmp_path):
    target = tmp_path / "a.tsv"
    server.cut_after = 100_000
    with pytest.raises(NetworkError, match="could not be fetched") as caught:
        download(f"{server.url}/a.tsv", target, sha256=SHA256)
    assert "100,000 of 220,000 bytes" in (caught.value.found or "") or "Incomplete" in str(
        caught.value
    )
    assert not target.exists()
    have = (tmp_path / "a.tsv.part").stat().st_size
    assert 0 < have <= 100_000
    server.cut_after = None
    download(f"{server.url}/a.tsv", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT
    assert server.asked[-1] == ("/a.tsv", f"bytes={have}-")


def test_a_server_without_ranges_starts_over(server, tmp_path):
    target = tmp_path / "a.tsv"
    (tmp_path / "a.tsv.part").write_bytes(CONTENT[:1000])
    server.ranges = False
    download(f"{server.url}/a.tsv", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_a_part_as_long_as_the_file_starts_over(server, tmp_path):
    target = tmp_path / "a.tsv"
    (tmp_path / "a.tsv.part").write_bytes(b"x" * len(CONTENT))
    download(f"{server.url}/a.tsv", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    server.content = CONTENT[:-1]
    with pytest.raises(DataError, match=f"expected sha256 {SHA256}") as caught:
        download(f"{server.url}/a.tsv", tmp_path / "a.tsv", sha256=SHA256)
    assert caught.value.found == f"sha256 {hashlib.sha256(CONTENT[:-1]).hexdigest()}"
    assert not list(tmp_path.glob("a.tsv"))
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_told_with_its_code(server, tmp_path, status):
    server.status = status
    with pytest.raises(NetworkError, match="was refused") as caught:
        download(f"{server.url}/a.tsv", tmp_path / "a.tsv")
    assert f"HTTP {status}" in (caught.value.found or "")
    assert "MUNJANG_DATA" in (caught.value.fix or "")
    assert not (tmp_path / "a.tsv").exists()


def test_no_server_is_a_network_error(server, tmp_path):
    url = server.url
    server.server_close()
    with pytest.raises(NetworkError, match="could not be fetched"):
        download(f"{url}/a.tsv", tmp_path / "a.tsv", timeout=5)


@pytest.mark.parametrize("switch", ["MUNJANG_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_attempted(server, tmp_path, monkeypatch, switch):
    monkeypatch.setenv(switch, "1")
    with pytest.raises(NetworkError, match="may not be downloaded") as caught:
        download(f"{server.url}/a.tsv", tmp_path / "a.tsv")
    assert caught.value.found == f"{switch}=1"
    assert server.asked == []
    (tmp_path / "a.tsv").write_bytes(b"here")
    assert download(f"{server.url}/a.tsv", tmp_path / "a.tsv").read_bytes() == b"here"


def test_an_unwritable_folder_is_named(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write") as caught:
        download(f"{server.url}/a.tsv", tmp_path / "file" / "a.tsv")
    assert "MUNJANG_CACHE" in (caught.value.fix or "")
    assert server.asked == []


def test_only_web_addresses(tmp_path):
    with pytest.raises(InputError, match="only http"):
        download("file:///etc/hostname", tmp_path / "a")


def test_of_two_that_want_one_file_one_downloads(server, tmp_path):
    target = tmp_path / "a.tsv"
    threads = [
        threading.Thread(target=download, args=(f"{server.url}/a.tsv", target)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_a_known_set_is_fetched_from_its_pinned_commit(server, tmp_path, data_dir, monkeypatch):
    server.content = (data_dir / "kornlu/KorSTS/sts-test.tsv").read_bytes()
    monkeypatch.setattr("munjang.data.catalog.RAW_URL", server.url)
    monkeypatch.setenv("MUNJANG_CACHE", str(tmp_path))
    monkeypatch.delenv("MUNJANG_DATA")
    assert len(load_rows("korsts", "test")) == 1_379
    assert fetch("korsts", "test") == tmp_path / "data/korsts/sts-test.tsv"
    assert len(load_rows("korsts", "test")) == 1_379
    commit = "0df0fe7d496eb61b092e022e238c2230b29f1cbc"
    path = f"/kakaobrain/kor-nlu-datasets/{commit}/KorSTS/sts-test.tsv"
    assert server.asked == [(path, None)]
