"""What all records have in common: a format by name, and one error for what is none."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from munjang.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def reading_record(text: str, *, kind: str, what: str, written_by: str) -> Iterator[dict[str, Any]]:
    """Opens a record; whatever its reader stumbles over becomes one error.

    Args:
        text: A line of JSON.
        kind: The format that it has to name.
        what: What it is the record of, for the error.
        written_by: The command that writes such records, for the error.

    Yields:
        The fields of the record, the format taken out.

    Raises:
        DataError: The text is not such a record.

    Example:
        >>> with reading_record("[]", kind="가/1", what="시험", written_by="munjang") as record:
        ...     pass
        Traceback (most recent call last):
        ...
        munjang.errors.DataError: this is not the record of 시험
        found: ValueError: another format
        try: a file that `munjang` wrote
    """
    try:
        record = json.loads(text)
        if not isinstance(record, dict) or record.pop("format", None) != kind:
            raise ValueError("another format")
        yield record
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"this is not the record of {what}",
            found=f"{type(error).__name__}: {error}",
            fix=f"a file that `{written_by}` wrote",
        ) from error
