"""What the whole process holds: measuring its high-water mark, and keeping it close to what tensors need."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

from grokaem.control_groups import ROOT, entry, folders, number

MIB = 2**20
# glibc's mallopt parameters, from malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
MIN_MAPPED_BYTES = 2**16  # from this size on, a tensor gets pages of its own, given back the moment it is freed


def return_freed_memory_at_once(large: int = MIN_MAPPED_BYTES) -> bool:
    """Makes the C library's allocator give memory back at once; call it first in a training process.

    By default glibc raises its threshold for separately mapped blocks to 32 MiB as a program frees large
    blocks, and keeps the freed blocks below it in fragmented arenas: the process then holds up to twice what
    its tensors need. This fixes the threshold, so that every tensor of 64 KiB or more is mapped by itself, and lets
    all threads share one arena for the rest.

    Args:
        large (int, optional): bytes from which on a block is mapped by itself. (Default: 64 KiB)

    Returns:
        bool: whether this C library has these settings; other platforms are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    done = mallopt(_M_MMAP_THRESHOLD, large) and mallopt(_M_TRIM_THRESHOLD, large)
    return bool(done and mallopt(_M_TOP_PAD, 0) and mallopt(_M_ARENA_MAX, 1))


def trim_heap() -> None:
    """Returns the free pages of the C library's heap to the system."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def resident_bytes() -> int:
    """Bytes of memory the process holds now."""
    return _status("VmRSS")


def high_water_bytes() -> int:
    """The most bytes the process has held since :func:`reset_high_water` or its start."""
    return _status("VmHWM")


def reset_high_water() -> int:
    """Starts the high-water mark anew from what the process holds now.

    Returns:
        int: the bytes it starts from.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return resident_bytes()


def available_bytes(root: Path = ROOT) -> int:
    """Bytes the machine, or the container this process is limited to, can still give.

    Files that the kernel keeps in memory only as long as nobody else needs it do not count as taken.

    Args:
        root (Path, optional): where ``proc`` and ``sys`` are. (Default: ``/``)

    Returns:
        int: the least of the system's estimate and of what the limit of each control group around this process leaves.
    """
    free = [_machine_bytes(root)]
    for version, folder in folders("memory", root):
        if version == 2:
            limit, used = number(folder / "memory.max"), number(folder / "memory.current")
            names = ("inactive_file", "active_file", "slab_reclaimable")
        else:
            limit, used = number(folder / "memory.limit_in_bytes"), number(folder / "memory.usage_in_bytes")
            names = ("total_inactive_file", "total_active_file")
        if limit is None or used is None:
            continue
        kept = sum(entry(folder / "memory.stat", name) for name in names)
        free.append(min(limit, limit - used + min(kept, used)))
    return max(0, min(free))


def _machine_bytes(root: Path) -> int:
    try:
        lines = (root / "proc" / "meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):  # not Linux
        import psutil

        return psutil.virtual_memory().available


def _status(key: str) -> int:
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    import psutil

    memory = psutil.Process(os.getpid()).memory_info()
    if key != "VmHWM":
        return memory.rss
    if sys.platform == "darwin":  # since the start of the process: no reset is known there
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return getattr(memory, "peak_wset", memory.rss)
