"""Recipes as TOML: the shipped ones by name, read, extended, set key by key, written back."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from munjang.errors import InputError, unknown_name
from munjang.files import whole_file
from munjang.train.recipe import (
    DataPart,
    EvaluatePart,
    ModelPart,
    Recipe,
    TeacherPart,
    TrainPart,
)
from munjang.train.recipecheck import check_recipe
from munjang.train.recipekeys import SETTINGS, Place, Table, type_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Sequence

SHIPPED = Path(__file__).parent / "recipes"
"""The folder of the shipped recipes."""

_T = TypeVar("_T")

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class _Setting:
    """A value that replaces what the file says.

    Attributes:
        text: As it was given.
        stage: Which recipe it is for: 0 the one that is loaded, 1 the one before it, ….
        table: The value, inside the tables of a recipe.
    """

    text: str
    stage: int
    table: Table


def recipe_names() -> list[str]:
    """Returns the names of the shipped recipes, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def recipe_text(name: str) -> str:
    """Returns the file of a shipped recipe, comments included.

    Raises:
        InputError: No such recipe; the error offers the nearest name.
    """
    return _find(name, SHIPPED, shipped=True).read_text("utf-8")


def copy_recipe(name: str, out: str | Path) -> Path:
    """Copies a shipped recipe to be edited.

    Args:
        name: A shipped recipe.
        out: The file to write, ending in .toml, or a folder for it to lie in.

    Returns:
        The file that was written.

    Raises:
        InputError: No such recipe; a file that is there already, or cannot be written.
    """
    text = recipe_text(name)
    path = Path(out, f"{name}.toml") if Path(out).is_dir() else Path(out)
    if path.suffix != ".toml":
        raise InputError("a recipe's file ends in .toml", found=str(path))
    if path.exists():
        raise InputError(f"{path} is there already", fix="another name, or remove it first")
    with whole_file(path) as file:
        file.write(text.encode())
    return path


def load_recipe(name: str | Path, *, settings: Sequence[str] = ()) -> Recipe:
    """Loads a recipe, resolved and checked.

    A file has the keys of `munjang.train.recipe`, a table for each part of it, and two of
    its own: `extends` names a recipe whose keys hold where the file is silent, a table and
    a data set at a time (that recipe may not extend another); `before` names the recipe
    that is run first, on this one's base, or is a table with a recipe in it. They name a
    shipped recipe, or a file ending in .toml, looked for beside the file. `false` stands
    for None. `steps` and `epochs` replace each other.

    Args:
        name: A shipped recipe, or a file ending in .toml.
        settings: Values that replace the file's, as "train.batch_size=256". A value is
            TOML, or else a text as it stands. "before.train.epochs=2" is for the recipe
            that is run first; "model.base" is for all of them.

    Returns:
        The recipe; called like its file unless it says a name.

    Raises:
        InputError: No such recipe or file, or not TOML; an unknown key, a value of the
            wrong type or out of range, settings that exclude each other.

    Example:
        >>> settings = ["train.batch_size=16", "data.sts.use=우리_문장쌍.tsv"]
        >>> recipe = load_recipe("sbert-sts", settings=settings)
        >>> recipe.data["sts"].use, recipe.train.batch_size
        (('우리_문장쌍.tsv',), 16)
    """
    recipe = _load(_find(name, Path()), [_read_setting(text) for text in settings], trail=())
    check_recipe(recipe)
    return recipe


def to_toml(recipe: Recipe) -> str:
    r"""Writes a recipe as TOML, every key of it; `load_recipe` of that gives an equal one.

    Keys that are None are left out, or false where leaving out would mean something else;
    `epochs` is left out where `steps` is given.

    Example:
        >>> from munjang.train.recipe import DataPart, ModelPart, Recipe
        >>> data = {"글": DataPart(objective="dropout", use=("글.txt",))}
        >>> text = to_toml(Recipe(name="우리글", model=ModelPart(base="모델"), data=data))
        >>> print(*text.splitlines()[:9], sep="\n")
        name = "우리글"
        what = ""
        source = ""
        insist = []
        <BLANKLINE>
        [model]
        base = "모델"
        max_tokens = 128
        head = "none"
    """
    return "\n".join(_write_recipe(recipe, "")) + "\n"


