"""The READMEs and the docs do what they say: their Python and their munjang lines are run.

The blocks of one page run in order, in one folder that also holds the checkout's
examples/, and its Python blocks share their names. Of a bash block the lines that run
munjang are run, and those that write a file for it. A comment before a block keeps it
from being run and says why: <!-- not run: needs a GPU -->
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "README.ko.md") if (ROOT / name).is_file()),
    *sorted((ROOT / "docs").rglob("*.md")),
]

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>[^\n]*?) -->[ ]*\n)?"
    r"^(?P<fence>```+)(?P<language>[^\s`]*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ ]*$",
    re.DOTALL | re.MULTILINE,
)
_UNSEEN = {"py", "pycon", "python3", "sh", "shell", "console", "zsh", "shell-session"}
_INSTALL = re.compile(r"^(?:python3? -m )?pip install [^&|;]*&&\s*")
_RUN = re.compile(r"^(?:munjang |(?:printf|echo|cat)\b.*(?:>|\| *munjang ))", re.DOTALL)
_NEEDS_DATA = re.compile(
    r"munjang (?:evaluate|compare|export|data check)\b(?!.*--pairs)"
    r"|load_rows|load_task|evaluate_task"
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    language: str
    text: str
    line: int
    why_not: str | None


@dataclass
class Page:
    """A page that is being worked through, from top to bottom."""

    folder: Path
    blocks: list[Block]
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "__main__"})
    done: int = 0

    def run_to(self, number: int) -> None:
        """Runs the blocks up to a certain one that have not been run."""
        while self.done <= number:
            block = self.blocks[self.done]
            self.done += 1
            if block.why_not is None and not _lacks_data(block):
                self._run(block)

    def _run(self, block: Block) -> None:
        if block.language == "python":
            lines = "\n" * block.line + block.text
            exec(compile(lines, "the page", "exec"), self.names)  # noqa: S102 - it is ours
            return
        for command in commands(block.text):
            run_command(command, self.folder)


def read_blocks(text: str) -> list[Block]:
    """The blocks of a page, of all languages."""
    return [
        Block(
            language=found["language"],
            text=found["text"],
            line=text.count("\n", 0, found.start("text")),
            why_not=found["why"],
        )
        for found in _BLOCK.finditer(text)
    ]


def runnable(text: str) -> list[Block]:
    """The blocks of a page that are Python, or hold something to run in a shell."""
    return [
        block
        for block in read_blocks(text)
        if block.language == "python" or (block.language == "bash" and commands(block.text))
    ]


def commands(block: str) -> list[str]:
    r"""The commands of a bash block that are run: munjang's, and those that write or feed it files.

    Lines that end in \ go on in the next one, and a here-document goes with its command.
    """
    found: list[str] = []
    lines = iter(block.splitlines())
    for line in lines:
        command = line
        while command.endswith("\\"):
            command = f"{command}\n{next(lines)}"
        if here := re.search(r"<<-?\s*['\"]?(\w+)", line):
            for more in lines:
                command = f"{command}\n{more}"
                if more.strip() == here[1]:
                    break
        command = _INSTALL.sub("", command.strip())
        if _RUN.match(command):
            found.append(command)
    return found


def run_command(command: str, folder: Path) -> str:
    """Runs one command in a shell, with our munjang and no hub; gives its output."""
    scripts = sysconfig.get_path("scripts")
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-c", f"set -o pipefail\n{command}"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, f"{command}\nexit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def _lacks_data(block: Block) -> bool:
    return bool(_NEEDS_DATA.search(block.text)) and not os.environ.get("MUNJANG_DATA")


def _cases() -> list[object]:
    return [
        pytest.param(
            page,
            number,
            id=f"{page.relative_to(ROOT)}:{block.line}",
            marks=pytest.mark.xdist_group(str(page)),  # a page's blocks go on from each other
        )
        for page in PAGES
        for number, block in enumerate(runnable(page.read_text("utf-8")))
    ]


@pytest.fixture(scope="module")
def open_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    pages = {}
    for path in PAGES:
        folder = tmp_path_factory.mktemp(path.stem)
        if (ROOT / "examples").is_dir():
            shutil.copytree(ROOT / "examples", folder / "examples")
        pages[path] = Page(folder, runnable(path.read_text("utf-8")))
    return pages


@pytest.mark.parametrize(("path", "number"), _cases())
def test_a_block_runs(open_pages, monkeypatch, path, number):
    page = open_pages[path]
    block = page.blocks[number]
    monkeypatch.chdir(page.folder)
    if block.why_not is not None:
        pytest.skip(block.why_not)
    if _lacks_data(block):
        pytest.skip("MUNJANG_DATA does not name a folder with the data sets")
    if block.language == "bash" and shutil.which("bash") is None:
        pytest.skip("there is no bash")
    page.run_to(number)


def test_there_is_something_to_run():
    assert _cases()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_escapes(page):
    text = page.read_text("utf-8")
    blocks = read_blocks(text)
    assert not {block.language for block in blocks} & _UNSEEN, "write python or bash"
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(blocks)
    prompts = [b.line for b in blocks if re.search(r"^(\$|>>>) ", b.text, re.MULTILINE)]
    assert not prompts, "write what is typed, without a prompt"
    shell = "".join(b.text for b in blocks if b.language == "bash" and b.why_not is None)
    typed = re.sub(r"^ *#.*$", "", shell, flags=re.MULTILINE)
    assert typed.count("munjang ") == sum(c.count("munjang ") for c in commands(typed))
    if page.name.startswith("README"):
        for language in ("python", "bash"):
            ours = [b for b in runnable(text) if b.language == language and b.why_not is None]
            assert ours, f"no {language} block that runs"


# --- the reader of the pages itself -----------------------------------------------------

PAGE = """# 문서

```bash
pip install . && munjang --version
pip install somethingelse
cat > faq.txt <<'EOF'
환불은 어떻게 받나요?
munjang is no command here
EOF
cat faq.txt | munjang search "환불" \\
    --in - -k 1 > hits.jsonl
curl https://example.invalid
```

<!-- not run: needs a GPU -->
```python
raise AssertionError
```

```python
import json
hit = json.loads(open("hits.jsonl", encoding="utf-8").read())
```

```text
no code
```

```python
assert hit["text"].startswith("환불")
```
"""


def test_blocks_are_found_with_their_reasons():
    blocks = read_blocks(PAGE)
    assert [block.language for block in blocks] == ["bash", "python", "python", "text", "python"]
    assert [block.why_not for block in blocks] == [None, "needs a GPU", None, None, None]
    assert PAGE.splitlines()[blocks[0].line] == "pip install . && munjang --version"
    assert [command.split()[0] for command in commands(blocks[0].text)] == [
        "munjang",
        "cat",
        "cat",
    ]
    assert len(runnable(PAGE)) == 4
    assert runnable("nothing\n\n```bash\nls\n```\n") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_page_runs_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Page(tmp_path, runnable(PAGE))
    page.run_to(3)
    assert page.names["hit"]["rank"] == 1
    assert page.done == 4


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 == 2\n```\n",
        "```bash\nmunjang search 질문 --in nowhere.txt\n```\n",
        "```bash\nmunjang modles | cat\n```\n",
    ],
)
def test_a_block_that_fails_is_seen(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError):
        Page(tmp_path, runnable(text)).run_to(0)
