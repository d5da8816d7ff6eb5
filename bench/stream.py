"""Whether memory stays flat over a long stream.

    python -m bench.stream [--lines 1000000]

Encodes generated short sentences to a .npy file and prints the resident memory every
tenth of the way. Writes results/bench_stream.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

import munjang
from munjang.encode.stream import encode_to_file
from munjang.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
THINGS = ("택배", "편지", "화물", "손님", "전보", "소포", "기차", "버스", "답장", "그림")


def generate(lines: int, marks: list[tuple[int, float, float]]) -> Iterator[str]:
    """So many short sentences, no two alike; notes time and memory on the way."""
    process = psutil.Process()
    begin = time.perf_counter()
    for number in range(lines):
        if number % max(1, lines // 10) == 0:
            seconds = time.perf_counter() - begin
            marks.append((number, seconds, process.memory_info().rss / 1e6))
            print(f"{number:,} lines, {seconds:.0f} s, {marks[-1][2]:.0f} MB", flush=True)
        yield f"{THINGS[number % 10]} {number}건 도착"
    marks.append((lines, time.perf_counter() - begin, process.memory_info().rss / 1e6))


def main() -> None:
    """Encodes the stream and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    lines = parser.parse_args().lines
    marks: list[tuple[int, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        report = encode_to_file(munjang.load(), generate(lines, marks), Path(folder, "v.npy"))
    rows = "".join(f"| {line:,} | {seconds:.0f} | {mb:.0f} |\n" for line, seconds, mb in marks)
    text = (
        "# Memory over a stream\n\nWritten by `python -m bench.stream`: "
        f"{report.sentences:,} generated sentences, {report.tokens:,} tokens, "
        "to a .npy file with the shipped model.\n\n"
        f"| lines | seconds | resident MB |\n|---:|---:|---:|\n{rows}"
    )
    with whole_file(ROOT / "results/bench_stream.md") as file:
        file.write(text.encode())
    print(text)


if __name__ == "__main__":
    main()
