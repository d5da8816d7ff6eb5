"""What no record can say of the shipped model: the sentences of its cards."""

from __future__ import annotations

from dataclasses import replace

from munjang.model.card import CardTexts

BASE = "intfloat/multilingual-e5-small (MIT), cut to 27,740 pieces, 4-bit weights widened again"

TRAINED_ON = (
    "korsts:train",
    "klue-sts:train",
    "klue-nli:train",
    "kornli:multinli",
    "parakqc:all",
    "stylekqc:train",
    "question-pair:train",
    "flores200:dev",
    "tatoeba:anki",
    "petitions:rest",
    "ynat:train",
    "3i4k:train",
    "nsmc:sentiment-train",
)
"""KorNLI by 2,884 rows alone; petitions that no test draws; headlines, utterances and reviews
without their labels."""

_LIMITS_KO = (
    "긴 문서의 검색, 전문 용어, 다른 언어, 반어와 부정, 수와 이름이 다를 뿐인 문장의 구별에 "
    "약합니다. 기계 번역된 문장으로 많이 배웠고 구어와 오타에는 덜 익숙합니다. 이모지는 모두 "
    "모르는 토큰 하나로 봅니다."
)
_LIMITS_EN = (
    "It is weak at search in long documents, at technical terms, other languages, irony and "
    "negation, and at telling apart sentences that differ only in a number or a name. Much of its "
    "training text is machine-translated; colloquial and misspelt text is less familiar to it. "
    "Emoji are all one unknown token."
)

_TRAINING_KO = (
    "먼저 KLUE-NLI(Park 외 2021)와 KorNLI(Ham 외 2020) 가운데 2,884행, ParaKQC(Cho 외 2020), "
    "StyleKQC(Cho 외 2021), Question_pair(Song), FLORES-200 dev(NLLB 2022), Tatoeba의 짝으로 "
    "대조 학습하고, KorSTS(Ham 외 2020)와 KLUE-STS(Park 외 2021)의 점수로 이어 학습하고, "
    "청와대 국민청원(공공누리 제1유형)의 제목과 본문, YNAT(KLUE)의 기사 제목을 곁들여 한 번 더 "
    "학습한 뒤 가중치를 평균했습니다. 끝으로 이 자료와 NSMC(Park 2015, CC0), "
    "3i4K(Cho 외 2018, CC BY-SA 4.0)의 글에서 한국어 어휘를 배우고, 그 어휘로 그 글의 벡터와 "
    "낱말마다의 상태를 KorSTS, KLUE-STS의 점수를 곁들여 다시 배우고, 청원의 제목과 본문을 더 "
    "배우기 전과 후의 가중치를 평균했습니다. "
)
_TRAINING_EN = (
    "Trained contrastively on KLUE-NLI (Park et al. 2021), 2,884 rows of KorNLI (Ham et al. "
    "2020), ParaKQC (Cho et al. 2020), StyleKQC (Cho et al. 2021), Question_pair (Song), "
    "FLORES-200 dev (NLLB 2022) and Tatoeba, then on the scores of KorSTS (Ham et al. 2020) "
    "and KLUE-STS (Park et al. 2021), then once more on these beside titles and bodies of "
    "petitions to the Blue House (KOGL type 1) and headlines of YNAT (KLUE); the weights are a "
    "mean of those runs. At last a Korean vocabulary was learnt from these texts and those of "
    "NSMC (Park 2015, CC0) and 3i4K (Cho et al. 2018, CC BY-SA 4.0), and with it the vectors "
    "of these texts and the states of their words were learnt anew, beside the scores of "
    "KorSTS and KLUE-STS; the weights are a mean, of those before and those after titles and "
    "bodies of petitions were learnt again. "
)
"""Steps 1 to 6."""

_SHARPENED_KO = (
    "그 뒤 KorSTS와 KLUE-STS의 점수를 더 큰 학습률로 한 번 더 배우되 청원의 제목과 본문을 곁들이고 "
    "다른 글의 벡터는 지키게 하여 시드 셋으로 학습한 가중치와 그 전의 가중치를 평균했습니다. "
)
_SHARPENED_EN = (
    "From these the scores of KorSTS and KLUE-STS were learnt once more at a higher learning rate, "
    "with three seeds, beside titles and bodies of petitions and the vectors that other texts had; "
    "what is shipped is a mean of those three and the weights before. "
)
"""Step 7."""

