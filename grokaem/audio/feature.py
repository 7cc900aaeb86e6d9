"""What an audio feature is to everything that lists, computes and draws features: one object that imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from grokaem.audio.scales import Scale

if TYPE_CHECKING:
    from torch import nn


class FrameSettings(TypedDict):
    """A window and its hop in samples, and the transform that holds the window."""

    n_fft: int
    win_length: int
    hop_length: int


@dataclass(frozen=True)
class Frames:
    """A window and its hop, in seconds and in samples, and the transform that holds the window."""

    window_seconds: float
    hop_seconds: float
    n_fft: int
    win_length: int
    hop_length: int

    @property
    def samples(self) -> FrameSettings:
        """What the modules that count in samples take."""
        return {"n_fft": self.n_fft, "win_length": self.win_length, "hop_length": self.hop_length}


@dataclass(frozen=True)
class Feature:
    """A feature of sound.

    Attributes:
        key: short name, which commands take and files carry.
        title: what a person calls it.
        make: makes the module, ``(..., time) -> (..., n, frames)``, with the attributes ``n_features`` (rows) and
            ``hop_length`` (samples): called with the sample rate, the frames, and further settings by name.
        about: what it is, in a line of docs/audio.md.
        source: who computes it.
        rows: the setting that says how many bands its filter bank has; empty where it has none.
        coefficients: the setting that says how many coefficients are kept; empty where there are none.
        streams: whether a frame depends on its surroundings alone, so that a long file is computed in blocks. A
            module may say otherwise by its own attribute ``streams``.
        scale: how the page draws it. (Default: the page leaves it out)
    """

    key: str
    title: str
    make: Callable[..., nn.Module]
    about: str
    source: str
    rows: str = ""
    coefficients: str = ""
    streams: bool = True
    scale: Scale | None = None

    def counts(self, rows: int | None, coefficients: int | None) -> dict[str, Any]:
        """The settings that ask for so many bands and coefficients; None leaves the feature's own.

        Raises:
            ValueError: it has no bands, or no coefficients, to be counted.
        """
        settings = {}
        for what, setting, asked in (("filters", self.rows, rows), ("coefficients", self.coefficients, coefficients)):
            if asked is None:
                continue
            if not setting:
                raise ValueError(f"the feature {self.key} has no {what}: leave --{what} out.")
            settings[setting] = asked
        return settings
