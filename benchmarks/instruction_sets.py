"""What an export answers on other processors: its labels and scores with fewer instructions than this one has.

    python -m benchmarks.instruction_sets RUN_FOLDER
    python -m benchmarks.instruction_sets RUN_FOLDER --caps AVX512_CORE AVX2
    python -m benchmarks.instruction_sets RUN_FOLDER --emulate Haswell-v4 Nehalem --emulated 50   # needs qemu-user

The first rows are this processor as it is, and exact products: 8-bit numbers multiplied in floating point, where no sum
is cut off, as VNNI adds them. The others are processes of their own: oneDNN capped by ``ONEDNN_MAX_CPU_ISA``, a switch
that OpenVINO's own kernels do not follow; and a whole processor emulated by qemu-user, on a few inputs, as that takes
seconds each. Flips are against the floating-point original's labels on the test part, the largest difference of a logit
is from the export on this processor.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, final
from unittest import mock

import numpy as np

from exporting import instruction_sets
from grokaem.atomic import write_text
from grokaem.command_line import quiet_libraries, run

if TYPE_CHECKING:
    import openvino

EMULATOR = "qemu-x86_64"


class Compared(TypedDict):
    """Labels other than the original's, with some instructions and with all of them; and how far logits move."""

    flips: int
    flips_here: int
    max_logit_difference: float


@final
class Row(Compared):
    """What ``n`` inputs get."""

    name: str
    n: int


@final
class FailedRow(TypedDict):
    """Instructions with which the export does not run."""

    name: str
    n: int
    error: str


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.instruction_sets",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="with an export in it")
    parser.add_argument("--export", type=Path, help="the export (default: RUN_FOLDER/export)")
    parser.add_argument("--caps", nargs="*", default=["AVX512_CORE", "AVX2", "SSE41"], help="of oneDNN")
    parser.add_argument("--emulate", nargs="*", default=[], help=f"processors, by {EMULATOR}'s names")
    parser.add_argument("--emulated", type=int, default=50, help="inputs an emulated processor gets")
    parser.add_argument("--json", type=Path, help="also write the rows there")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    if options.emulate and not shutil.which(EMULATOR):
        raise ValueError(f"--emulate needs {EMULATOR}, which is not installed: apt-get install qemu-user.")
    quiet_libraries()
    rows = measure(options)
    print(table(rows))
    if options.json:
        write_text(options.json, json.dumps(rows, indent=1) + "\n")
    return 0


def measure(options: argparse.Namespace) -> list[Row | FailedRow]:
    """One row for each set of instructions: ``name``, ``n``, ``flips``, ``max_logit_difference``, or ``error``."""
    from exporting.merge_adapter import merge_if_adapter
    from exporting.run_source import read_run
    from exporting.sources import find_source

    folder = options.export or options.run / "export"
    run_ = read_run(options.run)
    part = run_.corpus().test
    with tempfile.TemporaryDirectory() as temporary:
        source = find_source(run_.task)(merge_if_adapter(run_, Path(temporary)))
        inputs = source.read(part.inputs)
        wanted = source.original_logits(part.inputs).argmax(axis=1)
    here = instruction_sets.logits_under("", folder, inputs)
    few = slice(0, options.emulated)
    exact = exact_logits(folder, inputs)
    rows: list[Row | FailedRow] = [
        {"name": name, "n": len(inputs), **_compared(logits, here, wanted)}
        for name, logits in ((instruction_sets.name(), here), ("exact products", exact))
    ]
    cases: list[tuple[str, str, tuple[str, ...], slice]] = [
        (f"capped at {cap}", cap, (), slice(None)) for cap in options.caps
    ]
    cases += [(f"{name}, emulated", "", (EMULATOR, "-cpu", name), few) for name in options.emulate]
    for name, cap, command, chosen in cases:
        row: Row | FailedRow
        try:
            logits = instruction_sets.logits_under(cap, folder, inputs[chosen], command)
            row = {"name": name, "n": len(inputs[chosen]), **_compared(logits, here[chosen], wanted[chosen])}
        except RuntimeError as error:
            row = {"name": name, "n": len(inputs[chosen]), "error": str(error)}
        print(json.dumps(row), file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def _compared(logits: np.ndarray, here: np.ndarray, wanted: np.ndarray) -> Compared:
    return {
        "flips": int((logits.argmax(axis=1) != wanted).sum()),
        "flips_here": int((here.argmax(axis=1) != wanted).sum()),
        "max_logit_difference": float(np.abs(logits - here).max()),
    }


def exact_logits(folder: Path, inputs: list) -> np.ndarray:
    """An export's logits with its 8-bit numbers multiplied in floating point.

    Args:
        folder (Path): the export.
        inputs (list of str or ndarray): texts, or waveforms.
    """
    from grokaem import inference
    from grokaem.inference import graph
    from grokaem.openvino_core import core

    def compile_exactly(hint: str, model: openvino.Model) -> openvino.CompiledModel:
        settings = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32", "LP_TRANSFORMS_MODE": "NO"}
        return core().compile_model(model, "CPU", settings)

    with mock.patch.object(graph, "compile_for", compile_exactly):
        return inference.load(folder).logits(inputs)


def table(rows: list[Row | FailedRow]) -> str:
    """The rows in Markdown."""
    lines = [
        "| instructions | inputs | labels other than fp32's | the same inputs here | largest difference of a logit |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        found = (
            f"does not run: {row['error'][:120]} | | "
            if "error" in row
            else f"{row['flips']} | {row['flips_here']} | {row['max_logit_difference']:.3f}"
        )
        lines.append(f"| {row['name']} | {row['n']} | {found} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run(main))
