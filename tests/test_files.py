from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from munjang.errors import InputError
from munjang.files import whole_file


def test_nothing_to_see_until_the_end(tmp_path):
    path = tmp_path / "표.md"
    with whole_file(path) as file:
        file.write("표".encode())
        file.flush()
        assert not path.exists()
        assert len(list(tmp_path.iterdir())) == 1
    assert path.read_text("utf-8") == "표"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [ValueError("나쁨"), KeyboardInterrupt(), OSError("그 밖")])
def test_whatever_is_raised_inside_comes_out_and_leaves_nothing(tmp_path, failure):
    path = tmp_path / "표.md"
    path.write_text("앞의 것", "utf-8")

    def write():
        with whole_file(path) as file:
            file.write(b"half")
            raise failure

    with pytest.raises(type(failure)) as caught:
        write()
    assert caught.value is failure
    assert path.read_text("utf-8") == "앞의 것"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_error_is_explained(tmp_path, code):
    path = tmp_path / "표.md"
    with pytest.raises(InputError) as caught, whole_file(path):
        raise OSError(code, os.strerror(code))
    assert caught.value.what == f"cannot write {path}"
    assert caught.value.found == os.strerror(code)
    assert list(tmp_path.iterdir()) == []


def test_the_file_may_be_sought_and_read_back_by_others(tmp_path):
    path = tmp_path / "a.bin"
    with whole_file(path) as file:
        file.write(b"0123")
        file.seek(0)
        file.write(b"9")
    assert path.read_bytes() == b"9123"


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_the_mode_is_that_of_an_ordinary_file(tmp_path, umask):
    before = os.umask(umask)
    try:
        with whole_file(tmp_path / "a"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~umask


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    path = tmp_path / ("가" * 80 + ".npy")
    with whole_file(path) as file:
        file.write(b"1")
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_folder_is_refused_at_once(tmp_path, name):
    with pytest.raises(InputError, match="cannot write"), whole_file(tmp_path / name):
        pytest.fail("the block was entered")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_or_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError), whole_file(tmp_path / "pipe"):
        pytest.fail("the block was entered")
    assert (tmp_path / "pipe").is_fifo()


def test_a_string_will_do(tmp_path):
    with whole_file(str(tmp_path / "a")) as file:
        file.write(b"1")
    assert Path(tmp_path, "a").read_bytes() == b"1"
