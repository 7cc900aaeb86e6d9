"""What this machine's processor is called, said beside every speed, and whether it multiplies bf16."""

from __future__ import annotations

import platform
from pathlib import Path


def processor_name(cpuinfo: str | None = None) -> str:
    """The processor as /proc/cpuinfo names it, or the architecture where it does not.

    Args:
        cpuinfo (str, optional): the text of ``/proc/cpuinfo``. (Default: this machine's)
    """
    if cpuinfo is None:
        try:
            cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        except OSError:  # not Linux
            cpuinfo = ""
    named = (line.split(":", 1)[1].strip() for line in cpuinfo.splitlines() if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def cpu_multiplies_bf16() -> bool:
    """Whether this processor has bf16 products of its own; without them bf16 is slower than fp32."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
