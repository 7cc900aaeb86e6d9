"""The gammatone filter: centre frequencies, bandwidths, its exact response, and spafe's weights on FFT bins.

A gammatone (Johannesma 1972) has the impulse response t^3 exp(-2 pi b t) cos(2 pi fc t). Its bandwidth is
b = 1.019 ERB(fc), and the centre frequencies lie at equal steps of the ERB scale (Patterson; Glasberg and
Moore 1990: ERB = 24.7 + fc / 9.26449, in Hz). Everything here is NumPy in float64.
"""

from __future__ import annotations

import numpy as np

EAR_Q = 9.26449
MIN_BANDWIDTH = 24.7
ORDER = 4
BANDWIDTH_FACTOR = 1.019


def center_frequencies(n_filters: int, f_min: float, f_max: float) -> np.ndarray:
    """Centre frequencies at equal steps of the ERB scale, ``f_min`` included, ``f_max`` not (Slaney; spafe).

    Args:
        n_filters (int): how many.
        f_min (float): the lowest, Hz.
        f_max (float): one step above the highest, Hz.

    Returns:
        ndarray: Hz, ascending, shape (n_filters,).

    Raises:
        ValueError: the range is empty or negative.
    """
    if n_filters < 1 or not 0 <= f_min < f_max:
        raise ValueError(
            f"{n_filters} gammatone filters from {f_min} to {f_max} Hz are not possible; "
            "give at least one filter and 0 <= f_min < f_max."
        )
    offset = EAR_Q * MIN_BANDWIDTH
    steps = np.arange(n_filters, 0, -1) / n_filters
    return (f_max + offset) * np.exp(steps * np.log((f_min + offset) / (f_max + offset))) - offset


def erb(frequencies: np.ndarray) -> np.ndarray:
    """Equivalent rectangular bandwidth, Hz, of the ear's filter at each frequency in Hz."""
    return MIN_BANDWIDTH + np.asarray(frequencies, dtype=np.float64) / EAR_Q


def gammatone_response(frequencies: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Frequency response of the continuous-time gammatone, magnitude 1 at each filter's centre.

    The Fourier transform of t^3 exp(-2 pi b t) cos(2 pi fc t) in closed form, both of its terms: the second
    one, the image at -fc, counts in the lowest filters.

    Args:
        frequencies (ndarray): Hz, shape (n,).
        centers (ndarray): centre frequencies, Hz, shape (n_filters,).

    Returns:
        ndarray: complex128, shape (n_filters, n).
    """
    centers = np.asarray(centers, dtype=np.float64)[:, None]
    frequencies = np.asarray(frequencies, dtype=np.float64)[None, :]
    width = BANDWIDTH_FACTOR * erb(centers)

    def transform(f: np.ndarray) -> np.ndarray:
        return (1 + 1j * (f - centers) / width) ** -ORDER + (1 + 1j * (f + centers) / width) ** -ORDER

    return transform(frequencies) / np.abs(transform(centers))


def sampled_gammatone_response(frequencies: np.ndarray, centers: np.ndarray, sample_rate: int) -> np.ndarray:
    """Frequency response of the sampled gammatone, magnitude 1 at each filter's centre.

    The z-transform of n^3 r^n cos(2 pi fc n / sample_rate) in closed form: what a convolution with the
    sampled impulse response does. It differs from :func:`gammatone_response` by what sampling folds back
    at half the sample rate: less than 0.1 dB within 1 ERB of a centre up to 3/8 of the sample rate.

    Args:
        frequencies (ndarray): Hz, shape (n,).
        centers (ndarray): centre frequencies, Hz, shape (n_filters,).
        sample_rate (int): Hz.

    Returns:
        ndarray: complex128, shape (n_filters, n).
    """
    centers = np.asarray(centers, dtype=np.float64)[:, None]
    pole = np.exp(2 * np.pi * (1j * centers - BANDWIDTH_FACTOR * erb(centers)) / sample_rate)

    def transform(f: np.ndarray) -> np.ndarray:
        total = 0
        for p in (pole, pole.conj()):
            q = p * np.exp(-2j * np.pi * f / sample_rate)
            total = total + q * (1 + 4 * q + q**2) / (1 - q) ** ORDER
        return total

    return transform(np.asarray(frequencies, dtype=np.float64)[None, :]) / np.abs(transform(centers))


def gammatone_filterbank(
    sample_rate: int = 16000,
    n_filters: int = 24,
    n_fft: int = 512,
    f_min: float = 100.0,
    f_max: float | None = None,
) -> np.ndarray:
    """Gammatone weights for the bins of a power spectrum, each filter's largest weight 1.

    The magnitude of Slaney's digital gammatone (four second-order sections with his zeros), as in Ellis's
    ``gammatonegram`` and in spafe 0.3.3, whose ``gammatone_filter_banks`` this equals; magnitudes, not
    their squares, although they weight powers.

    Args:
        sample_rate (int, optional): Hz. (Default: ``16000``)
        n_filters (int, optional): filters. (Default: ``24``)
        n_fft (int, optional): transform size. (Default: ``512``)
        f_min (float, optional): lowest centre frequency, Hz. (Default: ``100.0``)
        f_max (float, optional): one step above the highest centre, Hz. (Default: half the sample rate)

    Returns:
        ndarray: float64, shape (n_filters, n_fft // 2 + 1).

    Raises:
        ValueError: the range of frequencies is empty or goes beyond half the sample rate.
    """
    centers = center_frequencies(n_filters, f_min, upper_edge(f_max, sample_rate))[:, None]
    # spafe's ERB: the fourth-order mean (x^4 + m^4)^(1/4) where Glasberg and Moore have the plain sum.
    width = ((centers / EAR_Q) ** 4 + MIN_BANDWIDTH**4) ** 0.25
    decay = np.exp(-BANDWIDTH_FACTOR * 2 * np.pi * width / sample_rate)
    angle = 2 * np.pi * centers / sample_rate
    point = np.exp(2j * np.pi * np.arange(n_fft // 2 + 1) / n_fft)[None, :]
    numerator = np.ones((n_filters, point.shape[1]))
    for factor in (np.sqrt(3 + 2**1.5), np.sqrt(3 - 2**1.5)):
        for sign in (1, -1):
            zero = decay * (np.cos(angle) + sign * factor * np.sin(angle))
            numerator = numerator * np.abs(point - zero)
    pole = decay * np.exp(1j * angle)
    weights = numerator / np.abs((point - pole) * (point - pole.conj())) ** 4
    return weights / weights.max(axis=1, keepdims=True)


def upper_edge(f_max: float | None, sample_rate: int) -> float:
    """``f_max``, or half the sample rate where it is None; ValueError where it is above that."""
    if f_max is None:
        return sample_rate / 2
    if f_max > sample_rate / 2:
        raise ValueError(
            f"f_max={f_max} Hz is above half the sample rate of {sample_rate} Hz; "
            f"give at most {sample_rate / 2:g}."
        )
    return float(f_max)
