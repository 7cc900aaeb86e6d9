"""What the cosine transform is for: mel bands rise and fall together, MFCC hardly do."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.audio_panels.clip import SAMPLE_RATE, ReadWaveform, read_clip
from demos.error_messages import one_sentence
from demos.plots import plot
from demos.wording import say, text
from grokaem.charts import Names, matrix

N_BANDS = 24
LEAST_FRAMES = 2 * N_BANDS  # a correlation over fewer says little
AUDIBLE = 40  # dB: frames further below the loudest are left out

LESSON = (
    "Neighbouring mel bands see the same sound, so knowing one tells you most of the next. The **cosine transform** "
    "describes the shape of all bands at once, first its level, then its tilt, then finer and finer waves, and "
    "these vary far more independently: blocks of colour break up and the diagonal stands out. That is why 13 MFCC "
    "can replace 24 bands. The more a clip has in it, the clearer it shows: the rising tone passes through every "
    "band, four steady vowels have only four shapes to compare."
)


def correlations(waveform: np.ndarray) -> dict[str, np.ndarray]:
    """Correlation over time, before and after the cosine transform.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.

    Returns:
        dict: ``mel``, of the logarithms of 24 mel bands, and ``mfcc``, of their 24 cosine coefficients; each
        an ndarray of shape (24, 24), float32, 1 on the diagonal.

    Raises:
        ValueError: the clip has too few frames with sound in them.
    """
    import torch
    from scipy.fft import dct

    from grokaem.audio.features import make

    with torch.inference_mode():
        bands = make("logmel", SAMPLE_RATE, n_mels=N_BANDS)(torch.from_numpy(waveform)).double().numpy()
    level = 10 * np.log10(np.exp(bands).sum(axis=0))
    bands = bands[:, level > level.max() - AUDIBLE]
    if bands.shape[1] < LEAST_FRAMES:
        raise ValueError(
            f"The clip has {bands.shape[1]} frames of 10 ms with sound in them and a correlation needs "
            f"{LEAST_FRAMES}; choose a longer one."
        )
    return {"mel": _correlation(bands), "mfcc": _correlation(dct(bands, axis=0, norm="ortho"))}


def mean_off_diagonal(matrix: np.ndarray) -> float:
    """Mean absolute correlation of two different rows."""
    return float(np.abs(matrix[~np.eye(len(matrix), dtype=bool)]).mean())


def draw(matrices: dict[str, np.ndarray]) -> list[PlotData]:
    """Two squares: mel bands, MFCC."""
    drawn = []
    for name, what in (("mel", say("mel band")), ("mfcc", say("coefficient"))):
        values = {"value_title": say("correlation"), "bounds": (-1, 1)}
        drawn.append(plot(matrix(matrices[name], Names(what), Names(what), **values)))
    return drawn


def _correlation(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # a band that never moves goes with nothing but itself
    unit = centred / np.where(length > 1e-9, length, np.inf)
    matrix = unit @ unit.T
    np.fill_diagonal(matrix, 1)
    return matrix.astype(np.float32)


@dataclass(frozen=True)
class Correlator:
    """Measures what the cosine transform does to sounds.

    Attributes:
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,).
    """

    read_waveform: ReadWaveform

    @one_sentence
    def mel_and_mfcc_correlation(self, clip: str | None) -> tuple[dict[str, float], str, dict]:
        """Measures how much the cosine transform decorrelates the mel bands of a sound.

        Args:
            clip (str): a sound file (WAV, FLAC, OGG, MP3), at most 30 seconds and 20 MB.

        Returns:
            Mean absolute correlation over time of two different rows: ``mel`` (24 log mel bands) and ``mfcc``
            (their 24 cosine coefficients).
            The same as a sentence.
        """
        matrices = correlations(read_clip(clip, self.read_waveform))
        means = {name: round(mean_off_diagonal(matrix), 4) for name, matrix in matrices.items()}
        note = say(
            "Two mel bands correlate by **{mel}** on average, two coefficients by **{mfcc}**.",
            **{name: f"{value:.2f}" for name, value in means.items()},
        )
        return means, note, matrices


def add_panel(clip: gr.Audio, read_waveform: ReadWaveform) -> None:
    """Lays out the panel inside the open ``gr.Blocks``; it works on the clip of the tab."""
    with gr.Accordion(text("Why the cosine transform: correlation before and after"), open=False):
        gr.Markdown(text(LESSON), elem_classes="lesson")
        button = gr.Button(text("Correlate"), elem_id="correlate")
        note = gr.Markdown(text("Choose a sound above, then press **Correlate**."), elem_classes="note")
        with gr.Row():
            mel = gr.Plot(label=text("Mel bands, before the cosine transform"), elem_id="mel-correlation")
            mfcc = gr.Plot(label=text("MFCC, after it"), elem_id="mfcc-correlation")
        numbers, matrices = gr.JSON(visible=False), gr.State(None, time_to_live=3600)
        button.click(
            Correlator(read_waveform).mel_and_mfcc_correlation,
            clip,
            [numbers, note, matrices],
            api_name="draw_cepstral_correlation",
            api_visibility="private",
            show_progress_on=[mel, mfcc],
        ).success(draw, matrices, [mel, mfcc], show_progress="hidden", api_visibility="private")
