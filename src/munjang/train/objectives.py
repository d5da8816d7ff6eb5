"""Objectives to the losses of sentence-transformers, one for each data set of a recipe."""

from __future__ import annotations

import tempfile
from logging import ERROR
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.sentence_transformer.losses import (
    AnglELoss,
    CachedMultipleNegativesRankingLoss,
    CoSENTLoss,
    CosineSimilarityLoss,
    DenoisingAutoEncoderLoss,
    EmbedDistillLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
    SoftmaxLoss,
)
from torch import nn
from transformers.utils import logging

from munjang.errors import InputError
from munjang.train.recipecheck import CONTRASTS
from munjang.train.tokenized import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import datasets
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from munjang.train.recipe import DataPart, Recipe

PART_ROWS = 32
"""Rows that are encoded at once on a CPU; on a GPU large batches are faster than small ones."""

WHOLE_VECTOR = ("softmax", "denoise")
"""Objectives whose own weights need all dimensions of a vector: no Matryoshka."""


class TrainingView(nn.Module):
    """A model as losses see it: long batches go through in parts, a head may come last.

    The rows of a batch are sorted by length and encoded in parts, each as wide as its longest
    row, which leaves little padding; the vectors come back in the batch's order. The head, a
    dense layer and tanh, is that of supervised SimCSE (Gao et al. 2021). It is the loss's; the
    model inside is what is saved, and what trainers wrap.

    Args:
        model: The encoder, of any dimension d.
        head: Whether there is a head; it is d x d.
        rows: About so many rows a part; None for batches as they come.
    """

    def __init__(self, model: SentenceTransformer, *, head: bool, rows: int | None) -> None:
        super().__init__()
        self.model = model
        self._size = _dimension(model)
        self._rows = rows
        self.head: nn.Module = nn.Identity()
        if head:
            dense = nn.Linear(self._size, self._size, device=model.device)
            nn.init.normal_(dense.weight, std=0.02)  # as BERT's own layers begin
            nn.init.zeros_(dense.bias)
            self.head = nn.Sequential(dense, nn.Tanh())

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Encodes a column of texts padded at the end.

        Args:
            features: "input_ids" and "attention_mask", [rows, tokens].

        Returns:
            "sentence_embedding", float, [rows, d].
        """
        mask = features["attention_mask"]
        # the same on every process, however long its texts: wrapped models count the calls
        parts = round(len(mask) / self._rows) if self._rows else 1
        if parts < 2:
            vectors = self.model(features)["sentence_embedding"]
        else:
            lengths = mask.sum(dim=1)
            order = lengths.argsort()
            vectors = torch.cat(
                [
                    self.model(_take(features, rows, int(lengths[rows[-1]])))["sentence_embedding"]
                    for rows in order.tensor_split(parts)
                ]
            )[order.argsort()]
        return {"sentence_embedding": self.head(vectors)}

    @property
    def device(self) -> torch.device:
        """The model's, for losses that have weights."""
        return self.model.device

    def get_embedding_dimension(self) -> int:
        """The model's, for losses that ask."""
        return self._size

    def __getitem__(self, place: int) -> nn.Module:
        """A module of the model, for losses that look whether the first is a transformer."""
        return self.model[place]


class WeightedLoss(nn.Module):
    """A loss of sentence-transformers, multiplied by a weight."""

    def __init__(self, loss: nn.Module, weight: float) -> None:
        super().__init__()
        self.loss = loss
        self.weight = weight

    def forward(self, columns: Iterable[dict[str, Any]], labels: Tensor | None) -> Tensor:
        """The loss of a batch; it takes what the loss inside takes."""
        found: Tensor = self.loss(columns, labels)
        return self.weight * found


def build_losses(
    model: SentenceTransformer, recipe: Recipe, parts: Mapping[str, datasets.Dataset]
) -> dict[str, nn.Module]:
    """Makes the loss of every data set of a recipe.

    | objective | loss |
    |---|---|
    | softmax | cross-entropy of W [u; v; abs(u - v)] + b over `CLASSES` (Sentence-BERT) |
    | cosine | mean of (cos(u, v) - label)^2 (Sentence-BERT) |
    | cosent | log(1 + sum of exp((cos_j - cos_i) / temperature) where label_i > label_j) |
    | angle | the same on AnglE's angle in place of the cosine (Li and Li 2023) |
    | contrastive, dropout | cross-entropy of cos(anchor, candidate) / temperature (SimCSE) |
    | denoise | cross-entropy of the text, decoded from the damaged text's vector (TSDAE) |
    | distill | mean of 1 - cos(vector, teacher's); through a linear map if dimensions differ |

    The candidates of a contrastive loss are all positives and all hard negatives of the batch,
    those of the other processes included. The decoder of denoise shares the encoder's weights.
    A loss is multiplied by its data set's weight. With `train.dims` it is the sum over the
    whole vector and its first so many dimensions (Matryoshka, Kusupati et al. 2022). What a
    loss trains beside the model is among its parameters and drawn from the recipe's seed,
    apart from global generators.

    Args:
        model: The encoder.
        recipe: Says the objectives.
        parts: The tokenized data sets, by the recipe's names; "distill" takes the teacher's
            dimension from its labels.

    Returns:
        Losses of sentence-transformers, by the same names: called with a list of
        features, one a text column, and the labels.

    Raises:
        InputError: Settings that contradict each other, or that the model cannot do.
    """
    _check_dims(model, recipe)
    losses = {}
    for place, (name, part) in enumerate(recipe.data.items()):
        with torch.random.fork_rng():
            torch.manual_seed(recipe.train.seed + place)
            _check_part(name, part, recipe)
            seen = _seen(model, part, recipe)
            loss = _loss(seen, part, parts[name])
        if recipe.train.dims:
            dims = sorted({_dimension(model), *recipe.train.dims}, reverse=True)
            loss = MatryoshkaLoss(seen, loss, dims)
        losses[name] = loss if part.weight == 1 else WeightedLoss(loss, part.weight)
    return losses


