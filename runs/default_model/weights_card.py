"""The card of the float16 weights."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

import texts

from munjang.evaluate.report import markdown_table
from munjang.files import whole_file
from munjang.model.card import CARD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from munjang.evaluate.tasks import StsResult

_CARD = Template("""\
---
language: [ko]
license: cc-by-sa-4.0
library_name: sentence-transformers
pipeline_tag: sentence-similarity
base_model: intfloat/multilingual-e5-small
---
# $name, float16

`munjang.load()`가 여는 int8 모델의 바탕 가중치입니다. 미세 조정, 다른 형식으로 내보내기,
GPU에 씁니다. float16으로 저장했고, 열 때 float32가 됩니다. 접두어는 없습니다.

The weights behind the int8 model that `munjang.load()` opens: to fine-tune from, to export to other
formats, for GPUs. Stored as float16, opened as float32. There is no prompt.

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("models/$name")
vectors = model.encode(["첫눈이 내렸다.", "올해 첫눈이 왔다."])
```

```bash
munjang train cosent --base models/$name --data pairs.csv --dev dev.csv
```

$pieces 개의 어휘, 매개변수 $parameters 개, 384차원. 바탕: $base.

$pieces pieces, $parameters parameters, 384 dimensions. From $base.

## 측정 / Measured

$tables
## 학습 데이터 / Training data

$data_ko

$data_en

## 못하는 것 / What it is bad at

$limits_ko

$limits_en
""")


def write_weights_card(
    folder: Path, *, base: str, vocabulary: dict[str, Any], results: Sequence[StsResult]
) -> None:
    """Writes the card; `base` in words, `vocabulary` its size, `results` the scores."""
    text = _CARD.substitute(
        name=folder.name,
        pieces=f"{vocabulary['pieces']:,}",
        parameters=f"{vocabulary['parameters']:,}",
        base=base,
        tables="\n".join(markdown_table([result]) for result in results),
        data_ko=texts.CARD.data_ko,
        data_en=texts.CARD.data_en,
        limits_ko=texts.CARD.limits_ko,
        limits_en=texts.CARD.limits_en,
    )
    with whole_file(folder / CARD) as file:
        file.write(text.encode())
