"""SentencePiece's model files, read without the packages sentencepiece and protobuf."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NORMAL, _UNKNOWN, _CONTROL = 1, 2, 3
_UNIGRAM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SentencePieceFile:
    """What a SentencePiece model file says, as far as encoding needs it.

    Attributes:
        pieces: The pieces in the order of their ids.
        scores: Their log probabilities, as the float32 of the file.
        special: Pieces that no text becomes: the unknown one and control pieces.
        normalizer: The name of the normalisation, such as "nmt_nfkc".
        charsmap: Its compiled rules; empty for none.
        dummy_prefix: Whether a space is put before every text.
        squeeze: Whether runs of spaces become one and those at the ends go.
    """

    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    special: frozenset[str]
    normalizer: str
    charsmap: bytes
    dummy_prefix: bool
    squeeze: bool


def read_sentencepiece(path: Path) -> SentencePieceFile:
    """Reads a SentencePiece model file.

    Args:
        path: The file, a serialised `ModelProto` of SentencePiece's sentencepiece_model.proto.

    Returns:
        What it says.

    Raises:
        ModelError: It is no such file, or no Unigram model.
    """
    trainer: dict[int, Any] = {}
    normalizer: dict[int, Any] = {}
    rows = []
    try:
        for number, value in _read_fields(path.read_bytes()):
            if number == 1:
                rows.append(dict(_read_fields(value)))
            elif number == 2:
                trainer = dict(_read_fields(value))
            elif number == 3:
                normalizer = dict(_read_fields(value))
        pieces = tuple(row[1].decode() for row in rows)
        scores = tuple(struct.unpack("<f", row.get(2, bytes(4)))[0] for row in rows)
        kinds = [row.get(3, _NORMAL) for row in rows]
        name = normalizer.get(1, b"").decode()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    if not pieces or _UNKNOWN not in kinds:
        raise _unreadable(path, f"{len(pieces)} pieces, none for what is unknown")
    if trainer.get(3, _UNIGRAM) != _UNIGRAM or trainer.get(24, 0):
        raise ModelError(
            f"{path} is no Unigram model with spaces before words",
            found="another kind of SentencePiece model",
            fix="give the folder a tokenizer.json",
        )
    return SentencePieceFile(
        pieces=pieces,
        scores=scores,
        special=frozenset(
            piece for piece, kind in zip(pieces, kinds, strict=True) if kind in (_UNKNOWN, _CONTROL)
        ),
        normalizer=name,
        charsmap=normalizer.get(2, b""),
        dummy_prefix=bool(normalizer.get(3, 1)),
        squeeze=bool(normalizer.get(4, 1)),
    )


def _read_fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer: varints as int, all others as bytes.

    The encoding is that of protobuf.dev/programming-guides/encoding.
    """
    place = 0
    while place < len(message):
        key, place = _read_varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _read_varint(message, place)
            yield number, value
            continue
        if wire == 2:
            size, place = _read_varint(message, place)
        else:
            size = {1: 8, 5: 4}[wire]
        if place + size > len(message):
            raise ValueError("it ends within a field")
        yield number, message[place : place + size]
        place += size


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place


def _unreadable(path: Path, found: str) -> ModelError:
    return ModelError(
        f"{path} cannot be read as a SentencePiece model",
        found=found,
        fix="copy or download the folder again, whole",
    )
