"""Training here and in an older checkout, run in turn: how long the same short runs take.

    git worktree add ../before 07e6ea3
    python -m benchmarks.training_before ../before                       # film reviews and drums, 3 runs each
    python -m benchmarks.training_before ../before --runs 5 --only drums --json docs/training_before.json

Old and new take turns, so that what else the machine does falls on both; medians and their ratio are printed. Beside
the clock stands the processor time of the whole process, which other programs change less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypedDict

from grokaem.processor import processor_name

ROOT = Path(__file__).resolve().parents[1]
RUNS = {
    "reviews": [],
    "drums": ["--task", "audio"],
}


class Taken(TypedDict):
    """What a run took: by the clock, by the processor, both in seconds, and its peak beside the program in MiB."""

    seconds: float
    cpu_seconds: float
    mib: float


def main(argv: list[str] | None = None) -> int:
    """Runs, prints the ratios, writes them."""
    parser = argparse.ArgumentParser(description="Trains here and in an older checkout, in turn.")
    parser.add_argument("before", type=Path, help="the older checkout")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=60, help="of each run (default: %(default)s)")
    parser.add_argument("--only", choices=RUNS, nargs="+", default=list(RUNS))
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args(argv)
    result: dict[str, object] = {"cpu": processor_name(), "threads": os.environ.get("OMP_NUM_THREADS")}
    for name in options.only:
        flags = [*RUNS[name], "--max-steps", str(options.steps)]
        taken: dict[str, list[Taken]] = {"before": [], "now": []}
        for _ in range(options.runs):
            for when, checkout in (("before", options.before.resolve()), ("now", ROOT)):
                taken[when].append(train(checkout, flags))
                print(f"{name} {when}: {taken[when][-1]}", flush=True)
        medians = {when: _medians(runs) for when, runs in taken.items()}
        ratios = {key: medians["now"][key] / medians["before"][key] for key in medians["now"]}
        result[name] = {"flags": flags, "runs": taken, "medians": medians, "now / before": ratios}
        print(f"{name}, now / before: " + ", ".join(f"{key} {ratio:.3f}" for key, ratio in ratios.items()))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def train(checkout: Path, flags: list[str]) -> Taken:
    """One run with the code of a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, str(checkout / "training" / "finetune.py"), *flags, "--precision", "fp32"]
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        folder = Path(home) / "run"
        subprocess.run(
            [*command, "--output-dir", str(folder)], env=environment, check=True, capture_output=True, cwd=home
        )
        report = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": report["seconds"], "cpu_seconds": cpu, "mib": report["memory"]["measured_peak_mib"]}


def _medians(runs: list[Taken]) -> dict[str, float]:
    return {key: statistics.median(float(run[key]) for run in runs) for key in ("seconds", "cpu_seconds", "mib")}


if __name__ == "__main__":
    sys.exit(main())
