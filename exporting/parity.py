"""Export against original on the same held-out data: what is lost and how sure that is, flips, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grokaem.scores import METRIC_NAMES, Metric, confusion, macro_f1, score, softmax

if TYPE_CHECKING:
    from exporting.report_types import Attempt, FailedOnTest, Gate, Scores

ROUNDS = 2000  # of the bootstrap
MIN_FOR_PERCENTILE = 200  # examples, below which a 99th percentile says no more than the largest value
MAX_DROP = 0.005
MAX_SCORE_CHANGE = 0.1


@dataclass(frozen=True)
class Bounds:
    """What an export may lose.

    Args:
        max_drop (float, optional): of the metric, as a share of 1; on validation and on the test part.
            (Default: ``0.005``)
        max_score_change (float, optional): see :func:`score_change`; on validation alone. (Default: ``0.1``)
        metric (str, optional): what the run's epoch was chosen by, ``accuracy`` or ``macro_f1``.
            (Default: ``"accuracy"``)
    """

    max_drop: float = MAX_DROP
    max_score_change: float = MAX_SCORE_CHANGE
    metric: Metric = "accuracy"

    @property
    def metric_name(self) -> str:
        """The metric in a sentence."""
        return METRIC_NAMES[self.metric]

    def hold(self, scores: Scores) -> bool:
        """Whether an attempt passes on validation, by what :func:`compare` found."""
        return self.keep_metric(scores) and scores["score_change"] <= self.max_score_change

    def keep_metric(self, scores: Scores | Attempt | FailedOnTest) -> bool:
        """Whether an attempt loses no more of the metric than it may: all that counts on the test part."""
        return self.loss(scores) <= self.max_drop + 1e-12

    def loss(self, scores: Scores | Attempt | FailedOnTest) -> float:
        """Original minus export, of the metric; of accuracy where an older record holds no other."""
        original, export = of_metric(scores, self.metric)
        return original - export

    def verdict(self, passed: bool) -> Gate:
        """What could be lost and whether it was kept within, as ``parity.json`` and ``export_failed.json`` have it."""
        return {
            "metric": self.metric,
            "max_drop": self.max_drop,
            "max_score_change": self.max_score_change,
            "passed": passed,
        }

    def excess(self, original: np.ndarray, export: np.ndarray, labels: np.ndarray) -> float:
        """The larger of loss of the metric and change of scores, each as a multiple of what is allowed.

        Args:
            original (ndarray of shape (n, n_labels)): logits of the original.
            export (ndarray of shape (n, n_labels)): logits of the export.
            labels (ndarray of shape (n,)): true class numbers.

        Returns:
            float: at most 1 where the export passes.
        """
        before, after = (
            score(self.metric, confusion(labels, logits.argmax(axis=1), logits.shape[1]))
            for logits in (original, export)
        )
        change = score_change(original, export)
        return max((before - after) / (self.max_drop + 1e-9), change / (self.max_score_change + 1e-9))


def of_metric(scores: Scores | Attempt | FailedOnTest, metric: Metric) -> tuple[float, float]:
    """The original's and the export's, by the metric that was judged; accuracy where an older record has no other."""
    original, export = scores.get(f"original_{metric}"), scores.get(f"export_{metric}")
    if original is None or export is None:
        return scores["original_accuracy"], scores["export_accuracy"]
    return original, export


def compare(original: np.ndarray, export: np.ndarray, labels: np.ndarray, metric: Metric = "accuracy") -> Scores:
    """Differences between two models' logits on the same inputs.

    Args:
        original (ndarray of shape (n, n_labels)): logits of the original.
        export (ndarray of shape (n, n_labels)): logits of the export.
        labels (ndarray of shape (n,)): true class numbers.
        metric (str, optional): what is judged, ``accuracy`` or ``macro_f1``. (Default: ``"accuracy"``)

    Returns:
        dict: accuracy and macro F1 of both, the 95 % bootstrap interval of the export's accuracy, that of the loss
        of the metric (original minus export; :func:`loss_interval`, :func:`macro_f1_loss_interval`), ``flips``
        (inputs whose predicted label changed), ``n``, ``one_example`` (what one of them can weigh in the metric),
        ``max_score_difference`` (largest change of a probability) and ``score_change`` (:func:`score_change`).

    Raises:
        ValueError: an export's logit is not a number.
    """
    if not np.isfinite(export).all():
        broken = (~np.isfinite(export)).any(axis=1).sum()
        raise ValueError(f"{broken} of {len(export)} inputs get scores that are no numbers")
    before, after = original.argmax(axis=1), export.argmax(axis=1)
    was_right, is_right = before == labels, after == labels
    supports = np.unique(labels, return_counts=True)[1]
    by_accuracy = metric == "accuracy"
    return {
        "original_accuracy": float(was_right.mean()),
        "original_macro_f1": macro_f1(confusion(labels, before, export.shape[1])),
        "export_accuracy": float(is_right.mean()),
        "export_macro_f1": macro_f1(confusion(labels, after, export.shape[1])),
        "export_accuracy_interval_95": mean_interval(is_right.astype(int)),
        "drop_interval_95": loss_interval(was_right, is_right)
        if by_accuracy
        else macro_f1_loss_interval(labels, before, after),
        "flips": int((before != after).sum()),
        "n": len(labels),
        # A class's recall moves by one of its examples, and its F1 by about as much.
        "one_example": float(1 / len(labels) if by_accuracy else 1 / (len(supports) * supports.min())),
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


def macro_f1_loss_interval(labels: np.ndarray, before: np.ndarray, after: np.ndarray, seed: int = 0) -> list[float]:
    """95 % bootstrap interval of the loss of macro F1, paired by input, as :func:`mean_interval` draws.

    Args:
        labels (ndarray of shape (n,)): true class numbers.
        before (ndarray of shape (n,)): those that the original gave.
        after (ndarray of shape (n,)): those that the export gave.
        seed (int, optional): of the draws. (Default: ``0``)
    """
    kinds, counts = np.unique(np.stack([labels, before, after], axis=1), axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(labels), counts / len(labels), size=ROUNDS)
    classes = np.unique(kinds)
    true = kinds[:, :1] == classes

    def drawn_macro_f1(given: np.ndarray) -> np.ndarray:
        answers = given[:, None] == classes
        right, both = drawn @ (true & answers), drawn @ true + drawn @ answers
        return (2 * right / np.maximum(both, 1)).sum(axis=1) / np.maximum((both > 0).sum(axis=1), 1)

    lost = drawn_macro_f1(kinds[:, 1]) - drawn_macro_f1(kinds[:, 2])
    return [float(x) for x in np.percentile(lost, [2.5, 97.5])]


def too_few(scores: Scores, part: str, bounds: Bounds) -> str | None:
    """A sentence where so few examples decided that one of them is more than may be lost; else None.

    Args:
        scores (dict): what :func:`compare` found.
        part (str): ``validation`` or ``test``.
        bounds (Bounds): what may be lost.
    """
    n, (low, high) = scores["n"], scores["drop_interval_95"]
    one = scores.get("one_example", 1 / n)
    if bounds.max_drop >= one * (1 - 1e-12):
        return None
    which = "one of them is" if bounds.metric == "accuracy" else f"one of the rarest class is {bounds.metric_name} of"
    return (
        f"{n} {part} examples are too few to tell a loss of {bounds.max_drop:g}, since {which} {one:.4f}: "
        f"the loss is {bounds.loss(scores):+.4f}, 95 % interval {low:+.4f} to {high:+.4f}"
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
