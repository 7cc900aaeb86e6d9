"""The model's answers for a part of the data, in smaller batches if memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from training import processes
from training.batches import load
from training.recovery import is_out_of_memory

if TYPE_CHECKING:
    from torch import Tensor

    from grokaem.memory.settings import MemorySettings
    from training.records import Item

Batch = dict[str, "Tensor"]


class Evaluation:
    """Evaluates with a function of batches.

    Args:
        answer (callable): logits of a batch without its labels, shape (batch, n_classes).
        collator (callable): makes a batch of a list of examples.
        size (int): examples at a time.
        workers (int, optional): processes that prepare batches. (Default: 0)
        pin_memory (bool, optional): batches wait in pinned host memory. (Default: ``False``)
    """

    def __init__(
        self,
        answer: Callable[[Batch], Tensor],
        collator: Callable[..., Batch],
        size: int,
        workers: int = 0,
        pin_memory: bool = False,
    ):
        self.answer, self.collator, self.size = answer, collator, size
        self.loading = {"workers": workers, "pin_memory": pin_memory}

    def logits(self, items: Sequence[Item]) -> np.ndarray:
        """The logits of all items, in every process.

        Args:
            items (sequence): the examples; each process answers for its share of them.

        Returns:
            ndarray of shape (n, n_classes): fp32.
        """
        mine = range(processes.rank(), len(items), processes.world_size())
        scores = self._in_smaller_batches(items, mine)
        shares = processes.gather(scores)
        together = np.empty((len(items), max(share.shape[1] for share in shares)), np.float32)
        for number, share in enumerate(shares):
            together[number :: len(shares)] = share
        return together

    def _in_smaller_batches(self, items: Sequence[Item], numbers: Sequence[int]) -> np.ndarray:
        while True:
            try:
                return self._scores(items, numbers)
            except Exception as error:
                if not is_out_of_memory(error) or self.size == 1 or processes.world_size() > 1:
                    raise
            self.size //= 2
            print(f"out of memory in evaluation: going on with {self.size} examples at a time", flush=True)

    @torch.no_grad()
    def _scores(self, items: Sequence[Item], numbers: Sequence[int]) -> np.ndarray:
        passes = [list(numbers[i : i + self.size]) for i in range(0, len(numbers), self.size)]
        batches = load(items, passes, self.collator, **self.loading)
        shown = tqdm(batches, total=len(passes), leave=False, disable=not processes.is_main())
        scores = [self.answer({**batch}).float().cpu().numpy() for batch in shown]
        return np.concatenate(scores) if scores else np.empty((0, 0), np.float32)


def evaluation_batch_size(settings: MemorySettings) -> int:
    """Examples evaluated at a time, so that evaluation never needs more than training does.

    Without gradients an example needs about a tenth of what it needs in training, or as much as one layer
    does under checkpointing.
    """
    size = settings.micro_batch_size
    return size if settings.gradient_checkpointing else max(size, min(32, 4 * size))
