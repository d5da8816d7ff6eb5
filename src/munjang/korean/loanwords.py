"""The edit of loan words: one common spelling of a loan word for another.

The table is our own; the first spelling of a group is the standard one (외래어 표기법), the
others are what people write. A spelling counts at the beginning of a word; a short one, of
two syllables, only where the word ends or has a particle, so that 카페인 is no 카페.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from munjang.korean.hangul import final_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from munjang.korean.draws import Draws

_TABLE = """
콘텐츠 컨텐츠 콘텐트
메시지 메세지
주스 쥬스
액세서리 악세사리 악세서리
초콜릿 초콜렛 쵸콜릿
케이크 케익 케잌
로봇 로보트
워크숍 워크샵
로켓 로케트
소시지 소세지
카페 까페
파이팅 화이팅
슈퍼마켓 수퍼마켓
슈퍼맨 수퍼맨
센터 센타
배터리 밧데리 밧테리
도넛 도너츠 도넛츠
앙케트 앙케이트
리더십 리더쉽
멤버십 멤버쉽
파트너십 파트너쉽
스킨십 스킨쉽
인턴십 인턴쉽
데이터 데이타
모니터 모니타
컴퓨터 컴퓨타
프린터 프린타
커튼 커텐
블라우스 브라우스
카디건 가디건
재킷 자켓 쟈켓
스웨터 스웨타
샌들 샌달
슬리퍼 쓰레빠
선글라스 썬글라스
선크림 썬크림
소파 쇼파
텔레비전 텔레비젼
비전 비젼
디지털 디지탈
애플리케이션 어플리케이션
블록 블럭
플래카드 플랭카드
플래시 플래쉬
캐러멜 카라멜
바비큐 바베큐
뷔페 부페
돈가스 돈까스
짬뽕 짬봉
스테이크 스테잌
프라이팬 후라이팬
프라이드치킨 후라이드치킨
케첩 케찹
마요네즈 마요네스
수프 스프
옐로 옐로우
윈도 윈도우
섀도 섀도우
레인보 레인보우
라이선스 라이센스
렌터카 렌트카
레퍼토리 레파토리
레크리에이션 레크레이션
르포 르뽀
마니아 매니아
매뉴얼 메뉴얼
메커니즘 매커니즘
미스터리 미스테리
바게트 바게뜨
밸런타인데이 발렌타인데이
보닛 본네트
불도그 불독
비스킷 비스켓
사이클 싸이클
서비스 써비스
서클 써클
선루프 썬루프
소켓 소케트
스펀지 스폰지
스케줄 스케쥴
스탠더드 스탠다드
실루엣 실루엩
심포지엄 심포지움
알코올 알콜
앰뷸런스 앰블란스
에어컨 에어콘
오리지널 오리지날
재즈 째즈
주니어 쥬니어
챔피언 챔피온
카운슬링 카운셀링
카펫 카페트
캐비닛 캐비넷
커닝 컨닝
커피숍 커피샵
콘셉트 컨셉
콘서트 컨서트
콘테스트 컨테스트
컨트롤 콘트롤
콤플렉스 컴플렉스
크리스털 크리스탈
클라이맥스 클라이막스
타깃 타겟
탤런트 탈렌트
트로트 트롯
티케팅 티켓팅
파마 퍼머
파일럿 파일롯
판타지 환타지
팸플릿 팜플렛 팜플릿
포클레인 포크레인
피날레 휘날레
할리우드 헐리우드 헐리웃
헬멧 헬맷
"""

GROUPS: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split()) for line in _TABLE.split("\n") if line
)
"""The spellings of each word, the standard one first."""

# Particles after a consonant and after a vowel, and those that are the same after both.
_PAIRS = (
    "이/가 은/는 을/를 과/와 으로/로 이나/나 이랑/랑 이란/란 이며/며 이고/고 이다/다 이야/야 "
    "이에요/예요 이었다/였다 이라고/라고 이라는/라는 이라도/라도 이든/든 으로는/로는 "
    "으로도/로도"
)
_CHANGING = dict(pair.split("/") for pair in _PAIRS.split())
_SAME = (
    "의 에 에서 에서는 에는 에도 에게 도 만 까지 부터 처럼 보다 마다 들 들이 들은 들을 들의 들과 "
    "입니다 한테 께서 하다 하고 하는 하면 했다 하세요 해요 했어요"
)

_SHORT = 2
"""A spelling of so many syllables may be the beginning of another word."""


def _spellings() -> dict[str, tuple[str, ...]]:
    return {
        spelling: tuple(other for other in group if other != spelling)
        for group in GROUPS
        for spelling in group
    }


OTHERS: Mapping[str, tuple[str, ...]] = MappingProxyType(_spellings())
"""Each spelling with the others of its group."""

_ENDS = "|".join(sorted([*_CHANGING, *_CHANGING.values(), *_SAME.split()], key=len, reverse=True))
_WORD = re.compile(
    rf"(?<![가-힣])({'|'.join(sorted(OTHERS, key=len, reverse=True))})((?:{_ENDS})?(?![가-힣]))?"
)


def respell_loanwords(text: str, draws: Draws) -> str:
    """Writes a loan word in another of its spellings; each known loan word is a site.

    The particle after it follows the new spelling: 로봇이 becomes 로보트가.

    Example:
        >>> from munjang.korean.draws import Draws
        >>> text = "로봇이 보낸 메시지"
        >>> respell_loanwords(text, Draws(text, "loanwords", dose=1.0, seed=0))
        '로보트가 보낸 메세지'
    """

    def respell(found: re.Match[str]) -> str:
        word, end = found.groups()
        if not _is_whole(word, end):
            return found[0]
        others = OTHERS[word]
        way = draws.pick(len(others))
        if way is None:
            return found[0]
        return others[way] + _agree(end or "", others[way])

    return _WORD.sub(respell, text)


def _is_whole(word: str, end: str | None) -> bool:
    """Whether a spelling is that loan word here, and not a part of another word."""
    if end is None:
        return len(word) > _SHORT
    return end == _agree(end, word)


def _agree(particle: str, word: str) -> str:
    """Gives a particle the form that it has after a word."""
    closed = final_of(word[-1])
    for after_consonant, after_vowel in _CHANGING.items():
        if particle in (after_consonant, after_vowel):
            open_enough = not closed or (closed == "ㄹ" and after_vowel.startswith("로"))
            return after_vowel if open_enough else after_consonant
    return particle
