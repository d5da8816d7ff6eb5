"""The card of a model whose vocabulary was cut: the source's front matter, and the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from munjang.encode import zoo
from munjang.errors import ModelError
from munjang.files import whole_file
from munjang.model.plain_card import LOCAL, UNSTATED, front_matter, read_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from munjang.model.trim_gate import TrimResult

CARD = "README.md"
SOURCE_CARD = "README.source.md"
"""The source's own card, beside ours."""

_SCORES = ("model-index", "eval_results", "model_name")
"""What of a front matter is measured, and so does not hold after a cut."""

_CARD = Template("""\
$front
# $title

`$source`의 어휘를 munjang으로 $before개에서 $after개로 줄인 것입니다. 나머지 가중치는 그대로입니다.

`$source` with a vocabulary of $after pieces instead of $before, cut by munjang. All other
weights are as they were.

## 쓰기 / Use

$use
$facts
## 측정 / Measured

| | 전 / before | 후 / after |
|---|---|---|
$rows

세지 않고 남겨 둔 문장 $held개 가운데 $same가 전과 똑같이 나뉩니다. 전후 벡터의 코사인은
평균 $mean, 최소 $least입니다.

Of $held sentences that were held out, $same are cut into the same tokens as before. The cosine
between their vectors before and after is $mean in the mean and $least at least.

## 무엇을 줄였나 / What was cut

문장 $counted개에서 쓰인 어휘 $used개($kind)를 세었습니다. 특수 토큰과 그 글의 글자는 모두 남기고
나머지는 많이 쓰인 순서로 골랐습니다. 번호는 원래 순서대로 다시 매겼습니다.

$kind: special tokens and the single characters of the text, then the most used of the $used pieces
that $counted sentences use. Ids are renumbered in their old order.

## 못하는 것 / What it is bad at

그 글에 없던 말과 다른 언어는 더 잘게 나뉘거나 모르는 토큰이 됩니다.
원본의 점수는 이 모델의 점수가 아닙니다. $max_tokens 토큰보다 긴 글은 뒷부분이 잘립니다.

Words that the text did not have, and other languages, are cut into smaller pieces or become
unknown. The source's scores are not this model's. Texts longer than $max_tokens tokens lose
their end.

## 라이선스 / Licence

$licence_ko

$licence_en
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCard:
    """What a model's own card says, for whatever is made from it.

    Attributes:
        hub_id: The model's hub id, if it has one.
        license: The licence of its weights, or one of `UNSTATED`.
        front: Its front matter; empty where there is none.
        text: All of it; "" where there is none.
    """

    hub_id: str | None
    license: str
    front: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


def read_source_card(folder: Path, hub_id: str | None) -> SourceCard:
    """Reads a model's card, from its folder or else from the hub.

    A card that is nowhere, or cannot be fetched, is none; the licence is then what the zoo
    knows of the model.

    Args:
        folder: The model's folder.
        hub_id: Its hub id, if it has one.

    Raises:
        ModelError: Its front matter is malformed, and with it what it says of licence and
            data.
    """
    known = (zoo.find(hub_id) if hub_id else None) or zoo.find(folder)
    usual = known.license if known else UNSTATED[0]
    path = folder / CARD
    if not path.is_file() and hub_id:
        path = _fetch_card(hub_id) or path
    if not path.is_file():
        return SourceCard(hub_id=hub_id, license=usual)
    from huggingface_hub import metadata_load

    try:
        front = metadata_load(path) or {}
        text = path.read_text("utf-8-sig")
    except Exception as error:  # the YAML reader's own, and those of reading
        raise ModelError(
            f"the front matter of {path} is malformed",
            found=(str(error).strip().splitlines() or [type(error).__name__])[0],
            fix="mend it, so that what it says of licence and data is kept",
        ) from error
    stated = front.get("license_name") if front.get("license") == "other" else None
    licence = str(stated or front.get("license") or usual)
    return SourceCard(hub_id=hub_id, license=licence, front=front, text=text)


def write_trim_card(folder: Path, result: TrimResult, source: SourceCard, *, title: str) -> None:
    """Writes the card of a model that was cut, and the source's own beside it.

    Of the source's front matter all is kept but its scores; where it has none, licence and
    base model are what munjang knows.

    Args:
        folder: The sentence-transformers folder.
        result: What was measured.
        source: The source's card.
        title: Its heading.

    Raises:
        ModelError: The folder is not whole.
        InputError: The card cannot be written.
    """
    facts = read_facts(folder)
    stated = source.license not in UNSTATED
    text = _CARD.substitute(
        front=_front_matter(source, title),
        title=title,
        source=source.hub_id or Path(result.source).name,
        before=f"{result.before.pieces:,}",
        after=f"{result.after.pieces:,}",
        use=facts.usage(LOCAL),
        facts=facts.to_markdown(),
        rows="\n".join(f"| {' | '.join(row)} |" for row in _rows(result)),
        held=f"{result.held_out:,}",
        same=f"{result.same:.1%}",
        mean=f"{result.mean_cosine:.5f}",
        least=f"{result.least_cosine:.5f}",
        counted=f"{result.counted:,}",
        used=f"{result.used:,}",
        kind=result.kind,
        max_tokens=facts.max_tokens,
        licence_ko=f"{source.license} (원본 그대로)"
        if stated
        else "밝혀진 라이선스가 없습니다. 원본을 만든 이에게 물어보세요.",
        licence_en=f"{source.license}, as the source's"
        if stated
        else "No licence is stated: ask those who made the source.",
    )
    for name, content in {CARD: text, SOURCE_CARD: source.text}.items():
        if content:
            with whole_file(folder / name) as file:
                file.write(content.encode())


def _front_matter(source: SourceCard, title: str) -> str:
    if not source.front:
        return front_matter(
            license=source.license.lower() if source.license not in UNSTATED else "other",
            name=title,
            base_model=source.hub_id,
            tags=["munjang"],
        )
    from huggingface_hub import ModelCardData

    data = {name: value for name, value in source.front.items() if name not in _SCORES}
    tags = data.get("tags") or []
    tags = [tags] if isinstance(tags, str) else tags
    data |= {
        "library_name": "sentence-transformers",
        "tags": list(dict.fromkeys([*tags, "sentence-transformers", "munjang"])),
    }
    if source.hub_id:
        data["base_model"] = source.hub_id
    return f"---\n{ModelCardData(**data).to_yaml()}\n---"


def _rows(result: TrimResult) -> list[tuple[str, str, str]]:
    def row(what: str, attribute: str, form: str) -> tuple[str, str, str]:
        values = (getattr(side, attribute) for side in (result.before, result.after))
        before, after = (form.format(value) for value in values)
        return what, before, after

    rows = [
        row("어휘 / pieces", "pieces", "{:,}"),
        row("파라미터 / parameters", "parameters", "{:,}"),
        row("가중치 / weights (MB)", "megabytes", "{:.1f}"),
        row("문장당 토큰 / tokens a sentence", "tokens", "{:.2f}"),
        row("모르는 토큰 / unknown tokens", "unknown", "{:.3%}"),
    ]
    if result.pairs:
        rows.append(
            row(f"코사인 Spearman / cosine Spearman ({result.pairs:,})", "spearman", "{:.2f}")
        )
    return rows


def _fetch_card(hub_id: str) -> Path | None:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(hub_id, CARD))
    except Exception:  # no card, no network: the hub's errors share no base class
        return None
