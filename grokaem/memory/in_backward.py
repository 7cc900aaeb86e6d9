"""Optimizer in backward: each weight is updated when its gradient is complete, and the gradient is freed."""

from __future__ import annotations

from collections.abc import Callable

import torch


class OptimizerInBackward(torch.optim.Optimizer):
    """One small optimizer for each weight, stepped from the hook that autograd calls on a complete gradient.

    At most a few gradients are alive at a time instead of all. Learning-rate schedules work as usual, for
    the groups of the small optimizers are this optimizer's groups. Gradient accumulation and clipping by the
    total norm cannot work: the gradients never exist together.

    Args:
        groups (list of dict): parameter groups.
        make (callable): builds an optimizer from a list of groups.
    """

    def __init__(self, groups: list[dict], make: Callable[[list[dict]], torch.optim.Optimizer]):
        self.parts = [make([{**group, "params": [weight]}]) for group in groups for weight in group["params"]]
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        # The schedule changes these very dictionaries, and so the small optimizers' rates.
        self.param_groups = [group for part in self.parts for group in part.param_groups]
        for part in self.parts:
            weight = part.param_groups[0]["params"][0]
            weight.register_post_accumulate_grad_hook(_update_and_free(part))

    def step(self, closure=None):  # pyright: ignore[reportIncompatibleMethodOverride]  # without torch's overloads
        """Does nothing: the backward pass has updated the weights. Returns the closure's loss, if any."""
        return closure() if closure is not None else None

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Does nothing: the gradients are already freed."""

    def state_dict(self) -> dict:
        """The states of the small optimizers, in the order of the weights."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict) -> None:
        """Restores what :meth:`state_dict` gave."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def _update_and_free(part: torch.optim.Optimizer) -> Callable[[torch.Tensor], None]:
    def hook(_: torch.Tensor) -> None:
        part.step()
        part.zero_grad(set_to_none=True)

    return hook


def optimizer_in_backward(groups: list[dict], make: Callable) -> OptimizerInBackward:
    """The wrapped optimizer (see :class:`OptimizerInBackward`)."""
    return OptimizerInBackward(groups, make)