_LICENCES_KO = (
    "이 가운데 CC BY-SA 4.0 자료가 있으므로 이 가중치도 CC BY-SA "
    "4.0입니다. Question_pair는 MIT, Tatoeba는 CC BY 2.0 FR, 바탕 모델 "
    "multilingual-e5-small(Wang 외 2024)은 MIT입니다. KorSTS-dev와 따로 떼어 둔 행으로 골랐고 "
    "KorSTS-test와 KLUE-STS-dev는 학습에도 선택에도 쓰지 않았습니다. KLUE-STS-dev 519쌍 "
    "가운데 132쌍은 ParaKQC 문장을 담습니다. ParaKQC에서 그 묶음들은 빼고 학습했지만, 같은 "
    "묶음이 KLUE-STS 학습 부분에도 있습니다."
)
_LICENCES_EN = (
    "Some of this is "
    "CC BY-SA 4.0, so these weights are CC BY-SA 4.0 too; Question_pair is MIT, Tatoeba CC "
    "BY 2.0 FR, the base, multilingual-e5-small (Wang et al. 2024), MIT. KorSTS-dev and rows "
    "held out chose; KorSTS-test and KLUE-STS-dev were used neither for training nor for "
    "choosing. 132 of the 519 pairs of KLUE-STS-dev hold a sentence of ParaKQC: its groups "
    "were left out of ParaKQC, but they also occur in KLUE-STS-train."
)

CARD = CardTexts(
    what=(
        "munjang에 들어 있는 한국어 문장 임베딩 모델입니다. 접두어 없이 문장을 그대로 넣습니다. "
        "미세 조정에 쓸 float16 가중치는 저장소의 models/munjang-small-ko에 있습니다.\n\n"
        "The Korean sentence encoder inside munjang. Sentences go in as they are, no prefix. "
        "Float16 weights to fine-tune from lie in models/munjang-small-ko of the repository."
    ),
    data_ko=_TRAINING_KO + _SHARPENED_KO + _LICENCES_KO,
    data_en=_TRAINING_EN + _SHARPENED_EN + _LICENCES_EN,
    limits_ko=f"문장을 위한 모델입니다. {_LIMITS_KO}",
    limits_en=f"Made for sentences. {_LIMITS_EN}",
)

TINY_BASE = "munjang-small-ko"

TINY_CARD = replace(
    CARD,
    what=(
        "munjang에 들어 있는 작은 모델입니다. munjang-small-ko가 한국어 어휘를 배우기 전의 열두 층 "
        "가운데 여섯 층을 고르게 남기고 그 벡터를 배우게 한 뒤 같은 어휘를 넣었습니다. "
        "접두어 없이 문장을 그대로 넣습니다. munjang-small-ko의 벡터와 섞어 쓰지 마세요.\n\n"
        "The small model inside munjang: six of the twelve layers that munjang-small-ko had before "
        "its Korean vocabulary, evenly spread, which learnt its vectors and then got the same "
        "vocabulary. Sentences go in as they are, no prefix. Do not mix its vectors with those of "
        "munjang-small-ko."
    ),
    data_ko=(
        f"{_TRAINING_KO}{_LICENCES_KO} "
        "이 모델은 한국어 어휘를 배우기 전의 모델의 벡터를 KorSTS, KLUE-STS, KLUE-NLI, "
        "YNAT, Question_pair, Tatoeba, 청원, NSMC, 3i4K의 문장에서 배우고, KorSTS와 "
        "KLUE-STS의 점수를 곁들여 한 번 더, 청원을 더해 다시 한 번 배우고, 여기에 청원의 전문, "
        "제목과 본문, FLORES-200 dev와 Tatoeba의 번역을 곁들여 또 배운 모델과 가중치를 평균한 "
        "다음, 한국어 어휘로 그 낱말마다의 상태를 다시 배우고, 점수와 청원의 제목, 본문을 곁들여 "
        "벡터를 다시 배우기 전과 후를 평균했습니다. 처음 배운 문장 가운데 3i4K 85개, "
        "Tatoeba 90개, Question_pair 12개는 (레이블 없이) 시험에도 있습니다."
    ),
    data_en=(
        f"{_TRAINING_EN}{_LICENCES_EN} "
        "This model learnt the vectors of the one before its Korean vocabulary on sentences "
        "of KorSTS, KLUE-STS, KLUE-NLI, YNAT, Question_pair, Tatoeba, the petitions, "
        "NSMC and 3i4K, then these beside the scores of KorSTS and KLUE-STS, then the vectors "
        "again with more petitions; the weights are the mean of that and of what came of it after "
        "whole petitions, their titles and bodies, and the translations of FLORES-200 dev and "
        "Tatoeba. With the Korean vocabulary the states of their words were learnt anew, and the "
        "weights are a mean again: of those before and those after the vectors, the scores, and "
        "titles and bodies of petitions. Some of the sentences learnt at first stand in tests, "
        "without labels: 85 of 3i4K, 90 of Tatoeba, 12 of Question_pair."
    ),
    limits_ko=(
        "짧은 한국어 문장을 위한 모델입니다. 긴 글의 검색과 군집은 바탕 모델보다도 못하고 "
        "한국어·영어 사이의 검색은 munjang-small-ko보다 못하니 그 일에는 그것을 쓰세요. "
        f"{_LIMITS_KO}"
    ),
    limits_en=(
        "Made for short Korean sentences. At search in long texts and at clusters it is worse than "
        "the base, and between Korean and English worse than munjang-small-ko: take that for "
        "these. "
        f"{_LIMITS_EN}"
    ),
)
