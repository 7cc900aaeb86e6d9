"""spafe's other cepstra, as entries of the list; the module around them is in :mod:`grokaem.audio.spafe_cepstra`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from grokaem.audio.feature import Feature, Frames

if TYPE_CHECKING:
    from torch import nn

NAMES = ("bfcc", "cqcc", "lfcc", "lpc", "lpcc", "msrcc", "ngcc", "plp", "pncc", "psrcc", "rplp")


def _cepstra(name: str, sample_rate: int, frames: Frames, **settings: Any) -> nn.Module:
    from grokaem.audio.spafe_cepstra import SpafeCepstra

    return SpafeCepstra(
        name, sample_rate, window_seconds=frames.window_seconds, hop_seconds=frames.hop_seconds, **settings
    )


SPAFE = tuple(
    Feature(
        name,
        name.upper(),
        partial(_cepstra, name),
        "spafe's, behind the same interface",
        "spafe",
        rows="nfilts",
        coefficients="n_coefficients",
        streams=False,  # some of them look at the whole clip
    )
    for name in NAMES
)
