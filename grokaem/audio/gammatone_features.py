"""The features of the gammatone filter bank, as entries of the list; their modules are in :mod:`grokaem.audio.gfcc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grokaem.audio.feature import Feature, Frames
from grokaem.audio.scales import COEFFICIENTS, ERB

if TYPE_CHECKING:
    from torch import nn


def _gammatone(sample_rate: int, frames: Frames, **settings: Any) -> nn.Module:
    from grokaem.audio.gfcc import GammatoneSpectrogram

    return GammatoneSpectrogram(sample_rate, **frames.samples, **settings)


def _gfcc(sample_rate: int, frames: Frames, **settings: Any) -> nn.Module:
    from grokaem.audio import gfcc

    return gfcc.GFCC(sample_rate, **frames.samples, **settings)


GAMMATONE = Feature(
    "gammatone",
    "Gammatone spectrogram",
    _gammatone,
    "energies of a gammatone filter bank on the waveform",
    "here",
    rows="n_filters",
    scale=ERB,
)
GFCC = Feature(
    "gfcc",
    "GFCC",
    _gfcc,
    "cube root of those, then the DCT",
    "here",
    rows="n_filters",
    coefficients="n_gfcc",
    scale=COEFFICIENTS,
)
