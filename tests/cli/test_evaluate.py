"""The verb evaluate beyond STS: suites, robustness, own queries, servers, mistakes."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from munjang import console
from munjang.evaluate.record import SuiteResult
from munjang.evaluate.robust_record import RobustResult


@pytest.fixture
def run(call):
    """Runs `munjang evaluate`: exit code, stdout, stderr."""
    return lambda *arguments: call("evaluate", *arguments)


@pytest.fixture
def pairs(graded_pairs, tmp_path):
    """A file of a few scored pairs."""
    path = tmp_path / "쌍.jsonl"
    rows = [vars_of(pair) for pair in graded_pairs]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def beir(tmp_path):
    """A folder of queries and documents as BEIR has it."""
    folder = tmp_path / "질문"
    (folder / "qrels").mkdir(parents=True)
    queries = {"q1": "돈을 돌려받고 싶어요", "q2": "언제 도착하나요"}
    documents = {
        "d1": "환불은 주문 내역에서 신청합니다.",
        "d2": "배송은 이틀 걸립니다.",
        "d3": "주차장은 지하에 있습니다.",
    }
    for name, texts in (("queries", queries), ("corpus", documents)):
        lines = [json.dumps({"_id": key, "text": text}) for key, text in texts.items()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    judged = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n"
    (folder / "qrels" / "test.tsv").write_text(judged, encoding="utf-8")
    return folder


def vars_of(pair):
    return {name: getattr(pair, name) for name in ("sentence1", "sentence2", "score")}


def test_tasks_of_the_suite_by_name(run, data_dir, tmp_path):
    code, out, err = run(
        *("--task", "tatoeba", "--task", "klue-sts:dev"),
        *("--data-dir", data_dir, "--out", tmp_path),
    )
    assert code == 0
    assert err == f"wrote {tmp_path / 'munjang-small-ko-tatoeba-klue-sts-dev.json'}\n"
    suite = SuiteResult.from_json(out)
    assert [result.key for result in suite.results] == ["klue-sts:dev", "tatoeba:test"]
    assert suite.results[0].evidence is None
    assert suite.trained_on[:3] == ("korsts:train", "klue-sts:train", "klue-nli:train")
    assert suite.facts["licence"] == "CC-BY-SA-4.0"
    kept = SuiteResult.from_json(
        (tmp_path / "munjang-small-ko-tatoeba-klue-sts-dev.json").read_text("utf-8")
    )
    assert len(kept.results[0].evidence["gold"]) == 519


def test_the_whole_suite_names_what_is_absent(run, data_dir, tmp_path, monkeypatch):
    monkeypatch.delenv("MUNJANG_DATA", raising=False)
    monkeypatch.setenv("MUNJANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MUNJANG_OFFLINE", "1")
    monkeypatch.setattr(console, "wants_json", lambda *, asked: asked)
    (tmp_path / "tatoeba").symlink_to(data_dir / "tatoeba")
    code, out, _ = run("--suite", "korean", "--data-dir", tmp_path)
    assert code == 0
    assert "tatoeba" in out
    assert "Not measured: korsts test:" in " ".join(out.split())


def test_robustness_on_own_pairs_with_a_picture(run, pairs, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra plots")
    pytest.importorskip("kiwipiepy", reason="needs the extra korean")
    picture = tmp_path / "곡선.svg"
    code, out, err = run("--suite", "robust", "--pairs", pairs, "--picture", picture)
    assert (code, err) == (0, f"wrote {picture}\n")
    found = RobustResult.from_json(out)
    assert (found.task, found.rows) == ("쌍", 8)
    assert 0 < found.kept <= 1.5
    assert "<svg" in picture.read_text("utf-8")


def test_robustness_as_a_table_of_some_edits(run, pairs):
    edits = ("--edit", "emoji", "--edit", "nfd")
    code, out, _ = run("--suite", "robust", "--pairs", pairs, "--markdown", *edits)
    assert code == 0
    assert "(NFD)" in out
    assert "typed on the Latin layout" not in out
    assert "| mean of all edits" in out


def test_records_of_robustness_do_not_replace_each_other(run, pairs, tmp_path):
    for edit in ("emoji", "nfd"):
        run("--suite", "robust", "--pairs", pairs, "--edit", edit, "--out", tmp_path / "기록")
    names = {path.name for path in (tmp_path / "기록").iterdir()}
    assert names == {f"munjang-small-ko-robust-쌍-all-{edit}.json" for edit in ("emoji", "nfd")}


def test_own_queries_in_cp949(run, beir):
    for path in beir.glob("*.jsonl"):
        text = path.read_text("utf-8").encode().decode("unicode_escape")
        path.write_bytes(text.encode("cp949"))
    assert run("--retrieval", beir).code == 2
    assert run("--retrieval", beir, "--encoding", "cp949").code == 0


def test_own_queries_and_documents(run, beir, monkeypatch):
    code, out, _ = run("--retrieval", beir)
    (result,) = SuiteResult.from_json(out).results
    assert code == 0
    assert (result.task, result.rows, result.score) == ("질문", 2, 1.0)
    assert result.what == "2 queries among 3 documents, by cosine"
    monkeypatch.setattr(console, "wants_json", lambda *, asked: asked)
    assert "ndcg@10" in run("--retrieval", beir).out


@pytest.mark.enable_socket
def test_a_model_on_a_server(run, pairs, shipped):
    class Serves(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            vectors = shipped.encode(asked["input"])
            data = [{"index": n, "embedding": v.tolist()} for n, v in enumerate(vectors)]
            body = json.dumps({"data": data[::-1]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Serves) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v1#ours"
        code, out, _ = run(address, "--pairs", pairs)
        server.shutdown()
    assert code == 0
    here = json.loads(run("--pairs", pairs).out)
    there = json.loads(out)
    assert there["model"] == "ours"
    theirs, ours = (each["correlations"]["cosine_spearman"] for each in (there, here))
    assert theirs == pytest.approx(ours, abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--task", "klue-nil"], ["did you mean 'klue-nli'?"]),
        (["--suite", "korean", "--split", "dev"], ["--task NAME:SPLIT"]),
        (["--suite", "korean", "--view", "quoted"], ["is for tables of correlations"]),
        (["--suite", "robust", "--published"], ["is for tables of correlations"]),
        (["--suite", "robust", "--task", "klue-nli"], ["--task korsts or klue-sts"]),
        (["--suite", "robust", "--aggregation", "batch-mean"], ["--aggregation is for tables"]),
        (["--suite", "robust", "--retrieval", "."], ["found: --retrieval --suite robust"]),
        (["--suite", "korean", "--picture", "a.svg"], ["--picture is for --suite robust"]),
        (["--task", "korsts", "--edit", "nfd"], ["--edit is for --suite robust"]),
        (["--suite", "robust", "--edit", "nfc"], ["unknown edit 'nfc'"]),
        (["--suite", "robust", "--picture", "a.pdf"], [".pdf"]),
        (["--retrieval", ".", "--pairs", "x.csv"], ["found: --pairs --retrieval"]),
        (["--retrieval", ".", "--suite", "korean"], ["found: --retrieval --suite korean"]),
        (["--markdown", "--json"], ["exclude each other"]),
        (["http://127.0.0.1:1/v1", "--task", "korsts"], ["#MODEL"]),
        (["http://127.0.0.1:1/v1#m", "--engine", "onnx"], ["found: --engine"]),
    ],
)
def test_mistakes(run, is_mistake, data_dir, arguments, words):
    is_mistake(run(*arguments, "--data-dir", data_dir), *words)


def test_a_folder_that_holds_no_retrieval_set(run, is_mistake, tmp_path):
    is_mistake(run("--retrieval", tmp_path), str(tmp_path))
