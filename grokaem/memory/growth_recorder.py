"""A recorder that also notes how the work of kernels grows with batch and length, and when gradients are complete."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from grokaem.memory.moments import Sizes
from grokaem.memory.recorder import Recorder
from grokaem.memory.trace import Trace

Growth = Counter[tuple[int, int]]  # growth with batch and length -> the number in front


class Gradient(NamedTuple):
    """Of a weight: the event at which it is complete, its storage, and of what kind that was before."""

    position: int
    storage: int
    kind: str


@dataclass
class Notes:
    """What is noted beside a trace.

    Attributes:
        amounts (dict): phase -> dtype -> arithmetic; under ``""`` the bytes moved.
        gradients (list of Gradient): in the order in which they were complete.
    """

    amounts: dict[str, dict[str, Growth]] = field(default_factory=dict)
    gradients: list[Gradient] = field(default_factory=list)


class GrowthRecorder(Recorder):
    """Records a step whose batch and length are primes.

    Args:
        copies_convolutions (bool): as of :class:`Recorder`.
        sizes (Sizes): the primes.
        notes (Notes): filled while the step runs.
    """

    def __init__(self, copies_convolutions: bool, sizes: Sizes, notes: Notes) -> None:
        self.sizes, self.notes = sizes, notes
        self._amounts: dict[str, Growth] = {}
        super().__init__(copies_convolutions)

    def mark(self, name: str, kind: str) -> None:
        """Begins a phase; see :meth:`Recorder.mark`."""
        super().mark(name, kind)
        self._amounts = self.notes.amounts.setdefault(name, {})

    def tag(self, tensor: torch.Tensor | None, kind: str) -> None:
        """Says what a tensor holds; see :meth:`Recorder.tag`."""
        known = None if tensor is None else self._alive.get(id(tensor.untyped_storage()))
        if kind == "gradients" and known:
            self.notes.gradients.append(Gradient(len(self.trace.events), known[1], self.trace.kinds[known[1]]))
        super().tag(tensor, kind)

    def _add(self, sizes: list[int], dtype: str, flops: int | None) -> None:
        super()._add(sizes, dtype, flops)
        for name, number in [*(("", size) for size in sizes), *([] if flops is None else [(dtype, flops)])]:
            front, i, j = self.sizes.split(number)
            self._amounts.setdefault(name, Counter())[i, j] += front


def as_one_of_several(trace: Trace, notes: Notes) -> Trace:
    """A lone pass as it is where gradients exist before it: each new one is added to its weight's and freed.

    The bytes that the additions move are added to the notes.

    Args:
        trace (Trace): of a step with one pass and an optimizer without state.
        notes (Notes): of the same.

    Returns:
        Trace: up to the end of the pass; marks ``gradients``, ``forward`` and ``optimizer``.
    """
    sizes, kinds = list(trace.sizes), list(trace.kinds)
    start, end, first = trace.marks["forward"], trace.marks["optimizer"], len(trace.sizes)
    freed: dict[int, list[int]] = {}
    moved = notes.amounts["backward"].setdefault("", Counter())
    for position, index, kind in notes.gradients:
        sizes.append(sizes[index])
        kinds.append("gradients")
        kinds[index] = kind
        freed.setdefault(position, []).append(~index)
        moved[0, 0] += 3 * sizes[index]  # two read, one written
    gone = {event for events in freed.values() for event in events}
    events = trace.events[:start] + list(range(first, len(sizes)))
    for position in range(start, end + 1):
        events += freed.get(position, [])
        if position < end and trace.events[position] not in gone:
            events.append(trace.events[position])
    more = len(notes.gradients)
    marks = {"gradients": start, "forward": start + more, "optimizer": len(events)}
    backward = dataclasses.replace(trace.work["backward"], kernels=trace.work["backward"].kernels + more)
    work = {**trace.work, "backward": backward}
    return dataclasses.replace(trace, sizes=sizes, kinds=kinds, events=events, marks=marks, work=work)
