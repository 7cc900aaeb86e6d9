"""Ends a run whose weights are no numbers any more: from there on nothing is learned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def check_loss(loss: float, step: int, model: nn.Module | None = None) -> None:
    """Looks at a loss that was just shown.

    Args:
        loss (float): of training, or of an evaluation.
        step (int): steps taken.
        model (nn.Module, optional): under training. A single loss that is no number is let pass as long as its
            weights are: in fp16 such a step is left out. (Default: the loss alone decides, as after an evaluation)

    Raises:
        RuntimeError: the training diverged.
    """
    if math.isfinite(loss) or (model is not None and _finite(model)):
        return
    raise RuntimeError(
        f"after step {step} the loss is no number: the training diverged; start anew with --overwrite and a smaller "
        "--learning-rate, and on a GPU with --precision bf16 or fp32."
    )


def _finite(model: nn.Module) -> bool:
    return all(bool(weight.isfinite().all()) for weight in model.parameters() if weight.requires_grad)
