"""Tables: the published columns, aligned for Korean names, with what was measured below."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from munjang.errors import InputError
from munjang.evaluate import sts
from munjang.evaluate.published import PUBLISHED, published_rows
from munjang.evaluate.report import (
    COLUMNS,
    aligned_markdown,
    comparison_json,
    comparison_markdown,
    ends,
    markdown_table,
    points,
    print_comparison,
    print_table,
)
from munjang.evaluate.tasks import STS_TASKS, StsResult, compare

GOLD = np.random.default_rng(0).integers(0, 26, 200) / 5


def make_result(model, *, noise=1.0, **changes):
    rng = np.random.default_rng(1)
    values = GOLD + noise * rng.standard_normal(len(GOLD))
    found = sts.PairSimilarities(values, values**3, np.sqrt(np.abs(values)), values - GOLD / 2)
    whole = StsResult(
        model=model,
        task="korsts",
        split="test",
        rows=len(GOLD),
        view="raw",
        aggregation="global",
        correlations=sts.correlate(found, GOLD),
        intervals=sts.bootstrap_similarities(found, GOLD, resamples=100),
        spread={},
        aggregation_batch=None,
        level=0.95,
        seed=0,
        sentences=400,
        seconds=1.5,
        fingerprint="같은 행",
        similarities=found,
        gold=GOLD,
    )
    return replace(whole, **changes)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def table_lines(text):
    return [line for line in text.splitlines() if line.startswith("|")]


def test_markdown_has_the_published_columns():
    result = make_result("문장 모델")
    text = markdown_table([result])
    head, rule, row = table_lines(text)
    assert tuple(cells(head)) == COLUMNS
    assert all(cell.strip("-") in ("", ":") for cell in cells(rule))
    values = [result.correlations.avg, *result.correlations]
    assert cells(row) == ["문장 모델", *(f"{100 * value:.2f}" for value in values)]
    bounds = result.intervals["cosine_spearman"]
    assert text.endswith(
        "\nKorSTS test, 200 rows, view raw, aggregation global; correlations x100. "
        f"문장 모델: 95% interval of CS {100 * bounds.low:.2f} to {100 * bounds.high:.2f}.\n"
    )


def test_narrow_columns_have_a_rule_that_markdown_takes():
    text = aligned_markdown(("가", "A", "10", "점수"), [("나", "1", "2", "3")], left=(0,))
    assert text == (
        "| 가  |   A |  10 | 점수 |\n| --- | --: | --: | ---: |\n| 나  |   1 |   2 |    3 |\n"
    )


def test_korean_names_keep_the_columns_aligned():
    results = [make_result("한국어 문장 임베딩"), make_result("e5-small-ko", noise=2.0)]
    lines = table_lines(markdown_table(results, published=published_rows("korsts", "test")))
    assert len({cell_len(line) for line in lines}) == 1
    ends = {tuple(i for i in range(200) if i in edges(line)) for line in lines}
    assert len(ends) == 1


def edges(line):
    """Where the column bars stand, in terminal cells."""
    return {cell_len(line[:i]) for i, character in enumerate(line) if character == "|"}


def test_one_note_for_each_set_of_rows():
    both = markdown_table([make_result("가"), make_result("나")])
    assert both.count("KorSTS test, 200 rows") == 1
    assert both.count("95% interval of CS") == 2
    other = make_result(
        "다",
        view="quoted",
        aggregation="batch-mean",
        aggregation_batch=256,
        intervals={},
        spread=dict.fromkeys((*sts.METRICS, "avg"), 0.0031),
    )
    text = markdown_table([make_result("가"), other])
    assert (
        "view quoted, aggregation batch-mean of 256; correlations x100. 다: CS deviates 0.31"
        in text
    )
    mine = markdown_table([make_result("가", task="우리 말뭉치", split="all", intervals={})])
    assert "우리 말뭉치 all, 200 rows, view raw, aggregation global; correlations x100.\n" in mine


def test_names_cannot_break_the_table():
    _, _, row = table_lines(markdown_table([make_result("가|나\n다")]))
    assert row.startswith("| 가\\|나 다 |")


def test_published_rows_stand_beside_with_their_caveat():
    theirs = [row for row in published_rows("korsts", "test") if row.model.startswith("KoSent")]
    text = markdown_table([make_result("가")], published=theirs)
    row = next(line for line in table_lines(text) if "KoSentenceBART (published)" in line)
    assert cells(row)[1:4] == ["77.14", "79.71", "78.74"]
    assert "Published, KorSTS test by BM-K/Sentence-Embedding-Is-All-You-Need, view quoted" in text
    assert "aggregation batch-mean of 64, mean is 77.21: KoSentenceBART." in text
    paper = [row for row in PUBLISHED if row.model == "Korean SRoBERTa-base"]
    line = table_lines(markdown_table([make_result("가")], published=paper))[-1]
    assert cells(line)[1:4] == ["–", "–", "48.96"]


def test_published_data_is_sound():
    assert len(PUBLISHED) == len(
        {(row.model, row.task, row.split, row.source) for row in PUBLISHED}
    )
    for row in PUBLISHED:
        assert row.split in STS_TASKS[row.task].splits
        assert len(row.scores) == 8
        assert row.source
        assert all(score is None or 25 < score < 90 for score in row.scores)
        if row.published_avg is not None and "mean is" not in row.caveat:
            assert np.mean(row.scores) == pytest.approx(row.published_avg, abs=0.012)
    with pytest.raises(InputError, match="unknown task"):
        published_rows("korst", "test")
    assert published_rows("korsts", "train") == ()


def test_terminal_table():
    console = Console(file=io.StringIO(), width=120)
    print_table(
        [make_result("[red]문장[/red]")],
        console=console,
        published=published_rows("klue-sts", "dev")[:1],
    )
    text = console.file.getvalue()
    assert all(name in text for name in COLUMNS)
    assert "[red]문장[/red]" in text
    assert "SimCSE-BERT-KO (published)" in text
    assert "KorSTS test, 200 rows" in text
    rows = [line for line in text.splitlines() if "문장" in line or "KO (pub" in line][:2]
    assert len({cell_len(line.rstrip()) for line in rows}) == 1


def test_a_table_needs_a_result():
    with pytest.raises(InputError, match="at least one result"):
        markdown_table([])


def test_comparison_tables():
    found = compare(make_result("가 모델"), make_result("나 모델", noise=3.0), resamples=200)
    text = comparison_markdown(found)
    lines = table_lines(text)
    assert cells(lines[0]) == ["Metric", "A", "B", "A - B", "interval", "p", "verdict"]
    assert [cells(line)[0] for line in lines[2:4]] == ["avg", "cosine pearson"]
    assert len(lines) == 2 + 9
    assert len({cell_len(line) for line in lines}) == 1
    assert cells(lines[3])[-1] == "A better"
    assert "A = 가 모델, B = 나 모델; KorSTS test, 200 rows, view raw; 95% intervals" in text
    assert "Cosine Spearman: A (가 모델) is better by " in text
    console = Console(file=io.StringIO(), width=120)
    print_comparison(found, console=console)
    assert "A better" in console.file.getvalue()
    record = json.loads(comparison_json(found))
    assert record["model_b"] == "나 모델"
    assert record["differences"]["avg"]["within_noise"] is False
    same = comparison_markdown(compare(make_result("가"), make_result("가"), resamples=50))
    assert same.count("within noise") == 10


def test_zero_has_no_sign():
    assert points(-0.00004, signed=True) == points(0.0, signed=True) == points(-0.00004) == "0.00"
    assert points(0.00006, signed=True) == "+0.01"
    assert points(0.81884) == "81.88"
    assert ends(-0.00004, 0.00004) == "[0.00, 0.00]"
    same = comparison_markdown(compare(make_result("가"), make_result("가"), resamples=50))
    assert "[0.00, 0.00]" in same
    assert not any("+0.00" in line for line in table_lines(same))
