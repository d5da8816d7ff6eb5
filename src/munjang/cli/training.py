"""Verbs that make a model: train, port, push; and the recipes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from munjang import console
from munjang.cli.options import AsJson, DataDir, Pickle
from munjang.errors import InputError

app = typer.Typer()
recipes = typer.Typer(no_args_is_help=True, help="Training recipes: list, show, copy.")


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, or a .toml file of yours.")],
    base: Annotated[
        str | None,
        typer.Option(help="What to start from, a folder or a hub id; else the recipe's."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Your file, or a known NAME:SPLIT; NAME=FILE for one set."
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Your scored pairs, for the table before and after."),
    ] = None,
    dev: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Pairs that choose the checkpoint; else KorSTS-dev."),
    ] = None,
    robust: Annotated[
        float | None,
        typer.Option(
            metavar="DOSE", help="Teach typos and spacing too: edits up to this dose, 0 to 1."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Any key of the recipe, as often as needed."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", file_okay=False, show_default="trained/RECIPE", help="The run."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what is in --out, if anything is.")
    ] = False,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; else a GPU if there is one.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="So many, a GPU each.")] = 1,
    allow_pickle: Pickle = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Train a sentence encoder by a recipe.

    The run folder gets the model (for sentence-transformers and munjang),
    its card, scores before and after, the resolved recipe and a log.
    Stopped or killed, the same command with --resume goes on.

    Example: munjang train cosent --base my-model --set train.batch_size=32
    """
    from munjang.train.launch import is_first, is_launched, launch
    from munjang.train.recipefile import load_recipe

    wishes = [f"model.base={base}"] if base else []
    wishes += [f"evaluate.dev={dev}"] if dev else []
    wishes += [f"evaluate.report={json.dumps(pairs, ensure_ascii=False)}"] if pairs else []
    wishes += [f"train.robust={robust}"] if robust is not None else []
    wishes += _data_settings(data or [], list(load_recipe(recipe, settings=settings or []).data))
    resolved = load_recipe(recipe, settings=[*wishes, *(settings or [])])
    folder = out or Path("trained") / resolved.name
    if processes > 1 and not is_launched():
        given = {"--out": str(folder), "--device": device, "--data-dir": data_dir}
        again = [f"{name}={value}" for name, value in given.items() if value is not None]
        again += [f"--set={wish}" for wish in (*wishes, *(settings or []))]
        flags = {"--resume": resume, "--allow-pickle": allow_pickle, "--json": as_json}
        again += [flag for flag, on in flags.items() if on]
        raise typer.Exit(launch(["train", recipe, *again], processes, device=device))
    from munjang.train import train as train_recipe

    run = train_recipe(
        resolved,
        out=folder,
        resume=resume,
        data_dir=data_dir,
        device=device,
        allow_pickle=allow_pickle,
        progress=is_first(),
        say=console.note if is_first() else None,
    )
    if not is_first():
        return
    if console.wants_json(asked=as_json):
        scores = {
            when: [json.loads(result.to_json(similarities=False)) for result in results]
            for when, results in (("before", run.before), ("after", run.after))
        }
        console.emit_json({"out": str(folder), **run.manifest, **scores})
        return
    from munjang.evaluate import report

    for first, last in zip(run.before, run.after, strict=True):
        report.print_table([first, last], console=console.terminal())
    for gain in run.gains:
        console.note(
            f"{gain['task']} {gain['split']}: {gain['verdict']} than the base"
            if gain["verdict"] != "within noise"
            else f"{gain['task']} {gain['split']}: no more than noise away from the base"
        )
    if run.robust_before is not None and run.robust_after is not None:
        old, new = run.robust_before, run.robust_after
        console.note(
            f"{new.task} {new.split}, {new.rows:,} pairs, one side edited: "
            f"{100 * old.kept:.1f}% of the score kept before, {100 * new.kept:.1f}% after"
        )
    console.note(f"model: {run.model}")


