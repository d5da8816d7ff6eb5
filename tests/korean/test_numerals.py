from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.data.readers import read_korsts
from munjang.korean.numerals import NATIVE_COUNTERS, SINO_COUNTERS, find_numerals
from munjang.korean.perturb import perturb

ONES = ("한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열")
TENS = ("열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
NATIVE = {
    **{word: number for number, word in enumerate(ONES, 1)},
    **{word: 10 * number for number, word in enumerate(TENS, 1)},
    "스무": 20,
}
DIGITS = dict(zip("영일이삼사오육칠팔구", range(10), strict=True)) | {"유": 6, "시": 10}
UNITS = {"십": 10, "백": 100, "천": 1000}
LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}


def edited(text):
    return perturb(text, "numerals", dose=1.0)


def value(words):
    """The value of a numeral in words, figures or both: another reader than munjang's."""
    words = words.replace(",", "").replace(" ", "")
    if "점" in words or "." in words:
        whole, _, rest = words.replace("점", ".").partition(".")
        digits = "".join(str(DIGITS.get(digit, digit)) for digit in rest)
        return value(whole) + float(f"0.{digits}")
    for tens in ("", *NATIVE):
        ones = words.removeprefix(tens)
        if words.startswith(tens) and (ones in NATIVE or not ones) and words:
            return NATIVE.get(tens, 0) + NATIVE.get(ones, 0)
    total = section = 0
    number = None
    for part in re.findall(r"\d+|.", words):
        if part in LARGE:
            rest = section + (number or 0)
            total, section, number = total + (rest or 1) * LARGE[part], 0, None
        elif part in UNITS:
            section, number = section + (1 if number is None else number) * UNITS[part], None
        else:
            number = DIGITS[part] if part in DIGITS else int(part)
    return total + section + (number or 0)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ("3명이 왔다.", "세 명이 왔다."),
        ("사과 20개", "사과 스무 개"),
        ("강아지 2마리를 키운다.", "강아지 두 마리를 키운다."),
        ("12월 25일에 만나자.", "십이월 이십오일에 만나자."),
        ("6월과 10월에 쉰다.", "유월과 시월에 쉰다."),
        ("커피는 4,500원이다.", "커피는 사천오백 원이다."),
        ("집값이 3억 2,000만 원이다.", "집값이 삼억 이천만 원이다."),
        ("동생은 21살이다.", "동생은 스물한 살이다."),
        ("50명이 넘는다", "오십 명이 넘는다"),
        ("오후 3시 30분에 봐.", "오후 세 시 삼십 분에 봐."),
        ("2시간 걸렸어.", "두 시간 걸렸어."),
        ("2024년", "이천이십사년"),
        ("100만 달러를 벌었다", "백만 달러를 벌었다"),
        ("1만 원만 빌려줘.", "만 원만 빌려줘."),
        ("20대 직장인", "이십 대 직장인"),
    ],
)
def test_both_ways(figures, words):
    assert edited(figures) == words
    back = edited(words)
    assert value_of_all(back) == value_of_all(figures)


def value_of_all(text):
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ("3층에 살아요.", "삼층에 살아요."),
        ("시청률이 5%를 넘었다.", "시청률이 오 퍼센트를 넘었다."),
        ("평점은 4.5점", "평점은 사점오 점"),
        ("3개월 동안", "삼 개월 동안"),
        ("5개국에서", "오 개국에서"),
        ("매출은 13억 9천만 달러다", "매출은 십삼억 구천만 달러다"),
        ("8억 6천 3백만 원", "팔억 육천 삼백만 원"),
        ("17시 10분", "십칠 시 십 분"),
    ],
)
def test_written_out(figures, words):
    assert edited(figures) == words


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("두명만 왔다", "2명만 왔다"),
        ("쉰 살 생일", "50살 생일"),
        ("열두 달", "12달"),
        ("사과 두 개", "사과 2개"),
        ("두 개의 문", "2개의 문"),
        ("십 분 뒤에 봐", "10분 뒤에 봐"),
        ("시월에 만나", "10월에 만나"),
    ],
)
def test_in_figures(words, figures):
    assert edited(words) == figures


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3 apples for 5%",
        "3~5명이 필요하다",
        "2024-03-05에 만나자",
        "010-1234-5678번",
        "3번 문제를 풀어 봐",
        "두 번 읽었다",
        "007명",
        "K3명",
        "한두 명쯤 늦었다",
        "두세 개",
        "이 사람은 누구야?",
        "이 원은 둥글다",
        "말을 한 채로 서 있다",
        "네가 말을 한 곳이 어디야?",
        "한 개가 짖는다",
        "두 개가 뛰논다",
        "만 일 년이 지났다",
        "만원 버스를 탔다",
        "십분 이해해",
        "두 통로 사이",
        "한 장소에서",
        "13월",
        "99999999999999999999원",
        "0개",
    ],
)
def test_left_alone(text):
    assert edited(text) == text


@given(
    st.integers(0, 10**16 - 1),
    st.sampled_from(["원", "명", "개", "살", "년", "층", "달러", "마리", "퍼센트"]),
    st.booleans(),
)
def test_the_value_stays(number, counter, commas):
    figures = f"{number:,}" if commas else str(number)
    text = f"모두 {figures}{counter}입니다."
    written = re.fullmatch(f"모두 (.*?) ?{counter}입니다\\.", edited(text))[1]
    assert value(written) == number
    back = re.fullmatch(f"모두 (.*?) ?{counter}입니다\\.", edited(edited(text)))[1]
    assert value(back) == number


@given(st.integers(0, 10**6), st.text("0123456789", min_size=1, max_size=4))
def test_the_value_of_decimals_stays(whole, digits):
    written = edited(f"모두 {whole}.{digits}점")
    assert not re.search(r"\d", written)
    assert value(written.removeprefix("모두 ").removesuffix(" 점")) == float(f"{whole}.{digits}")


def numeral(written):
    counters = sorted((*NATIVE_COUNTERS, *SINO_COUNTERS), key=len, reverse=True)
    return value(re.sub(f" ?(?:{'|'.join(counters)})$", "", written))


def test_the_values_of_real_sentences_stay(data_dir):
    pairs = read_korsts(data_dir / "kornlu/KorSTS/sts-test.tsv")
    texts = {sentence for pair in pairs for sentence in (pair.sentence1, pair.sentence2)}
    sites = [(text, site) for text in texts for site in find_numerals(text)]
    assert len(sites) > 500
    for text, site in sites:
        assert numeral(text[site.start : site.end]) == numeral(site.written)
