"""How fast the shipped encoders are, side by side with their base and the same weights elsewhere.

    python -m bench.encode --base DIR --weights DIR --data-dir DIR [--rounds 3] [--label avx2]

--base is the folder or hub id of the encoder that the shipped one came from, --weights the
sentence-transformers folder of the shipped model: models/munjang-small-ko. Every contestant
encodes the sentences of KorSTS-test, tokenising included, in a process of its own; the rounds
take turns, and the fastest of each contestant counts. Writes results/bench_encode.md and .json;
with a label, for another kind of machine, results/bench_encode_LABEL.md and .json.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from munjang.doctor.hardware import read_instructions
from munjang.encode.saturation import int8_saturates
from munjang.files import whole_file

Encode: TypeAlias = Callable[[list[str]], Any]
ROOT = Path(__file__).resolve().parent.parent
SHIPPED = "munjang int8 (shipped)"
TINY = "munjang tiny int8 (shipped)"
BASELINE = "the base, sentence-transformers fp32"
WEIGHTS = "sentence-transformers fp32"
CONTESTANTS = (SHIPPED, TINY, BASELINE, WEIGHTS, "onnx fp32", "onnx int8")
FAST_ARITHMETIC = {
    "VNNI": {"avx_vnni", "avx512_vnni"},
    "AMX": {"amx_int8", "amx_bf16"},
    "bf16": {"avx512_bf16"},
}
"""What speeds up small numbers, and the CPU flags that tell of it."""
SHORT = "오늘 서울에는 비가 온다."


def read_test(data_dir: Path) -> tuple[list[str], list[str], list[float]]:
    """The two sentences and the gold scores of KorSTS-test."""
    from munjang.evaluate.tasks import load_task

    rows = load_task("korsts", split="test", data_dir=data_dir)
    return (
        [row.sentence1 for row in rows],
        [row.sentence2 for row in rows],
        [row.score for row in rows],
    )


def export_onnx(weights: Path, data_dir: Path, out: Path) -> None:
    """Makes the two ONNX contestants."""
    import munjang
    from munjang.evaluate.tasks import load_task
    from munjang.model.export import export_model

    source = munjang.load(weights, engine="torch", device="cpu")
    for precision in ("fp32", "int8"):
        export_model(
            source,
            out / f"onnx-{precision}",
            to="onnx",
            int8=precision == "int8",
            pairs=load_task("korsts", split="dev", data_dir=data_dir),
            calibration=[
                row.sentence1 for row in load_task("korsts", split="train", data_dir=data_dir)
            ],
            overwrite=True,
        )


def open_one(name: str, given: argparse.Namespace) -> tuple[Encode, Encode]:
    """A contestant: what encodes sentences, and what gives their token ids, all that it reads."""
    import munjang

    if name in (BASELINE, WEIGHTS):
        from munjang.model.build import build_encoder, own_prompt

        model = (
            build_encoder(
                given.base, pooling="mean", normalize=True, prompt="query: ", device="cpu"
            )
            if name == BASELINE
            else build_encoder(given.weights, device="cpu")
        )
        prompt = own_prompt(model)

        def cut(texts: list[str]) -> Any:
            return model.tokenizer([prompt + text for text in texts])["input_ids"]

        return partial(model.encode, batch_size=32), cut
    shipped = {SHIPPED: "default", TINY: "tiny"}
    encoder = munjang.load(shipped.get(name, given.exports / name.replace(" ", "-")))

    def ids(texts: list[str]) -> Any:
        return encoder.tokenizer.encode([encoder.prompt + t for t in texts], encoder.max_tokens)[0]

    return encoder.encode, ids


def run_one(name: str, given: argparse.Namespace) -> dict[str, float]:
    """One contestant, in this process: speed, first call, latency, memory, score."""
    begin = time.perf_counter()
    encode, token_ids = open_one(name, given)
    load_s = time.perf_counter() - begin
    first, second, gold = read_test(given.data_dir)
    encode(first[:64])
    begin = time.perf_counter()
    vectors = encode(first + second)
    seconds = time.perf_counter() - begin
    waits = []
    for _ in range(100):
        begin = time.perf_counter()
        encode([SHORT])
        waits.append(time.perf_counter() - begin)
    peak = peak_mb()
    from munjang.evaluate.sts import correlations

    score = correlations(vectors[: len(first)], vectors[len(first) :], gold).cosine_spearman
    return {
        "sentences": len(vectors),
        "sentences_per_s": len(vectors) / seconds,
        "tokens_per_s": sum(map(len, token_ids(first + second))) / seconds,
        "short_ms": 1000 * statistics.median(waits),
        "load_s": load_s,
        "peak_mb": peak,
        "korsts_test": 100 * score,
    }


def peak_mb() -> float:
    """The most memory that this process has held; ru_maxrss would count its parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def import_seconds() -> float:
    """What `import munjang` costs in a fresh interpreter, best of five."""
    code = "import time; t = time.perf_counter(); import munjang; print(time.perf_counter() - t)"
    runs = [subprocess.check_output([sys.executable, "-c", code]) for _ in range(5)]
    return min(map(float, runs))


