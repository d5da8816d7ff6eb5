"""The verb compare: models and records, tasks and suites, tables, a page and a picture."""

from __future__ import annotations

import json

import pytest

from munjang.evaluate.record import SuiteResult
from munjang.evaluate.robustness import run_robust
from munjang.evaluate.suite import run_suite


@pytest.fixture
def run(call):
    """Runs `munjang compare`: exit code, stdout, stderr."""
    return lambda *arguments: call("compare", *arguments)


class Shifted:
    """The shipped model with some dimensions left out: another model on the same rows."""

    name = "짧은 모델"

    def __init__(self, model, dim):
        self.model, self.dim = model, dim

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        dim = min(self.dim, truncate_dim or self.dim)
        return self.model.encode(
            sentences, batch_size=batch_size, normalize=normalize, truncate_dim=dim
        )


@pytest.fixture(scope="module")
def record(shipped, data_dir, tmp_path_factory):
    """A record of another model on KLUE-STS."""
    found = run_suite(Shifted(shipped, 24), tasks=["klue-sts"], data_dir=data_dir)
    path = tmp_path_factory.mktemp("records") / "short.json"
    path.write_text(found.to_json(), "utf-8")
    return path


@pytest.fixture(scope="module")
def robust(shipped, graded_pairs, tmp_path_factory):
    """A record of robustness on a few own pairs."""
    found = run_robust(
        shipped, graded_pairs, task="own", split="all", edits=["spaces-removed"], doses=[1.0]
    )
    path = tmp_path_factory.mktemp("records") / "robust.json"
    path.write_text(found.to_json(), "utf-8")
    return path


def test_a_model_against_a_record(run, record, data_dir, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra plots")
    page, picture = tmp_path / "쪽.html", tmp_path / "차이.svg"
    code, out, err = run(
        *("default", record, "--task", "klue-sts:dev", "--data-dir", data_dir),
        *("--html", page, "--picture", picture),
    )
    assert code == 0
    assert f"wrote {page}" in err
    found = json.loads(out)
    assert found["models"][1] == "짧은 모델"
    (task,) = found["tasks"]
    assert (task["task"], task["split"], task["rows"]) == ("klue-sts", "dev", 519)
    assert task["best"] == found["models"][0]
    assert task["differences"][0]["p_holm"] == pytest.approx(2 / 2001)
    text = page.read_text("utf-8")
    assert "짧은 모델" in text
    assert "CC-BY-SA-4.0" in text  # what is known of the shipped model
    assert "klue-sts:train" in text
    assert picture.read_text("utf-8").count("<svg") == 1


def test_records_alone_need_no_model_and_no_data(run, record, monkeypatch, tmp_path):
    monkeypatch.setenv("MUNJANG_DATA", str(tmp_path))
    code, out, _ = run(record, record, record, "--markdown")
    assert code == 0
    assert "짧은 모델 #3" in out
    assert "| klue-sts dev-without-parakqc |" in out
    assert out.count("within noise") >= 6


def test_robustness_side_by_side(run, robust, tmp_path):
    code, out, err = run(robust, robust)
    assert (code, err) == (0, "")
    first, second = map(json.loads, out.splitlines())
    assert second["model"] == f"{first['model']} #2"
    code, out, _ = run(robust, robust, "--markdown")
    assert "| mean of all edits" in out


def test_robustness_and_scores_in_one(run, record, robust):
    code, out, _ = run(record, record, robust, "--markdown")
    assert code == 0
    assert "\n\n| Edit " in out


def test_records_of_nothing_in_common(run, record, tmp_path, is_mistake):
    other = SuiteResult.from_json(record.read_text("utf-8"))
    path = tmp_path / "bare.json"
    path.write_text(other.to_json(evidence=False), "utf-8")
    is_mistake(run(record, path), "no task in common", "without the evidence")


def test_mistakes(run, record, tmp_path, is_mistake):
    is_mistake(run("default"), "two models or more")
    is_mistake(run(record, tmp_path / "none.json"), "cannot read")
    is_mistake(
        run(record, record, "--task", "korsst"), "the record of 짧은 모델 has no task 'korsst'"
    )
    is_mistake(run(record, record, "--suite", "korea"), "did you mean 'korean'?")
    is_mistake(run(record, record, "--pairs", "쌍.csv"), "--pairs compares two models")
    is_mistake(run(record, record, "--split", "dev"), "--task NAME:SPLIT")
    is_mistake(run(record, record, "--view", "quoted"), "text as it is")
    is_mistake(run(record, record, "--markdown", "--json"), "exclude each other")
    is_mistake(run(record, record, "--picture", tmp_path / "그림.pdf"), "cannot draw")
    is_mistake(run(record, tmp_path / "no-model"), "no model at")
    assert list(tmp_path.iterdir()) == []


def test_records_of_another_suite_are_refused(run, record, robust, is_mistake):
    is_mistake(run(record, record, "--suite", "robust"), "no record of --suite robust")
    is_mistake(run(record, robust), "one model alone has been measured on --suite korean")


def test_a_model_is_measured_as_its_record_was(run, robust, graded_pairs, data_dir, monkeypatch):
    from munjang.evaluate import tasks

    monkeypatch.setattr(tasks, "load_task", lambda *_, **__: graded_pairs)
    code, out, _ = run("default", robust, "--data-dir", data_dir)
    assert code == 0
    assert all(json.loads(line)["format"] == "munjang.robust/1" for line in out.splitlines())


def test_a_page_ends_in_html(run, record, is_mistake):
    is_mistake(run(record, record, "--html", "page.txt"), "page.txt", ".html")
