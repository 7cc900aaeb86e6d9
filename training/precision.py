"""Which arithmetic a training step uses, chosen from what the processor has."""

from __future__ import annotations

from dataclasses import dataclass

from grokaem.processor import cpu_multiplies_bf16


@dataclass(frozen=True)
class Precision:
    """The arithmetic of a run and why it was chosen."""

    name: str  # one of memory.settings.PRECISIONS
    reason: str


def device_name() -> str:
    """``cuda``, ``mps`` or ``cpu``: where training will run."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(wanted: str, device: str) -> Precision:
    """Resolves ``--precision`` for a device.

    Args:
        wanted (str): ``auto`` or one of :data:`grokaem.memory.settings.PRECISIONS`.
        device (str): cuda, mps or cpu.

    Raises:
        ValueError: the device cannot do what was asked for.
    """
    import torch

    if wanted == "auto":
        if device == "cuda":
            if torch.cuda.is_bf16_supported(including_emulation=False):
                return Precision("bf16", "the GPU multiplies bf16 natively")
            return Precision("fp16", "the GPU has no native bf16")
        if device == "cpu" and cpu_multiplies_bf16():
            return Precision("bf16", "the processor multiplies bf16 natively (AVX512-BF16 or AMX)")
        return Precision("fp32", "the processor has no native bf16")
    if wanted == "fp16" and device != "cuda":
        raise ValueError(
            f"--precision fp16 needs a CUDA GPU and this machine trains on {device}: use --precision bf16."
        )
    return Precision(wanted, "asked for")


def use_fast_matmul(device: str, precision: Precision) -> str:
    """Lets fp32 products take the fast route that keeps fp32's accuracy where it matters; says which.

    On CPUs ``medium`` hands fp32 products to oneDNN, which is about twice as fast as the default
    library and rounds alike (it uses bf16 only on processors with AMX); on CUDA ``high`` is TF32.
    """
    import torch

    if device == "cpu":
        torch.set_float32_matmul_precision("medium")
        return "fp32 products through oneDNN"
    if device == "cuda" and precision.name == "tf32":
        torch.set_float32_matmul_precision("high")
        return "fp32 products as TF32"
    return "fp32 products as they are"
