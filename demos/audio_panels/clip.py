"""The clip that all panels work on: read within the page's limits, measured, its class asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np

from demos.served_model import ServedModel

if TYPE_CHECKING:
    from grokaem.inference.audio_classifier import AudioClassifier

SAMPLE_RATE = 16000  # Hz
MAX_SECONDS = 30.0
MIN_SECONDS = 0.05

ReadWaveform = Callable[..., np.ndarray]
"""``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,), float32."""


def read_clip(path: str | None, read_waveform: ReadWaveform) -> np.ndarray:
    """The clip as mono samples, within the limits of the page.

    Args:
        path (str or None): a sound file.
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)``.

    Returns:
        ndarray of shape (time,): float32 at 16 kHz.

    Raises:
        ValueError: no clip, too short, too long, silent, or not a sound file.
    """
    if not path:
        raise ValueError("There is no sound yet; record one, upload a file, or choose an example.")
    waveform = read_waveform(path, SAMPLE_RATE, max_seconds=MAX_SECONDS + 0.5)
    seconds = len(waveform) / SAMPLE_RATE
    if seconds > MAX_SECONDS:
        raise ValueError(f"The clip is longer than {MAX_SECONDS:.0f} seconds; trim it and try again.")
    if seconds < MIN_SECONDS:
        raise ValueError(
            f"The clip lasts {1000 * seconds:.0f} ms; give at least {1000 * MIN_SECONDS:.0f} ms."
        )
    if not np.any(waveform):
        raise ValueError(
            "The clip is silent: every sample is zero; check the microphone and record it again."
        )
    return waveform


def describe(waveform: np.ndarray, features: dict[str, np.ndarray]) -> dict[str, float | dict[str, list[float]]]:
    """The clip in numbers.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.
        features (dict): as ``features.extract`` returns them.

    Returns:
        dict: ``seconds``, ``sample_rate`` (Hz), ``peak_dbfs``, ``rms_dbfs``, ``centroid_hz`` (the middle of
        the energy), and for ``mfcc`` and ``gfcc`` the mean and the standard deviation of each coefficient
        over time.
    """
    power = features["spectrogram"].astype(np.float64)
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(power))
    numbers: dict[str, float | dict[str, list[float]]] = {
        "seconds": round(len(waveform) / SAMPLE_RATE, 3),
        "sample_rate": SAMPLE_RATE,
        "peak_dbfs": round(20 * float(np.log10(max(np.abs(waveform).max(), 1e-9))), 2),
        "rms_dbfs": round(10 * float(np.log10(max(np.mean(waveform.astype(np.float64) ** 2), 1e-18))), 2),
        "centroid_hz": round(float(hertz @ power.sum(axis=1) / max(power.sum(), 1e-300)), 1),
    }
    for name in ("mfcc", "gfcc"):
        numbers[name] = {
            "mean": [round(float(value), 4) for value in features[name].mean(axis=1)],
            "deviation": [round(float(value), 4) for value in features[name].std(axis=1)],
        }
    return numbers


def classify(waveform: np.ndarray, served: ServedModel) -> tuple[dict[str, float], float]:
    """The served classifier's opinion of a clip.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.
        served (ServedModel): there is one: ``served.name()`` is not None.

    Returns:
        tuple: label -> score; and the milliseconds it took.
    """
    from grokaem.audio.resampling import resample

    classifier = cast("AudioClassifier", served.load())  # this tab's model hears
    prediction = classifier.predict([resample(waveform, SAMPLE_RATE, classifier.sample_rate)])[0]
    return dict(prediction.scores), prediction.milliseconds
