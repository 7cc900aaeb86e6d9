"""The moments at which a recorded step can be at its peak, for every batch and length: storages, counted by size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from grokaem.memory.kept_model import Term
from grokaem.memory.predict import PAGE_BYTES
from grokaem.memory.trace import KINDS, Trace


class Storage(NamedTuple):
    """One storage: so many bytes times ``batch ** i * length ** j``, of a kind."""

    size: int
    i: int
    j: int
    kind: str


class Sizes(NamedTuple):
    """How numbers grow: the primes that stood for batch and length when a step was recorded.

    No other size of the model has them as a factor, so how often they divide a number says how it grows.
    """

    batch: int
    length: int | None

    def split(self, number: int) -> tuple[int, int, int]:
        """A number as another one times ``batch ** i * length ** j``, with i and j."""
        i = j = 0
        while number and number % self.batch == 0:
            number, i = number // self.batch, i + 1
        while number and self.length and number % self.length == 0:
            number, j = number // self.length, j + 1
        return number, i, j


@dataclass
class Moments:
    """Finds moments, and keeps each set of storages of one kind once.

    Attributes:
        sizes (Sizes): of the recorded steps.
        lengths (sequence of int): that are asked for.
        step (int): divides them all.
        parts (dict): storages of one kind at a moment, counted -> their number.
    """

    sizes: Sizes
    lengths: Sequence[int]
    step: int
    parts: dict[tuple[Term, ...], int] = field(default_factory=dict)

    def fullest(self, trace: Trace, start: int, end: int, batches: Sequence[int]) -> list[int]:
        """The positions that are the first at their peak, from one to before another, for any batch and length."""
        grows = [at for at in range(start, end) if trace.events[at] >= 0]
        ends = [at for at in grows if at + 1 == end or trace.events[at + 1] < 0]  # a peak is where freeing begins
        if not ends:
            return []
        storages, counts = self._counts(trace, ends)
        found: set[int] = set()
        for length in self.lengths:
            pages = [
                [-(-storage.size * batch**storage.i * length**storage.j // PAGE_BYTES) for batch in batches]
                for storage in storages
            ]
            # exact in float64: no sum comes near 2 ** 53
            found.update(np.argmax(counts @ np.array(pages, dtype=np.float64), axis=0).tolist())
        return sorted(ends[number] for number in found)

    def alive(self, trace: Trace, position: int) -> Counter[Storage]:
        """The storages alive before the event at a position, counted."""
        found: Counter[Storage] = Counter()
        for event in trace.events[:position]:
            found[self._storage(trace, max(event, ~event))] += 1 if event >= 0 else -1
        return +found

    def at(self, trace: Trace, position: int) -> list[int]:
        """The moment after the event at a position: the number of each kind's part."""
        return self.keep(self.alive(trace, position + 1))

    def keep(self, alive: Counter[Storage]) -> list[int]:
        """The number of each kind's part; sizes that always fill their pages are added up."""
        numbers = []
        for kind in KINDS:
            sums: Counter[tuple[int, int]] = Counter()
            rest: list[Term] = []
            for (size, i, j, of), count in alive.items():
                if of != kind or not size:
                    continue
                if i == j == 0:
                    sums[0, 0] += count * -(-size // PAGE_BYTES) * PAGE_BYTES
                elif size * self.step**j % PAGE_BYTES == 0:
                    sums[i, j] += count * size
                else:
                    rest.append((count, size, i, j))
            part = tuple(sorted([*((1, size, i, j) for (i, j), size in sums.items()), *rest]))
            numbers.append(self.parts.setdefault(part, len(self.parts)))
        return numbers

    def _storage(self, trace: Trace, index: int) -> Storage:
        size = 0 if index in trace.untouched else trace.sizes[index]
        return Storage(*self.sizes.split(size), trace.kinds[index])

    def _counts(self, trace: Trace, positions: list[int]) -> tuple[list[Storage], np.ndarray]:
        """The different storages, and how many of each are alive after each of these events."""
        known: dict[Storage, int] = {}
        of = [known.setdefault(self._storage(trace, index), len(known)) for index in range(len(trace.sizes))]
        changes = np.zeros((len(trace.events), len(known)), dtype=np.int32)
        for position, event in enumerate(trace.events):
            changes[position, of[max(event, ~event)]] = 1 if event >= 0 else -1
        return list(known), np.cumsum(changes, axis=0)[positions].astype(np.float64)
