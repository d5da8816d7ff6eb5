"""Downloads: resumed where they were cut, checked, and whole or not there at all."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from munjang.errors import DataError, InputError, NetworkError
from munjang.files import hash_file
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 16
_OFFLINE_SWITCHES = ("MUNJANG_OFFLINE", "HF_HUB_OFFLINE")
_CONNECTION_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)
_BRING = "or bring the file in a folder named by --data-dir or MUNJANG_DATA"


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    progress: bool = True,
    timeout: float = 30.0,
) -> Path:
    """Downloads a file to `target`, which appears only once it is whole and right.

    What has come so far lies in `target` + ".part" and is resumed by the next call. Of
    several processes that want one file, one downloads and the rest wait.

    Args:
        url: An http or https address.
        target: The file to make; its folder is made too. An existing one is kept.
        sha256: The checksum to expect in hexadecimal; None to check the length alone.
        progress: Show a progress bar on stderr, if that is a terminal.
        timeout: Seconds without any answer until giving up.

    Returns:
        `target`.

    Raises:
        NetworkError: No connection, a refusal, a connection cut half-way, or
            MUNJANG_OFFLINE=1 or HF_HUB_OFFLINE=1 (then nothing is attempted).
        DataError: Another checksum than expected; nothing is kept.
        InputError: The folder cannot be written, or `url` is not http(s).
    """
    if not url.startswith(("http://", "https://")):
        raise InputError("only http and https addresses are fetched", found=url)
    switch = offline_switch()
    if switch and not target.exists():
        raise NetworkError(
            f"{target.name} is not here and may not be downloaded",
            found=f"{switch}={os.environ[switch]}",
            fix=f"unset {switch}, {_BRING}",
        )
    from filelock import FileLock

    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            if not target.exists():
                _complete(url, part, progress=progress, timeout=timeout)
                _check(part, url, sha256)
                part.replace(target)
    except OSError as error:
        raise InputError(
            f"cannot write {target}",
            found=str(error),
            fix="name another folder with MUNJANG_CACHE",
        ) from error
    return target


def offline_switch() -> str | None:
    """The environment variable that forbids the network, where one is set to."""
    on = {"1", "true", "yes", "on"}
    settings = ((name, os.environ.get(name, "")) for name in _OFFLINE_SWITCHES)
    return next((name for name, value in settings if value.strip().lower() in on), None)


def _check(part: Path, url: str, sha256: str | None) -> None:
    if sha256 is None:
        return
    found = hash_file(part)
    if found != sha256:
        part.unlink()
        raise DataError(
            f"{url} is not the file that is known: expected sha256 {sha256}",
            found=f"sha256 {found}",
            fix=f"try again later, {_BRING}",
        )


def _complete(url: str, part: Path, *, progress: bool, timeout: float) -> None:
    have = part.stat().st_size if part.exists() else 0
    try:
        _transfer(url, part, have=have, progress=progress, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            part.unlink()
            _complete(url, part, progress=progress, timeout=timeout)
            return
        raise NetworkError(
            f"{url} was refused",
            found=f"HTTP {error.code} {error.reason}",
            fix=f"try again later, {_BRING}",
        ) from None
    except _CONNECTION_ERRORS as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _no_connection(url, str(reason) or type(error).__name__) from error


def _transfer(url: str, part: Path, *, have: int, progress: bool, timeout: float) -> None:
    headers = {"User-Agent": "munjang"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http(s), as download saw
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - as above
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        start = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        name = part.name.removesuffix(".part")
        bar = progress_bar(name, total=total, unit="bytes", shown=progress)
        with part.open("ab" if resumed else "wb") as stream, bar as advance:
            advance(start)
            while chunk := answer.read(_CHUNK):
                stream.write(chunk)
                advance(len(chunk))
    if total is not None and part.stat().st_size < total:
        raise _no_connection(url, f"{part.stat().st_size:,} of {total:,} bytes, then a cut")


def _no_connection(url: str, found: str) -> NetworkError:
    return NetworkError(
        f"{url} could not be fetched", found=found, fix=f"again (it resumes) when online, {_BRING}"
    )
