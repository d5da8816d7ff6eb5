"""What is right and wrong with this machine, a model and a text, and what to do about it.

Example:
    >>> from munjang.doctor import examine
    >>> findings = examine(hub=False)
    >>> [f.what for f in findings if f.area == "model" and f.level == "problem"]
    []
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from munjang.doctor.examination import examine as examine
    from munjang.doctor.findings import Finding as Finding
    from munjang.doctor.findings import worst_level as worst_level

_HOMES = {
    "Finding": "munjang.doctor.findings",
    "examine": "munjang.doctor.examination",
    "worst_level": "munjang.doctor.findings",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'munjang.doctor' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
