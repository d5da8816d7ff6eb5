"""The verb that measures one model: evaluate."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from munjang import console, inputs
from munjang.cli.asked import Asked, Suite
from munjang.cli.options import (
    AsJson,
    DataDir,
    Encoding,
    Engine,
    Markdown,
    Pairs,
    Pickle,
    Pooling,
    Prompt,
    Split,
    View,
)
from munjang.cli.outcome import Form, Outcome, slug
from munjang.errors import InputError

if TYPE_CHECKING:
    from munjang.cli.asked import Work
    from munjang.data.retrieval import RetrievalSet
    from munjang.encode.encoder import Encoder
    from munjang.encode.facts import ModelFacts
    from munjang.evaluate.record import SuiteResult
    from munjang.evaluate.tasks import Aggregation

app = typer.Typer()


@app.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(help="'default', 'tiny', a folder, a hub id, or http://HOST/v1#NAME.")
    ] = "default",
    suite: Annotated[
        Suite | None,
        typer.Option(help="All tasks; how scores fall when texts are edited; or MTEB(kor)."),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="A task of the suite, again for more; else korsts and klue-sts."),
    ] = None,
    split: Split = None,
    pairs: Pairs = None,
    retrieval: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Your own queries, corpus and qrels: a folder as BEIR has it."
        ),
    ] = None,
    view: View = "raw",
    aggregation: Annotated[
        Literal["global", "batch-mean"],
        typer.Option(help="Over all pairs, or the mean of batches as in the KoSimCSE tables."),
    ] = "global",
    aggregation_batch: Annotated[int, typer.Option(min=2, help="Pairs in such a batch.")] = 256,
    published: Annotated[
        bool, typer.Option("--published", help="Add the task's published rows to the table.")
    ] = False,
    markdown: Markdown = False,
    edit: Annotated[
        list[str] | None,
        typer.Option(help="An edit of --suite robust, such as key-slips, again for more."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Draw the curves of --suite robust, .svg or .png."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for the full records.")
    ] = None,
    engine: Engine = None,
    pooling: Pooling = None,
    prompt: Prompt = None,
    allow_pickle: Pickle = False,
    encoding: Encoding = "utf-8",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model: STS, a whole suite, its robustness, or on your own data.

    By default eight correlations x100 on KorSTS and KLUE-STS, their mean
    (AVG), 95% intervals; C is cosine, E Euclidean, M Manhattan, D dot; P
    Pearson, S Spearman. --suite korean adds pairs, retrieval, bitext, clusters
    and few labels; what is not at hand is named. In a pipe, JSON lines.

    Example: munjang evaluate --suite korean --out records
    """
    form = Form(markdown=markdown, as_json=as_json, out=out)
    asked = Asked(suite, task, split, pairs, retrieval, encoding, data_dir)
    tables = {"--view": view != "raw", "--aggregation": aggregation != "global"}
    asked.check(for_tables=tables | {"--published": published}, form=form)
    _check_robust(suite, edit, picture)
    given, work = asked.read_retrieval(), asked.read_pairs()
    encoder = inputs.open_encoder(
        model, engine=engine, pooling=pooling, prompt=prompt, allow_pickle=allow_pickle
    )
    if given is not None:
        facts = inputs.read_facts(model, allow_pickle=allow_pickle)
        form.emit(_search(encoder, facts, given, split))
    elif suite == "mteb":
        form.emit(_run_mteb(encoder, model, task, out))
    elif suite == "robust":
        form.emit(_run_robust(encoder, work, edit, picture))
    elif asked.is_whole:
        facts = inputs.read_facts(model, allow_pickle=allow_pickle)
        form.emit(_run_suite(encoder, facts, task, data_dir))
    else:
        for each in work:
            form.emit(_correlate(encoder, each, view, aggregation, aggregation_batch, published))


def _check_robust(suite: Suite | None, edits: list[str] | None, picture: Path | None) -> None:
    """Fails where options of --suite robust are given without it, or cannot be met."""
    given = [name for name, value in (("--edit", edits), ("--picture", picture)) if value]
    if given and suite != "robust":
        raise InputError(f"{given[0]} is for --suite robust", found=f"--suite {suite or 'none'}")
    if picture is not None:
        from munjang.evaluate.picture_files import check_picture

        check_picture(picture)


