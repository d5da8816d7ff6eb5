"""An encoder that runs on a server which speaks OpenAI's embeddings API."""

from __future__ import annotations

import queue
import threading
import warnings
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from munjang.encode.address import authorize, read_address
from munjang.encode.answers import read_vectors
from munjang.encode.encoder import check_sentences, similarity, unit_length
from munjang.encode.jsonpost import Call, JsonClient, Refusal, StoppedError
from munjang.errors import InputError, MunjangWarning, NetworkError
from munjang.korean.normalize import replace_surrogates, to_nfc
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from munjang.encode.encoder import Vectors

MOST_CHARACTERS = 100_000
"""How many characters at most go into one request, unless one text alone is longer."""

_PROBE = "문장"
_HELP = {
    200: "check the address: it often ends in /v1",
    400: "see what the server says; the model's name and the length of the texts are checked there",
    401: "set MUNJANG_API_KEY to a key of this server",
    403: "set MUNJANG_API_KEY to a key of this server that may use the model",
    404: "check the address (it often ends in /v1) and the model's name",
    413: "shorter texts, or a server that takes longer ones",
    429: "again later, or raise the server's limit of requests",
}


class EndpointEncoder:
    """A model behind an address, as vLLM, TEI, llama.cpp, Ollama and OpenAI serve them.

    Satisfies `Encoder`. Texts go out in batches, a few at a time; a busy server (429,
    500, 502, 503, 504, no answer in time) is asked again, a batch that it finds too
    large is halved. The first retry of a call is told once (`MunjangWarning`); the first
    failure ends the call at once.

    A text that is nothing but white space, its prompt included, is not sent, since many
    servers refuse it: its vector is all zeros. What a server cuts off a long text it
    does not tell.

    Args:
        url: The API's address, such as "http://127.0.0.1:8080/v1". Credentials in it
            are sent as basic authentication and never shown.
        model: The model's name on that server.
        api_key: The key; else the environment variable MUNJANG_API_KEY; else
            OPENAI_API_KEY, which goes out over https or to this machine only.
        prompt: Put before every sentence, as models of the E5 family want it.
        nfc: Compose decomposed Hangul before it is sent.
        batch_size: The most texts in a request, whatever `encode` is told.
        timeout: Seconds without any answer until an attempt is given up.
        retries: How often a request is sent again; twice at most after attempts without
            an answer in time.
        workers: How many requests are under way at once.
        backoff: Seconds before the first retry, doubled each time; Retry-After goes first.
        longest_wait: No wait before a retry is longer, whatever the server asks for.

    Raises:
        InputError: An argument is out of range.

    Example:
        >>> EndpointEncoder("http://127.0.0.1:8080/v1", "bge-m3", prompt="query: ")
        EndpointEncoder('bge-m3', url='http://127.0.0.1:8080/v1', prompt='query: ')
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        prompt: str = "",
        nfc: bool = True,
        batch_size: int = 256,
        timeout: float = 60.0,
        retries: int = 5,
        workers: int = 4,
        backoff: float = 1.0,
        longest_wait: float = 60.0,
    ) -> None:
        for name, value in {"batch_size": batch_size, "workers": workers}.items():
            if value < 1:
                raise InputError(f"{name} must be at least 1", found=str(value))
        if retries < 0 or timeout <= 0:
            found = f"retries={retries}, timeout={timeout:g}"
            raise InputError("retries must be at least 0 and timeout above 0", found=found)
        if not model.strip():
            raise InputError("the server's model has no name", found=repr(model))
        address = read_address(url)
        self.name = model
        self.url = address.shown
        self.prompt, self.nfc = prompt, nfc
        self.batch_size, self._workers = batch_size, workers
        headers, secrets = authorize(address, api_key)
        self._client = JsonClient(
            address.target,
            headers=headers,
            secrets=secrets,
            timeout=timeout,
            retries=retries,
            backoff=backoff,
            longest_wait=longest_wait,
        )
        self._dim: int | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        prompt = f", prompt={self.prompt!r}" if self.prompt else ""
        nfc = "" if self.nfc else ", nfc=False"
        return f"EndpointEncoder({self.name!r}, url={self.url!r}{prompt}{nfc})"

    @property
    def dim(self) -> int:
        """The dimension of a vector; the server is asked for one, if it never was.

        Raises:
            NetworkError: It does not give one.
        """
        if self._dim is None:
            self._ask([_PROBE], [0], Call(self.url))
        assert self._dim is not None  # noqa: S101 - every answer that passes sets it
        return self._dim

    def encode(
        self,
        sentences: Sequence[str],
        *,
        batch_size: int = 32,
        normalize: bool = True,
        truncate_dim: int | None = None,
        progress: bool = False,
    ) -> Vectors:
        """Turns sentences into vectors; see `Encoder.encode` for the contract.

        Raises:
            InputError: A sentence is not a string, or an argument is out of range.
            NetworkError: The server cannot be reached, refuses, or answers something
                else than one finite vector a text, none all zeros, all of one dimension.
        """
        if batch_size < 1:
            raise InputError("batch_size must be at least 1", found=str(batch_size))
        texts = self._prepare(check_sentences(sentences))
        if truncate_dim is not None and not 1 <= truncate_dim <= self.dim:
            fix = f"1 to {self.dim} for this model"
            raise InputError("truncate_dim is out of range", found=str(truncate_dim), fix=fix)
        plan = plan_requests(texts, most=min(batch_size, self.batch_size))
        found = []
        call = Call(self.url)
        with progress_bar(
            "encoding", total=sum(map(len, plan)), unit="sentences", shown=progress
        ) as advance:
            for where, rows in _run(
                plan, self._workers, lambda batch: self._ask(texts, batch, call), call.stop
            ):
                found.append((where, rows))
                advance(len(where))
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for where, rows in found:
            vectors[where] = rows
        vectors = vectors[:, :truncate_dim]
        return unit_length(vectors) if normalize else vectors

    def similarity(self, a: Vectors, b: Vectors) -> Vectors:
        """The cosine of every row of `a` with every row of `b`."""
        return similarity(a, b)

    def _prepare(self, sentences: list[str]) -> list[str]:
        clean = [replace_surrogates(text) for text in sentences]
        repaired = sum(a != b for a, b in zip(sentences, clean, strict=True))
        if repaired:
            message = f"{repaired} sentences held lone surrogates, replaced by U+FFFD"
            warnings.warn(message, MunjangWarning, stacklevel=3)
        return [self.prompt + (to_nfc(text) if self.nfc else text) for text in clean]

    def _ask(self, texts: list[str], batch: list[int], call: Call) -> Vectors:
        """The vectors of some of the texts; a batch too large for the server is halved."""
        body = {
            "model": self.name,
            "input": [texts[index] for index in batch],
            "encoding_format": "float",
        }
        try:
            answer = self._client.post(body, call)
        except Refusal as refusal:
            if len(batch) == 1 or not refusal.too_large:
                raise self._refused(refusal, batch) from None
            middle = len(batch) // 2
            halves = (batch[:middle], batch[middle:])
            return np.concatenate([self._ask(texts, half, call) for half in halves])
        try:
            vectors = read_vectors(answer, len(batch))
            self._check_dim(vectors.shape[1])
        except ValueError as error:
            raise NetworkError(
                f"{self.url} did not answer with one vector a text",
                found=str(error),
                fix="name a server and a model for embeddings in OpenAI's format",
            ) from None
        return vectors

    def _check_dim(self, dim: int) -> None:
        with self._lock:
            if self._dim is None:
                self._dim = dim
            if self._dim != dim:
                raise ValueError(f"vectors of {dim} dimensions after some of {self._dim}")

    def _refused(self, refusal: Refusal, batch: list[int]) -> NetworkError:
        which = f" (sentences[{batch[0]}])" if len(batch) == 1 and refusal.too_large else ""
        return NetworkError(
            f"{self.url} gave no vectors of the model {self.name!r}",
            found=f"{refusal}{which}",
            fix=_HELP.get(refusal.status or 0, "check that the server runs there, and again"),
        )


def open_endpoint(address: str, *, prompt: str = "", nfc: bool = True) -> EndpointEncoder:
    """Opens the model that an address names after a #.

    Args:
        address: Such as "http://127.0.0.1:8080/v1#BAAI/bge-m3".
        prompt: As for `EndpointEncoder`.
        nfc: As for `EndpointEncoder`.

    Raises:
        InputError: It names no model, or is no such address.

    Example:
        >>> open_endpoint("http://127.0.0.1:8080/v1#BAAI/bge-m3").name
        'BAAI/bge-m3'
    """
    url, _, model = address.partition("#")
    if not model:
        raise InputError(
            f"{read_address(url).shown} names no model",
            fix=f"put it behind a #: {read_address(url).shown}#MODEL",
        )
    return EndpointEncoder(url, model, prompt=prompt, nfc=nfc)


def plan_requests(
    texts: Sequence[str], *, most: int, most_characters: int = MOST_CHARACTERS
) -> list[list[int]]:
    """Puts texts into requests, in order, by their number and by their characters.

    Args:
        texts: The texts; those of nothing but white space go into no request.
        most: The most texts in a request.
        most_characters: The most characters in one that has several texts.

    Returns:
        The indices of each request's texts.

    Example:
        >>> plan_requests(["비가 온다", " ", "눈", "첫눈"], most=2)
        [[0, 2], [3]]
    """
    plan: list[list[int]] = []
    size = 0
    for index, text in enumerate(texts):
        if not text.strip():
            continue
        size += len(text)
        if not plan or len(plan[-1]) == most or size > most_characters:
            plan.append([])
            size = len(text)
        plan[-1].append(index)
    return plan


def _run(
    plan: list[list[int]],
    workers: int,
    ask: Callable[[list[int]], Vectors],
    stop: threading.Event,
) -> Iterator[tuple[list[int], Vectors]]:
    """Asks for all batches, a few at a time; the first failure ends all waiting.

    The threads are daemons and nobody waits for them: one that is inside a request when
    another fails ends by its timeout at the latest, and what it brings is dropped.
    """
    todo = deque(plan)
    done: queue.SimpleQueue[tuple[list[int], Vectors] | Exception] = queue.SimpleQueue()

    def work() -> None:
        while not stop.is_set():
            try:
                batch = todo.popleft()
            except IndexError:
                return
            try:
                done.put((batch, ask(batch)))
            except StoppedError:
                return
            except Exception as error:
                done.put(error)  # before the stop, so that it is the one that is seen
                stop.set()

    for number in range(min(workers, len(plan))):
        threading.Thread(target=work, name=f"munjang-endpoint-{number}", daemon=True).start()
    try:
        for _ in plan:
            result = done.get()
            if isinstance(result, Exception):
                raise result
            yield result
    finally:
        stop.set()
