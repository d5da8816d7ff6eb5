"""Tables at 80 columns: every number whole, every head whole, whatever the table."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from munjang.evaluate import sts
from munjang.evaluate.comparison import compare_suites
from munjang.evaluate.leaderboard import make_board
from munjang.evaluate.leaderboard_records import Records
from munjang.evaluate.leaderboard_table import board_markdown, print_board
from munjang.evaluate.published import published_rows
from munjang.evaluate.report import (
    comparison_markdown,
    markdown_table,
    print_comparison,
    print_table,
)
from munjang.evaluate.robust_report import print_robust, robust_markdown
from munjang.evaluate.suite_report import (
    print_suite,
    print_suite_comparison,
    suite_comparison_markdown,
    suite_markdown,
)
from munjang.evaluate.tasks import StsResult, compare
from munjang.evaluate.terminal_table import fits, print_cells
from munjang.korean.perturb import EDITS

NAMES = ("munjang-small-ko", "jhgan/ko-sroberta-multitask")


def on_terminal(show, width=80):
    console = Console(file=io.StringIO(), width=width)
    show(console)
    return console.file.getvalue()


def table_of(shown):
    """What stands before the notes: the lines of tables are ruled, followed by a blank."""
    return "\n".join(block for block in shown.split("\n\n") if "──" in block)


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def check_whole(shown, markdown, *, hidden=()):
    """Every number of a Markdown table stands whole on the terminal, and every head's words."""
    table = table_of(shown)
    blanks = " " + " ".join(table.split()) + " "
    assert max(map(cell_len, table.splitlines())) <= 80
    blocks = re.findall(r"(?:^\|.*\n)+", markdown, re.M)
    assert blocks
    for head, rule, *rows in ([*map(cells, block.splitlines())] for block in blocks):
        numbers = [i for i, dashes in enumerate(rule) if dashes.endswith(":")]
        assert numbers
        for i in numbers:
            if head[i] in hidden:
                continue
            for row in rows:
                cell = " ".join(row[i].replace("**", "").split())
                assert not cell or f" {cell} " in blanks, (head[i], cell)
        for title in head:
            for word in () if title in (*hidden, *NAMES) else title.split():
                assert f" {word} " in blanks, (title, word)


@pytest.fixture(scope="module")
def measured():
    """Correlations of two models."""
    gold = np.random.default_rng(0).integers(0, 26, 200) / 5

    def measure(model, noise):
        values = gold + noise * np.random.default_rng(1).standard_normal(len(gold))
        found = sts.PairSimilarities(values, values**3, np.sqrt(np.abs(values)), -values)
        return StsResult(
            model=model,
            task="korsts",
            split="test",
            rows=len(gold),
            view="raw",
            aggregation="global",
            correlations=sts.correlate(found, gold),
            intervals={},
            spread={},
            aggregation_batch=None,
            level=0.95,
            seed=0,
            sentences=400,
            seconds=1.5,
            fingerprint="행",
            similarities=found,
            gold=gold,
        )

    return measure(NAMES[0], 1.0), measure(NAMES[1], 3.0)


def test_correlations(measured):
    theirs = published_rows("korsts", "test")
    shown = on_terminal(lambda console: print_table(measured, console=console, published=theirs))
    check_whole(shown, markdown_table(measured, published=theirs))
    assert "munjang-small-ko" in shown


def test_a_comparison_of_correlations(measured):
    found = compare(*measured, resamples=50)
    shown = on_terminal(lambda console: print_comparison(found, console=console))
    check_whole(shown, comparison_markdown(found))


def test_a_suite(suite_of):
    result = suite_of(NAMES[0], ["question-pair", "klue-sts", "ynat-few-labels"], rows=9101)
    shown = on_terminal(lambda console: print_suite(result, console=console))
    check_whole(shown, suite_markdown(result))
    assert "question-pair" in shown


