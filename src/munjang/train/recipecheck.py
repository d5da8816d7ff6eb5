"""What a recipe may say: numbers in range, and no two settings that exclude each other."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING

from munjang.errors import InputError, MunjangWarning
from munjang.train.recipe import TrainPart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from munjang.train.recipe import DataPart, Recipe

SCORED = frozenset({"cosine", "cosent", "angle"})
"""Objectives that are trained on scores."""

CONTRASTS = frozenset({"contrastive", "dropout"})
"""Objectives that tell a sentence's partner from the rest of the batch."""

EDITED = "robust"
"""The name of the data set that `train.robust` adds."""

WHOLE_VECTOR = frozenset({"softmax", "denoise", "distill"})
"""Objectives that need the vector at its full dimension."""

_LEAST = {
    "accumulate": 1,
    "batch_size": 2,
    "every": 0,
    "layers": 1,
    "lora_rank": 0,
    "max_grad_norm": 0,
    "max_tokens": 4,
    "mini_batch": 1,
    "neighbours": 1,
    "pairs": 1,
    "patience": 0,
    "per_group": 1,
    "robust": 0,
    "rows": 1,
    "seed": 0,
    "steps": 1,
    "times": 1,
    "warmup": 0,
    "weight_decay": 0,
    "window": 1,
}
_ABOVE_ZERO = frozenset({"epochs", "learning_rate", "temperature", "weight"})
_MOST_SEED = 2**32 - 1
_NAME = re.compile(r"[\w-]+")


def check_recipe(recipe: Recipe) -> None:
    """Checks the numbers of a recipe, and that its settings go together.

    `load_recipe` does it; a recipe that was made in Python wants it too. Data sets and
    models are not looked for. The recipe that is run before is checked as well.

    Raises:
        InputError: A number out of range, or two settings that exclude each other; the
            error names the keys.

    Example:
        >>> from munjang.train.recipe import DataPart, ModelPart, Recipe
        >>> part = DataPart(objective="cosine", use=("문장쌍.tsv",), mini_batch=8)
        >>> check_recipe(Recipe(name="내것", model=ModelPart(base="모델"), data={"sts": part}))
        Traceback (most recent call last):
        munjang.errors.InputError: settings of recipe 내것 exclude each other
        found: data.sts.mini_batch = 8 with data.sts.objective = "cosine"
        try: mini_batch is for contrastive and dropout
    """
    place = f"recipe {recipe.name}"
    if not recipe.name.strip():
        raise InputError("a recipe's name is blank", found=repr(recipe.name), fix='name = "…"')
    if not recipe.data:
        raise InputError(f"{place} has no data set", fix="[data.NAME] with objective and use")
    for name in recipe.data:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"a data set of {place} has a name that settings cannot spell",
                found=repr(name),
                fix="letters, digits, _ and -",
            )
    _check_numbers(recipe, place)
    for found, fix in _clashes(recipe):
        raise InputError(f"settings of {place} exclude each other", found=found, fix=fix)
    if recipe.before is not None:
        check_recipe(recipe.before)


def _check_numbers(recipe: Recipe, place: str) -> None:
    for table, part in _parts(recipe):
        for field in fields(part):  # type: ignore[arg-type]  # every part is a dataclass
            value = getattr(part, field.name)
            for number in value if field.name == "dims" else [value]:
                wanted = _wanted(field.name, number)
                if wanted:
                    raise InputError(
                        f"{table}.{field.name} of {place} must be {wanted}", found=f"{number}"
                    )


def _parts(recipe: Recipe) -> Iterator[tuple[str, object]]:
    yield "model", recipe.model
    for name, part in recipe.data.items():
        yield f"data.{name}", part
    yield "train", recipe.train
    yield "evaluate", recipe.evaluate
    if recipe.teacher is not None:
        yield "teacher", recipe.teacher


