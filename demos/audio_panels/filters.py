"""The filter banks: mel triangles and gammatone filters over frequency, as many as asked for."""

from __future__ import annotations

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.audio_panels.clip import SAMPLE_RATE
from demos.error_messages import one_sentence
from demos.plots import plot
from demos.wording import say, text
from grokaem.audio.scales import gammatone_range
from grokaem.curves import curves
from grokaem.figure import Axis

FEWEST, MOST = 4, 64
_DRAWN = np.geomspace(50, SAMPLE_RATE / 2, 500)  # Hz

LESSON = (
    "**Mel** filters are triangles on the power spectrum: no energy outside its base counts. **Gammatone** filters "
    "are what an auditory nerve's response to a click looks like: round, with skirts that never end. Both are "
    "narrow at low frequencies and wide at high ones, where neighbouring pitches sound alike."
)


def filter_banks(n_filters: int) -> dict[str, np.ndarray]:
    """Both banks' responses at ``_DRAWN`` frequencies.

    Args:
        n_filters (int): filters in each.

    Returns:
        dict: ``hertz`` of shape (n,); ``mel`` and ``gammatone`` of shape (n_filters, n), the power that a filter
        passes, 1 at its centre; ``mel_centres`` and ``gammatone_centres`` of shape (n_filters,), Hz.

    Raises:
        ValueError: the number is out of range.
    """
    if not FEWEST <= n_filters <= MOST:
        raise ValueError(f"{n_filters} filters are not shown here; choose {FEWEST} to {MOST}.")
    from grokaem.audio.features import make
    from grokaem.audio.gammatone import center_frequencies, gammatone_response

    # A fine transform, so that the triangles are drawn and not its bins; torchaudio's own filters.
    n_fft = 4096
    mel = make("mel", SAMPLE_RATE, n_mels=n_filters, n_fft=n_fft).mel_scale
    bank = mel.fb.numpy()  # pyright: ignore[reportAttributeAccessIssue, reportCallIssue]  # torchaudio's MelScale
    bins = np.arange(len(bank)) * SAMPLE_RATE / n_fft
    centres = center_frequencies(n_filters, *gammatone_range(SAMPLE_RATE))
    return {
        "hertz": _DRAWN,
        "mel": np.stack([np.interp(_DRAWN, bins, triangle) for triangle in bank.T]),
        "gammatone": np.abs(gammatone_response(_DRAWN, centres)) ** 2,
        "mel_centres": bins[bank.argmax(axis=0)],
        "gammatone_centres": centres,
    }


def draw(banks: dict[str, np.ndarray]) -> list[PlotData]:
    """Two charts, mel and gammatone, in dB over a logarithmic frequency axis."""
    drawn = []
    for name in ("mel", "gammatone"):
        decibels = 10 * np.log10(np.maximum(banks[name], 1e-8))
        decibels[decibels < -60] = np.nan
        series = {
            f"{hertz:,.0f} Hz": row for hertz, row in zip(banks[f"{name}_centres"], decibels, strict=True)
        }
        hertz_axis, power_axis = Axis(say("frequency (Hz)"), log=True), Axis(say("passes (dB)"), bounds=(-60, 3))
        drawn.append(plot(curves(banks["hertz"], series, hertz_axis, power_axis)))
    return drawn


@one_sentence
def mel_and_gammatone_filters(n_filters: int = 24) -> tuple[dict[str, list[float]], dict]:
    """Gives the centre frequencies of a mel and of a gammatone filter bank at 16 kHz.

    Args:
        n_filters (int): filters in each bank, 4 to 64.

    Returns:
        Centre frequencies in Hz: ``mel`` and ``gammatone``, ascending.
    """
    banks = filter_banks(int(n_filters))
    centres = {
        name: [round(float(hertz), 1) for hertz in banks[f"{name}_centres"]]
        for name in ("mel", "gammatone")
    }
    return centres, banks


def add_panel() -> None:
    """Lays out the panel inside the open ``gr.Blocks``."""
    with gr.Accordion(text("Filter banks: mel and gammatone"), open=False) as panel:
        gr.Markdown(text(LESSON), elem_classes="lesson")
        number = gr.Slider(FEWEST, MOST, 24, step=1, label=text("Filters in each bank"), elem_id="n-filters")
        with gr.Row():
            mel = gr.Plot(label=text("Mel filters"), elem_id="mel-filters")
            gammatone = gr.Plot(label=text("Gammatone filters"), elem_id="gammatone-filters")
        centres, banks = gr.JSON(visible=False), gr.State(None, time_to_live=3600)
        gr.on(
            [panel.expand, number.release],
            mel_and_gammatone_filters,
            number,
            [centres, banks],
            api_name="draw_filter_banks",
            api_visibility="private",
            show_progress_on=[mel, gammatone],
        ).success(draw, banks, [mel, gammatone], show_progress="hidden", api_visibility="private")
