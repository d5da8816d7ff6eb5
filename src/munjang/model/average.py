"""The weighted mean of the weights of several encoders that were trained from one base.

Such a mean is often better than each of them and costs nothing more to run: model soups
(Wortsman et al. 2022, arXiv:2203.05482). With a share of the base itself, what the base
could do outside the training data is kept: WiSE-FT (Wortsman et al. 2022,
arXiv:2109.01903).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from munjang.encode.facts import model_facts
from munjang.errors import InputError, ModelError, counted
from munjang.files import whole_folder
from munjang.model.agreement import check_modules, check_nature, find_source, read_nature
from munjang.model.average_card import (
    AveragedModel,
    choose_tag,
    gather_sets,
    name_licence,
    write_average_card,
)
from munjang.model.build import build_encoder
from munjang.model.derived import check_target, copy_legal_files, save_encoder
from munjang.model.embeddings import weigh
from munjang.model.mean import fill_mean
from munjang.model.trim_card import read_source_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from munjang.model.agreement import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageResult:
    """What was averaged, and what came of it.

    Attributes:
        models: The models with their shares, in the order in which they were given.
        tensors: How many tensors were averaged.
        kept: Tensors that no vector depends on and that not all models have, such as the
            pooler of a BERT; they are those of the first model.
        parameters: Parameters of the whole model.
        megabytes: What they take as they are stored, in MB (10^6).
        precision: In what the transformer is stored: "float16" where it was so in all
            models, else "float32".
        trained_on: The training sets that the models with a share declare.
        license: The licence of the result as the hub spells it; "other" where whoever
            publishes it has to decide.
    """

    models: tuple[AveragedModel, ...]
    tensors: int
    kept: tuple[str, ...]
    parameters: int
    megabytes: float
    precision: str
    trained_on: tuple[str, ...]
    license: str


def average_models(
    models: Sequence[str | Path],
    out: str | Path,
    *,
    weights: Sequence[float] | None = None,
    overwrite: bool = False,
    allow_pickle: bool = False,
    progress: bool = False,
) -> AverageResult:
    """Averages the weights of encoders and writes the mean as an encoder of the same kind.

    The sums are float64, a block of rows at a time. What is written is a
    sentence-transformers folder with the modules, tokenizer and prompts of the first model,
    and a card that says what was averaged.

    Args:
        models: Torch weights: the first a sentence-transformers folder or such a hub model,
            the others too or plain transformers folders, such as the base.
        out: The folder to write; must not exist unless `overwrite`.
        weights: One for each model, of any sum; equal ones when None.
        overwrite: Replace `out` if it is a sentence-transformers folder.
        allow_pickle: Read pickled weights where a model has no others.
        progress: Show a progress bar on stderr.

    Returns:
        What was averaged.

    Raises:
        InputError: There are no models, the weights do not fit, or `out` is taken.
        ModelError: A model cannot be read, is exported or static, or differs from the first
            in architecture, vocabulary, modules, prompts, or the names and shapes of its
            tensors; the first model does not say how it pools; a number is NaN or infinite.
        NetworkError: A hub model is nowhere.
        MissingExtraError: The extra `train` is not installed.
    """
    shares = choose_shares(len(models), weights)
    sources = [find_source(str(model), allow_pickle=allow_pickle) for model in models]
    target = Path(out)
    check_target(target, [source.folder for source in sources], overwrite=overwrite)
    _check_agreement(sources)
    cards = [read_source_card(source.folder, source.hub_id) for source in sources]
    mean = build_encoder(sources[0].folder, device="cpu", allow_pickle=allow_pickle)
    filled = fill_mean(mean, sources, shares, allow_pickle=allow_pickle, progress=progress)
    averaged = tuple(
        AveragedModel(
            model=source.name,
            share=share,
            license=name_licence(card),
            trained_on=model_facts(source.folder).trained_on or (),
        )
        for source, share, card in zip(sources, shares, cards, strict=True)
    )
    parameters, megabytes = weigh(mean, filled.dtype)
    result = AverageResult(
        models=averaged,
        tensors=filled.tensors,
        kept=filled.kept,
        parameters=parameters,
        megabytes=megabytes,
        precision=str(filled.dtype).removeprefix("torch."),
        trained_on=gather_sets(averaged),
        license=choose_tag(averaged),
    )
    with whole_folder(target) as work:
        save_encoder(mean, work, filled.dtype)
        copy_legal_files([source.folder for source in sources], work)
        write_average_card(
            work,
            averaged,
            cards,
            places=[source.folder for source in sources],
            title=target.name,
        )
    return result


def choose_shares(models: int, weights: Sequence[float] | None = None) -> tuple[float, ...]:
    """Makes shares of weights, which together are 1.

    Args:
        models: How many models there are.
        weights: One for each, 0 or more; equal ones when None.

    Raises:
        InputError: There are no models, or the weights are too many or too few, negative,
            not finite, or all 0.

    Example:
        >>> choose_shares(3, [1, 1, 2])
        (0.25, 0.25, 0.5)
    """
    if models < 1:
        raise InputError("there is nothing to average", fix="name two models or more")
    given = [1.0] * models if weights is None else [float(weight) for weight in weights]
    if len(given) != models:
        raise InputError(
            "there must be one weight for each model",
            found=f"{counted(len(given), 'weight')} for {counted(models, 'model')}",
        )
    wrong = [weight for weight in given if not (math.isfinite(weight) and weight >= 0)]
    if wrong:
        raise InputError("a weight must be a number of 0 or more", found=f"{wrong[0]:g}")
    most = max(given)
    if most == 0:
        raise InputError("the weights are all 0", fix="a weight above 0 for a model at least")
    parts = [weight / most for weight in given]  # their sum is finite, whatever the weights
    return tuple(part / math.fsum(parts) for part in parts)


def _check_agreement(sources: Sequence[Source]) -> None:
    first, *others = sources
    if first.plan is None:
        raise ModelError(
            f"{first.name} is the first model and does not say how it pools",
            found="no modules.json",
            fix=f"name one first that does, or munjang port {first.name} --out DIR makes one",
        )
    for other in others:
        check_modules(first, other)
    natures = [read_nature(source) for source in sources]
    for other, nature in zip(others, natures[1:], strict=True):
        check_nature(first, natures[0], other, nature)
