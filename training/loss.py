"""What training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from torch import Tensor


def summed_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy summed over a pass; divided by the examples of the whole step it is the pass's share of the mean.

    Args:
        logits (Tensor): shape (batch, n_classes), of any floating type; the sum is in fp32.
        labels (Tensor): class numbers, shape (batch,), or class shares, shape (batch, n_classes).

    Returns:
        Tensor: a scalar, in nats.
    """
    return cross_entropy(logits.float(), labels, reduction="sum")
