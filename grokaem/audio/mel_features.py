"""The features that torchaudio computes, as entries of the list; their modules are in :mod:`grokaem.audio.features`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grokaem.audio.feature import Feature, Frames
from grokaem.audio.scales import COEFFICIENTS, HERTZ
from grokaem.audio.scales import MEL as MEL_SCALE

if TYPE_CHECKING:
    from torch import nn


def _spectrogram(sample_rate: int, frames: Frames, **settings: Any) -> nn.Module:
    from grokaem.audio.features import Spectrogram

    return Spectrogram(**frames.samples, **settings)


def _mel(sample_rate: int, frames: Frames, **settings: Any) -> nn.Module:
    from grokaem.audio.features import MelSpectrogram

    return MelSpectrogram(sample_rate, **frames.samples, **settings)


def _logmel(sample_rate: int, frames: Frames, **settings: Any) -> nn.Module:
    from grokaem.audio.features import LogMel

    return LogMel(sample_rate, **frames.samples, **settings)


def _mfcc(sample_rate: int, frames: Frames, **settings: Any) -> nn.Module:
    from grokaem.audio.features import MFCC

    return MFCC(sample_rate, **frames.samples, **settings)


SPECTROGRAM = Feature(
    "spectrogram", "Spectrogram", _spectrogram, "power spectrum of 25 ms every 10 ms", "torchaudio", scale=HERTZ
)
MEL = Feature(
    "mel",
    "Mel spectrogram",
    _mel,
    "triangular filters on it, finer at low frequencies",
    "torchaudio",
    rows="n_mels",
    scale=MEL_SCALE,
)
LOGMEL = Feature("logmel", "Log mel spectrogram", _logmel, "its natural logarithm", "torchaudio", rows="n_mels")
MFCC = Feature(
    "mfcc",
    "MFCC",
    _mfcc,
    "DCT of the log mel: decorrelates the bins",
    "torchaudio",
    rows="n_mels",
    coefficients="n_mfcc",
    scale=COEFFICIENTS,
)
