"""The peak memory of a training step, by component, without running it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from grokaem.memory.settings import MemorySettings
from grokaem.memory.workload import Workload

if TYPE_CHECKING:
    from grokaem.memory.trace import Trace

MIB = 2**20
PAGE_BYTES = 4096
# What a process holds beside tensors once it trains, as measured: mostly the pages of torch's own code that its
# kernels touch for the first time, then the model's and autograd's objects. 16-bit numbers bring kernels of their
# own beside those of fp32, and layers that run again their bookkeeping.
RUNTIME_MIB = 40.0
LOW_PRECISION_MIB = 11.0
CHECKPOINTING_MIB = 8.0


class PredictOptions(TypedDict, total=False):
    """Arguments of :func:`predict` that describe the surroundings, and not the settings."""

    processes: int
    sharding: str
    context_mib: float | None


@dataclass(frozen=True)
class Prediction:
    """What one process needs at its peak.

    Attributes:
        settings (MemorySettings): the levers.
        device (str): ``"cpu"`` or ``"cuda"``.
        tensor_peak_mib (float): the most that tensors take at once.
        components_mib (dict): the peak of the process by component; on CUDA that of the device.
        seconds (float): estimated time of a step; only ratios mean something.
        trace (Trace): the recorded step.
    """

    settings: MemorySettings
    device: str
    tensor_peak_mib: float
    components_mib: dict[str, float]
    seconds: float
    trace: Trace = field(repr=False, compare=False)

    @property
    def peak_mib(self) -> float:
        """Sum of the components."""
        return sum(self.components_mib.values())


def predict(
    work: Workload,
    settings: MemorySettings,
    device: str = "cpu",
    *,
    processes: int = 1,
    sharding: str = "none",
    context_mib: float | None = None,
    first_step: bool = False,
) -> Prediction:
    """Predicts the peak of a training step on one device.

    On a CPU it is the high-water mark of the process above what it held after its imports, with
    :func:`grokaem.process_memory.return_freed_memory_at_once`. On CUDA it is what ``nvidia-smi`` shows.

    Args:
        work (Workload): model and shapes.
        settings (MemorySettings): the levers.
        device (str, optional): ``"cpu"`` or ``"cuda"``. (Default: ``"cpu"``)
        processes (int, optional): processes that train together, one a device. (Default: 1)
        sharding (str, optional): ``"none"`` (each holds everything, DDP) or ``"fsdp"``. (Default: ``"none"``)
        context_mib (float, optional): of the CUDA context. (Default: 500)
        first_step (bool, optional): on a CPU, of a run's first step, whose passes meet no state of the optimizer yet.
            (Default: a later step)

    Returns:
        Prediction: peak and components.

    Raises:
        ValueError: settings the device or the model cannot take.
    """
    settings.check_device(device)
    if device == "cuda":
        tensors, components, trace = _cuda(work, settings, context_mib)
    else:
        tensors, components, trace = _cpu(work, settings, first_step)
    if processes > 1:
        from grokaem.memory.sharding import components_per_process

        components = components_per_process(components, trace, processes, sharding)
    from grokaem.memory.step_time import seconds

    return Prediction(settings, device, tensors / MIB, components, seconds(trace, settings, device), trace)


def _cpu(
    work: Workload, settings: MemorySettings, first_step: bool
) -> tuple[int, dict[str, float], Trace]:
    from grokaem.memory.fake_step import trace_step

    trace = trace_step(work, settings)
    tensors, _ = trace.peak(first_step=first_step)
    _, by_kind = trace.peak(PAGE_BYTES, touched=True, first_step=first_step)
    components = {name: size / MIB for name, size in by_kind.items()}
    return tensors, {**components, "runtime": runtime_mib(settings)}, trace


def runtime_mib(settings: MemorySettings) -> float:
    """What a process on a CPU holds beside tensors, MiB."""
    runtime = RUNTIME_MIB
    if settings.precision != "fp32":
        runtime += LOW_PRECISION_MIB
    if settings.gradient_checkpointing:
        runtime += CHECKPOINTING_MIB
    return runtime


def _cuda(
    work: Workload, settings: MemorySettings, context_mib: float | None
) -> tuple[int, dict[str, float], Trace]:
    from grokaem.memory.cuda_account import CONTEXT_MIB, account

    cost = account(work, settings, context_mib=CONTEXT_MIB if context_mib is None else context_mib)
    components = {name: size / MIB for name, size in cost.by_kind.items()}
    # Blocks cached but not in use, and the libraries' buffers within them.
    components["workspace"] += (cost.reserved - sum(cost.by_kind.values())) / MIB
    components["runtime"] = cost.context / MIB
    return cost.allocated, components, cost.trace
