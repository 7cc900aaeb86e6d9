"""What the panels of the audio tab compute, without a server: each against something known beforehand."""

from __future__ import annotations

import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import soundfile

from demos import audio_features, example_sounds
from demos.audio_panels import correlation, envelope, filters, gain, hearing, noise, widening
from demos.served_model import ServedModel
from grokaem.audio.reading import read_waveform
from grokaem.curves import curves
from grokaem.figure import Axis
from tests.app.test_audio_tab import RATE, decoded, tone
from tests.app.test_topics_tab import event


@pytest.fixture(scope="module")
def vowels():
    return example_sounds.vowels().astype(np.float32)


@pytest.fixture(scope="module")
def vowels_file(vowels, tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "vowels.wav"
    soundfile.write(path, vowels, RATE, subtype="FLOAT")
    return str(path)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return audio_features.create_demo(
        ServedModel("audio", "NO_MODEL", tmp_path_factory.mktemp("none")), read_waveform
    )


def test_a_logarithmic_axis_has_round_ticks():
    x = np.array([20.0, 20_000.0])
    figure = curves(x, {"a": x}, Axis("Hz", log=True), Axis("Hz"))
    axis = figure["layout"]["xaxis"]
    ticks = dict(zip(axis["ticktext"], axis["tickvals"], strict=True))
    assert axis["type"] == "log" and ticks["20"] == 20 and ticks["2k"] == 2000 and ticks["10k"] == 10_000
    assert figure["layout"]["yaxis"]["type"] == "linear" and "tickvals" not in figure["layout"]["yaxis"]


# Filter banks


def test_the_filters_pass_their_centre_and_fall_to_both_sides():
    banks = filters.filter_banks(24)
    for name in ("mel", "gammatone"):
        assert banks[name].shape == (24, len(banks["hertz"]))
        peak = banks["hertz"][banks[name].argmax(axis=1)]
        np.testing.assert_allclose(peak, banks[f"{name}_centres"], rtol=0.05, atol=15)
        assert np.all(np.diff(banks[f"{name}_centres"]) > 0)
    # A triangle ends where its neighbours peak; a gammatone has skirts everywhere.
    assert (banks["mel"] == 0).mean() > 0.8 and banks["gammatone"].min() > 0
    # 4th order: 3 dB down at 0.435 of the bandwidth parameter 1.019 ERB
    place = 12
    centre = banks["gammatone_centres"][place]
    width = 1.019 * (24.7 + centre / 9.26449)
    beside = np.interp(centre + 0.435 * width, banks["hertz"], banks["gammatone"][place])
    assert 10 * np.log10(beside) == pytest.approx(-3.0, abs=0.3)


# Correlation


def test_the_cosine_transform_decorrelates(vowels):
    matrices = correlation.correlations(vowels)
    for matrix in matrices.values():
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)
        np.testing.assert_allclose(np.diag(matrix), 1)
        assert np.abs(matrix).max() <= 1 + 1e-6
    assert correlation.mean_off_diagonal(matrices["mfcc"]) < correlation.mean_off_diagonal(matrices["mel"])


def test_correlation_is_numpys(vowels):
    rows = np.random.default_rng(0).standard_normal((5, 300)).cumsum(axis=1)
    np.testing.assert_allclose(correlation._correlation(rows), np.corrcoef(rows), atol=1e-6)
    assert correlation.mean_off_diagonal(np.array([[1, -0.5], [0.25, 1]])) == pytest.approx(0.375)


# Gain


@pytest.mark.parametrize("gain_db", [-20, 6, 20])
def test_a_gain_shifts_one_mfcc_and_scales_every_gfcc(vowels, gain_db):
    numbers = gain.effect(gain.with_gain(vowels, gain_db))
    # orthonormal DCT: coefficient 0 is the sum of 40 logarithms over the square root of 40
    assert numbers["mfcc_0_shift"] == pytest.approx(np.log(10) / 10 * gain_db * np.sqrt(40), rel=1e-3)
    assert numbers["mfcc_others_shift"] < 1e-3
    assert numbers["gfcc_factor"] == pytest.approx(10 ** (gain_db / 30), rel=1e-3)
    assert numbers["gfcc_factor_error"] < 1e-3


def test_a_gain_on_a_clip_with_silence_in_it_is_a_result(vowels):
    coefficients = gain.with_gain(np.concatenate([np.zeros(RATE, np.float32), vowels]), 10)
    assert all(np.isfinite(values).all() for values in coefficients.values())


# Envelope


