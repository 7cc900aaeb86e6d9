"""Noise at a given signal-to-noise ratio: white, pink, and babble made from other clips; seeded, NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

KINDS = ("white", "pink", "babble")
_TALKERS = 6


def white_noise(n_samples: int, seed: int | np.random.Generator = 0) -> np.ndarray:
    """Gaussian noise with the same power at every frequency.

    Args:
        n_samples (int): length.
        seed (int or Generator, optional): the source of randomness. (Default: ``0``)

    Returns:
        ndarray: float32, mean square about 1, shape (n_samples,).
    """
    return np.random.default_rng(seed).standard_normal(n_samples, dtype=np.float32)


def pink_noise(n_samples: int, seed: int | np.random.Generator = 0) -> np.ndarray:
    """Gaussian noise whose power falls by 3 dB an octave, as much power in every octave.

    Args:
        n_samples (int): length.
        seed (int or Generator, optional): the source of randomness. (Default: ``0``)

    Returns:
        ndarray: float32, mean square 1 (0 for a single sample), shape (n_samples,).
    """
    rng = np.random.default_rng(seed)
    bins = n_samples // 2 + 1
    spectrum = rng.standard_normal(bins) + 1j * rng.standard_normal(bins)
    # Amplitude 1 / sqrt(f); the mean, which no octave holds, is left out.
    spectrum[0] = 0
    spectrum[1:] /= np.sqrt(np.arange(1, bins))
    return (
        _unit_power(np.fft.irfft(spectrum, n=n_samples)) if n_samples > 1 else np.zeros(n_samples, np.float32)
    )


def babble_noise(
    n_samples: int,
    clips: Sequence[np.ndarray],
    seed: int | np.random.Generator = 0,
    talkers: int = _TALKERS,
) -> np.ndarray:
    """Several clips at once, each at the same level, from a random place, repeated to the length.

    Args:
        n_samples (int): length.
        clips (sequence of ndarray): the voices; shape (time,) each; silent ones are passed over.
        seed (int or Generator, optional): the source of randomness. (Default: ``0``)
        talkers (int, optional): clips at once. (Default: ``6``)

    Returns:
        ndarray: float32, mean square 1, shape (n_samples,).

    Raises:
        ValueError: there is no clip with sound in it.
    """
    audible = [clip for clip in clips if len(clip) and np.any(clip)]
    if not audible or talkers < 1:
        raise ValueError("Babble is made from other clips and none with sound in it was given; give some.")
    rng = np.random.default_rng(seed)
    total = np.zeros(n_samples, dtype=np.float64)
    for index in rng.choice(len(audible), size=talkers, replace=len(audible) < talkers):
        clip = _unit_power(audible[index])
        total += np.resize(np.roll(clip, -int(rng.integers(len(clip)))), n_samples)
    return _unit_power(total)


def make_noise(
    kind: str,
    n_samples: int,
    seed: int | np.random.Generator = 0,
    clips: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """Noise by name.

    Args:
        kind (str): ``white``, ``pink`` or ``babble``.
        n_samples (int): length.
        seed (int or Generator, optional): the source of randomness. (Default: ``0``)
        clips (sequence of ndarray, optional): the voices of babble. (Default: none)

    Returns:
        ndarray: float32, shape (n_samples,).

    Raises:
        ValueError: there is no such noise, or babble has no clips.
    """
    if kind == "white":
        return white_noise(n_samples, seed)
    if kind == "pink":
        return pink_noise(n_samples, seed)
    if kind == "babble":
        return babble_noise(n_samples, clips or [], seed)
    raise ValueError(f"There is no noise {kind!r}; choose one of {', '.join(KINDS)}.")


def add_noise(waveform: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Adds noise, scaled so that the waveform's power over the noise's is ``snr_db``.

    Args:
        waveform (ndarray): shape (time,). A silent one comes back unchanged: it has no ratio to noise.
        noise (ndarray): at least as long; the rest is left out.
        snr_db (float): signal-to-noise ratio over the whole clip, dB.

    Returns:
        ndarray: float32, shape (time,); may leave [-1, 1], nothing is clipped.

    Raises:
        ValueError: the noise is shorter than the waveform, or silent, or the ratio is not a finite number.
    """
    if len(noise) < len(waveform):
        raise ValueError(
            f"The noise has {len(noise)} samples and the waveform {len(waveform)}; give longer noise."
        )
    if not np.isfinite(snr_db):
        raise ValueError(f"A signal-to-noise ratio of {snr_db} dB is not possible; give a finite number.")
    waveform = np.asarray(waveform, dtype=np.float64)
    noise = np.asarray(noise[: len(waveform)], dtype=np.float64)
    signal_power = np.mean(waveform**2) if len(waveform) else 0.0
    if signal_power == 0:
        return waveform.astype(np.float32)
    noise_power = np.mean(noise**2)
    if noise_power == 0:
        raise ValueError("The noise is silent, so it cannot be brought to a level; give another.")
    scale = np.sqrt(signal_power / noise_power * 10 ** (-snr_db / 10))
    return (waveform + scale * noise).astype(np.float32)


def _unit_power(samples: np.ndarray) -> np.ndarray:
    power = np.mean(np.asarray(samples, dtype=np.float64) ** 2)
    return (
        (samples / np.sqrt(power)).astype(np.float32) if power > 0 else np.asarray(samples, dtype=np.float32)
    )
