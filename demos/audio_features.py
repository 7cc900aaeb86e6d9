"""The audio tab: a sound in, features of it out on one time axis; below, what each step of them does.

AUDIO_MODEL_ID=<folder or Hub repository> python -m demos.audio_features
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos import audio_api, model_facts, results
from demos.audio_panels import correlation, envelope, filters, gain, hearing, noise, widening
from demos.audio_panels.clip import MAX_SECONDS, SAMPLE_RATE, ReadWaveform, classify, describe, read_clip
from demos.audio_panels.features import COLUMNS, extract, pictures, scaled
from demos.audio_panels.features import drawn as drawn_features
from demos.audio_panels.linked_plot import linked_plot
from demos.commands import add_commands
from demos.drawn import drawn, translate
from demos.error_messages import one_sentence
from demos.example_sounds import SOUNDS, write_sounds
from demos.frame import frame
from demos.label_scores import score_list
from demos.panel_api import public_panels
from demos.plots import plot
from demos.served_model import ServedModel
from demos.tab import Page, Row, Tab
from demos.wording import say, text, text_of

if TYPE_CHECKING:
    from gradio.components import Component

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
CAPTIONS = {"vowels": "Vowels", "drums": "Drums", "rising_tone": "Rising tone"}
COMMANDS = """grokaem audio-features talk.flac --output talk.npz                              # every feature of a file
grokaem audio-features *.wav --features mfcc --deltas 2 --output clips.csv     # a table of many
grokaem predict runs/NAME clip.wav                                             # what a classifier hears"""
COLUMNS_DRAWN = 200  # of the example's pictures, whose file travels with the page

# Browsers that can record Opus in WebM are asked for it: Safari would choose AAC, which is not decoded here.
RECORD = """() => {
  const Native = window.MediaRecorder, kind = 'audio/webm;codecs=opus';
  if (!Native || Native.asked || !Native.isTypeSupported(kind)) return;
  window.MediaRecorder = class extends Native {
    static asked = true;
    constructor(stream, options) { super(stream, {mimeType: kind, ...options}); }
  };
}"""


class Measured(NamedTuple):
    """A clip, shape (time,), its features by name, its numbers, the classes' scores where a model is served."""

    waveform: np.ndarray
    features: dict[str, np.ndarray]
    numbers: dict[str, float | dict[str, list[float]]]
    scores: dict[str, float] | None
    milliseconds: float


class Shown(NamedTuple):
    """What the page shows of a clip."""

    note: str
    views: PlotData
    scores: str
    numbers: dict[str, float | dict[str, list[float]]]


@dataclass(frozen=True)
class AudioMeter:
    """Measures sounds.

    Attributes:
        served (ServedModel): the exported sound classifier, if there is one.
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,).
    """

    served: ServedModel
    read_waveform: ReadWaveform

    def measure(self, clip: str | None) -> Measured:
        """Features, numbers and, where a model is served, classes of a sound.

        Args:
            clip (str or None): path of a sound file.

        Raises:
            ValueError: no clip, or none that the page takes.
        """
        waveform = read_clip(clip, self.read_waveform)
        features = extract(waveform)
        numbers = describe(waveform, features)
        if self.served.name() is None:
            return Measured(waveform, features, numbers, None, 0.0)
        return Measured(waveform, features, numbers, *classify(waveform, self.served))


def show(found: Measured, columns: int = COLUMNS) -> Shown:
    """What the page shows of a clip, in the visitor's language.

    Args:
        found (Measured): of :meth:`AudioMeter.measure`.
        columns (int, optional): of a picture at most. (Default: 900)
    """
    numbers = found.numbers
    note = say(
        "**{seconds} s** · peak {peak} dBFS · the middle of the energy lies at **{hertz} Hz**.",
        seconds=f"{numbers['seconds']:.2f}",
        peak=f"{numbers['peak_dbfs']:.1f}",
        hertz=round(cast("float", numbers["centroid_hz"])),
    )
    scores = ""
    if found.scores is not None:
        note += " " + say("Classified in {milliseconds} ms on the CPU.", milliseconds=f"{found.milliseconds:.1f}")
        scores = score_list(found.scores, "audio-score-list", most=5)
    shown = scaled(found.features, found.features)
    views = plot(linked_plot(found.waveform, SAMPLE_RATE, pictures(shown, columns=columns)))
    return Shown(note, views, scores, numbers)


