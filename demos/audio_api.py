"""The audio tab for programs: a function without the page's state, for Gradio's clients and those of MCP."""

# Annotations are read as types by gr.api, which does not resolve them from strings: no "from __future__" here.

from collections.abc import Callable
from typing import Protocol, TypedDict, cast

import gradio as gr

from demos.error_messages import one_sentence
from demos.uploads import uploaded


class Coefficients(TypedDict):
    """Mean and deviation over time of each coefficient."""

    mean: list[float]
    deviation: list[float]


class MeasuredSound(TypedDict):
    """A sound in numbers; "scores" is null where no classifier is served."""

    seconds: float
    sample_rate: int
    peak_dbfs: float
    rms_dbfs: float
    centroid_hz: float
    mfcc: Coefficients
    gfcc: Coefficients
    scores: dict[str, float] | None


class Found(Protocol):
    """What is read of a measured clip."""

    @property
    def numbers(self) -> dict: ...  # noqa: D102
    @property
    def scores(self) -> dict[str, float] | None: ...  # noqa: D102


def public_features(measure: Callable[[str | None], Found]) -> Callable[..., MeasuredSound]:
    """The function that programs call.

    Args:
        measure (callable): path of a sound file -> what was measured.
    """

    def audio_features(clip: gr.FileData | None = None) -> MeasuredSound:
        """Measures a sound: loudness, spectral centroid, MFCC, GFCC, and its class where a model is served.

        Args:
            clip (filepath): a sound file (WAV, FLAC, OGG, MP3, WebM with Opus), at most 30 seconds and 20 MB.

        Returns:
            An object: "seconds", "sample_rate", peak and RMS in dBFS, centroid in Hz, mean and deviation of 13 MFCC
            and 13 GFCC; "scores", those of the served classifier, which sum to 1.
        """
        found = measure(uploaded(clip))
        return cast(MeasuredSound, {**found.numbers, "scores": found.scores})

    return one_sentence(audio_features)
