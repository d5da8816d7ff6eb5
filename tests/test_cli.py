"""The command line as a user meets it: verbs, pipes, files, mistakes, exit codes."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

import munjang
from munjang.cli import main
from munjang.encode import loading
from munjang.evaluate.tasks import StsResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAQ = [
    "환불은 어떻게 받나요?",
    "배송은 며칠 걸리나요?",
    "회원 탈퇴는 어디에서 하나요?",
    "비밀번호를 잊어버렸어요.",
    "매장은 몇 시에 문을 여나요?",
    "주차장이 있나요?",
]
PAIRS = [
    ("첫눈이 내렸다.", "올해 첫눈이 왔다.", 4.5),
    ("첫눈이 내렸다.", "점심에 국수를 먹었다.", 0.0),
    ("아이가 공을 찬다.", "꼬마가 공을 차고 논다.", 4.0),
    ("아이가 공을 찬다.", "아이가 그림을 그린다.", 1.5),
    ("문을 닫아 주세요.", "문 좀 닫아 줄래요?", 4.8),
    ("문을 닫아 주세요.", "창문을 열어 주세요.", 1.8),
    ("기차가 늦게 왔다.", "열차가 연착했다.", 4.2),
    ("기차가 늦게 왔다.", "바다에서 수영을 했다.", 0.2),
]
VERBS = [
    [],
    ["search"],
    ["cluster"],
    ["encode"],
    ["evaluate"],
    ["compare"],
    ["leaderboard"],
    ["doctor"],
    ["models"],
    ["export"],
    ["trim"],
    ["average"],
    ["data"],
    ["data", "list"],
    ["data", "fetch"],
    ["data", "check"],
]


class Ran(NamedTuple):
    """What a run of the command line gave."""

    code: int
    out: str
    err: str

    def records(self) -> list[dict]:
        """Stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="module", autouse=True)
def models_stay_loaded() -> Iterator[None]:
    """Verbs run in this process load the same model once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load", functools.lru_cache(loading.load))
        yield


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs the command line in this process."""

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ran(code, *(re.sub(r"\x1b\[[0-9;]*m", "", said) for said in capsys.readouterr()))

    return run


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Puts text on stdin."""
    path = tmp_path / "stdin"
    with path.open("w+", encoding="utf-8") as stdin:

        def feed(text: str) -> None:
            stdin.seek(0)
            stdin.truncate()
            stdin.write(text)
            stdin.seek(0)
            monkeypatch.setattr(sys, "stdin", stdin)

        yield feed


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    path = tmp_path / "faq.txt"
    path.write_text("\n".join(FAQ) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    names = ("sentence1", "sentence2", "score")
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in PAIRS]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def script() -> str:
    """The console script that pip installed."""
    suffix = ".exe" if os.name == "nt" else ""
    path = Path(sysconfig.get_path("scripts"), f"munjang{suffix}")
    assert path.is_file(), "pip install the package first"
    return str(path)


def is_error(ran: Ran, code: int, *words: str) -> None:
    """Checks an error: nothing on stdout, at most three lines, with certain words."""
    assert ran.code == code
    assert ran.out == ""
    lines = [line for line in ran.err.splitlines() if not line.startswith(("note:", "warning:"))]
    assert lines[0].startswith("error: ")
    assert len(lines) <= 3
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def is_usage_error(ran: Ran, *words: str) -> None:
    """Checks an error of typer's own: on stderr, exit code 2."""
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: " in ran.err
    said = " ".join(ran.err.replace("│", " ").split())
    for word in words:
        assert word in said


# --- the console script itself ---------------------------------------------------------


