"""Places that munjang reads from and writes to: the hub, its cache, the data folders."""

from __future__ import annotations

import os
import shutil
import threading
import urllib.error
import urllib.request
from pathlib import Path

from munjang.data.catalog import cache_dir
from munjang.data.fetch import offline_switch
from munjang.data.known import DATASETS
from munjang.doctor.findings import Finding

HUB_SECONDS = 3.0
"""How long the hub may take to answer."""

_LITTLE_SPACE = 2 * 1024**3


def examine_places(*, hub: bool = True) -> list[Finding]:
    """Looks at the hub, the folder of data sets and the caches.

    Args:
        hub: Try to reach the hub, for `HUB_SECONDS` at most; never where
            MUNJANG_OFFLINE or HF_HUB_OFFLINE is on.
    """
    from huggingface_hub import constants

    return [
        examine_hub(str(constants.ENDPOINT), tried=hub),
        _examine_cache("model cache", Path(constants.HF_HUB_CACHE), "HF_HOME"),
        _examine_cache("data cache", cache_dir(), "MUNJANG_CACHE"),
        examine_data_folder(os.environ.get("MUNJANG_DATA")),
    ]


def examine_hub(endpoint: str, *, tried: bool = True, seconds: float = HUB_SECONDS) -> Finding:
    """Tells whether the hub answers.

    Args:
        endpoint: Its address.
        tried: False to leave it alone.
        seconds: How long to wait, the search for its address included.
    """
    switch = offline_switch()
    if switch or not tried:
        why = f"{switch}={os.environ[switch]}" if switch else "left out"
        return Finding("machine", "hub", "ok", f"not tried: {why}", values={"reached": None})
    answer = _ask(endpoint, seconds)
    if answer is None:
        return Finding("machine", "hub", "ok", f"{endpoint} answers", values={"reached": True})
    return Finding(
        "machine",
        "hub",
        "note",
        f"{endpoint} cannot be reached: {answer}",
        "models in the cache and munjang.load() need no hub; HF_HUB_OFFLINE=1 saves the wait, "
        "HTTPS_PROXY names a proxy, HF_ENDPOINT a mirror",
        {"reached": False},
    )


def examine_data_folder(folder: str | None) -> Finding:
    """Looks for the known data sets in the folder that MUNJANG_DATA names.

    Args:
        folder: What MUNJANG_DATA says; None where it says nothing.
    """
    if not folder:
        return Finding("machine", "data folder", "ok", "MUNJANG_DATA is not set")
    if not Path(folder).is_dir():
        return Finding(
            "machine",
            "data folder",
            "problem",
            f"MUNJANG_DATA={folder} is not a folder",
            "set it to the folder that has the data sets, or unset it",
        )
    splits = [split for dataset in DATASETS for split in dataset.splits]
    there = sum(
        any((Path(folder) / path).is_file() for file in split.files for path in file.paths)
        for split in splits
    )
    detail = f"{folder}: {there} of {len(splits)} known splits"
    values = {"splits": there, "known": len(splits)}
    if there:
        return Finding("machine", "data folder", "ok", detail, values=values)
    fix = "`munjang data list` names them; the folder holds one folder a data set"
    return Finding("machine", "data folder", "warning", detail, fix, values)


def _examine_cache(what: str, folder: Path, variable: str) -> Finding:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Finding(
            "machine",
            what,
            "warning",
            f"{_shorten(folder)} cannot be written",
            f"name another folder with {variable}",
        )
    free = shutil.disk_usage(there).free
    size = sum(path.stat().st_size for path in folder.rglob("*") if _is_own_file(path))
    values = {"bytes": size, "free_bytes": free}
    held = f"{in_bytes(size)}, {in_bytes(free)} free"
    if free < _LITTLE_SPACE:
        fix = f"make room, or name another folder with {variable}"
        return Finding("machine", what, "warning", f"{_shorten(folder)}: {held}", fix, values)
    return Finding("machine", what, "ok", f"{_shorten(folder)}: {held}", values=values)


def in_bytes(size: float) -> str:
    """Writes a number of bytes.

    Example:
        >>> in_bytes(0), in_bytes(1536), in_bytes(5 * 1024**3)
        ('empty', '1.5 KiB', '5.0 GiB')
    """
    if not size:
        return "empty"
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


def _shorten(folder: Path) -> str:
    """The folder as a user would type it."""
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()  # the hub's snapshots are links


def _ask(endpoint: str, seconds: float) -> str | None:
    """Why the hub does not answer; None where it does, be it with a refusal.

    The search for its address knows no time-out, so that it is left behind in its thread.
    """
    answers: list[str | None] = []

    def ask() -> None:
        answers.append(_request(endpoint, seconds))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return answers[0] if answers else f"no answer in {seconds:g} seconds"


def _request(endpoint: str, seconds: float) -> str | None:
    if not endpoint.startswith(("http://", "https://")):
        return "no http or https address"
    request = urllib.request.Request(endpoint, method="HEAD", headers={"User-Agent": "munjang"})  # noqa: S310 - http(s), as just seen
    try:
        urllib.request.urlopen(request, timeout=seconds).close()  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return getattr(reason, "strerror", None) or str(reason) or type(error).__name__
    return None
