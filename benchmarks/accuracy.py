"""Repeats the accuracy figures of the README: every run, every seed, every fold.

    python -m benchmarks.accuracy                          # all of them, about an hour on 2 cores
    python -m benchmarks.accuracy rotten_tomatoes --seeds 0
    python -m benchmarks.accuracy drums --output-dir runs/accuracy

Finished runs are kept and only read again; an interrupted one goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# data set -> further arguments of finetune.py
TASKS = {
    "rotten_tomatoes": [],
    "reuters_r8": ["--dataset", "reuters_r8", "--epochs", "2"],
    # the last run after every choice: all that is not tested is trained on
    "drums": ["--task", "audio", "--also-train-on", "foxdot", "--train-on-validation"],
}
FOLDS = 5  # of kits
RUNS = ROOT / "runs" / "accuracy"


def main(argv: list[str] | None = None) -> int:
    """Trains what is missing and prints the table."""
    parser = argparse.ArgumentParser(description="Repeats the accuracy figures of the README.")
    parser.add_argument("tasks", nargs="*", default=list(TASKS), help=f"of {', '.join(TASKS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--output-dir", type=Path, default=RUNS)
    options = parser.parse_args(argv)
    if unknown := set(options.tasks) - set(TASKS):
        parser.error(f"unknown {', '.join(sorted(unknown))}: choose from {', '.join(TASKS)}")
    rows = []
    for task in options.tasks:
        for seed in options.seeds:
            folds = range(FOLDS) if task == "drums" else [None]
            rows.append((task, seed, [train(task, TASKS[task], seed, fold, options.output_dir) for fold in folds]))
    print("\n| data set | seed | accuracy | macro F1 | seconds a run |\n|---|---|---|---|---|")
    for task, seed, reports in rows:
        print(
            f"| {task} | {seed} | {_mean(reports, 'accuracy'):.4f} | {_mean(reports, 'macro_f1'):.4f} | "
            f"{', '.join(str(round(r['seconds'])) for r in reports)} |"
        )
    for task in options.tasks:
        scores = [_mean(reports, "accuracy") for name, _, reports in rows if name == task]
        spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
        print(f"{task}: {statistics.mean(scores):.4f} +- {spread:.4f} over seeds {options.seeds}")
    return 0


def train(name: str, arguments: list[str], seed: int, fold: int | None, parent: Path) -> dict:
    """Runs ``finetune.py`` unless it is done already.

    Args:
        name (str): the run folder's begins with it.
        arguments (list of str): of ``finetune.py``.
        seed (int): likewise.
        fold (int, optional): likewise, where the data set has folds.
        parent (Path): where the run folders are.

    Returns:
        dict: the contents of ``run.json``.
    """
    folder = parent / (f"{name}-seed{seed}" + ("" if fold is None else f"-fold{fold}"))
    if not (folder / "run.json").is_file():
        command = [sys.executable, ROOT / "training" / "finetune.py", *arguments, "--seed", seed, "--resume",
                   "--output-dir", folder, *([] if fold is None else ["--fold", fold])]  # fmt: skip
        subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def _mean(reports: list[dict], metric: str) -> float:
    return statistics.mean(report["metrics"][metric] for report in reports)


if __name__ == "__main__":
    sys.exit(main())
