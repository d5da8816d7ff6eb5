"""The leaderboard in Markdown, on a terminal, in JSON, and inside a file."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from munjang.errors import InputError
from munjang.evaluate.leaderboard import make_board
from munjang.evaluate.leaderboard_records import Records
from munjang.evaluate.leaderboard_table import (
    BEGIN,
    END,
    board_json,
    board_markdown,
    print_board,
    replace_block,
)
from munjang.evaluate.record import SuiteResult, TaskResult
from munjang.evaluate.sts import Interval

HOSTILE = "<b>나|쁜</b>\n\x1b[31m*이름* `x` [y](z) \\ __w__ <!-- /leaderboard -->"


def suite(model, korsts, styles=None, **more):
    """A suite with KorSTS and, perhaps, StyleKQC."""
    scores = {"korsts": ("sts", korsts), "stylekqc": ("pairs", styles)}
    results = tuple(
        TaskResult(
            model=model,
            task=task,
            split="test",
            kind=kind,
            score=score,
            interval=Interval(score - 0.01, score + 0.01),
            scores={},
            rows=1379,
            what="모든 쌍",
            fingerprint=task,
        )
        for task, (kind, score) in scores.items()
        if score is not None
    )
    return SuiteResult(
        model=model,
        suite="korean",
        results=results,
        absent=(),
        sentences=1000,
        seconds=2.0,
        encoder="",
        **more,
    )


def make(*suites, published=0):
    return make_board(Records({str(n): s for n, s in enumerate(suites)}, {}), published=published)


def cells(markdown, model):
    line = next(line for line in markdown.splitlines() if model in line)
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_a_measured_row_says_score_mark_interval_and_facts():
    facts = {"size_mb": 35.2, "params_m": 110.6, "licence": "MIT"}
    text = board_markdown(make(suite("문장이", 0.8188, trained_on=("korsts:train",), facts=facts)))
    assert cells(text, "문장이") == [
        "1",
        "문장이",
        "81.88† (80.9–82.9)",
        "–",
        "111",
        "35.2",
        "500",
        "MIT",
        "here: view raw, one correlation over all",
    ]
    assert "\nKorSTS test, 1,379 rows.\n" in text
    assert "† another part of the same data set" in text
    assert "‡" not in text
    assert "Published" not in text
    assert "sorted by KorSTS test" in text


def test_a_published_row_says_what_it_measured():
    text = board_markdown(make(suite("문장이", 0.8), published=None))
    row = cells(text, "KoSimCSE-BERT (pooler)")
    assert row[:3] == ["–", "KoSimCSE-BERT (pooler)", "83.33"]
    assert row[-1] == "published (1), view quoted, batch-mean of 256, pooler output"
    assert cells(text, "Korean SRoBERTa-base")[-1].endswith(
        "no labels, view unknown, unknown, no tuning"
    )
    assert "(1) BM-K/Sentence-Embedding-Is-All-You-Need" in text
    assert "rows are shown" not in text
    assert "The best 3 of 4" in board_markdown(make(suite("문장이", 0.8), published=3))


def test_other_tasks_have_a_table_of_their_own():
    few = board_markdown(make(suite("가", 0.8, 0.9), suite("나", 0.81, 0.7)))
    assert cells(few.split("| Task")[1], "StyleKQC test")[1:] == [
        "average precision",
        "1,379",
        "70.00? (69.0–71.0)",
        "**90.00? (89.0–91.0)**",
    ]
    assert "**80.00" not in few  # the intervals overlap: nobody is first
    many = board_markdown(make(*(suite(f"모델{n}", 0.5 + n / 50, 0.9) for n in range(12))))
    assert many.count("| Task") == 3
    assert "| Task" not in board_markdown(make(suite("가", 0.8)))


def test_every_line_of_a_table_has_the_same_cells_whatever_the_names():
    text = board_markdown(make(suite(HOSTILE, 0.8, 0.9, facts={"licence": HOSTILE}), published=3))
    assert END not in text
    assert "\x1b" not in text
    assert "<b>" not in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        lines = table.splitlines()
        widths = {len(re.split(r"(?<!\\)\|", line)) for line in lines}
        assert len(widths) == 1
        assert all(re.fullmatch(r" (-+:?) ", cell) for cell in lines[1].split("|")[1:-1])
    assert r"\*이름\* \`x\` \[y\](z) \\ \_\_w\_\_" in text
    assert "klue/bert_base" in board_markdown(make(suite("klue/bert_base", 0.8)))


def test_a_terminal_gets_the_names_as_they_are():
    console = Console(file=io.StringIO(), width=200)
    print_board(make(suite(HOSTILE, 0.8, 0.9)), console=console, language="ko")
    shown = console.file.getvalue()
    assert "*이름* `x` [y](z)" in shown
    assert "직접 측정" in shown
    assert "\x1b" not in shown


def test_korean_differs_in_words_alone():
    board = make(suite("문장이", 0.8, 0.9), published=2)
    english, korean = (board_markdown(board, language=name) for name in ("en", "ko"))
    assert cells(korean, "문장이")[-1].startswith("직접 측정: view raw")
    assert "\nKorSTS test 표본 1,379개.\n" in korean
    assert cells(korean, "문장이")[:3] == cells(english, "문장이")[:3]
    assert korean.count("\n|") == english.count("\n|")


def test_json_has_a_model_a_line():
    lines = board_json(
        make(suite("문장이", 0.8, trained_on=("korsts:train",)), published=1)
    ).splitlines()
    theirs, ours = map(json.loads, lines)
    assert (theirs["measured"], ours["measured"]) == (False, True)
    assert theirs["tasks"]["korsts:test"]["view"] == "quoted"
    assert ours["tasks"]["korsts:test"]["rank"] == 1
    assert ours["tasks"]["korsts:test"]["flag"]["level"] == "set"
    assert ours["size_mb"] is None
    told = {name: ours["tasks"]["korsts:test"][name] for name in ("rows", "metric", "what")}
    assert told == {"rows": 1379, "metric": "cosine_spearman", "what": "모든 쌍"}
    assert "rows" not in theirs["tasks"]["korsts:test"]


def test_a_board_without_sts_still_says_what_the_models_are(robust_of):
    found = suite("문장이", None, 0.9, facts={"size_mb": 35.2, "licence": "MIT"})
    records = Records({"a.json": found}, {"r.json": robust_of("문장이")})
    text = board_markdown(make_board(records))
    tasks, facts = re.findall(r"(?:^\|.*\n)+", text, re.M)
    assert cells(tasks, "StyleKQC")[-1] == "90.00? (89.0–91.0)"
    assert cells(facts, "Model") == [
        "Model",
        "Kept %",
        "Params, M",
        "Size, MB",
        "Sent./s",
        "Licence",
    ]
    kept = f"{100 * robust_of('문장이').kept:.1f}"
    assert cells(facts, "문장이") == ["문장이", kept, "–", "35.2", "500", "MIT"]
    assert text.count("Rank: 1 + the number") == text.count("? it, or which part") == 1


def test_korean_has_its_own_titles_and_metrics(robust_of):
    result = TaskResult(
        model="문장이",
        task="question-pair",
        split="test",
        kind="pairs",
        score=0.9,
        interval=None,
        scores={},
        rows=650,
        what="",
        fingerprint="q",
    )
    found = replace(suite("문장이", 0.8), results=(result,))
    text = board_markdown(
        make_board(Records({"a.json": found}, {"r.json": robust_of("문장이")})), language="ko"
    )
    assert cells(text, "질문 쌍")[:3] == ["질문 쌍 test", "평균 정밀도", "650"]
    assert cells(text, "과제")[:3] == ["과제", "지표", "표본 수"]
    assert "유지 %: korsts test, 변형 2가지." in text
    assert "Question" not in text
    english = board_markdown(
        make_board(Records({"a.json": found}, {"r.json": robust_of("문장이")}))
    )
    assert "Kept %: korsts test, 2 edits." in english
    assert "Kept %: korsts" not in board_markdown(make_board(Records({"a.json": found}, {})))


# --- the block in a file ------------------------------------------------------------------

PAGE = f"# 순위\n\n아래 표의 `{BEGIN}`를 보세요.\n\n{BEGIN}\n옛 표\n{END}\n끝\n"


def test_a_block_is_replaced_and_nothing_else():
    new = replace_block(PAGE, "| 표 |\n", place="README.md")
    assert new == PAGE.replace("옛 표\n", "| 표 |\n")
    assert replace_block(new, "| 표 |\n", place="README.md") == new
    empty = PAGE.replace("옛 표\n", "")
    assert replace_block(empty, "| 표 |\n", place="README.md") == new


def test_the_line_breaks_of_a_file_are_kept():
    page = PAGE.replace("\n", "\r\n")
    new = replace_block(page, "가\n나\n", place="README.md")
    assert new == PAGE.replace("옛 표", "가\n나").replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("", "0 of the first and 0 of the second"),
        (f"{BEGIN}\n", "1 of the first and 0 of the second"),
        (f"x {BEGIN}\n{END}\n", "0 of the first and 1 of the second"),
        (PAGE + f"{BEGIN}\n", "2 of the first and 1 of the second"),
        (PAGE + PAGE, "2 of the first and 2 of the second"),
        (f"{END}\n{BEGIN}\n", "the second stands before the first"),
    ],
)
def test_bad_marks_are_an_error_that_names_the_file(page, found):
    with pytest.raises(InputError, match=r"README\.md") as caught:
        replace_block(page, "표\n", place="README.md")
    assert caught.value.found == found
