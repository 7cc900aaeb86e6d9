"""Wide residual networks on drum sounds: the widening factor, and depth against width at equal parameters.

    python -m benchmarks.widening                    # four networks, 50 minutes
    python -m benchmarks.widening --networks 10-1 22-1 --folds 0

Every network is trained as ``training/finetune.py --task audio`` trains it, on the kits alone and without those of the
validation part, once for each fold. Finished runs are kept and only read again.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from benchmarks.accuracy import FOLDS, RUNS, train
from grokaem.command_line import run

NETWORKS = ["10-1", "10-2", "10-4", "22-1"]  # 22-1 has about as many parameters as 10-2


def main(argv: list[str]) -> int:
    """Trains what is missing and prints the table; see the module's docstring."""
    from grokaem.audio.wide_resnet import cost

    parser = argparse.ArgumentParser(prog="python -m benchmarks.widening", description=str(__doc__).splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="DEPTH-K")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--output-dir", type=Path, default=RUNS)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    print("| network | parameters | multiply-adds of 1.5 s | accuracy | by fold | s a run | peak memory, MiB |")
    print("|---|---|---|---|---|---|---|")
    for network in options.networks:
        depth, _, factor = network.partition("-")
        price = cost(int(depth), int(factor), (40, 76), n_classes=7)  # 40 bands, a frame every 20 ms of 1.5 s
        arguments = ["--task", "audio", "--depth", depth, "--widen-factor", factor]
        folds = [
            [train(f"drums-{network}", arguments, seed, fold, options.output_dir) for seed in options.seeds]
            for fold in options.folds
        ]
        scores = [statistics.mean(report["metrics"]["accuracy"] for report in fold) for fold in folds]
        reports = [report for fold in folds for report in fold]
        print(
            f"| WRN-{network} | {price.parameters:,} | {price.multiply_adds / 1e6:.0f} M "
            f"| {statistics.mean(scores):.3f} | {', '.join(f'{score:.3f}' for score in scores)} "
            f"| {statistics.median(report['seconds'] for report in reports):.0f} "
            f"| {statistics.median(report['memory']['measured_peak_mib'] for report in reports):.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
