"""Scores of a classifier: shares from logits, who was taken for whom, and what follows from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

import numpy as np

# What an epoch is chosen by and an export judged by; each a function of the confusion, with its name in prose.
Metric = Literal["accuracy", "macro_f1"]
METRIC_NAMES: dict[Metric, str] = {"accuracy": "accuracy", "macro_f1": "macro F1"}


class LabelScores(TypedDict):
    """What one label gets right, and how many examples it has; older reports have no ``f1``."""

    label: str
    precision: float
    recall: float
    f1: NotRequired[float]
    support: int


def softmax(logits: np.ndarray) -> np.ndarray:
    """Scores of shape (n, n_labels) that sum to 1 a row."""
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def confusion(labels: np.ndarray, predicted: np.ndarray, n_labels: int) -> np.ndarray:
    """Counts of (true class, predicted class): rows are the true classes.

    Args:
        labels (ndarray of shape (n,)): true class numbers.
        predicted (ndarray of shape (n,)): those that a model gave.
        n_labels (int): how many classes there are.
    """
    counts = np.zeros((n_labels, n_labels), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def most_frequent_share(trained: Sequence[int], scored: Sequence[int]) -> float | None:
    """The accuracy of always answering with the most frequent label of the training part.

    Args:
        trained (sequence of int): examples of each label in the training part; of equal ones the first counts.
        scored (sequence of int): examples of each label, in the same order, in the part that is scored.

    Returns:
        float: None where either part is empty.
    """
    if not sum(trained) or not sum(scored):
        return None
    return float(scored[list(trained).index(max(trained))] / sum(scored))


def accuracy(counts: np.ndarray) -> float:
    """The share of examples that got their own class, from :func:`confusion`."""
    return float(counts.trace() / max(1, counts.sum()))


def macro_f1(counts: np.ndarray) -> float:
    """Mean F1 of the classes that occur or are predicted, from :func:`confusion`."""
    both = counts.sum(axis=0) + counts.sum(axis=1)
    return float(f1_by_class(counts)[both > 0].mean())


def f1_by_class(counts: np.ndarray) -> np.ndarray:
    """F1 of each class, from :func:`confusion`; 0 of one that neither occurs nor is predicted."""
    return 2 * counts.diagonal() / np.maximum(1, counts.sum(axis=0) + counts.sum(axis=1))


def balanced_accuracy(counts: np.ndarray) -> float:
    """Mean recall of the classes that occur, from :func:`confusion`: a rare class counts as much as a common one.

    It is scikit-learn's ``balanced_accuracy_score``.
    """
    true = counts.sum(axis=1)
    return float((counts.diagonal()[true > 0] / true[true > 0]).mean())


def score(metric: Metric, counts: np.ndarray) -> float:
    """A metric by its key, from :func:`confusion`."""
    return macro_f1(counts) if metric == "macro_f1" else accuracy(counts)


def never_predicted(counts: np.ndarray, names: Sequence[str]) -> list[str]:
    """The labels that occur among the examples and were given to none of them, from :func:`confusion`."""
    return [name for name, true, given in zip(names, counts.sum(axis=1), counts.sum(axis=0), strict=True)
            if true and not given]  # fmt: skip


def per_label(counts: np.ndarray, names: list[str]) -> list[LabelScores]:
    """What each label gets right, from :func:`confusion`.

    Args:
        counts (ndarray of shape (n_labels, n_labels)): rows are the true classes.
        names (list of str): the labels.

    Returns:
        list of dict: ``label``, ``precision``, ``recall`` and ``f1`` (0 where nothing was predicted, or nothing
        true), and ``support``, the examples of that label.
    """
    right, given, true = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    f1 = f1_by_class(counts)
    return [
        {
            "label": name,
            "precision": float(right[i] / max(1, given[i])),
            "recall": float(right[i] / max(1, true[i])),
            "f1": float(f1[i]),
            "support": int(true[i]),
        }
        for i, name in enumerate(names)
    ]
