"""Tables on a terminal of any width: numbers stay whole, texts wrap, the rest goes below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rich.console import Console
    from rich.text import Text

_NARROW = 12
"""No text is folded into less than this."""

_WORD = 20
"""Longer words than this are folded rather than keep a table from its place."""

_GAPS = (2, 1)
"""Blanks between columns, the better first."""


@dataclass(frozen=True, slots=True)
class _Column:
    """How wide a column would be, and how narrow it can be: with whole words, and folded."""

    wide: int
    worded: int
    folded: int


def fits(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int,
    left: Collection[int] = (0,),
    wrap: bool = True,
) -> bool:
    """Whether the columns of a table have room side by side.

    Args:
        head: The head of each column.
        rows: As many cells each as there are columns.
        width: The width of the terminal.
        left: The columns of text; the others hold numbers.
        wrap: Whether texts may wrap between words, and words of more than 20 letters in them.

    Example:
        >>> fits(("모델", "점수"), [("문장이", "81.88")], width=20)
        True
        >>> fits(("모델", "점수"), [("문장이", "81.88")], width=8)
        False
    """
    columns = _measure(head, rows, left)
    least = [each.wide if i in left and not wrap else each.worded for i, each in enumerate(columns)]
    return _total(least, _GAPS[-1]) <= width


def print_cells(
    console: Console,
    head: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    *,
    notes: Sequence[str] = (),
    left: Collection[int] = (0,),
    keys: int = 1,
) -> None:
    """Prints cells as a table on a terminal, and notes below it.

    Heads and texts wrap where there is no room; a number is never cut. Where even that
    is too wide, the columns go into several tables, one below the other.

    Args:
        console: Where.
        head: The head of each column.
        rows: As many cells each as there are columns; text is taken as it is.
        notes: A line or more each.
        left: The columns of text, which stand to the left; the others hold numbers.
        keys: So many first columns say what a row is: each of the tables has them.
    """
    from rich.text import Text

    cells = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    plain = [[cell.plain for cell in row] for row in cells]
    columns = _measure(head, plain, left)
    for shown, widths, gap in _parts(columns, console.width, keys):
        _print_part(
            console,
            [head[i] for i in shown],
            [[row[i] for i in shown] for row in cells],
            widths,
            gap=gap,
            left={number for number, i in enumerate(shown) if i in left},
        )
    for note in notes:
        console.print(Text(note))


def _measure(
    head: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int]
) -> list[_Column]:
    from rich.cells import cell_len

    columns = []
    for i, title in enumerate(head):
        cells = [row[i] for row in rows]
        texts = [title, *cells] if i in left else [title]
        words = [word for text in texts for word in text.split()]
        wide = max(map(cell_len, [title, *cells]))
        whole = 0 if i in left else max(map(cell_len, cells), default=0)
        word = max(map(cell_len, words), default=0)
        least = _NARROW if i in left else whole
        columns.append(
            _Column(
                wide,
                max(whole, min(wide, max(least, min(word, _WORD)))),
                max(whole, min(wide, max(least, min(word, _NARROW)))),
            )
        )
    return columns


def _parts(
    columns: Sequence[_Column], width: int, keys: int
) -> Iterator[tuple[list[int], list[int], int]]:
    """The tables that the columns make: which of them, how wide, and the gap between them."""
    everything = list(range(len(columns)))
    wide = [each.wide for each in columns]
    worded, folded = [each.worded for each in columns], [each.folded for each in columns]
    for least, gap in ((worded, _GAPS[0]), (worded, _GAPS[1]), (folded, _GAPS[1])):
        if _total(least, gap) <= width:
            yield everything, _shrink(wide, least, width, gap), gap
            return
    gap, first = _GAPS[0], everything[:keys]
    shares: list[list[int]] = []
    for i in everything[keys:]:
        if not shares or _total([worded[j] for j in (*first, *shares[-1], i)], gap) > width:
            shares.append([])
        shares[-1].append(i)
    for share in shares or [[]]:
        shown = [*first, *share]
        least = [worded[i] for i in shown]
        yield shown, _shrink([wide[i] for i in shown], least, width, gap), gap


def _shrink(wide: Sequence[int], least: Sequence[int], width: int, gap: int) -> list[int]:
    """Takes from the widest columns first, from none more than it can spare."""
    widths = list(wide)
    while _total(widths, gap) > width:
        spare = [i for i, each in enumerate(widths) if each > least[i]]
        if not spare:
            break
        widths[max(spare, key=lambda i: widths[i])] -= 1
    return widths


def _total(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _print_part(
    console: Console,
    head: Sequence[str],
    rows: Sequence[Sequence[Text]],
    widths: Sequence[int],
    *,
    gap: int,
    left: Collection[int],
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    # The box puts one blank between columns; the width that is set keeps rich from cutting.
    table = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, gap - 1, 0, 0),
        width=_total(widths, gap),
    )
    for i, (title, width) in enumerate(zip(head, widths, strict=True)):
        side: Literal["left", "right"] = "left" if i in left else "right"
        table.add_column(Text(title), justify=side, width=width, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table, crop=False)
    console.print()