def _seen(model: SentenceTransformer, part: DataPart, recipe: Recipe) -> Any:  # noqa: ANN401 (losses take a view for a model)
    """What a loss gets for a model."""
    head = recipe.model.head == "mlp"
    if part.mini_batch is not None and not head:
        return model  # it goes through in pieces already, and these need to see its wrapping
    return TrainingView(model, head=head, rows=PART_ROWS if model.device.type == "cpu" else None)


def _loss(model: Any, part: DataPart, rows: datasets.Dataset) -> nn.Module:  # noqa: ANN401
    scale = 1 / part.temperature
    if part.objective == "softmax":
        return SoftmaxLoss(model, _dimension(model), num_labels=len(CLASSES))
    if part.objective == "cosine":
        return CosineSimilarityLoss(model)
    if part.objective == "cosent":
        return CoSENTLoss(model, scale=scale)
    if part.objective == "angle":
        return AnglELoss(model, scale=scale)
    if part.objective == "denoise":
        return _denoising(model)
    if part.objective == "distill":
        teacher = len(rows[0]["label"])
        same = teacher == _dimension(model)
        return EmbedDistillLoss(model, projection_dim=None if same else teacher)
    gather = _processes() > 1
    if part.mini_batch is None:
        return MultipleNegativesRankingLoss(model, scale=scale, gather_across_devices=gather)
    return CachedMultipleNegativesRankingLoss(
        model, scale=scale, mini_batch_size=part.mini_batch, gather_across_devices=gather
    )


def _denoising(view: TrainingView) -> nn.Module:
    """The loss reads encoder and tokenizer again, by the name of a folder: as they are now."""
    model = view.model
    encoder: Any = model.transformers_model
    if encoder is None or encoder.config.is_encoder_decoder:
        raise InputError("this base cannot denoise", fix="an encoder such as BERT or RoBERTa")
    name = encoder.config._name_or_path
    with tempfile.TemporaryDirectory() as folder:
        encoder.save_pretrained(folder)
        model.tokenizer.save_pretrained(folder)
        encoder.config._name_or_path = folder
        verbosity = logging.get_verbosity()
        logging.set_verbosity(ERROR)  # new weights of the decoder are no news
        try:
            loss = DenoisingAutoEncoderLoss(model, tie_encoder_decoder=True)
        finally:
            logging.set_verbosity(verbosity)
            encoder.config._name_or_path = name
    loss.tokenizer_decoder, loss.need_retokenization = model.tokenizer, False
    for attribute in ("encoder", "model"):  # by the latter trainers find what they wrap
        setattr(loss, attribute, view)
    return loss.to(model.device)


def _check_dims(model: SentenceTransformer, recipe: Recipe) -> None:
    most = _dimension(model)
    wrong = [dim for dim in recipe.train.dims if not 0 < dim <= most]
    if wrong:
        raise InputError(
            f"train.dims must be from 1 to the model's {most}", found=", ".join(map(str, wrong))
        )


def _check_part(name: str, part: DataPart, recipe: Recipe) -> None:
    """Refuses what does not go together."""
    at = f"[data.{name}] {part.objective}"
    if not part.temperature > 0:
        raise InputError(f"{at}: temperature must be above 0", found=str(part.temperature))
    if part.objective in WHOLE_VECTOR and recipe.train.dims:
        raise InputError(f"{at} cannot train train.dims", fix="train.dims = []")
    if part.objective == "denoise" and recipe.model.head == "mlp":
        raise InputError(f"{at} takes no head", fix='model.head = "none"')
    if part.objective == "denoise" and recipe.model.lora_rank:
        raise InputError(f"{at} trains all weights", fix="model.lora_rank = 0")
    if part.mini_batch is not None:
        _check_mini_batch(at, part, recipe)


def _check_mini_batch(at: str, part: DataPart, recipe: Recipe) -> None:
    if part.objective not in CONTRASTS:
        raise InputError(f"{at} has no mini_batch", fix="leave it out, or objective contrastive")
    if part.mini_batch is not None and part.mini_batch < 1:
        raise InputError(f"{at}: mini_batch must be 1 or more", found=str(part.mini_batch))
    if recipe.model.head == "mlp" and _processes() > 1:
        raise InputError(f"{at}: mini_batch with a head runs on one process only")


def _dimension(model: Any) -> int:  # noqa: ANN401 (the encoder, or a view of it)
    size = model.get_embedding_dimension()
    if size is None:
        raise InputError("the model does not say its dimension", fix="a model that pools")
    return int(size)


def _processes() -> int:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_world_size()
    return 1


def _take(features: dict[str, Any], rows: Tensor, width: int) -> dict[str, Any]:
    """Some rows of a batch, without the tokens after `width`, which are padding."""
    return {name: values[rows, :width] for name, values in features.items()}
