"""One moment of a sound: its spectrum, the envelope over it, and the formants that tell the vowels apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.audio_panels.clip import SAMPLE_RATE, ReadWaveform, read_clip
from demos.error_messages import one_sentence
from demos.plots import plot
from demos.wording import say, text
from grokaem.curves import curves
from grokaem.figure import Axis

FRAME_SECONDS = 0.04
HIGHEST = 5000  # Hz drawn: the formants of a voice lie below
AUDIBLE = 60  # dB: a moment further below the loudest holds no vowel

LESSON = (
    "The teeth of a voice's spectrum are the harmonics of its pitch. The smooth curve over them, the **spectral "
    "envelope**, is the shape of the mouth; its peaks are the **formants**, and the first two tell an *ee* from an "
    "*ah*. MFCC and GFCC keep the envelope and drop the teeth: that is what their few coefficients are for."
)


class Moment(TypedDict):
    """One moment of a clip; the arrays are of shape (n,), dB over Hz."""

    second: float
    hertz: np.ndarray
    spectrum: np.ndarray
    envelope: np.ndarray
    formants: list[int]


def envelope_at(waveform: np.ndarray, place: float) -> Moment:
    """Spectrum, envelope and formants of 40 ms of a clip.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.
        place (float): which moment: 0 the start of the clip, 1 its end.

    Returns:
        dict: ``second``; ``hertz``, ``spectrum`` and ``envelope`` (dB) of shape (n,); ``formants`` in Hz.

    Raises:
        ValueError: the place is not within the clip, or nearly silent.
    """
    from grokaem.audio.formants import spectrum_and_envelope

    if not 0 <= place <= 1:
        raise ValueError(f"The place {place} is not within the clip; give 0 (its start) to 1 (its end).")
    length = min(int(FRAME_SECONDS * SAMPLE_RATE), len(waveform))
    start = round(place * (len(waveform) - length))
    frame = waveform[start : start + length]
    second = (start + length / 2) / SAMPLE_RATE
    if np.abs(frame).max() < np.abs(waveform).max() * 10 ** (-AUDIBLE / 20):
        raise ValueError(f"The clip is silent at {second:.2f} s; move the slider.")
    hertz, spectrum, envelope, formants = spectrum_and_envelope(frame, SAMPLE_RATE)
    drawn = hertz <= HIGHEST
    return {
        "second": round(second, 3),
        "hertz": hertz[drawn],
        "spectrum": spectrum[drawn],
        "envelope": envelope[drawn],
        "formants": [round(value) for value in formants if value < HIGHEST],
    }


def draw(found: Moment) -> PlotData:
    """The envelope over the spectrum, a dotted line at each formant."""
    highest = max(found["spectrum"].max(), found["envelope"].max())
    drawn = curves(
        found["hertz"],
        {say("spectrum"): np.maximum(found["spectrum"], highest - 100), say("spectral envelope"): found["envelope"]},
        Axis(say("frequency (Hz)")),
        Axis(say("power (dB)"), bounds=(highest - 90, highest + 8)),
        at={float(hertz): f"F{number}" for number, hertz in enumerate(found["formants"], 1)},
        height=340,
    )
    return plot(drawn)


@dataclass(frozen=True)
class FormantFinder:
    """Finds formants in sounds.

    Attributes:
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,).
    """

    read_waveform: ReadWaveform

    @one_sentence
    def formants_at(
        self, clip: str | None, place: float = 0.12
    ) -> tuple[dict[str, float | list[int]], str, Moment]:
        """Finds the formants of one moment of a sound by linear prediction.

        Args:
            clip (str): a sound file (WAV, FLAC, OGG, MP3), at most 30 seconds and 20 MB.
            place (float): which moment: 0 the start of the clip, 1 its end.

        Returns:
            ``second`` of the clip and ``formants``, in Hz, ascending.
            The same as a sentence.
        """
        found = envelope_at(read_clip(clip, self.read_waveform), float(place))
        named = ", ".join(
            say("F{number} **{hertz} Hz**", number=n, hertz=hertz) for n, hertz in enumerate(found["formants"][:4], 1)
        )
        note = say(
            "At {second} s: {formants}.",
            second=f"{found['second']:.2f}",
            formants=named or say("no narrow resonance, so no formants"),
        )
        return {"second": found["second"], "formants": found["formants"]}, note, found


def add_panel(clip: gr.Audio, read_waveform: ReadWaveform) -> None:
    """Lays out the panel inside the open ``gr.Blocks``; it works on the clip of the tab."""
    with gr.Accordion(text("Spectral envelope and formants"), open=False):
        gr.Markdown(text(LESSON), elem_classes="lesson")
        place = gr.Slider(
            0,
            1,
            0.12,
            step=0.01,
            label=text("Where in the clip (0 its start, 1 its end)"),
            elem_id="envelope-place",
        )
        note = gr.Markdown(text("Choose a sound above, then move the slider."), elem_classes="note")
        plot = gr.Plot(label=text("Spectrum and its envelope"), elem_id="envelope")
        numbers, found = gr.JSON(visible=False), gr.State(None, time_to_live=3600)
        place.change(
            FormantFinder(read_waveform).formants_at,
            [clip, place],
            [numbers, note, found],
            api_name="draw_spectral_envelope",
            api_visibility="private",
            trigger_mode="always_last",
            show_progress_on=plot,
        ).success(draw, found, plot, show_progress="hidden", api_visibility="private")
