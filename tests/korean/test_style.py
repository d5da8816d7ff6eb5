from __future__ import annotations

import pytest

from munjang.data.readers import read_korsts
from munjang.korean.endings import ENDINGS
from munjang.korean.morph import analyze, content_words, has_kiwi
from munjang.korean.perturb import perturb

pytestmark = pytest.mark.skipif(not has_kiwi(), reason="needs the extra korean")

STYLES = ("formal", "polite", "plain")


def restyled(text, style, dose=1.0, seed=0):
    return perturb(text, f"style-{style}", dose=dose, seed=seed)


@pytest.mark.parametrize(
    ("text", "formal", "polite", "plain"),
    [
        ("날씨가 너무 덥다.", "날씨가 너무 덥습니다.", "날씨가 너무 더워요.", "날씨가 너무 더워."),
        ("하늘이 파랗다.", "하늘이 파랗습니다.", "하늘이 파래요.", "하늘이 파래."),
        ("나도 그렇다.", "나도 그렇습니다.", "나도 그래요.", "나도 그래."),
        ("얼굴이 빨개졌다.", "얼굴이 빨개졌습니다.", "얼굴이 빨개졌어요.", "얼굴이 빨개졌어."),
        ("집을 지었다.", "집을 지었습니다.", "집을 지었어요.", "집을 지었어."),
        ("소리를 들었다.", "소리를 들었습니다.", "소리를 들었어요.", "소리를 들었어."),
        ("강물이 흐른다.", "강물이 흐릅니다.", "강물이 흘러요.", "강물이 흘러."),
        ("양파를 썬다.", "양파를 썹니다.", "양파를 썰어요.", "양파를 썰어."),
        ("친구를 도왔다.", "친구를 도왔습니다.", "친구를 도왔어요.", "친구를 도왔어."),
        ("매일 운동한다.", "매일 운동합니다.", "매일 운동해요.", "매일 운동해."),
        ("그건 안 된다.", "그건 안 됩니다.", "그건 안 돼요.", "그건 안 돼."),
        (
            "이 사람은 학생이다.",
            "이 사람은 학생입니다.",
            "이 사람은 학생이에요.",
            "이 사람은 학생이야.",
        ),
        ("이것은 의자다.", "이것은 의자입니다.", "이것은 의자예요.", "이것은 의자야."),
        (
            "여기가 우리 집이었다.",
            "여기가 우리 집이었습니다.",
            "여기가 우리 집이었어요.",
            "여기가 우리 집이었어.",
        ),
        ("그는 의사였다.", "그는 의사였습니다.", "그는 의사였어요.", "그는 의사였어."),
        (
            "나는 학생이 아니다.",
            "나는 학생이 아닙니다.",
            "나는 학생이 아니에요.",
            "나는 학생이 아니야.",
        ),
        ("책상이 아니었다.", "책상이 아니었습니다.", "책상이 아니었어요.", "책상이 아니었어."),
        ("비가 올 것이다.", "비가 올 것입니다.", "비가 올 거예요.", "비가 올 거야."),
        ("그게 뭐야?", "그게 뭡니까?", "그게 뭐예요?", "그게 뭐야?"),
        (
            "그는 학교에 안 갔다.",
            "그는 학교에 안 갔습니다.",
            "그는 학교에 안 갔어요.",
            "그는 학교에 안 갔어.",
        ),
        ("수영을 못 한다.", "수영을 못 합니다.", "수영을 못 해요.", "수영을 못 해."),
        (
            "나는 밥을 먹지 않았다.",
            "나는 밥을 먹지 않았습니다.",
            "나는 밥을 먹지 않았어요.",
            "나는 밥을 먹지 않았어.",
        ),
        ("좋지 않다.", "좋지 않습니다.", "좋지 않아요.", "좋지 않아."),
        ("지금 뭐 해?", "지금 뭐 합니까?", "지금 뭐 해요?", "지금 뭐 해?"),
        ("언제 오셨어요?", "언제 오셨습니까?", "언제 오셨어요?", "언제 오셨어?"),
        ("밥은 먹었니?", "밥은 먹었습니까?", "밥은 먹었어요?", "밥은 먹었어?"),
        ("예쁜가요?", "예쁩니까?", "예쁜가요?", "예뻐?"),
        ("괜찮죠?", "괜찮습니까?", "괜찮죠?", "괜찮지?"),
        ("같이 갈까?", "같이 갈까요?", "같이 갈까요?", "같이 갈까?"),
        ("빨리 가자.", "빨리 갑시다.", "빨리 가요.", "빨리 가자."),
        ("문을 닫아라.", "문을 닫으십시오.", "문을 닫으세요.", "문을 닫아."),
        ("하지 마라.", "하지 마십시오.", "하지 마세요.", "하지 마."),
        ("앉으세요.", "앉으십시오.", "앉으세요.", "앉아."),
        ("선생님이 오세요.", "선생님이 오십니다.", "선생님이 오세요.", "선생님이 오셔."),
        (
            "할아버지께서 주무신다.",
            "할아버지께서 주무십니다.",
            "할아버지께서 주무세요.",
            "할아버지께서 주무셔.",
        ),
        ("많이 드세요.", "많이 드십시오.", "많이 드세요.", "많이 드셔."),
        ("지금 어디 계세요?", "지금 어디 계십니까?", "지금 어디 계세요?", "지금 어디 계셔?"),
        ("도와줘.", "도와주십시오.", "도와주세요.", "도와줘."),
        ("안녕하세요!", "안녕하십니까!", "안녕하세요!", "안녕!"),
        ("내가 할게.", "내가 하겠습니다.", "내가 할게요.", "내가 할게."),
        ("참 예쁘구나!", "참 예쁩니다!", "참 예쁘군요!", "참 예쁘구나!"),
        ("맛있네요.", "맛있습니다.", "맛있네요.", "맛있네."),
        ("왔대요.", "왔대요.", "왔대요.", "왔대."),
        ("좋아요 😀", "좋습니다 😀", "좋아요 😀", "좋아 😀"),
        ("걔는 안 와ㅋㅋ", "걔는 안 옵니다ㅋㅋ", "걔는 안 와요ㅋㅋ", "걔는 안 와ㅋㅋ"),
        ('"정말 좋아요."', '"정말 좋습니다."', '"정말 좋아요."', '"정말 좋아."'),
        (
            '"나는 간다."라고 말했다.',
            '"나는 간다."라고 말했습니다.',
            '"나는 간다."라고 말했어요.',
            '"나는 간다."라고 말했어.',
        ),
        (
            "비가 그쳤다! 나가자.",
            "비가 그쳤습니다! 나갑시다.",
            "비가 그쳤어요! 나가요.",
            "비가 그쳤어! 나가자.",
        ),
    ],
)
def test_three_styles(text, formal, polite, plain):
    assert [restyled(text, style) for style in STYLES] == [formal, polite, plain]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello.",
        "😀",
        "\ud83d",
        "사망 5명.",
        "부상자 없음.",
        "비 오는 날의 창가",
        "왜냐하면 비가 와서.",
    ],
)
def test_what_has_no_sentence_ending_stays(text, style):
    assert restyled(text, style) == text


