"""The best epoch: which one that is, and its weights, kept until the run folder takes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grokaem.atomic import rename_into_place
from grokaem.scores import accuracy, confusion, f1_by_class
from training.processes import broadcast_from_main, is_main
from training.run_folder import write_json
from training.weights import save_weights

if TYPE_CHECKING:
    from training.task import Model

METRICS = "metrics.json"  # of the weights it lies beside


class BestWeights:
    """Keeps the weights of the best epoch by a metric of the validation part, and remembers it over a resume.

    Args:
        folder (Path): where the weights go, with their metrics.
        metric (str, optional): ``accuracy`` or ``macro_f1``. (Default: ``"accuracy"``)
        averaged (bool, optional): the weights are averages, which only settle with time: a later epoch takes
            the place of an earlier one as long as it is within one standard error of the highest, as far as the
            validation part can tell them apart. (Default: ``False``: it must be higher)
        last (bool, optional): keep the last weights, whatever they score: the validation part was trained on.
            (Default: ``False``)
    """

    def __init__(self, folder: Path, metric: str = "accuracy", averaged: bool = False, last: bool = False):
        self.folder, self.metric, self.averaged, self.last = folder, metric, averaged, last
        self.fresh = folder.with_name(f"{folder.name}.new")
        if is_main() and (self.fresh / METRICS).is_file():
            rename_into_place(self.fresh, self.folder, within_ours=True)  # they were whole when the run was killed

    def metrics(self) -> dict[str, float] | None:
        """The validation metrics of the weights kept; None before the first."""
        record = self.folder / METRICS
        return json.loads(record.read_text()) if record.is_file() else None

    def keep_if_better(self, model: Model, metrics: dict[str, float], error: float, step: int, epoch: float) -> bool:
        """Saves the weights when the metric rose (or tied with a lower loss), or always.

        Only the main process decides and writes.

        Args:
            model (PreTrainedModel or PeftModel): as it was evaluated.
            metrics (dict): ``accuracy``, ``macro_f1`` and ``loss`` on the validation part.
            error (float): standard error of the metric; see :func:`standard_error`.
            step (int): steps taken.
            epoch (float): passes over the training part.

        Returns:
            bool: whether the weights were kept, the same in every process.
        """
        return broadcast_from_main(is_main() and self._keep_if_better(model, metrics, error, step, epoch))

    def _keep_if_better(self, model: Model, metrics: dict[str, float], error: float, step: int, epoch: float) -> bool:
        before = self.metrics()
        highest, highest_error = metrics[self.metric], error
        if before and before["highest"] >= highest:
            highest, highest_error = before["highest"], before["highest_error"]
        if before and not self._better(metrics, before, highest - highest_error):
            return False
        shutil.rmtree(self.fresh, ignore_errors=True)
        save_weights(model, self.fresh)
        record = {**metrics, "highest": highest, "highest_error": highest_error, "step": step, "epoch": epoch}
        write_json(self.fresh / METRICS, record)  # last: weights with their metrics are whole
        rename_into_place(self.fresh, self.folder, within_ours=True)
        return True

    def _better(self, now: dict[str, float], before: dict[str, float], least: float) -> bool:
        """Whether this epoch takes the place of the one kept."""
        if self.last:
            return True
        if self.averaged:
            return now[self.metric] >= least
        return (now[self.metric], -now["loss"]) > (before[self.metric], -before["loss"])


def standard_error(metric: str, logits: np.ndarray, labels: np.ndarray) -> float:
    """How sure a metric is that was measured on so many examples.

    Accuracy's is that of a binomial share. Macro F1 is a mean over classes, each known from its own examples only: the
    square root of the sum of f (1 - f) / n over the classes that occur, over their number.

    Args:
        metric (str): ``accuracy`` or ``macro_f1``.
        logits (ndarray of shape (n, n_classes)): the model's answers.
        labels (ndarray of shape (n,)): the true classes.
    """
    counts = confusion(labels, logits.argmax(axis=1), logits.shape[1])
    true = counts.sum(axis=1)
    if metric == "accuracy":
        share = accuracy(counts)
        return float((share * (1 - share) / true.sum()) ** 0.5)
    f1, occur = f1_by_class(counts), true > 0
    return float((f1[occur] * (1 - f1[occur]) / true[occur]).sum() ** 0.5 / occur.sum())
