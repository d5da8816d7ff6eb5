"""JSON sent to a server that may be busy: again where that helps, and never elsewhere."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import itertools
import json
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
import warnings
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from munjang.errors import MunjangWarning

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSING = frozenset({429, 500, 502, 503, 504})
"""What a server answers when the same request may succeed a moment later."""

MOST_SILENCES = 3
"""How often at most a request is left without an answer in time, whatever its retries."""

_PASSING_FAILURES = (TimeoutError, ConnectionResetError, BrokenPipeError, http.client.HTTPException)
_MOST_SHOWN = 200
_MOST_READ = 64 * 1024
_SAYS_TOO_LARGE = re.compile(
    r"batch|too (?:large|long|many|big)|maximum (?:request|context|number|input)|exceed", re.I
)


class Refusal(Exception):  # noqa: N818 - an answer, which the caller turns into its error
    """A request that brought nothing, and why; as text, status and message.

    Args:
        message: The server's own words, shortened, or what broke the connection.
        status: The HTTP status; None where no answer came.
        passing: Whether the same request may succeed a moment later.
        silent: Whether no answer came in time.
        retry_after: Seconds to wait before that, as the server asked for, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        passing: bool = False,
        silent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message if status is None else f"HTTP {status}: {message}")
        self.message, self.status = message, status
        self.passing, self.silent, self.retry_after = passing, silent, retry_after

    @property
    def too_large(self) -> bool:
        """Whether a smaller request may be let through."""
        if self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return True
        return self.status == HTTPStatus.BAD_REQUEST and bool(_SAYS_TOO_LARGE.search(self.message))


class StoppedError(Exception):
    """A request was given up because somebody else's failure made it pointless."""


class Call:
    """What the requests of one call share: its end, and one warning that it takes longer.

    Args:
        place: What the warning calls the server.

    Attributes:
        stop: Once set, no retry is waited for.
    """

    def __init__(self, place: str) -> None:
        self.stop = threading.Event()
        self._place = place
        self._unwarned = threading.Lock()

    def warn_of_retry(self, refusal: Refusal, left: int) -> None:
        """Warns (`MunjangWarning`) of the call's first retry; says nothing of later ones.

        Args:
            refusal: Why there is one.
            left: How many there may be.
        """
        if not self.stop.is_set() and self._unwarned.acquire(blocking=False):
            often = "once more" if left == 1 else f"at most {left} more times"
            message = f"{self._place}: {refusal}; trying again, {often}"
            warnings.warn(message, MunjangWarning, stacklevel=2)


class JsonClient:
    """Posts JSON to one address and reads JSON from the answers.

    Redirects are not followed: they would carry the key to another address.

    Args:
        url: An http or https address without credentials.
        headers: Sent with every request.
        secrets: Texts that never appear in a `Refusal`.
        timeout: Seconds without any answer until an attempt is given up.
        retries: How often a request is sent again after a passing failure; after
            `MOST_SILENCES` attempts without an answer in time it is given up earlier.
        backoff: Seconds before the first retry; doubled before each further one.
        longest_wait: No wait is longer, whatever the server asks for.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        secrets: tuple[str, ...] = (),
        timeout: float,
        retries: int,
        backoff: float = 1.0,
        longest_wait: float = 60.0,
    ) -> None:
        self.url = url
        self._headers = {"Content-Type": "application/json", "User-Agent": "munjang", **headers}
        self._secrets = secrets
        self._timeout, self._retries = timeout, retries
        self._backoff, self._longest_wait = backoff, longest_wait
        self._opener = urllib.request.build_opener(_NoRedirects)

    def post(self, body: object, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Sends a request, again after passing failures, and reads the answer.

        Args:
            body: What the request carries, as JSON.
            call: What it belongs to; it warns of the first retry.

        Raises:
            Refusal: The last attempt brought nothing, or the first that no retry helps.
            StoppedError: The call was stopped between two attempts.
        """
        content = json.dumps(body).encode("ascii")
        silences = 0
        for attempt in itertools.count():
            try:
                return self._try(content)
            except Refusal as refusal:
                silences += refusal.silent
                left = self._retries - attempt
                if refusal.silent:
                    left = min(left, MOST_SILENCES - silences)
                if not refusal.passing or left <= 0:
                    raise
                call.warn_of_retry(refusal, left)
                if call.stop.wait(self.pause(attempt, refusal.retry_after)):
                    raise StoppedError from None
        raise AssertionError("an attempt without retries left returns or raises")

    def pause(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after a failed attempt.

        Args:
            attempt: Which attempt failed, from 0.
            retry_after: What the server asked for, or None.
        """
        wanted = self._backoff * 2**attempt if retry_after is None else retry_after
        return min(max(wanted, 0.0), self._longest_wait)

    def _try(self, content: bytes) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(  # noqa: S310 - http(s), as the caller saw
            self.url, data=content, headers=self._headers, method="POST"
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                received = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from None
        try:
            return json.loads(received)
        except ValueError:
            start = received[:_MOST_READ].decode("utf-8", "replace")
            raise Refusal(f"not JSON: {self._shorten(start)}", status=200) from None

    def _refused(self, error: urllib.error.HTTPError) -> Refusal:
        content = b""
        with contextlib.suppress(OSError, http.client.HTTPException):
            content = error.read(_MOST_READ)
        said = _message_of(content.decode("utf-8", "replace")) or error.reason
        if 300 <= error.code < 400:
            said = "a redirect, which is not followed"
        return Refusal(
            self._shorten(str(said)),
            status=error.code,
            passing=error.code in PASSING,
            retry_after=read_retry_after(error.headers.get("Retry-After")),
        )

    def _broken(self, error: OSError | http.client.HTTPException) -> Refusal:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        passing = isinstance(reason, _PASSING_FAILURES)
        if isinstance(reason, TimeoutError):
            message = f"no answer within {self._timeout:g} s"
            return Refusal(message, passing=passing, silent=True)
        if isinstance(reason, (socket.gaierror, ssl.SSLError, ConnectionRefusedError)):
            passing = False
        return Refusal(self._shorten(str(reason) or type(reason).__name__), passing=passing)

    def _shorten(self, message: str) -> str:
        for secret in self._secrets:
            message = message.replace(secret, "***")
        message = " ".join(message.split())
        return message if len(message) <= _MOST_SHOWN else message[: _MOST_SHOWN - 1] + "…"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        """Nothing: the redirect itself becomes the error."""


def read_retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for; None where it says nothing usable.

    Args:
        value: Seconds, or a date as HTTP writes it.

    Example:
        >>> read_retry_after("7"), read_retry_after("잠시 뒤")
        (7.0, None)
    """
    if value is None:
        return None
    with contextlib.suppress(ValueError):
        seconds = float(value)
        return seconds if 0 <= seconds < float("inf") else None
    with contextlib.suppress(ValueError, TypeError):
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    return None


def _message_of(text: str) -> str:
    """What an error's body says, in the shapes that servers write."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    for key in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
