"""What others published on KorSTS and KLUE-STS, as data, and how each of them measured it.

The figures are those of the authors' own tables. They do not all measure the same rows
of text or form the correlations in the same way, so each says how it was made: with that
view and aggregation a model can be measured as it was published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from munjang.errors import unknown_name
from munjang.evaluate.tasks import STS_TASKS

if TYPE_CHECKING:
    from munjang.evaluate.tasks import Aggregation, View


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row of a published table.

    Attributes:
        model: The model as its authors call it.
        task: A name of `STS_TASKS`.
        split: The split that was measured.
        training: Whether labelled sentences or pairs were trained on.
        scores: The eight correlations times 100 in the order of `METRICS`; None where
            the source gives none.
        published_avg: The source's own mean of the eight, or None.
        source: The repository or paper that published it.
        view: The text view that the model was given; None when that is not known.
        aggregation: How the correlations were formed; None when that is not known.
        aggregation_batch: The mini-batch of "batch-mean", where known.
        caveat: What else a reader should know; may be empty.
    """

    model: str
    task: str
    split: str
    training: Literal["supervised", "unsupervised"]
    scores: tuple[float | None, ...]
    published_avg: float | None
    source: str
    view: View | None
    aggregation: Aggregation | None
    aggregation_batch: int | None
    caveat: str

    @property
    def avg(self) -> float | None:
        """The published mean of the eight, else the mean of the published eight."""
        if self.published_avg is not None:
            return self.published_avg
        known = [score for score in self.scores if score is not None]
        return sum(known) / len(known) if len(known) == len(self.scores) else None


def published_rows(task: str, split: str) -> tuple[PublishedRow, ...]:
    """The published rows of a task and split.

    Args:
        task: A name of `STS_TASKS`.
        split: One of its splits.

    Returns:
        The rows, grouped by source; empty where nothing was published.

    Raises:
        InputError: There is no such task.

    Example:
        >>> best = max(published_rows("korsts", "test"), key=lambda row: row.scores[1] or 0)
        >>> best.model, best.scores[1], best.aggregation
        ('KoSimCSE-RoBERTa-multitask', 86.12, 'batch-mean')
    """
    if task not in STS_TASKS:
        raise unknown_name("task", task, STS_TASKS)
    return tuple(row for row in PUBLISHED if (row.task, row.split) == (task, split))


def _number(text: str) -> float | None:
    return None if text == "-" else float(text)


def _rows(
    table: str,
    *,
    source: str,
    training: Literal["supervised", "unsupervised"] = "supervised",
    task: str = "korsts",
    split: str = "test",
    view: View | None = None,
    aggregation: Aggregation | None = "global",
    aggregation_batch: int | None = None,
    caveat: str = "",
) -> tuple[PublishedRow, ...]:
    """Reads lines of "model | AVG CP CS EP ES MP MS DP DS [| caveat]", "-" for none."""
    rows = []
    for line in table.strip().splitlines():
        model, numbers, *own = (cell.strip() for cell in line.split("|"))
        avg, *scores = (_number(text) for text in numbers.split())
        rows.append(
            PublishedRow(
                model=model,
                task=task,
                split=split,
                training=training,
                scores=tuple(scores),
                published_avg=avg,
                source=source,
                view=view,
                aggregation=aggregation,
                aggregation_batch=aggregation_batch,
                caveat="; ".join(text for text in (caveat, *own) if text),
            )
        )
    return tuple(rows)


