"""The endpoint encoder against a real HTTP server on loopback: right, wrong, busy, silent."""

from __future__ import annotations

import base64
import io
import json
import math
import threading
import time
from contextlib import redirect_stderr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import munjang
from munjang import progress
from munjang.encode.encoder import Encoder
from munjang.encode.endpoint import EndpointEncoder, open_endpoint, plan_requests
from munjang.errors import InputError, MunjangWarning, NetworkError

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

TEXTS = [f"{n}번째로 온 손님에게 차를 내었다." for n in range(10)]
KEY = "sk-열쇠가-아닌-것".encode().hex()


def vector_of(text):
    """What the server makes of a text: its length, its first character, one."""
    return [float(len(text)), float(ord(text[0]) % 97), 1.0]


def good_answer(texts):
    items = [{"index": i, "embedding": vector_of(text)} for i, text in enumerate(texts)]
    return {"object": "list", "data": items, "model": "m"}


class Server(ThreadingHTTPServer):
    """Answers like OpenAI's API; `behave` sees a request first and may answer otherwise."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[list[str]] = []
        self.bodies: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.release = threading.Event()
        self.behave = lambda texts: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *args):
        pass


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = body["input"]
        self.server.asked.append(texts)
        self.server.bodies.append(body)
        self.server.headers.append({"path": self.path, **self.headers})
        answer = self.server.behave(texts) or (200, good_answer(texts))
        status, content, *headers = answer
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "MUNJANG_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with Server() as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.release.set()
        running.shutdown()
        thread.join()


def encoder_of(server, **options):
    return EndpointEncoder(server.url, "m", **{"backoff": 0.0, "timeout": 20.0, **options})


def refused(encoder, texts=TEXTS, **options) -> str:
    with pytest.raises(NetworkError) as caught:
        encoder.encode(texts, **options)
    message = str(caught.value)
    assert encoder.url in message
    assert len(message.splitlines()) == 3
    return message


def test_it_is_an_encoder_and_gives_vectors_in_order(server):
    encoder = encoder_of(server)
    found = encoder.encode(TEXTS, batch_size=3, normalize=False)
    assert found.dtype == np.float32
    assert found.tolist() == [vector_of(text) for text in TEXTS]
    assert sorted(map(len, server.asked)) == [1, 3, 3, 3]
    assert server.bodies[0]["model"] == "m"
    assert server.bodies[0]["encoding_format"] == "float"
    assert server.headers[0]["path"] == "/v1/embeddings"
    assert isinstance(encoder, Encoder)
    assert (encoder.name, encoder.dim) == ("m", 3)


def test_unit_length_after_the_cut(server):
    encoder = encoder_of(server)
    found = encoder.encode(TEXTS, truncate_dim=2)
    raw = np.array([vector_of(text)[:2] for text in TEXTS], dtype=np.float32)
    assert np.allclose(found, raw / np.linalg.norm(raw, axis=1, keepdims=True))
    for bad in (0, 4):
        with pytest.raises(InputError, match="truncate_dim is out of range"):
            encoder.encode(TEXTS, truncate_dim=bad)
    with pytest.raises(InputError, match="batch_size"):
        encoder.encode(TEXTS, batch_size=0)
    with pytest.raises(InputError, match=r"sentences\[1\] is not text"):
        encoder.encode(["글", None])


def test_the_dimension_is_asked_for_once(server):
    encoder = encoder_of(server)
    assert encoder.encode([]).shape == (0, 3)
    assert encoder.dim == 3
    assert len(server.asked) == 1


def test_answers_out_of_order_are_put_in_order(server):
    def shuffle(texts):
        answer = good_answer(texts)
        answer["data"].reverse()
        return 200, answer

    server.behave = shuffle
    found = encoder_of(server).encode(TEXTS, normalize=False)
    assert found.tolist() == [vector_of(text) for text in TEXTS]


def test_blank_texts_are_not_sent_and_become_zeros(server):
    found = encoder_of(server).encode(["", "문장", " \n"])
    assert server.asked == [["문장"]]
    assert found.any(axis=1).tolist() == [False, True, False]
    assert not encoder_of(server).encode([" "]).any()
    prompted = encoder_of(server, prompt="query: ").encode([""])
    assert prompted.any()
    assert server.asked[-1] == ["query: "]


def test_what_is_sent_is_composed_and_repaired(server):
    encoder = encoder_of(server, prompt="질문: ")
    with pytest.warns(MunjangWarning, match="1 sentences held lone surrogates"):
        encoder.encode(["\u1112\u1161\u11ab", "좋아\ud83d"])
    assert server.asked == [["질문: 한", "질문: 좋아\ufffd"]]
    encoder_of(server, nfc=False).encode(["\u1112\u1161\u11ab"])
    assert server.asked[-1] == ["\u1112\u1161\u11ab"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda data: data.pop(2), "9 vectors for 10 texts, none with the index 2"),
        (lambda data: data[3].update(index=4), "the index 4 twice"),
        (lambda data: data[3].update(index=10), "the index 10 for 10 texts"),
        (lambda data: data[3].pop("index"), "the index None"),
        (lambda data: data[3]["embedding"].append(1.0), "vectors of 4 dimensions among some of 3"),
        (lambda data: data[3].update(embedding=[1.0, math.nan, 2.0]), "not a finite number"),
        (lambda data: data[3].update(embedding=[1.0, None, 2.0]), "not a finite number"),
        (lambda data: data[3].update(embedding=[1.0, 1e300, 2.0]), "not a finite number"),
        (lambda data: data[3].update(embedding="AAAA"), "is str, not numbers"),
        (lambda data: data[3].update(embedding=["가", "나", "다"]), "not a list of numbers"),
        (lambda data: data[3].update(embedding=[0.0, 0, -0.0]), "the embedding 3 is all zeros"),
        (lambda data: data.append("끝"), 'no list of objects under "data"'),
    ],
)
def test_a_wrong_answer_is_told(server, change, found):
    def spoil(texts):
        answer = good_answer(texts)
        change(answer["data"])
        return 200, answer

    server.behave = spoil
    assert found in refused(encoder_of(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize("content", [{}, [], "비어 있음", {"data": None}])
def test_another_shape_is_told(server, content):
    server.behave = lambda texts: (200, content)
    assert 'no list of objects under "data"' in refused(encoder_of(server))


def test_what_is_not_json_is_told_and_not_asked_again(server):
    server.behave = lambda texts: (200, "<html>안내 페이지</html>".encode())
    message = refused(encoder_of(server))
    assert "not JSON: <html>안내 페이지</html>" in message
    assert "/v1" in message
    assert len(server.asked) == 1


def test_a_dimension_that_changes_between_answers(server):
    encoder = encoder_of(server)
    encoder.encode(TEXTS[:2])
    server.behave = lambda texts: (200, {"data": [{"index": 0, "embedding": [1.0, 2.0]}]})
    assert "vectors of 2 dimensions after some of 3" in refused(encoder, TEXTS[:1])


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(server, status):
    answers = [(status, {"error": {"message": "바쁩니다"}})] * 2
    server.behave = lambda texts: answers.pop() if answers else None
    with pytest.warns(MunjangWarning) as caught:
        assert encoder_of(server).encode(TEXTS[:2], normalize=False).shape == (2, 3)
    assert len(server.asked) == 3
    (warning,) = caught
    assert str(warning.message) == (
        f"{server.url}: HTTP {status}: 바쁩니다; trying again, at most 5 more times"
    )


def test_each_call_tells_of_its_first_retry_once(server):
    lock, seen = threading.Lock(), set()

    def behave(texts):
        with lock:
            first = tuple(texts) not in seen
            seen.add(tuple(texts))
        return (503, {"error": "모델을 올리는 중"}) if first else None

    server.behave = behave
    encoder = encoder_of(server, retries=1)
    for texts in (TEXTS[:4], TEXTS[4:8]):
        with pytest.warns(MunjangWarning, match="503: 모델을 올리는 중; .* once more$") as caught:
            encoder.encode(texts, batch_size=1)
        assert len(caught) == 1
    assert len(server.asked) == 16


def test_a_dimension_asked_for_tells_of_its_retry_too(server):
    answers = [(502, b"")]
    server.behave = lambda texts: answers.pop() if answers else None
    with pytest.warns(MunjangWarning, match="HTTP 502: Bad Gateway; trying again"):
        assert encoder_of(server).dim == 3


def test_no_bar_and_no_word_where_all_goes_well(server, capsys, recwarn):
    encoder_of(server).encode(TEXTS, progress=True)
    assert not recwarn.list
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_there_before_the_first_answer(server, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

        def write(self, text):
            if "0/10" in text:
                server.release.set()
            return super().write(text)

    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.01)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    answered = []
    server.behave = lambda texts: answered.append(server.release.wait(10))
    with redirect_stderr(Terminal()):
        encoder_of(server).encode(TEXTS, progress=True)
    assert answered == [True]


def test_retry_after_is_waited_for(server):
    answers = [(429, {}, ("Retry-After", "0.2"))]
    server.behave = lambda texts: answers.pop() if answers else None
    begin = time.monotonic()
    with pytest.warns(MunjangWarning, match="HTTP 429"):
        encoder_of(server).encode(TEXTS[:1])
    assert time.monotonic() - begin >= 0.2


def test_an_endless_retry_after_is_bounded(server):
    answers = [(429, {}, ("Retry-After", "86400"))]
    server.behave = lambda texts: answers.pop() if answers else None
    with pytest.warns(MunjangWarning, match="HTTP 429"):
        assert encoder_of(server, longest_wait=0.01).encode(TEXTS[:1]).shape == (1, 3)


def test_what_helps_against_a_limit_can_be_done(server):
    server.behave = lambda texts: (429, {"error": "너무 자주 묻습니다"})
    message = refused(encoder_of(server, retries=0), TEXTS[:1])
    assert "try: again later" in message
    assert "workers" not in message


def test_a_server_that_stays_busy(server):
    server.behave = lambda texts: (503, {"error": "모델을 올리는 중"})
    with pytest.warns(MunjangWarning, match="at most 2 more times"):
        message = refused(encoder_of(server, retries=2), TEXTS[:1])
    assert "found: HTTP 503: 모델을 올리는 중" in message
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (400, "see what the server says"),
        (401, "MUNJANG_API_KEY"),
        (403, "MUNJANG_API_KEY"),
        (404, "model's name"),
    ],
)
def test_a_refusal_is_final(server, status, fix):
    server.behave = lambda texts: (status, {"message": "안 됩니다 " * 100})
    message = refused(encoder_of(server), TEXTS[:1])
    assert f"HTTP {status}: 안 됩니다" in message
    assert fix in message
    assert len(message) < 600
    assert len(server.asked) == 1


def test_no_answer_in_time_is_tried_again_then_told(server):
    server.behave = lambda texts: server.release.wait(30) and None
    with pytest.warns(MunjangWarning, match=r"no answer within 0\.1 s; trying again, once more"):
        message = refused(encoder_of(server, timeout=0.1, retries=1), TEXTS[:1])
    assert "no answer within 0.1 s" in message
    assert len(server.asked) == 2


def test_a_silent_server_is_given_up_earlier(server):
    server.behave = lambda texts: server.release.wait(30) and None
    with pytest.warns(MunjangWarning, match="trying again, at most 2 more times"):
        refused(encoder_of(server, timeout=0.1), TEXTS[:1])
    assert len(server.asked) == 3


def test_no_server_is_not_waited_for(server):
    url = server.url
    server.shutdown()  # a socket that is still polled would take a connection and reset it
    server.server_close()
    encoder = EndpointEncoder(url, "m", backoff=600.0, longest_wait=600.0)
    assert "check that the server runs" in refused(encoder)


@pytest.mark.parametrize(
    "answer",
    [
        (413, b""),
        (400, {"error": {"message": "batch size 10 exceeds the limit of 3"}}),
    ],
)
def test_a_batch_that_is_too_large_is_halved(server, answer):
    server.behave = lambda texts: answer if len(texts) > 3 else None
    found = encoder_of(server).encode(TEXTS, normalize=False)
    assert found.tolist() == [vector_of(text) for text in TEXTS]
    assert max(len(texts) for texts in server.asked[3:]) <= 5


def test_a_text_that_is_too_large_by_itself_is_named(server):
    server.behave = lambda texts: (413, b"") if TEXTS[6] in texts else None
    assert "HTTP 413" in refused(encoder_of(server))
    assert "(sentences[6])" in refused(encoder_of(server))


@pytest.mark.filterwarnings("ignore::munjang.errors.MunjangWarning")
def test_a_failure_ends_the_waits_of_the_others(server):
    waiting = threading.Event()

    def behave(texts):
        if texts == TEXTS[:1]:
            waiting.set()
            return 503, {}, ("Retry-After", "600")
        if texts == TEXTS[1:2]:
            server.release.wait(600)
            return None
        waiting.wait(30)
        return 401, {"error": "열쇠가 다릅니다"}

    server.behave = behave
    encoder = encoder_of(server, workers=3, timeout=600.0, longest_wait=600.0)
    before = set(threading.enumerate())
    begin = time.monotonic()
    assert "HTTP 401: 열쇠가 다릅니다" in refused(encoder, TEXTS[:6], batch_size=1)
    assert time.monotonic() - begin < 60
    started = {t for t in set(threading.enumerate()) - before if "munjang" in t.name}
    assert all(thread.daemon for thread in started)
    server.release.set()
    for thread in started:
        thread.join(30)
        assert not thread.is_alive()
    assert 3 <= len(server.asked) <= 4  # the first three at once, and no further batch after it


def test_only_a_few_requests_are_under_way_at_once(server):
    lock, under_way, most = threading.Lock(), [0], [0]

    def behave(texts):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.02)
        with lock:
            under_way[0] -= 1

    server.behave = behave
    encoder_of(server, workers=2).encode(TEXTS, batch_size=1)
    assert most[0] == 2


def test_a_redirect_is_not_followed(server):
    server.behave = lambda texts: (307, b"", ("Location", "http://127.0.0.1:9/v1/embeddings"))
    assert "HTTP 307: a redirect, which is not followed" in refused(encoder_of(server))


class TestKeys:
    def test_an_argument_goes_before_the_environment(self, server, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "second")
        encoder_of(server).encode(TEXTS[:1])
        monkeypatch.setenv("MUNJANG_API_KEY", "first")
        encoder_of(server).encode(TEXTS[:1])
        encoder_of(server, api_key=KEY).encode(TEXTS[:1])
        sent = [headers["Authorization"] for headers in server.headers]
        assert sent == ["Bearer second", "Bearer first", f"Bearer {KEY}"]

    def test_without_a_key_none_is_sent(self, server):
        encoder_of(server).encode(TEXTS[:1])
        assert "Authorization" not in server.headers[0]

    def test_credentials_of_the_address(self, server):
        url = server.url.replace("//", "//anna:b%40ram@")
        encoder = EndpointEncoder(url, "m")
        encoder.encode(TEXTS[:1])
        token = base64.b64encode(b"anna:b@ram").decode()
        assert server.headers[0]["Authorization"] == f"Basic {token}"
        server.behave = lambda texts: (401, {"error": "no b@ram here"})
        message = refused(encoder, TEXTS[:1])
        for text in (repr(encoder), message):
            assert "anna" not in text
            assert "ram" not in text

    def test_no_error_shows_a_key(self, server):
        server.behave = lambda texts: (401, {"error": {"message": f"Wrong key: {KEY}."}})
        encoder = encoder_of(server, api_key=KEY)
        message = refused(encoder)
        assert "Wrong key: ***." in message
        assert KEY not in message + repr(encoder)
        with pytest.raises(InputError) as caught:
            encoder_of(server, api_key=f"{KEY}\n줄")
        assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"batch_size": 0}, {"workers": 0}, {"retries": -1}, {"timeout": 0}],
)
def test_arguments_out_of_range(options):
    with pytest.raises(InputError, match=next(iter(options))):
        EndpointEncoder("http://127.0.0.1/v1", "m", **options)


def test_a_model_without_a_name():
    with pytest.raises(InputError, match="no name"):
        EndpointEncoder("http://127.0.0.1/v1", " ")
    with pytest.raises(InputError, match="names no model") as caught:
        open_endpoint("http://127.0.0.1:8080/v1")
    assert "http://127.0.0.1:8080/v1#MODEL" in str(caught.value)


def test_an_address_with_a_model_can_be_opened(server):
    encoder = munjang.open_endpoint(f"{server.url}#jangs/문장", prompt="query: ")
    assert repr(encoder) == f"EndpointEncoder('jangs/문장', url='{server.url}', prompt='query: ')"
    encoder.encode(["비가 온다."])
    assert server.asked == [["query: 비가 온다."]]
    assert server.bodies[0]["model"] == "jangs/문장"


def test_requests_are_bounded_by_characters():
    texts = ["가" * 60, "나" * 30, "다" * 30, "라" * 500, "", "마"]
    assert plan_requests(texts, most=8, most_characters=100) == [[0, 1], [2], [3], [5]]
    assert plan_requests([], most=8) == []
