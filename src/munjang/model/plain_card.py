"""The card of a model folder without a run: what the folder says, and where it came from.

Also what every card of a sentence-transformers folder has: its facts, the code to use it,
the front matter that the hub reads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Any

from munjang.encode import zoo
from munjang.encode.folder import MANIFEST, read_manifest
from munjang.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from huggingface_hub import EvalResult

LOCAL = "./model"
"""What a card calls its model until it has a name on the hub."""

UNSTATED = ("not stated", "none stated")
"""What stands for a licence where nobody states one: in our records, and in the zoo."""

_USE = Template("""\
```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("$name")
vectors = model.encode(["첫눈이 내렸다.", "올해 첫눈이 왔다."])
print(model.similarity(vectors, vectors))
```

""")
_USE_MUNJANG = Template("""\
```python
import munjang$extra

encoder = munjang.load("$name")
vectors = encoder.encode(["첫눈이 내렸다.", "올해 첫눈이 왔다."])
print(encoder.similarity(vectors, vectors))
```
""")

_FACTS = Template("""\
| | |
|---|---|
| 구조 / modules | $modules |
| 차원 / dimension | $dim |
| 최대 토큰 / token limit | $max_tokens |
| 접두어 (자동으로 붙음) / prompt (put by the model) | $prompt |
""")

_CARD = Template("""\
$front
# $title

$about_ko

$about_en

## 쓰기 / Use

$use
$facts
## 못하는 것 / What it is bad at

여기서 잰 점수는 없습니다. 쓰기 전에 여러분의 문장으로 재어 보세요 (`munjang evaluate`).
$max_tokens 토큰보다 긴 글은 뒷부분이 잘립니다.

No score was measured here: measure it on your own sentences before you rely on it
(`munjang evaluate`). Texts longer than $max_tokens tokens lose their end.

## 라이선스 / Licence

$licence_ko

$licence_en
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a model folder says of itself.

    Attributes:
        modules: The modules in order, or the engine and precision of an exported model.
        dim: The dimension of its vectors.
        max_tokens: Where it cuts, special tokens included.
        prompt: What it puts before every sentence.
        exported: Whether munjang alone can load it.
    """

    modules: str
    dim: int
    max_tokens: int
    prompt: str
    exported: bool

    def to_markdown(self) -> str:
        """The facts as a table."""
        return _FACTS.substitute(
            modules=self.modules,
            dim=self.dim,
            max_tokens=self.max_tokens,
            prompt=f"`{self.prompt!r}`" if self.prompt else "없음 / none",
        )

    def usage(self, name: str) -> str:
        """Code that uses the model, with sentence-transformers and with munjang."""
        if self.exported:
            return _USE_MUNJANG.substitute(name=name, extra="")
        extra = '  # pip install "munjang[train]"'
        return _USE.substitute(name=name) + _USE_MUNJANG.substitute(name=name, extra=extra)


def read_facts(folder: Path) -> Facts:
    """Reads what a sentence-transformers folder or an exported one says of itself.

    Raises:
        ModelError: It is neither, or not whole, or its weights are pickled.
    """
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        return Facts(
            modules=f"{manifest.engine} {manifest.precision}",
            dim=manifest.dim,
            max_tokens=manifest.max_tokens,
            prompt=manifest.prompt,
            exported=True,
        )
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"{folder} is no sentence-transformers folder and no exported model",
            found="no modules.json",
            fix=f"munjang port {folder} --out DIR makes one",
        )
    plan = zoo.how_to_pool(folder, None)
    dim = 0
    try:
        for row in json.loads((folder / "modules.json").read_text("utf-8")):
            dim = _dim_after(folder / row["path"], str(row["type"]), dim)
        limit = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        max_tokens = int(limit["model_max_length"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder} does not say its dimension or its token limit",
            found=f"{type(error).__name__}: {error}",
            fix="open it with sentence-transformers 6 and save it again",
        ) from error
    return Facts(
        modules=plan.why.removeprefix("modules.json: "),
        dim=dim,
        max_tokens=max_tokens,
        prompt=plan.prompt,
        exported=False,
    )


def _dim_after(folder: Path, kind: str, dim: int) -> int:
    """The dimension of a vector behind a module."""
    if not kind.endswith((".Pooling", ".Dense")):
        return dim
    config = json.loads((folder / "config.json").read_text("utf-8"))
    if kind.endswith(".Dense"):
        return int(config["out_features"])
    size = config.get("embedding_dimension", config.get("word_embedding_dimension"))
    modes = config.get("pooling_mode", "")
    return int(size) * (1 if isinstance(modes, str) else len(modes))


def front_matter(
    *,
    license: str,  # noqa: A002 - as the hub names it
    name: str,
    exported: bool = False,
    base_model: str | None = None,
    datasets: Sequence[str] = (),
    tags: Sequence[str] = (),
    results: Sequence[EvalResult] = (),
) -> str:
    """Writes what the hub reads of a card, between its two lines of dashes.

    Args:
        license: A licence as the hub spells it, such as "cc-by-sa-4.0"; or "other".
        name: The model's name in its model-index.
        exported: Whether munjang alone can load it.
        base_model: A hub id.
        datasets: Hub ids.
        tags: Beside the usual ones.
        results: What was measured.
    """
    from huggingface_hub import ModelCardData

    library = "munjang" if exported else "sentence-transformers"
    usual = [library, "sentence-similarity", "feature-extraction", "korean", *tags]
    data: dict[str, Any] = {
        "language": ["ko"],
        "license": license,
        "license_name": "see-below" if license == "other" else None,
        "library_name": library,
        "pipeline_tag": "sentence-similarity",
        "base_model": base_model,
        "datasets": list(datasets) or None,
        "tags": list(dict.fromkeys(usual)),
    }
    if results:
        data |= {"model_name": name, "eval_results": list(results)}
    return f"---\n{ModelCardData(**data).to_yaml()}\n---"


def plain_card(
    folder: Path,
    *,
    title: str,
    about_ko: str,
    about_en: str,
    license: str = UNSTATED[0],  # noqa: A002
    base_model: str | None = None,
    shown_as: str = LOCAL,
) -> str:
    """Writes the card of a folder that no run made.

    Args:
        folder: A sentence-transformers folder or an exported one.
        title: Its heading.
        about_ko: What it is, in Korean.
        about_en: The same in English.
        license: The licence of its weights, or one of `UNSTATED`.
        base_model: The hub id that it was made from.
        shown_as: What a reader passes to `munjang.load`.

    Raises:
        ModelError: As `read_facts`.
    """
    facts = read_facts(folder)
    stated = license not in UNSTATED
    return _CARD.substitute(
        front=front_matter(
            license=license.lower() if stated else "other",
            name=title,
            exported=facts.exported,
            base_model=base_model,
        ),
        title=title,
        about_ko=about_ko,
        about_en=about_en,
        use=facts.usage(shown_as),
        facts=facts.to_markdown(),
        max_tokens=facts.max_tokens,
        licence_ko=license if stated else "밝혀진 라이선스가 없습니다. 만든 이에게 물어보세요.",
        licence_en=license if stated else "No licence is stated: ask those who made it.",
    )
