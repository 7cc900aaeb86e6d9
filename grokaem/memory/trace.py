"""What a training step did with memory: every storage that came and went, and how much work it was."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

MIB = 2**20
KINDS = ("parameters", "gradients", "optimizer_state", "activations", "workspace")


@dataclass
class Work:
    """What kernels did.

    Attributes:
        flops (dict): multiply-adds times two by dtype of the operands.
        moved (float): bytes read and written.
        kernels (float): number of calls.
    """

    flops: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    moved: float = 0.0
    kernels: float = 0


@dataclass
class Trace:
    """What a step did with memory, and how much work it was.

    Attributes:
        sizes (list of int): bytes of each storage, in the order of allocation.
        kinds (list of str): what each storage holds, one of ``KINDS``.
        events (list of int): the storages in time: ``i`` allocates, ``~i`` frees.
        marks (dict): position in ``events`` where a phase began, by name.
        work (dict): arithmetic and traffic of each phase, by its name.
        untouched (set): storages that are reserved and never written to, so that they take no pages.
    """

    sizes: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)
    untouched: set[int] = field(default_factory=set)

    def peak(
        self, rounding: int = 1, touched: bool = False, first_step: bool = False
    ) -> tuple[int, dict[str, int]]:
        """The most bytes alive at once and what they were.

        Args:
            rounding (int, optional): each storage is rounded up to a multiple of this. (Default: 1)
            touched (bool, optional): count only what is written to. (Default: everything allocated)
            first_step (bool, optional): as in a run's first step, whose forward and backward pass meet no state of
                the optimizer yet. (Default: a later step)

        Returns:
            tuple: bytes, and bytes by kind at that moment.
        """
        if first_step:
            return self._state_later().peak(rounding, touched)
        size = [-(-n // rounding) * rounding for n in self.sizes]
        for index in self.untouched if touched else ():
            size[index] = 0
        now = most = at = 0
        for position, event in enumerate(self.events):
            if event >= 0:
                now += size[event]
                if now > most:
                    most, at = now, position
            else:
                now -= size[~event]
        by_kind: dict[str, int] = dict.fromkeys(KINDS, 0)
        for event in self.events[: at + 1]:
            if event >= 0:
                by_kind[self.kinds[event]] += size[event]
            else:
                by_kind[self.kinds[~event]] -= size[~event]
        return most, by_kind

    def _state_later(self) -> Trace:
        """The same step with the optimizer's state made when the optimizer is first called."""
        start = self.marks["optimizer"]
        early = [event for event in self.events[:start] if event >= 0 and self.kinds[event] == "optimizer_state"]
        passes = [event for event in self.events[:start] if self.kinds[max(event, ~event)] != "optimizer_state"]
        return replace(self, events=passes + early + self.events[start:])

    def most_of(self, kind: str) -> int:
        """The most bytes of one kind alive at once."""
        now = most = 0
        for event in self.events:
            index = event if event >= 0 else ~event
            if self.kinds[index] == kind:
                now += self.sizes[index] if event >= 0 else -self.sizes[index]
                most = max(most, now)
        return most
