"""What a measuring verb has to say, in every form it may be wanted in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from munjang import console
from munjang.errors import InputError
from munjang.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was measured.

    Attributes:
        name: The name of its record among other records.
        record: The full record, JSON.
        line: The short one, a line of JSON.
        markdown: Makes a Markdown table of it.
        show: Prints it on a terminal.
    """

    name: str
    record: str
    line: str
    markdown: Callable[[], str]
    show: Callable[[Console], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form that the user asked for.

    Attributes:
        markdown: A Markdown table on stdout.
        as_json: JSON on stdout, on a terminal too.
        out: A folder for records, or None for none.
    """

    markdown: bool
    as_json: bool
    out: Path | None = None

    @property
    def is_json(self) -> bool:
        """Whether stdout gets JSON."""
        return not self.markdown and console.wants_json(asked=self.as_json)

    def check(self) -> None:
        """Fails where two forms were asked for.

        Raises:
            InputError: --markdown and --json.
        """
        if self.markdown and self.as_json:
            raise InputError("--markdown and --json exclude each other", fix="give one")

    def emit(self, outcome: Outcome) -> None:
        """Writes the record, and prints the outcome.

        Raises:
            InputError: The record cannot be written.
        """
        if self.out is not None:
            path = self.out / f"{outcome.name}.json"
            with whole_file(path) as record:
                record.write(outcome.record.encode())
            console.note(f"wrote {path}")
        if self.markdown:
            console.emit(outcome.markdown())
        elif self.is_json:
            console.emit(outcome.line)
        else:
            outcome.show(console.terminal())


def slug(name: str) -> str:
    """A name as a part of a file's name.

    Example:
        >>> slug("BM-K/KoSimCSE roberta")
        'BM-K-KoSimCSE-roberta'
    """
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"
