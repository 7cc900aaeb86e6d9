"""How long a step takes relative to another, from the arithmetic and the traffic that its trace counted."""

from __future__ import annotations

from dataclasses import dataclass

from grokaem.memory.settings import MemorySettings
from grokaem.memory.trace import Trace, Work
from grokaem.processor import cpu_multiplies_bf16


@dataclass(frozen=True)
class Machine:
    """What a device does in a second; only the ratios matter here.

    Attributes:
        flops (dict): multiply-adds times two by dtype.
        bandwidth (float): bytes read or written.
        call (float): seconds that any kernel takes at least.
    """

    flops: dict[str, float]
    bandwidth: float
    call: float


# Orders of magnitude of two AVX-512 cores and of a data-centre GPU of the V100's generation.
CPU = Machine({"float32": 1.5e11, "bfloat16": 3.5e11, "float16": 3.5e11, "int8": 1.5e11}, 1.5e10, 6e-6)
CPU_WITHOUT_BF16 = Machine({"float32": 1.5e11, "bfloat16": 4e10, "float16": 2e10, "int8": 1e11}, 1.5e10, 6e-6)
CUDA = Machine({"float32": 1.3e13, "bfloat16": 6e13, "float16": 6e13, "int8": 2e13}, 8e11, 8e-6)
CUDA_TF32 = 3e13
CPU_MEDIUM = 2.5e11


def machine(device: str, settings: MemorySettings, fast_bf16: bool = True) -> Machine:
    """The device under these settings."""
    usual = CUDA if device == "cuda" else (CPU if fast_bf16 else CPU_WITHOUT_BF16)
    if settings.precision != "tf32":
        return usual
    fast = CUDA_TF32 if device == "cuda" else (CPU_MEDIUM if fast_bf16 else usual.flops["float32"])
    return Machine({**usual.flops, "float32": fast}, usual.bandwidth, usual.call)


def seconds(
    trace: Trace, settings: MemorySettings, device: str = "cpu", fast_bf16: bool | None = None
) -> float:
    """Estimated seconds of one optimizer step; compare, do not quote.

    Args:
        trace (Trace): of a steady step.
        settings (MemorySettings): the passes of the step.
        device (str, optional): ``"cpu"`` or ``"cuda"``. (Default: ``"cpu"``)
        fast_bf16 (bool, optional): the processor multiplies bf16 natively. (Default: whether this one does)
    """
    where = machine(device, settings, cpu_multiplies_bf16() if fast_bf16 is None else fast_bf16)
    one_pass = _seconds(trace.work.get("forward"), where) + _seconds(trace.work.get("backward"), where)
    return settings.gradient_accumulation_steps * one_pass + _seconds(trace.work.get("optimizer"), where)


def _seconds(work: Work | None, where: Machine) -> float:
    if work is None:
        return 0.0
    arithmetic = sum(flops / where.flops.get(name, where.flops["float32"]) for name, flops in work.flops.items())
    return arithmetic + work.moved / where.bandwidth + work.kernels * where.call
