"""mteb's benchmarks, such as MTEB(kor), run on any encoder by mteb itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from munjang.errors import InputError, MissingExtraError, NetworkError, unknown_name
from munjang.evaluate.mteb_model import MtebModel
from munjang.evaluate.report import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from munjang.encode.encoder import Encoder

DEFAULT_BENCHMARK = "MTEB(kor, v1)"
"""Six tasks; "MTEB(kor, v2)" has twenty, some of them with over a million documents."""


@dataclass(frozen=True, slots=True)
class MtebScore:
    """The main score of one subset of one split of a task.

    Attributes:
        task: The task's name in mteb.
        type: Its type, such as "STS" or "Retrieval".
        split: The split that was measured.
        subset: Its subset, such as a language; "default" where there is one only.
        metric: The metric that is the task's main score.
        score: The main score, 0 to 1 (a correlation -1 to 1), to six decimals, as mteb's
            records have it.
    """

    task: str
    type: str
    split: str
    subset: str
    metric: str
    score: float


@dataclass(frozen=True, slots=True)
class MtebResult:
    """What mteb measured.

    Attributes:
        model: The encoder's name.
        benchmark: The benchmark, or "" where a task was the caller's own.
        benchmark_tasks: How many tasks the benchmark has, measured or not; 0 without one.
        revision: Under which mteb's folder keeps the records: a digest of what the
            model is and makes of a few texts, so that another model never inherits them.
        scores: The main scores, in the order of the tasks.
        mteb: The version of mteb that measured.
    """

    model: str
    benchmark: str
    benchmark_tasks: int
    revision: str
    scores: tuple[MtebScore, ...]
    mteb: str

    @property
    def by_task(self) -> dict[str, float]:
        """The main score of each task: the mean of its splits and subsets."""
        return _means((score.task, score.score) for score in self.scores)

    @property
    def by_type(self) -> dict[str, float]:
        """The mean of the tasks of each type."""
        types = {score.task: score.type for score in self.scores}
        return _means((types[task], score) for task, score in self.by_task.items())

    @property
    def mean(self) -> float:
        """The mean of the tasks that were measured."""
        return fmean(self.by_task.values())

    @property
    def whole(self) -> bool:
        """Whether all tasks of the benchmark were measured."""
        return bool(self.benchmark) and len(self.by_task) == self.benchmark_tasks


def list_tasks(benchmark: str = DEFAULT_BENCHMARK) -> dict[str, str]:
    """The tasks of a benchmark in the installed mteb: name to type, in mteb's order.

    Raises:
        MissingExtraError: mteb is not installed.
        InputError: mteb has no such benchmark.
    """
    return {task.metadata.name: task.metadata.type for task in _find_benchmark(benchmark)}


def run_mteb(
    encoder: Encoder,
    *,
    out: Path,
    benchmark: str = DEFAULT_BENCHMARK,
    tasks: Sequence[object] | None = None,
    prompts: Mapping[str, str] | None = None,
    batch_size: int = 32,
    overwrite: bool = False,
    progress: bool = False,
) -> MtebResult:
    """Hands an encoder to mteb and reads what it measures.

    Vectors go to mteb as the model gives them, with cosine as their similarity. mteb
    fetches a task's data from the Hugging Face hub once and then has it in its cache;
    with HF_HUB_OFFLINE=1 set it stays off the network. Nothing else leaves the machine.

    Args:
        encoder: The model, with the prompt that belongs before both sides of a
            similarity, if it has one: tasks that are no search get that.
        out: A folder for mteb's own records. What is there of this very model and
            these prompts is not measured again.
        benchmark: The name of a benchmark of mteb.
        tasks: Only these: names of tasks of the benchmark, or mteb's task objects.
        prompts: Texts that belong before "query" and "passage" (or "document") in
            retrieval and reranking, such as `ZooModel.prompts`, in place of the
            encoder's own prompt. With "query" alone, documents get none.
        batch_size: How many sentences go through the model at once.
        overwrite: Measure again what `out` has.
        progress: Show progress bars on stderr.

    Returns:
        The main scores; mteb's full records lie in `out`.

    Raises:
        MissingExtraError: mteb is not installed.
        InputError: The benchmark or a task is unknown, or there is no task.
        ModelError: The model's vectors cannot be used.
        NetworkError: A task's data is not in the cache and cannot be fetched.
    """
    mteb = _import_mteb()
    chosen = _choose_tasks(benchmark, tasks)
    model = MtebModel(encoder, prompts or {}, batch_size)
    cache = mteb.ResultCache(out)
    scores: list[MtebScore] = []
    for task in chosen:
        try:
            result = mteb.evaluate(
                model,
                task,
                co2_tracker=False,  # where its package is installed it asks the net where we are
                encode_kwargs={"batch_size": batch_size, "show_progress_bar": progress},
                cache=cache,
                overwrite_strategy="always" if overwrite else "only-missing",
                show_progress_bar=progress,
            )
        except OSError as error:
            if task.data_loaded:
                raise
            raise _no_data(task.metadata.name, error) from error
        scores += _read_scores(task, result.task_results)
    own = tasks is not None and not all(isinstance(task, str) for task in tasks)
    return MtebResult(
        model=encoder.name,
        benchmark="" if own else benchmark,
        benchmark_tasks=0 if own else len(_find_benchmark(benchmark)),
        revision=model.mteb_model_meta.revision,
        scores=tuple(scores),
        mteb=mteb.__version__,
    )


def mteb_table(result: MtebResult) -> Table:
    """A table of what mteb measured: a row a task, split and subset, then the means."""
    rows = [
        (each.task, each.type, each.split, each.subset, each.metric, f"{100 * each.score:.2f}")
        for each in result.scores
    ]
    rows += [
        ("mean", kind, "", "", "", f"{100 * mean:.2f}") for kind, mean in result.by_type.items()
    ]
    mean = "mean of all tasks" if result.whole else "mean of these tasks"
    rows.append((mean, "", "", "", "", f"{100 * result.mean:.2f}"))
    return Table(
        head=("Task", "Type", "Split", "Subset", "Metric", "Score"),
        rows=rows,
        left=(0, 1, 2, 3, 4),
        notes=(
            f"{result.model}, {_name_tasks(result)}, measured by mteb {result.mteb}; "
            "main scores x100.",
        ),
    )


def _name_tasks(result: MtebResult) -> str:
    if not result.benchmark:
        return "own tasks"
    part = "all" if result.whole else f"{len(result.by_task)} of"
    return f"{part} {result.benchmark_tasks} tasks of {result.benchmark}"


def _import_mteb() -> Any:  # noqa: ANN401 - a module
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import mteb
    except ImportError as error:
        raise MissingExtraError("mteb's benchmarks", "mteb") from error
    return mteb


def _find_benchmark(name: str) -> list[Any]:
    mteb = _import_mteb()
    try:
        return list(mteb.get_benchmark(name).tasks)
    except KeyError:
        known = [benchmark.name for benchmark in mteb.get_benchmarks()]
        raise unknown_name("benchmark of mteb", name, known) from None


def _choose_tasks(benchmark: str, tasks: Sequence[object] | None) -> list[Any]:
    if tasks is not None and not tasks:
        raise InputError("there is no task to run", fix="name one, or leave tasks out")
    if isinstance(tasks, str):
        raise InputError("tasks must be a list", found=tasks, fix=f"tasks=[{tasks!r}]")
    if tasks is not None and not any(isinstance(task, str) for task in tasks):
        return list(tasks)
    known = {task.metadata.name: task for task in _find_benchmark(benchmark)}
    for task in tasks or ():
        if isinstance(task, str) and task not in known:
            raise unknown_name(f"task of {benchmark}", task, known)
    return [known[t] if isinstance(t, str) else t for t in (known if tasks is None else tasks)]


def _read_scores(task: Any, results: Iterable[Any]) -> list[MtebScore]:  # noqa: ANN401
    about = task.metadata
    return [
        MtebScore(
            task=about.name,
            type=about.type,
            split=split,
            subset=entry["hf_subset"],
            metric=about.main_score,
            score=round(float(entry["main_score"]), 6),
        )
        for result in results
        for split, entries in result.scores.items()
        for entry in entries
    ]


def _no_data(task: str, error: Exception) -> NetworkError:
    found = (str(error).strip() or type(error).__name__).splitlines()[0]
    return NetworkError(
        f"the data of mteb's task {task} is not in the cache and cannot be fetched",
        found=found,
        fix="connect once to fetch it, without HF_HUB_OFFLINE; later it comes from the cache",
    )


def _means(scores: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for name, score in scores:
        found.setdefault(name, []).append(score)
    return {name: fmean(values) for name, values in found.items()}