def best(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The fastest round of a contestant, with its least times and memory over all rounds."""
    fastest = max(rounds, key=lambda found: found["sentences_per_s"])
    least = ("short_ms", "load_s", "peak_mb")
    return fastest | {name: min(found[name] for found in rounds) for name in least}


def table(record: dict[str, Any]) -> str:
    """What a file of results keeps, as Markdown."""
    found, baseline = record["best"], record["baseline"]
    base = found[baseline]["sentences_per_s"]
    head = (
        "| contestant | sentences/s | ratio | tokens/s | one short sentence, ms | load, s "
        "| peak MB | KorSTS-test CS |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"
    )
    lines = "".join(
        f"| {name} | {row['sentences_per_s']:.0f} | {row['sentences_per_s'] / base:.2f} "
        f"| {row['tokens_per_s']:,.0f} | {row['short_ms']:.1f} "
        f"| {row['load_s']:.2f} | {row['peak_mb']:.0f} | {row['korsts_test']:.2f} |\n"
        for name, row in found.items()
    )
    note = f" {record['note']}" if record["note"] else ""
    return (
        f"# Encoding speed\n\nWritten by `python -m bench.encode`.{note} {record['machine']}; "
        f"KorSTS-test's {found[SHIPPED]['sentences']:,.0f} sentences, tokenising included, best of "
        f"{len(record['rounds'][SHIPPED])} rounds that took turns. Ratio: to {baseline}. `import "
        f"munjang` takes {record['import_s']:.3f} s.\n\n{head}{lines}"
    )


def machine() -> str:
    """The processor and the cores in use."""
    import os

    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []:
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    has = set(read_instructions())
    fast = [word for word, names in FAST_ARITHMETIC.items() if has & names]
    arithmetic = "no VNNI" if int8_saturates() else " and ".join(fast)
    told = [model, arithmetic, f"{os.cpu_count()} cores", f"Python {platform.python_version()}"]
    return ", ".join(filter(None, told))


def main() -> None:
    """Lets the contestants take turns and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--label", default="", help="of the kind of machine, such as avx2")
    parser.add_argument("--note", default="", help="what else to say above the table")
    parser.add_argument("--exports", type=Path, default=ROOT / "out/bench")
    parser.add_argument("--one", choices=(*CONTESTANTS, "export"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one == "export":
        export_onnx(given.weights, given.data_dir, given.exports)
        return
    if given.one:
        print(json.dumps(run_one(given.one, given)))
        return
    command = [sys.executable, "-m", "bench.encode", *sys.argv[1:], "--one"]
    subprocess.run([*command, "export"], cwd=ROOT, check=True)
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    for _ in range(given.rounds):
        for name, done in rounds.items():
            ended = subprocess.run([*command, name], cwd=ROOT, stdout=subprocess.PIPE, check=True)
            done.append(json.loads(ended.stdout.splitlines()[-1]))
            print(name, done[-1], file=sys.stderr)
    record = {
        "machine": machine(),
        "note": given.note,
        "baseline": BASELINE,
        "import_s": import_seconds(),
        "rounds": rounds,
        "best": {name: best(done) for name, done in rounds.items()},
    }
    stem = f"bench_encode_{given.label}" if given.label else "bench_encode"
    with whole_file(ROOT / f"results/{stem}.json") as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())
    with whole_file(ROOT / f"results/{stem}.md") as file:
        file.write(table(record).encode())
    print(table(record))


if __name__ == "__main__":
    main()