def _find(name: object, folder: Path, *, shipped: bool = False) -> Path:
    """The file of a recipe: a shipped one by name, another by its path from a folder."""
    path = Path(str(name))
    if not shipped and (isinstance(name, Path) or path.suffix == ".toml"):
        return folder / path
    if str(name) not in recipe_names():
        raise unknown_name("recipe", str(name), recipe_names())
    return SHIPPED / f"{name}.toml"


def _read(path: Path) -> tuple[Table, Place]:
    name = f"recipe {path.stem}" if path.parent == SHIPPED else str(path)
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        found = error.strerror or str(error)
        raise InputError(f"cannot read the recipe {path}", found=found) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} is not TOML", found=str(error)) from error
    return table, Place(name, path.parent)


def _load(path: Path, settings: Sequence[_Setting], *, trail: tuple[Path, ...]) -> Recipe:
    if path.resolve() in trail:
        raise InputError(f"{path.name} is run before itself", fix="another recipe as `before`")
    table, place = _read(path)
    return _resolve(table, place, path.stem, settings, trail=(*trail, path.resolve()))


def _resolve(
    table: Table,
    place: Place,
    name: str,
    settings: Sequence[_Setting],
    *,
    trail: tuple[Path, ...],
    base: str | None = None,
) -> Recipe:
    """Makes the recipe of a table; `name` and `base` are its own where it says none."""
    whole: Table = {"name": name, "model": {"base": base} if base else {}}
    whole = _override(whole, _extended(table, place))
    own = [setting for setting in settings if setting.stage == 0]
    given: Table = functools.reduce(_merge, (setting.table for setting in own), {})
    _check_length(given, SETTINGS)
    known = whole.get("data", {})
    for part, keys in given.get("data", {}).items():
        if part not in known and "objective" not in keys:
            raise unknown_name(f"data set of {place.name} in {SETTINGS}", part, known)
    whole = _override(whole, given)
    later = [replace(each, stage=each.stage - 1) for each in settings if each.stage]
    stage = whole.pop("before", None)
    if stage is None:
        if later:
            raise InputError(f"{place.name} has no recipe before it", found=later[0].text)
        return _make(whole, None, place)
    before, there = stage
    base = whole["model"].get("base")
    if base and (isinstance(before, str) or "base" in given.get("model", {})):
        later.insert(0, _Setting(f"model.base={base}", 0, {"model": {"base": base}}))
    if isinstance(before, dict):
        inside = Place(f"[before] of {there.name}", there.folder)
        first = _resolve(before, inside, "before", later, trail=trail, base=base)
    else:
        first = _load(_find(before, there.folder), later, trail=trail)
    return _make(_merge({"model": {"base": first.model.base}}, whole), first, place)


def _extended(table: Table, place: Place) -> Table:
    """A file's table with what it extends beneath it, values typed."""
    own = _type_file(table, place)
    if "extends" not in table:
        return own
    parent, there = _read(_find(table["extends"], place.folder))
    if "extends" in parent:
        raise InputError(
            f"{place.name} extends {there.name}, which extends another",
            found=f"extends = {parent['extends']!r}",
            fix="extend that one: one level only",
        )
    under = _type_file(parent, there)
    under.pop("name", None)
    return _override(under, own)


def _type_file(table: Table, place: Place) -> Table:
    own = {key: value for key, value in table.items() if key != "extends"}
    typed = type_table(own, place)
    _check_length(typed, place.name)
    return typed


def _check_length(table: Table, place: str) -> None:
    train = table.get("train", {})
    if train.get("steps") is not None and "epochs" in train:
        raise InputError(
            f"train.steps and train.epochs in {place} exclude each other",
            found=f"steps = {train['steps']}, epochs = {train['epochs']:g}",
            fix="give one",
        )


