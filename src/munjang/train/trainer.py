"""The trainer of sentence-transformers with our batches, and checkpoints that hold everything."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed
from datasets import DatasetDict
from safetensors.torch import load_file, load_model, save_file, save_model
from sentence_transformers import SentenceTransformerTrainer
from transformers import TrainerCallback, TrainerState

from munjang.errors import ModelError
from munjang.train.batches import make_loader
from munjang.train.checkpoints import STATE, seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainingArguments
    from sentence_transformers.base.evaluation import BaseEvaluator
    from torch import Tensor, nn
    from torch.utils.data import DataLoader
    from transformers import TrainerControl, TrainingArguments

    from munjang.train.batches import LengthBuckets, PaddingCollator

MODEL_FILE = "model.safetensors"
LOSS_FILE = "loss.safetensors"
"""What a loss trains beside the model: a classifier, a head, a decoder."""


class RecipeTrainer(SentenceTransformerTrainer):
    """Trains one model on one or more tokenised data sets, each with its own loss.

    A checkpoint holds the model's and the losses' weights, the optimiser, the schedule
    and the state of every random generator, and counts only once it is sealed; training
    goes on from it as if it had never stopped.
    """

    loss: dict[str, nn.Module]

    def __init__(
        self,
        model: SentenceTransformer,
        arguments: SentenceTransformerTrainingArguments,
        *,
        parts: Mapping[str, Dataset],
        losses: Mapping[str, nn.Module],
        buckets: LengthBuckets,
        collator: PaddingCollator,
        evaluator: BaseEvaluator | None = None,
    ) -> None:
        super().__init__(
            model=model,
            args=arguments,
            train_dataset=DatasetDict(dict(parts)),
            loss=dict(losses),
            evaluator=evaluator,
            data_collator=collator,  # type: ignore[arg-type]  # it asks for one of texts
        )
        self._root = Path(str(arguments.output_dir))
        self._make_loader = partial(make_loader, parts, buckets, collator)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The batches of `munjang.train.batches`, dealt out to the processes."""
        self.accelerator.even_batches = False  # the buckets see to that
        loader: DataLoader[Any] = self.accelerator.prepare(self._make_loader())
        return loader

    def own_parameters(self) -> dict[str, Tensor]:
        """The weights that losses train beside the model, by set and name."""
        model = {id(parameter) for parameter in self.model.parameters()}
        return {
            f"{name}.{inner}": parameter
            for name, loss in self.loss.items()
            for inner, parameter in loss.named_parameters()
            if id(parameter) not in model
        }

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Writes none: munjang writes the card of a run from its records."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ANN401
        folder = self._root if output_dir is None else Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self.model, str(folder / MODEL_FILE))
        own = {name: weights.detach() for name, weights in self.own_parameters().items()}
        if own:
            save_file(own, folder / LOSS_FILE)

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        folder = Path(resume_from_checkpoint)
        load_model(model or self.model, folder / MODEL_FILE)
        own = self.own_parameters()
        saved = load_file(folder / LOSS_FILE) if own else {}
        if set(own) != set(saved):
            raise ModelError(
                f"{folder / LOSS_FILE} belongs to another recipe", found=", ".join(sorted(saved))
            )
        with torch.no_grad():
            for name, weights in own.items():
                weights.copy_(saved[name])

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:  # noqa: ANN401
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            seal(self._root / f"checkpoint-{self.state.global_step}")

    def _init_training_state(self, *given: Any) -> tuple[int, int]:  # noqa: ANN401
        done = super()._init_training_state(*given)
        self.state.best_model_checkpoint = best = self.best_checkpoint(self.state)
        if best is not None and not Path(best).exists():  # it went for a better one, still to come
            self.state.best_metric = self.state.best_global_step = None
            self.state.best_model_checkpoint = None
        return done

    def is_done(self, checkpoint: Path, patience: int, metric: str) -> bool:
        """Whether a run had ended at a checkpoint; then its best weights are loaded.

        Args:
            checkpoint: A whole one.
            patience: As the recipe has it; 0 for none.
            metric: What the log calls the dev score.
        """
        state = TrainerState.load_from_json(str(checkpoint / STATE))
        ended = state.global_step >= state.max_steps
        if not ended and not (patience and Patience(patience, metric).exhausted(state)):
            return False
        self.state = state
        self._load_from_checkpoint(self.best_checkpoint(state) or str(checkpoint))
        return True

    def best_checkpoint(self, state: TrainerState) -> str | None:
        """The folder of the best checkpoint so far, also if the run was moved."""
        if not state.best_global_step:
            return None
        return str(self._root / f"checkpoint-{state.best_global_step}")

    def _load_best_model(self) -> None:
        if self.state.best_model_checkpoint is not None:
            self._load_from_checkpoint(self.state.best_model_checkpoint)


class SharedLossGradients(TrainerCallback):
    """Averages, over all processes, the gradients of what losses train beside the model.

    DistributedDataParallel does so for the model alone.
    """

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self._parameters = list(parameters)

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        for parameter in self._parameters:
            if parameter.grad is not None:
                torch.distributed.all_reduce(parameter.grad)
                parameter.grad /= args.world_size


class Patience(TrainerCallback):
    """Stops a run after so many looks without a better score.

    It counts in the run's own log, so that a run that goes on counts on.
    """

    def __init__(self, looks: int, metric: str) -> None:
        self._looks = looks
        self._metric = metric

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **given: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        if self.exhausted(state):
            control.should_training_stop = True

    def exhausted(self, state: TrainerState) -> bool:
        """Whether the last looks were all without a better score."""
        scores = [entry[self._metric] for entry in state.log_history if self._metric in entry]
        best = max(range(len(scores)), key=lambda look: (scores[look], -look), default=0)
        return len(scores) - 1 - best >= self._looks
