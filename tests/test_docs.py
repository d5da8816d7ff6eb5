"""The pages of docs/ hold together and are true of the code: recipes, commands, keys, links.

Nothing is trained: `munjang train` lines go through the command line up to the function that
would train, and the example tables of a page are read as the recipe would read them. What can
be run is run by test_readme.py.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple, get_args, get_origin, get_type_hints

import pytest
import typer

import munjang.train
from munjang.cli import app, main
from munjang.errors import MissingExtraError
from munjang.korean.perturb import EDITS
from munjang.train.recipe import (
    DataPart,
    EvaluatePart,
    ModelPart,
    Recipe,
    TeacherPart,
    TrainPart,
)
from munjang.train.recipefile import load_recipe, recipe_names
from munjang.train.recipekeys import Place, type_table
from munjang.train.sources import read_scored, read_source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
NAMES = sorted({page.name for page in PAGES})
TABLES = (Recipe, ModelPart, DataPart, TrainPart, EvaluatePart, TeacherPart)
"""The dataclasses in the order of the tables of recipe-keys.md."""

_BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_SHOWN = re.compile(
    r"^```python\n(?P<code>.*?)^```\n\n```text\n(?P<printed>.*?)^```$", re.DOTALL | re.MULTILINE
)
"""Python, and right below it what it prints."""

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| .+ \|$", re.MULTILINE)


class Block(NamedTuple):
    """A block of code; `file` is the name that the page gives to an example file."""

    language: str
    file: str | None
    text: str


def read_blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [Block(block["language"], block["file"], block["text"]) for block in found]


def read_prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text("utf-8"))


def commands(page: Path) -> list[list[str]]:
    """What follows `munjang` in the lines of a page's bash blocks."""
    lines = [
        shlex.split(line)
        for block in read_blocks(page)
        if block.language == "bash"
        for line in block.text.splitlines()
    ]
    return [words[words.index("munjang") + 1 :] for words in lines if "munjang" in words]


def find_verb(words: list[str]) -> tuple[object, list[str]]:
    """The verb that a command line names, and what follows it."""
    verb, rest = typer.main.get_command(app), list(words)
    while hasattr(verb, "commands") and rest:
        name = rest.pop(0)
        assert name in verb.commands, f"no verb {name}: munjang {shlex.join(words)}"
        verb = verb.commands[name]
    return verb, rest


def named_recipes(text: str) -> set[str]:
    """The recipes that stand in backticks, or after `munjang train`."""
    spelled = {*re.findall(r"`([\w-]+)`", text), *re.findall(r"munjang train ([\w-]+)", text)}
    return spelled & set(recipe_names())


def introduced_recipes(page: Path) -> set[str]:
    """The recipes that the first section of a page names without sending readers elsewhere."""
    first = read_prose(page).split("\n## ")[1]
    return named_recipes(re.sub(r"\[[^]]*\]\([^)]*\)", "", first))


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS))


each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
each_name = pytest.mark.parametrize("name", NAMES)
each_language = pytest.mark.parametrize("language", ["en", "ko"])


# --- two languages ----------------------------------------------------------------------


@each_name
def test_both_languages_have_the_same_page(name):
    english, korean = DOCS / "en" / name, DOCS / "ko" / name
    assert english.is_file()
    assert korean.is_file()
    assert f"(../ko/{name})" in english.read_text("utf-8")
    assert f"(../en/{name})" in korean.read_text("utf-8")
    assert read_blocks(english) == read_blocks(korean)
    for sign in ("\n## ", "\n- ", "\n|"):
        counts = [page.read_text("utf-8").count(sign) for page in (english, korean)]
        assert counts[0] == counts[1], f"{counts} times {sign!r}"
    assert named_recipes(english.read_text("utf-8")) == named_recipes(korean.read_text("utf-8"))


@each_name
def test_both_languages_state_the_same_figures(name):
    figures = [
        re.findall(r"\d+\.\d\d(?!\d)", (DOCS / language / name).read_text("utf-8"))
        for language in ("en", "ko")
    ]
    assert sorted(figures[0]) == sorted(figures[1])


@each_language
def test_every_recipe_has_one_page(language):
    folder = DOCS / language
    homes = {page.name: introduced_recipes(page) for page in folder.glob("recipes-*.md")}
    for recipe in recipe_names():
        assert sum(recipe in found for found in homes.values()) == 1, recipe
    assert set(recipe_names()) <= named_recipes((folder / "training.md").read_text("utf-8"))


# --- what is typed ----------------------------------------------------------------------


