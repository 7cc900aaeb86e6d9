"""What a classifier says about one text or sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """The best label, the score of every label (they sum to 1) and the time it took.

    Attributes:
        label (str): the label of the highest score.
        scores (dict): label -> probability, in the model's order.
        milliseconds (float): wall time of the call this came from, divided by its number of inputs.
    """

    label: str
    scores: dict[str, float]
    milliseconds: float


def from_logits(logits: np.ndarray, labels: list[str], milliseconds: float) -> list[Prediction]:
    """Predictions from logits of shape (n, n_labels): softmax, then the largest."""
    exponents = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares = exponents / exponents.sum(axis=1, keepdims=True)
    return [
        Prediction(labels[int(row.argmax())], dict(zip(labels, row.tolist(), strict=True)), milliseconds)
        for row in shares
    ]
