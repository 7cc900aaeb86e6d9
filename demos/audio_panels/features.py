"""A clip's five features: computed, scaled for the eye, and as pictures with axes in seconds and Hz."""

from __future__ import annotations

import numpy as np

from demos.audio_panels.clip import SAMPLE_RATE
from demos.audio_panels.linked_plot import Picture
from grokaem.figure import DIVERGING, SEQUENTIAL

N_BANDS = 64  # of the mel and of the gammatone picture
GAMMATONE_RANGE = (100.0, 7 / 16 * SAMPLE_RATE)  # Hz, as audio.gfcc chooses it
FLOOR = -80  # dB below the loudest point: what lies lower is drawn as silence
COLUMNS = 900  # of a picture at most; a longer clip's frames are averaged
TITLES = {
    "spectrogram": "Spectrogram",
    "mel": "Mel spectrogram",
    "mfcc": "MFCC",
    "gammatone": "Gammatone spectrogram",
    "gfcc": "GFCC",
}
POWERS = ("spectrogram", "mel", "gammatone")
_SHOWN_HERTZ = {"mel": (500, 1000, 2000, 4000, 7000), "gammatone": (125, 250, 500, 1000, 2000, 4000)}


def extract(waveform: np.ndarray) -> dict[str, np.ndarray]:
    """The five features of a clip, a frame every 10 ms.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.

    Returns:
        dict: the names of ``TITLES``, each an ndarray of shape (n_rows, n_frames): power for the first,
        the second and the fourth, 13 coefficients for ``mfcc`` and ``gfcc``.
    """
    import torch

    from grokaem.audio.features import make

    settings = {"mel": {"n_mels": N_BANDS}, "gammatone": {"n_filters": N_BANDS}}
    features = {}
    with torch.inference_mode():
        samples = torch.from_numpy(np.ascontiguousarray(waveform, dtype=np.float32))
        for name in TITLES:
            features[name] = make(name, SAMPLE_RATE, **settings.get(name, {}))(samples).numpy()
    return features


def scaled(features: dict[str, np.ndarray], reference: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The features as they are shown: power in dB, coefficients in deviations, both by a reference clip.

    Args:
        features (dict): as ``extract`` returns them.
        reference (dict): of the clip whose loudest point is 0 dB and whose rows have mean 0 and deviation 1:
            the same features, or those of the clip before noise.

    Returns:
        dict: the same names and shapes; dB between ``FLOOR`` and, in the reference, 0.
    """
    shown = {}
    for name, values in features.items():
        against = reference[name]
        if name in POWERS:
            # a silent clip's loudest point is zero: the smallest positive number keeps the logarithm defined
            loudest = max(float(against.max()), np.finfo(np.float32).tiny)
            shown[name] = 10 * np.log10(np.maximum(values / loudest, 10 ** (FLOOR / 10)))
        else:
            deviation = against.std(axis=1, keepdims=True)
            centred = values - against.mean(axis=1, keepdims=True)
            shown[name] = centred / np.where(deviation > 1e-6, deviation, 1)
    return shown


def pictures(shown: dict[str, np.ndarray], remarks: dict[str, str] | None = None) -> list[Picture]:
    """The rows of a linked plot.

    Args:
        shown (dict): as ``scaled`` returns them.
        remarks (dict, optional): what to add to a title, by name. (Default: nothing)

    Returns:
        list of Picture: in the order of ``shown``.
    """
    rows = []
    for name, values in shown.items():
        title = TITLES[name] + (remarks or {}).get(name, "")
        values = _narrowed(values)
        if name in POWERS:
            first, step, ticks, unit = _scale(name, len(values))
            # whole decibels are finer than the eye and a quarter of the bytes
            values = np.round(np.clip(values, -128, 127)).astype(np.int8)
            rows.append(
                Picture(title, values, "Hz", "dB", first, step, ticks, unit, SEQUENTIAL, (FLOOR, 0))
            )
        else:
            ticks = {float(row): str(row) for row in range(0, len(values), 3)}
            rows.append(
                Picture(
                    title,
                    values.astype(np.float32),
                    "coefficient",
                    "deviations",
                    0.0,
                    1.0,
                    ticks,
                    "coefficient",
                    DIVERGING,
                    (-3, 3),
                )  # fmt: skip
            )
    return rows


def mel(hertz: float | np.ndarray) -> float | np.ndarray:
    """Hertz on the mel scale (O'Shaughnessy's formula, which HTK and torchaudio use)."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def erb_rate(hertz: float | np.ndarray) -> float | np.ndarray:
    """Hertz on the ERB scale: how many of the ear's bandwidths lie below (Glasberg and Moore 1990)."""
    from grokaem.audio.gammatone import EAR_Q, MIN_BANDWIDTH

    return EAR_Q * np.log(1 + np.asarray(hertz) / (EAR_Q * MIN_BANDWIDTH))


def _scale(name: str, n_rows: int) -> tuple[float, float, dict[float, str], str]:
    """Position of the first row, distance of rows, labels in Hz by position, and the positions' unit."""
    half = SAMPLE_RATE / 2
    if name == "spectrogram":
        ticks = {float(hertz): f"{hertz:,}" for hertz in range(0, int(half) + 1, 2000)}
        return 0.0, half / (n_rows - 1), ticks, "Hz"
    if name == "mel":
        step = float(mel(half)) / (n_rows + 1)
        return step, step, {float(mel(hertz)): f"{hertz:,}" for hertz in _SHOWN_HERTZ[name]}, "mel"
    lowest, highest = (float(erb_rate(edge)) for edge in GAMMATONE_RANGE)
    ticks = {float(erb_rate(hertz)): f"{hertz:,}" for hertz in _SHOWN_HERTZ[name]}
    return lowest, (highest - lowest) / n_rows, ticks, "ERB"


def _narrowed(values: np.ndarray) -> np.ndarray:
    """The frames averaged in groups, so that at most COLUMNS remain."""
    group = -(-values.shape[1] // COLUMNS)
    if group == 1:
        return values
    starts = np.arange(0, values.shape[1], group)
    counts = np.diff(np.append(starts, values.shape[1]))
    return np.add.reduceat(values, starts, axis=1) / counts
