"""How many threads and processes to use: as many as this process's share of the processors can run at once.

A container's quota of processor time is not seen in the number of processors. Threads beyond it use the share up in
the first milliseconds of each period and then all stand still until the next, which a visitor waits for.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

from grokaem.control_groups import ROOT, folders, number

PERIOD = 100_000  # microseconds; the kernel's default
# Read by OpenMP (torch, scikit-learn), by tokenizers and by numba when they are first used.
VARIABLES = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")


def quota(root: Path = ROOT) -> float | None:
    """Processors' worth of time that the control groups of this process allow it.

    Args:
        root (Path, optional): where ``proc`` and ``sys`` are. (Default: ``/``)

    Returns:
        float: the least over all groups around it, 0.5 for half a processor; None without a limit.
    """
    found = []
    for version, folder in folders("cpu", root):
        if version == 2:
            time, period = number(folder / "cpu.max"), number(folder / "cpu.max", 1) or PERIOD
        else:
            time = number(folder / "cpu.cfs_quota_us")
            period = number(folder / "cpu.cfs_period_us") or PERIOD
        if time is not None and time > 0 and period > 0:
            found.append(time / period)
    return min(found, default=None)


def processors() -> int:
    """Processors that this process may run on; a control group's cpuset is in it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def limit(
    root: Path = ROOT, available: int | None = None, environment: MutableMapping[str, str] | None = None
) -> int | None:
    """The threads to hold a library to that would by itself take one for each processor.

    Args:
        root (Path, optional): where ``proc`` and ``sys`` are. (Default: ``/``)
        available (int, optional): processors that this process may run on. (Default: as the system says)
        environment (mapping, optional): the user's ``OMP_NUM_THREADS`` there has the last word.
            (Default: this process's)

    Returns:
        int: the quota, rounded up so that all of it can be used; None where there is nothing to hold it to.
    """
    asked = (os.environ if environment is None else environment).get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return int(asked)
    share = quota(root)
    threads = None if share is None else math.ceil(share - 1e-6)
    return threads if threads is not None and threads < (available or processors()) else None


def threads(
    root: Path = ROOT, available: int | None = None, environment: MutableMapping[str, str] | None = None
) -> int:
    """Threads, or processes, that this process should use at a time; arguments as for :func:`limit`.

    Returns:
        int: at least 1.
    """
    return limit(root, available, environment) or available or processors()


def openvino_settings(count: int | None = None) -> dict[str, int | bool]:
    """What ``compile_model`` must be told so that a graph keeps to the quota; streams follow from it.

    Args:
        count (int, optional): threads. (Default: :func:`limit`)

    Returns:
        dict: empty where OpenVINO's own choice, one thread for each processor, is right.
    """
    count = limit() if count is None else count
    if count is None:
        return {}
    # Pinned, the threads of every container on a machine would share its first processors.
    return {"INFERENCE_NUM_THREADS": count, "ENABLE_CPU_PINNING": False}


def limit_libraries(environment: MutableMapping[str, str] | None = None, root: Path = ROOT) -> int | None:
    """Holds torch, scikit-learn, numba and tokenizers to the quota; call it before they are first used.

    What the user set in the environment stays as it is.

    Args:
        environment (mapping, optional): changed in place. (Default: this process's)
        root (Path, optional): where ``proc`` and ``sys`` are. (Default: ``/``)

    Returns:
        int: the threads they were held to; None where nothing limits them.
    """
    environment = os.environ if environment is None else environment
    count = limit(root, environment=environment)
    if count is None:
        return None
    for name in VARIABLES:
        environment.setdefault(name, str(count))
    torch = sys.modules.get("torch")  # None as well where somebody forbids its import
    if torch is not None and environment is os.environ:
        torch.set_num_threads(count)
    return count
