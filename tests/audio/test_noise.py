import numpy as np
import pytest
from scipy.signal import welch

from grokaem.audio.noise import KINDS, add_noise, babble_noise, make_noise, pink_noise
from tests.audio import signals

VOICES = [signals.speech_like(1.0, seed).astype(np.float32) for seed in range(7)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("snr", [-5, 0, 20])
def test_the_ratio_is_the_one_asked_for(kind, snr):
    clip = signals.speech_like(1.0, 9)
    noisy = add_noise(clip, make_noise(kind, len(clip), 3, VOICES), snr)
    added = noisy - clip
    assert noisy.dtype == np.float32
    assert 10 * np.log10(np.mean(clip**2) / np.mean(added**2)) == pytest.approx(snr, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides(kind):
    first, again, other = (make_noise(kind, 20000, seed, VOICES) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert np.isfinite(first).all()


@pytest.mark.parametrize(("kind", "slope"), [("white", 0.0), ("pink", -3.01)])
def test_the_spectrum_falls_by_the_octave(kind, slope):
    frequency, power = welch(make_noise(kind, 400_000, 0), 16000, nperseg=4096)
    used = (frequency > 100) & (frequency < 7000)
    fitted = np.polyfit(np.log2(frequency[used]), 10 * np.log10(power[used]), 1)[0]
    assert fitted == pytest.approx(slope, abs=0.1)


def test_babble_is_made_of_the_clips_and_passes_over_silence():
    noise = babble_noise(16000, [np.zeros(100), VOICES[0]], seed=0, talkers=1)
    spectrum = np.abs(np.fft.rfft(noise))
    expected = np.abs(np.fft.rfft(VOICES[0]))
    assert np.corrcoef(spectrum, expected)[0, 1] > 0.999
    with pytest.raises(ValueError, match="clips"):
        babble_noise(100, [np.zeros(10)])


def test_silence_stays_and_impossible_requests_are_refused():
    assert not add_noise(np.zeros(100), pink_noise(100), 0).any()
    for noise, snr, word in (
        (np.ones(5), 0, "longer"),
        (np.zeros(10), 0, "silent"),
        (np.ones(10), np.nan, "finite"),
    ):
        with pytest.raises(ValueError, match=word):
            add_noise(np.ones(10), noise, snr)
    with pytest.raises(ValueError, match="white, pink"):
        make_noise("brown", 10)