@app.command()
def port(
    checkpoint: Annotated[str, typer.Argument(help="A .pt file, a model folder or a hub id.")],
    out: Annotated[Path, typer.Option("--out", "-o", file_okay=False, help="The folder to write.")],
    base: Annotated[
        str | None, typer.Option(help="The architecture of a .pt, which names none.")
    ] = None,
    pooling: Annotated[
        str | None, typer.Option(help="cls, mean, lasttoken or pooler (BERT's own dense layer).")
    ] = None,
    normalize: Annotated[
        bool | None, typer.Option("--normalize/--no-normalize", help="Vectors of length 1.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="FILE", help="More sentences to compare on, one a line.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --out.")] = False,
    allow_pickle: Pickle = False,
    as_json: AsJson = False,
) -> None:
    """Port a legacy checkpoint to a current sentence-transformers folder.

    With the pooling it was trained with. Its vectors are compared with the
    source's own; beyond 1e-5 nothing is written and the exit code is 3.

    Example: munjang port kosimcse.pt --base klue/bert-base --pooling cls --out kosimcse
    """
    from munjang import inputs
    from munjang.model.port import port_checkpoint

    result = port_checkpoint(
        checkpoint,
        out,
        base=base,
        pooling=pooling,
        normalize=normalize,
        texts=inputs.read_texts(text) if text else (),
        overwrite=overwrite,
        allow_pickle=allow_pickle,
    )
    record = {"out": str(out), **asdict(result)}
    if console.wants_json(asked=as_json):
        console.emit_json(record)
    else:
        console.show_record("ported", record)


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="A run, or a model's folder.")],
    repo: Annotated[str, typer.Argument(help="Where to, as NAME/MODEL.")],
    private: Annotated[bool, typer.Option("--private", help="For you alone.")] = False,
    dry_run: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write the upload there, send nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Upload a model, with its card, to the Hugging Face hub.

    The card is made from the run's records, in Korean and English.

    Example: munjang push trained/cosent my-name/my-model --dry-run upload
    """
    from munjang.model.hub import push_model

    record = asdict(push_model(folder, repo, private=private, dry_run=dry_run))
    if console.wants_json(asked=as_json):
        console.emit_json(record)
    else:
        console.show_record("written" if dry_run else "pushed", record)


@recipes.command("list")
def recipes_list(as_json: AsJson = False) -> None:
    """List the shipped recipes: what each is and where it was published.

    Example: munjang recipes list
    """
    from munjang.train.recipefile import load_recipe, recipe_names

    console.show_recipes([load_recipe(name) for name in recipe_names()], as_json=as_json)


@recipes.command("show")
def recipes_show(
    name: Annotated[str, typer.Argument(help="A recipe of `munjang recipes list`.")],
    as_json: AsJson = False,
) -> None:
    """Print a recipe's file; with --json, all its settings resolved.

    Example: munjang recipes show simcse-sup
    """
    from munjang.train.recipefile import load_recipe, recipe_text

    if as_json:
        console.emit_json(asdict(load_recipe(name)))
    else:
        console.emit(recipe_text(name))


@recipes.command("copy")
def recipes_copy(
    name: Annotated[str, typer.Argument(help="A recipe of `munjang recipes list`.")],
    out: Annotated[Path | None, typer.Argument(help="The file to write; else NAME.toml.")] = None,
) -> None:
    """Copy a recipe, to be edited and trained.

    Example: munjang recipes copy cosent mine.toml
    """
    from munjang.train.recipefile import copy_recipe

    path = copy_recipe(name, out or Path(f"{name}.toml"))
    console.note(f"edit {path}, then: munjang train {path}")


def _data_settings(given: list[str], names: list[str]) -> list[str]:
    """Settings that put files in the place of a recipe's data sets."""
    chosen: dict[str, list[str]] = {}
    for each in given:
        name, sign, ref = each.partition("=")
        if not sign or name not in names:
            if len(names) > 1:
                raise InputError(
                    f"--data {each} does not say which data set it is",
                    fix=" or ".join(f"--data {known}={each}" for known in names),
                )
            name, ref = names[0], each
        chosen.setdefault(name, []).append(ref)
    return [
        f"data.{name}.use={json.dumps(refs, ensure_ascii=False)}" for name, refs in chosen.items()
    ]
