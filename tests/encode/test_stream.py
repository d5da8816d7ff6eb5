from __future__ import annotations

import errno
import io
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang import files
from munjang.encode.stream import StreamReport, encode_to_file
from munjang.errors import InputError, MunjangWarning


class Watched:
    """Numbered sentences that remember how many were taken."""

    def __init__(self, count):
        self.count, self.taken = count, 0

    def __iter__(self):
        for n in range(self.count):
            self.taken += 1
            yield f"{n}번째"


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


class TestStream:
    @given(st.lists(st.text(max_size=18), max_size=40), st.integers(1, 9), st.integers(1, 5))
    def test_equals_encode(self, make_toy, texts, chunk_size, batch_size):
        toy = make_toy(nfc=False)
        chunks = list(toy.stream(iter(texts), chunk_size=chunk_size, batch_size=batch_size))
        sizes = [len(chunk.vectors) for chunk in chunks]
        assert sum(sizes) == len(texts)
        assert all(size == chunk_size for size in sizes[:-1])
        assert [chunk.report.sentences for chunk in chunks] == sizes
        if texts:
            together = np.concatenate([chunk.vectors for chunk in chunks])
            assert np.array_equal(together, toy.encode(texts))
            expected = toy.encode_with_report(texts).report
            assert sum((chunk.report.empty for chunk in chunks), ()) == expected.empty
            assert sum(chunk.report.tokens for chunk in chunks) == expected.tokens

    @pytest.mark.parametrize("options", [{"normalize": False}, {"truncate_dim": 3}])
    def test_options_as_in_encode(self, toy, options):
        texts = ["비가", "온다", "눈이"]
        [one, two] = toy.stream(texts, chunk_size=2, **options)
        together = np.concatenate([one.vectors, two.vectors])
        assert np.array_equal(together, toy.encode(texts, **options))

    def test_indices_count_from_the_start(self, toy):
        texts = ["가", "", "나", "다" * 30, "라\ud83d", "마" * 30, " "]
        with pytest.warns(MunjangWarning):
            reports = [chunk.report for chunk in toy.stream(texts, chunk_size=2)]
        assert [report.cut for report in reports] == [(), (3,), (5,), ()]
        assert [report.empty for report in reports] == [(1,), (), (), (6,)]
        assert [report.repaired for report in reports] == [(), (), (4,), ()]

    def test_one_warning_of_each_kind_in_all(self, toy):
        texts = ["가", "나\ud83d", "다" * 30, "라\ud83d", "마" * 30, "바" * 30]
        with pytest.warns(MunjangWarning) as caught:
            list(toy.stream(texts, chunk_size=2))
        end = "; more of the same in this stream is only in the reports"
        assert [str(warning.message) for warning in caught] == [
            "1 of 2 sentences held lone surrogates, replaced by U+FFFD, the first at index 1 "
            "of those encoded" + end,
            "1 of 2 sentences were longer than 20 tokens and were cut there, the first at index 2 "
            "of those encoded" + end,
        ]
        assert {warning.filename for warning in caught} == {__file__}

    def test_the_next_stream_warns_again(self, toy):
        for _ in range(2):
            with pytest.warns(MunjangWarning, match="cut"):
                list(toy.stream(["다" * 30]))

    def test_nothing_is_read_before_it_is_asked_for_nor_beyond_the_chunk(self, toy):
        source = Watched(100)
        stream = toy.stream(source, chunk_size=10)
        assert source.taken == 0
        for n in range(1, 4):
            next(stream)
            assert source.taken == 10 * n

    def test_an_error_names_the_index_in_the_stream(self, toy):
        stream = toy.stream(["가", "나", "다", "라", None], chunk_size=2)
        assert len([next(stream), next(stream)]) == 2
        with pytest.raises(InputError, match=r"sentences\[4\] is not text"):
            next(stream)

    @pytest.mark.parametrize("wrong", ["비가 온다", b"bytes", None, 3, np.array("가")])
    def test_one_thing_instead_of_many(self, toy, wrong):
        with pytest.raises(InputError, match="must be a list of strings"):
            toy.stream(wrong)

    @pytest.mark.parametrize(
        "options", [{"chunk_size": 0}, {"batch_size": 0}, {"truncate_dim": 0}, {"truncate_dim": 9}]
    )
    def test_arguments_are_checked_at_once(self, toy, options):
        source = Watched(3)
        with pytest.raises(InputError, match=next(iter(options))):
            toy.stream(source, **options)
        assert source.taken == 0

    def test_nothing_in_nothing_out(self, toy):
        assert list(toy.stream([])) == []


