"""What happens between the steps: checkpoints by the clock, losses that are no numbers, the best weights kept."""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from grokaem.atomic import rename_into_place
from training.processes import broadcast_from_main, is_main
from training.run_folder import COMPLETE, checkpoint_folder, write_json
from training.weights import save_weights

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.data import DataLoader

    from training.task import Model

METRICS = "metrics.json"  # of the weights it lies beside


class TimedCheckpoints(TrainerCallback):
    """Asks for a checkpoint every so many seconds, so that a killed run loses no more than that."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.last = time.monotonic()

    def on_step_end(  # pyright: ignore[reportIncompatibleMethodOverride]  # a control is taken too
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> TrainerControl:
        """Asks when it is time, but not at an epoch's last step: its checkpoint waits for the evaluation."""
        if state.epoch and state.epoch % 1:
            self._ask(state, control)
        return control

    def on_epoch_end(  # pyright: ignore[reportIncompatibleMethodOverride]  # a control is taken too
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> TrainerControl:
        """The Trainer evaluates first and then saves: a run that goes on from here has lost neither."""
        self._ask(state, control)
        return control

    def _ask(self, state: TrainerState, control: TrainerControl) -> None:
        """Never for the last step of all: the run folder follows at once."""
        due = broadcast_from_main(time.monotonic() - self.last >= self.seconds)
        if due and state.global_step < state.max_steps:
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Counts from the end of the writing."""
        self.last = time.monotonic()


class MarkComplete(TrainerCallback):
    """Marks a checkpoint as complete; the last of all callbacks, since others write into it too."""

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """A kill before this leaves a checkpoint that is not resumed from."""
        if args.should_save:
            (checkpoint_folder(args, state) / COMPLETE).touch()


class StopWithoutNumbers(TrainerCallback):
    """Ends a run whose weights are no numbers any more: from there on nothing is learned.

    A single loss that is none is let pass as long as the weights are: in fp16 such a step is left out.
    """

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        logs: dict[str, float], model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """Looks at the weights when a loss is no number; losses are looked at only when they are shown."""
        if not math.isfinite(logs.get("loss", 0.0)) and not _finite(model):
            _stop(state)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        metrics: dict[str, float], **kwargs: object,
    ) -> None:  # fmt: skip
        """Short runs show no loss before their first evaluation."""
        if not math.isfinite(metrics.get("eval_loss", 0.0)):
            _stop(state)


def _finite(model: nn.Module) -> bool:
    return all(bool(weight.isfinite().all()) for weight in model.parameters() if weight.requires_grad)


def _stop(state: TrainerState) -> NoReturn:
    raise RuntimeError(
        f"after step {state.global_step} the loss is no number: the training diverged; start anew with "
        "--overwrite and a smaller --learning-rate, and on a GPU with --precision bf16 or fp32."
    )


class KeepBest(TrainerCallback):
    """Keeps the weights of the best validation accuracy, and remembers it over a resume.

    Args:
        folder (Path): where the weights go, with their metrics.
        averaged (bool, optional): the weights are averages, which only settle with time: a later epoch takes
            the place of an earlier one as long as its accuracy is within one standard error of the highest, as
            far as the validation part can tell them apart. (Default: ``False``: it must be higher)
        last (bool, optional): keep the last weights, whatever their accuracy: the validation part was trained
            on. (Default: ``False``)
    """

    def __init__(self, folder: Path, averaged: bool = False, last: bool = False):
        self.folder, self.averaged, self.last = folder, averaged, last
        self.fresh = folder.with_name(f"{folder.name}.new")
        if is_main() and (self.fresh / METRICS).is_file():
            rename_into_place(self.fresh, self.folder, within_ours=True)  # they were whole when the run was killed

    def best(self) -> dict[str, float] | None:
        """The best validation metrics so far."""
        record = self.folder / METRICS
        return json.loads(record.read_text()) if record.is_file() else None

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        metrics: dict[str, float],
        model: Model,
        eval_dataloader: DataLoader,
        **kwargs: object,
    ) -> None:
        """Saves the weights when validation accuracy rose (or tied with a lower loss), or always."""
        if "eval_accuracy" not in metrics or not state.is_world_process_zero:
            return
        now = {name: metrics[f"eval_{name}"] for name in ("accuracy", "macro_f1", "loss")}
        before = self.best()
        highest = max(now["accuracy"], before["highest_accuracy"] if before else 0.0)
        if before and not self.last:
            if self.averaged:
                examples = len(eval_dataloader.dataset)  # pyright: ignore[reportArgumentType]  # a list of items
                better = now["accuracy"] >= highest - standard_error(highest, examples)
            else:
                better = (now["accuracy"], -now["loss"]) > (before["accuracy"], -before["loss"])
            if not better:
                return
        shutil.rmtree(self.fresh, ignore_errors=True)
        save_weights(model, self.fresh)
        record = {**now, "highest_accuracy": highest, "step": state.global_step, "epoch": state.epoch}
        write_json(self.fresh / METRICS, record)  # last: weights with their metrics are whole
        rename_into_place(self.fresh, self.folder, within_ours=True)


def standard_error(accuracy: float, examples: int) -> float:
    """Of an accuracy measured on so many examples: that of a binomial share."""
    return (accuracy * (1 - accuracy) / examples) ** 0.5
