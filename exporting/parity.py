"""Export against original on the same held-out data: accuracy, flips, size, speed, and a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Scores of shape (n, n_labels) that sum to 1 a row."""
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose largest logit is the true label's."""
    return float((logits.argmax(axis=1) == labels).mean())


def compare(original: np.ndarray, export: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Differences between two models' logits on the same inputs.

    Args:
        original (ndarray of shape (n, n_labels)): logits of the original.
        export (ndarray of shape (n, n_labels)): logits of the export.
        labels (ndarray of shape (n,)): true class numbers.

    Returns:
        dict: both accuracies, ``flips`` (inputs whose predicted label changed), ``n`` and
        ``max_score_difference`` (largest change of a probability).
    """
    return {
        "original_accuracy": accuracy(original, labels),
        "export_accuracy": accuracy(export, labels),
        "flips": int((original.argmax(axis=1) != export.argmax(axis=1)).sum()),
        "n": len(labels),
        "max_score_difference": float(np.abs(softmax(original) - softmax(export)).max()),
    }


def drop_interval(
    original: np.ndarray, export: np.ndarray, labels: np.ndarray, seed: int = 0, rounds: int = 2000
) -> list[float]:
    """95 % bootstrap interval of the loss of accuracy (original minus export), paired by input."""
    gains = (original.argmax(axis=1) == labels).astype(float) - (export.argmax(axis=1) == labels)
    picks = np.random.default_rng(seed).integers(0, len(gains), size=(rounds, len(gains)))
    return [float(x) for x in np.percentile(gains[picks].mean(axis=1), [2.5, 97.5])]


def passes(original_accuracy: float, export_accuracy: float, max_drop: float) -> bool:
    """The gate: the export may lose at most ``max_drop`` (a share of 1) of accuracy."""
    return original_accuracy - export_accuracy <= max_drop + 1e-12


def speed(predict: Callable[[list], Any], inputs: list, calls: int = 50) -> dict[str, float]:
    """Median milliseconds of one input alone, and inputs a second of all of them at once.

    Args:
        predict (callable): takes a list of inputs.
        inputs (list): real inputs.
        calls (int, optional): how many of them are timed one by one. (Default: ``50``)
    """
    predict(inputs[:1])
    predict(inputs[:32])
    single = []
    for item in inputs[:calls]:
        start = time.perf_counter()
        predict([item])
        single.append(time.perf_counter() - start)
    start = time.perf_counter()
    predict(inputs)
    return {
        "latency_ms_b1": float(np.median(single) * 1000),
        "items_per_second": len(inputs) / (time.perf_counter() - start),
    }