@pytest.mark.parametrize("number, name", enumerate(example_sounds._FORMANTS))
def test_the_formants_of_a_vowel_are_those_it_was_made_from(vowels, number, name):
    middle = number * 0.88 + 0.4  # each vowel lasts 0.8 s, then 0.08 s of silence
    found = envelope.envelope_at(vowels, middle * RATE / len(vowels))
    assert found["second"] == pytest.approx(middle, abs=0.03)
    for expected in example_sounds._FORMANTS[name]:
        nearest = min(found["formants"], key=lambda hertz: abs(hertz - expected))
        assert nearest == pytest.approx(expected, rel=0.06, abs=40), found["formants"]
    # The curve lies on the peaks of the spectrum, not through its valleys.
    above = found["envelope"] - found["spectrum"]
    assert np.median(above) > 0 and np.percentile(above, 2) > -12


# Noise


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
def test_less_survives_in_more_noise(vowels, kind):
    found = noise.in_noise(vowels[: 2 * RATE], kind, 0)
    for name, shares in found["curve"].items():
        assert shares[-1] > shares[0], name
        assert found["survives"][name] == pytest.approx(shares[noise.CURVE.index(0)])
        assert -1 <= min(shares) <= max(shares) <= 1 + 1e-6
    added = found["waveform"] - vowels[: 2 * RATE]
    ratio = np.mean(vowels[: 2 * RATE] ** 2) / np.mean(added**2)
    assert 10 * np.log10(ratio) == pytest.approx(0, abs=0.01)


def test_survival_is_a_correlation():
    rng = np.random.default_rng(0)
    before = rng.standard_normal((3, 500))
    before[2] = 1.0  # a row that does not move is not asked about
    after = before + rng.standard_normal((3, 500))
    expected = np.mean([np.corrcoef(before[i], after[i])[0, 1] for i in (0, 1)])
    assert noise.survival({"f": before}, {"f": after})["f"] == pytest.approx(expected)
    assert noise.survival({"f": before}, {"f": before})["f"] == pytest.approx(1)
    assert noise.survival({"f": before}, {"f": np.ones((3, 500))})["f"] == 0


