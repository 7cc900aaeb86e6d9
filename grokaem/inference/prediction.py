"""What a classifier says about one text or sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from grokaem.scores import softmax


@dataclass(frozen=True)
class Prediction:
    """The best label, the score of every label (they sum to 1) and the time it took.

    Attributes:
        label (str): the label of the highest score.
        scores (dict): label -> probability, in the model's order.
        milliseconds (float): wall time of the call this came from, divided by its number of inputs; compiling
            the graph, and preparing it for a length it has not met, do not count.
        read (str): how much of the input the model took in, such as ``"128 of 412 tokens"``; empty where it was all.
    """

    label: str
    scores: dict[str, float]
    milliseconds: float
    read: str = ""


def from_logits(
    logits: np.ndarray, labels: list[str], milliseconds: float, reads: Iterable[str] | None = None
) -> list[Prediction]:
    """Predictions from logits of shape (n, n_labels): softmax, then the largest.

    Args:
        logits (ndarray): unnormalised scores.
        labels (list of str): their names.
        milliseconds (float): of each.
        reads (iterable of str, optional): :attr:`Prediction.read` of each. (Default: all was read)

    Raises:
        ValueError: a score is no finite number.
    """
    if not np.isfinite(logits).all():
        raise ValueError("the model's scores are no finite numbers: give another input, or export the model again.")
    shares = softmax(logits)
    return [
        Prediction(labels[int(row.argmax())], dict(zip(labels, row.tolist(), strict=True)), milliseconds, read)
        for row, read in zip(shares, reads or [""] * len(shares), strict=True)
    ]


def shown_share(share: float, digits: int = 6) -> float:
    """A share rounded for a reader, but never to 0 or 1 where it is neither: 0.9999999 is not certainty.

    Args:
        share (float): from 0 to 1.
        digits (int, optional): after the point. (Default: 6)
    """
    if share in (0.0, 1.0):
        return share
    least = 10.0**-digits
    return round(min(max(share, least), 1 - least), digits)
