"""How long a training takes and with which learning rate each step is taken."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP = 0.1  # of all steps, in which the rate rises


@dataclass(frozen=True)
class Schedule:
    """The steps of a training.

    Attributes:
        rate (float): the peak learning rate.
        asked_epochs (float): passes over the training part, ``max_steps`` aside.
        step_size (int): examples of a step over all passes and processes.
        steps_per_epoch (int): the last one of an epoch may be short.
        steps (int): of the whole training.
    """

    rate: float
    asked_epochs: float
    step_size: int
    steps_per_epoch: int
    steps: int

    @classmethod
    def plan(cls, examples: int, step_size: int, rate: float, epochs: float, max_steps: int = -1) -> Schedule:
        """The schedule of a run.

        Args:
            examples (int): of the training part.
            step_size (int): examples of a step.
            rate (float): the peak learning rate.
            epochs (float): passes over the training part.
            max_steps (int, optional): in their place; -1 for none. (Default: -1)
        """
        per_epoch = math.ceil(examples / step_size)
        steps = max_steps if max_steps > 0 else math.ceil(epochs * per_epoch)
        return cls(rate, epochs, step_size, per_epoch, steps)

    @property
    def epochs(self) -> int:
        """Epochs that are begun."""
        return math.ceil(self.steps / self.steps_per_epoch)

    def share_of_peak(self, step: int) -> float:
        """What part of the peak rate a step (from 0) is taken with: up over a tenth of all steps, then down to 0."""
        rising = math.ceil(WARM_UP * self.steps)
        if step < rising:
            return step / rising
        return (self.steps - step) / max(1, self.steps - rising)
