"""The best epoch: which one that is, and its weights, kept until the run folder takes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.atomic import rename_into_place
from training.processes import is_main
from training.run_folder import write_json
from training.weights import save_weights

if TYPE_CHECKING:
    from training.task import Model

METRICS = "metrics.json"  # of the weights it lies beside


class BestWeights:
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

    def metrics(self) -> dict[str, float] | None:
        """The validation metrics of the weights kept; None before the first."""
        record = self.folder / METRICS
        return json.loads(record.read_text()) if record.is_file() else None

    def keep_if_better(self, model: Model, metrics: dict[str, float], examples: int, step: int, epoch: float) -> None:
        """Saves the weights when validation accuracy rose (or tied with a lower loss), or always.

        Only the main process decides and writes.

        Args:
            model (PreTrainedModel or PeftModel): as it was evaluated.
            metrics (dict): ``accuracy``, ``macro_f1`` and ``loss`` on the validation part.
            examples (int): of that part.
            step (int): steps taken.
            epoch (float): passes over the training part.
        """
        if not is_main():
            return
        before = self.metrics()
        highest = max(metrics["accuracy"], before["highest_accuracy"] if before else 0.0)
        if before and not self._better(metrics, before, highest, examples):
            return
        shutil.rmtree(self.fresh, ignore_errors=True)
        save_weights(model, self.fresh)
        record = {**metrics, "highest_accuracy": highest, "step": step, "epoch": epoch}
        write_json(self.fresh / METRICS, record)  # last: weights with their metrics are whole
        rename_into_place(self.fresh, self.folder, within_ours=True)

    def _better(self, now: dict[str, float], before: dict[str, float], highest: float, examples: int) -> bool:
        """Whether this epoch takes the place of the one kept."""
        if self.last:
            return True
        if self.averaged:
            return now["accuracy"] >= highest - standard_error(highest, examples)
        return (now["accuracy"], -now["loss"]) > (before["accuracy"], -before["loss"])


def standard_error(accuracy: float, examples: int) -> float:
    """Of an accuracy measured on so many examples: that of a binomial share."""
    return (accuracy * (1 - accuracy) / examples) ** 0.5
