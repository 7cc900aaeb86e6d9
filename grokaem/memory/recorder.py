"""Recording every tensor storage that comes and goes while a training step runs on fake tensors."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from grokaem.memory.trace import Trace, Work


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

        tensors = [t for t in tree_leaves((args, result)) if isinstance(t, torch.Tensor)]
        flops = flop_registry.get(func._overloadpacket) if tensors else None
        name = str(tensors[0].dtype).removeprefix("torch.") if tensors else ""
        sizes = [t.numel() * t.element_size() for t in tensors]
        self._add(sizes, name, None if flops is None else flops(*args, out_val=result))

    def _add(self, sizes: list[int], dtype: str, flops: int | None) -> None:
        """Counts the work of one kernel: bytes of each tensor that it reads or writes, and its arithmetic."""
        work = self._work
        work.kernels += self.times
        work.moved += self.times * sum(sizes)
        if flops is not None:
            work.flops[dtype] += self.times * flops

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