@pytest.mark.parametrize("models", [2, 4])
def test_a_comparison_of_suites(suite_of, models):
    names = [*NAMES, "셋째 모델", "넷째 모델"][:models]
    found = compare_suites(
        [suite_of(name, ["question-pair", "ynat-few-labels"], skill=0.9 - n / 5)
         for n, name in enumerate(names)]
    )  # fmt: skip
    shown = on_terminal(lambda console: print_suite_comparison(found, console=console))
    tables = suite_comparison_markdown(found)
    check_whole(shown, tables.replace(NAMES[0], "A").replace(NAMES[1], "B")
                .replace("셋째 모델", "C").replace("넷째 모델", "D"))  # fmt: skip
    for whole in ("question-pair", "within noise", "A better"):
        assert whole in table_of(shown)


@pytest.mark.parametrize("models", [1, 2])
def test_robustness(robust_of, models):
    doses = (0.0, 0.25, 0.5, 0.75, 1.0)
    scores = (0.9048, 0.6231, 0.4117, 0.2093, -0.1667)
    results = []
    for name in NAMES[:models]:
        whole = robust_of(name, edits=tuple(EDITS))
        same = {"doses": doses, "spearman": scores, "cosine": (1.0, 0.9, 0.8, 0.7, 0.6)}
        curves = [replace(c, **same, retrieval=doses[::-1], changed=doses) for c in whole.curves]
        results.append(replace(whole, curves=tuple(curves)))
    shown = on_terminal(lambda console: print_robust(results, console=console))
    check_whole(shown, robust_markdown(results), hidden=("0.25", "0.75") if models > 1 else ())
    assert "90.48" in shown
    assert "-16.67" in shown
    assert shown.count("Edit") == 1  # one table, not several


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_leaderboard(suite_of, robust_of, language):
    facts = {"size_mb": 1435.2, "params_m": 110.6, "licence": "CC-BY-SA-4.0"}
    tasks = ["korsts", "klue-sts", "stylekqc"]
    suites = {}
    for name in NAMES:
        suite = suite_of(name, tasks, facts=facts)
        results = [replace(r, kind="sts" if "sts" in r.task else "pairs") for r in suite.results]
        suites[name] = replace(suite, results=tuple(results))
    robust = {name: robust_of(name) for name in NAMES}
    board = make_board(Records(suites, robust), published=3)
    shown = on_terminal(lambda console: print_board(board, console=console, language=language))
    check_whole(shown, board_markdown(board, language=language))


def test_what_cannot_stand_side_by_side_goes_below():
    head = ("Task", *(f"model-{number}" for number in range(8)))
    rows = [("날씨", *(f"{number}1.23 =1" for number in range(8)))]
    shown = on_terminal(lambda console: print_cells(console, head, rows, notes=["끝."]), width=40)
    assert all(title in shown for title in head)
    assert all(cell in shown for cell in rows[0])
    assert shown.count("날씨") == shown.count("Task") == 3
    assert shown.count("끝.") == 1
    wide = on_terminal(lambda console: print_cells(console, head, rows), width=100)
    assert wide.count("날씨") == 1


def test_a_number_is_whole_on_any_terminal():
    rows = [("한국어 문장 임베딩 모델", "1234567.89")]
    for width in (5, 10, 20, 40):
        shown = on_terminal(
            lambda console: print_cells(console, ("모델", "점수"), rows), width=width
        )
        assert "1234567.89" in shown
        assert "".join(shown.split()).count("한국어") == 1


def test_text_is_taken_as_it_is_and_styled():
    shown = on_terminal(
        lambda console: print_cells(console, ("[b]A[/b]", "B"), [("[red]가[/red]", Text("1"))])
    )
    assert "[b]A[/b]" in shown
    assert "[red]가[/red]" in shown


def test_whether_a_table_fits():
    head, rows = ("Edit", "Kept %"), [("neighbouring keys hit", "93.8")]
    # 12 for the longest word, a blank, 4 for the number.
    assert fits(head, rows, width=17)
    assert not fits(head, rows, width=16)
    # 21 for the text on one line.
    assert fits(head, rows, width=26, wrap=False)
    assert not fits(head, rows, width=25, wrap=False)
