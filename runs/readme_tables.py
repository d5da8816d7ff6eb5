"""Writes the measured tables of README.md and README.ko.md from results/.

    python runs/readme_tables.py [--check]

Everything between the marks <!-- results --> and <!-- /results --> is replaced. With
--check nothing is written, and the exit code says whether the tables are current.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from munjang.evaluate.published import published_rows
from munjang.evaluate.report import markdown_table
from munjang.evaluate.tasks import StsResult
from munjang.files import whole_file

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- results -->", "<!-- /results -->"
BESIDE = {
    "KoSimCSE-RoBERTa-multitask",
    "KoSimCSE-RoBERTa",
    "SimCSE-BERT-KO",
    "SimCSE-RoBERTa-KO",
    "ko-sroberta-multitask",
    "KoSRoBERTa-small (nli-sts)",
    "KoSBERT (klue/bert-base)",
}
COMMANDS = {
    "korsts": "munjang evaluate --task korsts --published",
    "klue-sts": "munjang evaluate --task klue-sts --published",
}


def render() -> str:
    """The block between the marks."""
    record = json.loads((ROOT / "results/default_model.json").read_text("utf-8"))
    results = [StsResult.from_json(json.dumps(each)) for each in record["results"]]
    parts = []
    for task, command in COMMANDS.items():
        measured = [result for result in results if result.task == task]
        first = measured[0]
        beside = [row for row in published_rows(task, first.split) if row.model in BESIDE]
        parts.append(f"`{command}`\n\n{markdown_table(measured, published=beside)}")
    speed = (ROOT / "results/bench_encode.md").read_text("utf-8")
    parts.append(speed.split("\n", 2)[2].strip() + "\n")
    return "\n".join(parts)


def main() -> int:
    """Fills or checks both READMEs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    block = f"{START}\n{render()}{END}"
    stale = 0
    for name in ("README.md", "README.ko.md"):
        path = ROOT / name
        text = path.read_text("utf-8")
        before, rest = text.split(START, 1)
        new = before + block + rest.split(END, 1)[1]
        if new != text:
            stale += 1
            print(f"{name}: {'out of date' if check else 'written'}")
        if new != text and not check:
            with whole_file(path) as file:
                file.write(new.encode())
    return int(bool(stale and check))


if __name__ == "__main__":
    sys.exit(main())
