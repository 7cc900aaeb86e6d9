"""What this machine's processor is called: said beside every speed."""

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
