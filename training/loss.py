"""What training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from torch import Tensor

    from grokaem.corpora import Corpus
    from training.class_weights import ClassWeights


class SummedLoss:
    """Cross-entropy summed over a pass; divided by the examples of the whole step it is the pass's share of the mean.

    Args:
        weights (ClassWeights): what an example of each class counts.
        corpus (Corpus): whose training part the weights are for.
        device (torch.device): where the loss is computed.

    Attributes:
        by_label (dict, optional): what an example counts by its label; None where all count alike.
    """

    def __init__(self, weights: ClassWeights, corpus: Corpus, device: torch.device):
        self.by_label = weights.for_training(corpus.train.labels, corpus.label_names)
        self.weights = None if self.by_label is None else torch.tensor(list(self.by_label.values()), device=device)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of a pass.

        Args:
            logits (Tensor): shape (batch, n_classes), of any floating type; the sum is in fp32.
            labels (Tensor): class numbers, shape (batch,), or class shares, shape (batch, n_classes).

        Returns:
            Tensor: a scalar, in nats.
        """
        return cross_entropy(logits.float(), labels, weight=self.weights, reduction="sum")
