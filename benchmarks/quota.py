"""Half a processor's time: one text at a time and many, with threads that follow the quota and with one a processor.

python -m benchmarks.quota RUN/export                # needs the right to make a control group: root, v1 or v2
python -m benchmarks.quota RUN/export --share 1.5 --rounds 5 --json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from grokaem.command_line import run

PERIOD = 100_000
ROOT = Path("/sys/fs/cgroup")


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quota", description=str(__doc__).splitlines()[0], allow_abbrev=False
    )
    parser.add_argument("export", type=Path, help="an exported text classifier")
    parser.add_argument("--share", type=float, default=0.5, help="processors' worth of time (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="each way in turn (default: %(default)s)")
    parser.add_argument("--texts", type=int, default=400, help="texts in bulk (default: %(default)s)")
    parser.add_argument("--single", type=int, default=60, help="texts one at a time (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--inside", choices=("quota", "processors"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.inside:
        print(json.dumps(measure(arguments)))
        return 0
    group = make_group(arguments.share)
    figures: dict[str, list[dict[str, float]]] = {"quota": [], "processors": []}
    try:
        for _ in range(arguments.rounds):
            for way, results in figures.items():
                results.append(json.loads(_in_group(group, [*argv, "--inside", way])))
    finally:
        group.rmdir()
    names = figures["quota"][0]
    medians = {way: {n: statistics.median(r[n] for r in results) for n in names} for way, results in figures.items()}
    medians["share"] = {"processors": arguments.share}
    if arguments.json:
        print(json.dumps({"medians": medians, "rounds": figures}, indent=2))
        return 0
    print(f"{arguments.share:g} of {os.cpu_count()} processors, medians of {arguments.rounds} rounds in turn")
    for way in figures:
        print(f"  threads follow the {way:11}" + ", ".join(f"{n} {medians[way][n]:.1f}" for n in names))
    return 0


def make_group(share: float) -> Path:
    """A control group with so much processor time.

    Raises:
        RuntimeError: none can be made here; the tests then rest on fake trees alone.
    """
    v2 = (ROOT / "cgroup.controllers").is_file()
    group = (ROOT if v2 else ROOT / "cpu") / f"grokaem-quota-{os.getpid()}"
    try:
        group.mkdir()
        if v2:
            (group / "cpu.max").write_text(f"{round(share * PERIOD)} {PERIOD}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(round(share * PERIOD)))
    except OSError as error:
        if group.is_dir():
            group.rmdir()
        raise RuntimeError(
            f"no control group can be made here ({error}), so nothing was measured: run it as root on a machine "
            "whose cpu controller is mounted"
        ) from error
    return group


def _in_group(group: Path, argv: list[str]) -> str:
    join = (
        "import os, runpy, sys; open(sys.argv[1], 'w').write(str(os.getpid())); sys.argv = sys.argv[2:]; "
        "runpy.run_module('benchmarks.quota', run_name='__main__')"
    )
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", join, str(group / "cgroup.procs"), "quota", *argv],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"a round failed: {done.stderr.strip().splitlines()[-1].removeprefix('error: ')}")
    return done.stdout


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """One round inside the group: texts a second in bulk, and median and 95th percentile of one text, ms."""
    from grokaem import thread_counts

    if arguments.inside == "processors":  # as without the decision: one thread for each processor
        thread_counts.quota = lambda *_: None
        for name in thread_counts.VARIABLES:
            os.environ.pop(name, None)
    from grokaem import corpora
    from grokaem.inference.text_classifier import TextClassifier

    texts = corpora.load("rotten_tomatoes", task="text").test.inputs[: arguments.texts]
    classifier = TextClassifier.from_pretrained(arguments.export)
    classifier.predict(texts[:32])
    classifier.predict(texts[:1])
    start = time.perf_counter()
    classifier.predict(texts)
    bulk = len(texts) / (time.perf_counter() - start)
    waits = []
    for text in texts[: arguments.single]:
        start = time.perf_counter()
        classifier.predict([text])
        waits.append(1000 * (time.perf_counter() - start))
    cuts = statistics.quantiles(waits, n=20)
    return {"texts a second": bulk, "ms one text": statistics.median(waits), "p95 ms": cuts[-1]}


if __name__ == "__main__":
    sys.exit(run(main))
