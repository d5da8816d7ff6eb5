"""What a recipe is: frozen dataclasses, a field for every key of the TOML file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Objective = Literal[
    "softmax", "cosine", "cosent", "angle", "contrastive", "dropout", "denoise", "distill"
]
"""What a data set is trained with; `munjang.train.objectives` has a table of them."""

Precision = Literal["auto", "fp32", "bf16"]
"""What is computed in; `munjang.train.precision` says what "auto" comes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPart:
    """The encoder that is trained.

    Attributes:
        base: A folder or a hub id.
        pooling: How tokens become a vector: "cls", "mean", "lasttoken", …; None for what
            the base says itself.
        normalize: Whether vectors leave with length 1; None for what the base says.
        prompt: Put before every sentence, now and in use; None for what the base says.
        max_tokens: Longer sentences are cut in training, special tokens included; in use
            the base's own limit holds. None for the base's limit.
        head: "mlp" puts a dense layer and tanh on the vector while training; it is not
            part of what is saved.
        layers: Keep so many of the base's layers, evenly spread; None for all.
        lora_rank: Train adapters of this rank, merged in the end; 0 trains all weights.
    """

    base: str
    pooling: str | None = None
    normalize: bool | None = None
    prompt: str | None = None
    max_tokens: int | None = 128
    head: Literal["none", "mlp"] = "none"
    layers: int | None = None
    lora_rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPart:
    """One data set and what it is trained with.

    Attributes:
        objective: The loss, by name.
        use: Data sets of the catalog as NAME:SPLIT, or files; their rows are joined.
        columns: A file's column for a field of the rows, where the names differ.
        encoding: The text encoding of files.
        triplets: How inference pairs become triplets; see `munjang.data.prepare`.
        per_group: Draw so many pairs of each group of paraphrases, by the seed; None for all.
        rows: Draw so many rows, by the seed; None for all.
        times: How often an epoch sees the rows.
        batch_size: Rows in a batch of a process; None for that of [train].
        temperature: Cosines are divided by it (contrastive, dropout, cosent, angle).
        weight: The loss is multiplied by it.
        mini_batch: Compute a contrastive batch in pieces of so many (GradCache), for batches
            that memory cannot hold; None for whole.
        labels: "gold" for the scores of the data; "teacher" for those of the cross-encoder
            of [teacher] on pairs mined from the sentences of `use`.
    """

    objective: Objective
    use: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    triplets: Literal["last", "random", "product", "zip"] = "last"
    per_group: int | None = None
    rows: int | None = None
    times: int = 1
    batch_size: int | None = None
    temperature: float = 0.05
    weight: float = 1.0
    mini_batch: int | None = None
    labels: Literal["gold", "teacher"] = "gold"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPart:
    """The loop.

    Attributes:
        epochs: Times through the data.
        steps: Stop after so many steps of the optimiser instead; None for `epochs`.
        batch_size: Rows in a batch, on each process.
        learning_rate: The highest.
        schedule: How it falls after the warm-up.
        warmup: Share of the steps, or so many steps if 1 or more.
        weight_decay: AdamW's, on all weights but biases and norms.
        max_grad_norm: Longer gradients are clipped; 0 for never.
        accumulate: Batches whose gradients make a step. It adds no negatives.
        precision: "bf16" computes in bfloat16 where that is safe, weights stay float32;
            "auto" does so where the GPU or CPU is made for it.
        seed: Of every draw.
        mix: Whole data sets in random turns by size, or strictly in turns until the
            shortest ends.
        window: Batches are cut from so many batches of rows, sorted by length; 1 for no
            sorting.
        drop_last: Leave out a last batch that is not full.
        dims: Train the first so many dimensions too (Matryoshka), such as [384, 128].
        robust: The highest dose of seeded edits: sentences of all data sets with what an edit
            made of them become positives, and robustness is measured before and after; 0 for
            none.
        checkpoint_activations: Compute activations again instead of keeping them.
        compile: Through torch.compile.
    """

    epochs: float = 1.0
    steps: int | None = None
    batch_size: int = 64
    learning_rate: float = 2e-5
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    accumulate: int = 1
    precision: Precision = "auto"
    seed: int = 42
    mix: Literal["proportional", "round-robin"] = "proportional"
    window: int = 24
    drop_last: bool = False
    dims: tuple[int, ...] = ()
    robust: float = 0.0
    checkpoint_activations: bool = False
    compile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatePart:
    """What chooses the checkpoint, and what the run is reported on.

    Attributes:
        dev: Scored pairs, NAME:SPLIT or a file: the checkpoint with the best cosine
            Spearman is kept. Empty for the last one.
        every: Steps between two looks at `dev`, each with a checkpoint; 0 for the end of
            every epoch.
        patience: Stop after so many looks without a better score; 0 for never.
        report: Scored pairs to measure before and after; known data sets that are
            not at hand are named and left out.
        hold_out: Data sets, NAME:SPLIT or a file, that are measured on elsewhere: what stands
            there is not trained on, as what stands in `dev` and `report` is not.
        columns: A file's column for sentence1, sentence2 or score, where the names differ.
    """

    dev: str = "korsts:dev"
    every: int = 0
    patience: int = 0
    report: tuple[str, ...] = ("korsts:test", "klue-sts:dev")
    hold_out: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherPart:
    """A teacher: an encoder for "distill", a cross-encoder for `labels = "teacher"`.

    Attributes:
        model: A folder or a hub id; "default" and "tiny" are shipped. What a
            cross-encoder starts from; it is trained on the recipe's gold pairs first.
        epochs: Of the cross-encoder.
        batch_size: Of the cross-encoder.
        learning_rate: Of the cross-encoder.
        neighbours: Nearest sentences that each sentence is paired with.
        pairs: At most so many mined pairs are scored.
    """

    model: str
    epochs: float = 2.0
    batch_size: int = 32
    learning_rate: float = 3e-5
    neighbours: int = 3
    pairs: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything a training run is made of.

    Attributes:
        name: What tables call it.
        what: What it is, in a line.
        source: Where it was published.
        model: The encoder.
        data: The data sets, by names of the recipe's own.
        train: The loop.
        evaluate: What is measured.
        teacher: The teacher, where one is asked for.
        before: A recipe that is run first; its model is the base of this one.
        insist: Data sets of the never-train list that are trained on all the same.
    """

    name: str
    what: str = ""
    source: str = ""
    model: ModelPart
    data: Mapping[str, DataPart]
    train: TrainPart = field(default_factory=TrainPart)
    evaluate: EvaluatePart = field(default_factory=EvaluatePart)
    teacher: TeacherPart | None = None
    before: Recipe | None = None
    insist: tuple[str, ...] = ()
