"""Two or more models over all tasks: differences beyond noise, and ranks of those only."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang.errors import InputError
from munjang.evaluate.many_tests import choose_resamples, holm, too_few_resamples
from munjang.evaluate.resample import count_units, paired_differences
from munjang.evaluate.same_rows import same_rows
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from munjang.evaluate.record import SuiteResult, TaskResult
    from munjang.evaluate.same_rows import LeftOut
    from munjang.evaluate.sts import Difference


FEW = 20
"""With fewer independent rows than this a note says that little can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDifference:
    """How far two models are from each other on a task.

    Attributes:
        model_a: The first model.
        model_b: The second.
        difference: A minus B with its interval, which is not corrected, and p.
        p_holm: Its p-value after Holm's correction over the whole table, in (0, 1].
        significant: Whether it is beyond noise: `p_holm` is at most 1 - level.
    """

    model_a: str
    model_b: str
    difference: Difference
    p_holm: float
    significant: bool

    @property
    def better(self) -> str | None:
        """The better model; None where they cannot be told apart."""
        if not self.significant:
            return None
        return self.model_a if self.difference.value > 0 else self.model_b


@dataclass(frozen=True, kw_only=True)
class TaskComparison:
    """The models that measured the same rows of a task in the same way.

    Attributes:
        task: The task's name.
        split: Its split.
        results: Each model's result, by its name, in the order of the models.
        differences: All pairs of them.
    """

    task: str
    split: str
    results: Mapping[str, TaskResult]
    differences: tuple[PairDifference, ...]

    def beaten_by(self, model: str) -> int:
        """How many models are better than this one beyond noise."""
        return sum(model in (d.model_a, d.model_b) and d.better != model for d in self._decided())

    def rank(self, model: str) -> int:
        """1 + the number of models that are better beyond noise; so ranks may be shared."""
        return 1 + self.beaten_by(model)

    def is_tied(self, model: str) -> bool:
        """Whether some other model cannot be told apart from this one."""
        return any(model in (d.model_a, d.model_b) and not d.better for d in self.differences)

    @property
    def best(self) -> str | None:
        """The model that is better than every other one beyond noise, if there is one."""
        alone = (m for m in self.results if self.rank(m) == 1 and not self.is_tied(m))
        return next(alone, None)

    def _decided(self) -> Iterator[PairDifference]:
        return (each for each in self.differences if each.better)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model over all compared tasks.

    Attributes:
        tasks: On how many tasks it was compared.
        mean_rank: The mean of its ranks; None without a task.
        wins: Comparisons with another model on a task that it won beyond noise.
        ties: Those within noise.
        losses: Those it lost beyond noise.
    """

    tasks: int
    mean_rank: float | None
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, kw_only=True)
class SuiteComparison:
    """Models over all tasks that at least two of them measured on the same rows.

    Attributes:
        models: The records that were compared, by the name that the tables give them.
        tasks: A comparison a task, in the order in which the records have them.
        left_out: Results that could not be compared, and why.
        level: 1 - the chance of one false difference or more in the whole table.
        resamples: How often the rows of each task were drawn.
        seed: Seed of the draws.
        notes: What a reader must know besides: renamed models, tasks of few rows, too few
            resamples.
    """

    models: Mapping[str, SuiteResult]
    tasks: tuple[TaskComparison, ...]
    left_out: tuple[LeftOut, ...]
    level: float
    resamples: int
    seed: int
    notes: tuple[str, ...]

    @property
    def comparisons(self) -> int:
        """How many pairs of models were compared, over all tasks."""
        return sum(len(task.differences) for task in self.tasks)

    def standing(self, model: str) -> Standing:
        """How a model does over all compared tasks.

        Args:
            model: A key of `models`.
        """
        ranks = [task.rank(model) for task in self.tasks if model in task.results]
        mine = [
            found.better
            for task in self.tasks
            for found in task.differences
            if model in (found.model_a, found.model_b)
        ]
        wins, ties = mine.count(model), mine.count(None)
        return Standing(
            tasks=len(ranks),
            mean_rank=sum(ranks) / len(ranks) if ranks else None,
            wins=wins,
            ties=ties,
            losses=len(mine) - wins - ties,
        )


def compare_suites(
    results: Sequence[SuiteResult], *, level: float = 0.95, seed: int = 0, progress: bool = False
) -> SuiteComparison:
    """Compares models on every task that at least two of them measured on the same rows.

    Each pair of models is compared by a paired bootstrap of the task's main metric. There
    are as many resamples as `munjang.evaluate.many_tests.choose_resamples` says, so that
    Holm's correction over all comparisons of the table can be met; a note says where
    there are too many comparisons for that.

    Args:
        results: Two records or more; those of equal names get a number.
        level: Share of the resamples inside an interval, and 1 - the chance of any false
            difference in the whole table.
        seed: Seed of the draws.
        progress: Show a progress bar on stderr.

    Returns:
        The comparison, with every result that could not be compared and why.

    Raises:
        InputError: There are fewer than two records, a record has a task twice, the
            level is not between 0 and 1, or no two models have a task in common.
    """
    if len(results) < 2:
        raise InputError("a comparison needs two models or more", found=f"{len(results)}")
    if not 0 < level < 1:
        raise InputError("the level lies between 0 and 1", found=f"level={level}")
    models = dict(zip(distinct_names([each.model for each in results]), results, strict=True))
    groups, left_out = same_rows(models)
    if not groups:
        why = dict.fromkeys(f"{each.task} {each.split}: {each.why}" for each in left_out)
        raise InputError(
            "the models have no task in common",
            found="; ".join(why) or "no results",
            fix="measure both with `munjang evaluate --suite korean --out FOLDER`",
        )
    pairs = sum(math.comb(len(group), 2) for group in groups)
    resamples = choose_resamples(pairs, level=level)
    tasks = _compare(groups, level=level, resamples=resamples, seed=seed, progress=progress)
    renamed = [
        f"{name} is another model or record that calls itself {result.model}"
        for name, result in models.items()
        if name != result.model
    ]
    return SuiteComparison(
        models=models,
        tasks=tasks,
        left_out=left_out,
        level=level,
        resamples=resamples,
        seed=seed,
        notes=(
            *renamed,
            *_too_few_rows(groups),
            *too_few_resamples(pairs, level=level, resamples=resamples),
        ),
    )


def distinct_names(names: Sequence[str]) -> list[str]:
    """Gives a number to every name that came before.

    Example:
        >>> distinct_names(["문장", "바탕", "문장"])
        ['문장', '바탕', '문장 #2']
    """
    found: list[str] = []
    for name in names:
        numbered = (f"{name} #{number}" for number in itertools.count(2))
        found.append(name if name not in found else next(n for n in numbered if n not in found))
    return found


def _too_few_rows(groups: Sequence[Mapping[str, TaskResult]]) -> Iterator[str]:
    for group in groups:
        first = next(iter(group.values()))
        units = count_units(first.evidence or {})
        if units < FEW:
            apart = f"in {units} independent groups" if units < first.rows else ""
            said = f"{first.task} {first.split} has only {first.rows:,} rows {apart}".rstrip()
            yield f"{said}: little can be told"


def _compare(
    groups: Sequence[Mapping[str, TaskResult]],
    *,
    level: float,
    resamples: int,
    seed: int,
    progress: bool,
) -> tuple[TaskComparison, ...]:
    """All pairs of each group, then the correction over all of them."""
    work: list[tuple[str, str]] = []
    found: list[Difference] = []
    with progress_bar("comparing", total=len(groups), unit="tasks", shown=progress) as advance:
        for group in groups:
            evidence = [result.evidence or {} for result in group.values()]
            kind = next(iter(group.values())).kind
            pairs = paired_differences(kind, evidence, resamples=resamples, seed=seed, level=level)
            work += itertools.combinations(group, 2)
            found += pairs.values()
            advance(1)
    corrected = holm([each.p for each in found])
    differences = iter(
        PairDifference(model_a=a, model_b=b, difference=difference, p_holm=p, significant=beyond)
        for (a, b), difference, p in zip(work, found, corrected, strict=True)
        for beyond in [p <= 1 - level]
    )
    return tuple(
        TaskComparison(
            task=first.task,
            split=first.split,
            results=group,
            differences=tuple(itertools.islice(differences, math.comb(len(group), 2))),
        )
        for group in groups
        for first in [next(iter(group.values()))]
    )
