"""One HTML page of a comparison and of robustness, whole in one file."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from munjang import __version__
from munjang.errors import InputError, counted
from munjang.evaluate.page_tables import (
    differences_table,
    model_cards,
    notes_list,
    robust_table,
    scores_table,
)
from munjang.evaluate.picture_files import INK, MUTED, PAPER, RULE, svg_text
from munjang.evaluate.pictures import COLOURS, draw_differences, draw_robustness, draw_scores
from munjang.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from munjang.evaluate.comparison import SuiteComparison
    from munjang.evaluate.robust_record import RobustResult

_DARK = ("#4aa8e8", "#ff8a3d", "#2fc796", "#e08bc0", "#d9ae2e", "#7cc4f2", "#c98f64", "#a3a3dd")
_WIDTHS = {"wide": 10.0, "narrow": 4.2}  # inches: a screen, a phone
_VARIABLES = {INK: "ink", MUTED: "muted", RULE: "rule", PAPER: "paper"} | {
    colour: f"m{number}" for number, colour in enumerate(COLOURS)
}


def check_page(path: str | Path) -> None:
    """Makes sure, before the work, that a file is named as a page is.

    Raises:
        InputError: It ends in neither .html nor .htm.

    Example:
        >>> check_page("비교.html")
    """
    if (kind := Path(path).suffix.lower()) not in (".html", ".htm"):
        raise InputError(
            f"cannot write a page to {path}", found=kind or "no ending", fix=".html or .htm"
        )


def write_page(
    comparison: SuiteComparison | None,
    robust: Sequence[RobustResult],
    path: str | Path,
    *,
    date: str = "",
) -> None:
    """Writes a page that needs nothing besides itself: tables, pictures and notes.

    Args:
        comparison: Models over all tasks, or None for robustness alone.
        robust: Robustness of those models or others; may be empty.
        path: The file to write.
        date: When the page is written, to be said on it.

    Raises:
        InputError: There is nothing to show, or the file cannot be written.
        MissingExtraError: The extra plots is not installed.
    """
    page = page_html(comparison, robust, date=date)
    with whole_file(path) as file:
        file.write(page.encode("utf-8", "replace"))


def page_html(
    comparison: SuiteComparison | None,
    robust: Sequence[RobustResult],
    *,
    date: str = "",
) -> str:
    """The text of the page that `write_page` writes; arguments as there."""
    if comparison is None and not robust:
        raise InputError("there is nothing to put on a page")
    named = [*(comparison.models if comparison else ()), *(each.model for each in robust)]
    models = list(dict.fromkeys(named))
    parts = [model_cards(comparison, robust, models)]
    if comparison is not None:
        parts += _compared(comparison)
    if robust:
        parts += _robust(robust, models)
    if comparison is not None:
        parts += [_heading("Notes", "알아 둘 것"), notes_list(comparison)]
    said = [counted(len(models), "model")]
    if comparison is not None:
        tasks = counted(len(comparison.tasks), "task")
        said.append(f"{tasks}, {counted(comparison.comparisons, 'comparison')}")
    said += [f"written on {date}"] if date else []
    template = Template(Path(__file__).with_name("page.html").read_text("utf-8"))
    return template.substitute(
        version=escape(__version__),
        title=escape(" · ".join(models)),
        heading='Models compared <small lang="ko">모델 비교</small>',
        subtitle=escape("; ".join(said)),
        light=_declare(COLOURS),
        dark=_declare(_DARK),
        body="\n".join(parts),
    )


def _compared(comparison: SuiteComparison) -> list[str]:
    share = f"{1 - comparison.level:.2g}"
    return [
        _heading("Scores and ranks", "점수와 순위"),
        '<p class="muted">Scores x100, each by its task\'s own metric, with 95% intervals. A rank '
        "is 1 + the number of models that are better beyond noise; = cannot be told apart from "
        f"some other model. The chance that even one rank rests on noise alone is {share} "
        '(Holm 1979). <span lang="ko">=는 다른 모델과의 차이가 오차 범위 안이라는 '
        "뜻입니다.</span></p>",
        scores_table(comparison),
        _figure(
            "scores",
            "Each task's score by model",
            lambda width: svg_text(draw_scores(comparison, width=width), ground=False),
        ),
        _heading("Differences", "차이"),
        '<p class="muted">A filled dot has the colour of the better model; a hollow one is within '
        'noise. <span lang="ko">속이 찬 점은 더 나은 모델의 색이고, 빈 점은 오차 범위 '
        "안입니다.</span></p>",
        _figure(
            "differences",
            "The difference of each pair of models on each task, with its interval",
            lambda width: svg_text(draw_differences(comparison, width=width), ground=False),
        ),
        differences_table(comparison),
    ]


def _robust(robust: Sequence[RobustResult], models: Sequence[str]) -> list[str]:
    return [
        _heading("Under edits that keep the meaning", "뜻이 같은 글로 바꿔도"),
        '<p class="muted">One sentence of each pair was edited, more and more of it to the right. '
        '<span lang="ko">오른쪽으로 갈수록 문장을 더 많이 바꾸었습니다.</span></p>',
        _figure(
            "robustness",
            "Cosine Spearman against the dose of each edit",
            lambda width: svg_text(
                draw_robustness(robust, models=models, width=width), ground=False
            ),
        ),
        robust_table(robust, models),
    ]


def _heading(english: str, korean: str) -> str:
    return f'<h2>{escape(english)} <small lang="ko">{escape(korean)}</small></h2>'


def _declare(colours: Sequence[str]) -> str:
    return " ".join(f"--m{number}: {colour};" for number, colour in enumerate(colours))


def _figure(name: str, label: str, draw: Callable[[float], str]) -> str:
    """A picture for a screen and one for a phone; the style sheet shows one of them."""
    drawn = ""
    for kind, width in _WIDTHS.items():
        svg = _inline(draw(width), f"{name}-{kind}", label)
        drawn += f'<div class="{kind}">{svg}</div>'
    return f"<figure>{drawn}</figure>"


def _inline(svg: str, name: str, label: str) -> str:
    """An SVG file as a part of a page: its ids its own, its colours those of the page."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    head, rest = body.split(">", 1)
    head = re.sub(r' (width|height|version|xmlns(:xlink)?)="[^"]*"', "", head)
    rest = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{name}-", rest)
    for colour, variable in _VARIABLES.items():
        rest = re.sub(rf"(?<=: ){colour}\b", f"var(--{variable})", rest)
    return f'{head} role="img" aria-label="{escape(label)}">{rest.strip()}'
