"""Waits, headers and broken connections; the answers of a server in test_endpoint.py."""

from __future__ import annotations

import email.utils
import socket
import threading
import time

import pytest

from munjang.encode.jsonpost import Call, JsonClient, Refusal, StoppedError, read_retry_after
from munjang.errors import MunjangWarning

loopback = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def client(url="http://127.0.0.1:9/", **options):
    return JsonClient(url, **{"headers": {}, "timeout": 20.0, "retries": 3, **options})


def test_waits_double_up_to_the_longest():
    waits = [client(backoff=0.5, longest_wait=3.0).pause(n, None) for n in range(5)]
    assert waits == [0.5, 1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 0.0), (7.0, 7.0), (1e9, 60.0)])
def test_what_the_server_asks_for_goes_first(asked, waited):
    assert client().pause(4, asked) == waited


def test_retry_after_as_a_date():
    later = email.utils.formatdate(time.time() + 100, usegmt=True)
    assert 90 < (read_retry_after(later) or 0) <= 100
    assert read_retry_after(email.utils.formatdate(0, usegmt=True)) == 0


@pytest.mark.parametrize("value", [None, "", "곧", "-1", "inf", "nan", "Mon, 40 Foo"])
def test_a_retry_after_that_says_nothing(value):
    assert read_retry_after(value) is None


@pytest.mark.parametrize(
    ("status", "message", "too_large"),
    [
        (413, "", True),
        (400, "batch size 64 > maximum allowed batch size 32", True),
        (400, "Too many inputs", True),
        (400, "maximum request size is 300000 tokens", True),
        (400, "no model of this name", False),
        (500, "batch failed", False),
        (None, "batch", False),
    ],
)
def test_what_says_that_a_batch_is_too_large(status, message, too_large):
    assert Refusal(message, status=status).too_large is too_large


class TestRetriesAreTold:
    @pytest.mark.parametrize(
        ("refusal", "left", "said"),
        [
            (
                Refusal("바쁩니다", status=429),
                5,
                "HTTP 429: 바쁩니다; trying again, at most 5 more times",
            ),
            (Refusal("no answer within 60 s"), 1, "no answer within 60 s; trying again, once more"),
        ],
    )
    def test_once_a_call(self, refusal, left, said):
        call = Call("http://127.0.0.1:9/v1")
        with pytest.warns(MunjangWarning) as caught:
            call.warn_of_retry(refusal, left)
        assert [str(warning.message) for warning in caught] == [f"http://127.0.0.1:9/v1: {said}"]
        call.warn_of_retry(Refusal("바쁩니다", status=503), 4)  # a warning would be an error

    def test_not_after_the_end(self):
        call = Call("http://127.0.0.1:9/v1")
        call.stop.set()
        call.warn_of_retry(Refusal("바쁩니다", status=503), 5)  # a warning would be an error


class Cutting:
    """A server that reads a request's beginning and hangs up without an answer."""

    def __init__(self):
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if connection.recv(65536) == b"end":
                    return
                self.asked += 1

    def close(self):
        with socket.create_connection(self._listener.getsockname()) as last:
            last.sendall(b"end")
        self._thread.join()
        self._listener.close()


@pytest.fixture
def cutting(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Cutting()
    yield server
    server.close()


class TestCutConnections:
    pytestmark = loopback

    def test_they_are_tried_again_then_told(self, cutting):
        with (
            pytest.warns(MunjangWarning, match="at most 3 more times"),
            pytest.raises(Refusal) as caught,
        ):
            client(cutting.url, backoff=0.0).post({}, Call(cutting.url))
        assert caught.value.status is None
        assert caught.value.message
        assert cutting.asked == 4

    def test_a_stop_ends_the_wait_for_another_try(self, cutting):
        call = Call(cutting.url)
        timer = threading.Timer(0.5, call.stop.set)
        timer.start()
        with pytest.warns(MunjangWarning), pytest.raises(StoppedError):
            client(cutting.url, backoff=600.0, longest_wait=600.0).post({}, call)
        timer.join()
        assert cutting.asked == 1
