"""Scores of a classifier from its logits and the true labels."""

from __future__ import annotations

import numpy as np

from grokaem.scores import accuracy, confusion, macro_f1


def classification_metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, macro F1 and mean cross-entropy.

    Args:
        logits (ndarray of shape (n, n_classes)): unnormalised scores.
        labels (ndarray of shape (n,)): true class numbers.

    Returns:
        dict: ``accuracy`` and ``macro_f1`` in 0..1, ``loss`` in nats.
    """
    counts = confusion(labels, logits.argmax(axis=1), logits.shape[1])
    return {
        "accuracy": accuracy(counts),
        "macro_f1": macro_f1(counts),
        "loss": cross_entropy(logits, labels),
    }


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -log softmax(logits)[label], in nats."""
    from scipy.special import log_softmax

    return float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels].mean())
