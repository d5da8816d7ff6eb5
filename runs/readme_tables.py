"""Writes the measured parts of the READMEs and of pages in docs/.

    python runs/readme_tables.py [--check]

What stands between the marks <!-- answer --> and <!-- /answer --> becomes what the first
command prints, between <!-- leaderboard --> and <!-- /leaderboard --> what `munjang
leaderboard` makes of results/, between <!-- speed --> and <!-- /speed --> the tables of
results/bench_encode*.md, and between <!-- curves --> and <!-- /curves --> what the shipped
model keeps under edits. With --check nothing is written, and the exit code says whether the
tables are current; the answer is not looked at: its last digits differ between CPUs.
"""

from __future__ import annotations

import argparse
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from munjang.evaluate.leaderboard import make_board
from munjang.evaluate.leaderboard_records import read_records
from munjang.evaluate.leaderboard_table import board_markdown
from munjang.evaluate.robust_record import RobustResult
from munjang.evaluate.robust_report import robust_markdown
from munjang.files import whole_file

if TYPE_CHECKING:
    from munjang.evaluate.leaderboard_words import Language

ROOT = Path(__file__).resolve().parent.parent
FIRST = ("search", "돈을 돌려받고 싶어요", "--in", "examples/faq.txt")
PAGES: dict[str, tuple[Language, int | None]] = {
    "README.md": ("en", 10),
    "README.ko.md": ("ko", 10),
    "docs/en/leaderboard.md": ("en", None),
    "docs/ko/leaderboard.md": ("ko", None),
}
"""Each page's language, and how many published rows stand there beside ours; None for all."""
CURVES = ("docs/en/robustness.md", "docs/ko/robustness.md")
"""The pages with curves."""


def speed() -> str:
    """How fast the shipped models are, as their bench wrote it on each kind of machine."""
    told = [path.read_text("utf-8") for path in sorted((ROOT / "results").glob("bench_encode*.md"))]
    return "\n".join(text.split("\n", 2)[2].strip() + "\n" for text in told)


def leaderboard(language: Language, published: int | None) -> str:
    """What was measured here, and what others published."""
    board = make_board(read_records(ROOT / "results"), published=published)
    return board_markdown(board, language=language)


def curves() -> str:
    """What the shipped model keeps under each edit."""
    record = ROOT / "results/munjang-small-ko-robust.json"
    return robust_markdown([RobustResult.from_json(record.read_text("utf-8"))])


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
    """Fills or checks the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    shared = {"speed": speed()} if check else {"speed": speed(), "answer": answer()}
    pages = {name: {"leaderboard": leaderboard(*told)} for name, told in PAGES.items()}
    pages |= {name: {"curves": curves()} for name in CURVES}
    stale = False
    for name, blocks in pages.items():
        path = ROOT / name
        old = new = path.read_text("utf-8")
        for mark, block in (shared | blocks if path.parent == ROOT else blocks).items():
            new = fill(new, mark, block)
        stale = stale or new != old
        if new != old and not check:
            with whole_file(path) as file:
                file.write(new.encode())
    print("the tables differ from results/" if stale and check else "the tables are current")
    return int(stale and check)


if __name__ == "__main__":
    sys.exit(main())
