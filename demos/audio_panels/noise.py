"""What noise does to each feature, and to what the classifier hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired, TypedDict

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.audio_panels.clip import SAMPLE_RATE, ReadWaveform, classify, read_clip
from demos.audio_panels.features import extract, pictures, scaled, title
from demos.audio_panels.linked_plot import linked_plot
from demos.error_messages import one_sentence
from demos.example_sounds import talkers
from demos.label_scores import score_list
from demos.plots import plot
from demos.served_model import ServedModel
from demos.wording import say, text
from grokaem.audio.noise import KINDS, add_noise, make_noise
from grokaem.curves import curves
from grokaem.figure import Axis

LOWEST, HIGHEST = -10.0, 30.0  # dB
CURVE = (-10, -5, 0, 5, 10, 15, 20, 30)  # dB

LESSON = (
    "At 20 dB the noise is a hundredth of the sound's power, at 0 dB as strong. Noise fills the quiet places first: "
    "the gaps between sounds, the high bands of a voice. **What survives** is how closely each row of a feature "
    "still follows its clean self over time, as a correlation averaged over the rows: 1 untouched, 0 nothing left."
)


def noisy_clip(waveform: np.ndarray, kind: str, snr_db: float) -> np.ndarray:
    """The clip in noise; the same clip gets the same noise every time.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.
        kind (str): ``white``, ``pink`` or ``babble``: six synthetic voices at once.
        snr_db (float): the sound's power over the noise's, dB.

    Returns:
        ndarray of shape (time,): float32; may leave [-1, 1].

    Raises:
        ValueError: there is no such noise, or the ratio is out of range.
    """
    if not LOWEST <= snr_db <= HIGHEST:
        raise ValueError(
            f"A signal-to-noise ratio of {snr_db} dB is not offered; choose {LOWEST:.0f} to {HIGHEST:.0f} dB."
        )
    voices = talkers() if kind == "babble" else None
    return add_noise(waveform, make_noise(kind, len(waveform), 0, voices), snr_db)


def survival(clean: dict[str, np.ndarray], noisy: dict[str, np.ndarray]) -> dict[str, float]:
    """How much of each feature's movement survives.

    Args:
        clean (dict): as ``features.scaled`` returns them: name -> ndarray of shape (n_rows, n_frames).
        noisy (dict): the same of the clip in noise.

    Returns:
        dict: name -> correlation over time of a row with its clean self, mean over the rows that move at all;
        a row that no longer moves counts as 0.
    """
    result = {}
    for name, before in clean.items():
        moving = before.std(axis=1) > 1e-6
        a = before[moving] - before[moving].mean(axis=1, keepdims=True)
        b = noisy[name][moving] - noisy[name][moving].mean(axis=1, keepdims=True)
        length = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        each = (a * b).sum(axis=1) / np.where(length > 1e-9, length, np.inf)
        result[name] = float(each.mean()) if moving.any() else 0.0
    return result


class InNoise(TypedDict):
    """A clip in noise, its features as they are shown, and what survives of each, there and at every ratio."""

    waveform: np.ndarray
    shown: dict[str, np.ndarray]
    survives: dict[str, float]
    curve: dict[str, list[float]]
    snr_db: float
    kind: str
    clean: NotRequired[dict[str, float]]
    noisy: NotRequired[dict[str, float]]


def in_noise(waveform: np.ndarray, kind: str, snr_db: float) -> InNoise:
    """A clip in noise, what survives of its features there, and at every ratio of ``CURVE``.

    Args:
        waveform (ndarray of shape (time,)): float32 at 16 kHz.
        kind (str): ``white``, ``pink`` or ``babble``.
        snr_db (float): dB.

    Returns:
        dict: ``waveform``; ``shown``, as ``features.scaled``; ``survives``, name -> share; ``curve``, name ->
        list of shares at ``CURVE``; ``snr_db`` and ``kind``.

    Raises:
        ValueError: as :func:`noisy_clip`.
    """
    waveform_in_noise = noisy_clip(waveform, kind, snr_db)
    reference = extract(waveform)
    clean = scaled(reference, reference)

    def shown_in(noisy: np.ndarray) -> dict[str, np.ndarray]:
        return scaled(extract(noisy), reference)

    curve: dict[str, list[float]] = {name: [] for name in clean}
    for ratio in CURVE:
        for name, share in survival(clean, shown_in(noisy_clip(waveform, kind, ratio))).items():
            curve[name].append(share)
    shown = shown_in(waveform_in_noise)
    return {
        "waveform": waveform_in_noise,
        "shown": shown,
        "survives": survival(clean, shown),
        "curve": curve,
        "snr_db": snr_db,
        "kind": kind,
    }


def draw(found: InNoise) -> list[PlotData | str]:
    """The noisy features on one time axis, what survives over the ratio, the classes' scores clean and in noise."""
    remarks = {
        name: say(": {share} survives", share=f"{max(0.0, share):.0%}") for name, share in found["survives"].items()
    }
    curve = {title(name): np.array(values) for name, values in found["curve"].items()}
    survives = curves(
        np.array(CURVE),
        curve,
        Axis(say("signal over {kind} noise (dB)", kind=say(found["kind"]))),
        Axis(say("survives (correlation)"), bounds=(-0.05, 1.05)),
        at={found["snr_db"]: f"{found['snr_db']:+.0f} dB"},
        markers=True,
        height=340,
    )
    features = linked_plot(found["waveform"], SAMPLE_RATE, pictures(found["shown"], remarks))
    scores = [
        score_list(each, f"{name}-scores-list", most=5) if each else ""
        for name, each in (("clean", found.get("clean")), ("noisy", found.get("noisy")))
    ]
    return [plot(features), plot(survives), *scores]


