import numpy as np
import pytest
import torch
from spafe.fbanks.gammatone_fbanks import gammatone_filter_banks

from grokaem.audio.gammatone import (
    center_frequencies,
    erb,
    gammatone_filterbank,
    gammatone_response,
    sampled_gammatone_response,
)
from grokaem.audio.gfcc import GammatoneSpectrogram
from tests.audio import signals


@pytest.mark.parametrize(
    ("rate", "n", "n_fft", "low", "high"),
    [
        (16000, 24, 512, 0, None),
        (16000, 64, 1024, 50, 7000),
        (8000, 20, 256, 100, None),
        (44100, 40, 2048, 20, None),
    ],
)
def test_weights_equal_spafe(rate, n, n_fft, low, high):
    theirs, _ = gammatone_filter_banks(nfilts=n, nfft=n_fft, fs=rate, low_freq=low, high_freq=high)
    ours = gammatone_filterbank(rate, n, n_fft, low, high)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_responses_are_the_transform_of_the_impulse_response():
    centers, rate = center_frequencies(6, 100, 6000), 16000
    frequencies = np.linspace(0, 8000, 61)
    for rate_of_sum, response in (
        (16000, sampled_gammatone_response(frequencies, centers, rate)),
        (256000, gammatone_response(frequencies, centers)),
    ):
        t = np.arange(rate_of_sum // 10) / rate_of_sum
        for center, row in zip(centers, response, strict=True):
            decay = 1.019 * erb(center)
            impulse = t**3 * np.exp(-2 * np.pi * decay * t) * np.cos(2 * np.pi * center * t)
            expected = np.exp(-2j * np.pi * np.outer(frequencies, t)) @ impulse
            expected /= np.abs(np.exp(-2j * np.pi * center * t) @ impulse)
            np.testing.assert_allclose(row, expected, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_the_module_has_the_analytic_response_around_each_centre(sample_rate):
    """Steady sines at the centre and up to 1 ERB to both sides, against the closed form."""
    module = GammatoneSpectrogram(
        sample_rate, win_length=sample_rate // 5, hop_length=sample_rate // 100, n_fft=sample_rate
    )
    centers = module.center_frequencies.double().numpy()
    t = np.arange(sample_rate) / sample_rate
    for side in (-1.0, -0.5, 0.0, 0.5, 1.0):
        played = centers + side * erb(centers)
        sines = torch.tensor(np.sin(2 * np.pi * played[:, None] * t[None, :]))
        measured = module(sines)[:, :, 60].diagonal().numpy()
        analytic = np.abs(gammatone_response(played, centers).diagonal()) ** 2 / 2
        assert np.abs(10 * np.log10(measured / analytic)).max() < 0.1
        # and the textbook's one-sided magnitude says the same
        one_sided = (1 + (side * erb(centers) / (1.019 * erb(centers))) ** 2) ** -4.0 / 2
        assert np.abs(10 * np.log10(measured / one_sided)).max() < 0.1


SIGNALS = {
    "white": signals.white(),
    "speech": signals.speech_like(),
    "music": signals.music_like(),
    "sweep": signals.sweep(),
    "click": signals.click(),
    "tone": signals.tone(),
    "rumble": np.cumsum(signals.white()) * 0.01,
    "hiss": np.diff(signals.white(), n=3),
}


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_energies_equal_exact_time_domain_filtering(name, dtype):
    """Every frame and channel within 100 dB of the loudest: 0.5 dB, and 0.05 dB for most of them."""
    signal = SIGNALS[name]
    module = GammatoneSpectrogram(16000)
    ours = module(torch.tensor(signal, dtype=dtype)).double().numpy()
    exact = signals.exact_energies(signal, module.center_frequencies.double().numpy(), 400, 160)
    assert ours.shape == exact.shape
    heard = exact > 1e-10 * exact.max()
    assert heard.mean() > 0.02
    error = np.abs(10 * np.log10(ours[heard] / exact[heard]))
    assert error.max() < 0.5
    assert np.quantile(error, 0.9) < 0.05


@pytest.mark.parametrize(
    ("rate", "hop", "win"), [(8000, 80, 200), (22050, 220, 551), (44100, 441, 1102), (16000, 101, 303)]
)
def test_other_rates_hops_and_windows(rate, hop, win):
    signal = signals.white(0.5)
    module = GammatoneSpectrogram(rate, n_filters=12, hop_length=hop, win_length=win, n_fft=2048)
    ours = module(torch.tensor(signal)).numpy()
    exact = signals.exact_energies(signal, module.center_frequencies.double().numpy(), win, hop, rate)
    heard = exact > 1e-9 * exact.max()
    assert np.abs(10 * np.log10(ours[heard] / exact[heard])).max() < 0.1


def test_impossible_ranges_are_refused():
    with pytest.raises(ValueError, match="8000"):
        GammatoneSpectrogram(16000, f_max=9000)
    with pytest.raises(ValueError, match="f_min"):
        GammatoneSpectrogram(16000, f_min=4000, f_max=3000)
