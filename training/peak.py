"""The true peak of a run: what training took beside the program and its data."""

from __future__ import annotations

import gc

MIB = 2**20


class Peak:
    """Make it after everything is imported and read, before a model is loaded; then start and read it.

    Args:
        device (str): cuda, mps or cpu.

    Attributes:
        before_mib (float): what the process held at its making, MiB; on CUDA 0, for the GPU is empty.
        measured_mib (float): on a CPU the process's high-water mark above that; on CUDA the most that
            PyTorch reserved; None until :meth:`read` or where neither can be told.
    """

    def __init__(self, device: str):
        from grokaem.process_memory import resident_bytes, return_freed_memory_at_once, trim_heap

        if device == "cpu":
            # So that the process holds what its tensors need, which is what is predicted, and not up to twice that.
            return_freed_memory_at_once()
        self.device = device
        self.measured_mib: float | None = None
        gc.collect()
        trim_heap()
        self.before_mib = 0.0 if device == "cuda" else resident_bytes() / MIB

    def start(self) -> None:
        """Forgets what came before."""
        if self.device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()
            return
        from grokaem.process_memory import reset_high_water, trim_heap

        gc.collect()
        trim_heap()
        reset_high_water()

    def read(self) -> None:
        """Takes the measurement."""
        if self.device == "cuda":
            import torch

            self.measured_mib = torch.cuda.max_memory_reserved() / MIB
        elif self.device == "cpu":
            from grokaem.process_memory import high_water_bytes

            self.measured_mib = max(0.0, high_water_bytes() / MIB - self.before_mib)