def test_the_classifier_hears_the_clip_clean_and_in_noise(vowels_file, tmp_path, monkeypatch):
    heard = []

    def predict(clips):
        heard.extend(clips)
        return [SimpleNamespace(scores={"loud": 0.75, "quiet": 0.25}, milliseconds=1.0)]

    served = ServedModel("audio", "NO_MODEL", tmp_path)
    monkeypatch.setattr(served, "name", lambda: "model")
    monkeypatch.setattr(served, "load", lambda: SimpleNamespace(sample_rate=8000, predict=predict))
    demo = audio_features.create_demo(served, read_waveform)
    _, clean, noisy, note, player, _ = event(demo, "draw_audio_in_noise")(vowels_file, "pink", 5)
    assert clean == noisy == {"loud": 0.75, "quiet": 0.25}
    assert [len(clip) for clip in heard] == [len(player[1]) // 2] * 2, "at the classifier's rate"
    assert np.mean(heard[1] ** 2) > 1.2 * np.mean(heard[0] ** 2)
    assert "Pink noise at +5 dB" in note and "GFCC" in note


def test_what_is_played_is_within_full_scale():
    rate, samples = noise.to_hear(np.array([3.0, -1.5, 0.0]))
    assert rate == RATE and samples.dtype == np.int16 and samples.tolist() == [32767, -16384, 0]


# Listening


@pytest.mark.parametrize(
    "sound", [hearing.tone(1000), hearing.tone(20_000, 5), hearing.staircase("mel"), hearing.sweep()]
)
def test_no_sound_is_above_the_limit_nor_begins_with_a_click(sound):
    assert 0.09 < np.abs(sound).max() <= hearing.PEAK
    assert abs(sound[0]) < 1e-3 and abs(sound[-1]) < 1e-3
    assert np.abs(sound[:48]).max() < 0.01 * hearing.PEAK  # the first millisecond


def test_a_tone_has_its_frequency_and_the_sweep_is_where_its_chart_says():
    spectrum = np.abs(np.fft.rfft(hearing.tone(4321, 1)))
    assert spectrum.argmax() == pytest.approx(4321, abs=1)
    sound = hearing.sweep()
    for second in (3.0, 6.0, 9.0, 11.0):
        start = int(second * hearing.PLAYER_RATE)
        part = sound[start : start + 2048] * np.hanning(2048)
        found = np.abs(np.fft.rfft(part, 1 << 16)).argmax() * hearing.PLAYER_RATE / (1 << 16)
        assert found == pytest.approx(
            float(hearing.sweep_frequency(second + 1024 / hearing.PLAYER_RATE)), rel=0.03
        )


def test_steps_are_equal_in_their_scale():
    for scale, transform in (("hertz", lambda f: f), ("mel", lambda f: 1127 * np.log(1 + f / 700))):
        frequencies = hearing.steps(scale)
        assert frequencies[0] == pytest.approx(100) and frequencies[-1] == pytest.approx(8000)
        distances = np.diff(transform(frequencies))
        np.testing.assert_allclose(distances, distances.mean(), rtol=1e-3)


# Width against depth


def test_the_cost_shown_is_the_networks(demo):
    numbers, note = event(demo, "draw_wide_resnet_cost")(16, 8, 2.0, 1)
    # WRN-16-8 has 10,961,370 parameters with 3 input channels and 10 classes (Zagoruyko and Komodakis 2016)
    assert numbers["parameters"] == 10_961_370 - 288
    assert numbers["training_mib"] == pytest.approx(
        16 * numbers["parameters"] / 2**20 + numbers["activation_mib"], abs=0.1
    )
    assert "10,961,082 parameters" in note


def test_parameters_grow_with_the_square_of_the_width_and_linearly_with_the_depth():
    parameters = {
        (d, k): widening.network_cost(d, k, 1, 1)["parameters"] for d in (16, 22, 28) for k in (6, 12)
    }
    assert parameters[16, 12] / parameters[16, 6] == pytest.approx(4, rel=0.02)
    assert parameters[28, 6] - parameters[22, 6] == parameters[22, 6] - parameters[16, 6]


def test_the_charts_mark_the_chosen_network():
    for plot, key in zip(
        widening.draw(22, 3, 2, 8), ("parameters", "multiply_adds", "training_mib"), strict=True
    ):
        figure = json.loads(plot.plot)
        mark = figure["data"][-1]
        expected = widening.network_cost(22, 3, 2, 8)[key]
        assert (mark["x"], mark["y"]) == ([3.0], [pytest.approx(expected)])
        curve = next(trace for trace in figure["data"] if trace.get("name") == "depth 22")
        assert decoded(curve["y"])[2] == pytest.approx(expected, rel=1e-5)


# All


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("draw_filter_banks", (3,), "4 to 64"),
        ("draw_cepstral_correlation", (None,), "There is no sound"),
        ("draw_gain_effect", (None, 6), "There is no sound"),
        ("draw_gain_effect", ("vowels", 21), "-20 to 20 dB"),
        ("draw_spectral_envelope", ("vowels", 1.5), "not within the clip"),
        ("draw_spectral_envelope", ("vowels", 0.24), "silent at 0.86 s"),
        ("draw_audio_in_noise", ("vowels", "brown", 5), "no noise 'brown'"),
        ("draw_audio_in_noise", ("vowels", "white", 99), "-10 to 30 dB"),
        ("hear_tone", (10.0, 1), "20 to 20,000 Hz"),
        ("hear_tone", (1000.0, 60), "0.2 to 5 s"),
        ("hear_tone_steps", ("bark",), "hertz or mel"),
        ("draw_wide_resnet_cost", (17, 2, 2, 32), "10, 16, 22, 28"),
        ("draw_wide_resnet_cost", (16, 13, 2, 32), "1 to 12"),
        ("draw_wide_resnet_cost", (16, 2, 99, 32), "0.1 to 30 s"),
        ("draw_wide_resnet_cost", (16, 2, 2, 0), "1 to 256"),
    ],
)
def test_bad_input_gets_one_sentence(demo, vowels_file, name, arguments, message):
    arguments = [vowels_file if argument == "vowels" else argument for argument in arguments]
    with pytest.raises(gr.Error, match=message) as refusal:
        event(demo, name)(*arguments)
    assert "\n" not in str(refusal.value)


def test_a_clip_too_short_to_correlate_says_so(demo, tmp_path):
    soundfile.write(tmp_path / "short.wav", tone(440, 0.3), RATE)
    with pytest.raises(gr.Error, match="needs 48"):
        event(demo, "draw_cepstral_correlation")(str(tmp_path / "short.wav"))


def test_every_panel_draws_what_it_computed(demo, vowels_file):
    """The private half of each event: charts that hold finite numbers."""
    found = {
        "cepstral_correlation": correlation.draw(event(demo, "draw_cepstral_correlation")(vowels_file)[-1]),
        "gain_effect": gain.draw(event(demo, "draw_gain_effect")(vowels_file, 6)[-1]),
        "spectral_envelope": [envelope.draw(event(demo, "draw_spectral_envelope")(vowels_file, 0.12)[-1])],
        "audio_in_noise": noise.draw(event(demo, "draw_audio_in_noise")(vowels_file, "white", 5)[-1])[:2],
        "filter_banks": filters.draw(event(demo, "draw_filter_banks")(12)[-1]),
    }
    for name, plots in found.items():
        for plot in plots:
            for trace in json.loads(plot.plot)["data"]:
                values = decoded(trace["z"] if "z" in trace else trace["y"])
                assert np.isfinite(values).mean() > 0.05, name