def test_a_pipe_gets_json_on_stdout_and_the_rest_on_stderr(script, tmp_path):
    path = tmp_path / "faq.txt"
    path.write_text("\n\n".join(FAQ), encoding="utf-8")
    done = subprocess.run(
        [script, "search", "돈을 돌려받고 싶어요", "--in", path, "-k", "9"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4, 5, 6]
    assert done.stderr.splitlines() == [
        f"note: left out 5 blank lines of {path}",
        "warning: 9 hits were asked for, but the corpus has 6 rows: giving all",
    ]


def test_stdin_can_be_a_pipe(script):
    done = subprocess.run(
        [script, "search", "차를 어디에 세우나요", "--in", "-", "-k", "1"],
        input="\n".join(FAQ).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["text"] in FAQ


def test_an_error_has_no_traceback_unless_asked_for(script, tmp_path):
    missing = str(tmp_path / "없는 파일.txt")
    command = ["search", "질문", "--in", missing]
    short = subprocess.run([script, *command], capture_output=True, encoding="utf-8", check=False)
    assert (short.returncode, short.stdout) == (2, "")
    assert short.stderr == f"error: {missing}: no such file\ntry: check the path\n"
    full = subprocess.run(
        [script, "--debug", *command], capture_output=True, encoding="utf-8", check=False
    )
    assert (full.returncode, full.stdout) == (2, "")
    assert full.stderr.startswith("Traceback (most recent call last)")
    assert full.stderr.endswith(short.stderr)


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise on Windows")
@pytest.mark.parametrize("arguments", ["models --json", "data list", "models BAAI/bge-m3", "-h"])
def test_a_reader_that_goes_away_is_no_error(script, arguments):
    process = subprocess.Popen(
        [script, *arguments.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_is_one_line_and_leaves_nothing(script, tmp_path):
    process = subprocess.Popen(
        [script, "encode", "-", "--out", "vectors.npy"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # a job in the background of a script ignores Ctrl-C, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert any(tmp_path.iterdir()), "it never began to write"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"stopped\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_table(script, tmp_path):
    import pty

    (tmp_path / "faq.txt").write_text("[bold]굵게[/bold] 쓰는 법\n", encoding="utf-8")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [script, "search", "[굵은] 글씨", "--in", "faq.txt"],
        cwd=tmp_path,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "TERM": "xterm"},
    )
    os.close(theirs)
    table = re.sub(r"\x1b\[[0-9;]*m", "", os.read(ours, 65536).decode())
    os.close(ours)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "[굵은] 글씨" in table
    assert "[bold]굵게[/bold] 쓰는 법" in table
    assert "{" not in table


# --- help --------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_fits_and_shows_an_example(run, monkeypatch, verb):
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", "80")
    shown = run(*verb, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert max(map(cell_len, shown.out.splitlines())) <= 80
    assert "…" not in shown.out.replace("dev, …;", "")
    if verb != ["data"]:
        command = " ".join(["munjang", *verb])
        assert f"Example: {command}" in shown.out
    assert run(*verb, "-h").out == shown.out


@pytest.mark.parametrize("verb", VERBS[1:4], ids=" ".join)
def test_the_example_of_the_help_parses(run, monkeypatch, tmp_path, verb):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    example = re.search(r"Example: munjang (.*?)\s*$", run(*verb, "-h").out, re.MULTILINE)
    is_error(run(*shlex.split(example[1])), 2, "no such file")


def test_no_verb_shows_the_help(run):
    assert "Commands" in run().out
    assert run("data").code == 2


def test_version(run):
    assert run("--version") == (0, f"munjang {munjang.__version__}\n", "")


def test_a_wrong_verb_or_option_gets_the_nearest(run):
    is_usage_error(run("serch"), "Did you mean 'search'?")
    is_usage_error(run("search", "질문", "--colum", "x"), "--column")
    is_usage_error(run("search", "질문"), "--in")


# --- search ------------------------------------------------------------------------------


def test_search_gives_json_lines(run, faq):
    ran = run("search", "돈을 돌려받고 싶어요", "차를 세울 곳", "--in", faq, "-k", 2)
    assert (ran.code, ran.err) == (0, "")
    hits = ran.records()
    assert [(hit["query"], hit["rank"]) for hit in hits] == [
        ("돈을 돌려받고 싶어요", 1),
        ("돈을 돌려받고 싶어요", 2),
        ("차를 세울 곳", 1),
        ("차를 세울 곳", 2),
    ]
    for first, second in (hits[:2], hits[2:]):
        assert 1 >= first["score"] >= second["score"] >= -1
    for hit in hits:
        assert set(hit) == {"query", "rank", "score", "index", "text"}
        assert FAQ[hit["index"]] == hit["text"]
    assert "돈을 돌려받고 싶어요" in ran.out


def test_search_finds_the_text_itself(run, faq):
    (hit,) = run("search", FAQ[3], "--in", faq, "-k", 1).records()
    assert (hit["index"], hit["score"]) == (3, pytest.approx(1, abs=1e-3))


def test_search_gives_five_hits_or_what_there_is(run, faq, tmp_path):
    assert len(run("search", "질문", "--in", faq).records()) == 5
    few = tmp_path / "few.txt"
    few.write_text("하나\n둘\n", encoding="utf-8")
    ran = run("search", "질문", "--in", few)
    assert (len(ran.records()), ran.err) == (2, "")


def test_k_above_the_corpus_gives_all_and_a_warning(run, faq):
    ran = run("search", "질문", "--in", faq, "-k", 100)
    assert (ran.code, len(ran.records())) == (0, len(FAQ))
    assert ran.err.startswith("warning: 100 hits were asked for, but the corpus has 6 rows")
    assert run("search", "질문", "--in", faq, "-k", 100).err == ran.err
    is_usage_error(run("search", "질문", "--in", faq, "-k", 0), "-k")


def test_queries_come_from_arguments_then_a_file(run, faq, tmp_path):
    queries = tmp_path / "queries.txt"
    queries.write_text("두 번째 질문\n\n세 번째 질문\n", encoding="utf-8")
    ran = run("search", "첫 번째 질문", "--queries", queries, "--in", faq, "-k", 1)
    asked = [hit["query"] for hit in ran.records()]
    assert asked == ["첫 번째 질문", "두 번째 질문", "세 번째 질문"]
    assert ran.err == f"note: left out 1 blank line of {queries}\n"


def test_queries_and_texts_come_from_stdin(run, faq, feed):
    feed("문 여는 시간\n")
    assert run("search", "--queries", "-", "--in", faq, "-k", 1).records()[0]["text"] in FAQ
    feed("")
    is_error(run("search", "--queries", "-", "--in", faq), 2, "stdin holds no text")


def test_both_from_stdin_is_refused(run):
    is_error(run("search", "--queries", "-", "--in", "-"), 2, "cannot both be stdin")


def test_no_query_and_a_blank_query_are_refused(run, faq):
    is_error(run("search", "--in", faq), 2, "no query was given", "--queries")
    is_error(run("search", "질문", " ", "--in", faq), 2, "query 2 is blank")


@pytest.mark.parametrize("name", ["faq.csv", "faq.tsv", "faq.jsonl"])
def test_a_column_of_a_table(run, tmp_path, name):
    path = tmp_path / name
    if name.endswith("jsonl"):
        lines = [json.dumps({"번호": n, "질문 글": text}) for n, text in enumerate(FAQ)]
    else:
        separator = "," if name.endswith("csv") else "\t"
        lines = [
            f"번호{separator}질문 글",
            *(f"{n}{separator}{text}" for n, text in enumerate(FAQ)),
        ]
    path.write_text("\n".join(lines), encoding="utf-8")
    hit = run("search", "차를 세울 곳", "--in", path, "--column", "질문 글", "-k", 1).records()[0]
    assert FAQ[hit["index"]] == hit["text"]
    hit = run("search", "--queries", path, "--in", path, "--column", "질문 글").records()[0]
    assert (hit["query"], hit["text"]) == (FAQ[0], FAQ[0])
    is_error(run("search", "질문", "--in", path), 2, "which column", "'번호', '질문 글'")
    is_error(
        run("search", "질문", "--in", path, "--column", "질문글"), 2, "did you mean '질문 글'?"
    )


def test_a_column_of_a_text_file_is_refused(run, faq):
    is_error(run("search", "질문", "--in", faq, "--column", "질문"), 2, "has no column '질문'")


def test_cp949_is_recognised_and_read_when_named(run, tmp_path):
    path = tmp_path / "cp949.txt"
    path.write_bytes("\n".join(FAQ).encode("cp949"))
    is_error(run("search", "질문", "--in", path), 2, str(path), "CP949", "--encoding cp949")
    ran = run("search", FAQ[1], "--in", path, "--encoding", "cp949", "-k", 1)
    assert ran.records()[0]["text"] == FAQ[1]
    is_error(
        run("search", "질문", "--in", path, "--encoding", "cp94"), 2, "unknown encoding 'cp94'"
    )


def test_files_that_are_none(run, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n", encoding="utf-8")
    is_error(run("search", "질문", "--in", empty), 2, "holds no text", "2 blank lines")
    is_error(run("search", "질문", "--in", tmp_path), 2, "is a folder")


def test_a_lone_surrogate_comes_out_as_json(run, tmp_path):
    path = tmp_path / "cut.jsonl"
    path.write_text('{"text": "좋아요\\ud83d"}\n', encoding="utf-8")
    ran = run("search", "좋아요", "--in", path, "--column", "text")
    assert ran.code == 0
    assert ran.err.startswith("warning: ")
    assert ran.records()[0]["text"] == "좋아요\ud83d"


def test_decomposed_text_is_found_composed(run, tmp_path):
    import unicodedata

    path = tmp_path / "nfd.txt"
    path.write_text(unicodedata.normalize("NFD", "\n".join(FAQ)), encoding="utf-8")
    hit = run("search", FAQ[5], "--in", path, "-k", 1).records()[0]
    assert (hit["index"], hit["score"]) == (5, pytest.approx(1, abs=1e-3))


# --- models that cannot be had -----------------------------------------------------------


def test_models_that_cannot_be_had(run, faq, tmp_path):
    search = ("search", "질문", "--in", faq, "--model")
    is_error(run(*search, tmp_path / "none"), 2, "none")
    is_error(run(*search, faq), 2, "is a file")
    is_error(run(*search, "default", "--engine", "openvin"), 2, "did you mean 'openvino'?")
    is_error(run(*search, "default", "--pooling", "cls"), 2, "leave pooling out")
    half = tmp_path / "half"
    half.mkdir()
    is_error(run(*search, half), 2, "not whole", "config.json is missing")
    shipped = Path(munjang.__file__).parent / "encode" / "default"
    for name in ("munjang.json", "model.xml"):
        (half / name).write_bytes((shipped / name).read_bytes())
    is_error(run(*search, half), 2, "not whole", "model.bin")


def test_a_hub_model_without_a_network(run, faq, monkeypatch, tmp_path):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    is_error(run("search", "질문", "--in", faq, "-m", "somebody/some-model"), 1, "cache")


# --- cluster -----------------------------------------------------------------------------


def test_cluster_by_number(run, faq):
    groups = run("cluster", faq, "-k", 2).records()
    assert [group["cluster"] for group in groups] == [0, 1]
    members = [member for group in groups for member in group["members"]]
    assert sorted(member["index"] for member in members) == list(range(len(FAQ)))
    for group in groups:
        assert group["size"] == len(group["members"])
        assert group["label"] == group["members"][0]["text"]
        assert group["cohesion"] <= 1
    assert run("cluster", faq, "-k", 2).records() == groups


def test_cluster_takes_five_or_what_there_is(run, faq, feed):
    assert len(run("cluster", faq).records()) == 5
    feed("하나\n둘\n둘\n")
    assert len(run("cluster", "-").records()) == 2


def test_cluster_by_threshold(run, faq):
    assert len(run("cluster", faq, "--threshold", 0).records()) == 1
    assert len(run("cluster", faq, "--threshold", 1).records()) == len(FAQ)
    is_error(run("cluster", faq, "--threshold", 2), 2, "threshold must be a cosine")


def test_cluster_of_duplicates(run, tmp_path):
    path = tmp_path / "twice.txt"
    path.write_text("\n".join([*FAQ, FAQ[2], f"  {FAQ[2]}"]), encoding="utf-8")
    groups = run("cluster", path, "--duplicates", 0.999).records()
    assert [member["index"] for member in groups[0]["members"]] == [2, 6, 7]
    path.write_text("\n".join(FAQ), encoding="utf-8")
    assert run("cluster", path, "--duplicates", 1) == (0, "", "")


def test_cluster_mistakes(run, faq):
    is_error(run("cluster", faq, "-k", 2, "--threshold", 0.5), 2, "exclude each other")
    is_error(run("cluster", faq, "--duplicates", 0.9, "--threshold", 0.5), 2, "give one")
    is_error(run("cluster", faq, "-k", 7), 2, "7 clusters of 6 distinct rows")
    is_usage_error(run("cluster", faq, "--seed", -1), "--seed")


# --- encode ------------------------------------------------------------------------------


def test_encode_writes_what_python_gives(run, faq, tmp_path):
    out = tmp_path / "made" / "vectors.npy"
    (record,) = run("encode", faq, "--out", out).records()
    vectors = np.load(out)
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(FAQ), 384))
    # int8 activations depend a little on what else is in a batch
    cosines = np.sum(vectors * munjang.load().encode(FAQ), axis=1)
    assert cosines.min() > 0.99
    assert record["out"] == str(out)
    assert (record["sentences"], record["cut"], record["blank"]) == (len(FAQ), 0, 0)
    assert record["model"] == munjang.load().name


def test_encode_from_stdin_in_fewer_dimensions(run, feed, tmp_path):
    feed("한 문장\n\n또 한 문장\n")
    out = tmp_path / "vectors.npy"
    (record,) = run("encode", "-", "-o", out, "--truncate-dim", 64, "--batch-size", 1).records()
    vectors = np.load(out)
    assert (vectors.shape, record["blank"]) == ((2, 64), 1)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_encode_that_cannot_write(run, faq, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    is_error(run("encode", faq, "--out", faq / "vectors.npy"), 2, "cannot write")
    is_usage_error(run("encode", faq, "--out", tmp_path), "is a directory")
    is_usage_error(run("encode", faq), "--out")
    assert sorted(tmp_path.rglob("*")) == before


def test_encode_that_fails_half_way_leaves_what_was_there(run, tmp_path):
    path, out = tmp_path / "bad.txt", tmp_path / "vectors.npy"
    path.write_bytes("멀쩡한 문장\n".encode() * 5000 + b"\xb0\xa1\n")
    out.write_bytes(b"old")
    is_error(run("encode", path, "--out", out), 2, "is not UTF-8", "line 5001")
    assert out.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [path, out]


# --- evaluate and compare ----------------------------------------------------------------


def test_evaluate_on_own_pairs(run, pairs, tmp_path):
    ran = run("evaluate", "--pairs", pairs, "--out", tmp_path / "records")
    (record,) = ran.records()
    assert ran.code == 0
    assert ran.err.startswith("wrote ")
    assert (record["task"], record["split"], record["rows"]) == ("pairs", "all", len(PAIRS))
    kept = StsResult.from_json(
        (tmp_path / "records" / "munjang-small-ko-pairs-all.json").read_text("utf-8")
    )
    assert kept.correlations.cosine_spearman == record["correlations"]["cosine_spearman"]
    assert len(kept.gold) == len(PAIRS)


def test_evaluate_in_markdown(run, pairs):
    ran = run("evaluate", "--pairs", pairs, "--markdown", "--view", "stripped")
    head, rule, row = ran.out.splitlines()[:3]
    assert [cell.strip() for cell in head.strip("|").split("|")][:3] == ["Model", "AVG", "CP"]
    assert set(rule) <= set("|-: ")
    assert row.startswith(f"| {munjang.load().name} |")
    assert "view stripped" in ran.out
    is_error(run("evaluate", "--pairs", pairs, "--markdown", "--json"), 2, "exclude each other")


def test_evaluate_reads_cp949_when_told(run, tmp_path):
    path = tmp_path / "pairs.tsv"
    rows = ["sentence1\tsentence2\tscore", *(f"{a}\t{b}\t{score}" for a, b, score in PAIRS)]
    path.write_bytes("\n".join(rows).encode("cp949"))
    is_error(run("evaluate", "--pairs", path), 2, "--encoding cp949")
    (record,) = run("evaluate", "--pairs", path, "--encoding", "cp949").records()
    assert record["rows"] == len(PAIRS)


def test_evaluate_mistakes(run, pairs, tmp_path, monkeypatch):
    monkeypatch.delenv("MUNJANG_DATA", raising=False)
    is_error(run("evaluate", "--task", "korst"), 2, "did you mean 'korsts'?")
    is_error(run("evaluate", "--task", "korsts", "--split", "tets"), 2, "did you mean 'test'?")
    is_usage_error(run("evaluate", "--view", "quotd"), "'quoted'")
    is_error(run("evaluate", "--data-dir", tmp_path / "none"), 2, "does not name a folder")
    is_error(run("evaluate", "--pairs", pairs, "--task", "korsts"), 2, "no --task")
    is_error(run("evaluate", "--pairs", tmp_path / "none.csv"), 2, "no such file")
    is_usage_error(run("evaluate", "--pairs", pairs, "--out", pairs), "is a file")
    pairs.write_text('{"sentence1": "하나", "sentence2": "둘", "score": 9}', encoding="utf-8")
    is_error(run("evaluate", "--pairs", pairs), 2, f"{pairs}:1", "score from 0 to 5")
    pairs.write_text('{"sentence1": "하나", "sentence2": "둘"}', encoding="utf-8")
    is_error(run("evaluate", "--pairs", pairs), 2, "score")


def _know_nobody(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_data_that_is_nowhere(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MUNJANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MUNJANG_DATA", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", _know_nobody)
    ran = run("evaluate", "--task", "korsts")
    is_error(ran, 1, "could not be fetched", "--data-dir or MUNJANG_DATA")


def test_evaluate_on_korsts(run, data_dir):
    ran = run("evaluate", "--task", "korsts", "--split", "test", "--data-dir", data_dir)
    (record,) = ran.records()
    assert (ran.code, ran.err) == (0, "")
    assert (record["task"], record["split"], record["rows"]) == ("korsts", "test", 1379)
    assert set(record["intervals"]) == {*record["correlations"]}
    low, high = record["intervals"]["cosine_spearman"]
    assert low < record["correlations"]["cosine_spearman"] < high
    assert record["correlations"]["cosine_spearman"] > 0.6


def test_a_model_is_as_good_as_itself(run, pairs):
    ran = run("compare", "default", "default", "--pairs", pairs)
    (record,) = ran.records()
    assert (ran.code, ran.err) == (0, "")
    for found in record["differences"].values():
        assert found["difference"] == 0
        assert found["verdict"].startswith("within noise")
    table = run("compare", "default", "default", "--pairs", pairs, "--markdown").out
    assert table.count("within noise") >= 9
    is_error(run("compare", "default", "no-model", "--pairs", pairs), 2, "no model at no-model")


# --- models, data, export ----------------------------------------------------------------


def test_models_are_listed(run):
    listed = {model["name"]: model for model in run("models").records()}
    assert len(listed) > 30
    assert listed["BM-K/KoSimCSE-roberta-multitask"]["pooling"] == "cls"
    assert all(model["license"] and model["dim"] for model in listed.values())
    (one,) = run("models", "bm-k/kosimcse-roberta-multitask", "--json").records()
    assert one == listed["BM-K/KoSimCSE-roberta-multitask"]


def test_an_unknown_model_gets_the_nearest(run):
    ran = run("models", "BM-K/KoSimCSE-robert")
    is_error(ran, 2, "did you mean 'BM-K/KoSimCSE-roberta'?")
    assert "bge-m3" not in ran.err
    is_error(run("models", "word2vec"), 2, "44 known, such as")


def test_data_sets_are_listed(run):
    splits = {(row["name"], row["split"]): row for row in run("data", "list").records()}
    assert splits["korsts", "test"]["rows"] == 1379
    assert splits["korsts", "test"]["never_train"]
    assert not splits["korsts", "train"]["never_train"]


def test_korsts_train_and_test_share_three_pairs(run, data_dir):
    (found,) = run("data", "check", "korsts:train", "korsts:test", "--data-dir", data_dir).records()
    assert (found["train_rows"], found["test_rows"]) == (5749, 1379)
    assert found["shared_pairs"] == 3
    assert found["shared_sentences"] == 158


def test_own_files_are_checked_for_leaks(run, faq, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(f"id,text\n1,{FAQ[4]}\n2,처음 보는 문장\n", encoding="utf-8")
    lines = tmp_path / "lines.txt"
    lines.write_text(f"{FAQ[4]}\n처음 보는 문장\n", encoding="utf-8")
    (found,) = run("data", "check", faq, lines).records()
    assert (found["shared_sentences"], found["test_sentences"]) == (1, 2)
    assert found["sentence_places"][0]["train_row"] == 4
    (found,) = run("data", "check", other, other, "--column", "text").records()
    assert found["shared_sentences"] == 2


def test_data_mistakes(run, faq, tmp_path):
    is_error(run("data", "check", "korst:train", faq), 2, "did you mean 'korsts'?")
    is_error(run("data", "check", "korsts:trian", faq), 2, "did you mean 'train'?")
    is_error(run("data", "check", tmp_path / "none.txt", faq), 2, "no such file")
    is_error(run("data", "fetch", "klue-nil"), 2, "did you mean 'klue-nli'?")
    is_error(run("data", "fetch", "nsmc"), 2, "cannot be fetched")
    is_usage_error(run("data", "lst"), "Did you mean 'list'?")


def test_export_mistakes(run, pairs, tmp_path):
    is_usage_error(run("export", "default"), "--out")
    is_usage_error(run("export", "default", "-o", tmp_path / "x", "--to", "onx"), "'onnx'")
    is_usage_error(run("export", "default", "-o", pairs, "--pairs", pairs), "is a file")
    is_usage_error(
        run("export", "default", "-o", tmp_path / "x", "--max-tokens", 1), "--max-tokens"
    )
    ran = run("export", tmp_path / "none", "-o", tmp_path / "x", "--pairs", pairs)
    is_error(ran, 2, "no model at")
    ran = run("export", "default", "-o", tmp_path / "x", "--pairs", pairs)
    is_error(ran, 2)
    assert not (tmp_path / "x").exists()


# --- failures that are nobody's mistake --------------------------------------------------


def test_an_unforeseen_failure_says_how_to_see_more(run, faq, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("두 줄짜리\n실패")

    monkeypatch.setattr("munjang.inputs.load_model", fail)
    ran = run("search", "질문", "--in", faq)
    is_error(ran, 1, "RuntimeError: 두 줄짜리 실패", "--debug")
    ran = run("--debug", "search", "질문", "--in", faq)
    assert ran.code == 1
    assert "Traceback" in ran.err
