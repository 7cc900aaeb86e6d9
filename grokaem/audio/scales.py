"""How the rows of a feature are drawn: bands by their frequency in Hz, mel or ERB, coefficients by their number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grokaem.audio.gammatone import EAR_Q, MIN_BANDWIDTH

Hertz = float | np.ndarray


def gammatone_range(sample_rate: int) -> tuple[float, float]:
    """Hz of the lowest centre and of the step above the highest, as :mod:`grokaem.audio.gfcc` chooses them."""
    return 100.0, 7 / 16 * sample_rate


def mel(hertz: Hertz) -> Hertz:
    """Hertz on the mel scale (O'Shaughnessy's formula, which HTK and torchaudio use)."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def erb_rate(hertz: Hertz) -> Hertz:
    """Hertz on the ERB scale: how many of the ear's bandwidths lie below (Glasberg and Moore 1990)."""
    return EAR_Q * np.log(1 + np.asarray(hertz) / (EAR_Q * MIN_BANDWIDTH))


@dataclass(frozen=True)
class Scale:
    """The vertical axis of a feature's picture.

    Attributes:
        unit: of a position on it.
        rows: number of rows and sample rate -> the position of row 0, and the distance of two rows.
        ticks: number of rows and sample rate -> position -> the label that stands there.
        power: rows hold power by frequency, drawn in decibels; otherwise coefficients, in their own deviations.
    """

    unit: str
    rows: Callable[[int, int], tuple[float, float]]
    ticks: Callable[[int, int], dict[float, str]]
    power: bool = True


def _erb_rows(n_rows: int, sample_rate: int) -> tuple[float, float]:
    lowest, highest = (float(erb_rate(edge)) for edge in gammatone_range(sample_rate))
    return lowest, (highest - lowest) / n_rows


def _mel_rows(n_rows: int, sample_rate: int) -> tuple[float, float]:
    step = float(mel(sample_rate / 2)) / (n_rows + 1)
    return step, step


HERTZ = Scale(
    "Hz",
    rows=lambda n_rows, rate: (0.0, rate / 2 / (n_rows - 1)),
    ticks=lambda n_rows, rate: {float(hertz): f"{hertz:,}" for hertz in range(0, rate // 2 + 1, 2000)},
)
MEL = Scale(
    "mel",
    rows=_mel_rows,
    ticks=lambda n_rows, rate: {float(mel(hertz)): f"{hertz:,}" for hertz in (500, 1000, 2000, 4000, 7000)},
)
ERB = Scale(
    "ERB",
    rows=_erb_rows,
    ticks=lambda n_rows, rate: {float(erb_rate(hertz)): f"{hertz:,}" for hertz in (125, 250, 500, 1000, 2000, 4000)},
)
COEFFICIENTS = Scale(
    "coefficient",
    rows=lambda n_rows, rate: (0.0, 1.0),
    ticks=lambda n_rows, rate: {float(row): str(row) for row in range(0, n_rows, 3)},
    power=False,
)
