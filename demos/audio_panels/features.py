"""A clip's features: computed, scaled for the eye, and as pictures with axes in seconds and Hz."""

from __future__ import annotations

import numpy as np

from demos.audio_panels.clip import SAMPLE_RATE
from demos.audio_panels.linked_plot import Picture
from demos.wording import say
from grokaem.audio.feature import Feature
from grokaem.audio.feature_list import FEATURES
from grokaem.audio.scales import Scale
from grokaem.figure import DIVERGING, SEQUENTIAL

N_BANDS = 64  # of the mel and of the gammatone picture
FLOOR = -80  # dB below the loudest point: what lies lower is drawn as silence
COLUMNS = 900  # of a picture at most; a longer clip's frames are averaged


def drawn() -> dict[str, tuple[Feature, Scale]]:
    """The features that the page draws, with how each is drawn."""
    return {key: (feature, feature.scale) for key, feature in FEATURES.items() if feature.scale is not None}


def title(key: str) -> str:
    """What a visitor calls a feature."""
    return say(FEATURES[key].title)


def extract(waveform: np.ndarray) -> dict[str, np.ndarray]:
    """The features of a clip that are drawn, a frame every 10 ms.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.

    Returns:
        dict: the keys of :func:`drawn`, each an ndarray of shape (n_rows, n_frames): power, or coefficients (of
        ``mfcc`` and ``gfcc`` 13).
    """
    import torch

    from grokaem.audio.features import make

    features = {}
    with torch.inference_mode():
        samples = torch.from_numpy(np.ascontiguousarray(waveform, dtype=np.float32))
        for name, (feature, scale) in drawn().items():
            bands = N_BANDS if scale.power and feature.rows else None
            features[name] = make(name, SAMPLE_RATE, **feature.counts(bands, None))(samples).numpy()
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
        if drawn()[name][1].power:
            # a silent clip's loudest point is zero: the smallest positive number keeps the logarithm defined
            loudest = max(float(against.max()), np.finfo(np.float32).tiny)
            shown[name] = 10 * np.log10(np.maximum(values / loudest, 10 ** (FLOOR / 10)))
        else:
            deviation = against.std(axis=1, keepdims=True)
            centred = values - against.mean(axis=1, keepdims=True)
            shown[name] = centred / np.where(deviation > 1e-6, deviation, 1)
    return shown


def pictures(
    shown: dict[str, np.ndarray], remarks: dict[str, str] | None = None, columns: int = COLUMNS
) -> list[Picture]:
    """The rows of a linked plot.

    Args:
        shown (dict): as ``scaled`` returns them.
        remarks (dict, optional): what to add to a title, by name. (Default: nothing)
        columns (int, optional): of a picture at most. (Default: 900)

    Returns:
        list of Picture: in the order of ``shown``.
    """
    rows = []
    for name, values in shown.items():
        feature, scale = drawn()[name]
        values = _narrowed(values, columns)
        if scale.power:
            # whole decibels are finer than the eye and a quarter of the bytes
            values = np.round(np.clip(values, -128, 127)).astype(np.int8)
            what, value, colours, bounds = say("Hz"), say("dB"), SEQUENTIAL, (FLOOR, 0)
        else:
            values = values.astype(np.float32)
            what, value, colours, bounds = say("coefficient"), say("deviations"), DIVERGING, (-3, 3)
        first, step = scale.rows(len(values), SAMPLE_RATE)
        ticks = scale.ticks(len(values), SAMPLE_RATE)
        heading = say(feature.title) + (remarks or {}).get(name, "")
        rows.append(Picture(heading, values, what, value, first, step, ticks, scale.unit, colours, bounds))
    return rows


def _narrowed(values: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """The frames averaged in groups, so that at most so many columns remain."""
    group = -(-values.shape[1] // columns)
    if group == 1:
        return values
    starts = np.arange(0, values.shape[1], group)
    counts = np.diff(np.append(starts, values.shape[1]))
    return np.add.reduceat(values, starts, axis=1) / counts
