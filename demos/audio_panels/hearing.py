"""A corner to listen: tones at equal steps in Hz or on the mel scale, and a sweep to the edge of hearing."""

from __future__ import annotations

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.error_messages import one_sentence
from demos.plots import plot
from demos.wording import say, text
from grokaem.audio.scales import mel
from grokaem.curves import curves
from grokaem.figure import Axis

PLAYER_RATE = 48_000  # Hz: holds what anyone hears
PEAK = 0.1  # of full scale, 20 dB below what a player can do: a limit that no setting lifts
LOWEST, HIGHEST = 20.0, 20_000.0  # Hz
FADE_SECONDS = 0.05
N_STEPS, STEP_SECONDS = 12, 0.35
STEPS_FROM, STEPS_TO = 100.0, 8000.0  # Hz
SWEEP_SECONDS = 12.0
SCALES = {"equal steps in hertz": "hertz", "equal steps in mel": "mel"}

WARNING = (
    "**Turn the volume down first, then up until a 1 kHz tone is comfortable, and leave it there.** A tone that you "
    "cannot hear can still be loud enough to hurt, you or a child or a pet beside you: never turn the volume up in "
    "search of one. Sounds here stay 20 dB below full scale. This is no hearing test: loudspeakers and headphones "
    "end before ears do."
)
LESSON = (
    "In **equal steps of hertz** the first tones leap apart and the last ones hardly differ. In **equal steps of "
    "mel** every step sounds alike: that is the mel scale's definition, and why its filters crowd at low "
    "frequencies. The **sweep** shows how far your own hearing goes: read off the chart where it falls silent."
)


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    """A pure tone at the level limit, faded in and out.

    Args:
        hertz (float): 20 to 20,000.
        seconds (float, optional): 0.2 to 5. (Default: ``1.0``)

    Returns:
        ndarray of shape (time,): float64 at 48 kHz, within +-0.1.

    Raises:
        ValueError: the frequency or the length is out of range.
    """
    if not LOWEST <= hertz <= HIGHEST:
        raise ValueError(f"A tone of {hertz:g} Hz is not offered; choose {LOWEST:.0f} to {HIGHEST:,.0f} Hz.")
    if not 0.2 <= seconds <= 5:
        raise ValueError(f"A tone of {seconds:g} s is not offered; choose 0.2 to 5 s.")
    time = np.arange(round(seconds * PLAYER_RATE)) / PLAYER_RATE
    return _faded(np.sin(2 * np.pi * hertz * time))


def steps(scale: str) -> np.ndarray:
    """The frequencies of twelve tones from 100 to 8,000 Hz.

    Args:
        scale (str): ``hertz`` or ``mel``: what their steps are equal in.

    Returns:
        ndarray of shape (12,): Hz, ascending.

    Raises:
        ValueError: there is no such scale.
    """
    if scale == "hertz":
        return np.linspace(STEPS_FROM, STEPS_TO, N_STEPS)
    if scale == "mel":
        return 700 * (10 ** (np.linspace(mel(STEPS_FROM), mel(STEPS_TO), N_STEPS) / 2595) - 1)
    raise ValueError(f"There is no scale {scale!r}; choose hertz or mel.")


def staircase(scale: str) -> np.ndarray:
    """Twelve tones one after the other, in equal steps of a scale; float64 at 48 kHz, within +-0.1."""
    return np.concatenate([tone(hertz, STEP_SECONDS) for hertz in steps(scale)])


def sweep_frequency(seconds: np.ndarray) -> np.ndarray:
    """Frequency of the sweep in Hz after so many seconds: 20 Hz to 20 kHz, as many octaves every second."""
    return LOWEST * (HIGHEST / LOWEST) ** (np.asarray(seconds) / SWEEP_SECONDS)


def sweep() -> np.ndarray:
    """A tone that rises from 20 Hz to 20 kHz in 12 s; float64 at 48 kHz, within +-0.1."""
    time = np.arange(round(SWEEP_SECONDS * PLAYER_RATE)) / PLAYER_RATE
    rate = np.log(HIGHEST / LOWEST) / SWEEP_SECONDS
    return _faded(np.sin(2 * np.pi * LOWEST / rate * np.expm1(rate * time)))


