"""Sound files to mono float32 samples at the wanted rate; anything unreadable becomes one sentence."""

from __future__ import annotations

import io
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grokaem.audio import webm
from grokaem.audio.resampling import check_rate, resample, resample_blocks

if TYPE_CHECKING:
    import soundfile

Tell = Callable[[str], object]
BLOCK_SECONDS = 30.0
BLOCK_SAMPLES = 2**22  # of all channels; a header may promise a thousand of them
MARGIN_SECONDS = 0.05  # read beyond max_seconds, so that resampling sees what follows the last sample
CANCELLED = 0.01  # of the energy that the mean of independent channels has: with less, they cancel each other
LARGEST = 1e9  # of a sample, where 1 is full scale and some write 16 bits as they are; squares of more overflow
LARGEST_WEBM = 256 * 2**20  # bytes of a WebM file that are read: hours of Opus
STREAMED = 0x7FFFFF00  # from here on a length in a WAV header means that its writer did not know

logger = logging.getLogger(__name__)


def read_waveform(
    path: str | Path, sample_rate: int = 16000, *, max_seconds: float | None = None, tell: Tell = logger.warning
) -> np.ndarray:
    """Reads a sound file of any container libsndfile knows (WAV, FLAC, OGG, MP3, AIFF, ...), or a browser's WebM.

    Channels are averaged, whatever their number; where they cancel each other, the loudest is taken. Samples are not
    rescaled: integer files come out within [-1, 1], clipped files stay clipped.

    Args:
        path (str or Path): the sound file.
        sample_rate (int, optional): wanted rate, Hz. (Default: ``16000``)
        max_seconds (float, optional): read no more than this from the start; equal to the start of the whole
            file. (Default: everything)
        tell (callable, optional): given a sentence when channels cancel, or the file is shorter than its header
            says. (Default: a warning of this module's logger)

    Returns:
        ndarray: float32, shape (time,), at least one sample.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a readable sound file, is empty, has an impossible rate, or holds NaN or infinite
            samples.
    """
    blocks = list(_native_blocks(path, sample_rate, max_seconds, tell))
    native_rate = blocks[0][1]
    waveform = resample(np.concatenate([block for block, _ in blocks]), native_rate, sample_rate)
    return waveform if max_seconds is None else waveform[: max(1, round(max_seconds * sample_rate))]


def read_blocks(
    path: str | Path, sample_rate: int = 16000, *, tell: Tell = logger.warning
) -> Iterator[np.ndarray]:
    """Reads a sound file piece by piece; joined, the pieces equal :func:`read_waveform` of the file.

    Args:
        path (str or Path): the sound file.
        sample_rate (int, optional): wanted rate, Hz. (Default: ``16000``)
        tell (callable, optional): as for :func:`read_waveform`.

    Yields:
        ndarray: float32, shape (time of the piece,); at most half a minute each.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: as :func:`read_waveform`.
    """
    blocks = _native_blocks(path, sample_rate, None, tell)
    first, native_rate = next(blocks)

    def samples() -> Iterator[np.ndarray]:
        yield first
        for block, _ in blocks:
            yield block

    yield from resample_blocks(samples(), native_rate, sample_rate)


def seconds_of(path: str | Path) -> float:
    """How long a sound is, by its header.

    Args:
        path (str or Path): the sound file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a readable sound file.
    """
    with _opened(Path(path)) as file:
        return file.frames / file.samplerate


def _native_blocks(
    path: str | Path, sample_rate: int, max_seconds: float | None, tell: Tell
) -> Iterator[tuple[np.ndarray, int]]:
    """(mono float32 samples, the file's own rate) for each stretch of the file; at least one stretch."""
    path = Path(path)
    check_rate(sample_rate, "The result")
    if max_seconds is not None and max_seconds <= 0:
        raise ValueError(f"Cannot read {max_seconds} seconds of {path}; give a positive length.")
    mono = _downmix(path, max_seconds, tell)
    position = 0
    with _opened(path) as file:
        for block in _channels(file, path, max_seconds):
            position += len(block)
            yield mono(block), file.samplerate
        if position == 0:
            raise ValueError(f"{path} holds no samples (a length of zero); leave it out or record it again.")
        if missing := _missing(file, position, max_seconds):
            tell(f"{path} ends {missing:.3g} s before the end that its header promises; what there is was read.")


