"""The catalog: what it says of each set, and that it asserts it."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from munjang.data.catalog import (
    cache_dir,
    fetch,
    find_dataset,
    find_split,
    load_groups,
    load_rows,
    locate,
)
from munjang.data.known import DATASETS
from munjang.data.rows import LabeledPair, ScoredPair, Sentence
from munjang.errors import DataError, InputError, NetworkError

SPLITS = [(dataset.name, split.name) for dataset in DATASETS for split in dataset.splits]
NEVER_TRAIN = {
    ("korsts", "dev"),
    ("korsts", "test"),
    ("kornli", "test"),
    ("klue-sts", "dev"),
    ("klue-nli", "dev"),
    ("stylekqc", "dev"),
    ("stylekqc", "test"),
    ("stylekqc", "sts-dev"),
    ("question-pair", "test"),
    ("nsmc", "held-out-sentiment"),
    ("ynat", "held-out"),
    ("3i4k", "test"),
    ("petitions", "all"),
    ("flores200", "devtest"),
    ("tatoeba", "test"),
}
LICENCES = {"CC-BY-SA-4.0", "MIT", "CC0-1.0", "CC-BY-2.0-FR", "KOGL-1"}


@pytest.fixture
def empty_house(tmp_path, monkeypatch):
    """No data folder, an empty cache, no network."""
    monkeypatch.delenv("MUNJANG_DATA", raising=False)
    monkeypatch.setenv("MUNJANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MUNJANG_OFFLINE", "1")
    return tmp_path


def test_metadata_is_complete_and_consistent():
    assert len({dataset.name for dataset in DATASETS}) == len(DATASETS)
    for dataset in DATASETS:
        assert dataset.licence in LICENCES
        assert dataset.citation
        assert dataset.title
        for split in dataset.splits:
            assert split.rows > 0
    for *_, file in _files():
        assert not any(Path(path).is_absolute() for path in file.paths)
        assert all(one.name == Path(one.name).name for one in file.beside)
        for _, sha256, origin in _parts(file):
            assert sha256 is None or re.fullmatch("[0-9a-f]{64}", sha256)
            if origin is not None:
                assert re.fullmatch("[0-9a-f]{40}", origin.commit)
                assert re.fullmatch(r"[\w-]+/[\w-]+", origin.repo)


def test_one_place_in_the_cache_is_one_file():
    parts = {part for *_, file in _files() for part in _parts(file)}
    assert len({path for path, *_ in parts}) == len(parts)
    assert len({sha256 for _, sha256, _ in parts}) == len(parts)


def _parts(file):
    return file.parts(Path(file.paths[0]))


def _files():
    return [
        (dataset.name, split.name, file)
        for dataset in DATASETS
        for split in dataset.splits
        for file in split.files
    ]


def test_only_one_file_has_no_checksum():
    assert [(name, split) for name, split, file in _files() if file.sha256 is None] == [
        ("klue-sts", "train")
    ]


def test_what_must_never_be_trained_on():
    assert {pair for pair in SPLITS if find_split(*pair).never_train} == NEVER_TRAIN


def test_published_counts():
    counts = {pair: find_split(*pair).rows for pair in SPLITS}
    assert [counts["korsts", split] for split in ("train", "dev", "test")] == [5_749, 1_500, 1_379]
    assert [counts["kornli", split] for split in ("snli", "multinli")] == [550_152, 392_702]
    assert [counts["kornli", split] for split in ("dev", "test")] == [2_490, 5_010]
    assert [counts["klue-sts", split] for split in ("train", "dev")] == [11_668, 519]
    assert [counts["klue-nli", split] for split in ("train", "dev")] == [24_998, 3_000]
    assert [counts["flores200", split] for split in ("dev", "devtest")] == [997, 1_012]
    assert [counts["3i4k", split] for split in ("train", "test")] == [55_134, 6_121]


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_every_split_at_hand_loads(data_dir, empty_house, name, split):
    if name == "kornli" and split in {"snli", "multinli"}:
        with pytest.raises(NetworkError, match="may not be downloaded"):
            load_rows(name, split, data_dir=data_dir)
        return
    rows = load_rows(name, split, data_dir=data_dir)
    assert len(rows) == find_split(name, split).rows
    assert len({type(row) for row in rows}) == 1


def test_row_types_and_scores_of_record(data_dir):
    assert isinstance(load_rows("korsts", "dev", data_dir=data_dir)[0], ScoredPair)
    assert isinstance(load_rows("klue-nli", "dev", data_dir=data_dir)[0], LabeledPair)
    dev = load_rows("klue-sts", "dev", data_dir=data_dir)
    train = load_rows("klue-sts", "train", data_dir=data_dir)
    assert all(isinstance(p, ScoredPair) and round(p.score, 1) == p.score for p in dev)
    assert any(isinstance(p, ScoredPair) and round(p.score, 1) != p.score for p in train)
    first = load_rows("parakqc", "all", data_dir=data_dir)[10]
    assert isinstance(first, Sentence)
    assert first.label == "1"


def test_groups(data_dir):
    groups = load_groups("stylekqc", "dev", data_dir=data_dir)
    assert [len(group) for group in groups] == [10] * 120
    for name, split in (("korsts", "dev"), ("stylekqc", "sts-dev")):
        with pytest.raises(InputError, match="has no groups"):
            load_groups(name, split, data_dir=data_dir)


def test_unknown_names_get_the_nearest():
    with pytest.raises(InputError, match="did you mean 'korsts'"):
        find_dataset("korst")
    with pytest.raises(InputError, match="did you mean 'test'"):
        load_rows("korsts", "tset")


def test_a_changed_file_is_refused(data_dir, empty_house):
    path = empty_house / "korsts" / "sts-dev.tsv"
    path.parent.mkdir()
    content = (data_dir / "kornlu/KorSTS/sts-dev.tsv").read_bytes()
    path.write_bytes(content.replace(b"\n", b"\r\n"))
    with pytest.raises(DataError, match="expected sha256 d835b65b") as caught:
        load_rows("korsts", "dev", data_dir=empty_house)
    assert re.fullmatch("sha256 [0-9a-f]{64}", caught.value.found or "")
    path.write_bytes(content)
    assert len(load_rows("korsts", "dev", data_dir=empty_house)) == 1_500


def test_files_that_belong_together_are_found_and_checked_together(data_dir, empty_house):
    ours, theirs = (empty_house / "flores200" / f"{code}.dev" for code in ("kor_Hang", "eng_Latn"))
    ours.parent.mkdir()
    shutil.copy(data_dir / "flores200/kor_Hang.dev", ours)
    with pytest.raises(NetworkError):
        load_rows("flores200", "dev", data_dir=empty_house)
    theirs.write_bytes((data_dir / "flores200/eng_Latn.dev").read_bytes() + b"\n")
    assert locate("flores200", "dev", data_dir=empty_house) == ours
    with pytest.raises(DataError, match=r"eng_Latn\.dev is not flores200 dev as published"):
        load_rows("flores200", "dev", data_dir=empty_house)


@pytest.fixture
def served_commits(empty_house, monkeypatch):
    """A server of repositories on loopback, and the folder OWNER/NAME/COMMIT/... it serves."""
    root = empty_house / "served"
    root.mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(root))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(
        "munjang.data.catalog.RAW_URL", f"http://127.0.0.1:{server.server_address[1]}"
    )
    monkeypatch.delenv("MUNJANG_OFFLINE")
    yield root
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_every_file_of_a_split_is_fetched_from_its_own_commit(data_dir, served_commits):
    (file,) = find_split("petitions", "all").files
    *early, (last, _, newest) = _parts(file)
    for place, _, origin in early:
        _serve(served_commits, origin, data_dir / place)
    with pytest.raises(NetworkError, match="petitions_2019-08 was refused"):
        load_rows("petitions", "all")
    with pytest.raises(NetworkError):
        locate("petitions", "all")
    _serve(served_commits, newest, data_dir / last)
    assert load_rows("petitions", "all") == load_rows("petitions", "all", data_dir=data_dir)
    assert locate("petitions", "all") == cache_dir() / "petitions/petitions_2017-08"


def _serve(root, origin, source):
    target = root / origin.repo / origin.commit / origin.path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def test_a_file_without_checksum_is_refused_by_its_count(empty_house):
    path = empty_house / "klue-sts" / "klue-sts-v1.1_train.json"
    path.parent.mkdir()
    entry = '{"sentence1": "가", "sentence2": "나", "labels": {"label": 1, "real-label": 1.2}}'
    path.write_text(f"[{entry}]", encoding="utf-8")
    with pytest.raises(DataError, match="expected 11,668 rows") as caught:
        load_rows("klue-sts", "train", data_dir=empty_house)
    assert caught.value.found == "1 rows"


def test_folders_are_searched_in_order(empty_house, monkeypatch):
    def put(folder, place):
        path = empty_house / folder / place
        path.parent.mkdir(parents=True)
        path.touch()
        return path

    cached = put("cache/data", "korsts/sts-dev.tsv")
    assert locate("korsts", "dev") == cached
    assert fetch("korsts", "dev") == cached
    cloned = put("env", "KorNLUDatasets/KorSTS/sts-dev.tsv")
    monkeypatch.setenv("MUNJANG_DATA", str(empty_house / "env"))
    assert locate("korsts", "dev") == cloned
    given = put("given", "kornlu/KorSTS/sts-dev.tsv")
    assert locate("korsts", "dev", data_dir=empty_house / "given") == given
    (empty_house / "bare").mkdir()
    assert locate("korsts", "dev", data_dir=empty_house / "bare") == cloned


def test_a_folder_that_is_not_there_is_an_error(empty_house, monkeypatch):
    with pytest.raises(DataError, match="data_dir does not name a folder"):
        locate("korsts", "dev", data_dir=empty_house / "nowhere")
    monkeypatch.setenv("MUNJANG_DATA", str(empty_house / "nowhere"))
    with pytest.raises(DataError, match="MUNJANG_DATA does not name a folder"):
        locate("korsts", "dev")


def test_offline_and_nowhere(empty_house):
    with pytest.raises(NetworkError, match="may not be downloaded") as caught:
        load_rows("korsts", "dev")
    assert "MUNJANG_DATA" in (caught.value.fix or "")
    assert not (empty_house / "cache").exists()


def test_what_must_be_brought_says_where(empty_house):
    with pytest.raises(DataError, match="cannot be fetched") as caught:
        fetch("nsmc", "all")
    assert "nsmc/reviews.tsv.gz" in (caught.value.fix or "")
    with pytest.raises(DataError, match="cannot be fetched") as caught:
        fetch("ynat", "train")
    assert "bring klue-ynat/train_data.csv with topic_dict.csv in" in (caught.value.fix or "")


def test_the_cache_is_in_the_home_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("MUNJANG_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "munjang" / "data"


def test_importing_the_catalog_brings_nothing_heavy():
    heavy = {"numpy", "rich", "huggingface_hub", "pyarrow", "filelock"}
    code = f"import munjang.data.catalog, sys; print(sorted({heavy!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
