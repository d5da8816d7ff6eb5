"""Tables of suites and comparisons: scores with ranks, what is bold, and what is said below."""

from __future__ import annotations

import io
import json

import pytest
from rich.cells import cell_len
from rich.console import Console

from munjang.evaluate.comparison import compare_suites
from munjang.evaluate.record import Absent, TaskResult
from munjang.evaluate.suite_report import (
    print_suite,
    print_suite_comparison,
    rank_cell,
    suite_comparison_json,
    suite_comparison_markdown,
    suite_flags,
    suite_markdown,
)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def table_lines(text):
    return [line for line in text.splitlines() if line.startswith("|")]


@pytest.fixture(scope="module")
def compared(suite_of):
    return compare_suites(
        [
            suite_of(
                "앞선|모델", ["날씨", "korsts"], skill=0.9, rows=200, trained_on=("korsts:train",)
            ),
            suite_of("비슷한 모델", ["날씨", "바다"], skill=0.88, rows=200, trained_on=()),
            suite_of("뒤진 모델", ["날씨", "korsts"], skill=0.5, rows=200, trained_on=("parakqc",)),
        ]
    )


def test_one_suite(suite_of):
    absent = (Absent("nsmc", "held-out", "the data\nis nowhere"),)
    result = suite_of("문장 모델", ["날씨", "바다"], absent=absent)
    text = suite_markdown(result)
    head, _, first, second = table_lines(text)
    assert cells(head) == ["Task", "Split", "Rows", "Metric", "Score", "95% interval"]
    found = result.results[0]
    assert cells(first) == [
        "날씨",
        "test",
        "80",
        "ndcg@10",
        f"{100 * found.score:.2f}?",
        f"{100 * found.interval.low:.2f} to {100 * found.interval.high:.2f}",
    ]
    assert cells(second)[0] == "바다"
    assert len({cell_len(line) for line in table_lines(text)}) == 1
    assert "Not measured: nsmc held-out: the data is nowhere." in text
    assert "날씨 test: ndcg@10, 80 rows; made-up rows of 날씨." in text
    assert (
        "? 문장 모델 on 날씨 test, 바다 test: it does not declare what it was trained on: unknown, "
        "not clean." in text
    )
    console = Console(file=io.StringIO(), width=100)
    print_suite(result, console=console)
    shown = console.file.getvalue()
    assert "문장 모델, suite korean" in shown
    assert f"{100 * found.score:.2f}" in shown


def test_the_scores_of_one_suite_are_marked(suite_of):
    result = suite_of("문장 모델", ["korsts", "날씨"], trained_on=("korsts:test",))
    text = suite_markdown(result)
    first, second = (cells(line)[4] for line in table_lines(text)[2:])
    assert first == f"{100 * result.results[0].score:.2f}‡"
    assert second == f"{100 * result.results[1].score:.2f}"
    assert (
        "‡ 문장 모델 on korsts test: trained on korsts:test, which holds the measured rows." in text
    )


def test_a_comparison_in_markdown(compared):
    text = suite_comparison_markdown(compared)
    lines = table_lines(text)
    assert lines[0].startswith("| Task ")
    weather = next(line for line in lines if line.startswith("| 날씨 test "))
    *_, similar, behind = cells(weather)
    scores = compared.tasks[0].results
    assert similar.startswith(f"{100 * scores['비슷한 모델'].score:.2f}")
    assert similar.endswith("=1")
    assert behind.endswith(" 3")
    assert "**" not in weather
    korsts = next(line for line in lines if line.startswith("| korsts test "))
    assert f"**{100 * compared.tasks[1].results['앞선|모델'].score:.2f}† 1**" in korsts
    assert cells(korsts)[-2] == "–"
    assert "앞선\\|모델" in lines[0]
    assert any(line.startswith("| wins/ties/losses ") for line in lines)
    assert len([line for line in lines if "better" in line or "within noise" in line]) == 4


def test_what_is_said_below(compared):
    text = suite_comparison_markdown(compared)
    assert "2,000 resamples" in text
    assert "all 4 comparisons is at most 0.05" in text
    assert "Not compared: 바다 test of 비슷한 모델" in text
    assert "no other model measured it." in text
    assert "† 앞선|모델 on korsts test: trained on korsts:train" in text
    assert "Mean ranks are of unequal numbers of tasks: 앞선|모델 on 2, 비슷한 모델 on 1" in text
    assert "not corrected" in text