class TestEncodeToFile:
    @pytest.mark.parametrize("count", [0, 1, 9, 10, 4097])
    def test_a_file_of_any_number_of_rows(self, toy, tmp_path, count):
        out = tmp_path / "벡터.npy"
        report = encode_to_file(toy, Watched(count), out)
        mapped = np.load(out, mmap_mode="r")
        assert mapped.shape == (count, 8)
        assert mapped.dtype == np.float32
        assert mapped.flags.c_contiguous
        assert np.array_equal(mapped, toy.encode(list(Watched(count))))
        assert report.sentences == count
        assert left_in(tmp_path) == ["벡터.npy"]

    def test_the_header_is_as_long_whatever_the_number_of_rows(self):
        from munjang.encode.stream import _write_header

        sizes = set()
        for rows in (0, 9, 10, 10**6, 10**12, 2**63):
            file = io.BytesIO()
            _write_header(file, rows, 1024)
            sizes.add(len(file.getvalue()))
        assert len(sizes) == 1
        assert sizes.pop() % 64 == 0

    def test_the_report(self, toy, tmp_path):
        texts = ["가", "", "나\ud83d", "다" * 30, " "]
        with pytest.warns(MunjangWarning):
            report = encode_to_file(toy, texts, tmp_path / "v.npy")
        tokens = toy.encode_with_report([*texts[:2], "나\ufffd", "다" * 18, " "]).report.tokens
        assert report == StreamReport(sentences=5, tokens=tokens, cut=1, empty=2, repaired=1)

    def test_options(self, toy, tmp_path):
        texts = ["비가", "온다"]
        out = tmp_path / "v.npy"
        encode_to_file(toy, texts, str(out), normalize=False, truncate_dim=3, batch_size=1)
        assert np.array_equal(np.load(out), toy.encode(texts, normalize=False, truncate_dim=3))

    def test_missing_folders_are_made(self, toy, tmp_path):
        encode_to_file(toy, ["가"], tmp_path / "하나" / "둘" / "v.npy")
        assert np.load(tmp_path / "하나" / "둘" / "v.npy").shape == (1, 8)

    def test_a_file_that_exists_is_replaced_only_by_a_whole_one(self, toy, tmp_path):
        out = tmp_path / "v.npy"
        encode_to_file(toy, ["가", "나"], out)
        with pytest.raises(InputError):
            encode_to_file(toy, ["가", None], out)
        assert np.load(out).shape == (2, 8)
        encode_to_file(toy, ["가"], out)
        assert np.load(out).shape == (1, 8)
        assert left_in(tmp_path) == ["v.npy"]

    @pytest.mark.parametrize(
        "failure",
        [
            KeyError("열"),
            FileNotFoundError(2, "없음", "원본.txt"),
            ConnectionResetError(104, "끊김"),
        ],
        ids=["any", "a file of the source", "its network"],
    )
    def test_a_source_that_fails_midway(self, toy, tmp_path, failure):
        def source():
            yield from ["가"] * 5000
            raise failure

        with pytest.raises(type(failure)) as caught:
            encode_to_file(toy, source(), tmp_path / "v.npy")
        assert caught.value is failure
        assert left_in(tmp_path) == []

    def test_a_sentence_that_is_not_text(self, toy, tmp_path):
        with pytest.raises(InputError, match=r"sentences\[4100\] is not text"):
            encode_to_file(toy, [*["가"] * 4100, 3], tmp_path / "v.npy")
        assert left_in(tmp_path) == []

    @pytest.mark.parametrize(
        "options", [{"truncate_dim": 0}, {"truncate_dim": 9}, {"batch_size": 0}]
    )
    def test_bad_arguments_even_for_no_sentences(self, toy, tmp_path, options):
        with pytest.raises(InputError):
            encode_to_file(toy, [], tmp_path / "v.npy", **options)
        assert left_in(tmp_path) == []

    def test_a_lone_string(self, toy, tmp_path):
        with pytest.raises(InputError, match="must be a list"):
            encode_to_file(toy, "비가 온다", tmp_path / "v.npy")
        assert left_in(tmp_path) == []

    def test_a_folder_as_target(self, toy, tmp_path):
        source = Watched(3)
        with pytest.raises(InputError, match="cannot write"):
            encode_to_file(toy, source, tmp_path)
        assert source.taken == 0

    def test_a_file_where_a_folder_is_needed(self, toy, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match="cannot write"):
            encode_to_file(toy, ["가"], tmp_path / "file" / "v.npy")
        assert left_in(tmp_path) == ["file"]

    @pytest.mark.skipif(
        sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0,
        reason="permissions do not hold the superuser back",
    )
    def test_a_folder_that_may_not_be_written(self, toy, tmp_path):
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o500)
        with pytest.raises(InputError, match="cannot write"):
            encode_to_file(toy, ["가"], folder / "v.npy")

    def test_a_full_disk(self, toy, tmp_path, monkeypatch):
        opened = Path.open

        class Full(io.FileIO):
            def write(self, data):
                if self.tell() + len(data) > 1000:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().write(data)

        def open_on_full_disk(path, mode="r", *args, **options):
            if mode == "xb":
                return io.BufferedWriter(Full(path, mode), buffer_size=64)
            return opened(path, mode, *args, **options)

        monkeypatch.setattr(files.Path, "open", open_on_full_disk)
        with pytest.raises(InputError, match="No space left") as caught:
            encode_to_file(toy, Watched(200), tmp_path / "v.npy")
        assert str(tmp_path / "v.npy") in caught.value.what
        assert left_in(tmp_path) == []

    def test_a_rename_that_fails(self, toy, tmp_path, monkeypatch):
        def refuse(path, target):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))

        monkeypatch.setattr(files.Path, "replace", refuse)
        with pytest.raises(InputError, match="cannot write"):
            encode_to_file(toy, ["가"], tmp_path / "v.npy")
        assert left_in(tmp_path) == []

    def test_the_shipped_model(self, shipped, sentences, tmp_path):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            encode_to_file(shipped, iter(sentences), tmp_path / "v.npy")
        assert np.array_equal(np.load(tmp_path / "v.npy"), shipped.encode(sentences))
