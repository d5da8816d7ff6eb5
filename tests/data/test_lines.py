"""Lines: terminators, encodings and the place of a bad byte."""

from __future__ import annotations

import gzip
import io
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munjang.data.lines import cut_terminator, iter_lines
from munjang.errors import DataError, InputError

TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\u2028\u0085\f가나 "),
    max_size=40,
)


def write(folder, content, name="문장.txt"):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("lines")


@settings(deadline=None)
@given(text=TEXT, encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_lines_join_to_the_text_and_end_at_line_ends_only(scratch, text, encoding):
    text = text.lstrip("\ufeff")
    lines = list(iter_lines(write(scratch, text.encode(encoding)), encoding=encoding))
    assert "".join(lines) == text
    expected = re.split("\r\n|\n|\r", text)
    if expected[-1] == "":
        expected.pop()
    assert [cut_terminator(line) for line in lines] == expected


def test_only_line_feeds_and_carriage_returns_end_a_line(tmp_path):
    path = write(tmp_path, "가\u2028나\u0085다\f라\v마\r\n바\r사\n".encode())
    assert list(iter_lines(path)) == ["가\u2028나\u0085다\f라\v마\r\n", "바\r", "사\n"]


def test_a_carriage_return_and_line_feed_across_two_chunks_are_one_end(tmp_path):
    first = "a" * ((1 << 16) - 1)
    path = write(tmp_path, f"{first}\r\n나\r\n".encode())
    assert list(iter_lines(path)) == [f"{first}\r\n", "나\r\n"]


def test_a_byte_order_mark_is_dropped(tmp_path):
    assert list(iter_lines(write(tmp_path, "첫 줄".encode("utf-8-sig")))) == ["첫 줄"]


def test_a_line_of_a_megabyte_comes_whole(tmp_path):
    path = write(tmp_path, ("가" * 400_000 + "\n끝").encode())
    assert [len(line) for line in iter_lines(path)] == [400_001, 1]


def test_gzip_is_decompressed_and_a_cut_one_is_an_error(tmp_path):
    whole = gzip.compress("압축한 문장\n".encode())
    assert list(iter_lines(write(tmp_path, whole, "a.txt.gz"))) == ["압축한 문장\n"]
    with pytest.raises(DataError, match="cannot be read"):
        list(iter_lines(write(tmp_path, whole[:-9], "b.txt.gz")))
    with pytest.raises(DataError, match="cannot be read"):
        list(iter_lines(write(tmp_path, b"plain", "c.txt.gz")))


@settings(deadline=None)
@given(before=TEXT, after=st.binary(max_size=20), long=st.booleans())
def test_the_first_bad_byte_is_named_by_offset_and_line(scratch, before, after, long):
    good = ("가나다\n" * 9_000 if long else "") + before
    path = write(scratch, good.encode() + b"\xff" + after)
    ends = len(re.findall("\r\n|\n|\r", good))
    with pytest.raises(DataError, match="is not UTF-8") as caught:
        list(iter_lines(path))
    found = f"byte 0xff at offset {len(good.encode())}, line {ends + 1}"
    assert re.match(rf"{found}(;|$)", caught.value.found or "")


def test_cp949_is_recognised_and_offered(tmp_path):
    path = write(tmp_path, "ascii line\n한글 문장\n".encode("cp949"))
    with pytest.raises(DataError, match="is not UTF-8") as caught:
        list(iter_lines(path))
    assert caught.value.found == "byte 0xc7 at offset 11, line 2; it reads as CP949"
    assert caught.value.fix == "--encoding cp949"
    assert list(iter_lines(path, encoding="cp949"))[1] == "한글 문장\n"


def test_utf16_is_recognised_and_its_missing_mark_is_an_error(tmp_path):
    path = write(tmp_path, "한글".encode("utf-16"))
    with pytest.raises(DataError) as caught:
        list(iter_lines(path))
    assert caught.value.fix == "--encoding utf-16"
    with pytest.raises(DataError, match="is not UTF-16"):
        list(iter_lines(write(tmp_path, "한글".encode("utf-16-le")), encoding="utf-16"))


def test_a_text_cut_inside_a_character_is_an_error(tmp_path):
    with pytest.raises(DataError, match="offset 4, line 2"):
        list(iter_lines(write(tmp_path, "가\n".encode() + "나".encode()[:2])))


def test_standard_input_is_read_and_its_cp949_recognised(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("하나\n둘\n".encode())))
    assert list(iter_lines("-")) == ["하나\n", "둘\n"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("하나\n".encode("cp949"))))
    with pytest.raises(DataError, match="standard input is not UTF-8") as caught:
        list(iter_lines("-"))
    assert caught.value.fix == "--encoding cp949"


@pytest.mark.parametrize("encoding", ["cp-949-x", "hex", ""])
def test_an_unknown_encoding_is_the_users_mistake(tmp_path, encoding):
    with pytest.raises(InputError, match="unknown encoding"):
        list(iter_lines(write(tmp_path, b"a"), encoding=encoding))


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        list(iter_lines(tmp_path / "없음.txt"))
    with pytest.raises(DataError, match="is a folder"):
        list(iter_lines(tmp_path))
