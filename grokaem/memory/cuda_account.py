"""What a training step holds on a CUDA device: tensors, cached blocks, libraries' workspace, the context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grokaem.memory.settings import MemorySettings
from grokaem.memory.workload import Workload

if TYPE_CHECKING:
    from grokaem.memory.fake_step import Kernels, MakeOptimizer
    from grokaem.memory.trace import Trace

MIB = 2**20
# CUBLAS_WORKSPACE_CONFIG's default in PyTorch, ":4096:2:16:8": two blocks of 4096 KiB and eight of 16 KiB.
CUBLAS_WORKSPACE = (2 * 4096 + 8 * 16) * 1024
# The context (driver, loaded kernels) differs by card, driver and PyTorch: 250 to 1400 MiB have been published.
CONTEXT_MIB = 500


@dataclass(frozen=True)
class CudaAccount:
    """Bytes on the device.

    Attributes:
        reserved (int): what the caching allocator holds at most.
        allocated (int): what tensors in it take at most.
        by_kind (dict): bytes of tensors by kind at their peak.
        workspace (int): bytes of libraries, within ``reserved``.
        context (int): bytes of the CUDA context.
        trace (Trace): the steps.
    """

    reserved: int
    allocated: int
    by_kind: dict[str, int]
    workspace: int
    context: int
    trace: Trace

    @property
    def total(self) -> int:
        """What ``nvidia-smi`` shows for the process."""
        return self.reserved + self.context


def account(
    work: Workload,
    settings: MemorySettings,
    *,
    context_mib: float = CONTEXT_MIB,
    attention: str | None = None,
    make_optimizer: MakeOptimizer | None = None,
    keep_gradients: bool = False,
    workspace: int = CUBLAS_WORKSPACE,
    kernels: Callable[[MemorySettings], Kernels] | None = None,
) -> CudaAccount:
    """Follows the first steps on the device.

    Args:
        work (Workload): model and shapes.
        settings (MemorySettings): the levers.
        context_mib (float, optional): of the CUDA context, MiB. (Default: 500)
        attention (str, optional): ``"eager"`` or ``"sdpa"``. (Default: the library's choice)
        make_optimizer (callable, optional): see :func:`grokaem.memory.fake_step.trace_step`.
        keep_gradients (bool, optional): see :func:`grokaem.memory.fake_step.trace_step`.
        workspace (int, optional): cuBLAS' bytes. (Default: PyTorch's default)
        kernels (callable, optional): of another PyTorch; see :class:`grokaem.memory.cuda_kernels.CudaKernels`.
            (Default: today's)

    Returns:
        CudaAccount: bytes.
    """
    from grokaem.memory.caching_allocator import ROUND, reserved_bytes
    from grokaem.memory.cuda_kernels import CudaKernels
    from grokaem.memory.fake_step import trace_step

    trace = trace_step(
        work,
        settings,
        attention=attention,
        kernels=kernels or CudaKernels,
        make_optimizer=make_optimizer,
        keep_gradients=keep_gradients,
        from_first_step=True,
    )
    reserved, allocated = reserved_bytes(trace, workspace)
    _, by_kind = trace.peak(ROUND)
    return CudaAccount(reserved, allocated, by_kind, workspace, round(context_mib * MIB), trace)