def to_hear(waveform: np.ndarray) -> tuple[int, np.ndarray]:
    """16-bit samples for the player, turned down where noise took them beyond full scale."""
    peak = max(1.0, float(np.abs(waveform).max()))
    return SAMPLE_RATE, np.round(32767 * waveform / peak).astype(np.int16)


@dataclass(frozen=True)
class NoiseMixer:
    """Puts sounds in noise.

    Attributes:
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,).
        served (ServedModel): the exported sound classifier, if there is one.
    """

    read_waveform: ReadWaveform
    served: ServedModel

    @one_sentence
    def sound_in_noise(
        self, clip: str | None, kind: str = "white", snr_db: float = 10.0
    ) -> tuple[
        dict[str, float],
        dict[str, float] | None,
        dict[str, float] | None,
        str,
        tuple[int, np.ndarray],
        InNoise,
    ]:
        """Adds noise to a sound and measures what survives of its features, and what a classifier then hears.

        Args:
            clip (str): a sound file (WAV, FLAC, OGG, MP3), at most 30 seconds and 20 MB.
            kind (str): white, pink, or babble (six synthetic voices at once).
            snr_db (float): the sound's power over the noise's, -10 to 30 dB.

        Returns:
            What survives of each feature: correlation of its rows with the clean ones over time.
            The classes' scores of the clean clip by the served classifier; empty where none is served.
            The classes' scores of the clip in noise; empty where none is served.
            What survives, as a sentence.
            The clip in noise, to hear.
        """
        waveform = read_clip(clip, self.read_waveform)
        found = in_noise(waveform, kind, float(snr_db))
        scores, noisy_scores = None, None
        if self.served.name() is not None:
            scores, noisy_scores = (classify(each, self.served)[0] for each in (waveform, found["waveform"]))
            found["clean"], found["noisy"] = scores, noisy_scores
        survives = {name: round(share, 4) for name, share in found["survives"].items()}
        order = sorted(survives, key=survives.__getitem__, reverse=True)
        listed = ", ".join(f"{title(name)} **{survives[name]:.2f}**" for name in order)
        note = say(
            "{kind} noise at {ratio} dB. What survives: {features}.",
            kind=say(kind).capitalize(),
            ratio=f"{snr_db:+.0f}",
            features=listed,
        )
        return survives, scores, noisy_scores, note, to_hear(found["waveform"]), found


def add_panel(clip: gr.Audio, read_waveform: ReadWaveform, served: ServedModel) -> None:
    """Lays out the panel inside the open ``gr.Blocks``; it works on the clip of the tab."""
    has_model = served.name() is not None
    with gr.Accordion(text("In noise"), open=False):
        gr.Markdown(text(LESSON), elem_classes="lesson")
        with gr.Row():
            kinds = [(text(each), each) for each in KINDS]
            kind = gr.Radio(kinds, value="white", label=text("Noise"), elem_id="noise-kind")
            snr = gr.Slider(LOWEST, HIGHEST, 10, step=1, label=text("Signal-to-noise ratio (dB)"), elem_id="snr")
        button = gr.Button(text("Add noise"), elem_id="add-noise")
        note = gr.Markdown(text("Choose a sound above, then press **Add noise**."), elem_classes="note")
        with gr.Row(visible=has_model):
            for_clean = gr.HTML(
                label=text("Clean, it sounds like"), container=True, show_label=True, elem_id="clean-scores"
            )
            for_noisy = gr.HTML(
                label=text("In noise, it sounds like"), container=True, show_label=True, elem_id="noisy-scores"
            )
        player = gr.Audio(
            label=text("The clip in noise"), interactive=False, elem_id="noisy-clip", buttons=["download"]
        )
        survives = gr.Plot(label=text("What survives at each ratio"), elem_id="survival")
        plot = gr.Plot(label=text("The features in noise, on one time axis"), elem_id="noisy-plots")
        numbers, clean, noisy = (gr.JSON(visible=False) for _ in range(3))
        found = gr.State(None, time_to_live=3600)
        gr.on(
            [button.click, snr.release],
            NoiseMixer(read_waveform, served).sound_in_noise,
            [clip, kind, snr],
            [numbers, clean, noisy, note, player, found],
            api_name="draw_audio_in_noise",
            api_visibility="private",
            show_progress_on=[survives, plot],
        ).success(draw, found, [plot, survives, for_clean, for_noisy], show_progress="hidden", api_visibility="private")
