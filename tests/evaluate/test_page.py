"""The page: whole in one file, every text of a record escaped, nothing asked of the network."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

pytest.importorskip("matplotlib", reason="needs the extra plots")

from munjang.errors import InputError
from munjang.evaluate.comparison import compare_suites
from munjang.evaluate.page import check_page, page_html, write_page
from munjang.evaluate.record import Absent

EVIL = '<script>alert("&")</script>\' onload=x'
VOID = {"meta", "br", "use", "path"}


class Reader(HTMLParser):
    """Checks that every tag is closed in order; collects tags, attributes and words."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def compared(suite_of):
    absent = (Absent("nsmc", "held-out", EVIL),)
    facts = {"licence": EVIL, "dim": 384}
    return compare_suites(
        [
            suite_of(EVIL, ["날씨", "korsts"], skill=0.9, facts=facts, trained_on=("korsts",)),
            suite_of("뒤진 모델", ["날씨", "korsts"], skill=0.4, absent=absent, encoder=EVIL),
        ]
    )


@pytest.fixture(scope="module")
def html(compared, robust_of):
    robust = [robust_of(EVIL), robust_of("뒤진 모델", edits=("nfd", EVIL))]
    return page_html(compared, robust, date="2026-01-02")


def test_it_is_whole_and_asks_for_nothing(html):
    page = read(html)
    assert page.tags["script"] == page.tags["link"] == page.tags["img"] == 0
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href"):
            assert value.startswith("#")
    assert not re.search(r"url\((?!#)", html)
    assert "@import" not in html
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", html)


def test_texts_of_records_are_escaped(html):
    assert "<script" not in html
    assert EVIL in "".join(read(html).words)


def test_ids_are_its_own_and_what_points_to_them_is_there(html):
    ids = [value for name, value in read(html).attributes if name == "id"]
    named = set(ids)
    assert named
    for target in re.findall(r"url\(#([^)]*)\)", html) + re.findall(r'href="#([^"]*)"', html):
        assert target in named
    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(pictures) == 6
    owners = [set(re.findall(r'\bid="([^"]*)"', picture)) for picture in pictures]
    for number, one in enumerate(owners):
        assert not one & set().union(*owners[number + 1 :])


def test_pictures_have_the_colours_of_the_page(html):
    pictures = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert "var(--m0)" in pictures
    assert "var(--ink)" in pictures
    assert set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", pictures)) <= {"#ffffff", "#000000"}
    assert "prefers-color-scheme: dark" in html
    assert html.count("--m0: #") == 2


def test_it_says_what_was_compared(html, compared):
    words = " ".join(read(html).words)
    assert "2 models; 2 tasks, 2 comparisons; written on 2026-01-02" in words
    for expected in (
        "날씨",
        "made-up rows of 날씨",
        "Not measured",
        "trained on korsts",
        "mean rank",
    ):
        assert expected in words
    best = compared.tasks[0].results[EVIL]
    assert f"<b>{100 * best.score:.2f}</b>" in html
    assert 'lang="ko"' in html
    assert '<html lang="en">' in html


def test_the_same_page_again(compared, robust_of, html):
    robust = [robust_of(EVIL), robust_of("뒤진 모델", edits=("nfd", EVIL))]
    assert page_html(compared, robust, date="2026-01-02") == html


def test_only_what_can_be_compared_has_a_mean(robust_of):
    one, other = robust_of("가", edits=("nfd", "key-slips")), robust_of("나", edits=("nfd",))
    page = page_html(None, [one, other])
    foot = page[page.index("<tfoot>") : page.index("</tfoot>")]
    kept = f"{100 * other.kept:.1f}"
    assert re.findall(r">([^<>]+)</t[hd]>", foot) == ["mean of 1 shared edit", kept, kept]
    assert page.count(f'<dd class="big">{kept}%</dd>') == 2
    assert "Mean: over the edits alone that all models have, at the same doses: nfd." in page
    idle = replace(one.curves[1], changed=(0.0, 0.0, 0.0))
    page = page_html(None, [replace(one, curves=(one.curves[0], idle))])
    assert "<td>–</td>" in page
    assert "Changed no sentence of 가&#x27;s, so no part of the mean: key-slips." in page
    page = page_html(None, [one, replace(one, model="나", seed=1)])
    assert '<dd class="big">' not in page
    assert "No mean: the models were measured on other rows, or with another seed." in page


def test_robustness_alone_and_nothing(robust_of, tmp_path):
    path = tmp_path / "쪽" / "견고.html"
    write_page(None, [robust_of("가 모델")], path)
    text = path.read_text("utf-8")
    assert read(text).tags["table"] == 1
    assert "1 model" in text
    assert "written on" not in text
    with pytest.raises(InputError, match="nothing to put on a page"):
        page_html(None, [])


def test_one_is_one(suite_of):
    facts = {"size_mb": 35.2, "params_m": 22}
    found = compare_suites(
        [suite_of("가", ["날씨"], seed="하나", facts=facts), suite_of("나", ["날씨"], seed="하나")]
    )
    page = page_html(found, [])
    words = " ".join(read(page).words)
    assert "2 models; 1 task, 1 comparison" in words
    assert "<summary>1 difference " in page
    assert "<dt>mean rank, 1 task</dt>" in page
    assert '<dt>size, MB</dt><dd class="">35.2</dd>' in page
    assert "<dt>parameters, M</dt>" in page
    assert "0.00 to 0.00" in page
    assert not re.search(r"[-+]0\.00 to|to [-+]0\.00", page)
    assert "오차 범위 안" in page
    assert "우연의 범위" not in page


def test_a_page_is_named_as_one():
    check_page("쪽.HTML")
    check_page("쪽.htm")
    for name, found in (("쪽.txt", ".txt"), ("쪽", "no ending")):
        with pytest.raises(InputError, match="cannot write a page to 쪽") as caught:
            check_page(name)
        assert (caught.value.found, caught.value.fix) == (found, ".html or .htm")
