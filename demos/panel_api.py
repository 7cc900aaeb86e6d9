"""The audio tab's panels for programs: functions without the page's state, for Gradio's clients and those of MCP."""

# Annotations are read as types by gr.api, which does not resolve them from strings: no "from __future__" here.

from collections.abc import Callable
from typing import Any

import gradio as gr

from demos.audio_panels import correlation, envelope, filters, gain, noise, widening
from demos.audio_panels.clip import ReadWaveform
from demos.error_messages import one_sentence
from demos.numbers import number, whole
from demos.served_model import ServedModel
from demos.uploads import uploaded


def public_panels(read_waveform: ReadWaveform, served: ServedModel) -> dict[str, Callable[..., Any]]:
    """The functions that programs call, by their names.

    Args:
        read_waveform (callable): ``read_waveform(path, sample_rate, max_seconds=...)`` -> ndarray of shape (time,).
        served (ServedModel): the exported sound classifier, if there is one.
    """

    def filter_banks(n_filters: int | str = 24) -> dict[str, Any]:
        """Gives the centre frequencies of a mel and of a gammatone filter bank at 16 kHz.

        Args:
            n_filters: filters in each bank, 4 to 64.

        Returns:
            Centre frequencies in Hz: "mel" and "gammatone", ascending.
        """
        return dict(filters.mel_and_gammatone_filters(whole(n_filters))[0])

    def cepstral_correlation(clip: gr.FileData | None = None) -> dict[str, Any]:
        """Measures how much the cosine transform decorrelates the mel bands of a sound.

        Args:
            clip: a sound file, at most 30 seconds and 20 MB.

        Returns:
            Mean absolute correlation over time of two different rows: "mel" (24 log mel bands) and "mfcc" (their 24
            cosine coefficients); "summary", the same as a sentence.
        """
        numbers, note, _ = correlation.Correlator(read_waveform).mel_and_mfcc_correlation(uploaded(clip))
        return {**numbers, "summary": note}

    def gain_effect(clip: gr.FileData | None = None, gain_db: float | str = 12.0) -> dict[str, Any]:
        """Makes a sound louder and measures what that does to its mean MFCC and GFCC.

        Args:
            clip: a sound file, at most 30 seconds and 20 MB.
            gain_db: how much louder, -20 to 20 dB.

        Returns:
            "mfcc_0_shift", "mfcc_others_shift" (the largest of the other 12), "gfcc_factor", "gfcc_factor_error";
            "summary", the same as a sentence.
        """
        numbers, note, _ = gain.GainMeter(read_waveform).gain_on_mfcc_and_gfcc(uploaded(clip), number(gain_db))
        return {**numbers, "summary": note}

    def spectral_envelope(clip: gr.FileData | None = None, place: float | str = 0.12) -> dict[str, Any]:
        """Finds the formants of one moment of a sound by linear prediction.

        Args:
            clip: a sound file, at most 30 seconds and 20 MB.
            place: which moment: 0 the start of the clip, 1 its end.

        Returns:
            "second" of the clip and "formants" in Hz, ascending; "summary", the same as a sentence.
        """
        numbers, note, _ = envelope.FormantFinder(read_waveform).formants_at(uploaded(clip), number(place))
        return {**numbers, "summary": note}

    def audio_in_noise(
        clip: gr.FileData | None = None, kind: str = "white", snr_db: float | str = 10.0
    ) -> dict[str, Any]:
        """Adds noise to a sound and measures what survives of its features, and what a classifier then hears.

        Args:
            clip: a sound file, at most 30 seconds and 20 MB.
            kind: white, pink, or babble (six synthetic voices at once).
            snr_db: the sound's power over the noise's, -10 to 30 dB.

        Returns:
            "survives": of each feature the correlation of its rows with the clean ones over time; "clean_scores" and
            "noisy_scores" of the served classifier, null where none is served; "summary", the same as a sentence.
        """
        mixer = noise.NoiseMixer(read_waveform, served)
        survives, clean, noisy, note, _, _ = mixer.sound_in_noise(uploaded(clip), kind, number(snr_db))
        return {"survives": survives, "clean_scores": clean, "noisy_scores": noisy, "summary": note}

    def wide_resnet_cost(
        depth: int | str = 16,
        widen_factor: int | str = 2,
        seconds: float | str = 2.0,
        batch_size: int | str = 32,
    ) -> dict[str, Any]:
        """Computes what a wide residual network on log-mel clips (64 bands, 100 frames a second) costs.

        Args:
            depth: 6 n + 4: 10, 16, 22, 28, 40, ...
            widen_factor: 1 to 12, multiplies the feature maps.
            seconds: length of a clip, 0.1 to 30.
            batch_size: clips at once in training, 1 to 256.

        Returns:
            "parameters", "multiply_adds" of one clip, "activation_mib" of one clip, "training_mib"; "summary", the
            same as a sentence.
        """
        asked = whole(depth), whole(widen_factor), number(seconds), whole(batch_size)
        numbers, note = widening.network_and_its_cost(*asked)
        return {**numbers, "summary": note}

    functions: list[Callable[..., Any]] = [
        filter_banks, cepstral_correlation, gain_effect, spectral_envelope, audio_in_noise, wide_resnet_cost,
    ]  # fmt: skip
    return {each.__name__: one_sentence(each) for each in functions}
