"""The card of a trained model, Korean and English, from the records of its run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from munjang.encode import zoo
from munjang.evaluate.report import markdown_table
from munjang.files import whole_file
from munjang.model.card_robust import tell_robust
from munjang.model.card_words import choose_licence, tell_gains, tell_limits, title_of
from munjang.model.plain_card import LOCAL, front_matter, read_facts
from munjang.model.run_records import NOT_STATED, name_base, read_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from huggingface_hub import EvalResult

    from munjang.evaluate.tasks import StsResult
    from munjang.model.run_records import DataRecord, RunRecord

CARD = "README.md"

_HUB_SETS = {
    "korsts": "kakaobrain/kor_nlu",
    "kornli": "kakaobrain/kor_nli",
    "klue-sts": "klue/klue",
    "klue-nli": "klue/klue",
}
"""Where the hub has a data set of the catalog, by its id."""

_DATA_HEAD = ("", "objective", "rows", "dropped", "from (sha256)", "licence")
_RUN_HEAD = ("recipe", "steps", "minutes", "device", "processes", "sentences/s", "padding", "seed")

_CARD = Template("""\
$front
# $name

한국어 문장 임베딩 모델입니다. munjang의 레시피 `$name`로 `$base`에서 학습했습니다.

A Korean sentence encoder, trained from `$base` with munjang's recipe `$name`$what.

## 쓰기 / Use

$use
$facts
## 측정 / Measured

$gains

$tables
$robust## 학습 데이터 / Training data

$data
$licence_ko

$licence_en

## 학습 / Training

$runs
<details><summary>recipe.toml</summary>

```toml
$toml
```

</details>

## 못하는 것 / What it is bad at

$limits_ko

$limits_en
""")


def write_training_card(run_dir: str | Path) -> Path:
    """Writes the card of a finished run into its model folder.

    Every number in it comes from the run's records. The licence follows the data: what
    was trained on share-alike data is share-alike. Where nothing was gained over the
    base, the card says so.

    Args:
        run_dir: The run folder, with recipe.toml, manifest.json, scores.json and model/.

    Returns:
        The path of the card, RUN/model/README.md.

    Raises:
        DataError: A record is missing or malformed.
        ModelError: The model folder is not whole.
        InputError: The card cannot be written.
    """
    path = Path(run_dir) / "model" / CARD
    text = training_card(Path(run_dir))
    with whole_file(path) as file:
        file.write(text.encode())
    return path


def training_card(run_dir: Path, *, shown_as: str = LOCAL) -> str:
    """Composes the card of a finished run; errors as `write_training_card`.

    Args:
        run_dir: The run folder.
        shown_as: What a reader passes to `munjang.load`.

    Returns:
        The card, Markdown with the hub's front matter.
    """
    runs = read_runs(run_dir)
    first, last = runs[0], runs[-1]
    facts = read_facts(run_dir / "model")
    data = [entry for run in runs for entry in run.data]
    names = {name for entry in data for name in entry.known}
    hub_base, base = name_base(str(first.manifest["base"]))
    licence = choose_licence({name for e in data for name in e.licences}, zoo.find(base))
    limits_ko, limits_en = tell_limits(
        names,
        last.after,
        max_tokens=facts.max_tokens,
        prompt=facts.prompt,
        warnings=[warning for run in runs for warning in run.warnings],
    )
    name = str(last.manifest["recipe"])
    return _CARD.substitute(
        front=front_matter(
            license=licence.tag,
            name=name,
            base_model=hub_base,
            datasets=sorted({_HUB_SETS[each] for each in names if each in _HUB_SETS}),
            tags=["munjang", *sorted({entry.objective for entry in data})],
            results=_model_index(last.after),
        ),
        name=name,
        base=base,
        what=f": {last.what.rstrip('.')}" if last.what else "",
        use=facts.usage(shown_as),
        facts=facts.to_markdown(),
        gains=tell_gains(first.before, last.after),
        tables="\n".join(_score_tables(runs)),
        robust=_robust_sections(runs),
        data=_table(_DATA_HEAD, map(_data_cells, data)),
        licence_ko=licence.ko,
        licence_en=licence.en,
        runs=_table(_RUN_HEAD, map(_run_cells, runs)) + _tell_run(last),
        toml=last.toml,
        limits_ko=limits_ko,
        limits_en=limits_en,
    )


def _score_tables(runs: Sequence[RunRecord]) -> list[str]:
    """A table for each set: the base, then what each run made of it."""
    rows: dict[tuple[str, str], list[StsResult]] = {}
    for result in [*runs[0].before, *(result for run in runs for result in run.after)]:
        rows.setdefault((result.task, result.split), []).append(result)
    return [markdown_table(results) for results in rows.values()]


def _robust_sections(runs: Sequence[RunRecord]) -> str:
    """What each run says of edited text; a later run's base goes by the name of what made it."""
    sections = []
    for number, run in enumerate(runs):
        if run.robust is not None:
            before, after = run.robust
            if number:
                before = replace(before, model=str(runs[number - 1].manifest["recipe"]))
            sections.append(tell_robust(before, after))
    return "".join(sections)


def _model_index(results: Iterable[StsResult]) -> list[EvalResult]:
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type="semantic-similarity",
            task_name="Semantic Similarity",
            dataset_type=_HUB_SETS.get(result.task, "unknown"),
            dataset_name=title_of(result),
            dataset_split=result.split,
            metric_type=f"{metric}_cosine",
            metric_name=f"{metric.title()} Cosine",
            metric_value=round(float(getattr(result.correlations, f"cosine_{metric}")), 6),
        )
        for result in results
        for metric in ("pearson", "spearman")
    ]


def _data_cells(entry: DataRecord) -> tuple[str, ...]:
    dropped = ", ".join(f"{rows:,} {why}" for why, rows in entry.dropped.items())
    files = ", ".join(f"{ref} ({mark[:12]})" for ref, mark in entry.files.items())
    licences = ", ".join(entry.licences) or NOT_STATED
    return entry.name, entry.objective, f"{entry.rows:,}", dropped or "–", files or "–", licences


def _run_cells(run: RunRecord) -> tuple[str, ...]:
    manifest = run.manifest
    speed = manifest.get("throughput")
    return (
        str(manifest["recipe"]),
        f"{manifest['steps']:,}",
        f"{manifest['minutes']:.1f}",
        str(manifest["device"]),
        str(manifest["processes"]),
        f"{speed['sentences_per_second']:,.0f}" if speed else "–",
        f"{speed['padding_share']:.0%}" if speed else "–",
        str(manifest["seed"]),
    )


def _tell_run(run: RunRecord) -> str:
    best, versions = run.manifest.get("best", {}), run.manifest.get("versions", {})
    told = [", ".join(f"{name} {version}" for name, version in versions.items())]
    if best.get("dev") is not None:
        told.append(f"checkpoint of step {best['step']:,}, {100 * best['dev']:.2f} on dev")
    return "".join(f"\n{line}.\n" for line in told if line)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)