def create_demo(served: ServedModel, read_waveform: ReadWaveform) -> gr.Blocks:
    """Lays out the tab.

    Args:
        served (ServedModel): the exported sound classifier, if there is one.
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape
            (time,).

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    example, sounds = drawn("audio"), dict(zip(SOUNDS, map(str, write_sounds()), strict=True))
    gr.set_static_paths([Path(path).parent for path in sounds.values()])  # an event may hand them out
    with frame("Audio") as demo:
        ways = 1 + len(drawn_features())  # the waveform is one
        gr.Markdown(text(LESSON, ways=ways), elem_classes="lesson")
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                clip = _clip(sounds["vowels"])
                examples = _examples(sounds)
            with gr.Column(scale=3, min_width=320):
                button = gr.Button(text("Show features"), variant="primary", elem_id="show-features")
                trouble = results.trouble("audio-trouble")
                note = gr.Markdown(example.get("note", ""), elem_id="audio-note")
                if has_model := served.name() is not None:
                    gr.Markdown(text_of(served.describe), elem_classes="note")
                scores = gr.HTML("", visible=has_model, elem_id="audio-scores")
        views = gr.Plot(
            example.get("views"), label=text("{ways} views on one time axis", ways=ways), elem_id="linked-plots"
        )
        gr.Markdown(text(CAPTION), elem_classes="caption")
        with gr.Accordion(text("Numbers"), open=False):
            numbers = gr.JSON(label=text("The clip in numbers"), show_label=False)
        filters.add_panel()
        correlation.add_panel(clip, read_waveform)
        gain.add_panel(clip, read_waveform)
        envelope.add_panel(clip, read_waveform)
        noise.add_panel(clip, read_waveform, served)
        hearing.add_panel()
        widening.add_panel()
        model_facts.add_panel(served)
        add_commands(COMMANDS, "audio-commands")
        meter = AudioMeter(served, read_waveform)
        _wire(meter, clip, [button, *examples], sounds, [trouble, note, views, scores, numbers])
        translate(demo, "audio", {"note": note, "views": views})
        demo.load(None, None, None, js=RECORD, api_visibility="private")
        gr.api(audio_api.public_features(meter.measure), api_name="audio_features")
        for name, function in public_panels(read_waveform, served).items():
            gr.api(function, api_name=name)
    return demo


def _clip(first: str) -> gr.Audio:
    """Where a sound is recorded or uploaded."""
    return gr.Audio(
        first,
        sources=["upload", "microphone"],
        type="filepath",
        label=text("Your sound, up to {seconds} s", seconds=int(MAX_SECONDS)),
        buttons=["download"],
        elem_id="clip",
    )


def _examples(sounds: dict[str, str]) -> list[gr.Button]:
    """A button for each of the sounds that are made from formulas."""
    gr.Markdown(text("Try one:"), elem_classes="caption")
    with gr.Row(elem_classes="examples"):
        return [
            gr.Button(text(CAPTIONS[name]), size="sm", min_width=90, elem_id=f"sound-{name}") for name in sounds
        ]


def _wire(
    meter: AudioMeter, clip: gr.Audio, buttons: list[gr.Button], sounds: dict[str, str], outputs: list[Component]
) -> None:
    """A press, a finished recording and an upload show the clip's features; an example brings its sound along."""

    @one_sentence
    def measure(path: str | None) -> Shown:
        return show(meter.measure(path))

    shown = results.in_place(measure, len(Shown._fields))
    scroll = results.scroll_to("audio-note", "audio-trouble")
    button, *examples = buttons
    gr.on(
        [button.click, clip.stop_recording, clip.upload],
        shown,
        clip,
        outputs,
        show_progress_on=outputs[2],
        api_visibility="private",
        concurrency_id="audio_features",
    ).then(None, None, None, js=scroll, api_visibility="private")
    for each, path in zip(examples, sounds.values(), strict=True):
        each.click(
            partial(lambda sound: [sound, *shown(sound)], path),
            None,
            [clip, *outputs],
            show_progress_on=outputs[2],
            api_visibility="private",
            concurrency_id="audio_features",
        ).then(None, None, None, js=scroll, api_visibility="private")


def _on_page(page: Page) -> gr.Blocks:
    from grokaem.audio.reading import read_waveform

    return create_demo(page.audio, read_waveform)


def draw() -> dict[str, object]:
    """The example that the tab opens with: sung vowels."""
    from grokaem.audio.reading import read_waveform
    from grokaem.kinds import AUDIO

    meter = AudioMeter(ServedModel(AUDIO.key, "GROKAEM_NO_MODEL", Path("none")), read_waveform)
    shown = show(meter.measure(str(write_sounds()[0])), COLUMNS_DRAWN)
    return {"note": shown.note, "views": shown.views}


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
    draw,
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
