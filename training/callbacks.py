"""What happens between the steps: checkpoints by the clock, and the best weights kept."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from training.processes import agree
from training.run_folder import COMPLETE, write_json


class TimedCheckpoints(TrainerCallback):
    """Asks for a checkpoint every so many seconds, so that a killed run loses no more than that."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Asks when it is time, but not for the last step: the run folder follows at once."""
        due = agree(time.monotonic() - self.last >= self.seconds)
        if due and state.global_step < state.max_steps:
            control.should_save = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Counts from the end of the writing."""
        self.last = time.monotonic()


class MarkComplete(TrainerCallback):
    """Marks a checkpoint as complete; the last of all callbacks, since others write into it too."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A kill before this leaves a checkpoint that is not resumed from."""
        if args.should_save:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


class KeepBest(TrainerCallback):
    """Keeps the weights of the best validation accuracy, and remembers it over a resume.

    Args:
        folder (Path): where the weights go; the metrics go beside it.
        averaged (bool, optional): the weights are averages, which only settle with time: a later epoch takes
            the place of an earlier one as long as its accuracy is within one standard error of the highest, as
            far as the validation part can tell them apart. (Default: ``False``: it must be higher)
        last (bool, optional): keep the last weights, whatever their accuracy: the validation part was trained
            on. (Default: ``False``)
    """

    def __init__(self, folder: Path, averaged: bool = False, last: bool = False):
        self.folder, self.averaged, self.last = folder, averaged, last
        self.record = folder.with_name("best.json")

    def best(self) -> dict[str, float] | None:
        """The best validation metrics so far."""
        return json.loads(self.record.read_text()) if self.record.is_file() else None

    def on_evaluate(
        self,
        args: Any,
        state: Any,
        control: Any,
        metrics: dict,
        model: Any,
        eval_dataloader: Any,
        **kwargs: Any,
    ) -> None:
        """Saves the weights when validation accuracy rose (or tied with a lower loss), or always."""
        if "eval_accuracy" not in metrics or not state.is_world_process_zero:
            return
        now = {name: metrics[f"eval_{name}"] for name in ("accuracy", "macro_f1", "loss")}
        before = self.best()
        highest = max(now["accuracy"], before["highest_accuracy"] if before else 0.0)
        if before and not self.last:
            if self.averaged:
                better = now["accuracy"] >= highest - standard_error(highest, len(eval_dataloader.dataset))
            else:
                better = (now["accuracy"], -now["loss"]) > (before["accuracy"], -before["loss"])
            if not better:
                return
        fresh = self.folder.with_name("best.new")
        shutil.rmtree(fresh, ignore_errors=True)
        model.save_pretrained(fresh)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.rename(fresh, self.folder)
        record = {**now, "highest_accuracy": highest, "step": state.global_step, "epoch": state.epoch}
        write_json(self.record, record)


def standard_error(accuracy: float, examples: int) -> float:
    """Of an accuracy measured on so many examples: that of a binomial share."""
    return (accuracy * (1 - accuracy) / examples) ** 0.5
