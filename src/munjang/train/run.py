"""One loop for all recipes: data, model, losses, training, scores, records."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter
from transformers import PrinterCallback
from transformers.integrations.integration_utils import TensorBoardCallback

from munjang.encode.engines import token_limit
from munjang.files import whole_folder
from munjang.model.build import add_lora, as_encoder, build_encoder, merge_lora, own_prompt
from munjang.model.training_card import CARD, write_training_card
from munjang.train.arguments import DEV_METRIC, to_arguments
from munjang.train.batches import LengthBuckets, PaddingCollator, Share
from munjang.train.checkpoints import explained_disk_errors, pick_checkpoint
from munjang.train.edited import add_edited
from munjang.train.folder import FINISHED, RunFolder, begin, nothing_left, open_folder, tidy
from munjang.train.gather import (
    check_data,
    check_sizes,
    describe,
    read_held_out,
    read_reports,
    read_sources,
    to_datasets,
)
from munjang.train.measured import Measured, dev_evaluator, measure, summarize
from munjang.train.objectives import build_losses
from munjang.train.recipecheck import check_recipe, warn_of_accumulation
from munjang.train.record import (
    RunLog,
    device_name,
    heard_warnings,
    library_versions,
    quiet_libraries,
    write_json,
)
from munjang.train.result import read_run, write_scores
from munjang.train.sources import read_scored
from munjang.train.trainer import Patience, RecipeTrainer, SharedLossGradients

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainingArguments
    from torch import nn

    from munjang.data.rows import ScoredPair
    from munjang.train.recipe import Recipe
    from munjang.train.result import Run


def train(
    recipe: Recipe,
    *,
    out: str | Path,
    resume: bool = False,
    data_dir: str | Path | None = None,
    device: str | None = None,
    allow_pickle: bool = False,
    progress: bool = False,
    say: Callable[[str], None] | None = None,
) -> Run:
    """Trains a recipe into a run folder.

    The folder holds model/ (a sentence-transformers folder with its card), recipe.toml
    (resolved), manifest.json, scores.json, log.jsonl and tensorboard/; while it runs also
    checkpoints/. Under torchrun every process calls this; the first one writes.

    Args:
        recipe: What to train, as `load_recipe` gives it.
        out: The run folder: new, or with `resume` one that was begun.
        resume: Go on from the last whole checkpoint, if there is one, to the very weights
            that an uninterrupted run gives. A finished run is read, not trained again.
        data_dir: A folder that has the known data sets.
        device: "cpu" or "cuda"; a GPU where there is one when None.
        allow_pickle: Read a base's pickled weights where it has no others.
        progress: Show a bar on stderr.
        say: Takes lines for people: looks at the dev set, what was dropped.

    Returns:
        The finished run.

    Raises:
        InputError: Settings, data or folder cannot be used; the disk is full.
        ModelError: The base cannot be loaded.
        MissingExtraError: The extra `train` is not installed.
        NetworkError: Data or base are nowhere and cannot be fetched.
    """
    check_recipe(recipe)
    arguments = to_arguments(recipe, Path(out), device)
    with arguments.main_process_first(local=False):
        resume_here = resume or arguments.process_index > 0
        folder = RunFolder(Path(out))
        new = not folder.recipe.exists()
        if arguments.process_index == 0:
            open_folder(folder.root, recipe, resume=resume)
    if folder.state().get("state") == FINISHED:
        return _finish(folder, arguments)
    with nothing_left(folder, new=new):
        if recipe.before is not None:
            check_data(recipe, data_dir, arguments.world_size)  # before the first stage trains
            first = train(
                recipe.before,
                out=folder.first.root,
                resume=resume_here or folder.first.root.exists(),
                data_dir=data_dir,
                device=device,
                allow_pickle=allow_pickle,
                progress=progress,
                say=say,
            )
            recipe = replace(recipe, model=replace(recipe.model, base=str(first.model)))
        loop = _Loop(recipe, folder, arguments, allow_pickle, progress, say or (lambda _: None))
        with heard_warnings() as heard, quiet_libraries():
            manifest = loop.run(None if data_dir is None else Path(data_dir))
    if arguments.process_index == 0:
        write_json(folder.manifest, manifest | {"state": FINISHED, "warnings": heard})
    return _finish(folder, arguments)


def _finish(folder: RunFolder, arguments: SentenceTransformerTrainingArguments) -> Run:
    """What is left once the manifest says that a run is finished; a kill may have come between."""
    arguments.distributed_state.wait_for_everyone()  # till all have read the best checkpoint
    if arguments.process_index == 0:
        if not (folder.model / CARD).exists():
            write_training_card(folder.root)
        tidy(folder)
    arguments.distributed_state.wait_for_everyone()
    return read_run(folder.root)


@dataclass(frozen=True, slots=True)
class _Loop:
    """What every step of a run needs to know."""

    recipe: Recipe
    folder: RunFolder
    arguments: SentenceTransformerTrainingArguments
    allow_pickle: bool
    progress: bool
    say: Callable[[str], None]

    def run(self, data_dir: Path | None) -> dict[str, Any]:
        """Trains, measures and saves; returns the manifest."""
        recipe, folder = self.recipe, self.folder
        warn_of_accumulation(recipe)
        dev = self._read_dev(data_dir)
        reports = read_reports(recipe, data_dir)
        measured = [pair for pairs in reports.values() for pair in pairs]
        held_out = [*dev, *measured, *read_held_out(recipe, data_dir)]
        model = self._build_model()
        limit = min(recipe.model.max_tokens or token_limit(model), token_limit(model))
        prompt = own_prompt(model)
        with self.arguments.main_process_first(local=False):
            sources = read_sources(
                recipe,
                held_out,
                folder,
                data_dir,
                device=str(self.arguments.device),
                progress=self.progress,
            )
            recipe, sources = add_edited(
                recipe,
                sources,
                held_out,
                processes=self.arguments.world_size,
                progress=self.progress,
            )
            check_sizes(recipe, sources, self.arguments.world_size)
            datasets = to_datasets(
                recipe,
                sources,
                model,
                max_tokens=limit,
                prompt=prompt,
                folder=folder,
                progress=self.progress,
            )
        torch.manual_seed(recipe.train.seed)
        adapters = add_lora(model, recipe.model.lora_rank) if recipe.model.lora_rank else None
        losses = build_losses(model, recipe, datasets)
        data = describe(recipe, sources)
        with self.arguments.main_process_first(local=False):
            begin(folder, data)  # nothing that the user may have got wrong comes after it
        for name, record in data.items():
            record["cut"] = int(np.sum(datasets[name]["cut"]))
            self.say(f"{name}: {_in_words(record)}")
        before = self._measure(model, reports, recipe.model.base)
        shares = {
            name: Share(batch_size=part.batch_size or recipe.train.batch_size, times=part.times)
            for name, part in recipe.data.items()
        }
        trainer, log = self._trainer(model, datasets, shares, losses, dev)
        begin_time = time.perf_counter()
        steps = self._fit(trainer)
        minutes = (time.perf_counter() - begin_time) / 60
        log.close()
        if adapters is not None:
            merge_lora(adapters)
        after = self._measure(model, reports, recipe.name)
        if self.arguments.process_index == 0:
            self._save(model, before, after)
        return {
            "recipe": recipe.name,
            "base": recipe.model.base,
            "device": device_name(self.arguments.device),
            "processes": self.arguments.world_size,
            "precision": "bf16" if self.arguments.bf16 else "fp32",
            "minutes": round(minutes, 2),
            "steps": steps,
            "seed": recipe.train.seed,
            "versions": library_versions(),
            "data": data,
            "throughput": asdict(log.throughput(self.arguments.world_size)),
            **summarize(before, after),
            "best": {
                "step": trainer.state.best_global_step or steps,
                "dev": trainer.state.best_metric,
            },
        }

    def _read_dev(self, data_dir: Path | None) -> list[ScoredPair]:
        evaluate = self.recipe.evaluate
        if not evaluate.dev:
            return []
        return read_scored(evaluate.dev, columns=evaluate.columns, data_dir=data_dir)

    def _build_model(self) -> SentenceTransformer:
        part = self.recipe.model
        model = build_encoder(
            part.base,
            pooling=part.pooling,
            normalize=part.normalize,
            prompt=part.prompt,
            layers=part.layers,
            device=str(self.arguments.device),
            allow_pickle=self.allow_pickle,
        )
        if self.recipe.train.checkpoint_activations:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        return model

    def _measure(
        self, model: SentenceTransformer, reports: Mapping[str, Sequence[ScoredPair]], name: str
    ) -> Measured:
        """Measures a model; only on the first process."""
        if self.arguments.process_index > 0:
            return Measured()
        return measure(
            as_encoder(model, name),
            reports,
            robust=self.recipe.train.robust > 0,
            say=self.say,
            progress=self.progress,
        )

    def _trainer(
        self,
        model: SentenceTransformer,
        datasets: Mapping[str, Dataset],
        shares: Mapping[str, Share],
        losses: dict[str, nn.Module],
        dev: Sequence[ScoredPair],
    ) -> tuple[RecipeTrainer, RunLog]:
        recipe = self.recipe
        collator = PaddingCollator(model.tokenizer)
        metric = DEV_METRIC if dev else None
        log = RunLog(self.folder.log, collator, metric=metric, shown=self.progress, say=self.say)
        train = recipe.train
        buckets = LengthBuckets(
            datasets,
            shares,
            mix=train.mix,
            window=train.window,
            drop_last=train.drop_last,
            seed=train.seed,
            processes=self.arguments.world_size,
        )
        trainer = RecipeTrainer(
            model,
            self.arguments,
            parts=datasets,
            losses=losses,
            buckets=buckets,
            collator=collator,
            evaluator=dev_evaluator(dev),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(log)
        if self.arguments.process_index == 0:
            writer = SummaryWriter(self.folder.tensorboard)
            trainer.add_callback(TensorBoardCallback(writer))  # type: ignore[no-untyped-call]
        if recipe.evaluate.patience:
            trainer.add_callback(Patience(recipe.evaluate.patience, DEV_METRIC))
        if self.arguments.world_size > 1:
            trainer.add_callback(SharedLossGradients(trainer.own_parameters().values()))
        return trainer, log

    def _fit(self, trainer: RecipeTrainer) -> int:
        """Trains, from the last whole checkpoint where there is one; returns the steps."""
        with self.arguments.main_process_first(local=False):
            checkpoint, faults = pick_checkpoint(self.folder.checkpoints)
        for name, fault in faults.items():
            used = f"going on from {checkpoint.name}" if checkpoint else "beginning anew"
            self.say(f"{name} cannot be used: {fault}; {used}")
        patience = self.recipe.evaluate.patience
        if checkpoint is not None and trainer.is_done(checkpoint, patience, DEV_METRIC):
            return trainer.state.global_step
        with explained_disk_errors(self.folder.root):
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        return trainer.state.global_step

    def _save(self, model: SentenceTransformer, before: Measured, after: Measured) -> None:
        """Writes model and scores."""
        write_scores(self.folder, before, after)
        with explained_disk_errors(self.folder.root), whole_folder(self.folder.model) as work:
            model.save_pretrained(str(work), create_model_card=False)
            for path in work.rglob("*.safetensors"):
                path.chmod(0o644)  # transformers writes them for the owner alone


def _in_words(record: Mapping[str, Any]) -> str:
    """A data set's record in a line: rows, what was dropped and why, what was cut."""
    dropped = ", ".join(f"{rows:,} {why}" for why, rows in record["dropped"].items())
    parts = [f"{record['rows']:,} rows"]
    parts += [f"dropped {dropped}"] if dropped else []
    parts += [f"{record['cut']:,} with a text cut at model.max_tokens"] if record["cut"] else []
    return "; ".join(parts)
