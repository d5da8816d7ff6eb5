"""The tables of the run, in Markdown."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from held_out import CHOOSING, TESTS
from shares import BEFORE, GUARDS, MEANS, MOST_LOSS, SHARP, SHARP_MEANS, SIMILARITY

from munjang.evaluate.published import published_rows
from munjang.evaluate.report import markdown_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from munjang.evaluate.tasks import StsResult

_STEPS = {
    "base": "the base",
    "graded-alone": "graded pairs alone, seed 1",
    "contrastive": "1. contrastive, seed 1",
    "graded-1": "2. then graded pairs, seed 1",
    "graded-2": "2. then graded pairs, seed 2",
    "graded-3": "2. then graded pairs, seed 3",
    "settle": "3. graded pairs, petitions, headlines, seed 1",
    "trimmed": "5. vocabulary cut, float16",
    "korean": "6. a Korean vocabulary learns the vectors",
    "korean-words": "6. then the words, most of the sentences",
    "korean-words-2": "6. and once more, all of them",
    "korean-search": "6. then the vectors again, and search",
    "korean-mean": "6. the mean of the last two",
    BEFORE: "6. in float16",
    **{
        name: f"7. graded pairs once more, the vectors before, search, seed {seed}"
        for seed, name in enumerate(SHARP, 1)
    },
    "float16": "8. in float16",
    "int8": "8. int8, as shipped",
}


def write_report(
    record: Mapping[str, Any], results: Sequence[StsResult], tried: Sequence[Mapping[str, Any]]
) -> str:
    """All tables; `record` and `tried` are what two files of results/ keep."""
    parts = [
        "# The shipped model\n",
        "Written by `python runs/default_model`.\n",
        "## What each step did\n",
        _steps(record["steps"], (record["chosen"], record["sharpened"])),
        _legend(record),
        "## Tried, and not taken\n",
        _tried(tried, record["steps"]),
        "## Seeds\n",
        _seeds(record["steps"]),
        "## Runs\n",
        told_runs(record["runs"]),
        "## The shipped file\n",
        _shipped(record),
        "## What tests share with training text\n",
        _overlaps(record["overlaps"]),
        "## Beside the published rows\n",
    ]
    for task, split in dict.fromkeys((result.task, result.split) for result in results):
        own = [result for result in results if (result.task, result.split) == (task, split)]
        parts.append(markdown_table(own, published=published_rows(task, split)))
    return "\n".join(parts)


def markdown_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is words, the others are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def score_table(what: str, scores: Mapping[str, Mapping[str, float]]) -> str:
    """What each model has on the held-out rows and the tests, by what the table calls it."""
    keys = [*CHOOSING, *TESTS]
    rows = [[name, *(f"{found[key]:.2f}" for key in keys)] for name, found in scores.items()]
    return markdown_rows([what, *keys], rows)


def _steps(steps: Mapping[str, Mapping[str, float]], chosen: Sequence[str]) -> str:
    return score_table("step", {_step(name, chosen): found for name, found in steps.items()})


def _step(name: str, chosen: Sequence[str]) -> str:
    taken = " (taken)" if name in chosen else ""
    for number, means in ((4, MEANS), (7, SHARP_MEANS)):
        if name in means:
            shares = ", ".join(f"{part} {share:.0%}" for part, share in means[name].items())
            return f"{number}. mean: {shares}{taken}"
    return _STEPS[name] + taken


def _legend(record: Mapping[str, Any]) -> str:
    before, after = (record["steps"][name] for name in ("trimmed", BEFORE))
    cost = statistics.mean(before[key] - after[key] for key in SIMILARITY)
    what = "; ".join(f"{key}: {words}" for key, words in (CHOOSING | TESTS).items())
    note = f" {record['note']}" if record["note"] else ""
    return (
        f"x100. {what}. Up to step 7 in bfloat16 where the CPU is made for it, then in float32. "
        "The best average of korsts-dev and klue-held was taken, first among the means of step 4 "
        "and step 3, then among the means of step 7 and the weights before it: of "
        f"those that lose at most {MOST_LOSS:g} against the base on each of {', '.join(GUARDS)}, "
        "or that miss this by the least. Step 3 reads some of the headlines of ynat-train, without "
        "their topics, and step 1 sentences of ParaKQC that stand in a third of the rows of "
        "klue-held. "
        f"Step 6 was taken for its speed, at the price of {cost:.2f} of that average. "
        "Nothing was chosen by the tests. How the model stands on whole search, cluster and "
        f"translation tests: [suites.md](suites.md).{note}\n"
    )


def _tried(tried: Sequence[Mapping[str, Any]], steps: Mapping[str, Mapping[str, float]]) -> str:
    scores = {"the weights of step 5": steps["trimmed"], "the weights of step 6": steps[BEFORE]}
    scores |= {each["name"]: each["scores"] for each in tried}
    told = [f"{each['name']}: {each['what']}; seed {each['seed']}." for each in tried]
    told += [
        "Continued pre-training (TSDAE) before step 2: [pretraining.md](pretraining.md).",
        "The learning rate of step 2: [learning_rates.md](learning_rates.md).",
    ]
    return "\n".join([score_table("way", scores), *(f"{line}\n" for line in told)])


def _seeds(steps: Mapping[str, Mapping[str, float]]) -> str:
    runs = {"step 2": ("graded-1", "graded-2", "graded-3"), "step 7": SHARP}
    tables = [seed_table(what, [steps[name] for name in names]) for what, names in runs.items()]
    return "\n".join([*tables, "Three seeds of step 3: [settling.md](settling.md).\n"])


def seed_table(what: str, runs: Sequence[Mapping[str, float]]) -> str:
    """What the same run has with three seeds: of each column mean, deviation and range."""
    rows = []
    for key in (*CHOOSING, *TESTS):
        values = [run[key] for run in runs]
        mean, spread = statistics.mean(values), statistics.stdev(values)
        rows.append([key, f"{mean:.2f}", f"{spread:.2f}", f"{min(values):.2f}–{max(values):.2f}"])
    return markdown_rows([f"three seeds of {what}", "mean", "standard deviation", "range"], rows)


def told_runs(runs: Mapping[str, Mapping[str, Any]]) -> str:
    """What each run was trained on, and for how long."""
    rows = []
    for name, run in runs.items():
        data = ", ".join(f"{part} {found['rows']:,}" for part, found in run["data"].items())
        minutes = f"{run['minutes']:.0f}"
        rows.append([name, data, f"{run['steps']:,}", minutes, run["device"]])
    return markdown_rows(["run", "rows", "steps", "minutes", "device"], rows)


def told_gate(gate: Mapping[str, float]) -> str:
    """What int8 cost on the rows of the gate."""
    return (
        f"Gate on KorSTS-dev: cosine Spearman {gate['source']:.2f} in float32 and "
        f"{gate['exported']:.2f} in int8; mean cosine {gate['mean_cosine']:.5f}, least "
        f"{gate['least_cosine']:.5f}."
    )


def told_gains(gains: Iterable[Mapping[str, Any]]) -> list[str]:
    """What `steps.gains` found, a line a test."""
    return [
        f"{gain['task']} {gain['split']}: {100 * gain['value']:+.2f} against {gain['over']}, 95% "
        f"interval {100 * gain['low']:+.2f} to {100 * gain['high']:+.2f}, paired bootstrap."
        for gain in gains
    ]


def _shipped(record: Mapping[str, Any]) -> str:
    cut = record["trimmed"]
    before, after = cut["before"], cut["after"]
    old, new = record["vocabulary"]["before"], record["vocabulary"]["after"]
    lines = [
        f"Vocabulary: {before['pieces']:,} pieces before, {after['pieces']:,} after; "
        f"{before['parameters']:,} parameters before, {after['parameters']:,} after; "
        f"{before['tokens']:.2f} and {after['tokens']:.2f} tokens a held-out sentence; KorSTS-dev "
        f"{before['spearman']:.2f} and {after['spearman']:.2f}.",
        f"A Korean one: {old['pieces']:,} pieces before, {new['pieces']:,} after; "
        f"{old['parameters']:,} parameters before, {new['parameters']:,} after; "
        f"{old['tokens']:.2f} and {new['tokens']:.2f} tokens a sentence of KorSTS-dev, the prompt "
        "and the special ones included.",
        told_gate(record["gate"]),
    ]
    return "\n\n".join([*lines, *told_gains(record["gains"])]) + "\n"


def _overlaps(overlaps: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [each["train"], each["test"], f"{each['shared']:,}", f"{each['sentences']:,}"]
        for each in overlaps
    ]
    return (
        markdown_rows(["training set", "test", "shared sentences", "sentences of the test"], rows)
        + "\nSingle sentences, letters and digits compared, of the whole training sets; the "
        "rows of KorNLI and the petitions are not counted. Pairs that stand in a test whole, "
        "groups of paraphrases with a sentence of it, and of step 6 every sentence that stands in "
        "one were left out of training. What the base read is not known.\n"
    )
