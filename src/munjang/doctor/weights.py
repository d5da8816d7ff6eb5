"""How large the tables of a model are, read without its weights.

Of a torch folder the safetensors headers are read, of a graph its structure.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from munjang.doctor.vocabulary import read_settings, transformer_folder
from munjang.encode.engines import silence_telemetry
from munjang.encode.folder import GRAPHS
from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOKEN_TABLES = (
    "word_embeddings.weight",
    "tok_embeddings.weight",
    "embed_tokens.weight",
    "wte.weight",
    "shared.weight",
    "embedding.weight",
)
_POSITION_TABLES = ("position_embeddings.weight", "wpe.weight", "embed_positions.weight")
_LENGTH = struct.Struct("<Q")
_LONGEST_HEADER = 100_000_000
_FEWEST_POSITIONS = 3  # fewer rows are the token types of a BERT


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows of the tables that a model looks up ids in.

    Attributes:
        tokens: Rows of the token embeddings; None where they were not found.
        positions: Rows of the position embeddings; None where the model has none.
    """

    tokens: int | None
    positions: int | None


def read_tables(folder: Path) -> Tables:
    """Finds how many rows the embedding tables of a model folder have.

    Args:
        folder: An exported, a sentence-transformers or a plain transformers folder.

    Raises:
        ModelError: A file of weights or a graph is damaged.
    """
    for name in GRAPHS.values():
        if (folder / name).is_file():
            return _read_graph(folder / name)
    inner = transformer_folder(folder)
    shapes = dict(
        pair for path in sorted(inner.glob("*.safetensors")) for pair in read_shapes(path)
    )
    if not shapes:
        config = read_settings(inner / "config.json")
        return Tables(config.get("vocab_size"), config.get("max_position_embeddings"))
    return Tables(_rows(shapes, _TOKEN_TABLES), _rows(shapes, _POSITION_TABLES))


def read_shapes(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Reads names and shapes of the tensors of a safetensors file, its header alone.

    Raises:
        ModelError: The file does not begin with such a header.
    """
    try:
        with path.open("rb") as stream:
            (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
            if length > min(_LONGEST_HEADER, path.stat().st_size):
                raise ValueError(f"a header of {length:,} bytes")
            header = json.loads(stream.read(length))
        found = [
            (name, tuple(map(int, entry["shape"])))
            for name, entry in header.items()
            if name != "__metadata__"
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ModelError(
            f"{path} is not a safetensors file",
            found=str(error),
            fix="copy or download the model folder again, whole",
        ) from error
    yield from found


def _rows(shapes: dict[str, tuple[int, ...]], endings: tuple[str, ...]) -> int | None:
    for ending in endings:
        for name, shape in shapes.items():
            if name == ending or name.endswith(f".{ending}"):
                return shape[0]
    return None


def _read_graph(path: Path) -> Tables:
    """A table is what a Gather picks from; that of the tokens is picked from by input_ids."""
    silence_telemetry()
    from openvino.frontend import FrontEndManager

    kind = "onnx" if path.suffix == ".onnx" else "ir"
    try:  # by name: read_model tries all readers on a damaged file, and some of them print
        reader = FrontEndManager().load_by_framework(kind)
        graph = reader.convert(reader.load(str(path)))
        if not graph.get_ops():
            raise ValueError("nothing in it")
    except Exception as error:  # the readers' errors share no base class
        raise ModelError(
            f"{path} cannot be read as a model",
            found=str(error).strip().splitlines()[-1],
            fix="copy or export the model folder again, whole",
        ) from error
    tokens: tuple[int, int] | None = None
    others = []
    for node in graph.get_ops():
        shape = _table_shape(node)
        if shape is None:
            continue
        if _picked_by_ids(node):
            tokens = shape
        else:
            others.append(shape)
    if tokens is None:
        return Tables(None, None)
    positions = [rows for rows, dim in others if dim == tokens[1] and rows >= _FEWEST_POSITIONS]
    return Tables(tokens[0], max(positions, default=None))


def _table_shape(node: Any) -> tuple[int, int] | None:  # noqa: ANN401 - openvino has no types
    if node.get_type_name() != "Gather":
        return None
    shape = node.input(0).get_partial_shape()
    if shape.is_dynamic or len(shape) != 2:
        return None
    return int(shape[0].get_length()), int(shape[1].get_length())


def _picked_by_ids(node: Any) -> bool:  # noqa: ANN401 - openvino has no types
    index = node.input_value(1).get_node()
    while index.get_type_name() in ("Convert", "Reshape", "Unsqueeze", "Squeeze"):
        index = index.input_value(0).get_node()
    return (index.get_type_name(), index.get_friendly_name()) == ("Parameter", "input_ids")
