"""Logarithm against cube root: louder shifts the 0th MFCC alone, and scales every GFCC."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.audio_panels.clip import SAMPLE_RATE, ReadWaveform, read_clip
from demos.error_messages import one_sentence
from demos.plots import plot
from demos.wording import say, text
from grokaem.curves import curves
from grokaem.figure import Axis

LOWEST, HIGHEST = -20.0, 20.0  # dB
N_MELS, N_COEFFICIENTS = 40, 13
# Far below the power of any recorded frame: features for training add 1e-6, which very quiet frames feel.
LOG_OFFSET = 1e-20

LESSON = (
    "Turn the volume up and every power is multiplied by the same factor. The **logarithm** makes of it a constant "
    "added to every band, which the cosine transform collects in coefficient **0**: the other MFCC do not move. "
    "The **cube root** makes of it a smaller factor, so **all GFCC scale**: GFCC know how loud a sound is, and want "
    "clips at one level or a normalisation."
)


def with_gain(waveform: np.ndarray, gain_db: float) -> dict[str, np.ndarray]:
    """Mean coefficients over the clip, as it is and louder.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.
        gain_db (float): how much louder, dB.

    Returns:
        dict: ``mfcc``, ``mfcc_gain``, ``gfcc``, ``gfcc_gain``: ndarrays of shape (13,), float64.

    Raises:
        ValueError: the gain is out of range.
    """
    if not LOWEST <= gain_db <= HIGHEST:
        raise ValueError(f"A gain of {gain_db} dB is not offered; choose {LOWEST:.0f} to {HIGHEST:.0f} dB.")
    import torch
    from scipy.fft import dct

    from grokaem.audio.features import make

    logmel = make("logmel", SAMPLE_RATE, n_mels=N_MELS, log_offset=LOG_OFFSET).double()
    gfcc = make("gfcc", SAMPLE_RATE, n_gfcc=N_COEFFICIENTS)
    coefficients = {}
    with torch.inference_mode():
        for suffix, factor in (("", 1.0), ("_gain", 10 ** (gain_db / 20))):
            samples = factor * torch.from_numpy(waveform).double()
            bands = logmel(samples).numpy()
            # digital silence has no logarithm to shift
            bands = bands[:, bands.min(axis=0) > np.log(LOG_OFFSET) + 1]
            mfcc = dct(bands, axis=0, norm="ortho")[:N_COEFFICIENTS]
            coefficients[f"mfcc{suffix}"] = mfcc.mean(axis=1) if mfcc.size else np.zeros(N_COEFFICIENTS)
            coefficients[f"gfcc{suffix}"] = gfcc(samples).numpy().mean(axis=1)
    return coefficients


def effect(coefficients: dict[str, np.ndarray]) -> dict[str, float]:
    """The gain's effect in four numbers.

    Args:
        coefficients (dict): as ``with_gain`` returns them.

    Returns:
        dict: ``mfcc_0_shift``; ``mfcc_others_shift``, the largest of the other twelve; ``gfcc_factor``, the
        0th's; ``gfcc_factor_error``, how far at most another GFCC is from that factor, as a share of the 0th.
    """
    shift = coefficients["mfcc_gain"] - coefficients["mfcc"]
    before, after = coefficients["gfcc"], coefficients["gfcc_gain"]
    factor = after[0] / before[0]
    return {
        "mfcc_0_shift": round(float(shift[0]), 4),
        "mfcc_others_shift": round(float(np.abs(shift[1:]).max()), 6),
        "gfcc_factor": round(float(factor), 4),
        "gfcc_factor_error": round(float(np.abs(after - factor * before).max() / abs(after[0])), 6),
    }


def draw(coefficients: dict[str, np.ndarray]) -> list[PlotData]:
    """Two charts: mean MFCC and mean GFCC, as the clip is and with the gain."""
    order = np.arange(N_COEFFICIENTS)
    drawn = []
    for name in ("mfcc", "gfcc"):
        series = {say("as recorded"): coefficients[name], say("with the gain"): coefficients[f"{name}_gain"]}
        mean = Axis(say("mean {name}", name=name.upper()))
        drawn.append(plot(curves(order, series, Axis(say("coefficient")), mean, markers=True)))
    return drawn


@dataclass(frozen=True)
class GainMeter:
    """Measures what a gain does to sounds' features.

    Attributes:
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,).
    """

    read_waveform: ReadWaveform

    @one_sentence
    def gain_on_mfcc_and_gfcc(self, clip: str | None, gain_db: float = 12.0) -> tuple[dict[str, float], str, dict]:
        """Makes a sound louder and measures what that does to its mean MFCC and GFCC.

        Args:
            clip (str): a sound file (WAV, FLAC, OGG, MP3), at most 30 seconds and 20 MB.
            gain_db (float): how much louder, -20 to 20 dB.

        Returns:
            ``mfcc_0_shift``, ``mfcc_others_shift`` (the largest of the other 12), ``gfcc_factor`` and
            ``gfcc_factor_error``.
            The same as a sentence.
        """
        coefficients = with_gain(read_clip(clip, self.read_waveform), float(gain_db))
        numbers = effect(coefficients)
        note = say(
            "{gain} dB: MFCC 0 moves by **{shift}**, every other MFCC by at most **{others}**; all GFCC are multiplied "
            "by **{factor}**, which is 10^({decibels}/30).",
            gain=f"{gain_db:+.0f}",
            shift=f"{numbers['mfcc_0_shift']:+.2f}",
            others=f"{numbers['mfcc_others_shift']:.3f}",
            factor=f"{numbers['gfcc_factor']:.3f}",
            decibels=f"{gain_db:.0f}",
        )
        return numbers, note, coefficients


def add_panel(clip: gr.Audio, read_waveform: ReadWaveform) -> None:
    """Lays out the panel inside the open ``gr.Blocks``; it works on the clip of the tab."""
    with gr.Accordion(text("Why the cube root matters: a gain on MFCC and on GFCC"), open=False):
        gr.Markdown(text(LESSON), elem_classes="lesson")
        slider = gr.Slider(LOWEST, HIGHEST, 12, step=1, label=text("Gain (dB)"), elem_id="gain")
        note = gr.Markdown(text("Choose a sound above, then move the slider."), elem_classes="note")
        with gr.Row():
            mfcc = gr.Plot(label=text("MFCC: one coefficient shifts"), elem_id="gain-mfcc")
            gfcc = gr.Plot(label=text("GFCC: all scale"), elem_id="gain-gfcc")
        numbers, coefficients = gr.JSON(visible=False), gr.State(None, time_to_live=3600)
        slider.change(
            GainMeter(read_waveform).gain_on_mfcc_and_gfcc,
            [clip, slider],
            [numbers, note, coefficients],
            api_name="draw_gain_effect",
            api_visibility="private",
            trigger_mode="always_last",
            show_progress_on=[mfcc, gfcc],
        ).success(draw, coefficients, [mfcc, gfcc], show_progress="hidden", api_visibility="private")
