"""Band-limited resampling by libsoxr, whole or block by block, so that reading sound needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from grokaem.kinds import HIGHEST_RATE, LOWEST_RATE

QUALITY = "VHQ"  # 28 bits: aliases at -160 dB; a file is read ten times faster than it is decoded even so


def check_rate(sample_rate: int, whose: object) -> None:
    """Refuses a rate that no sound has, before anything is read or reserved for it.

    Args:
        sample_rate (int): Hz.
        whose (object): what has it, such as the file's path, for the message.

    Raises:
        ValueError: it is under 1 kHz or over 1 MHz.
    """
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        raise ValueError(
            f"{whose} has a sample rate of {sample_rate} Hz, which no sound has; "
            f"give one from {LOWEST_RATE} to {HIGHEST_RATE} Hz."
        )


def resample(waveform: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Changes the sample rate of a whole waveform.

    Args:
        waveform (ndarray): float32 samples, shape (time,).
        from_rate (int): sample rate of ``waveform``, Hz.
        to_rate (int): wanted sample rate, Hz.

    Returns:
        ndarray: float32, shape (round(time * to_rate / from_rate),), at least one sample of at least one.

    Raises:
        ValueError: a rate under 1 kHz or over 1 MHz.
    """
    return np.concatenate(list(resample_blocks([waveform], from_rate, to_rate)))


def resample_blocks(blocks: Iterable[np.ndarray], from_rate: int, to_rate: int) -> Iterator[np.ndarray]:
    """Changes the sample rate of a waveform that arrives in blocks; joined, equal to the whole-file result.

    Args:
        blocks (iterable of ndarray): float32 samples, shape (any,), in order.
        from_rate (int): sample rate of the blocks, Hz.
        to_rate (int): wanted sample rate, Hz.

    Yields:
        ndarray: float32 samples at ``to_rate``, as soon as they can be computed.

    Raises:
        ValueError: a rate under 1 kHz or over 1 MHz.
    """
    if from_rate == to_rate:
        yield from (np.asarray(block, dtype=np.float32) for block in blocks)
        return
    check_rate(from_rate, "The waveform")
    check_rate(to_rate, "The result")
    import soxr

    stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality=QUALITY)
    produced = 0
    last = np.zeros(0, np.float32)
    for block in blocks:
        last = np.ascontiguousarray(block, dtype=np.float32)
        piece = stream.resample_chunk(last)
        produced += len(piece)
        yield piece
    piece = stream.resample_chunk(np.zeros(0, np.float32), last=True)
    # A sample or two of a high rate are less than half a sample of a low one: they stay one.
    yield piece if produced + len(piece) else last[:1]
