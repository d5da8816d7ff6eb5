"""mteb runs our encoders, offline, on data that is here, and finds what we find."""

from __future__ import annotations

import importlib
import json
import sys

import numpy as np
import pytest

import munjang
from munjang.data.rows import ScoredPair
from munjang.encode.adapt import as_encoder
from munjang.errors import InputError, MissingExtraError, ModelError, NetworkError
from munjang.evaluate.benchmarks import (
    DEFAULT_BENCHMARK,
    MtebResult,
    MtebScore,
    list_tasks,
    mteb_table,
    run_mteb,
)
from munjang.evaluate.tasks import evaluate_sts, load_task
from munjang.evaluate.vectors import VectorStore


@pytest.fixture
def mteb(monkeypatch):
    """mteb, told to stay off the network; no test here may open a socket anyway."""
    pytest.importorskip("mteb", reason="needs the extra mteb")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    return importlib.import_module("mteb")


def sts_task(pairs):
    """An STS task of mteb whose data are these pairs."""
    from datasets import Dataset, DatasetDict
    from mteb.abstasks import AbsTaskSTS
    from mteb.abstasks.task_metadata import TaskMetadata

    class OwnTask(AbsTaskSTS):
        metadata = TaskMetadata(
            name="우리STS",
            description="Pairs of the test.",
            dataset={"path": "local/none", "revision": "1"},
            type="STS",
            category="t2t",
            modalities=["text"],
            eval_splits=["test"],
            eval_langs=["kor-Hang"],
            main_score="cosine_spearman",
        )

        def load_data(self, **_):
            columns = {
                "sentence1": [pair.sentence1 for pair in pairs],
                "sentence2": [pair.sentence2 for pair in pairs],
                "score": [pair.score for pair in pairs],
            }
            self.dataset = DatasetDict({"test": Dataset.from_dict(columns)})
            self.data_loaded = True

    return OwnTask()


def retrieval_task():
    """A retrieval task of mteb with two queries and three documents."""
    from datasets import Dataset
    from mteb.abstasks import AbsTaskRetrieval
    from mteb.abstasks.task_metadata import TaskMetadata

    class OwnRetrieval(AbsTaskRetrieval):
        metadata = TaskMetadata(
            name="우리검색",
            description="Questions and answers of the test.",
            dataset={"path": "local/none", "revision": "1"},
            type="Retrieval",
            category="t2t",
            modalities=["text"],
            eval_splits=["test"],
            eval_langs=["kor-Hang"],
            main_score="ndcg_at_10",
        )

        def load_data(self, **_):
            corpus = [
                "환불은 사흘 안에 됩니다.",
                "문은 아홉 시에 엽니다.",
                "주차장은 뒤에 있습니다.",
            ]
            queries = ["돈은 언제 돌려받나요?", "몇 시에 여나요?"]
            split = {
                "corpus": Dataset.from_dict({"id": ["d0", "d1", "d2"], "text": corpus}),
                "queries": Dataset.from_dict({"id": ["q0", "q1"], "text": queries}),
                "relevant_docs": {"q0": {"d0": 1}, "q1": {"d1": 1}},
                "top_ranked": None,
            }
            self.dataset = {"default": {"test": split}}
            self.data_loaded = True

    return OwnRetrieval()


class Remembering:
    """The shipped model without a prompt of its own, which remembers its texts."""

    def __init__(self):
        self.encoder = munjang.load()
        self.name, self.dim = "기억/모형", self.encoder.dim
        self.asked = []

    def encode(
        self, sentences, *, batch_size=32, normalize=True, truncate_dim=None, progress=False
    ):
        self.asked += sentences
        return self.encoder.encode(sentences, batch_size=batch_size, normalize=normalize)


def test_the_korean_benchmarks_are_known(mteb):
    assert list_tasks() == list_tasks(DEFAULT_BENCHMARK)
    assert list_tasks("MTEB(kor, v1)") == {
        "KLUE-TC": "Classification",
        "MIRACLReranking": "Reranking",
        "MIRACLRetrieval": "Retrieval",
        "Ko-StrategyQA": "Retrieval",
        "KLUE-STS": "STS",
        "KorSTS": "STS",
    }