def _wanted(key: str, number: object) -> str:
    """What a number should have been; empty if it is right, or no number."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return ""
    least = 1 if key == "dims" else _LEAST.get(key, -math.inf)
    if not math.isfinite(number) or number < least:
        return f"{least} or more" if math.isfinite(least) else "a finite number"
    if key == "robust" and number > 1:
        return "1 or less"
    if key in _ABOVE_ZERO and number <= 0:
        return "more than 0"
    if key == "warmup" and number > 1 and number % 1:
        return "a share below 1, or a whole number of steps"
    if key == "seed" and number > _MOST_SEED:
        return f"{_MOST_SEED} or less"
    return ""


def _clashes(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What excludes each other, and the way out."""
    train, evaluate = recipe.train, recipe.evaluate
    if train.steps is not None and train.epochs != TrainPart().epochs:
        yield f"train.epochs = {train.epochs:g} with train.steps = {train.steps}", "give one"
    if train.mix == "round-robin" and len(recipe.data) == 1 and not train.robust:
        yield (
            f'train.mix = "round-robin" with one data set, data.{next(iter(recipe.data))}',
            'mix = "proportional", or a second data set',
        )
    if train.robust and EDITED in recipe.data:
        yield (
            f"train.robust = {train.robust:g} with data.{EDITED}",
            f"another name for that data set: train.robust adds one called {EDITED}",
        )
    if evaluate.patience and not evaluate.dev:
        yield (
            f'evaluate.patience = {evaluate.patience} with evaluate.dev = ""',
            "patience = 0, or pairs to look at",
        )
    both = [ref for ref in recipe.insist if ref in evaluate.hold_out]
    if both:
        yield f"insist and evaluate.hold_out both name {', '.join(both)}", "one of them without it"
    if len(set(train.dims)) < len(train.dims):
        yield f"train.dims = {list(train.dims)}", "each dimension once"
    for name, part in recipe.data.items():
        for found, fix in (*_clashes_of(part, recipe), *_clashes_with_teacher(part, recipe)):
            objective = f'data.{name}.objective = "{part.objective}"'
            yield found.format(data=f"data.{name}", objective=objective), fix
    yield from _idle_teacher(recipe)


def _clashes_of(part: DataPart, recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What of a data set excludes each other; {data} and {objective} stand for its keys."""
    train = recipe.train
    batch_size = train.batch_size if part.batch_size is None else part.batch_size
    if part.mini_batch is not None:
        mini_batch = f"{{data}}.mini_batch = {part.mini_batch}"
        if part.objective not in CONTRASTS:
            yield f"{mini_batch} with {{objective}}", "mini_batch is for contrastive and dropout"
        if part.mini_batch >= batch_size:
            yield f"{mini_batch} with batch_size = {batch_size}", "a smaller mini_batch, or none"
    if part.per_group is not None and part.objective != "contrastive":
        yield (
            f"{{data}}.per_group = {part.per_group} with {{objective}}",
            "per_group is for contrastive",
        )
    if recipe.model.head != "none" and part.objective not in CONTRASTS:
        yield (
            f'model.head = "{recipe.model.head}" with {{objective}}',
            "a head is for contrastive and dropout: what is saved has none",
        )
    if recipe.model.lora_rank and part.objective == "denoise":
        yield (
            f"model.lora_rank = {recipe.model.lora_rank} with {{objective}}",
            "denoise trains all weights, its decoder's too: lora_rank = 0",
        )
    dims = f"train.dims = {list(train.dims)} with {{objective}}"
    if train.dims and part.objective in WHOLE_VECTOR:
        yield dims, "dims is for contrastive, dropout, cosine, cosent and angle"
    if part.objective == "angle" and any(dim % 2 for dim in train.dims):
        yield dims, "angle takes a vector in two halves: even numbers"


def _clashes_with_teacher(part: DataPart, recipe: Recipe) -> Iterator[tuple[str, str]]:
    if part.labels == "teacher":
        labels = '{data}.labels = "teacher" with '
        if part.objective not in SCORED:
            yield f"{labels}{{objective}}", "a teacher's scores are for cosine, cosent and angle"
        if recipe.teacher is None:
            yield f"{labels}no [teacher]", '[teacher] with model = "…"'
        if not any(p.labels == "gold" and p.objective in SCORED for p in recipe.data.values()):
            yield (
                f"{labels}no gold pairs to train the teacher on",
                "a second data set of scored pairs",
            )
    if part.objective == "distill" and recipe.teacher is None:
        yield "{objective} with no [teacher]", '[teacher] with model = "…"'


def _idle_teacher(recipe: Recipe) -> Iterator[tuple[str, str]]:
    used = [p for p in recipe.data.values() if p.objective == "distill" or p.labels == "teacher"]
    if recipe.teacher is not None and not used:
        yield (
            f'teacher.model = "{recipe.teacher.model}" with no data set that asks for a teacher',
            'objective = "distill" or labels = "teacher" in a data set, or no [teacher]',
        )


def warn_of_accumulation(recipe: Recipe) -> None:
    """Warns that gradients of several batches make no more negatives."""
    contrasts = [n for n, part in recipe.data.items() if part.objective in CONTRASTS]
    if recipe.train.accumulate > 1 and contrasts:
        warnings.warn(
            f"train.accumulate = {recipe.train.accumulate} adds no negatives to "
            f"{', '.join(contrasts)}: those of a batch stay its own; for more of them take a "
            "larger batch_size, with mini_batch where memory is short",
            MunjangWarning,
            stacklevel=3,
        )
