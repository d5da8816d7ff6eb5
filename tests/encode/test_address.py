"""Addresses and keys: what is sent where, and what an error shows."""

from __future__ import annotations

import pytest

from munjang.encode.address import authorize, read_address
from munjang.errors import InputError


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in ("MUNJANG_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/embeddings"),
        (" http://127.0.0.1:8080/v1/ ", "http://127.0.0.1:8080/v1/embeddings"),
        ("https://host.example/v1/embeddings", "https://host.example/v1/embeddings"),
        ("http://anna:word@host.example", "http://host.example/embeddings"),
        ("https://host.example/a?version=2", "https://host.example/a/embeddings?version=2"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1/embeddings"),
    ],
)
def test_where_requests_go(url, target):
    address = read_address(url)
    assert address.target == target
    assert "anna" not in address.shown
    assert "?" not in address.shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host.example/v1",
        "ftp://host.example/v1",
        "http://",
        "http://anna:word@",
        "http://host.example:port/v1",
        "http://host.example:99999/v1",
        "http://host.example/우리 모델/v1",
        "http://host.example/v1\nHost: other",
        "http://[::1/v1",
    ],
)
def test_what_is_no_address(url):
    with pytest.raises(InputError, match="an endpoint is an http or https address") as caught:
        read_address(url)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://host.example/v1", True),
        ("http://127.0.0.1:1/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]/v1", True),
        ("http://host.example/v1", False),
        ("http://127.0.0.1@host.example/v1", False),
    ],
)
def test_openais_key_goes_over_no_open_line(monkeypatch, url, sent):
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    headers, _ = authorize(read_address(url), None)
    assert (headers.get("Authorization") == "Bearer key") is sent


def test_ours_goes_where_the_user_says(monkeypatch):
    monkeypatch.setenv("MUNJANG_API_KEY", " key\n")
    address = read_address("http://anna:word@host.example/v1")
    assert authorize(address, None) == ({"Authorization": "Bearer key"}, ("key",))
    assert authorize(address, "mine") == ({"Authorization": "Bearer mine"}, ("mine",))


@pytest.mark.parametrize("key", ["두 글자", "a b", "a\r\nX-Other: b"])
def test_a_key_that_no_header_can_carry_is_not_shown(key):
    with pytest.raises(InputError, match="API key") as caught:
        authorize(read_address("https://host.example"), key)
    assert key not in str(caught.value)
