"""The verb that compares models: compare."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munjang import console, inputs
from munjang.cli.options import AsJson, DataDir, Encoding, Markdown, Pairs, Pickle, Split, View
from munjang.cli.outcome import Form
from munjang.errors import InputError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.data.rows import ScoredPair
    from munjang.encode.encoder import Encoder
    from munjang.encode.facts import ModelFacts
    from munjang.evaluate.comparison import SuiteComparison
    from munjang.evaluate.record import SuiteResult
    from munjang.evaluate.robust_record import RobustResult

app = typer.Typer()

SUITES = ("korean", "robust")
"""What a model can be measured on."""


@app.command()
def compare(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL MODEL",
            help="'default', 'tiny', a folder, a hub id, http://HOST/v1#NAME, or a record (.json).",
        ),
    ],
    task: Annotated[
        list[str] | None,
        typer.Option(help="Such as korsts or klue-nli, again for more; else all of the suite."),
    ] = None,
    suite: Annotated[
        list[str] | None,
        typer.Option(help="korean or robust; twice for both, else what the records hold."),
    ] = None,
    split: Split = None,
    pairs: Pairs = None,
    view: View = "raw",
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write a page of it all there.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Draw the differences there, .svg or .png."),
    ] = None,
    markdown: Markdown = False,
    allow_pickle: Pickle = False,
    encoding: Encoding = "utf-8",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell which of two or more models is better, where that is beyond noise.

    On every task of the suite: scores, ranks, and all differences by a paired
    bootstrap, corrected for how many they are (Holm). Two models on --pairs,
    or on korsts or klue-sts alone: the eight correlations. --suite robust:
    how each falls when texts are edited. In a pipe, JSON lines.

    Example: munjang compare default my-model/ other.json --html page.html
    """
    Form(markdown=markdown, as_json=as_json).check()
    if len(models) < 2:
        raise InputError("a comparison needs two models or more", found=", ".join(models))
    if _asks_for_correlations(models, task, suite=suite, pairs=pairs, written=html or picture):
        work = inputs.read_pairs(task, split, pairs=pairs, encoding=encoding, data_dir=data_dir)
        encoders = [inputs.open_encoder(model, allow_pickle=allow_pickle) for model in models]
        _compare_correlations(work, encoders, view=view, markdown=markdown, as_json=as_json)
        return
    for name in suite or ():
        if name not in SUITES:
            raise unknown_name("suite", name, SUITES)
    _check_whole_suite(split=split, pairs=pairs, view=view)
    _check_pictures(html, picture)
    suites, robust = _gather(models, suite, task, data_dir=data_dir, allow_pickle=allow_pickle)
    comparison = _compare_suites(suites)
    _write(comparison, robust, html=html, picture=picture)
    _show(comparison, robust, markdown=markdown, as_json=as_json)


def _asks_for_correlations(
    models: Sequence[str],
    tasks: Sequence[str] | None,
    *,
    suite: Sequence[str] | None,
    pairs: Path | None,
    written: Path | None,
) -> bool:
    """Whether two models are compared on scored pairs alone, in a table."""
    from munjang.evaluate.tasks import STS_TASKS

    if len(models) > 2 or suite or written or any(map(_is_record, models)):
        return False
    return pairs is not None or (bool(tasks) and set(tasks or ()) <= set(STS_TASKS))


def _check_whole_suite(*, split: str | None, pairs: Path | None, view: str) -> None:
    if pairs is not None:
        raise InputError(
            "--pairs compares two models by eight correlations",
            fix="two models, no records, no --suite, --html or --picture",
        )
    if split is not None:
        raise InputError("a suite has its own splits", fix="no --split, or --task NAME:SPLIT")
    if view != "raw":
        raise InputError("a suite is measured on the text as it is", fix="no --view")


def _check_pictures(html: Path | None, picture: Path | None) -> None:
    """Fails before the work where a picture could not be drawn after it."""
    if html is not None or picture is not None:
        from munjang.evaluate.page import check_page
        from munjang.evaluate.picture_files import check_picture

        check_picture(picture)
        if html is not None:
            check_page(html)


def _is_record(model: str) -> bool:
    return model.endswith(".json")


def _compare_correlations(
    work: list[tuple[str, str, list[ScoredPair]]],
    encoders: Sequence[Encoder],
    *,
    view: View,
    markdown: bool,
    as_json: bool,
) -> None:
    from munjang.evaluate import report
    from munjang.evaluate.tasks import compare as compare_results
    from munjang.evaluate.tasks import evaluate_sts

    for name, which, rows in work:
        a, b = (
            evaluate_sts(
                encoder, rows, task=name, split=which, view=view, intervals=False, progress=True
            )
            for encoder in encoders
        )
        comparison = compare_results(a, b)
        if markdown:
            console.emit(report.comparison_markdown(comparison))
        elif console.wants_json(asked=as_json):
            console.emit(report.comparison_json(comparison))
        else:
            report.print_comparison(comparison, console=console.terminal())


