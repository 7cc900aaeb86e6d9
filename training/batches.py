"""The batches of an epoch: which examples a step takes, on which process, in how many passes; and their loader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.utils.data import DataLoader

if TYPE_CHECKING:
    from torch import Tensor

    from training.records import Item
    from training.task import TrainSet


@dataclass(frozen=True)
class Step:
    """One optimizer step on one process.

    Attributes:
        passes (list of list of int): the examples of each forward and backward pass, by number.
        weight (float): what an example's loss counts: one over the examples of the whole step, over all passes and
            processes; 0 in a last step so short that this process has no part in it.
    """

    passes: list[list[int]]
    weight: float


def steps_of(order: Sequence[int], step_size: int, pass_size: int, process: int = 0, processes: int = 1) -> list[Step]:
    """Cuts an epoch into steps; the last one has what is left.

    Args:
        order (list of int): the examples of the epoch.
        step_size (int): examples of a whole step.
        pass_size (int): most examples of one pass on one process.
        process (int, optional): this one's number. (Default: 0)
        processes (int, optional): how many share each step evenly. (Default: 1)
    """
    steps = []
    for start in range(0, len(order), step_size):
        examples = order[start : start + step_size]
        count = len(examples)
        mine = examples[process * count // processes : (process + 1) * count // processes]
        weight = 1 / count if mine else 0.0
        mine = mine or examples[:1]  # the processes wait for each other's gradients: each must have one
        steps.append(Step([list(mine[i : i + pass_size]) for i in range(0, len(mine), pass_size)], weight))
    return steps


def of_epoch(items: TrainSet, epoch: int) -> TrainSet:
    """The examples as an epoch sees them: those that are altered at random, in each epoch in another way.

    What such a set's own ``of_epoch`` gives is the same however often, in which order and where it is read.
    """
    altered = getattr(items, "of_epoch", None)
    return items if altered is None else altered(epoch)


def load(
    items: TrainSet | Sequence[Item],
    passes: list[list[int]],
    collator: Callable[..., dict[str, Tensor]],
    workers: int = 0,
    pin_memory: bool = False,
) -> Iterator[dict[str, Tensor]]:
    """The batches, one a pass, in order; with workers prepared ahead.

    Args:
        items (sequence): the examples.
        passes (list of list of int): which of them.
        collator (callable): makes a batch of a list of examples.
        workers (int, optional): processes that prepare batches. (Default: 0: this one does)
        pin_memory (bool, optional): the batches wait in pinned host memory. (Default: ``False``)
    """
    # A generator of its own: the loader draws a seed for its workers, and must not take it from dropout's numbers.
    own = torch.Generator().manual_seed(0)
    loader = DataLoader(
        items,  # pyright: ignore[reportArgumentType]  # a sequence is all it needs
        batch_sampler=passes,
        collate_fn=collator,
        num_workers=workers,
        pin_memory=pin_memory,
        generator=own,
    )
    return iter(loader)
