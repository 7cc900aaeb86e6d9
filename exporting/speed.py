"""How fast an export is and what memory it takes, measured in a fresh process that has only what users have.

The exporting process holds torch, the calibration and the training data; a clock and a high-water mark in it
would tell of them too. So this file is also the program of a child: folder and inputs in, one line of JSON out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from grokaem.child_process import environment, module_command
from grokaem.process_memory import MIB, high_water_bytes

if TYPE_CHECKING:
    import numpy as np

    from exporting.report_types import Speed

ROOT = Path(__file__).resolve().parents[1]
BATCH = 32
CALLS = {1: 50, BATCH: 7}  # batch size -> calls timed; the median of them counts
INPUTS = BATCH * CALLS[BATCH]


def measure(folder: Path, inputs: list[str] | list[np.ndarray]) -> Speed:
    """Times an export on real inputs in a process of its own.

    Args:
        folder (Path): the export.
        inputs (list of str or ndarray): as the classifier takes them, texts or arrays; :data:`INPUTS` of them suffice.

    Returns:
        dict: ``latency_ms_b1`` and ``latency_ms_b32`` (median milliseconds of a call with 1 and 32 inputs),
        ``items_per_second_b1`` and ``items_per_second_b32``, ``items_per_second`` (all inputs in one call) and
        ``peak_mib`` (:func:`grokaem.process_memory.high_water_bytes`). Where the inputs cannot be handed over, as on a
        full disk, there are no figures, and ``not_measured`` is the reason.

    Raises:
        RuntimeError: the child failed; its last line is repeated.
    """
    try:
        done = _in_a_child(folder, inputs)
    except OSError as error:  # no fault of the export's
        return unmeasured(system_reason(error))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"the speed of {folder} cannot be measured: {last}; export again.")
    return json.loads(done.stdout.splitlines()[-1])


def unmeasured(reason: str) -> Speed:
    """What stands in a report where nothing was measured."""
    return {
        "latency_ms_b1": None,
        "latency_ms_b32": None,
        "items_per_second": None,
        "peak_mib": None,
        "not_measured": reason,
    }


def system_reason(error: OSError) -> str:
    """Why the system refused, without the paths of this machine: reports are published."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


def machine_load() -> float | None:
    """How much ran on this machine in the last minute: its load average; None where the system has none.

    It says nothing of other programs once our own work has begun.
    """
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def _in_a_child(folder: Path, inputs: list) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as temporary:
        if isinstance(inputs[0], str):
            given = Path(temporary, "inputs.json")
            given.write_text(json.dumps(inputs), encoding="utf-8")
        else:
            import numpy as np

            given = Path(temporary, "inputs.npz")
            np.savez(given, *inputs)
        return subprocess.run(
            module_command("exporting.speed", folder, given), capture_output=True, text=True, env=environment(ROOT)
        )


def timed(predict: Callable[[list], object], inputs: list) -> dict[str, float]:
    """Median milliseconds and inputs a second at each batch size, and inputs a second of all at once."""
    found: dict[str, float] = {}
    for size, calls in CALLS.items():
        batches = [inputs[start : start + size] for start in range(0, len(inputs), size)][:calls]
        predict(batches[0])
        seconds = []
        for batch in batches:
            start = time.perf_counter()
            predict(batch)
            seconds.append((time.perf_counter() - start) * size / len(batch))  # the last may be short
        found[f"latency_ms_b{size}"] = median(seconds) * 1000
        found[f"items_per_second_b{size}"] = size / median(seconds)
    start = time.perf_counter()
    predict(inputs)
    return {**found, "items_per_second": len(inputs) / (time.perf_counter() - start)}


def main(folder: str, given: str) -> None:
    """The child: measures and prints."""
    from grokaem import inference

    if given.endswith(".json"):
        inputs = json.loads(Path(given).read_text(encoding="utf-8"))
    else:
        import numpy as np

        with np.load(given) as clips:
            inputs = list(clips.values())
    print(json.dumps({**timed(inference.load(folder).predict, inputs), "peak_mib": high_water_bytes() / MIB}))


if __name__ == "__main__":
    main(*sys.argv[1:])
