"""A million short texts: chi-squared selection in a stream beside TfidfVectorizer and SelectKBest.

    python -m benchmarks.text_scale                    # a million texts, three rounds, minutes
    python -m benchmarks.text_scale --texts 100000 --rounds 1

The texts are review sentences drawn with replacement (seed 0), so their vocabulary stays that of the reviews. Each way
runs in a process of its own, the ways alternate, and the figures are medians: seconds from the texts in memory to the
matrix of the chosen columns, and the peak of all its processes together, the texts included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from typing import TypedDict

from scipy import sparse

from grokaem.command_line import run

K = 1000


class Took(TypedDict):
    """What one process measured, and the shape of its matrix."""

    seconds: float
    mib: float
    shape: list[int]


def texts_and_labels(count: int) -> tuple[list[str], list[int]]:
    """Sentences of Rotten Tomatoes' training part, drawn with replacement."""
    import random

    from grokaem import corpora

    part = corpora.load("rotten_tomatoes").train
    rows = random.Random(0).choices(range(len(part)), k=count)
    # A copy of each string, as texts read from a file would be.
    return ["".join(list(part.inputs[row])) for row in rows], [part.labels[row] for row in rows]


def streaming(texts: list[str], labels: list[int]) -> tuple[int, int]:
    """Ours."""
    import tempfile

    from grokaem.text.streaming import BATCH, select_streaming, weighed_batches
    from grokaem.text.vectorize import VectorSettings

    starts = range(0, len(texts), BATCH)
    batches = ((texts[start : start + BATCH], labels[start : start + BATCH]) for start in starts)
    settings = VectorSettings(weighting="tfidf", max_df=1.0)
    with tempfile.TemporaryDirectory() as folder:
        selected = select_streaming(batches, 2, K, Path(folder), settings)
        return sparse.vstack(list(weighed_batches(selected, settings))).shape


def plain(texts: list[str], labels: list[int]) -> tuple[int, int]:
    """scikit-learn, with the same words."""
    from sklearn.feature_selection import SelectKBest, chi2

    from grokaem.text.vectorize import VectorSettings, make_vectorizer

    matrix = make_vectorizer(VectorSettings(weighting="tfidf", max_df=1.0)).fit_transform(texts)
    return SelectKBest(chi2, k=K).fit_transform(matrix, labels).shape


WAYS = {"streaming": streaming, "plain": plain}


def main(argv: list[str]) -> int:
    """Runs the benchmark; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text_scale", description=str(__doc__).splitlines()[0])
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    if options.way:
        texts, labels = texts_and_labels(options.texts)
        peak = _Peak()
        start = time.perf_counter()
        shape = WAYS[options.way](texts, labels)
        print(json.dumps({"seconds": time.perf_counter() - start, "mib": peak.stop(), "shape": shape}))
        return 0
    found: dict[str, list[Took]] = {name: [] for name in WAYS}
    for _ in range(options.rounds):
        for name, runs in found.items():
            command = [sys.executable, "-m", "benchmarks.text_scale", "--texts", str(options.texts), "--way", name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            runs.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{name:10} {runs[-1]['seconds']:7.1f} s {runs[-1]['mib']:8.0f} MiB  {runs[-1]['shape']}", flush=True)
    ours, theirs = (median(run["seconds"] for run in found[name]) for name in WAYS)
    print(f"{options.texts:,} texts: streaming {ours:.1f} s, plain {theirs:.1f} s: {theirs / ours:.2f} x; "
          f"peak {max(r['mib'] for r in found['streaming']):.0f} and "
          f"{max(r['mib'] for r in found['plain']):.0f} MiB")  # fmt: skip
    return 0


class _Peak:
    """The most that this process and its children hold together, looked at every 50 ms."""

    def __init__(self) -> None:
        self.most, self.done = 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        import psutil

        me = psutil.Process()
        while not self.done.wait(0.05):
            total = me.memory_info().rss
            for child in me.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:  # it has just ended
                    continue
            self.most = max(self.most, total)

    def stop(self) -> float:
        self.done.set()
        self.thread.join()
        return self.most / 2**20


if __name__ == "__main__":
    sys.exit(run(main))
