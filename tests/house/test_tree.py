"""What the tree may hold: no machine's paths, no registry hosts, nothing large."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import munjang

ROOT = Path(__file__).parents[2]
SHIPPED = {"src/munjang/encode/default/": 40_000_000, "src/munjang/encode/tiny/": 20_000_000}
"""The shipped models and the bytes that each may take."""

WEIGHTS = "models/munjang-small-ko"
MIB = 1 << 20
MAX_LINES = 520

# Written in two halves, so that this file does not hold what it looks for.
MACHINE_PATHS = [f"/{folder}/".encode() for folder in ("home", "root", "Users", "work", "mnt")]
REGISTRIES = [
    f"{host}.{domain}".encode()
    for host, domain in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi.python", "org"),
        ("deb.debian", "org"),
        ("security.debian", "org"),
        ("archive.ubuntu", "com"),
        ("registry.npmjs", "org"),
        ("registry.yarnpkg", "com"),
    )
]


@pytest.fixture(scope="module")
def tree() -> dict[str, Path]:
    """The files of the checkout, tracked or about to be."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return {name: ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file()}


def found_in(content: bytes) -> list[str]:
    """The machine paths and registry hosts of a file; a path counts from where it begins."""
    paths = [
        path.decode()
        for path in MACHINE_PATHS
        if path in content and re.search(rb"(?<![\w.~}\-])" + re.escape(path), content)
    ]
    return paths + [host.decode() for host in REGISTRIES if host in content]


def test_no_file_names_a_machine_or_a_registry(tree):
    found = {name: held for name, path in tree.items() if (held := found_in(path.read_bytes()))}
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "data in {}home/anna/data".format("/"),
        'folder = "{}work/data"'.format("/"),
        "file://{}Users/anna".format("/"),
        "https://{}.org/simple".format("pypi"),
        "see files.{}.org".format("pythonhosted"),
    ],
)
def test_a_machine_or_a_registry_is_found(text):
    assert len(found_in(text.encode())) == 1


@pytest.mark.parametrize(
    "text", ["~/work/notes", "../home/page", "an artwork/file", "my-home/page", "a/home/b"]
)
def test_other_paths_are_not(text):
    assert found_in(text.encode()) == []


def test_large_files_are_in_the_shipped_models_alone(tree):
    large = {
        name: path.stat().st_size
        for name, path in tree.items()
        if not name.startswith((*SHIPPED, WEIGHTS)) and path.stat().st_size > MIB
    }
    assert large == {}


@pytest.mark.parametrize("folder", SHIPPED)
def test_the_shipped_models_are_whole_and_small(folder):
    sizes = {path.name: path.stat().st_size for path in (ROOT / folder).iterdir()}
    assert {"model.xml", "model.bin", "munjang.json", "tokenizer.json"} <= set(sizes)
    assert sum(sizes.values()) <= SHIPPED[folder]


def test_the_weights_to_fine_tune_from_are_whole_and_at_most_60_mb():
    sizes = {path.name: path.stat().st_size for path in (ROOT / WEIGHTS).rglob("*")}
    assert {"modules.json", "model.safetensors", "tokenizer.json", "README.md"} <= set(sizes)
    assert sum(sizes.values()) <= 60_000_000


def test_no_module_is_long(tree):
    lines = {
        name: path.read_text("utf-8").count("\n")
        for name, path in tree.items()
        if name.startswith("src/") and name.endswith(".py")
    }
    assert lines
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_the_base_install_has_no_torch():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    block = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert block
    names = re.findall(r'"([A-Za-z0-9_-]+)', block[1])
    assert "openvino" in names
    heavy = {"torch", "transformers", "sentence-transformers", "pandas", "pyarrow", "nncf", "onnx"}
    assert not heavy & {name.lower().replace("_", "-") for name in names}


def test_the_version_is_one():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.findall(r'^version = "(.*)"$', text, re.MULTILINE) == [munjang.__version__]


def test_the_tables_of_the_readmes_are_those_of_results():
    command = [sys.executable, "runs/readme_tables.py", "--check"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