def test_mteb_finds_the_spearman_that_we_find(mteb, data_dir, tmp_path, recwarn):
    kept = VectorStore(munjang.load())  # int8 rounds by the batch: both get the same vectors
    encoder = as_encoder(kept.vectors, name="munjang-small-ko")
    pairs = load_task("korsts", split="test", data_dir=data_dir)[::5]
    ours = evaluate_sts(encoder, pairs, task="korsts", split="test", intervals=False)
    result = run_mteb(encoder, out=tmp_path, tasks=[sts_task(pairs)])
    (score,) = result.scores
    assert score.score == pytest.approx(ours.correlations.cosine_spearman, abs=1e-6)
    assert (score.task, score.type, score.split) == ("우리STS", "STS", "test")
    assert (score.metric, score.subset) == ("cosine_spearman", "default")
    assert result.by_task == {"우리STS": score.score}
    assert result.by_type == {"STS": score.score}
    assert result.mean == score.score
    assert (result.benchmark_tasks, result.whole) == (0, False)
    assert (result.model, result.benchmark, result.mteb) == (encoder.name, "", mteb.__version__)
    (record,) = tmp_path.rglob("우리STS.json")
    assert record.parent.name == result.revision
    scores = json.loads(record.read_text("utf-8"))["scores"]["test"][0]
    assert scores["pearson"] == pytest.approx(ours.correlations.cosine_pearson, abs=1e-6)
    assert scores["euclidean_spearman"] == pytest.approx(
        ours.correlations.euclidean_spearman, abs=1e-6
    )
    assert not [warning for warning in recwarn if "socket" in str(warning.message)]


def test_what_is_measured_is_not_measured_again_of_the_same_model(mteb, own_pairs, tmp_path):
    model = Remembering()
    first = run_mteb(model, out=tmp_path, tasks=[sts_task(own_pairs)])
    texts = len(model.asked)
    again = run_mteb(model, out=tmp_path, tasks=[sts_task(own_pairs)])
    assert again == first
    assert texts < len(model.asked) < 2 * texts  # the few sentences that tell who it is
    run_mteb(model, out=tmp_path, tasks=[sts_task(own_pairs)], overwrite=True)
    assert own_pairs[0].sentence1 in model.asked[texts:]

    other = as_encoder(lambda texts: [[len(t), t.count("다"), 1.0] for t in texts], name=model.name)
    different = run_mteb(other, out=tmp_path, tasks=[sts_task(own_pairs)])
    assert different.revision != first.revision
    assert different.mean != first.mean


@pytest.mark.parametrize(
    ("prompts", "query", "document"),
    [
        ({}, "", ""),
        ({"query": "질문: ", "passage": "글: "}, "질문: ", "글: "),
        ({"query": "질문: ", "document": "문서: "}, "질문: ", "문서: "),
        ({"query": "질문: "}, "질문: ", ""),
    ],
)
def test_each_side_of_a_search_has_its_prompt(mteb, tmp_path, prompts, query, document):
    model = Remembering()
    result = run_mteb(model, out=tmp_path, tasks=[retrieval_task()], prompts=prompts)
    assert result.scores[0].metric == "ndcg_at_10"
    assert result.mean > 0.8
    assert f"{query}몇 시에 여나요?" in model.asked
    assert f"{document}문은 아홉 시에 엽니다." in model.asked
    assert sum("시에" in text for text in model.asked) == 2


def test_a_prompt_of_the_encoders_own_is_replaced_not_doubled(mteb, own_pairs, tmp_path):
    own = munjang.load(prompt="query: ")
    prompts = {"query": "query: ", "passage": "passage: "}
    tasks = [sts_task(own_pairs), retrieval_task()]
    result = run_mteb(own, out=tmp_path / "a", tasks=tasks, prompts=prompts)
    assert own.prompt == "query: "
    bare = munjang.load(prompt="")
    by_hand = as_encoder(lambda texts: bare.encode(["query: " + text for text in texts]))
    expected = run_mteb(by_hand, out=tmp_path / "b", tasks=[sts_task(own_pairs)])
    assert result.by_task["우리STS"] == pytest.approx(expected.mean, abs=1e-6)
    plain = run_mteb(bare, out=tmp_path / "c", tasks=tasks[1:], prompts=prompts)
    assert result.scores[1].score == plain.scores[0].score