PUBLISHED: tuple[PublishedRow, ...] = (
    *_rows(
        """
        KoSBERT-SKT | 77.40 78.81 78.47 77.68 77.78 77.71 77.83 75.75 75.22
        KoSBERT (klue/bert-base) | 80.39 82.13 82.25 80.67 80.75 80.69 80.78 77.96 77.90
        KoSRoBERTa (klue/roberta-base) | 81.64 81.20 82.20 81.79 82.34 81.59 82.20 80.62 81.25
        """,
        source="BM-K/Sentence-Embedding-Is-All-You-Need",
        view="quoted",
    ),
    *_rows(
        """
        KoSentenceBART | 77.14 79.71 78.74 78.42 78.02 78.40 78.00 74.24 72.15 | mean is 77.21
        KoSentenceT5 | 77.83 80.87 79.74 80.24 79.36 80.19 79.27 72.81 70.17
        """,
        source="BM-K/Sentence-Embedding-Is-All-You-Need",
        view="quoted",
        aggregation="batch-mean",
        aggregation_batch=64,
    ),
    *_rows(
        """
        KoSimCSE-BERT-SKT | 81.32 82.12 82.56 81.84 81.63 81.99 81.74 79.55 79.19
        KoSimCSE-BERT (pooler) | 81.56 83.05 83.33 82.62 82.96 82.78 83.09 77.97 76.70
        KoSimCSE-RoBERTa (pooler) | 83.35 83.91 84.22 83.60 84.07 83.64 84.04 82.01 81.32
        """,
        source="BM-K/Sentence-Embedding-Is-All-You-Need",
        view="quoted",
        aggregation="batch-mean",
        aggregation_batch=256,
        caveat="pooler output",
    ),
    *_rows(
        """
        KoSimCSE-BERT | 83.37 83.22 83.58 83.24 83.60 83.15 83.54 83.13 83.49
        KoSimCSE-RoBERTa | 83.65 83.60 83.77 83.54 83.76 83.55 83.77 83.55 83.64
        """,
        source="BM-K/Sentence-Embedding-Is-All-You-Need",
        view="quoted",
        aggregation="batch-mean",
        aggregation_batch=256,
    ),
    *_rows(
        """
        KoSimCSE-BERT-multitask | 85.71 85.29 86.02 85.63 86.01 85.57 85.97 85.26 85.93
        KoSimCSE-RoBERTa-multitask | 85.77 85.08 86.12 85.84 86.12 85.83 86.12 85.03 85.99
        """,
        source="BM-K/Sentence-Embedding-Is-All-You-Need",
        view="quoted",
        aggregation="batch-mean",
        caveat="training and batch size never published",
    ),
    *_rows(
        """
        KoSentenceBERT-SKT NLI | - 65.05 68.48 68.81 68.18 68.90 68.20 65.22 66.81
        KoSentenceBERT-SKT STS | - 80.42 79.64 77.93 77.43 77.92 77.44 76.56 75.83
        """,
        source="BM-K/KoSentenceBERT-SKT",
        view="quoted",
    ),
    *_rows(
        """
        ETRI KorBERT NLI | - 67.96 70.45 71.06 70.48 71.17 70.51 64.87 63.04
        ETRI KorBERT STS | - 80.43 79.99 78.18 78.03 78.13 77.99 73.73 73.40
        ETRI KorBERT STS+NLI | - 80.10 80.42 79.14 79.28 79.08 79.22 74.46 74.16
        """,
        source="BM-K/KoSentenceBERT",
        aggregation=None,
    ),
    *_rows(
        """
        KoBERT NLI | - 63.92 66.82 67.77 66.79 67.70 66.72 63.73 64.51
        KoBERT STS | - 80.39 79.30 76.71 75.72 76.76 75.74 75.31 74.46
        KoBERT STS+NLI | - 78.88 79.21 78.14 78.28 78.18 78.30 75.47 75.80
        """,
        source="ByeongjunCho/SentenceBERT-KoBERT",
        view="quoted",
    ),
    *_rows(
        """
        SimCSE-BERT-KO | 85.98 86.05 86.00 85.88 86.08 85.90 86.08 85.96 85.89 | was 82.05
        SimCSE-RoBERTa-KO | 83.06 82.67 83.21 83.22 83.27 83.24 83.28 82.54 83.03
        """,
        source="snumin44/SimCSE-KO",
        view="stripped",
    ),
    *_rows(
        """
        KoSRoBERTa-small (nli-sts) | - 84.27 84.17 83.33 83.65 83.34 83.65 82.10 81.38
        """,
        source="ddobokki/KoSimCSE",
        view="raw",
        caveat="read with CSV quoting: 29 pairs differ",
    ),
    *_rows(
        """
        ko-sroberta-multitask | - 84.77 85.6 83.71 84.40 83.70 84.38 82.42 82.33
        ko-sbert-multitask | - 84.13 84.71 82.42 82.66 82.41 82.69 80.05 79.69
        ko-sroberta-multitask-mrl | - 84.24 85.07 83.60 84.13 83.62 84.17 82.75 82.71
        ko-sroberta-nli | - 82.83 83.85 82.87 83.29 82.88 83.28 80.34 79.69
        ko-sbert-nli | - 82.24 83.16 82.19 82.31 82.18 82.3 79.3 78.78 | model card: 82.36
        ko-sroberta-nli-mrl | - 83.10 84.07 83.57 83.79 83.61 83.81 80.93 80.17
        ko-sroberta-sts | - 81.84 81.82 81.15 81.25 81.14 81.25 79.09 78.54
        ko-sbert-sts | - 81.55 81.23 79.94 79.79 79.9 79.75 76.02 75.31
        ko-sroberta-sts-mrl | - 82.02 81.84 81.42 81.44 81.38 81.40 78.66 77.88
        paraphrase-multilingual-mpnet-base-v2 | - 80.69 82.00 80.33 80.39 80.48 80.61 70.30 68.48
        distiluse-base-multilingual-cased-v1 | - 75.50 74.83 73.05 73.15 73.67 73.86 74.79 73.95
        distiluse-base-multilingual-cased-v2 | - 75.62 74.83 73.03 72.87 73.68 73.62 63.80 62.35
        paraphrase-multilingual-MiniLM-L12-v2 | - 73.87 74.44 72.55 71.95 72.45 71.85 55.86 55.26
        """,
        source="jhgan00/ko-sentence-transformers",
        view="raw",
    ),
    *_rows(
        """
        Korean SRoBERTa-base | - - 48.96 - - - - - -
        Korean SRoBERTa-large | - - 51.35 - - - - - -
        """,
        source="Ham et al. 2020 (KorNLI and KorSTS)",
        training="unsupervised",
        aggregation=None,
        caveat="no tuning",
    ),
    *_rows(
        """
        KoSimCSE-BERT unsup | 74.08 74.92 73.98 74.15 74.22 74.07 74.07 74.15 73.14 | was 71.97
        KoSimCSE-RoBERTa unsup | 75.27 75.93 75.00 75.28 75.01 75.17 74.83 75.95 75.01 | was 73.57
        KoDiffCSE-RoBERTa | 77.17 77.73 76.96 77.21 76.89 77.11 76.81 77.74 76.97
        """,
        source="BM-K/Sentence-Embedding-Is-All-You-Need",
        training="unsupervised",
        view="quoted",
        aggregation="batch-mean",
    ),
    *_rows(
        """
        SimCSE-BERT-KO unsup | 72.85 73.00 72.77 72.96 72.92 72.93 72.86 72.80 72.53 | was 66.68
        SimCSE-RoBERTa-KO unsup | 75.79 76.39 75.57 75.71 75.52 75.65 75.42 76.41 75.63
        """,
        source="snumin44/SimCSE-KO",
        training="unsupervised",
        view="stripped",
    ),
    *_rows(
        """
        Unsup-SimCSE-RoBERTa-small | - 70.73 70.40 70.71 71.05 70.81 71.19 67.13 66.48
        Unsup-SimCSE-RoBERTa-small (rerun) | - 73.10 73.09 72.62 73.25 72.73 73.35 68.60 68.35
        """,
        source="ddobokki/KoSimCSE",
        training="unsupervised",
        view="raw",
        caveat="trained on sentences of STS train too; read with CSV quoting: 29 pairs differ",
    ),
    *_rows(
        """
        KoSimCSE base unsup | 81.20 81.53 81.17 80.89 81.20 80.93 81.22 81.48 81.14
        KoSimCSE large unsup | 81.71 82.10 81.78 81.12 81.78 81.15 81.80 82.15 81.80
        """,
        source="daekeun-ml/KoSimCSE-SageMaker",
        training="unsupervised",
        split="dev",
        view="raw",
    ),
    *_rows(
        """
        KoSimCSE base | 85.33 85.16 85.46 85.37 85.45 85.31 85.37 85.13 85.41
        KoSimCSE large | 85.54 85.41 85.78 85.18 85.51 85.26 85.61 85.70 85.90
        """,
        source="daekeun-ml/KoSimCSE-SageMaker",
        split="dev",
        view="raw",
    ),
    *_rows(
        """
        SimCSE-BERT-KO | 83.96 82.98 84.32 84.32 84.30 84.28 84.20 83.00 84.29
        SimCSE-RoBERTa-KO | 85.31 84.14 85.64 86.09 85.68 86.04 85.65 83.94 85.30
        """,
        source="snumin44/SimCSE-KO",
        task="klue-sts",
        split="dev",
        view="raw",
    ),
    *_rows(
        """
        SimCSE-BERT-KO unsup | 65.27 66.27 64.31 66.18 64.05 66.00 63.77 66.64 64.93 | older model
        SimCSE-RoBERTa-KO unsup | 80.78 81.20 80.35 81.27 80.36 81.28 80.40 81.13 80.26
        """,
        source="snumin44/SimCSE-KO",
        training="unsupervised",
        task="klue-sts",
        split="dev",
        view="raw",
    ),
    *_rows(
        """
        KoSimCSE base | 84.19 83.04 84.46 84.97 84.50 84.95 84.45 82.88 84.28
        KoSimCSE large | 85.37 84.38 85.99 85.97 85.81 86.00 85.79 83.87 85.15
        """,
        source="daekeun-ml/KoSimCSE-SageMaker",
        task="klue-sts",
        split="dev",
        view="raw",
        caveat="chosen on these rows",
    ),
    *_rows(
        """
        KoSimCSE base unsup | 81.17 81.27 80.96 81.70 80.97 81.63 80.89 81.12 80.81
        KoSimCSE large unsup | 81.96 82.09 81.71 82.45 81.73 82.42 81.69 81.98 81.58
        """,
        source="daekeun-ml/KoSimCSE-SageMaker",
        training="unsupervised",
        task="klue-sts",
        split="dev",
        view="raw",
        caveat="chosen on these rows",
    ),
)
"""All published rows; models are named as in their authors' tables."""