def _opened(path: Path) -> soundfile.SoundFile:
    """The open file; what libsndfile says of it becomes a sentence that names it."""
    if not path.exists():
        raise FileNotFoundError(f"There is no sound file {path}; check the name.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a sound file; name the files in it.")
    if not path.is_file():
        raise ValueError(f"{path} is no regular file; save the sound to one.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is an empty file (0 bytes); record or copy it again.")
    import soundfile

    try:
        file = soundfile.SoundFile(_source(path))
    except (soundfile.LibsndfileError, TypeError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    try:
        check_rate(file.samplerate, path)
    except ValueError:
        file.close()
        raise
    return file


def _source(path: Path) -> bytes | Path | io.BytesIO:
    """What libsndfile is given: the file, or a browser's WebM in the container that it reads."""
    with path.open("rb") as opened:
        start = opened.read(12)
        if start.startswith(webm.MAGIC):
            try:
                return io.BytesIO(webm.as_ogg(start + opened.read(LARGEST_WEBM)))
            except ValueError as error:
                raise _unreadable(path, error) from error
    if start[4:8] == b"ftyp":
        raise _unreadable(path, ValueError("it is MP4, whose AAC is not decoded here"))
    # As bytes, since a name may hold some that are no UTF-8, which soundfile would encode strictly.
    return os.fsencode(path) if os.name == "posix" else path


def _channels(file: soundfile.SoundFile, path: Path, max_seconds: float | None) -> Iterator[np.ndarray]:
    """The file's samples in stretches, float32 of shape (time, channels), all finite."""
    import soundfile

    left = None if max_seconds is None else max(1, round((max_seconds + MARGIN_SECONDS) * file.samplerate))
    longest = max(1, min(int(BLOCK_SECONDS * file.samplerate), BLOCK_SAMPLES // file.channels))
    position = 0
    while left is None or left > 0:
        try:
            block = file.read(longest if left is None else min(longest, left), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, TypeError, RuntimeError) as error:
            raise _unreadable(path, error) from error
        if not len(block):
            return
        bad = np.flatnonzero(~(np.abs(block) <= LARGEST).all(axis=1))
        if len(bad):
            second = (position + bad[0]) / file.samplerate
            raise ValueError(
                f"{path} holds samples that are not finite numbers or over {LARGEST:g}, the first at {second:.3f} s; "
                "write the file again with samples from -1 to 1."
            )
        position += len(block)
        left = None if left is None else left - len(block)
        yield block


def _downmix(path: Path, max_seconds: float | None, tell: Tell) -> Callable[[np.ndarray], np.ndarray]:
    """What makes one channel of the file's: their mean, or the loudest where the mean would leave nothing."""
    with _opened(path) as file:
        if file.channels == 1:
            return lambda block: block[:, 0]
        energies, mean_energy = np.zeros(file.channels), 0.0
        for block in _channels(file, path, max_seconds):
            energies += np.einsum("tc,tc->c", block, block, dtype=np.float64)
            mean_energy += float(np.sum(np.square(block.mean(axis=1)), dtype=np.float64))
        # Channels that have nothing to do with each other leave this much of their energy in the mean.
        if mean_energy < CANCELLED * energies.sum() / file.channels**2:
            loudest = int(energies.argmax())
            tell(f"{path}: its channels cancel each other, so channel {loudest + 1} is used alone.")
            return lambda block: np.ascontiguousarray(block[:, loudest])
    return lambda block: block.mean(axis=1)


def _missing(file: soundfile.SoundFile, position: int, max_seconds: float | None) -> float:
    """Seconds that the header promises and the file has not; 0 where the header leaves the length open."""
    declared = re.search(r"^ *(?:data|SSND) *: *(\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if declared and int(declared[1]) < STREAMED:
        return max(0, int(declared[1]) - int(declared[2])) / max(1, int(declared[2])) * file.frames / file.samplerate
    return (file.frames - position) / file.samplerate if max_seconds is None else 0.0


def _unreadable(path: Path, error: Exception) -> ValueError:
    reason = " ".join(str(getattr(error, "error_string", error)).split()).rstrip(".")
    return ValueError(f"{path} cannot be read as sound ({reason}); convert it to WAV, FLAC, OGG or MP3.")
