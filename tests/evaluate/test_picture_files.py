"""Pictures as files: text that stays text, fonts that have Hangul, the same bytes again."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

import pytest

pytest.importorskip("matplotlib", reason="needs the extra plots")

import matplotlib as mpl
from matplotlib import font_manager

from munjang.errors import InputError, MissingExtraError, MunjangWarning
from munjang.evaluate import picture_files
from munjang.evaluate.picture_files import (
    FAMILIES,
    check_picture,
    hangul_family,
    svg_text,
    write_picture,
)
from munjang.evaluate.pictures import draw_robustness
from munjang.evaluate.robust_report import edit_titles


@pytest.fixture
def no_hangul(monkeypatch):
    """Only the fonts that matplotlib brings, none of which has Hangul."""
    manager = font_manager.fontManager
    own = [entry for entry in manager.ttflist if entry.name.startswith("DejaVu")]
    monkeypatch.setattr(manager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


@pytest.fixture
def figure(robust_of):
    return draw_robustness([robust_of("문장 <모델> & 다른")])


def test_svg_keeps_text_as_text(figure, tmp_path):
    path = tmp_path / "곡선.svg"
    write_picture(figure, path)
    text = path.read_text("utf-8")
    root = ET.fromstring(text)  # noqa: S314 - what we wrote ourselves
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "문장 <모델> & 다른" in words
    assert edit_titles("spaces-removed")[0] in words
    assert all(family in text for family in (*FAMILIES, "sans-serif"))
    assert "<dc:date>" not in text


def test_the_same_bytes_again(robust_of, tmp_path):
    for kind in ("svg", "png"):
        written = []
        for number in range(2):
            path = tmp_path / f"{number}.{kind}"
            with pytest.MonkeyPatch.context() as patch:
                patch.setitem(mpl.rcParams, "font.size", 10 + number)  # what a user may set
                if hangul_family():
                    write_picture(draw_robustness([robust_of("문장")]), path)
                else:
                    with pytest.warns(MunjangWarning):
                        write_picture(draw_robustness([robust_of("문장")]), path)
            written.append(path.read_bytes())
        assert written[0] == written[1]


def test_matplotlib_is_left_as_it_was(figure):
    before = dict(mpl.rcParams)
    svg_text(figure)
    assert dict(mpl.rcParams) == before


def test_a_png_without_hangul_says_so(figure, tmp_path, no_hangul):
    assert hangul_family() is None
    with pytest.warns(MunjangWarning, match="fonts-nanum"):
        write_picture(figure, tmp_path / "곡선.png")
    assert (tmp_path / "곡선.png").read_bytes().startswith(b"\x89PNG")
    assert edit_titles("spaces-removed")[0] in svg_text(figure)


def test_a_png_hides_korean_titles_it_cannot_draw(figure, tmp_path, no_hangul, monkeypatch):
    shown = []
    real = type(figure).savefig

    def look(self, *arguments, **options):
        shown.extend(axes.title.get_visible() for axes in self.axes)
        shown.extend(axes._left_title.get_visible() for axes in self.axes)
        return real(self, *arguments, **options)

    monkeypatch.setattr(type(figure), "savefig", look)
    with pytest.warns(MunjangWarning):
        write_picture(figure, tmp_path / "곡선.png")
    assert shown == [True, True, False, False]
    assert figure.axes[0]._left_title.get_visible()


def test_a_font_is_taken_only_if_it_has_hangul():
    family = hangul_family()
    if family is None:
        pytest.skip("no installed font has Hangul")
    path = font_manager.findfont(font_manager.FontProperties(family=[family]))
    assert ord("한") in font_manager.get_font(path).get_charmap()


def test_other_endings_are_refused(figure, tmp_path):
    for name, found in (("곡선.pdf", ".pdf"), ("곡선", "no ending")):
        with pytest.raises(InputError, match="cannot draw") as error:
            write_picture(figure, tmp_path / name)
        assert error.value.found == found
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib(robust_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="pictures"):
        draw_robustness([robust_of("가")])
    monkeypatch.setattr(picture_files.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="pictures"):
        check_picture(None)
