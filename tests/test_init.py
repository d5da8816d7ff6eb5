from __future__ import annotations

import subprocess
import sys

import pytest

import munjang


def run(script):
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", munjang.__all__)
def test_every_public_name_is_there(name):
    assert getattr(munjang, name) is not None


def test_names_are_the_things_themselves():
    from munjang.encode.loading import load
    from munjang.errors import MunjangError

    assert munjang.load is load
    assert munjang.MunjangError is MunjangError


def test_dir_tells_them():
    assert dir(munjang) == sorted(munjang.__all__)
    assert {"load", "similarity", "search_texts", "__version__"} <= set(dir(munjang))


def test_the_types_that_checkers_see_are_the_names_that_there_are():
    source = munjang.__loader__.get_source("munjang")
    typed = {line.split(" as ")[1] for line in source.splitlines() if line.startswith("    from ")}
    assert typed == set(munjang.__all__) - {"__version__"}


def test_an_unknown_attribute():
    with pytest.raises(AttributeError, match="module 'munjang' has no attribute 'laod'"):
        _ = munjang.laod
    with pytest.raises(ImportError):
        from munjang import laod  # noqa: F401 - it is not there


def test_star():
    names = {}
    exec("from munjang import *", names)  # noqa: S102 - a star import needs a module of its own
    assert set(munjang.__all__) <= set(names)


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert munjang.__version__ == version("munjang")


def test_importing_it_imports_nothing_heavy():
    heavy = ["torch", "sklearn", "scipy", "numpy", "openvino", "rich", "tokenizers", "typer"]
    script = f"import sys, munjang; dir(munjang); print(sorted({heavy} & sys.modules.keys()))"
    assert run(script.replace(f"{heavy} &", f"set({heavy}) &")).strip() == "[]"


def test_looking_a_name_up_imports_no_engine():
    script = """
import sys
import munjang
munjang.load, munjang.SentenceEncoder, munjang.similarity, munjang.MunjangError
print(sorted({"torch", "transformers", "sklearn", "openvino", "rich"} & sys.modules.keys()))
"""
    assert run(script).strip() == "[]"
