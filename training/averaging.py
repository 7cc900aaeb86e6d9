"""A moving average of the weights: what a network trained from scratch on little data is evaluated with.

Single steps on few examples throw such a network about; the average of its last hundred or so steps is both
steadier and better (Polyak averaging; Tarvainen and Valpola 2017 evaluate with the exponential form).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torch.optim.swa_utils import AveragedModel

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "average.safetensors"


class AveragedWeights:
    """An exponential moving average of a model's weights.

    Args:
        model (nn.Module): under training.
        decay (float, optional): share of the old average a step keeps, reached over the first steps:
            ``min(decay, (1 + steps) / (10 + steps))``. (Default: ``0.99``, a memory of about 100 steps)
    """

    def __init__(self, model: nn.Module, decay: float = 0.99):
        self.model, self.decay = model, decay
        # Buffers too: the running means of a batch normalization belong to the weights they were seen with.
        self.average = AveragedModel(model, multi_avg_fn=self._move, use_buffers=True)
        self.average.update_parameters(model)

    def update(self, step: int) -> None:
        """Moves the average towards the weights.

        Args:
            step (int): steps taken, this one included; a resumed run counts on.
        """
        self.average.n_averaged.fill_(step)
        self.average.update_parameters(self.model)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """The average in the weights' place; they come back in any case."""
        live = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        try:
            self.model.load_state_dict(self.average.module.state_dict())
            yield
        finally:
            self.model.load_state_dict(live)

    def save(self, folder: Path) -> None:
        """Writes it into a checkpoint."""
        from safetensors.torch import save_file

        average = self.average.module.state_dict()
        floats = {name: value.contiguous() for name, value in average.items() if value.is_floating_point()}
        save_file(floats, folder / FILE)

    def load(self, folder: Path) -> None:
        """Takes up what :meth:`save` wrote; the model is already that of the checkpoint."""
        from safetensors.torch import load_file

        self.average.module.load_state_dict({**self.model.state_dict(), **load_file(folder / FILE)})

    def _move(self, averages: Sequence[Tensor], weights: Sequence[Tensor], steps: Tensor | int) -> None:
        keep = min(self.decay, (1 + int(steps)) / (10 + int(steps)))
        for average, value in zip(averages, weights, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - keep)
            else:  # counts of batches
                average.copy_(value)
