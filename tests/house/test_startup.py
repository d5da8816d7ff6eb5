"""What start-up may load: `import munjang` and the help cost next to nothing.

How long they take is measured in bench/; here is what makes them slow when it comes back.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import munjang

HEAVY = {
    "huggingface_hub",
    "nncf",
    "numpy",
    "onnx",
    "onnxruntime",
    "openvino",
    "pandas",
    "pyarrow",
    "scipy",
    "sentence_transformers",
    "sklearn",
    "tokenizers",
    "torch",
    "transformers",
}
ROOMS = {"data", "encode", "evaluate", "korean", "model", "search", "serve", "train"}

SAY_MODULES = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{SAY_MODULES}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def heavy(modules: set[str]) -> set[str]:
    rooms = {
        name for name in modules if name.startswith("munjang.") and name.split(".")[1] in ROOMS
    }
    return {name for name in modules if name.split(".")[0] in HEAVY} | rooms


@pytest.mark.parametrize(
    "code",
    [
        "import munjang",
        "import munjang; munjang.__version__; dir(munjang)",
        "import munjang.errors, munjang.files, munjang.progress",
        "import munjang.cli",
        "from munjang.cli import main; assert main(['--help']) == 0",
        "from munjang.cli import main; assert main(['search', '--help']) == 0",
        "from munjang.cli import main; assert main(['--version']) == 0",
        "from munjang.cli import main; assert main(['serch']) == 2",
    ],
)
def test_start_up_loads_nothing_heavy(code):
    assert heavy(loaded_by(code)) == set()


def test_a_heavy_import_would_be_seen():
    assert {"numpy", "munjang.encode.encoder"} <= heavy(
        loaded_by("import munjang; munjang.Encoder")
    )


def test_the_encoder_needs_no_torch():
    loaded = loaded_by("import munjang; munjang.load().encode(['첫눈이 내렸다.'])")
    assert "openvino" in loaded
    assert not {"torch", "transformers", "sentence_transformers", "sklearn"} & loaded


def test_every_public_name_is_there():
    for name in munjang.__all__:
        assert getattr(munjang, name) is not None
    assert set(munjang.__all__) <= set(dir(munjang))
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = munjang.lode
