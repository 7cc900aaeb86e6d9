"""Test signals, and the slow float64 definition that the gammatone spectrogram is held against."""

import numpy as np
from scipy.signal import fftconvolve, lfilter

RATE = 16000


def white(seconds=1.5, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal(int(RATE * seconds))


def speech_like(seconds=2.0, seed=0):
    """A glottal buzz of gliding pitch through moving formants, with hisses and pauses."""
    rng = np.random.default_rng(seed)
    n = int(RATE * seconds)
    t = np.arange(n) / RATE
    pitch = 120 + 40 * np.sin(2 * np.pi * 0.7 * t)
    buzz = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0.0)
    voiced = lfilter([1], [1, -0.95], buzz)
    for formant, width in ((600, 80), (1400, 100), (2600, 150)):
        r = np.exp(-np.pi * width / RATE)
        voiced = lfilter([1], [1, -2 * r * np.cos(2 * np.pi * formant / RATE), r * r], voiced)
    hiss = lfilter([1, -0.95], [1], rng.standard_normal(n))
    gate = (np.sin(2 * np.pi * 1.5 * t) > -0.3).astype(float)
    signal = gate * voiced / np.abs(voiced).max() + (1 - gate) * 0.05 * hiss * (np.sin(2 * np.pi * 3 * t) > 0)
    return 0.5 * signal


def music_like(seconds=2.0):
    """Chords of decaying partials, a cymbal-like burst on each."""
    n = int(RATE * seconds)
    t = np.arange(n) / RATE
    signal = np.zeros(n)
    rng = np.random.default_rng(3)
    for start, root in ((0.0, 110.0), (0.5, 164.8), (1.0, 220.0), (1.5, 329.6)):
        on = (t >= start) * np.exp(-3 * np.maximum(0, t - start))
        for ratio in (1, 1.25, 1.5):
            for partial in range(1, 9):
                signal += on * np.sin(2 * np.pi * root * ratio * partial * t) / partial**1.5
        burst = lfilter([1, -2, 1], [1], rng.standard_normal(n))
        signal += 0.2 * (t >= start) * np.exp(-30 * np.maximum(0, t - start)) * burst
    return 0.1 * signal


def sweep(seconds=2.0):
    t = np.arange(int(RATE * seconds)) / RATE
    return 0.5 * np.sin(2 * np.pi * (40 * t + (7000 - 40) / (2 * seconds) * t**2))


def click():
    return np.eye(1, RATE, RATE // 2)[0]


def tone(frequency=700.0, seconds=1.0):
    t = np.arange(int(RATE * seconds)) / RATE
    return 0.5 * np.sin(2 * np.pi * frequency * t) * np.minimum(1, t / 0.1)


def exact_energies(signal, centers, win_length, hop, rate=RATE):
    """Sampled impulse response, direct float64 convolution, squares, Hann-weighted mean around each frame."""
    window = np.hanning(win_length)
    frames = 1 + len(signal) // hop
    rows = []
    for center in centers:
        width = 1.019 * (24.7 + center / 9.26449)
        t = np.arange(int(4 * rate / width)) / rate
        impulse = t**3 * np.exp(-2 * np.pi * width * t) * np.cos(2 * np.pi * center * t)
        impulse /= np.abs(np.sum(impulse * np.exp(-2j * np.pi * center * t)))
        extended = np.pad(signal, (win_length // 2, win_length))
        y = fftconvolve(extended, impulse)[: len(extended)]
        windows = np.lib.stride_tricks.sliding_window_view(y**2, win_length)[::hop][:frames]
        rows.append(windows @ window / window.sum())
    return np.array(rows)
