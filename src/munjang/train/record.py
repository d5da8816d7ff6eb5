"""What a run writes down while it goes: a line a step that is logged, speed, progress."""

from __future__ import annotations

import json
import platform
import time
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, TextIO

import torch
from transformers import TrainerCallback
from transformers.utils import logging

from munjang.errors import DataError, MunjangWarning
from munjang.files import whole_file
from munjang.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from transformers import TrainerControl, TrainerState, TrainingArguments

    from munjang.train.batches import PaddingCollator

LIBRARIES = ("munjang", "torch", "transformers", "sentence-transformers", "tokenizers", "datasets")
"""Whose versions a manifest states."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """How fast a run was, dev looks and checkpoints left out, all processes together.

    Attributes:
        sentences_per_second: Texts through the model and back.
        tokens_per_second: Their tokens, padding left out.
        padding_share: Share of padding among all token slots, from 0 to 1.
    """

    sentences_per_second: float
    tokens_per_second: float
    padding_share: float


class RunLog(TrainerCallback):
    """Writes log.jsonl, shows a bar on a terminal, and says a line at every look.

    Args:
        path: The log; lines after the step that a run goes on from are cut off.
        collator: What counts sentences and tokens.
        metric: The dev score among a look's metrics; None where nobody looks.
        shown: Show the bar.
        say: Takes the lines for people; None for nobody.
    """

    def __init__(
        self,
        path: Path,
        collator: PaddingCollator,
        *,
        metric: str | None,
        shown: bool,
        say: Callable[[str], None] | None,
    ) -> None:
        self._path = path
        self._collator = collator
        self._metric = metric
        self._shown = shown
        self._say = say or (lambda _: None)
        self._seconds = 0.0
        self._steps = 0
        self._last = 0.0
        self._bar = ExitStack()
        self._advance: Callable[[int], None] = lambda _: None

    def throughput(self, processes: int) -> Throughput:
        """The speed of the steps so far."""
        seconds = max(self._seconds, 1e-9)
        counts = self._collator
        return Throughput(
            processes * counts.sentences / seconds,
            processes * counts.tokens / seconds,
            1 - counts.tokens / max(counts.slots, 1),
        )

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        if state.is_world_process_zero:
            _cut_log(self._path, state.global_step)
        self._advance = self._bar.enter_context(
            progress_bar(
                "training",
                total=state.max_steps,
                unit="steps",
                shown=self._shown and state.is_world_process_zero,
            )
        )
        self._advance(state.global_step)
        self._last = time.perf_counter()

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        now = time.perf_counter()
        self._seconds += now - self._last
        self._last = now
        self._steps += 1
        self._advance(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **given: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        if state.is_world_process_zero:
            line = {"step": state.global_step, **given["logs"]}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **given: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        if state.is_world_process_zero and self._metric is not None:
            speed = self.throughput(args.world_size)
            left = self._seconds / max(self._steps, 1) * (state.max_steps - state.global_step)
            score = given["metrics"][self._metric]
            best = " (best)" if state.best_metric is None or score > state.best_metric else ""
            self._say(
                f"step {state.global_step:,}/{state.max_steps:,}: dev {100 * score:.2f}{best}, "
                f"{speed.sentences_per_second:,.0f} sentences/s, "
                f"{speed.tokens_per_second:,.0f} tokens/s, "
                f"padding {speed.padding_share:.0%}, {left / 60:.1f} min of training left"
            )
        self._last = time.perf_counter()

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        self._last = time.perf_counter()

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """See `transformers.TrainerCallback`."""
        self.close()

    def close(self) -> None:
        """Takes the bar away, also when training failed."""
        self._bar.close()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keeps the libraries' bars and notices off the screen; their errors are shown."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def heard_warnings() -> Iterator[list[str]]:
    """Keeps munjang's warnings for the record, and lets them through."""
    heard: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def keep(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, MunjangWarning):
                heard.append(str(message))
            show(message, category, filename, lineno, file, line)

        warnings.showwarning = keep  # restored by catch_warnings
        yield heard


def write_json(path: Path, record: object) -> None:
    """Writes a record as indented JSON, whole or not at all.

    Raises:
        InputError: It cannot be written there.
    """
    with whole_file(path) as file:
        file.write((json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:  # noqa: ANN401
    """Reads a record of a run.

    Raises:
        DataError: It is not there or no JSON.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no record of a run", found=str(error)) from error


def library_versions() -> dict[str, str]:
    """The versions of what a run depends on, Python's among them."""
    return {"python": platform.python_version()} | installed(LIBRARIES)


def installed(names: Iterable[str]) -> dict[str, str]:
    """The versions of packages, by their names; those that are not installed are left out."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def device_name(device: torch.device) -> str:
    """A device in words, such as "CPU, 8 threads" or a card's own name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type.upper()}, {torch.get_num_threads()} threads"


def _cut_log(path: Path, step: int) -> None:
    """Cuts a log behind a step: a line that a kill left half-written goes too."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text("utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["step"] <= step:
            kept.append(line + "\n")
    with whole_file(path) as file:
        file.write("".join(kept).encode())