def test_marks_say_what_is_known_of_the_training(compared):
    flags = suite_flags(compared)
    assert flags["앞선|모델", "korsts:test"].level == "set"
    assert flags["비슷한 모델", "날씨:test"].level == "unknown"
    assert ("뒤진 모델", "korsts:test") not in flags


def test_a_comparison_on_a_terminal(compared):
    console = Console(file=io.StringIO(), width=110, force_terminal=True)
    print_suite_comparison(compared, console=console)
    shown = console.file.getvalue()
    assert "A = 앞선|모델, B = 비슷한 모델, C = 뒤진 모델" in shown
    assert "A better" in shown
    best = f"{100 * compared.tasks[1].results['앞선|모델'].score:.2f}†  1"
    assert f"\x1b[1m{best}\x1b[0m" in shown


def test_a_comparison_as_json(compared):
    record = json.loads(suite_comparison_json(compared))
    assert record["models"] == ["앞선|모델", "비슷한 모델", "뒤진 모델"]
    first = record["tasks"][0]
    assert first["scores"]["뒤진 모델"]["rank"] == 3
    assert first["scores"]["비슷한 모델"]["tied"]
    assert [each["better"] for each in first["differences"]] == [None, "앞선|모델", "비슷한 모델"]
    assert {name: score["flag"]["level"] for name, score in first["scores"].items()} == {
        "앞선|모델": "none",
        "비슷한 모델": "unknown",
        "뒤진 모델": "none",
    }
    flag = record["tasks"][1]["scores"]["앞선|모델"]["flag"]
    assert flag["level"] == "set"
    assert flag["sentence"].startswith("trained on korsts:train, another part")
    assert record["tasks"][1]["best"] == "앞선|모델"
    assert record["standings"]["뒤진 모델"]["losses"] == 3
    assert [each["task"] for each in record["left_out"]] == ["바다"]


def test_a_model_without_a_compared_task_has_no_mean_rank(suite_of):
    found = compare_suites(
        [suite_of("가", ["날씨"]), suite_of("나", ["날씨"]), suite_of("다", ["하늘"])]
    )
    record = json.loads(suite_comparison_json(found), parse_constant=pytest.fail)
    assert record["standings"]["다"]["mean_rank"] is None
    assert rank_cell(found.tasks[0], "다") == ""
    line = next(x for x in table_lines(suite_comparison_markdown(found)) if "mean rank" in x)
    assert cells(line)[-1] == "–"


@pytest.mark.parametrize(
    ("kind", "scores", "said"),
    [
        (
            "retrieval",
            {"ndcg@10": 0.7, "mrr@10": 0.6, "recall@10": 0.8, "recall@100": 0.9512},
            "MRR@10 60.00, recall@10 80.00, recall@100 95.12.",
        ),
        (
            "pairs",
            {"average_precision": 0.7, "f1": 0.88, "accuracy": 0.9, "threshold": 0.6125},
            "F1 88.00, accuracy 90.00, at cosine 0.613 and above.",
        ),
        ("bitext", {"ko-en": 0.91, "en-ko": 0.9, "accuracy": 0.905}, "ko-en 91.00, en-ko 90.00."),
        ("clustering", {"spread": 0.0123}, "spread between starts 1.23."),
        (
            "classification",
            {"macro_f1": 0.6, "spread": 0.02},
            "macro-F1 60.00, spread between draws 2.00.",
        ),
        ("sts", {"cosine_spearman": 0.7}, ""),
    ],
)
def test_what_else_was_computed_stands_below(suite_of, kind, scores, said):
    result = TaskResult(
        model="가",
        task="찾기",
        split="test",
        kind=kind,
        score=0.7,
        interval=None,
        scores=scores,
        rows=90,
        what="",
        fingerprint="ab",
    )
    text = suite_markdown(suite_of("가", [], results=(result,)))
    (line,) = [line for line in text.splitlines() if line.startswith("찾기 test: ")]
    assert line.partition("90 rows.")[2].strip() == said


def test_one_comparison_is_not_called_all_of_them(suite_of):
    found = compare_suites([suite_of("가", ["날씨"]), suite_of("나", ["날씨"])])
    assert "Holm's correction over 1 comparison is at most" in suite_comparison_markdown(found)


def test_a_difference_of_nothing_has_no_sign(suite_of):
    found = compare_suites([suite_of(name, ["날씨"], seed="하나") for name in ("가", "나")])
    text = suite_comparison_markdown(found)
    assert "[0.00, 0.00]" in text
    assert "+0.00" not in text
