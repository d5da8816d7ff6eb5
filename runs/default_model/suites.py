"""Measures the shipped models and their base on the whole suite and under edits.

    python runs/default_model/suites.py --base DIR --data-dir DIR [--keep DIR]

Half an hour on two cores with VNNI. Writes results/NAME-korean.json and
results/NAME-robust.json without their evidence (`munjang leaderboard` reads them), all
tables in results/suites.md, and the curves in results/robust.svg. --base is the folder of
the base encoder, which is run as OpenVINO fp32, exported on the way. Full records stay in
--keep; what lies there already is not measured again.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from records import RESULTS, measure_robust, measure_suite, publish, write

import munjang
from munjang.encode.folder import MANIFEST
from munjang.evaluate.comparison import compare_suites
from munjang.evaluate.picture_files import write_picture
from munjang.evaluate.pictures import draw_robustness
from munjang.evaluate.robust_report import robust_markdown
from munjang.evaluate.suite_report import suite_comparison_markdown, suite_markdown
from munjang.evaluate.tasks import load_task
from munjang.model.export import Origin, export_model

BASE = "multilingual-e5-small-ko"


def export_base(base: str, data_dir: Path, out: Path) -> None:
    """The base as one graph that pools by mean and puts its prompt by itself."""
    source = munjang.load(base, engine="torch", pooling="mean", prompt="query: ", device="cpu")
    export_model(
        source,
        out,
        pairs=load_task("korsts", split="dev", data_dir=data_dir),
        name=BASE,
        origin=Origin(
            "MIT", "intfloat/multilingual-e5-small, cut to 27,740 pieces, 4-bit widened", ()
        ),
    )


def main() -> None:
    """Measures, writes, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="the base encoder's folder")
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--keep", type=Path, help="the folder of the full records")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        keep = given.keep or Path(scratch)
        folder = keep / BASE
        if not (folder / MANIFEST).exists():
            export_base(given.base, given.data_dir, folder)
        models = {munjang.load(shipped).name: shipped for shipped in ("default", "tiny")}
        named = (models | {BASE: str(folder)}).items()
        suites = [measure_suite(name, model, given.data_dir, keep) for name, model in named]
        robust = [measure_robust(name, model, given.data_dir, keep) for name, model in named]
    for suite, edited in zip(suites, robust, strict=True):
        publish(suite, edited)
    write_picture(draw_robustness(robust), RESULTS / "robust.svg")
    parts = ["# The suite\n", "Written by `python runs/default_model/suites.py`.\n"]
    for suite in suites:
        parts += [f"## {suite.model}\n", suite_markdown(suite)]
    comparison = suite_comparison_markdown(compare_suites(suites, progress=True))
    parts += ["## Side by side\n", comparison]
    parts += ["## Under edits\n", robust_markdown(robust), "![curves](robust.svg)\n"]
    text = "\n".join(parts)
    write(RESULTS / "suites.md", text)
    print(text)


if __name__ == "__main__":
    main()
