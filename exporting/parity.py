"""Export against original on the same held-out data: accuracy and how sure it is, flips, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grokaem.scores import confusion, macro_f1, softmax

if TYPE_CHECKING:
    from exporting.report_types import Scores

ROUNDS = 2000  # of the bootstrap
MIN_FOR_PERCENTILE = 200  # examples, below which a 99th percentile says no more than the largest value
MAX_DROP = 0.005
MAX_SCORE_CHANGE = 0.1


@dataclass(frozen=True)
class Bounds:
    """What an export may lose.

    Args:
        max_drop (float, optional): accuracy, as a share of 1; on validation and on the test part. (Default: ``0.005``)
        max_score_change (float, optional): see :func:`score_change`; on validation alone. (Default: ``0.1``)
    """

    max_drop: float = MAX_DROP
    max_score_change: float = MAX_SCORE_CHANGE

    def hold(self, scores: Scores) -> bool:
        """Whether an attempt passes on validation, by what :func:`compare` found."""
        accurate = passes(scores["original_accuracy"], scores["export_accuracy"], self.max_drop)
        return accurate and scores["score_change"] <= self.max_score_change

    def excess(self, original: np.ndarray, export: np.ndarray, labels: np.ndarray) -> float:
        """The larger of loss of accuracy and change of scores, each as a multiple of what is allowed.

        Args:
            original (ndarray of shape (n, n_labels)): logits of the original.
            export (ndarray of shape (n, n_labels)): logits of the export.
            labels (ndarray of shape (n,)): true class numbers.

        Returns:
            float: at most 1 where the export passes.
        """
        was_right, is_right = (float((logits.argmax(axis=1) == labels).mean()) for logits in (original, export))
        change = score_change(original, export)
        return max((was_right - is_right) / (self.max_drop + 1e-9), change / (self.max_score_change + 1e-9))


def compare(original: np.ndarray, export: np.ndarray, labels: np.ndarray) -> Scores:
    """Differences between two models' logits on the same inputs.

    Args:
        original (ndarray of shape (n, n_labels)): logits of the original.
        export (ndarray of shape (n, n_labels)): logits of the export.
        labels (ndarray of shape (n,)): true class numbers.

    Returns:
        dict: both accuracies, the export's macro F1, the 95 % bootstrap interval of the export's accuracy, that of
        the loss of accuracy (original minus export; :func:`loss_interval`), ``flips`` (inputs whose predicted
        label changed), ``n``, ``max_score_difference`` (largest change of a probability) and ``score_change``
        (:func:`score_change`).

    Raises:
        ValueError: an export's logit is not a number.
    """
    if not np.isfinite(export).all():
        broken = (~np.isfinite(export)).any(axis=1).sum()
        raise ValueError(f"{broken} of {len(export)} inputs get scores that are no numbers")
    was_right, is_right = (logits.argmax(axis=1) == labels for logits in (original, export))
    return {
        "original_accuracy": float(was_right.mean()),
        "export_accuracy": float(is_right.mean()),
        "export_macro_f1": macro_f1(confusion(labels, export.argmax(axis=1), export.shape[1])),
        "export_accuracy_interval_95": mean_interval(is_right.astype(int)),
        "drop_interval_95": loss_interval(was_right, is_right),
        "flips": int((original.argmax(axis=1) != export.argmax(axis=1)).sum()),
        "n": len(labels),
        "max_score_difference": float(np.abs(softmax(original) - softmax(export)).max()),
        "score_change": score_change(original, export),
    }


def score_change(original: np.ndarray, export: np.ndarray) -> float:
    """How far scores move: the 99th percentile of each input's largest change of a probability.

    Below :data:`MIN_FOR_PERCENTILE` inputs it is the largest change of all.

    Args:
        original (ndarray of shape (n, n_labels)): logits of the original.
        export (ndarray of shape (n, n_labels)): logits of the export.
    """
    largest = np.abs(softmax(original) - softmax(export)).max(axis=1)
    return float(largest.max() if len(largest) < MIN_FOR_PERCENTILE else np.percentile(largest, 99))


def loss_interval(was_right: np.ndarray, is_right: np.ndarray) -> list[float]:
    """95 % interval of the loss of accuracy, paired by input: Bonett and Price's adjusted Wald interval.

    Where nothing changed it is no point, as a bootstrap's would be: few inputs without a change prove little.
    Source: Bonett and Price, Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data, Journal of Educational and Behavioral Statistics 37 (2012).

    Args:
        was_right (ndarray of shape (n,)): whether the original gave the true label.
        is_right (ndarray of shape (n,)): whether the export did.
    """
    n = len(was_right)
    lost = ((was_right & ~is_right).sum() + 1) / (n + 2)
    gained = ((~was_right & is_right).sum() + 1) / (n + 2)
    half = 1.959964 * np.sqrt((lost + gained - (lost - gained) ** 2) / (n + 2))
    return [float(lost - gained - half), float(lost - gained + half)]


def too_few(scores: Scores, part: str, max_drop: float) -> str | None:
    """A sentence where so few examples decided that one of them is more than may be lost; else None.

    Args:
        scores (dict): what :func:`compare` found.
        part (str): ``validation`` or ``test``.
        max_drop (float): accuracy that may be lost, as a share of 1.
    """
    n, (low, high) = scores["n"], scores["drop_interval_95"]
    if max_drop * n >= 1:
        return None
    loss = scores["original_accuracy"] - scores["export_accuracy"]
    return (
        f"{n} {part} examples are too few to tell a loss of {max_drop:g}, since one of them is {1 / n:.4f}: "
        f"the loss is {loss:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}"
    )


def mean_interval(values: np.ndarray, seed: int = 0, rounds: int = ROUNDS) -> list[float]:
    """95 % bootstrap interval of the mean of a few distinct values.

    Drawing n rows with replacement is drawing how often each distinct value comes, from a multinomial; so the
    memory does not grow with n.

    Args:
        values (ndarray of shape (n,)): such as 0 and 1 for wrong and right.
        seed (int, optional): of the draws. (Default: ``0``)
        rounds (int, optional): how many samples are drawn. (Default: ``2000``)
    """
    distinct, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), size=rounds)
    return [float(x) for x in np.percentile(drawn @ distinct / len(values), [2.5, 97.5])]


def passes(original_accuracy: float, export_accuracy: float, max_drop: float) -> bool:
    """The gate: the export may lose at most ``max_drop`` (a share of 1) of accuracy."""
    return original_accuracy - export_accuracy <= max_drop + 1e-12
