"""Which instructions multiply an export's 8-bit numbers here, and what the export answers with others.

Processors with VNNI (or AMX) add the products of 8-bit numbers in 32 bits. Those without add pairs of them in 16 bits
first, where a sum that is too large is cut off: scores differ from processor to processor. What oneDNN may use is
capped by ``ONEDNN_MAX_CPU_ISA``, read once a process; so this file is also the program of a child.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exporting.speed import system_reason
from grokaem.child_process import environment, module_command

if TYPE_CHECKING:
    from exporting.report_types import FailedInstructionSet, InstructionSet

ROOT = Path(__file__).resolve().parents[1]
CAP = "ONEDNN_MAX_CPU_ISA"
# oneDNN's names from the largest set down, and what /proc/cpuinfo must list for each.
FLAGS = {
    "AVX512_CORE_AMX": {"amx_int8", "avx512_vnni", "avx512bw", "avx512vl"},
    "AVX512_CORE_VNNI": {"avx512_vnni", "avx512bw", "avx512vl"},
    "AVX512_CORE": {"avx512bw", "avx512vl", "avx512dq"},
    "AVX2_VNNI": {"avx_vnni", "avx2"},
    "AVX2": {"avx2", "fma"},
    "AVX": {"avx"},
    "SSE41": {"sse4_1"},
}
WITHOUT_VNNI = {"AVX512_CORE_AMX": "AVX512_CORE", "AVX512_CORE_VNNI": "AVX512_CORE"}


def name(cpuinfo: str | None = None) -> str:
    """The largest set of this processor that oneDNN knows, or the architecture where it is no x86.

    Args:
        cpuinfo (str, optional): the text of ``/proc/cpuinfo``. (Default: this machine's)
    """
    if cpuinfo is None:
        try:
            cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        except OSError:
            cpuinfo = ""
    listed = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), "").split()
    return next((name for name, flags in FLAGS.items() if flags <= set(listed)), platform.machine())


def measure(
    folder: Path, inputs: list[str] | list[np.ndarray], original: np.ndarray, export: np.ndarray, labels: list[int]
) -> list[InstructionSet | FailedInstructionSet]:
    """What the export answers with this processor's instructions and, where it has VNNI, without it.

    Args:
        folder (Path): the export.
        inputs (list of str or ndarray): the test part: texts, or waveforms.
        original (ndarray of shape (n, n_labels)): the original's logits.
        export (ndarray of shape (n, n_labels)): the export's, in this process.
        labels (list of int): the true class numbers.

    Returns:
        list of dict: ``name``, ``accuracy``, ``flips`` (labels other than the original's) and
        ``max_logit_difference`` (from the export's own logits here); or ``name`` and ``error``, also where inputs
        and logits cannot be handed over, as on a full disk.
    """
    here = name()
    found: list[InstructionSet | FailedInstructionSet] = [_described(here, export, original, export, labels)]
    other = WITHOUT_VNNI.get(here)
    if other and CAP not in os.environ:
        try:
            found.append(_described(other, logits_under(other, folder, inputs), original, export, labels))
        except RuntimeError as error:
            found.append({"name": other, "error": str(error)})
        except OSError as error:
            found.append({"name": other, "error": f"not measured: {system_reason(error)}"})
    return found


def _described(
    name: str, logits: np.ndarray, original: np.ndarray, here: np.ndarray, labels: list[int]
) -> InstructionSet:
    return {
        "name": name,
        "accuracy": float((logits.argmax(axis=1) == np.asarray(labels)).mean()),
        "flips": int((logits.argmax(axis=1) != original.argmax(axis=1)).sum()),
        "max_logit_difference": float(np.abs(logits - here).max()),
    }


def logits_under(
    cap: str, folder: Path, inputs: list[str] | list[np.ndarray], command: tuple[str, ...] = ()
) -> np.ndarray:
    """An export's logits with no more than some instructions, from a process of its own.

    Args:
        cap (str): a value of ``ONEDNN_MAX_CPU_ISA``; ``""`` for none.
        folder (Path): the export.
        inputs (list of str or ndarray): texts, or waveforms.
        command (tuple of str, optional): what runs the process, such as an emulator and its options. (Default: none)

    Returns:
        ndarray of shape (n, n_labels).

    Raises:
        RuntimeError: the process failed; its last line is repeated.
    """
    variables = {key: value for key, value in environment(ROOT).items() if key != CAP} | ({CAP: cap} if cap else {})
    with tempfile.TemporaryDirectory() as temporary:
        given, out = Path(temporary, "inputs.npz"), Path(temporary, "logits.npy")
        np.savez(given, *(np.array(item) for item in inputs))
        done = subprocess.run(
            [*command, *module_command("exporting.instruction_sets", folder, given, out)],
            env=variables,
            capture_output=True,
            text=True,
        )
        if done.returncode or not out.is_file():
            last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
            raise RuntimeError(" ".join(last.split()))
        return np.load(out)


def main(folder: str, given: str, out: str) -> None:
    """The child: classifies and writes."""
    from grokaem import inference

    with np.load(given) as items:
        inputs = [items[f"arr_{number}"] for number in range(len(items.files))]
    read: list = [item if item.ndim else str(item) for item in inputs]
    np.save(out, inference.load(folder).logits(read))


if __name__ == "__main__":
    main(*sys.argv[1:])
