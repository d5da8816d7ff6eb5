"""What every test may ask for: the folder of real data, or a skip that says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real data sets, named by MUNJANG_DATA."""
    folder = os.environ.get("MUNJANG_DATA")
    if not folder:
        pytest.skip("MUNJANG_DATA does not name a folder with the data sets")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"MUNJANG_DATA={folder} is not a folder")
    return path
