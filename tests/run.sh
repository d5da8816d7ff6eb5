#!/usr/bin/env bash
# Installs what the tests need into a virtual environment of its own, and runs them all:
# format and lint, types, tests (with the READMEs' blocks), and the house tests.
#
#   PYTHON=python3.12 bash tests/run.sh    with another Python than python3
#   VENV=some/folder bash tests/run.sh     in another place than build/test-venv
#
# Real data is read from the folder that MUNJANG_DATA names; tests that need it are skipped
# where that is not set, and say so. For a CPU-only torch on Linux, point pip at PyTorch's
# CPU index first (see pytorch.org), or gigabytes come.
set -euo pipefail
cd "$(dirname "$0")/.."

venv="${VENV:-build/test-venv}"
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
python="$PWD/$venv/bin/python"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$python" -m pip install --quiet --constraint tests/constraints.txt torch
"$python" -m pip install --quiet --constraint tests/constraints.txt --editable ".[dev]"

"$python" -m ruff format --check src tests runs bench
"$python" -m ruff check src tests runs bench
"$python" -m mypy
# A worker a core, up to four, and each computes with one thread: their many small models gain
# little from more.
cores="$("$python" -c "import os; print(min(4, os.cpu_count() or 1))")"
export OMP_NUM_THREADS=1
"$python" -m pytest --numprocesses "$cores" --dist loadfile --durations=20 \
    --ignore=tests/house --ignore=tests/test_readme.py
"$python" -m pytest --numprocesses "$cores" --dist loadgroup tests/test_readme.py
"$python" -m pytest tests/house
