"""The model card, Korean and English, from the model's own records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from munjang.encode.folder import MANIFEST, read_manifest
from munjang.evaluate.report import markdown_table
from munjang.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.encode.folder import Manifest
    from munjang.evaluate.tasks import StsResult

CARD = "README.md"

_CARD = Template("""\
---
language: [ko]
license: $tag
library_name: munjang
pipeline_tag: sentence-similarity
---
# $name

$what

```python
import munjang

encoder = munjang.load("$folder")
vectors = encoder.encode(["첫눈이 내렸다.", "올해 첫눈이 왔다."])
```

| | |
|---|---|
| 엔진 / engine | $engine $precision |
| 차원 / dimension | $dim |
| 최대 토큰 / token limit | $max_tokens |
| 정규화 / normalised | $normalized |
| 접두어 (자동으로 붙음) / prompt (put by the encoder) | $prompt |
| 크기 / size | $size MB |
| 바탕 모델 / base | $base |
| 학습 데이터 / trained on | $training_data |
| 라이선스 / licence | $license |

## 측정 / Measured

$tables
$gate

## 학습 데이터 / Training data

$data_ko

$data_en

## 못하는 것 / What it is bad at

$limits_ko

$limits_en
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTexts:
    """The sentences of a card that no record can write, in both languages.

    Attributes:
        what: What the model is, a paragraph a language.
        data_ko: Where the training data comes from and what its licence asks for.
        data_en: The same in English.
        limits_ko: What the model is bad at.
        limits_en: The same in English.
    """

    what: str
    data_ko: str
    data_en: str
    limits_ko: str
    limits_en: str


def write_card(
    folder: str | Path, texts: CardTexts, *, results: Sequence[StsResult], shown_as: str
) -> Path:
    """Writes the card of an exported model: every number in it comes from a record.

    Args:
        folder: The exported model.
        texts: What no record can say.
        results: What was measured, each for a table of its own.
        shown_as: What a reader passes to `munjang.load`.

    Returns:
        The path of the card.

    Raises:
        ModelError: The folder is not a whole exported model.
        InputError: The card cannot be written.
    """
    root = Path(folder)
    manifest = read_manifest(root)
    path = root / CARD
    text = _CARD.substitute(
        name=manifest.name,
        license=manifest.license,
        tag=manifest.license.lower(),  # as the hub spells it
        folder=shown_as,
        engine=manifest.engine,
        precision=manifest.precision,
        dim=manifest.dim,
        max_tokens=manifest.max_tokens,
        normalized="예 / yes" if manifest.normalized else "아니요 / no",
        prompt=repr(manifest.prompt) if manifest.prompt else "없음 / none",
        size=f"{sum(mark.size for mark in manifest.files.values()) / 1e6:.1f}",
        base=manifest.base,
        training_data=", ".join(manifest.training_data) or "not stated",
        tables="\n".join(markdown_table([result]) for result in results),
        gate=_gate_line(manifest),
        what=texts.what,
        data_ko=texts.data_ko,
        data_en=texts.data_en,
        limits_ko=texts.limits_ko,
        limits_en=texts.limits_en,
    )
    with whole_file(path) as file:
        file.write(text.encode())
    return path


def _gate_line(manifest: Manifest) -> str:
    gate = manifest.gate
    if not gate:
        return f"No gate is on record in {MANIFEST}."
    return (
        f"Gate ({gate['pairs']:.0f} pairs): mean cosine with the float32 source "
        f"{gate['mean_cosine']:.5f} (least {gate['least_cosine']:.5f}), cosine Spearman "
        f"{gate['source']:.2f} before and {gate['exported']:.2f} after."
    )