def some_result(names, *, benchmark="MTEB(kor, v1)", of=6):
    return MtebResult(
        model="문장이",
        benchmark=benchmark,
        benchmark_tasks=of,
        revision="ab",
        scores=tuple(
            MtebScore(name, "STS", "test", "default", "cosine_spearman", 0.8) for name in names
        ),
        mteb="2",
    )


def test_a_part_of_a_benchmark_is_not_called_the_whole():
    part = mteb_table(some_result(["KorSTS"])).to_markdown()
    assert "문장이, 1 of 6 tasks of MTEB(kor, v1), measured by mteb 2" in part
    assert "| mean of these tasks" in part
    assert "mean of all tasks" not in part
    names = [f"과제 {number}" for number in range(6)]
    whole = mteb_table(some_result(names)).to_markdown()
    assert "문장이, all 6 tasks of MTEB(kor, v1)" in whole
    assert "| mean of all tasks" in whole
    own = mteb_table(some_result(names, benchmark="", of=0)).to_markdown()
    assert "문장이, own tasks" in own
    assert "| mean of these tasks" in own


def test_the_number_of_tasks_of_the_benchmark_is_kept(mteb, own_pairs, tmp_path, monkeypatch):
    task = sts_task(own_pairs)
    task.metadata.name = "KorSTS"
    found = mteb.get_benchmark(DEFAULT_BENCHMARK)
    rest = [each for each in found.tasks if each.metadata.name != "KorSTS"]
    monkeypatch.setattr(found, "tasks", [*rest, task])
    monkeypatch.setattr(mteb, "get_benchmark", lambda _name: found)
    result = run_mteb(munjang.load(), out=tmp_path, tasks=["KorSTS"])
    assert (result.benchmark, result.benchmark_tasks) == (DEFAULT_BENCHMARK, 6)
    assert not result.whole


def test_names_that_are_unknown(mteb, tmp_path):
    encoder = munjang.load()
    with pytest.raises(InputError, match=r"unknown benchmark of mteb 'MTEB\(kor, v3\)'") as caught:
        run_mteb(encoder, out=tmp_path, benchmark="MTEB(kor, v3)")
    assert "did you mean 'MTEB(kor, v" in str(caught.value)
    with pytest.raises(InputError, match=r"unknown task of .* 'KorST'") as caught:
        run_mteb(encoder, out=tmp_path, tasks=["KorST"])
    assert "did you mean 'KorSTS'" in str(caught.value)
    with pytest.raises(InputError, match="must be a list"):
        run_mteb(encoder, out=tmp_path, tasks="KorSTS")
    with pytest.raises(InputError, match="no task to run"):
        run_mteb(encoder, out=tmp_path, tasks=[])


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_data_that_is_not_here(mteb, tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "none")
    with pytest.raises(NetworkError, match="the data of mteb's task KorSTS is not in the cache"):
        run_mteb(munjang.load(), out=tmp_path, tasks=["KorSTS"])


def test_vectors_that_cannot_be_used(mteb, own_pairs, tmp_path):
    broken = as_encoder(
        lambda texts: [[np.nan if "강아지" in text else len(text), 1.0] for text in texts]
    )
    with pytest.raises(ModelError, match="NaN or infinity") as caught:
        run_mteb(broken, out=tmp_path, tasks=[sts_task(own_pairs)])
    assert "강아지는 공원에서" in str(caught.value)


def test_an_error_in_a_task_stays_what_it_is(mteb, tmp_path):
    pairs = [ScoredPair("비가 온다.", "눈이 온다.", score=1.0)]  # no correlation of one pair
    with pytest.raises(ValueError, match="at least 2"):
        run_mteb(munjang.load(), out=tmp_path, tasks=[sts_task(pairs)])


def test_without_mteb(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(MissingExtraError, match=r"mteb's benchmarks needs") as caught:
        run_mteb(munjang.load(), out=tmp_path)
    assert 'pip install "munjang[mteb]"' in str(caught.value)
