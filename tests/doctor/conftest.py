"""Broken copies of whole models."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def copy_model(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies a model folder, so that it can be broken."""

    def copy(folder: Path) -> Path:
        return shutil.copytree(folder, tmp_path / "고장")

    return copy


@pytest.fixture
def rewrite() -> Callable[..., None]:
    """Rewrites keys of a JSON file; None takes a key out."""

    def rewrite(path: Path, **changes: object) -> None:
        content = json.loads(path.read_text("utf-8")) | changes
        kept = {key: value for key, value in content.items() if value is not None}
        path.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")

    return rewrite