def draw_steps(scale: str) -> PlotData:
    """Frequency of each tone over time, with the other scale's beside it."""
    seconds = np.arange(N_STEPS) * STEP_SECONDS
    series = {say(label): steps(name) for label, name in SCALES.items() if name == scale}
    series |= {f"({say(label)})": steps(name) for label, name in SCALES.items() if name != scale}
    return plot(curves(seconds, series, Axis(say("time (s)")), Axis(say("frequency (Hz)")), markers=True, height=280))


def draw_sweep() -> PlotData:
    """Frequency of the sweep over time."""
    seconds = np.linspace(0, SWEEP_SECONDS, 200)
    series = {say("sweep"): sweep_frequency(seconds)}
    return plot(curves(seconds, series, Axis(say("time (s)")), Axis(say("frequency (Hz)"), log=True), height=280))


def _faded(sound: np.ndarray) -> np.ndarray:
    """At the level limit, its ends faded: a tone that is switched on clicks at all frequencies."""
    length = min(round(FADE_SECONDS * PLAYER_RATE), len(sound) // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)
    sound = PEAK * sound
    sound[:length] *= ramp
    sound[len(sound) - length :] *= ramp[::-1]
    return sound


def _to_play(sound: np.ndarray) -> tuple[int, np.ndarray]:
    # as integers: the player brings floating-point samples to full scale
    return PLAYER_RATE, np.round(32767 * sound).astype(np.int16)


@one_sentence
def hear_tone(hertz: float = 1000.0, seconds: float = 1.0) -> tuple[int, np.ndarray]:
    """Makes a pure tone to listen to, 20 dB below full scale.

    Args:
        hertz (float): its frequency, 20 to 20,000 Hz.
        seconds (float): its length, 0.2 to 5 s.

    Returns:
        A sound at 48 kHz.
    """
    return _to_play(tone(float(hertz), float(seconds)))


@one_sentence
def hear_steps(scale: str = "mel") -> tuple[tuple[int, np.ndarray], PlotData]:
    """Makes twelve tones from 100 to 8,000 Hz in equal steps of a scale, 20 dB below full scale.

    Args:
        scale (str): hertz or mel.

    Returns:
        A sound at 48 kHz.
        The frequencies over time, as a chart.
    """
    return _to_play(staircase(scale)), draw_steps(scale)


def hear_sweep() -> tuple[tuple[int, np.ndarray], PlotData]:
    """Makes a tone that rises from 20 Hz to 20 kHz in 12 s, 20 dB below full scale.

    Returns:
        A sound at 48 kHz.
        The frequency over time, as a chart.
    """
    return _to_play(sweep()), draw_sweep()


def add_panel() -> None:
    """Lays out the panel inside the open ``gr.Blocks``."""
    with gr.Accordion(text("Listening corner: hear the mel scale, and how far you hear"), open=False):
        gr.Markdown(text(LESSON), elem_classes="lesson")
        gr.Markdown(text(WARNING), elem_id="volume-warning", elem_classes="warning")
        with gr.Row():
            hertz = gr.Slider(
                LOWEST, HIGHEST, 1000, step=10, label=text("Tone (Hz)"), elem_id="tone-hertz", scale=3
            )
            play_tone = gr.Button(text("Make the tone"), elem_id="make-tone", scale=1)
        with gr.Row():
            scale = gr.Radio(
                [(text(label), name) for label, name in SCALES.items()],
                value="hertz",
                label=text("Twelve tones, 100 to 8,000 Hz"),
                elem_id="tone-steps",
            )
            play_steps = gr.Button(text("Make the twelve tones"), elem_id="make-steps")
            play_sweep = gr.Button(text("Make the sweep"), elem_id="make-sweep")
        player = gr.Audio(label=text("Sound"), interactive=False, elem_id="hearing-player", buttons=["download"])
        plot = gr.Plot(label=text("Frequency over time"), elem_id="hearing-plot")
        play_tone.click(hear_tone, hertz, player, api_name="hear_tone", api_visibility="private")
        play_steps.click(hear_steps, scale, [player, plot], api_name="hear_tone_steps", api_visibility="private")
        play_sweep.click(hear_sweep, None, [player, plot], api_name="hear_sweep", api_visibility="private")
