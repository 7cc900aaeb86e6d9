"""The audio tab: a sound in, features of it out on one time axis; below, what each step of them does.

AUDIO_MODEL_ID=<folder or Hub repository> python -m demos.audio_features
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.audio_panels import correlation, envelope, filters, gain, hearing, noise, widening
from demos.audio_panels.clip import MAX_SECONDS, SAMPLE_RATE, ReadWaveform, classify, describe, read_clip
from demos.audio_panels.features import drawn, extract, pictures, scaled
from demos.audio_panels.linked_plot import linked_plot
from demos.error_messages import one_sentence
from demos.example_sounds import SOUNDS, write_sounds
from demos.frame import frame
from demos.plots import plot
from demos.served_model import ServedModel
from demos.tab import Page, Row, Tab

LESSON = (
    "The same sound, {ways} ways. The **spectrogram** shows energy by frequency; the **mel** spectrogram bends "
    "the frequencies towards our hearing, finer at the bottom; **MFCC** takes its logarithm and untangles "
    "the bands with a cosine transform. The **gammatone** spectrogram filters the waveform as the ear does; "
    "**GFCC** takes a cube root of it instead of a logarithm."
)
CAPTION = (
    "Drag over a stretch of time in any row to enlarge it in all, double-click to see everything again. The mel and "
    "the gammatone picture have 64 bands each; half of the mel picture lies below 1.8 kHz, as in our hearing. "
    "Coefficient 0 is loudness, 1 the tilt, then ever finer shape; each row is drawn in its own deviations."
)


class Computed(TypedDict):
    """A clip, shape (time,), and its features by name."""

    waveform: np.ndarray
    features: dict[str, np.ndarray]


def draw(computed: Computed) -> PlotData:
    """The waveform and its features on one time axis."""
    features = computed["features"]
    return plot(linked_plot(computed["waveform"], SAMPLE_RATE, pictures(scaled(features, features))))


@dataclass(frozen=True)
class AudioMeter:
    """Measures sounds.

    Attributes:
        served (ServedModel): the exported sound classifier, if there is one.
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,).
    """

    served: ServedModel
    read_waveform: ReadWaveform

    @one_sentence
    def audio_features(
        self, clip: str | None
    ) -> tuple[dict[str, float | dict[str, list[float]]], dict[str, float] | None, str, Computed]:
        """Measures a sound: loudness, spectral centroid, MFCC, GFCC, and its class where a model is served.

        Args:
            clip (str): a sound file (WAV, FLAC, OGG, MP3), at most 30 seconds and 20 MB.

        Returns:
            Seconds, peak and RMS in dBFS, centroid in Hz, mean and deviation of 13 MFCC and 13 GFCC.
            The classes' scores by the served classifier, which sum to 1; empty where none is served.
            One sentence: the clip's length and level.
        """
        waveform = read_clip(clip, self.read_waveform)
        features = extract(waveform)
        numbers = describe(waveform, features)
        centroid = f"the middle of the energy lies at **{numbers['centroid_hz']:,.0f} Hz**"
        note = f"**{numbers['seconds']:.2f} s** · peak {numbers['peak_dbfs']:.1f} dBFS · {centroid}."
        scores = None
        if self.served.name() is not None:
            scores, milliseconds = classify(waveform, self.served)
            note += f" Classified in {milliseconds:.1f} ms on the CPU."
        return numbers, scores, note, {"waveform": waveform, "features": features}


class Outcome(NamedTuple):
    """What ``AudioMeter.audio_features`` fills, in its order."""

    numbers: gr.JSON
    scores: gr.Label
    note: gr.Markdown
    computed: gr.State


def create_demo(served: ServedModel, read_waveform: ReadWaveform) -> gr.Blocks:
    """Lays out the tab.

    Args:
        served (ServedModel): the exported sound classifier, if there is one.
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape
            (time,).

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    with frame("Audio") as demo:
        ways = _in_words(1 + len(drawn()))  # the waveform is one
        gr.Markdown(LESSON.format(ways=ways), elem_classes="lesson")
        computed = gr.State(None, time_to_live=3600)
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                clip = _clip()
            with gr.Column(scale=3, min_width=320):
                button, note, scores = _features(served)
        views = gr.Plot(label=f"{ways.capitalize()} views on one time axis", elem_id="linked-plots")
        gr.Markdown(CAPTION, elem_classes="caption")
        with gr.Accordion("Numbers", open=False):
            numbers = gr.JSON(label="The clip in numbers", show_label=False)
        filters.add_panel()
        correlation.add_panel(clip, read_waveform)
        gain.add_panel(clip, read_waveform)
        envelope.add_panel(clip, read_waveform)
        noise.add_panel(clip, read_waveform, served)
        hearing.add_panel()
        widening.add_panel()
        _wire(AudioMeter(served, read_waveform), clip, button, Outcome(numbers, scores, note, computed), views)
    return demo


def _in_words(number: int) -> str:
    """A number as prose has it."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[number] if number < len(words) else str(number)


def _clip() -> gr.Audio:
    """Where a sound is recorded, uploaded, or chosen among examples."""
    clip = gr.Audio(
        sources=["upload", "microphone"],
        type="filepath",
        label=f"Record or upload a sound, at most {MAX_SECONDS:.0f} seconds",
        buttons=["download"],
        elem_id="clip",
    )
    gr.Examples(
        [[str(path)] for path in write_sounds()],
        clip,
        label="Try one",
        example_labels=[name.replace("_", " ").capitalize() for name in SOUNDS],
    )
    return clip


def _features(served: ServedModel) -> tuple[gr.Button, gr.Markdown, gr.Label]:
    """The button, the sentence and the classes' scores, which are hidden where no model is served."""
    button = gr.Button("Show features", variant="primary", elem_id="show-features")
    note = gr.Markdown("Choose an example or bring a sound, then press **Show features**.", elem_classes="note")
    has_model = served.name() is not None
    if has_model:
        gr.Markdown(served.describe(), elem_classes="note")
    scores = gr.Label(label="Sounds like", num_top_classes=5, visible=has_model, elem_id="audio-scores")
    return button, note, scores


def _wire(meter: AudioMeter, clip: gr.Audio, button: gr.Button, outcome: Outcome, views: gr.Plot) -> None:
    gr.on(
        [button.click, clip.stop_recording],
        meter.audio_features,
        clip,
        list(outcome),
        api_name="audio_features",
        show_progress_on=views,
    ).success(draw, outcome.computed, views, show_progress="hidden", api_visibility="private")


def _on_page(page: Page) -> gr.Blocks:
    from grokaem.audio.reading import read_waveform

    return create_demo(page.audio, read_waveform)


TAB = Tab(
    "audio",
    "Audio",
    _on_page,
    (
        Row(
            "Audio",
            "a recording, a file, or an example",
            (
                "waveform, spectrogram, mel spectrogram, MFCC, gammatone spectrogram and GFCC on one time axis; a "
                "classifier's scores where one is served; below, the filter banks, what each step and noise do, a "
                "listening corner, the cost of wide residual networks ([audio](audio.md#on-the-page))"
            ),
        ),
    ),
)


def main() -> None:
    """Launches this tab alone."""
    from demos.style import LAUNCH
    from grokaem.audio.reading import read_waveform
    from grokaem.kinds import AUDIO

    demo = create_demo(ServedModel(AUDIO.key), read_waveform)
    demo.queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
