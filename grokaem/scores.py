"""Scores of a classifier: shares from logits, who was taken for whom, and what follows from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np


class LabelScores(TypedDict):
    """What one label gets right, and how many examples it has."""

    label: str
    precision: float
    recall: float
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


def macro_f1(counts: np.ndarray) -> float:
    """Mean F1 of the classes that occur or are predicted, from :func:`confusion`."""
    both = counts.sum(axis=0) + counts.sum(axis=1)
    return float((2 * counts.diagonal()[both > 0] / both[both > 0]).mean())


def per_label(counts: np.ndarray, names: list[str]) -> list[LabelScores]:
    """What each label gets right, from :func:`confusion`.

    Args:
        counts (ndarray of shape (n_labels, n_labels)): rows are the true classes.
        names (list of str): the labels.

    Returns:
        list of dict: ``label``, ``precision`` and ``recall`` (0 where nothing was predicted, or nothing true), and
        ``support``, the examples of that label.
    """
    right, given, true = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    return [
        {
            "label": name,
            "precision": float(right[i] / max(1, given[i])),
            "recall": float(right[i] / max(1, true[i])),
            "support": int(true[i]),
        }
        for i, name in enumerate(names)
    ]
