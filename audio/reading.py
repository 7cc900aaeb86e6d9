"""Sound files to mono float32 samples at the wanted rate; anything unreadable becomes one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audio.resampling import resample, resample_blocks

BLOCK_SECONDS = 30.0


def read_waveform(
    path: str | Path, sample_rate: int = 16000, *, max_seconds: float | None = None
) -> np.ndarray:
    """Reads a sound file of any container libsndfile knows (WAV, FLAC, OGG, MP3, AIFF, ...).

    Channels are averaged, whatever their number. Samples are not rescaled: integer files come out within
    [-1, 1], clipped files stay clipped.

    Args:
        path (str or Path): the sound file.
        sample_rate (int, optional): wanted rate, Hz. (Default: ``16000``)
        max_seconds (float, optional): read no more than this from the start. (Default: everything)

    Returns:
        ndarray: float32, shape (time,), at least one sample.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a readable sound file, is empty, or holds NaN or infinite samples.
    """
    blocks = list(_native_blocks(path, sample_rate, max_seconds))
    native_rate = blocks[0][1]
    waveform = resample(np.concatenate([block for block, _ in blocks]), native_rate, sample_rate)
    return waveform if max_seconds is None else waveform[: max(1, round(max_seconds * sample_rate))]


def read_blocks(path: str | Path, sample_rate: int = 16000) -> Iterator[np.ndarray]:
    """Reads a sound file piece by piece; joined, the pieces equal :func:`read_waveform` of the file.

    Args:
        path (str or Path): the sound file.
        sample_rate (int, optional): wanted rate, Hz. (Default: ``16000``)

    Yields:
        ndarray: float32, shape (time of the piece,); about half a minute each.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a readable sound file, is empty, or holds NaN or infinite samples.
    """
    blocks = _native_blocks(path, sample_rate, None)
    first, native_rate = next(blocks)

    def samples() -> Iterator[np.ndarray]:
        yield first
        for block, _ in blocks:
            yield block

    yield from resample_blocks(samples(), native_rate, sample_rate)


def _native_blocks(
    path: str | Path, sample_rate: int, max_seconds: float | None
) -> Iterator[tuple[np.ndarray, int]]:
    """(mono float32 samples, the file's own rate) for each stretch of the file; at least one stretch."""
    import soundfile

    path = Path(path)
    if sample_rate < 1:
        raise ValueError(
            f"A sample rate of {sample_rate} Hz is not possible; give a positive one, such as 16000."
        )
    if max_seconds is not None and max_seconds <= 0:
        raise ValueError(f"Cannot read {max_seconds} seconds of {path}; give a positive length.")
    if not path.exists():
        raise FileNotFoundError(f"There is no sound file {path}; check the name.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a sound file; name the files in it.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is an empty file (0 bytes); record or copy it again.")
    try:
        with soundfile.SoundFile(path) as file:
            left = None if max_seconds is None else max(1, round(max_seconds * file.samplerate))
            position = 0
            while left is None or left > 0:
                frames = int(BLOCK_SECONDS * file.samplerate)
                block = file.read(
                    frames if left is None else min(frames, left), dtype="float32", always_2d=True
                )
                if not len(block):
                    break
                bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
                if len(bad):
                    second = (position + bad[0]) / file.samplerate
                    raise ValueError(
                        f"{path} holds samples that are not finite numbers, the first at {second:.3f} s; "
                        "write the file again without NaN or infinity."
                    )
                position += len(block)
                left = None if left is None else left - len(block)
                # mean over channels, in the layout soundfile gives: (time, channels)
                yield block.mean(axis=1) if block.shape[1] > 1 else block[:, 0], file.samplerate
    except (soundfile.LibsndfileError, TypeError, RuntimeError) as error:
        reason = " ".join(str(getattr(error, "error_string", error)).split()).rstrip(".")
        raise ValueError(
            f"{path} cannot be read as sound ({reason}); convert it to WAV, FLAC, OGG or MP3."
        ) from error
    if position == 0:
        raise ValueError(f"{path} holds no samples (a length of zero); leave it out or record it again.")
