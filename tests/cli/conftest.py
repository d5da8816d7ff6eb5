"""Runs verbs of the command line in this process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from munjang.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable


class Ran(NamedTuple):
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a verb with its arguments: exit code, stdout, stderr."""

    def call(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ran(code, *(re.sub(r"\x1b\[[0-9;]*m", "", said) for said in capsys.readouterr()))

    return call


@pytest.fixture
def is_mistake() -> Callable[..., None]:
    """Checks that the user's mistake is told in at most three lines, certain words among them."""

    def check(ran: Ran, *words: str) -> None:
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: ")
        assert len(ran.err.splitlines()) <= 3
        for word in words:
            assert word in ran.err

    return check
