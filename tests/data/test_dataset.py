"""The catalog's own types: which files belong together."""

from __future__ import annotations

from pathlib import Path

from munjang.data.dataset import Companion, KnownFile, Origin

HERE = Origin("누구/무엇", "0" * 40, "글/ko.txt")
THERE = Origin("누구/무엇", "1" * 40, "글/en.txt")


def test_a_file_alone_is_its_only_part():
    file = KnownFile(("글/ko.txt", "다른 곳/ko.txt"), None, HERE, list)
    assert file.parts(Path("다른 곳/ko.txt")) == [(Path("다른 곳/ko.txt"), None, HERE)]


def test_companions_lie_where_the_file_was_found():
    beside = (Companion("en.txt", "5f", THERE), Companion("ja.txt", "7e", None))
    file = KnownFile(("글/ko.txt", "다른 곳/ko.txt"), "a0", HERE, list, beside=beside)
    assert file.parts(Path("다른 곳/ko.txt")) == [
        (Path("다른 곳/ko.txt"), "a0", HERE),
        (Path("다른 곳/en.txt"), "5f", THERE),
        (Path("다른 곳/ja.txt"), "7e", None),
    ]
