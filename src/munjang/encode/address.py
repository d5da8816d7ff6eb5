"""Addresses of servers, and the keys that go there and nowhere else."""

from __future__ import annotations

import base64
import os
import urllib.parse
from typing import NamedTuple

from munjang.errors import InputError


class Address(NamedTuple):
    """Where requests go, and what else an address says.

    Attributes:
        target: Where requests go.
        shown: What errors show: no credentials, no query.
        credentials: What stood before the @, or "".
        trusted: Whether nobody on the way can read along: https, or this machine.
    """

    target: str
    shown: str
    credentials: str
    trusted: bool


def is_address(model: str) -> bool:
    """Whether a model's name is an address of a server.

    Example:
        >>> is_address("http://127.0.0.1:8080/v1#bge-m3"), is_address("BAAI/bge-m3")
        (True, False)
    """
    return model.startswith(("http://", "https://"))


def read_address(url: str) -> Address:
    """Reads the address of an embeddings API, with or without its last /embeddings.

    Args:
        url: An http or https address.

    Raises:
        InputError: It is no such address; the error shows nothing of it but its scheme.

    Example:
        >>> read_address("http://user:word@127.0.0.1:8080/v1/").shown
        'http://127.0.0.1:8080/v1'
    """
    url = url.strip()
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        parts, host = urllib.parse.urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or not _is_plain(url):
        raise InputError(
            "an endpoint is an http or https address, in ASCII",
            found=parts.scheme or "no address",
            fix="http://HOST:PORT/v1",
        )
    credentials, _, place = parts.netloc.rpartition("@")
    path = parts.path.rstrip("/").removesuffix("/embeddings")
    shown = f"{parts.scheme}://{place}{path}"
    target = f"{shown}/embeddings" + (f"?{parts.query}" if parts.query else "")
    local = host in ("localhost", "::1") or host.startswith("127.")
    return Address(target, shown, credentials, trusted=local or parts.scheme == "https")


def authorize(address: Address, api_key: str | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Finds the key and how it is sent.

    Args:
        address: Where it is sent.
        api_key: The key; None or "" for MUNJANG_API_KEY, for the address's own
            credentials, or for OPENAI_API_KEY where the address is `trusted`.

    Returns:
        The headers that carry it, and the texts that no message may show.

    Raises:
        InputError: The key holds what no key can hold; the error does not show it.
    """
    key = api_key or os.environ.get("MUNJANG_API_KEY", "")
    if not key and not address.credentials and address.trusted:
        key = os.environ.get("OPENAI_API_KEY", "")
    key = key.strip()
    if not _is_plain(key):
        raise InputError(
            "the API key holds what a key cannot hold", fix="copy it again, ASCII and no spaces"
        )
    if key:
        return {"Authorization": f"Bearer {key}"}, (key,)
    if address.credentials:
        user, _, password = map(urllib.parse.unquote, address.credentials.partition(":"))
        token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {token}"}, tuple(filter(None, (token, password)))
    return {}, ()


def _is_plain(text: str) -> bool:
    """Whether a text is printable ASCII without spaces, as headers and addresses need it."""
    return all("!" <= character <= "~" for character in text)
