"""The audio features there are: a line each."""

from __future__ import annotations

from grokaem.audio.feature import Feature
from grokaem.registry import Registry

FEATURES = Registry(
    "audio feature",
    Feature,
    [
        "grokaem.audio.mel_features:SPECTROGRAM",
        "grokaem.audio.mel_features:MEL",
        "grokaem.audio.mel_features:LOGMEL",
        "grokaem.audio.mel_features:MFCC",
        "grokaem.audio.gammatone_features:GAMMATONE",
        "grokaem.audio.gammatone_features:GFCC",
        "grokaem.audio.spafe_features:SPAFE",
    ],
)
