"""Export against original on the same held-out data: accuracy and how sure it is, flips, and a verdict."""

from __future__ import annotations

from typing import Any

import numpy as np

ROUNDS = 2000  # of the bootstrap


def softmax(logits: np.ndarray) -> np.ndarray:
    """Scores of shape (n, n_labels) that sum to 1 a row."""
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def confusion(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts of (true class, predicted class): rows are the true classes."""
    counts = np.zeros((logits.shape[1], logits.shape[1]), dtype=int)
    np.add.at(counts, (labels, logits.argmax(axis=1)), 1)
    return counts


def macro_f1(counts: np.ndarray) -> float:
    """Mean F1 of the classes that occur or are predicted, from :func:`confusion`."""
    both = counts.sum(axis=0) + counts.sum(axis=1)
    return float((2 * counts.diagonal()[both > 0] / both[both > 0]).mean())


def compare(original: np.ndarray, export: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Differences between two models' logits on the same inputs.

    Args:
        original (ndarray of shape (n, n_labels)): logits of the original.
        export (ndarray of shape (n, n_labels)): logits of the export.
        labels (ndarray of shape (n,)): true class numbers.

    Returns:
        dict: both accuracies, the export's macro F1, 95 % bootstrap intervals of the export's accuracy and of
        the loss of accuracy (original minus export, paired by input), ``flips`` (inputs whose predicted label
        changed), ``n`` and ``max_score_difference`` (largest change of a probability).
    """
    was_right, is_right = (logits.argmax(axis=1) == labels for logits in (original, export))
    return {
        "original_accuracy": float(was_right.mean()),
        "export_accuracy": float(is_right.mean()),
        "export_macro_f1": macro_f1(confusion(export, labels)),
        "export_accuracy_interval_95": mean_interval(is_right.astype(int)),
        "drop_interval_95": mean_interval(was_right.astype(int) - is_right),
        "flips": int((original.argmax(axis=1) != export.argmax(axis=1)).sum()),
        "n": len(labels),
        "max_score_difference": float(np.abs(softmax(original) - softmax(export)).max()),
    }


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