def _correlate(
    encoder: Encoder,
    work: Work,
    view: View,
    aggregation: Aggregation,
    aggregation_batch: int,
    published: bool,
) -> Outcome:
    from munjang.evaluate import report
    from munjang.evaluate.published import published_rows
    from munjang.evaluate.tasks import evaluate_sts

    name, which, rows = work
    result = evaluate_sts(
        encoder,
        rows,
        task=name,
        split=which,
        view=view,
        aggregation=aggregation,
        aggregation_batch=aggregation_batch,
        progress=True,
    )
    theirs = published_rows(name, which) if published else ()
    return Outcome(
        name=f"{slug(result.model)}-{slug(name)}-{slug(which)}",
        record=result.to_json(),
        line=result.to_json(similarities=False),
        markdown=lambda: report.markdown_table([result], published=theirs),
        show=lambda terminal: report.print_table([result], console=terminal, published=theirs),
    )


def _run_suite(
    encoder: Encoder, facts: ModelFacts, tasks: list[str] | None, data_dir: Path | None
) -> Outcome:
    from munjang.evaluate.suite import run_suite

    result = run_suite(
        encoder,
        tasks=tasks,
        data_dir=data_dir,
        progress=True,
        trained_on=facts.trained_on,
        facts=facts.to_record(),
    )
    return _of_suite(result, "-".join(tasks or ["korean"]))


def _search(encoder: Encoder, facts: ModelFacts, given: RetrievalSet, split: str | None) -> Outcome:
    from munjang.evaluate.suite import run_retrieval

    result = run_retrieval(
        encoder,
        given,
        split=split or "test",
        progress=True,
        trained_on=facts.trained_on,
        facts=facts.to_record(),
    )
    return _of_suite(result, given.name)


def _of_suite(result: SuiteResult, name: str) -> Outcome:
    from munjang.evaluate import suite_report

    return Outcome(
        name=f"{slug(result.model)}-{slug(name)}",
        record=result.to_json(),
        line=result.to_json(evidence=False),
        markdown=lambda: suite_report.suite_markdown(result),
        show=lambda terminal: suite_report.print_suite(result, console=terminal),
    )


def _run_robust(
    encoder: Encoder, work: list[Work], edits: list[str] | None, picture: Path | None
) -> Outcome:
    from munjang.evaluate import robust_report
    from munjang.evaluate.robustness import run_robust

    if len(work) > 1:
        names = ", ".join(name for name, _, _ in work)
        raise InputError("robustness is measured on one task", found=names, fix="one --task")
    ((name, which, rows),) = work
    result = run_robust(encoder, rows, task=name, split=which, edits=edits, progress=True)
    if picture is not None:
        from munjang.evaluate.picture_files import write_picture
        from munjang.evaluate.pictures import draw_robustness

        write_picture(draw_robustness([result]), picture)
        console.note(f"wrote {picture}")
    parts = [result.model, "robust", name, which, *(edits or ())]
    return Outcome(
        name="-".join(map(slug, parts)),
        record=result.to_json(),
        line=result.to_json(),
        markdown=lambda: robust_report.robust_markdown([result]),
        show=lambda terminal: robust_report.print_robust([result], console=terminal),
    )


def _run_mteb(encoder: Encoder, model: str, tasks: list[str] | None, out: Path | None) -> Outcome:
    from munjang.data.catalog import cache_dir
    from munjang.evaluate import benchmarks

    result = benchmarks.run_mteb(
        encoder,
        out=(out or cache_dir().parent) / "mteb",
        tasks=tasks,
        prompts=inputs.read_prompts(model),
        progress=True,
    )
    line = json.dumps(asdict(result), ensure_ascii=False) + "\n"
    return Outcome(
        name=f"{slug(result.model)}-mteb",
        record=line,
        line=line,
        markdown=benchmarks.mteb_table(result).to_markdown,
        show=benchmarks.mteb_table(result).print,
    )
