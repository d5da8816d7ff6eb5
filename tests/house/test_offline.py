"""Nothing calls home: the main job runs where every socket is refused, and leaves no trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys

SEARCH_WITHOUT_SOCKETS = """
import socket, sys

def refuse(*arguments, **options):
    raise SystemExit(f"a socket was asked for: {arguments}")

socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from munjang.cli import main
code = main(sys.argv[1:])
assert sys.modules.get("openvino_telemetry") is None, "openvino's telemetry was imported"
sys.exit(code)
"""


def test_search_opens_no_socket_and_writes_nothing_at_home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    texts = tmp_path / "문서.txt"
    texts.write_text("환불은 어떻게 받나요?\n문을 몇 시에 여나요?\n", encoding="utf-8")
    arguments = ["search", "돈을 돌려받고 싶어요", "--in", str(texts), "-k", "1"]
    found = subprocess.run(
        [sys.executable, "-c", SEARCH_WITHOUT_SOCKETS, *arguments],
        env=os.environ | {"HOME": str(home), "CI": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["text"] == "환불은 어떻게 받나요?"
    assert list(home.rglob("*")) == []
