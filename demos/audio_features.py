"""The audio tab: a sound in, five views of it out, side by side on one time axis.

AUDIO_MODEL_ID=<folder or Hub repository> python demos/audio_features.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import gradio as gr
import numpy as np

from demos import charts
from demos.example_sounds import SOUNDS, write_sounds
from demos.refusals import one_sentence
from demos.served_model import ServedModel

SAMPLE_RATE = 16000  # Hz
MAX_SECONDS = 30.0
MIN_SECONDS = 0.05
N_MELS = 64
FLOOR = -80  # dB below the loudest point: what lies lower is drawn as silence
COLUMNS = 900  # of a picture at most; a longer clip's frames are averaged

LESSON = (
    "The same sound, five ways. The **spectrogram** shows energy by frequency; the **mel** spectrogram bends "
    "the frequencies towards our hearing, finer at the bottom; **MFCC** takes its logarithm and untangles "
    "the bands with a cosine transform; **GFCC** starts from gammatone filters, shaped like the ear's, and "
    "takes a cube root instead."
)
CAPTIONS = {
    "spectrogram": "Linear in Hz: overtones of one voice stand at equal distances.",
    "mel": "64 triangular filters: half of the picture lies below 1.8 kHz, as in our hearing.",
    "mfcc": "13 coefficients: 0 is loudness, 1 the tilt, then ever finer shape; each row in its deviations.",
    "gfcc": "The same idea on gammatone filters; each row in its deviations.",
}


def read_clip(path: str | None, read_waveform: Callable[..., np.ndarray]) -> np.ndarray:
    """The clip as mono samples, within the limits of the page.

    Args:
        path (str or None): a sound file.
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)``.

    Returns:
        ndarray of shape (time,): float32 at 16 kHz.

    Raises:
        ValueError: no clip, too short, too long, silent, or not a sound file.
    """
    if not path:
        raise ValueError("There is no sound yet; record one, upload a file, or choose an example.")
    waveform = read_waveform(path, SAMPLE_RATE, max_seconds=MAX_SECONDS + 0.5)
    seconds = len(waveform) / SAMPLE_RATE
    if seconds > MAX_SECONDS:
        raise ValueError(f"The clip is longer than {MAX_SECONDS:.0f} seconds; trim it and try again.")
    if seconds < MIN_SECONDS:
        raise ValueError(
            f"The clip lasts {1000 * seconds:.0f} ms; give at least {1000 * MIN_SECONDS:.0f} ms."
        )
    if not np.any(waveform):
        raise ValueError(
            "The clip is silent: every sample is zero; check the microphone and record it again."
        )
    return waveform


def extract(waveform: np.ndarray) -> dict[str, np.ndarray]:
    """The four features of a clip.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.

    Returns:
        dict: ``spectrogram`` and ``mel`` in dB below the loudest point, ``mfcc`` and ``gfcc`` as they are;
        each an
        ndarray of shape (n_rows, n_frames), a frame every 10 ms.
    """
    import torch

    from audio.features import make

    settings = {"mel": {"n_mels": N_MELS}}
    features = {}
    with torch.inference_mode():
        samples = torch.from_numpy(np.ascontiguousarray(waveform, dtype=np.float32))
        for name in CAPTIONS:
            features[name] = make(name, SAMPLE_RATE, **settings.get(name, {}))(samples).numpy()
    for name in ("spectrogram", "mel"):
        power = features[name]
        # a silent clip's loudest point is zero: the smallest positive number keeps the logarithm defined
        loudest = max(float(power.max()), np.finfo(np.float32).tiny)
        features[name] = 10 * np.log10(np.maximum(power / loudest, 10 ** (FLOOR / 10)))
    return features


def describe(waveform: np.ndarray, features: dict[str, np.ndarray]) -> dict[str, Any]:
    """The clip in numbers.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.
        features (dict): as ``extract`` returns them.

    Returns:
        dict: ``seconds``, ``sample_rate`` (Hz), ``peak_dbfs``, ``rms_dbfs``, ``centroid_hz`` (the middle of
        the
        energy), and for ``mfcc`` and ``gfcc`` the mean and the standard deviation of each coefficient over
        time.
    """
    power = 10 ** (features["spectrogram"].astype(np.float64) / 10)
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(power))
    numbers: dict[str, Any] = {
        "seconds": round(len(waveform) / SAMPLE_RATE, 3),
        "sample_rate": SAMPLE_RATE,
        "peak_dbfs": round(20 * float(np.log10(max(np.abs(waveform).max(), 1e-9))), 2),
        "rms_dbfs": round(10 * float(np.log10(max(np.mean(waveform.astype(np.float64) ** 2), 1e-18))), 2),
        "centroid_hz": round(float(hertz @ power.sum(axis=1) / power.sum()), 1),
    }
    for name in ("mfcc", "gfcc"):
        numbers[name] = {
            "mean": [round(float(value), 4) for value in features[name].mean(axis=1)],
            "deviation": [round(float(value), 4) for value in features[name].std(axis=1)],
        }
    return numbers


def draw_waveform(waveform: np.ndarray) -> charts.PlotData:
    """The clip's samples over time: of each stretch of the picture its lowest and its highest."""
    stretch = max(1, len(waveform) // 1200)
    n = len(waveform) // stretch
    parts = waveform[: n * stretch].reshape(n, stretch)
    envelope = np.stack([parts.min(axis=1), parts.max(axis=1)], axis=1).ravel()
    seconds = np.repeat((np.arange(n) + 0.5) * stretch / SAMPLE_RATE, 2)
    return charts.line(seconds, envelope, value_title="amplitude")


def draw_features(features: dict[str, np.ndarray], seconds: float) -> list[charts.PlotData]:
    """The four pictures in the order of ``CAPTIONS``, over the clip's seconds."""
    half = SAMPLE_RATE / 2
    top = _mel(half)
    pictures = []
    for name, values in features.items():
        values = _narrowed(values)
        if name in ("spectrogram", "mel"):
            if name == "spectrogram":
                ticks = {
                    hertz / half * (len(values) - 1): f"{hertz:,}" for hertz in range(0, int(half) + 1, 2000)
                }
            else:
                shown = (125, 250, 500, 1000, 2000, 4000, 7000)
                ticks = {_mel(hertz) / top * (N_MELS + 1) - 1: f"{hertz:,}" for hertz in shown}
            # whole decibels are finer than the eye and a quarter of the bytes
            picture = charts.heatmap(
                np.round(values).astype(np.int8), seconds, row_title="frequency (Hz)", value_title="dB",
                ticks=ticks,
            )  # fmt: skip
        else:
            deviation = values.std(axis=1, keepdims=True)
            values = (values - values.mean(axis=1, keepdims=True)) / np.where(deviation > 1e-6, deviation, 1)
            picture = charts.heatmap(
                values.astype(np.float32), seconds, row_title="coefficient", value_title="deviations",
                ticks={row: str(row) for row in range(0, len(values), 2)}, colours=charts.DEVIATION, centred=True,
            )  # fmt: skip
        pictures.append(picture)
    return pictures


def create_demo(served: ServedModel, read_waveform: Callable[..., np.ndarray]) -> gr.Blocks:
    """Lays out the tab.

    Args:
        served (ServedModel): the exported sound classifier, if there is one.
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape
            (time,).

    Returns:
        Blocks: to be launched, or rendered inside another.
    """

    @one_sentence
    def audio_features(
        clip: str | None,
    ) -> tuple[dict[str, Any], dict[str, float] | None, str, dict[str, Any]]:
        """Measures a sound: loudness, spectral centroid, MFCC, GFCC, and its class where a model is served.

        Args:
            clip (str): a sound file (WAV, FLAC, OGG, MP3), at most 30 seconds and 20 MB.

        Returns:
            Seconds, peak and RMS in dBFS, centroid in Hz, mean and deviation of 13 MFCC and 13 GFCC.
            The classes' scores by the served classifier, which sum to 1; null where none is served.
            One sentence: the clip's length and level.
        """
        waveform = read_clip(clip, read_waveform)
        features = extract(waveform)
        numbers = describe(waveform, features)
        centroid = f"the middle of the energy lies at **{numbers['centroid_hz']:,.0f} Hz**"
        note = f"**{numbers['seconds']:.2f} s** · peak {numbers['peak_dbfs']:.1f} dBFS · {centroid}."
        scores = None
        if served.name() is not None:
            classifier = served.load()
            heard = (
                waveform
                if classifier.sample_rate == SAMPLE_RATE
                else read_waveform(clip, classifier.sample_rate)
            )
            prediction = classifier.predict([heard])[0]
            scores = dict(prediction.scores)
            note += f" Classified in {prediction.milliseconds:.1f} ms on the CPU."
        return numbers, scores, note, {"waveform": waveform, "features": features}

    def draw(computed: dict[str, Any]) -> list[Any]:
        waveform, features = computed["waveform"], computed["features"]
        return [draw_waveform(waveform), *draw_features(features, len(waveform) / SAMPLE_RATE)]

    has_model = served.name() is not None
    with gr.Blocks(title="Audio features", analytics_enabled=False) as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        computed = gr.State(None, time_to_live=3600)
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                clip = gr.Audio(
                    sources=["upload", "microphone"],
                    type="filepath",
                    label=f"Record or upload a sound, at most {MAX_SECONDS:.0f} seconds",
                    buttons=["download"],
                    elem_id="clip",
                )
                button = gr.Button("Show features", variant="primary", elem_id="show-features")
                gr.Examples(
                    [[str(path)] for path in write_sounds()],
                    clip,
                    label="Try one",
                    example_labels=[name.replace("_", " ").capitalize() for name in SOUNDS],
                )
            with gr.Column(scale=3, min_width=320):
                waveform = gr.Plot(label="Waveform", elem_id="waveform")
                note = gr.Markdown(
                    "Choose an example or bring a sound, then press **Show features**.", elem_classes="note"
                )
                if has_model:
                    gr.Markdown(served.describe(), elem_classes="note")
                scores = gr.Label(
                    label="Sounds like", num_top_classes=5, visible=has_model, elem_id="audio-scores"
                )
        plots = []
        for names in (("spectrogram", "mel"), ("mfcc", "gfcc")):
            with gr.Row():
                for name in names:
                    with gr.Column(min_width=320):
                        title = {"mel": "Mel spectrogram"}.get(
                            name, name.upper() if len(name) == 4 else "Spectrogram"
                        )
                        plots.append(gr.Plot(label=title, elem_id=name))
                        gr.Markdown(CAPTIONS[name], elem_classes="caption")
        with gr.Accordion("Numbers", open=False):
            numbers = gr.JSON(label="The clip in numbers", show_label=False)

        gr.on(
            [button.click, clip.stop_recording],
            audio_features,
            clip,
            [numbers, scores, note, computed],
            api_name="audio_features",
            show_progress_on=waveform,
        ).success(draw, computed, [waveform, *plots], show_progress="hidden", api_visibility="private")
    return demo


def _mel(hertz: float) -> float:
    return 2595 * np.log10(1 + hertz / 700)


def _narrowed(values: np.ndarray) -> np.ndarray:
    """The frames averaged in groups, so that at most COLUMNS remain."""
    group = -(-values.shape[1] // COLUMNS)
    if group == 1:
        return values
    starts = np.arange(0, values.shape[1], group)
    counts = np.diff(np.append(starts, values.shape[1]))
    return np.add.reduceat(values, starts, axis=1) / counts


def main() -> None:
    """Launches this tab alone."""
    from audio.reading import read_waveform
    from demos.style import LAUNCH

    demo = create_demo(ServedModel("audio", "AUDIO_MODEL_ID"), read_waveform)
    demo.queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
