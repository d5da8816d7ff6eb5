from __future__ import annotations

import io
import threading
from contextlib import redirect_stderr

import pytest

import munjang
from munjang import progress
from munjang.encode.stream import encode_to_file
from munjang.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """A terminal of a known kind; jobs count as long at once."""
    monkeypatch.setattr(progress, "QUIET_SECONDS", -1.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def count(total, **options):
    with progress_bar("세는 중", total=total, unit="문장", **options) as advance:
        for _ in range(3):
            advance(1)


def shown_by(job):
    with redirect_stderr(Terminal()) as terminal:
        job()
    return terminal.getvalue()


def test_a_quick_job_shows_nothing(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 60.0)
    assert shown_by(lambda: count(3)) == ""


def test_a_job_whose_first_unit_takes_long_is_seen(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.05)
    seen = threading.Event()

    class Watched(Terminal):
        def write(self, text):
            if "0/3" in text:
                seen.set()
            return super().write(text)

    with redirect_stderr(Watched()), progress_bar("세는 중", total=3, unit="문장"):
        assert seen.wait(10)


def test_nothing_is_left_running():
    for _ in range(50):  # the timer fires at once: before, within and after the job's end
        with redirect_stderr(Terminal()) as terminal:
            count(3)
        after = terminal.getvalue()
        assert after.count("\x1b[?25l") == after.count("\x1b[?25h") == 1
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


@pytest.mark.parametrize(("total", "told"), [(3, "3/3"), (None, "3/?")])
def test_a_long_job_shows_what_is_done(total, told):
    shown = shown_by(lambda: count(total))
    for part in ("세는 중", "문장", told):
        assert part in shown


def test_nothing_goes_to_stdout(capsys):
    shown_by(lambda: count(3))
    assert capsys.readouterr().out == ""


def test_not_wanted():
    assert shown_by(lambda: count(3, shown=False)) == ""


def test_no_terminal_no_bar(capsys):
    count(3)
    assert capsys.readouterr() == ("", "")


def test_a_failure_inside_comes_out_and_the_cursor_back():
    def fail():
        with progress_bar("세는 중", total=3, unit="문장") as advance:
            advance(1)
            raise KeyError("멈춤")

    with redirect_stderr(Terminal()) as terminal, pytest.raises(KeyError, match="멈춤"):
        fail()
    hide, show = "\x1b[?25l", "\x1b[?25h"
    assert terminal.getvalue().count(hide) == terminal.getvalue().count(show) == 1


def test_one_job_inside_another():
    def both():
        with progress_bar("바깥", total=1, unit="파일") as advance:
            advance(0)
            count(3)
            advance(1)

    assert "바깥" in shown_by(both)


def test_encoding_shows_it_when_asked(tmp_path):
    encoder = munjang.load()
    texts = ["비가 온다"] * 3
    assert shown_by(lambda: encoder.encode(texts)) == ""
    assert "3/3" in shown_by(lambda: encoder.encode(texts, progress=True))
    out = tmp_path / "v.npy"
    assert "3/?" in shown_by(lambda: encode_to_file(encoder, texts, out, progress=True))
