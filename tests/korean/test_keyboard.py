from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from munjang.korean.hangul import from_keys, neighbours, to_keys
from munjang.korean.keyboard import JAMO_CAP, KEY_CAP
from munjang.korean.perturb import perturb

TEXT = "점심에는 회사 앞 식당에서 동료들과 따뜻한 국수를 먹었습니다."
words = st.text(st.sampled_from([*"가나닭값괜찮았쐈뭐예", " ", "A", "7", "ㅋ", "!"]), max_size=30)


def slipped(text, dose=1.0, seed=0):
    return perturb(text, "key-slips", dose=dose, seed=seed)


def jamo(text, dose=1.0, seed=0):
    return perturb(text, "jamo-slips", dose=dose, seed=seed)


def test_one_slip_hits_a_neighbour():
    seen = {slipped("밥", seed=seed) for seed in range(400)}
    expected = {"밥"}
    for place, key in enumerate("qkq"):
        expected |= {
            from_keys("qkq"[:place] + near + "qkq"[place + 1 :]) for near in neighbours(key)
        }
    single = {text for text in seen if text in expected}
    assert single == expected


def test_a_tenth_of_the_keys_slips_at_most():
    text = "다람쥐 헌 쳇바퀴에 타고파 " * 60
    keys, edited = to_keys(text), to_keys(slipped(text))
    assert len(keys) == len(edited)
    changed = sum(a != b for a, b in zip(keys, edited, strict=True))
    assert 0.7 * KEY_CAP < changed / len(keys.replace(" ", "")) < 1.3 * KEY_CAP


def test_a_lower_dose_slips_on_the_same_keys():
    right, low, high = (to_keys(slipped(TEXT * 9, dose)) for dose in (0.0, 0.4, 1.0))
    assert all(b in (a, c) for a, b, c in zip(right, low, high, strict=True))
    assert right != low != high


@given(words, st.integers(0, 20))
def test_only_runs_of_syllables_change(text, seed):
    for edited in (slipped(text, seed=seed), jamo(text, seed=seed)):
        assert [c for c in edited if c in " A7!"] == [c for c in text if c in " A7!"]


def test_every_jamo_slip_of_a_syllable():
    seen = {jamo("했", seed=seed) for seed in range(300)}
    assert seen == {"했", "햇", "헸", "해", "했ㅆ", "ㅎ쌔"}
    assert {jamo("네", seed=seed) for seed in range(100)} == {"네", "내", "네ㅔ"}
    assert {jamo("가", seed=seed) for seed in range(100)} == {"가", "가ㅏ"}


def test_a_fifth_of_the_syllables_slips_at_most():
    text = "가 " * 2000
    assert 0.8 * JAMO_CAP < jamo(text).count("ㅏ") / 2000 < 1.2 * JAMO_CAP


def test_the_latin_layout():
    assert perturb("안녕하세요, 반가워요!", "latin-layout", dose=1.0) == "dkssudgktpdy, qksrkdnjdy!"
    assert perturb("ㅋㅋ OK", "latin-layout", dose=1.0) == "zz OK"


@given(words)
def test_the_latin_layout_can_be_read_back(text):
    hangul = text.replace("A", "").replace("ㅋ", "")
    assert from_keys(perturb(hangul, "latin-layout", dose=1.0)) == hangul


def test_some_words_on_the_latin_layout():
    given_words = TEXT.split()
    edited = perturb(TEXT, "latin-layout", dose=0.5).split()
    pairs = list(zip(given_words, edited, strict=True))
    assert all(new in (old, to_keys(old)) for old, new in pairs)
    assert 0 < sum(new == old for old, new in pairs) < len(pairs)
