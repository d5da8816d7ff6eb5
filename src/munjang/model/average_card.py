"""The card of averaged weights: whose, with what share, under which licences."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from munjang.files import whole_file
from munjang.model.card_words import choose_licence
from munjang.model.plain_card import LOCAL, UNSTATED, front_matter, read_facts
from munjang.model.trim_card import CARD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from munjang.model.trim_card import SourceCard

OTHER = "other"
"""What the hub calls a licence that it has no name for."""

_CARD = Template("""\
$front
# $title

인코더 $count개의 가중치를 munjang으로 평균한 것입니다 (model soups, WiSE-FT: Wortsman 외, 2022).
모듈, 토크나이저, 접두어는 `$first`의 것입니다.

The weighted mean of the weights of $models_en, worked out by munjang (model soups, WiSE-FT:
Wortsman et al. 2022). Modules, tokenizer and prompts are those of `$first`.

| 모델 / model | 몫 / share | 라이선스 / licence | 학습 데이터 / trained on |
|---|---|---|---|
$rows

## 쓰기 / Use

$use
$facts
## 못하는 것 / What it is bad at

여기서 잰 점수는 없고, 평균한 모델들의 점수는 이 모델의 점수가 아닙니다. 쓰기 전에 여러분의
문장으로 재어 보세요 (`munjang evaluate`). $max_tokens 토큰보다 긴 글은 뒷부분이 잘립니다.

No score was measured here, and those of the averaged models are not this one's: measure it on
your own sentences before you rely on it (`munjang evaluate`). Texts longer than $max_tokens
tokens lose their end.

## 라이선스 / Licence

$licence_ko

$licence_en
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragedModel:
    """A model that went into a mean.

    Attributes:
        model: What the user calls it.
        share: Its share, from 0 to 1; all together are 1.
        license: The licence of its weights, or one of `UNSTATED`.
        trained_on: The training sets that it declares.
    """

    model: str
    share: float
    license: str
    trained_on: tuple[str, ...]


def choose_tag(models: Sequence[AveragedModel]) -> str:
    """Finds the licence of averaged weights, as the hub spells it.

    Share-alike weights make the mean share-alike; else it has the licence that all of them
    have. Models whose share is 0 do not count.

    Returns:
        The licence; "other" where whoever publishes the mean has to decide.

    Example:
        >>> def model(licence, share=0.5):
        ...     return AveragedModel(model="", share=share, license=licence, trained_on=())
        >>> choose_tag([model("mit"), model("CC-BY-SA-4.0")])
        'cc-by-sa-4.0'
        >>> choose_tag([model("mit"), model("apache-2.0")]), choose_tag([model("MIT")])
        ('other', 'mit')
    """
    licences = _licences(models)
    return OTHER if OTHER in licences else choose_licence(licences).tag


def gather_sets(models: Sequence[AveragedModel]) -> tuple[str, ...]:
    """The training sets that the models with a share declare, each once."""
    return tuple(dict.fromkeys(n for each in models if each.share for n in each.trained_on))


def name_licence(card: SourceCard) -> str:
    """What a model's card says of its licence; "other", its name behind it, for one of its own."""
    if card.front.get("license") != OTHER or card.license == OTHER:
        return card.license
    return f"{OTHER} ({card.license})"


def _licences(models: Sequence[AveragedModel]) -> list[str]:
    """The licences of what has a share, as the hub spells them, or `UNSTATED`'s first."""
    named = [each.license.lower() for each in models if each.share]
    spelled = [OTHER if each.startswith(OTHER) else each for each in named]
    return [UNSTATED[0] if each in (*UNSTATED, "unknown") else each for each in spelled]


def write_average_card(
    folder: Path,
    models: Sequence[AveragedModel],
    cards: Sequence[SourceCard],
    *,
    places: Sequence[Path],
    title: str,
) -> None:
    """Writes the card of averaged weights, and those of the models beside it.

    Its front matter names the training sets of all of them, so that whoever measures it
    knows.

    Args:
        folder: The sentence-transformers folder.
        models: What was averaged, the first first.
        cards: The card of each of them.
        places: The folder of each of them.
        title: Its heading.

    Raises:
        ModelError: The folder is not whole.
        InputError: The card cannot be written.
    """
    facts = read_facts(folder)
    tag = choose_tag(models)
    licence_ko, licence_en = _tell_licence(tag, _licences(models))
    names = _short_names(cards, places)
    text = _CARD.substitute(
        front=front_matter(
            license=tag,
            name=title,
            base_model=_one_base(cards),
            datasets=gather_sets(models),
            tags=["munjang", "merge"],
        ),
        title=title,
        count=len(models),
        models_en="one encoder" if len(models) == 1 else f"{len(models)} encoders",
        first=names[0],
        rows="\n".join(map(_row, names, models)),
        use=facts.usage(LOCAL),
        facts=facts.to_markdown(),
        max_tokens=facts.max_tokens,
        licence_ko=licence_ko,
        licence_en=licence_en,
    )
    written = {CARD: text}
    written |= {f"README.source-{n}.md": card.text for n, card in enumerate(cards, start=1)}
    for name, content in written.items():
        if content:
            with whole_file(folder / name) as file:
                file.write(content.encode())


def _row(name: str, model: AveragedModel) -> str:
    trained_on = ", ".join(model.trained_on).replace("|", "\\|") or "–"
    return f"| `{name}` | {model.share:.4g} | {model.license} | {trained_on} |"


def _short_names(cards: Sequence[SourceCard], places: Sequence[Path]) -> list[str]:
    """What a card calls models: hub ids, or folders; two of the same name with those above."""
    parts = [place.resolve().parts for place in places]
    last = [each[-1] for each in parts]
    return [
        card.hub_id or "/".join(each[-1:] if last.count(each[-1]) == 1 else each[-2:])
        for card, each in zip(cards, parts, strict=True)
    ]


def _one_base(cards: Sequence[SourceCard]) -> str | None:
    """The hub id that all of it comes from, if that is one."""
    named = [card.hub_id or card.front.get("base_model") for card in cards]
    bases = [base for each in named for base in (each if isinstance(each, list) else [each])]
    found = {str(base) for base in bases if base}
    return found.pop() if len(found) == 1 else None


def _tell_licence(tag: str, stated: Sequence[str]) -> tuple[str, str]:
    """The licence in a few words, Korean and English."""
    if set(stated) <= {UNSTATED[0]}:
        return (
            "밝혀진 라이선스가 없습니다. 평균한 모델을 만든 이에게 물어보세요.",
            "No licence is stated: ask those who made the averaged models.",
        )
    if tag.startswith("cc-by-sa-"):
        ko = "동일조건변경허락 모델이 들어 있으므로 이 가중치도 CC BY-SA 4.0을 따릅니다."
        en = "Some of them are share-alike, so these weights are under CC BY-SA 4.0 too."
    elif tag != OTHER:
        return f"{tag} (평균한 모델 모두)", f"{tag}, as that of all averaged models."
    else:
        ko = "가중치를 어떤 라이선스로 나눌지는 올리는 사람이 정해야 합니다."
        en = "Whoever publishes these weights has to decide under which licence."
    return (
        f"{ko} 위 표에 있는 모든 라이선스를 지키고, 밝히지 않은 모델은 만든 이에게 물어보세요.",
        f"{en} Keep to every licence in the table, and ask those who made a model without one.",
    )
