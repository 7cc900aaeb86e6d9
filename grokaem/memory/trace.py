"""Recording every tensor storage that comes and goes while a training step runs on fake tensors."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

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


class Recorder(TorchDispatchMode):
    """Records a :class:`Trace`; enter it above a ``FakeTensorMode``.

    Kernels of bitsandbytes are Python on the CPU: they run under the recorder, so that their temporary tensors
    are seen.

    Args:
        copies_convolutions (bool, optional): count the copies that a CPU's convolutions make. (Default: True)
    """

    def __init__(self, copies_convolutions: bool = True) -> None:
        super().__init__()
        self.copies_convolutions = copies_convolutions
        self.trace = Trace()
        self.phase = "workspace"
        self.times = 1.0  # how often the work that follows is done in truth
        self._work = self.trace.work.setdefault("build", Work())
        self._alive: dict[int, tuple[weakref.ref[torch.UntypedStorage], int]] = {}

    def tag(self, tensor: torch.Tensor | None, kind: str) -> None:
        """Says what a tensor that is alive holds."""
        if tensor is not None:
            known = self._alive.get(id(tensor.untyped_storage()))
            if known:
                self.trace.kinds[known[1]] = kind

    def mark(self, name: str, kind: str) -> None:
        """Begins a phase; what it allocates is of this kind unless tagged otherwise."""
        self.trace.marks[name] = len(self.trace.events)
        self.phase = kind
        self._work = self.trace.work.setdefault(name, Work())

    def __torch_dispatch__(
        self, func: OpOverload, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        kwargs = kwargs or {}
        if func.namespace == "prim":
            return func(*args, **kwargs)
        if func is torch.ops.aten._local_scalar_dense.default:
            # Fake tensors have no values. No is the answer of the larger step: no layer is skipped at random.
            return False if args[0].dtype == torch.bool else 1
        if func is torch.ops.aten.nonzero.default:
            return torch.zeros(args[0].numel(), args[0].ndim, dtype=torch.long)
        if func.namespace == "bitsandbytes":
            kernel = _python_kernel(func)
            if kernel is not None:
                with self:
                    return kernel(*args, **kwargs)
        result = func(*args, **kwargs)
        fresh = self.copies_convolutions and self._copy(func, args, result)
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                fresh |= self._see(tensor)
        if fresh or func._schema.is_mutable:
            self._count(func, args, result)
        return result

    def _copy(self, func: OpOverload, args: tuple, result: object) -> bool:
        """Records what this CPU's convolutions copy; see :mod:`grokaem.memory.onednn`."""
        from grokaem.memory import onednn

        actions = onednn.convolution_buffers(func, args, result)
        if actions is None:
            return False
        taken: list[int] = []
        for what, value in onednn.bind_results(actions, result if isinstance(result, tuple) else (result,)):
            if what in ("take", "reserve"):
                taken.append(self._allocate(value, "workspace"))
                if what == "reserve":
                    self.trace.untouched.add(taken[-1])
            elif what == "give":
                self.trace.events.append(~taken[value])
            else:
                self._see(value)
        return True

    def _allocate(self, size: int, kind: str) -> int:
        self.trace.sizes.append(size)
        self.trace.kinds.append(kind)
        self.trace.events.append(len(self.trace.sizes) - 1)
        return len(self.trace.sizes) - 1

    def _see(self, tensor: torch.Tensor) -> bool:
        storage = tensor.untyped_storage()
        key = id(storage)
        if key in self._alive:
            return False
        trace, index = self.trace, self._allocate(storage.nbytes(), self._kind())

        def freed(_: object) -> None:
            trace.events.append(~index)
            self._alive.pop(key, None)

        self._alive[key] = (weakref.ref(storage, freed), index)
        return True

    def _kind(self) -> str:
        from grokaem.memory import checkpointing

        return "activations" if checkpointing.recomputing else self.phase

    def _count(self, func: OpOverload, args: tuple, result: object) -> None:
        from torch.utils.flop_counter import flop_registry

        work = self._work
        work.kernels += self.times
        tensors = [t for t in tree_leaves((args, result)) if isinstance(t, torch.Tensor)]
        work.moved += self.times * sum(t.numel() * t.element_size() for t in tensors)
        flops = flop_registry.get(func._overloadpacket)
        if flops is not None and tensors:
            name = str(tensors[0].dtype).removeprefix("torch.")
            work.flops[name] += self.times * flops(*args, out_val=result)

    def first_slice(self, count: int, size: int) -> Iterator[slice]:
        """In place of :func:`grokaem.memory.adamw8bit.slices`: one slice needs what every other needs."""
        self.times = count / min(count, size)
        yield slice(0, min(count, size))
        self.times = 1.0


def _python_kernel(func: OpOverload) -> Callable[..., object] | None:
    """The Python function that a bitsandbytes operator runs on the CPU, where it is one that can be seen into."""
    from bitsandbytes.backends.cpu import ops

    return {
        "optimizer_update_8bit_blockwise": ops._optimizer_update_8bit_blockwise_cpu,
        "optimizer_update_32bit": ops._optimizer_update_32bit_cpu,
    }.get(func._opname)


def recording_paused() -> AbstractContextManager[object]:
    """A context in which nothing is recorded and tensors are real."""
    from torch.utils._python_dispatch import _disable_current_modes

    return _disable_current_modes()


def forget_values(module: torch.nn.Module) -> torch.nn.Module:
    """Replaces the module's real buffers by fake ones of the same shapes, in place."""
    for child in module.modules():
        for name, value in child._buffers.items():
            if value is not None:
                child._buffers[name] = torch.empty(value.shape, dtype=value.dtype)
    return module
