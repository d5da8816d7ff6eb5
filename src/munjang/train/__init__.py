"""Recipe to model.

Example:
    >>> from munjang.train import load_recipe
    >>> recipe = load_recipe("cosent", settings=["train.batch_size=32"])
    >>> recipe.train.batch_size
    32
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from munjang.errors import MissingExtraError

if TYPE_CHECKING:
    from munjang.train.recipe import Recipe as Recipe
    from munjang.train.recipefile import load_recipe as load_recipe
    from munjang.train.recipefile import recipe_names as recipe_names
    from munjang.train.result import Run as Run
    from munjang.train.result import read_run as read_run
    from munjang.train.run import train as train

_HOMES = {
    "Recipe": "munjang.train.recipe",
    "Run": "munjang.train.result",
    "load_recipe": "munjang.train.recipefile",
    "read_run": "munjang.train.result",
    "recipe_names": "munjang.train.recipefile",
    "train": "munjang.train.run",
}
_NEEDED = {"accelerate", "datasets", "safetensors", "sentence_transformers", "tensorboard", "torch"}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'munjang.train' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(home), name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in _NEEDED:
            raise MissingExtraError("training", "train") from error
        raise


def __dir__() -> list[str]:
    return sorted(__all__)