@each_page
def test_every_command_parses(page):
    for words in commands(page):
        verb, rest = find_verb(words)
        verb.make_context(words[0], rest)
    for inline in re.findall(r"`munjang ([a-z][^`]*)`", read_prose(page)):
        verb, rest = find_verb(inline.split())
        known = {option for parameter in verb.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= known, inline


@each_page
def test_every_training_is_one_that_can_begin(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    begun: list[Recipe] = []

    def begin(recipe, **_):
        begun.append(recipe)
        return SimpleNamespace(manifest={}, before=(), after=(), model=Path())

    monkeypatch.setitem(vars(munjang.train), "train", begin)
    monkeypatch.setattr(
        "munjang.train.launch.launch", lambda arguments, *_, **__: main([*arguments])
    )
    blocks = read_blocks(page)
    for words in commands(page):
        if words[0] == "train":
            count = len(begun)
            assert main(words) == 0, f"munjang {shlex.join(words)}\n{capsys.readouterr().err}"
            assert len(begun) == count + 1
        elif words[:2] == ["recipes", "copy"]:
            assert main(words) == 0
    for block in blocks:
        if block.language == "toml":
            begun += read_toml(block.text, tmp_path)
    examples = {block.file: block.text for block in blocks if block.file}
    used = [read_examples(recipe, examples) for recipe in begun]
    assert set().union(*used) == set(examples), "an example file that nothing reads"


def read_toml(text: str, folder: Path) -> list[Recipe]:
    """The recipe of a block; of a fragment only the keys and types are checked."""
    table = tomllib.loads(text)
    if "extends" in table or "base" in table.get("model", {}):
        path = folder / "block.toml"
        path.write_text(text, "utf-8")
        return [load_recipe(path)]
    assert type_table(table, Place("a block", folder))
    return []


def read_examples(recipe: Recipe, examples: dict[str, str]) -> set[str]:
    """Reads the example files that a recipe names, as it would; returns their names."""
    used = set()
    for name, part in recipe.data.items():
        own = tuple(ref for ref in part.use if ref in examples)
        for ref in own:
            Path(ref).write_text(examples[ref], part.encoding)
        if own:
            objective = "distill" if part.labels == "teacher" else part.objective
            wanted = dataclasses.replace(part, use=own, objective=objective)
            source = read_source(name, wanted, held_out=[], seed=recipe.train.seed)
            assert len(source.rows) >= 2
            assert not source.dropped
        used |= {*own}
    for ref in {recipe.evaluate.dev, *recipe.evaluate.report} & set(examples):
        Path(ref).write_text(examples[ref], "utf-8")
        assert read_scored(ref, columns=recipe.evaluate.columns)
        used.add(ref)
    return used | (read_examples(recipe.before, examples) if recipe.before else set())


@each_page
def test_python_blocks_are_python(page):
    for block in read_blocks(page):
        if block.language == "python":
            compile(block.text, str(page), "exec")


@each_page
def test_what_python_prints_stands_below_it(page):
    names: dict[str, object] = {}
    for block in _SHOWN.finditer(page.read_text("utf-8")):
        try:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(block["code"], str(page), "exec"), names)  # noqa: S102 - it is ours
        except MissingExtraError as error:
            pytest.skip(str(error))
        assert printed.getvalue() == block["printed"]


@each_language
def test_every_edit_has_its_row_and_its_example(language):
    edits = (DOCS / language / "robustness.md").read_text("utf-8").split("\n## ")[1]
    rows = re.findall(r"^\| `([\w-]+)` \|.*\|([^|]*)\|$", edits, re.MULTILINE)
    assert {name: bool(kiwi.strip()) for name, kiwi in rows} == {
        name: edit.needs_kiwi for name, edit in EDITS.items()
    }
    printed = "".join(block["printed"] for block in _SHOWN.finditer(edits))
    assert {line.split(" | ")[0] for line in printed.splitlines()} == set(EDITS)


# --- links ------------------------------------------------------------------------------


@each_page
def test_links_resolve(page):
    for link in _LINK.findall(read_prose(page)):
        assert not link.startswith("http"), "the docs are read offline too"
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.parent != ROOT / "results":  # written by runs/, not by hand
            assert target.is_file(), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), link


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# --- keys -------------------------------------------------------------------------------


def key_tables(language: str) -> list[dict[str, tuple[str, str]]]:
    """Default and values by key, table by table."""
    sections = (DOCS / language / "recipe-keys.md").read_text("utf-8").split("\n## ")[1:]
    return [{key: (default, values) for key, default, values in _ROW.findall(s)} for s in sections]


@each_language
@pytest.mark.parametrize("place", range(len(TABLES)), ids=[kind.__name__ for kind in TABLES])
def test_every_key_is_there_with_its_default(language, place):
    kind, table = TABLES[place], key_tables(language)[place]
    fields = {field.name: field for field in dataclasses.fields(kind)}
    assert set(table) == {*fields, *(["extends"] if kind is Recipe else [])}
    hints = get_type_hints(kind, localns={"Mapping": dict})
    for name, field in fields.items():
        default, values = table[name]
        if get_origin(hints[name]) is not None and str in map(type, get_args(hints[name])):
            named = re.findall(r'`"([\w-]+)"`', values)
            assert set(named) == set(get_args(hints[name])), name
        if field.default is dataclasses.MISSING and field.default_factory in (
            dataclasses.MISSING,
            TrainPart,
            EvaluatePart,
        ):
            assert "`" not in default, f"{name} has no default that is a value"
            continue
        wanted = field.default_factory() if field.default is dataclasses.MISSING else field.default
        if default == "–":
            assert wanted is None, name
            assert type_table({name: False}, Place("", Path()), kind=kind)[name] is False
        else:
            shown = tomllib.loads(f"{name} = {default.strip('`')}")
            assert type_table(shown, Place("", Path()), kind=kind)[name] == wanted, name
