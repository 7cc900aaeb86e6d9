"""Features of sound files as a table: one row a frame (CSV, Parquet) or one array a file (NPZ).

    grokaem audio-features talk.flac --output talk.npz
    grokaem audio-features *.wav --features mfcc --deltas 2 --normalize --output clips.csv
    grokaem audio-features hour.mp3 --features logmel --output hour.parquet

Long files are read, resampled and transformed in blocks, so the waveform of an hour never lies in memory;
the result equals that of the whole file within rounding. Several files are worked on at once; one that cannot be
read is set aside and named at the end, with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grokaem.audio.feature_list import FEATURES
from grokaem.command_line import check_writable, user_path
from grokaem.output_folder import claimed_files
from grokaem.set_aside import SetAside
from grokaem.thread_counts import threads

if TYPE_CHECKING:
    from torch import nn

FORMATS = (".npz", ".csv", ".parquet")
BLOCK_SECONDS = 60.0
WHOLE_SECONDS = 600.0  # of a file that a feature cannot stream


def extract(path: str | Path, feature: nn.Module, sample_rate: int = 16000) -> np.ndarray:
    """Features of one file, computed in blocks of a minute, or, where it does not stream, of the whole file at once.

    Args:
        path (str or Path): the sound file.
        feature (nn.Module): from ``grokaem.audio.features.make`` for the same sample rate.
        sample_rate (int, optional): Hz; the file is resampled to it. (Default: ``16000``)

    Returns:
        ndarray: float32, shape (n, frames).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not readable as sound, is empty, or holds NaN; or it is longer than ten minutes and the
            feature does not stream.
    """
    from grokaem.audio.reading import read_blocks, read_waveform

    if not getattr(feature, "streams", True):
        import torch

        # A second more than may be, so that a file that is too long is seen without being read.
        waveform = read_waveform(path, sample_rate, max_seconds=WHOLE_SECONDS + 1)
        if len(waveform) > WHOLE_SECONDS * sample_rate:
            streamed = ", ".join(key for key, entry in FEATURES.items() if entry.streams)
            raise ValueError(
                f"{path} is longer than {WHOLE_SECONDS / 60:.0f} minutes, and this feature needs the whole file at "
                f"once; cut the file, or choose one of {streamed}."
            )
        return feature(torch.from_numpy(waveform)).numpy()
    return np.concatenate(list(_streamed(read_blocks(path, sample_rate), feature, sample_rate)), axis=1)


def extract_all(
    paths: Iterable[str | Path],
    feature: nn.Module,
    sample_rate: int = 16000,
    jobs: int | None = None,
    on_error: Callable[[Path, Exception], None] | None = None,
) -> Iterator[tuple[Path, np.ndarray]]:
    """Features of many files, for instance of a corpus' ``train.inputs``; several files at once.

    Args:
        paths (iterable of path): the sound files.
        feature (nn.Module): from ``grokaem.audio.features.make`` for the same sample rate.
        sample_rate (int, optional): Hz. (Default: ``16000``)
        jobs (int, optional): files at once. (Default: as the processors and the quota allow)
        on_error (callable, optional): told of a file that cannot be read, which is then left out.
            (Default: the error is raised)

    Yields:
        tuple: the path and its features, float32, shape (n, frames), in the order given.
    """
    from collections import deque

    waiting = deque()
    jobs = jobs or threads()

    def result() -> Iterator[tuple[Path, np.ndarray]]:
        path, future = waiting.popleft()
        try:
            yield path, future.result()
        except Exception as error:  # whatever it is, the other files go on
            if on_error is None:
                raise
            on_error(path, error)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for path in map(Path, paths):
                waiting.append((path, pool.submit(extract, path, feature, sample_rate)))
                # Results that nobody has taken yet stay few, whatever the number of files.
                if len(waiting) > 2 * jobs:
                    yield from result()
            while waiting:
                yield from result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _streamed(blocks: Iterable[np.ndarray], feature: nn.Module, sample_rate: int) -> Iterator[np.ndarray]:
    """Features of a waveform that arrives in blocks, in pieces of shape (n, frames)."""
    import torch

    hop: int = feature.hop_length  # pyright: ignore[reportAssignmentType]  # every feature of ours has a number
    reach = 2 * sample_rate // 10 + hop  # no window is longer; what a frame sees to either side
    before = -(-(reach + getattr(feature, "history", 0)) // hop)  # frames of context, computed and dropped
    held = np.zeros(0, dtype=np.float32)
    first = 0  # frame of the whole file at the first sample of `held`
    done = 0  # frames handed out

    def frames(last: bool) -> Iterator[np.ndarray]:
        nonlocal held, first, done
        ready = first + 1 + len(held) // hop if last else first + (len(held) - reach) // hop
        if ready <= done:
            return
        with torch.inference_mode():
            piece = feature(torch.from_numpy(held)).numpy()
        yield piece[:, done - first : ready - first]
        done = ready
        keep = max(0, done - first - before)
        held, first = held[keep * hop :], first + keep

    for block in blocks:
        held = np.concatenate([held, block])
        if len(held) >= BLOCK_SECONDS * sample_rate + before * hop:
            yield from frames(last=False)
    yield from frames(last=True)


def main(argv: list[str]) -> int:
    """The command; see ``--help``."""
    args = _parse(argv)
    output = args.output
    if output.suffix.lower() not in FORMATS:
        raise ValueError(
            f"{output} does not end in one of {', '.join(FORMATS)}; choose one of these formats."
        )
    if not output.resolve().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {output.resolve().parent} to write into; make it first.")
    _check_distinct(args.files, output)
    output = check_writable(output, overwrite=args.overwrite)
    if args.jobs is not None and args.jobs < 1:
        raise ValueError(f"--jobs {args.jobs} is not possible; give 1 or more.")
    with claimed_files(output=output):
        return _write(args, output)


def _write(args: argparse.Namespace, output: Path) -> int:
    """Computes the features and writes them; returns the exit code."""
    import torch

    from grokaem.audio.cepstra import normalize_utterance, with_deltas
    from grokaem.audio.features import make
    from grokaem.audio.resampling import check_rate

    check_rate(args.sample_rate, "the result")  # filters for a rate that no sound has take gigabytes
    settings = {key: value for key, value in _settings(args).items() if value is not None}
    feature = make(args.features, args.sample_rate, **settings)
    aside = SetAside("file")

    def finished() -> Iterator[tuple[Path, np.ndarray]]:
        from tqdm import tqdm

        names = tqdm(args.files, unit="file", disable=len(args.files) < 2 or not sys.stderr.isatty())
        for path, array in extract_all(names, feature, args.sample_rate, args.jobs, aside.add):
            rows = torch.from_numpy(np.ascontiguousarray(array))
            rows = with_deltas(rows, args.deltas) if args.deltas else rows
            yield path, (normalize_utterance(rows) if args.normalize else rows).numpy()

    from grokaem.audio.feature_tables import write

    count, total = write(output, finished(), args.features, feature.hop_length / args.sample_rate)
    if not count:
        aside.report()
        raise ValueError("None of the files could be read, so nothing was written; name sound files.")
    print(f"{output}: {total} frames of {args.features} from {count} file{'s' if count > 1 else ''}")
    return aside.report()


def _check_distinct(files: list[str], output: Path) -> None:
    """Refuses two files of one name in a table, a file that is named twice, and an input as the output."""
    from grokaem.plain_text import printable_name

    seen: dict[Path, str] = {}
    names: set[str] = set()
    for name in files:
        path = Path(os.path.realpath(name))  # which takes a link that leads to itself
        if path in seen:
            raise ValueError(f"{name} is the same file as {seen[path]}; name each file once.")
        seen[path] = name
        if (written := printable_name(name)) in names:
            raise ValueError(f"two files are called {written} in a table, where bytes are spelled: rename one.")
        names.add(written)
    if output.resolve() in seen:
        raise ValueError(f"{output} is one of the sounds; give another --output.")


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """What the command line sets of the feature, None where it leaves the default."""
    settings = {"window_seconds": args.window_seconds, "hop_seconds": args.hop_seconds}
    settings |= FEATURES[args.features].counts(args.filters, args.coefficients)
    if args.method is not None:
        settings["method"] = args.method
    if args.compression is not None:
        settings["compression"] = args.compression
    return settings


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="grokaem audio-features",
        description="Features of sound files, one row a frame (.csv, .parquet) or one array a file (.npz).",
    )
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="sound files: WAV, FLAC, OGG, MP3, AIFF, ...")
    add("--features", choices=tuple(FEATURES), default="gfcc", help="default: gfcc")
    add("--output", required=True, type=user_path, metavar="OUT.npz|.csv|.parquet")
    add(
        "--sample-rate",
        type=int,
        default=16000,
        metavar="HZ",
        help="files are resampled to it; default: 16000",
    )
    add("--coefficients", type=int, metavar="N", help="cepstral coefficients kept; default: 13")
    add("--filters", type=int, metavar="N", help="filters of the bank; default: the feature's own")
    add("--method", choices=("waveform", "fft"), help="of gfcc and gammatone; default: waveform")
    add("--compression", choices=("cuberoot", "log"), help="of gfcc; default: cuberoot")
    add("--window-seconds", type=float, default=0.025, metavar="S", help="default: 0.025")
    add("--hop-seconds", type=float, default=0.01, metavar="S", help="default: 0.01")
    add("--deltas", type=int, choices=(0, 1, 2), default=0, help="append differences over time; default: 0")
    add("--normalize", action="store_true", help="each row to mean 0 and deviation 1 over its file")
    add("--jobs", type=int, metavar="N", help="files at once; default: the number of processors")
    add("--overwrite", action="store_true", help="replace an existing --output")
    add("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(argv)
