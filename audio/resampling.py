"""Band-limited resampling in NumPy, whole or block by block, so that reading sound needs no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

# The "best" Kaiser setting of resampy, also given in torchaudio's resampling tutorial.
ZERO_CROSSINGS = 64
ROLLOFF = 0.9475937167399596
KAISER_BETA = 14.769656459379492
_LARGEST_KERNEL = 4_000_000  # entries; 44.1 kHz -> 16 kHz needs 130,000


def resample(waveform: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Changes the sample rate of a whole waveform.

    Windowed-sinc interpolation with a Kaiser window, 64 zero crossings: the same kernel, and within
    rounding the same samples, as ``torchaudio.functional.resample(..., lowpass_filter_width=64,
    rolloff=0.9475937, resampling_method="sinc_interp_kaiser", beta=14.7696565)``.

    Args:
        waveform (ndarray): float32 samples, shape (time,).
        from_rate (int): sample rate of ``waveform``, Hz.
        to_rate (int): wanted sample rate, Hz.

    Returns:
        ndarray: float32, shape (ceil(time * to_rate / from_rate),).
    """
    if from_rate == to_rate:
        return np.asarray(waveform, dtype=np.float32)
    return np.concatenate(list(resample_blocks([waveform], from_rate, to_rate)))


def resample_blocks(blocks: Iterable[np.ndarray], from_rate: int, to_rate: int) -> Iterator[np.ndarray]:
    """Changes the sample rate of a waveform that arrives in blocks; joined, equal to the whole-file result.

    Args:
        blocks (iterable of ndarray): float32 samples, shape (any,), in order.
        from_rate (int): sample rate of the blocks, Hz.
        to_rate (int): wanted sample rate, Hz.

    Yields:
        ndarray: float32 samples at ``to_rate``, as soon as they can be computed.
    """
    if from_rate == to_rate:
        yield from (np.asarray(block, dtype=np.float32) for block in blocks)
        return
    divisor = math.gcd(from_rate, to_rate)
    step, phases = from_rate // divisor, to_rate // divisor
    half_width = _half_width(step, phases)
    # One "row" makes `phases` output samples from `length` input samples, and starts `step` after the last.
    length = 2 * half_width + step
    held = np.zeros(half_width, dtype=np.float32)
    received = produced = 0
    for block in blocks:
        received += len(block)
        held = np.concatenate([held, np.asarray(block, dtype=np.float32)])
        rows = max(0, (len(held) - length) // step + 1)
        # Whole stretches, so that every product has the same shapes, and every sample the same bits, wherever the
        # blocks are cut.
        rows -= rows % _stretch(length)
        if rows:
            yield _rows(held, rows, step, phases)
            produced += rows * phases
            held = held[rows * step :]
    wanted = -(-received * phases // step) - produced
    if wanted > 0:
        rows = -(-wanted // phases)
        held = np.concatenate([held, np.zeros(max(0, (rows - 1) * step + length - len(held)), np.float32)])
        yield _rows(held, rows, step, phases)[:wanted]


def _half_width(step: int, phases: int) -> int:
    return math.ceil(ZERO_CROSSINGS * step / (min(step, phases) * ROLLOFF))


def _stretch(length: int) -> int:
    """Rows computed at once: a megabyte of copied windows, not the whole file."""
    return max(1, 250_000 // length)


def _rows(samples: np.ndarray, rows: int, step: int, phases: int) -> np.ndarray:
    """The first ``rows`` groups of ``phases`` output samples."""
    half_width = _half_width(step, phases)
    length = 2 * half_width + step
    if phases * length <= _LARGEST_KERNEL:
        windows = np.lib.stride_tricks.sliding_window_view(samples, length)[: (rows - 1) * step + 1 : step]
        kernel = _kernel(step, phases)
        parts = _stretch(length)
        return np.concatenate(
            [np.ascontiguousarray(windows[i : i + parts]) @ kernel for i in range(0, rows, parts)]
        ).reshape(-1)
    # Rates without a large common divisor (44101 Hz): the kernel of each output sample, one stretch at a time.
    out = np.empty(rows * phases, dtype=np.float32)
    taps = np.arange(2 * half_width + 1)
    for start in range(0, len(out), 4096):
        index = np.arange(start, min(start + 4096, len(out)))
        position = index // phases * step + index % phases * step / phases
        first = np.floor(position).astype(np.int64)
        offset = taps[None, :] - half_width - (position - first)[:, None]
        weights = _response(offset, step, phases)
        out[index] = (samples[np.minimum(first[:, None] + taps, len(samples) - 1)] * weights).sum(axis=1)
    return out


@lru_cache(maxsize=8)
def _kernel(step: int, phases: int) -> np.ndarray:
    """Interpolation weights, float32, shape (window length, phases)."""
    half_width = _half_width(step, phases)
    offset = np.arange(-half_width, half_width + step)[:, None] - np.arange(phases)[None, :] * step / phases
    return _response(offset, step, phases).astype(np.float32)


def _response(offset: np.ndarray, step: int, phases: int) -> np.ndarray:
    """The windowed sinc at distances ``offset``, in input samples."""
    cutoff = min(step, phases) * ROLLOFF / step
    crossings = np.clip(offset * cutoff, -ZERO_CROSSINGS, ZERO_CROSSINGS)
    inside = np.sqrt(np.maximum(0.0, 1.0 - (crossings / ZERO_CROSSINGS) ** 2))
    return cutoff * np.sinc(crossings) * np.i0(KAISER_BETA * inside) / np.i0(KAISER_BETA)
