"""What training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from training.class_weights import class_weights

if TYPE_CHECKING:
    from torch import Tensor

    from grokaem.corpora import Corpus


class SummedLoss:
    """Cross-entropy summed over a pass; divided by the examples of the whole step it is the pass's share of the mean.

    Args:
        weights (str): what an example of each class counts; see :func:`training.class_weights.class_weights`.
        corpus (Corpus): whose training part the weights are for.
        device (torch.device): where the loss is computed.
    """

    def __init__(self, weights: str, corpus: Corpus, device: torch.device):
        found = class_weights(weights, corpus.train.labels, corpus.label_names)
        self.weights = None if found is None else torch.tensor(found, device=device)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of a pass.

        Args:
            logits (Tensor): shape (batch, n_classes), of any floating type; the sum is in fp32.
            labels (Tensor): class numbers, shape (batch,), or class shares, shape (batch, n_classes).

        Returns:
            Tensor: a scalar, in nats.
        """
        return cross_entropy(logits.float(), labels, weight=self.weights, reduction="sum")