def test_what_may_be_an_order_is_not_made_a_statement():
    assert restyled("잘 자.", "formal") == "잘 자."
    assert restyled("나도 몰라.", "formal") == "나도 모릅니다."


def test_a_lower_dose_changes_some_of_the_same():
    text = "비가 온다. 바람도 분다. 나는 집에 있다. 책을 읽는다. 심심하다. 그래도 좋다."
    full = restyled(text, "polite")
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        given_parts, few, many, every = (
            part.split(". ")
            for part in (text, restyled(text, "polite", low), restyled(text, "polite", high), full)
        )
        for given_part, one, two, last in zip(given_parts, few, many, every, strict=True):
            assert one in (given_part, two)
            assert two in (given_part, last)


@pytest.mark.parametrize("style", STYLES)
def test_real_sentences_keep_words_tense_and_negation(data_dir, style):
    pairs = read_korsts(data_dir / "kornlu/KorSTS/sts-test.tsv")
    texts = sorted({pair.sentence1 for pair in pairs})
    changed = 0
    for text in texts[::4]:
        edited = restyled(text, style)
        if edited == text:
            continue
        changed += 1
        assert content_words(edited) == content_words(text), text
        assert tenses(edited) == tenses(text), text
        assert edited[-1:] == text[-1:] or text[-1].isalnum()
        assert restyled(edited, style) == edited, edited
    assert changed > 0.6 * len(texts) / 4


def tenses(text):
    return [part.form for part in analyze(text) if part.tag == "EP"]


@pytest.mark.parametrize("style", STYLES)
def test_real_endings_are_of_the_style(data_dir, style):
    pairs = read_korsts(data_dir / "kornlu/KorSTS/sts-dev.tsv")
    texts = sorted({pair.sentence1 for pair in pairs if pair.sentence1.endswith("다.")})[:200]
    endings = [analyze(restyled(text, style))[-2].form for text in texts]
    known = [ENDINGS[form].style for form in endings if form in ENDINGS]
    assert known.count(style) > 0.9 * len(texts)
