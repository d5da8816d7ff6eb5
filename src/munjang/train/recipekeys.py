"""The keys of a recipe's tables: their names and types are those of its dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from munjang.errors import InputError, unknown_name
from munjang.train.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

Table: TypeAlias = dict[str, Any]
"""A table of TOML."""

SETTINGS = "settings"
"""The place of what a user sets beside the file."""

_TYPES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands.

    Attributes:
        name: What errors call it: a recipe, a file, or `SETTINGS`.
        folder: Where its paths to other recipes start.
    """

    name: str
    folder: Path


def type_table(table: object, place: Place, *, kind: type = Recipe, key: str = "") -> Table:
    """Turns the values of a table into what the fields of a dataclass hold.

    A list stands for a tuple, one value for a tuple of one, "" for an empty one; a whole
    number for a float too; `false` for None. What is run before comes as it stands,
    together with its place.

    Args:
        table: A recipe as TOML has it, any keys of it.
        place: Where it stands.
        kind: The dataclass.
        key: The table's own key, where it lies in another.

    Returns:
        The keys that the table has, inner tables as tables.

    Raises:
        InputError: An unknown key or name, or a value of the wrong type.

    Example:
        >>> from pathlib import Path
        >>> table = {"train": {"epochs": 2}, "data": {"sts": {"use": "문장쌍.tsv"}}}
        >>> type_table(table, Place("recipe 내것", Path()))
        {'train': {'epochs': 2.0}, 'data': {'sts': {'use': ('문장쌍.tsv',)}}}
    """
    if not isinstance(table, dict):
        raise _wrong_type(key, "a table", table, place)
    hints = get_type_hints(kind, localns={"Mapping": Mapping})
    typed = {}
    for name, value in table.items():
        if name not in hints:
            where = f"[{key}] in {place.name}" if key else place.name
            known = [*hints, *(["extends"] if kind is Recipe and place.name != SETTINGS else [])]
            raise unknown_name(f"key of {where}", name, known)
        typed[name] = _type_value(value, hints[name], f"{key}.{name}" if key else name, place)
    return typed


def _type_value(value: object, hint: Any, key: str, place: Place) -> object:  # noqa: ANN401
    origin, kinds = get_origin(hint), get_args(hint)
    if type(None) in kinds:
        (hint,) = set(kinds) - {type(None)}
        return None if value is False and hint is not bool else _type_value(value, hint, key, place)
    if hint is Recipe:
        return value, place
    if is_dataclass(hint):
        return type_table(value, place, kind=hint, key=key)  # type: ignore[arg-type]  # hints are types
    if origin is Literal and value not in kinds:
        raise unknown_name(f"{key} in {place.name}", str(value), kinds)
    if origin is tuple:
        return _type_list(value, kinds[0], key, place)
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _wrong_type(key, "a table", value, place)
        return {name: _type_value(v, kinds[1], f"{key}.{name}", place) for name, v in value.items()}
    return value if origin is Literal else _type_scalar(value, hint, key, place)


def _type_list(value: object, kind: type, key: str, place: Place) -> tuple[object, ...]:
    if place.name == SETTINGS and isinstance(value, str) and value.startswith("["):
        raise InputError(
            f"{key} in {place.name} looks like a list, but is no TOML",
            found=value,
            fix=f"""'{key}=["…", "…"]', quoted from the shell""",
        )
    values = value if isinstance(value, list) else [] if value == "" else [value]
    return tuple(_type_scalar(each, kind, key, place) for each in values)


def _type_scalar(value: object, kind: type, key: str, place: Place) -> object:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _wrong_type(key, _TYPES[kind], value, place)
    return value


def _wrong_type(key: str, wanted: str, value: object, place: Place) -> InputError:
    where = f"{key} in {place.name}" if key else place.name
    return InputError(f"{where} must be {wanted}", found=repr(value))
