"""munjang (문장, "sentence"): Korean sentence embeddings.

Encode, search, cluster and evaluate Korean sentences, offline, with a model inside.
Names are imported when they are first used, so `import munjang` costs next to nothing.

Example:
    >>> import munjang
    >>> encoder = munjang.load()
    >>> texts = ["환불은 어떻게 받나요?", "배송은 며칠 걸리나요?"]
    >>> hits = munjang.search_texts(encoder, ["돈을 돌려받고 싶어요"], texts, k=1)
    >>> hits[0][0].text
    '환불은 어떻게 받나요?'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from munjang.encode.adapt import as_encoder as as_encoder
    from munjang.encode.encoder import Encoded as Encoded
    from munjang.encode.encoder import Encoder as Encoder
    from munjang.encode.encoder import EncodeReport as EncodeReport
    from munjang.encode.encoder import SentenceEncoder as SentenceEncoder
    from munjang.encode.encoder import similarity as similarity
    from munjang.encode.endpoint import open_endpoint as open_endpoint
    from munjang.encode.loading import load as load
    from munjang.errors import MunjangError as MunjangError
    from munjang.errors import MunjangWarning as MunjangWarning
    from munjang.evaluate.comparison import compare_suites as compare_suites
    from munjang.evaluate.robustness import run_robust as run_robust
    from munjang.evaluate.suite import run_suite as run_suite
    from munjang.evaluate.tasks import compare as compare
    from munjang.evaluate.tasks import evaluate_sts as evaluate_sts
    from munjang.evaluate.tasks import evaluate_task as evaluate_task
    from munjang.korean.perturb import perturb as perturb
    from munjang.search import Index as Index
    from munjang.search import cluster_texts as cluster_texts
    from munjang.search import search_texts as search_texts

__version__ = "0.1.0"

_HOMES = {
    "as_encoder": "munjang.encode.adapt",
    "Encoded": "munjang.encode.encoder",
    "Encoder": "munjang.encode.encoder",
    "EncodeReport": "munjang.encode.encoder",
    "SentenceEncoder": "munjang.encode.encoder",
    "similarity": "munjang.encode.encoder",
    "open_endpoint": "munjang.encode.endpoint",
    "load": "munjang.encode.loading",
    "MunjangError": "munjang.errors",
    "MunjangWarning": "munjang.errors",
    "compare_suites": "munjang.evaluate.comparison",
    "run_robust": "munjang.evaluate.robustness",
    "run_suite": "munjang.evaluate.suite",
    "compare": "munjang.evaluate.tasks",
    "evaluate_sts": "munjang.evaluate.tasks",
    "evaluate_task": "munjang.evaluate.tasks",
    "perturb": "munjang.korean.perturb",
    "Index": "munjang.search",
    "cluster_texts": "munjang.search",
    "search_texts": "munjang.search",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'munjang' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