def _gather(
    models: Sequence[str],
    measured: Sequence[str] | None,
    tasks: list[str] | None,
    *,
    data_dir: Path | None,
    allow_pickle: bool,
) -> tuple[list[SuiteResult], list[RobustResult]]:
    """Records as they are read, and models measured; the models are loaded before any runs.

    What models are measured on is what the records hold, where that is not said.
    """
    from munjang.evaluate.gather import keep_tasks, name_apart, read_record
    from munjang.evaluate.record import SuiteResult
    from munjang.evaluate.robust_record import RobustResult

    given = [
        (model, read_record(model))
        if _is_record(model)
        else (model, inputs.open_encoder(model, allow_pickle=allow_pickle))
        for model in models
    ]
    measured = _agree(given, measured)
    suites: list[SuiteResult] = []
    robust: list[RobustResult] = []
    for name, each in given:
        if isinstance(each, SuiteResult):
            suites.append(keep_tasks(each, tasks))
        elif isinstance(each, RobustResult):
            robust.append(each)
        else:
            facts = inputs.read_facts(name, allow_pickle=allow_pickle)
            found = _measure(each, facts, measured, tasks, data_dir=data_dir)
            suites += found[0]
            robust += found[1]
    return suites, name_apart(robust)


def _agree(given: Sequence[tuple[str, object]], measured: Sequence[str] | None) -> Sequence[str]:
    """What everything is compared on: what was asked for, else what the records hold."""
    from munjang.evaluate.record import SuiteResult
    from munjang.evaluate.robust_record import RobustResult

    kinds = {"korean": SuiteResult, "robust": RobustResult}
    records = [(name, each) for name, each in given if isinstance(each, (*kinds.values(),))]
    held = [
        suite for suite, kind in kinds.items() if any(isinstance(each, kind) for _, each in records)
    ]
    wanted = measured or held or SUITES[:1]
    for name, each in records:
        if not isinstance(each, tuple(kinds[suite] for suite in wanted)):
            raise InputError(
                f"{name} is no record of --suite {' or '.join(wanted)}", fix="leave it out"
            )
    suites = [name for name, each in records if isinstance(each, SuiteResult)]
    if "korean" in wanted and len(given) - len(records) + len(suites) < 2:
        raise InputError(
            "one model alone has been measured on --suite korean",
            found=", ".join(suites),
            fix="two records of the same kind, or a model beside the record",
        )
    return wanted


def _measure(
    encoder: Encoder,
    facts: ModelFacts,
    measured: Sequence[str],
    tasks: list[str] | None,
    *,
    data_dir: Path | None,
) -> tuple[list[SuiteResult], list[RobustResult]]:
    from munjang.evaluate.vectors import VectorStore

    store = VectorStore(encoder)
    suites, robust = [], []
    if "korean" in measured:
        from munjang.evaluate.suite import run_suite

        suites.append(
            run_suite(
                store,
                tasks=tasks,
                data_dir=data_dir,
                progress=True,
                trained_on=facts.trained_on,
                facts=facts.to_record(),
            )
        )
    if "robust" in measured:
        from munjang.evaluate.robustness import run_robust
        from munjang.evaluate.tasks import load_task

        rows = load_task("korsts", split="test", data_dir=data_dir)
        robust.append(run_robust(store, rows, task="korsts", split="test", progress=True))
    return suites, robust


def _compare_suites(suites: Sequence[SuiteResult]) -> SuiteComparison | None:
    from munjang.evaluate.comparison import compare_suites

    return compare_suites(suites, progress=True) if suites else None


def _write(
    comparison: SuiteComparison | None,
    robust: Sequence[RobustResult],
    *,
    html: Path | None,
    picture: Path | None,
) -> None:
    if html is not None:
        from munjang.evaluate.page import write_page

        write_page(comparison, robust, html, date=datetime.date.today().isoformat())
        console.note(f"wrote {html}")
    if picture is not None:
        from munjang.evaluate.picture_files import write_picture
        from munjang.evaluate.pictures import draw_differences, draw_robustness

        figure = draw_differences(comparison) if comparison else draw_robustness(robust)
        write_picture(figure, picture)
        console.note(f"wrote {picture}")


def _show(
    comparison: SuiteComparison | None,
    robust: Sequence[RobustResult],
    *,
    markdown: bool,
    as_json: bool,
) -> None:
    from munjang.evaluate import robust_report, suite_report

    if markdown:
        tables = [suite_report.suite_comparison_markdown(comparison)] if comparison else []
        tables += [robust_report.robust_markdown(robust)] if robust else []
        console.emit("\n".join(tables))
    elif console.wants_json(asked=as_json):
        if comparison:
            console.emit(suite_report.suite_comparison_json(comparison))
        for each in robust:
            console.emit(each.to_json())
    else:
        if comparison:
            suite_report.print_suite_comparison(comparison, console=console.terminal())
        if robust:
            robust_report.print_robust(robust, console=console.terminal())
