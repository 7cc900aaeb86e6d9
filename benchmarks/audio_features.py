"""Speed of the audio features against the obvious alternatives, interleaved in one process.

    python -m benchmarks.audio_features                      # 10 s and 10 min, 20 rounds, several minutes
    python -m benchmarks.audio_features --seconds 10 --rounds 50

Needs the packages it compares with: pip install spafe librosa gammatone. Every contestant makes 25 ms frames
every 10 ms at 16 kHz, 24 filters, 13 coefficients, of the same float32 noise (spafe and gammatone: float64,
as they want it). Each round runs every contestant once, in a shuffled order and woken by a short clip; what counts
is the median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from grokaem.command_line import run

RATE = 16000
SHORT = 10.0  # seconds of sound that wake a contestant's threads
FRAMES: dict = {"n_fft": 512, "win_length": 400, "hop_length": 160}
GOALS = (  # (ours, theirs, how many times faster)
    ("GFCC fft", "spafe gfcc", 10.0),
    ("GFCC fft, no pre-emphasis", "torchaudio MFCC", 2.0),
    ("GFCC waveform", "gammatone gtgram", 20.0),
)


def contestants(seconds: float) -> dict[str, Callable[[], object]]:
    """What is timed: name and a call without arguments."""
    import librosa
    import numpy as np
    import torch
    from gammatone.gtgram import gtgram
    from spafe.features.gfcc import gfcc

    from grokaem.audio.gfcc import GFCC, SPAFE_SETTINGS
    from grokaem.audio.torchaudio_loader import torchaudio

    exact = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))
    clip, single = torch.tensor(exact, dtype=torch.float32), exact.astype(np.float32)
    like_spafe, plain, waveform = GFCC(RATE, **SPAFE_SETTINGS), GFCC(RATE, method="fft"), GFCC(RATE)
    mfcc = torchaudio.transforms.MFCC(RATE, 13, melkwargs={**FRAMES, "n_mels": 24})
    return {
        "GFCC fft": lambda: like_spafe(clip),
        "GFCC fft, no pre-emphasis": lambda: plain(clip),
        "GFCC waveform": lambda: waveform(clip),
        "torchaudio MFCC": lambda: mfcc(clip),
        "spafe gfcc": lambda: gfcc(exact, fs=RATE),
        "librosa mfcc": lambda: librosa.feature.mfcc(y=single, sr=RATE, n_mfcc=13, n_mels=24, **FRAMES),
        "gammatone gtgram": lambda: gtgram(exact, RATE, 0.025, 0.01, 24, 100),
    }


def batches(seconds: float) -> dict[str, Callable[[], object]]:
    """One clip and 32 of them, for both methods."""
    import torch

    from grokaem.audio.gfcc import GFCC

    clips = 0.1 * torch.randn(32, round(seconds * RATE))
    fft, waveform = GFCC(RATE, method="fft"), GFCC(RATE)
    return {
        "fft, 1 clip": lambda: fft(clips[:1]),
        "fft, 32 clips": lambda: fft(clips),
        "waveform, 1 clip": lambda: waveform(clips[:1]),
        "waveform, 32 clips": lambda: waveform(clips),
    }


def interleaved(
    calls: dict[str, Callable[[], object]], rounds: int, awake: dict[str, Callable[[], object]] | None = None
) -> dict[str, dict[str, float]]:
    """Milliseconds of each call: median and minimum over the rounds, after two that do not count.

    Each round has an order of its own. A call finds the threads of the contestant before still turning in wait of work,
    and its own asleep, which on a virtual machine take up to ten milliseconds to wake; so before it is timed, each
    contestant works once on a short clip.

    Args:
        calls (dict): what is timed.
        rounds (int): how often.
        awake (dict, optional): the same names, for the short clip. (Default: ``calls``)
    """
    import torch

    times: dict[str, list[float]] = {name: [] for name in calls}
    order, shuffler = list(calls.items()), random.Random(0)
    with torch.inference_mode():
        for _ in range(rounds + 2):
            shuffler.shuffle(order)
            for name, call in order:
                (awake or calls)[name]()
                start = time.perf_counter()
                call()
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: {"median": statistics.median(t[2:]), "min": min(t[2:])} for name, t in times.items()}


def mfcc_against_librosa() -> float:
    """Largest difference of our MFCC (decibels) from librosa's, relative to the largest coefficient."""
    import librosa
    import numpy as np
    import torch

    from grokaem.audio.features import MFCC

    clip = (0.1 * np.random.default_rng(0).standard_normal(10 * RATE)).astype(np.float32)
    mel = librosa.feature.melspectrogram(
        y=clip, sr=RATE, n_mels=40, htk=True, norm=None, pad_mode="constant", **FRAMES
    )
    theirs = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=13)
    ours = MFCC(RATE, decibels=True)(torch.from_numpy(clip)).numpy()
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def main(argv: list[str]) -> int:
    """The command; see ``--help``."""
    parser = argparse.ArgumentParser(description="Speed of the audio features, side by side.")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 600.0], help="default: 10 600")
    parser.add_argument("--rounds", type=int, default=20, help="default: 20")
    parser.add_argument("--threads", type=int, help="of torch; default: torch's own")
    parser.add_argument("--output", metavar="FILE.json", help="also write the figures")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    args = parser.parse_args(argv)
    if args.rounds < 1 or min(args.seconds) < 1:
        raise ValueError("Give at least one round and clips of at least one second.")
    import torch

    if args.threads:
        torch.set_num_threads(args.threads)
    figures: dict[str, object] = {"rounds": args.rounds, "threads": torch.get_num_threads()}
    print(
        f"milliseconds, median (minimum) of {args.rounds} interleaved rounds, {torch.get_num_threads()} threads"
    )
    for seconds in args.seconds:
        times = interleaved(contestants(seconds), args.rounds, contestants(SHORT))
        print(f"\n{seconds:g} s of audio")
        for name, row in times.items():
            print(f"  {name:28} {row['median']:10.2f}  ({row['min']:.2f})")
        for ours, theirs, goal in GOALS:
            ratio = times[theirs]["median"] / times[ours]["median"]
            verdict = "reached" if ratio >= goal else "MISSED"
            print(f"  {ours} is {ratio:.1f} x faster than {theirs} (goal {goal:g} x: {verdict})")
        figures[f"{seconds:g} s"] = times
        save(args.output, figures)
    times = interleaved(batches(2.0), args.rounds)
    print("\nclips of 2 s: milliseconds a clip")
    for name, row in times.items():
        row["median"] /= int(name.split()[1])
        print(f"  {name:28} {row['median']:10.3f}")
    figures["batch"] = times
    figures["mfcc_against_librosa"] = mfcc_against_librosa()
    print(
        f"\nMFCC and librosa's differ by at most {figures['mfcc_against_librosa']:.1e} of the largest coefficient"
    )
    save(args.output, figures)
    return 0


def save(output: str | None, figures: dict[str, object]) -> None:
    """Writes what is measured so far, and shows it: the long clips take minutes."""
    sys.stdout.flush()
    if output:
        Path(output).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run(main))
