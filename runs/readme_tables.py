"""Writes the measured parts of README.md and README.ko.md.

    python runs/readme_tables.py [--check]

What stands between the marks <!-- answer --> and <!-- /answer --> becomes what the first
command prints, and between <!-- results --> and <!-- /results --> the tables of results/.
With --check nothing is written, and the exit code says whether the tables are current.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from munjang.evaluate.published import published_rows
from munjang.evaluate.report import markdown_table
from munjang.evaluate.tasks import StsResult
from munjang.files import whole_file

ROOT = Path(__file__).resolve().parent.parent
FIRST = ("search", "돈을 돌려받고 싶어요", "--in", "examples/faq.txt")
BESIDE = {
    "KoSimCSE-RoBERTa-multitask",
    "KoSimCSE-RoBERTa",
    "SimCSE-BERT-KO",
    "SimCSE-RoBERTa-KO",
    "ko-sroberta-multitask",
    "KoSRoBERTa-small (nli-sts)",
    "KoSBERT (klue/bert-base)",
}


def render() -> str:
    """The block between the marks."""
    record = json.loads((ROOT / "results/default_model.json").read_text("utf-8"))
    results = [StsResult.from_json(json.dumps(each)) for each in record["results"]]
    parts = []
    for task, split in dict.fromkeys((result.task, result.split) for result in results):
        measured = [result for result in results if (result.task, result.split) == (task, split)]
        beside = [row for row in published_rows(task, split) if row.model in BESIDE]
        command = f"munjang evaluate --task {task} --split {split}"
        parts.append(f"`{command}`\n\n{markdown_table(measured, published=beside)}")
    speed = (ROOT / "results/bench_encode.md").read_text("utf-8")
    parts.append(speed.split("\n", 2)[2].strip() + "\n")
    return "\n".join(parts)


def answer() -> str:
    """What the first command of the READMEs prints on a terminal."""
    ours, its = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", "import sys, munjang.cli; sys.exit(munjang.cli.main())", *FIRST],
        stdout=its,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=os.environ | {"TERM": "dumb", "COLUMNS": "80"},
        check=True,
    )
    os.close(its)
    lines = os.read(ours, 1 << 16).decode().splitlines()
    return "\n".join(["```text", *(line.rstrip() for line in lines), "```", ""])


def fill(text: str, mark: str, block: str) -> str:
    """The text with another block between the marks."""
    before, rest = text.split(f"<!-- {mark} -->\n", 1)
    after = rest.split(f"<!-- /{mark} -->", 1)[1]
    return f"{before}<!-- {mark} -->\n{block}<!-- /{mark} -->{after}"


def main() -> int:
    """Fills or checks both READMEs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    blocks = {"results": render()} if check else {"results": render(), "answer": answer()}
    stale = False
    for name in ("README.md", "README.ko.md"):
        path = ROOT / name
        old = new = path.read_text("utf-8")
        for mark, block in blocks.items():
            new = fill(new, mark, block)
        stale = stale or new != old
        if new != old and not check:
            with whole_file(path) as file:
                file.write(new.encode())
    print("the tables differ from results/" if stale and check else "the tables are current")
    return int(stale and check)


if __name__ == "__main__":
    sys.exit(main())
