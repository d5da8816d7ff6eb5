"""Figures to files: SVG or PNG, with fonts that have Hangul.

SVG keeps its text as text, in whatever font for Hangul its reader has; PNG needs one that
is installed here. The same figure gives the same bytes.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import logging
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from munjang.errors import InputError, MissingExtraError, MunjangWarning
from munjang.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

FAMILIES = (
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "NanumGothic",
)
"""Fonts that have Hangul, the first that is there is taken."""

INK, MUTED, RULE, PAPER = "#1f2328", "#68717a", "#d8dee4", "#fefefe"
"""The colours of words, of what is less than words, of lines, and of the ground."""

_STYLE: Any = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": PAPER,
    "font.family": [*FAMILIES, "DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "munjang",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}


def write_picture(figure: Figure, path: str | Path) -> None:
    """Writes a figure, whole or not at all.

    A PNG on a machine without a font for Hangul has its titles in English only, and a
    `MunjangWarning` says which package has one.

    Args:
        figure: What one of the functions here drew.
        path: The file, .svg or .png.

    Raises:
        InputError: The file has another ending or cannot be written.
    """
    check_picture(path)
    is_svg = Path(path).suffix.lower() == ".svg"
    content = svg_text(figure).encode() if is_svg else _png(figure)
    with whole_file(path) as file:
        file.write(content)


def check_picture(path: str | Path | None) -> None:
    """Makes sure, before the work, that a picture can be drawn after it.

    Args:
        path: The file to write; None for a picture inside a page.

    Raises:
        InputError: It is neither .svg nor .png.
        MissingExtraError: The extra plots is not installed.
    """
    if path is not None and (kind := Path(path).suffix.lower()) not in (".svg", ".png"):
        raise InputError(f"cannot draw {path}", found=kind or "no ending", fix=".svg or .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("pictures", "plots")


def svg_text(figure: Figure, *, ground: bool = True) -> str:
    """Writes a figure as SVG, its text as text.

    Args:
        figure: What one of the functions here drew.
        ground: Fill the ground; else it stays clear.
    """
    out = io.BytesIO()
    with house_style():
        _set_fonts(figure, _STYLE["font.family"])
        none: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        face = "auto" if ground else "none"
        figure.savefig(out, format="svg", metadata=none, facecolor=face)
    return out.getvalue().decode()


@contextmanager
def house_style() -> Iterator[None]:
    """Draws in one style, whatever matplotlib was told elsewhere.

    Within it, matplotlib says nothing of fonts that are not installed.

    Raises:
        MissingExtraError: The extra plots is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingExtraError("pictures", "plots") from error
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        log.setLevel(logging.ERROR)
        try:
            yield
        finally:
            log.setLevel(level)


def _png(figure: Figure) -> bytes:
    from matplotlib.text import Text

    out = io.BytesIO()
    with house_style():
        family = hangul_family()
        _set_fonts(figure, [*([family] if family else []), "DejaVu Sans"])
        texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
        korean = [text for text in texts if text.get_gid() == "korean" and family is None]
        for text in korean:
            text.set_visible(False)
        figure.savefig(out, format="png", dpi=200, metadata={"Software": None})
        for text in korean:
            text.set_visible(True)
    if family is None:
        warnings.warn(
            MunjangWarning(
                "no installed font has Hangul, so the picture has English titles only; "
                "install one (Debian: fonts-nanum or fonts-noto-cjk), or write .svg"
            ),
            stacklevel=3,
        )
    return out.getvalue()


def _set_fonts(figure: Figure, families: list[str]) -> None:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontfamily(families)


def hangul_family() -> str | None:
    """The family of an installed font that really has Hangul; None where there is none."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    known = {entry.fname for entry in manager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:  # installed after matplotlib made its list
            try:
                manager.addfont(path)
            except (OSError, RuntimeError):
                continue
    found = sorted(
        manager.ttflist,
        key=lambda entry: FAMILIES.index(entry.name) if entry.name in FAMILIES else len(FAMILIES),
    )
    return next((entry.name for entry in found if _has_hangul(entry.fname)), None)


@functools.cache
def _has_hangul(path: str) -> bool:
    from matplotlib import font_manager

    try:
        return ord("한") in font_manager.get_font(path).get_charmap()
    except (OSError, RuntimeError):
        return False
