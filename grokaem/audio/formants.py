"""The spectral envelope by linear prediction, and its peaks: the formants that make a vowel.

A voice is a buzz sent through the resonances of the throat and the mouth. Linear prediction (Atal and Hanauer
1971) finds the all-pole filter that predicts each sample from those before it: its frequency response is the
envelope over the harmonics of the buzz, and its poles close to the unit circle are the resonances.
NumPy and SciPy in float64.
"""

from __future__ import annotations

import numpy as np

PREEMPHASIS = 0.97  # against the fall of a voice's spectrum, which would take poles away from the formants
WIDEST = 500.0  # Hz: a resonance wider than this is a slope, not a formant


def linear_prediction(frame: np.ndarray, order: int) -> tuple[np.ndarray, float]:
    """The all-pole filter of a frame, by the autocorrelation method under a Hann window.

    Args:
        frame (ndarray): samples, shape (time,), more than ``order``.
        order (int): poles.

    Returns:
        tuple: coefficients ``[1, a1, ..., a_order]`` of ``gain / A(z)``, all of its poles inside the unit
        circle, shape (order + 1,); and the gain.

    Raises:
        ValueError: the frame is silent, or not longer than the order.
    """
    from scipy.linalg import solve_toeplitz

    if order < 1 or len(frame) <= order:
        raise ValueError(
            f"A prediction from {order} samples needs a frame of more than {order}, not {len(frame)}; "
            "give a longer frame."
        )
    windowed = np.asarray(frame, dtype=np.float64) * np.hanning(len(frame))
    full = np.correlate(windowed, windowed, "full")[len(frame) - 1 :]
    autocorrelation = full[: order + 1] / len(frame)
    if autocorrelation[0] <= 0:
        raise ValueError("The frame is silent, so there is no spectrum to follow; choose another.")
    # 90 dB below the frame, a floor under the spectrum: a pure tone would make the equations singular.
    autocorrelation[0] *= 1 + 1e-9
    a = solve_toeplitz(autocorrelation[:-1], autocorrelation[1:])
    error = autocorrelation[0] - a @ autocorrelation[1:]
    return np.concatenate([[1.0], -a]), float(np.sqrt(max(error, 0.0)))


def spectrum_and_envelope(
    frame: np.ndarray, sample_rate: int, order: int | None = None, n_fft: int = 2048
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[float]]:
    """A frame's power spectrum, the envelope over it, and the formants.

    The frame is pre-emphasised for the prediction; the envelope is given without it, on the spectrum's scale.

    Args:
        frame (ndarray): samples, shape (time,).
        sample_rate (int): Hz.
        order (int, optional): poles. (Default: two, and one for each kHz of the sample rate)
        n_fft (int, optional): transform size, at least the frame's length. (Default: ``2048``)

    Returns:
        tuple: frequencies in Hz, spectrum in dB, envelope in dB, each of shape (n_fft // 2 + 1,); formants in Hz,
        ascending.

    Raises:
        ValueError: the frame is silent, too short for the order, or longer than ``n_fft``.
    """
    if len(frame) > n_fft:
        raise ValueError(f"A frame of {len(frame)} samples does not fit a transform of {n_fft}; raise n_fft.")
    frame = np.asarray(frame, dtype=np.float64)
    order = order or 2 + sample_rate // 1000
    raised = np.append(frame[:1], frame[1:] - PREEMPHASIS * frame[:-1])
    a, gain = linear_prediction(raised, order)
    hertz = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    spectrum = np.abs(np.fft.rfft(frame * np.hanning(len(frame)), n_fft)) ** 2 / len(frame)
    emphasis = np.abs(np.fft.rfft([1.0, -PREEMPHASIS], n_fft))
    envelope = (gain / np.abs(np.fft.rfft(a, n_fft)) / emphasis) ** 2
    floor = np.finfo(np.float64).tiny
    return (
        hertz,
        10 * np.log10(np.maximum(spectrum, floor)),
        10 * np.log10(np.maximum(envelope, floor)),
        formants(a, sample_rate),
    )


def formants(coefficients: np.ndarray, sample_rate: int) -> list[float]:
    """Frequencies of a prediction filter's narrow resonances.

    Args:
        coefficients (ndarray): of ``A(z)``, from :func:`linear_prediction`.
        sample_rate (int): Hz.

    Returns:
        list of float: Hz, ascending; those at least 90 Hz from both ends and at most 500 Hz wide.
    """
    poles = np.roots(coefficients)
    poles = poles[poles.imag > 0]
    hertz = np.angle(poles) * sample_rate / (2 * np.pi)
    width = -np.log(np.maximum(np.abs(poles), 1e-12)) * sample_rate / np.pi
    kept = (width < WIDEST) & (hertz > 90) & (hertz < sample_rate / 2 - 90)
    return sorted(float(value) for value in hertz[kept])
