"""How a command line ends: errors as lines, exit codes, what is left of the streams."""

from __future__ import annotations

import io
import json
import sys
import warnings

import pytest

from munjang import console
from munjang.errors import (
    DataError,
    GateError,
    InputError,
    MissingExtraError,
    MunjangError,
    MunjangWarning,
    NetworkError,
)
from munjang.running import run


def raising(error):
    def verb():
        raise error

    return verb


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("글이 없습니다"), 2),
        (DataError("글이 없습니다"), 2),
        (MissingExtraError("학습", "train"), 2),
        (NetworkError("글이 없습니다"), 1),
        (MunjangError("글이 없습니다"), 1),
        (GateError("나빠졌습니다"), 3),
    ],
)
def test_an_error_is_its_lines_and_its_code(capsys, error, code):
    assert run(raising(error), debug=False) == code
    assert capsys.readouterr() == ("", f"error: {error}\n")
    assert run(raising(error), debug=True) == code
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith(f"error: {error}\n")


def test_any_other_failure_is_two_lines(capsys):
    assert run(raising(OSError(28, "자리가\n없음")), debug=False) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: OSError: [Errno 28] 자리가 없음"
    assert second.startswith("try: munjang --debug")


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (SystemExit(), 0),
        (SystemExit(0), 0),
        (SystemExit(2), 2),
        (SystemExit("no"), 1),
        (SystemExit(130), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_ends_that_are_no_errors(capsys, stop, code):
    assert run(raising(stop), debug=False) == code
    assert capsys.readouterr() == ("", "stopped\n" if code == 130 else "")


def test_a_verb_that_ends_well(capsys):
    assert run(lambda: console.emit("끝\n"), debug=False) == 0
    assert capsys.readouterr() == ("끝\n", "")


def test_stdout_takes_any_text(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    text = "한글 😀 \ud83d"
    assert run(lambda: console.emit_json({"text": text}), debug=False) == 0
    assert "한글 😀".encode() in raw.getvalue()
    assert json.loads(raw.getvalue()) == {"text": text}


def test_a_warning_is_one_line_and_said_once(capsys):
    def verb():
        for _ in range(3):
            warnings.warn("문장 하나가 잘렸습니다", MunjangWarning, stacklevel=1)

    plain = warnings.showwarning
    assert run(verb, debug=False) == 0
    assert capsys.readouterr() == ("", "warning: 문장 하나가 잘렸습니다\n")
    assert warnings.showwarning is plain


def test_other_warnings_stay_as_they_are(capsys):
    def verb():
        warnings.warn("다른 사람의 경고", RuntimeWarning, stacklevel=1)

    with pytest.warns(RuntimeWarning, match="다른"):
        run(verb, debug=False)
    assert "warning: 다른" not in capsys.readouterr().err
