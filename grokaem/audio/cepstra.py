"""What is commonly done to cepstra afterwards: differences over time, and per-utterance normalisation."""

from __future__ import annotations

import torch
from torch import Tensor

from grokaem.audio.torchaudio_loader import torchaudio


def with_deltas(features: Tensor, order: int = 2, win_length: int = 5) -> Tensor:
    """Appends regression differences over time below the features, once for each order.

    Args:
        features (Tensor): shape (..., n, frames).
        order (int, optional): 1 for the differences, 2 for theirs as well. (Default: ``2``)
        win_length (int, optional): frames that a difference looks at, odd. (Default: ``5``)

    Returns:
        Tensor: shape (..., n * (1 + order), frames).

    Raises:
        ValueError: the order is negative, or the window is not an odd number of 3 or more frames.
    """
    if order < 0 or win_length < 3 or win_length % 2 == 0:
        raise ValueError(
            f"Differences of order {order} over {win_length} frames are not possible; "
            "give an order of 0 or more and an odd window of 3 or more."
        )
    rows = [features]
    for _ in range(order):
        rows.append(torchaudio.functional.compute_deltas(rows[-1], win_length))
    return torch.cat(rows, dim=-2)


def normalize_utterance(features: Tensor, variance: bool = True, eps: float = 1e-8) -> Tensor:
    """Subtracts each row's mean over the utterance and divides by its standard deviation (CMVN).

    Args:
        features (Tensor): shape (..., n, frames).
        variance (bool, optional): also divide by the deviation. (Default: ``True``)
        eps (float, optional): added to the variance, so that a constant row becomes zero. (Default: ``1e-8``)

    Returns:
        Tensor: the same shape.
    """
    centred = features - features.mean(dim=-1, keepdim=True)
    if not variance:
        return centred
    return centred * torch.rsqrt(centred.square().mean(dim=-1, keepdim=True) + eps)
