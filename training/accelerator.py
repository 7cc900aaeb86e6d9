"""What accelerate does for the training: devices, processes, fp16's scaling of the loss, trackers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from accelerate import Accelerator, DistributedDataParallelKwargs

from training.trackers import logging_folder

if TYPE_CHECKING:
    from grokaem.memory.settings import MemorySettings


def make_accelerator(device: str, settings: MemorySettings, report_to: str, output_dir: Path) -> Accelerator:
    """The accelerator of a run, the same for all its attempts.

    Args:
        device (str): ``cpu``, ``cuda`` or ``mps``.
        settings (MemorySettings): the levers that it begins with.
        report_to (str): one of :data:`training.trackers.TRACKERS`.
        output_dir (Path): the run folder.
    """
    # Speech encoders leave layers out at random: their weights get no gradient then. Under checkpointing a weight is
    # used twice, which the search for unused ones does not bear.
    unused = DistributedDataParallelKwargs(find_unused_parameters=not settings.gradient_checkpointing)
    return Accelerator(
        cpu=device == "cpu",
        mixed_precision="fp16" if settings.precision == "fp16" else "no",  # bf16 is autocast of our own
        log_with=None if report_to == "none" else report_to,
        project_dir=logging_folder(output_dir),
        kwargs_handlers=[unused],
    )