def _override(under: Table, over: Table) -> Table:
    """Merges two tables; whichever of steps and epochs the upper one says, the other goes."""
    train, said = dict(under.get("train", {})), over.get("train", {})
    if said.get("steps") is not None:
        train.pop("epochs", None)
    if "epochs" in said:
        train.pop("steps", None)
    return _merge(under | {"train": train}, over)


def _merge(under: Table, over: Table) -> Table:
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(under.get(key), dict)
        merged[key] = _merge(under[key], value) if both else value
    return merged


def _read_setting(text: str) -> _Setting:
    path, equals, value = text.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not equals or not all(keys):
        raise InputError("a setting is KEY=VALUE", found=text, fix="train.batch_size=256")
    stage = 0
    while keys[0] == "before" and len(keys) > 1:
        keys, stage = keys[1:], stage + 1
    place = Place(SETTINGS, Path())
    try:
        return _Setting(text, stage, type_table(_nest(keys, _parse(value)), place))
    except InputError as error:
        try:  # a text that happens to be TOML, such as the file 2024
            table = type_table(_nest(keys, value), place)
        except InputError:
            raise error from None
        return _Setting(text, stage, table)


def _nest(keys: Sequence[str], value: object) -> Table:
    head, *rest = keys
    return {head: _nest(rest, value) if rest else value}


def _parse(value: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return value
    return parsed["value"] if len(parsed) == 1 else value


def _make(whole: Table, before: Recipe | None, place: Place) -> Recipe:
    teacher = whole.get("teacher")
    return Recipe(
        **{key: whole[key] for key in ("name", "what", "source", "insist") if key in whole},
        model=_make_part(ModelPart, whole["model"], "model", place),
        data={
            name: _make_part(DataPart, part, f"data.{name}", place)
            for name, part in whole.get("data", {}).items()
        },
        train=TrainPart(**whole["train"]),
        evaluate=EvaluatePart(**whole.get("evaluate", {})),
        teacher=None if teacher is None else _make_part(TeacherPart, teacher, "teacher", place),
        before=before,
    )


def _make_part(kind: type[_T], table: Table, key: str, place: Place) -> _T:
    for field in fields(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        if field.default is field.default_factory is MISSING and field.name not in table:
            raise InputError(
                f"{place.name} says no {key}.{field.name}", fix=f"{field.name} = … in [{key}]"
            )
    return kind(**table)


def _write_recipe(recipe: Recipe, prefix: str) -> list[str]:
    parts: dict[str, object] = {"model": recipe.model}
    parts |= {f"data.{_write_key(name)}": part for name, part in recipe.data.items()}
    parts |= {"train": recipe.train, "evaluate": recipe.evaluate}
    if recipe.teacher is not None:
        parts["teacher"] = recipe.teacher
    lines = [f"[{prefix[:-1]}]"] if prefix else []
    lines += [
        f"{key} = {_write_value(getattr(recipe, key))}"
        for key in ("name", "what", "source", "insist")
    ]
    for name, part in parts.items():
        lines += ["", f"[{prefix}{name}]", *_write_part(part)]
    if recipe.before is not None:
        lines += ["", *_write_recipe(recipe.before, f"{prefix}before.")]
    return lines


def _write_part(part: Any) -> list[str]:  # noqa: ANN401
    lines = []
    for field in fields(part):
        value = getattr(part, field.name)
        if field.name == "epochs" and getattr(part, "steps", None) is not None:
            continue
        if value is not None:
            lines.append(f"{field.name} = {_write_value(value)}")
        elif field.default is not None:
            lines.append(f"{field.name} = false")
    return lines


def _write_value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_write_value, value))}]"
    if isinstance(value, Mapping):
        pairs = [f"{_write_key(key)} = {_write_value(each)}" for key, each in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    return re.sub(r"e([+-])0", r"e\1", repr(value))


def _write_key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _write_value(key)
