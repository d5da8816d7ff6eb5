"""Readers of texts that belong together, against damaged files; the real ones: test_catalog."""

from __future__ import annotations

import json

import pytest

from munjang.data.readers_matches import read_anki, read_bitext, read_petitions
from munjang.data.rows import Pair
from munjang.errors import DataError


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_lines_are_cut_at_line_ends_alone(tmp_path):
    ours = write(tmp_path, "ko", "비가\u2028온다\r\n 눈이 온다 ")
    theirs = write(tmp_path, "en", "It rains.\nIt snows.\n")
    assert read_bitext(ours, theirs) == [
        Pair("비가\u2028온다", "It rains."),
        Pair(" 눈이 온다 ", "It snows."),
    ]


@pytest.mark.parametrize(
    ("ours", "theirs", "where", "found"),
    [
        ("비\n눈\n", "rain\n", "en:2", "the end of the file"),
        ("비\n", "rain\nsnow\n", "ko:2", "the end of the file"),
        ("비\n \n눈\n", "rain\nhail\nsnow\n", "ko:2", "a blank line"),
    ],
)
def test_lines_that_do_not_match(tmp_path, ours, theirs, where, found):
    with pytest.raises(DataError, match=f"{where}: no sentence") as caught:
        read_bitext(write(tmp_path, "ko", ours), write(tmp_path, "en", theirs))
    assert caught.value.found == found


def test_anki(tmp_path):
    path = write(tmp_path, "a", 'It "rains".\t"비"가 온다.\tCC-BY\n')
    assert read_anki(path) == [Pair('"비"가 온다.', 'It "rains".')]
    with pytest.raises(DataError, match=r"b:2: not a line of English"):
        read_anki(write(tmp_path, "b", "rain\t비\tCC\nsnow\t눈\n"))
    with pytest.raises(DataError, match=r"c:1: column 'Korean' is empty"):
        read_anki(write(tmp_path, "c", "rain\t \tCC\n"))


def petition(**fields):
    return json.dumps(fields, ensure_ascii=False) + "\n"


def test_petitions(tmp_path):
    first = write(tmp_path, "8월", petition(title="가로등", content="길이\n어둡습니다.", 수=3))
    second = write(tmp_path, "9월", petition(content="", title="횡단보도"))
    assert read_petitions(first, second) == [
        Pair("가로등", "길이\n어둡습니다."),
        Pair("횡단보도", ""),
    ]
    assert read_petitions(second) == [Pair("횡단보도", "")]
    with pytest.raises(DataError, match="10월:1: no column 'content'"):
        read_petitions(first, write(tmp_path, "10월", petition(title="공원")))
    with pytest.raises(DataError, match="11월:1: column 'title' is not a text"):
        read_petitions(write(tmp_path, "11월", petition(title=3, content="")))
