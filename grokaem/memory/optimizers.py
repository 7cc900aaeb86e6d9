"""The optimizers of the checklist, built the same way for training and for the planner."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from grokaem.memory.settings import MemorySettings

if TYPE_CHECKING:
    import torch
    from torch import nn


def build_optimizer(
    model: nn.Module,
    settings: MemorySettings,
    lr: float,
    weight_decay: float = 0.01,
    *,
    head_lr: float | None = None,
    new_lr: float | None = None,
) -> torch.optim.Optimizer:
    """The optimizer of these settings over the model's trainable weights.

    Biases and normalisation weights (one-dimensional) are not decayed.

    Args:
        model (nn.Module): after :func:`grokaem.memory.apply.apply_to_model`.
        settings (MemorySettings): ``optimizer``, ``embeddings_32bit``, ``embeddings_by_row`` and
            ``optimizer_in_backward`` are used.
        lr (float): learning rate.
        weight_decay (float, optional): decay of matrices. (Default: 0.01)
        head_lr (float, optional): learning rate of what lies above the layers of the encoder. (Default: ``lr``)
        new_lr (float, optional): learning rate of what no checkpoint gave within the encoder. (Default: as others)

    Returns:
        torch.optim.Optimizer: with ``optimizer_in_backward`` its ``step`` does nothing, for the backward pass
        already did.

    Raises:
        ValueError: nothing is left to train.
    """
    groups = parameter_groups(model, weight_decay, head_lr, new_lr)
    if not groups:
        raise ValueError("Nothing is left to train: freeze fewer layers.")
    if settings.optimizer_in_backward:
        from grokaem.memory.in_backward import optimizer_in_backward

        return optimizer_in_backward(groups, functools.partial(_make, model, settings, lr))
    return _make(model, settings, lr, groups)


def parameter_groups(
    model: nn.Module, weight_decay: float, head_lr: float | None = None, new_lr: float | None = None
) -> list[dict[str, object]]:
    """Trainable weights in groups: matrices with decay, vectors without; empty groups are left out.

    Args:
        model (nn.Module): the model.
        weight_decay (float): decay of matrices.
        head_lr (float, optional): puts the head into two groups of its own, with this rate. (Default: no)
        new_lr (float, optional): the same for what no checkpoint gave within the encoder. (Default: no)
    """
    from grokaem.memory.layers import head_parameters, new_parameters

    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rates = {} if head_lr is None else {id(parameter): head_lr for parameter in head_parameters(model)}
    if new_lr is not None:
        rates.update({id(parameter): new_lr for parameter in new_parameters(model)})
    groups = []
    for rate in dict.fromkeys((None, head_lr, new_lr)):
        members = [p for p in trainable if rates.get(id(p)) == rate]
        own = {} if rate is None else {"lr": rate}
        groups += [
            {"params": [p for p in members if p.ndim > 1], "weight_decay": weight_decay, **own},
            {"params": [p for p in members if p.ndim <= 1], "weight_decay": 0.0, **own},
        ]
    return [group for group in groups if group["params"]]


def _make(model: nn.Module, settings: MemorySettings, lr: float, groups: list[dict]) -> torch.optim.Optimizer:
    import torch

    if settings.optimizer == "adamw":
        # Fused: no temporary tensors, and the fastest on CPU and GPU alike.
        return torch.optim.AdamW(groups, lr=lr, fused=True)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=lr, foreach=False)
    if settings.optimizer == "adafactor":
        from transformers.optimization import Adafactor

        return Adafactor(groups, lr=lr, scale_parameter=False, relative_step=False)
    from grokaem.memory.adamw8bit import SlicedAdamW8bit
    from grokaem.memory.layers import lookup_tables

    tables = lookup_tables(model)
    by_row = tables if settings.embeddings_by_row else []
    exact = tables if settings.embeddings_32bit and not by_row else []
    return SlicedAdamW8bit(groups, lr=lr, exact=exact, by_row=by_row)
