"""The suite on the real data sets: scores, what is absent, and each sentence encoded once."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from munjang.errors import DataError, InputError, ModelError
from munjang.evaluate.record import SuiteResult
from munjang.evaluate.suite import find_tasks, read_split, run_suite
from munjang.evaluate.suite_tasks import KOREAN
from munjang.evaluate.tasks import evaluate_task
from munjang.evaluate.vectors import VectorStore

QUICK = ["korsts", "klue-sts", "question-pair", "tatoeba"]


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No data but what a test names, and nothing fetched."""
    monkeypatch.delenv("MUNJANG_DATA", raising=False)
    monkeypatch.setenv("MUNJANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MUNJANG_OFFLINE", "1")


@pytest.fixture(scope="module")
def measured(shipped, data_dir):
    store = VectorStore(shipped)
    return store, run_suite(store, tasks=QUICK, data_dir=data_dir, trained_on=["korsts:train"])


def test_tasks_come_in_the_order_of_the_suite(measured):
    _, suite = measured
    assert [result.key for result in suite.results] == [
        "korsts:test",
        "klue-sts:dev",
        "klue-sts:dev-without-parakqc",
        "question-pair:test",
        "tatoeba:test",
    ]
    assert suite.absent == ()
    assert suite.trained_on == ("korsts:train",)


def test_the_score_is_that_of_the_sts_table(measured, shipped, data_dir):
    _, suite = measured
    table = evaluate_task(shipped, "klue-sts", data_dir=data_dir)
    found = next(result for result in suite.results if result.key == "klue-sts:dev")
    assert found.rows == table.rows
    assert found.score == pytest.approx(table.correlations.cosine_spearman, abs=2e-3)
    assert found.scores["avg"] == pytest.approx(table.correlations.avg, abs=2e-3)
    assert found.interval.low == pytest.approx(table.intervals["cosine_spearman"].low, abs=0.01)


def test_every_score_lies_in_its_interval_and_is_better_than_chance(measured):
    _, suite = measured
    for result in suite.results:
        assert result.interval.low <= result.score <= result.interval.high
        assert result.score > 0.5


def test_a_second_run_on_the_same_store_encodes_nothing(measured, data_dir):
    store, first = measured
    encoded = store.encoded
    again = run_suite(store, tasks=QUICK, data_dir=data_dir)
    assert store.encoded == encoded == first.sentences
    assert again.sentences == 0
    assert [r.score for r in again.results] == [r.score for r in first.results]
    assert [r.fingerprint for r in again.results] == [r.fingerprint for r in first.results]


def test_the_record_comes_back(measured):
    _, suite = measured
    assert SuiteResult.from_json(suite.to_json()).to_json() == suite.to_json()


def test_what_is_absent_is_named(measured, data_dir, tmp_path, offline):
    store, _ = measured
    shutil.copytree(data_dir / "tatoeba", tmp_path / "tatoeba")
    suite = run_suite(store, data_dir=tmp_path)
    assert [result.key for result in suite.results] == ["tatoeba:test"]
    assert len(suite.absent) == len(KOREAN) - 1
    assert all("MUNJANG_DATA" in each.why for each in suite.absent)


def test_an_altered_file_is_named_with_its_checksum(measured, data_dir, tmp_path, offline):
    store, _ = measured
    for name in ("tatoeba", "kornlu/KorSTS"):
        shutil.copytree(data_dir / name, tmp_path / name)
    path = next(tmp_path.rglob("sts-test.tsv"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"5.000", b"0.000", 1))
    suite = run_suite(store, data_dir=tmp_path)
    why = {each.task: each.why for each in suite.absent}
    assert "expected sha256" in why["korsts"]
    with pytest.raises(DataError, match="not korsts test as published"):
        run_suite(store, tasks=["korsts"], data_dir=tmp_path)


def test_a_suite_without_any_data_is_an_error(shipped, tmp_path, offline):
    with pytest.raises(InputError, match="none of the suite's tasks could be measured"):
        run_suite(shipped, data_dir=tmp_path)


def test_an_unknown_task_gets_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'klue-nli'"):
        find_tasks(["klue-nil"])
    assert [task.key for task in find_tasks(["klue-sts:dev"])] == ["klue-sts:dev"]
    with pytest.raises(InputError, match="no task was given"):
        find_tasks([])


def test_an_encoder_that_gives_nan_is_named(data_dir, table_encoder):
    class Broken(table_encoder):
        def encode(self, sentences, **options):
            vectors = np.random.default_rng(0).standard_normal((len(sentences), 2))
            vectors[7] = np.nan
            return vectors

    with pytest.raises(ModelError, match="the encoder broken gave NaN"):
        run_suite(Broken({"가": [1, 0]}, "broken"), tasks=["korsts"], data_dir=data_dir)


def test_splits_of_sts_tasks_are_read_too(data_dir):
    rows = read_split("klue-sts:dev-without-parakqc", data_dir=data_dir)
    assert len(rows) == 387
