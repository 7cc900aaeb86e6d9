import numpy as np
import pytest
import torch

from grokaem.audio import spafe_features
from grokaem.audio.cepstra import normalize_utterance, with_deltas
from grokaem.audio.feature_list import FEATURES
from grokaem.audio.features import MFCC, LogMel, MelSpectrogram, Spectrogram, make
from grokaem.audio.torchaudio_loader import load_torchaudio
from tests.audio import signals


def test_torchaudio_loads_and_again():
    assert load_torchaudio() is load_torchaudio()


@pytest.mark.parametrize("name", [key for key, feature in FEATURES.items() if feature.streams])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_all_features_share_their_frames(name, rate):
    module = make(name, rate)
    result = module(torch.randn(2, rate // 2))
    assert module.hop_length == round(0.01 * rate)
    assert result.shape == (2, module.n_features, 1 + (rate // 2) // module.hop_length)
    assert torch.isfinite(result).all()


@pytest.mark.parametrize("name", [key for key, feature in FEATURES.items() if feature.streams])
def test_a_single_sample_and_silence_are_results(name):
    for clip in (torch.ones(1), torch.zeros(1000)):
        assert torch.isfinite(make(name)(clip)).all()


def test_spectrogram_is_the_definition():
    clip = signals.white(0.1)
    padded = np.pad(clip, 256)
    window = np.pad(np.hanning(401)[:400], 56)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 512)[::160]
    expected = np.abs(np.fft.rfft(frames * window)).T ** 2
    ours = Spectrogram()(torch.tensor(clip, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_mel_and_mfcc_agree_with_librosa():
    librosa = pytest.importorskip("librosa")
    clip = signals.speech_like().astype(np.float32)
    common = {
        "sr": 16000,
        "n_fft": 512,
        "win_length": 400,
        "hop_length": 160,
        "n_mels": 40,
        "pad_mode": "constant",
    }
    mel = librosa.feature.melspectrogram(y=clip, htk=True, norm=None, **common)
    ours = MelSpectrogram(16000, 40)(torch.tensor(clip)).numpy()
    assert np.abs(ours - mel).max() < 1e-4 * mel.max()
    decibels = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=80)
    expected = librosa.feature.mfcc(S=decibels, n_mfcc=13)
    ours = MFCC(16000, 13, decibels=True)(torch.tensor(clip)).numpy()
    assert np.abs(ours - expected).max() < 1e-3 * np.abs(expected).max()


def test_mfcc_is_the_cosine_transform_of_the_log_mel():
    from scipy.fft import dct

    clip = torch.tensor(signals.white(), dtype=torch.float32)
    expected = dct(LogMel(16000, n_mels=40)(clip).numpy(), axis=0, norm="ortho")[:13]
    np.testing.assert_allclose(MFCC(16000)(clip).numpy(), expected, rtol=1e-3, atol=1e-3)


def test_unknown_names_and_settings_are_refused():
    with pytest.raises(ValueError, match="spectrogram, mel"):
        make("cepstrogram")
    with pytest.raises(ValueError, match="n_melons"):
        make("mel", n_melons=3)
    with pytest.raises(ValueError, match="hop"):
        make("mel", hop_seconds=0.1)
    with pytest.raises(ValueError, match="n_mels"):
        make("mfcc", n_mfcc=50)
    with pytest.raises(ValueError, match="n_fft"):
        make("gfcc", n_fft=256)


@pytest.mark.parametrize("name", [name for name in spafe_features.NAMES if name not in ("lpc", "lpcc")])
def test_spafe_cepstra_behind_the_same_interface(name):
    import importlib

    clip = signals.white(0.4)
    result = make(name)(torch.tensor(np.stack([clip, -clip])))
    assert result.shape[:2] == (2, 13)
    module = {"plp": "rplp"}.get(name, name)
    function = getattr(importlib.import_module(f"spafe.features.{module}"), name)
    np.testing.assert_allclose(result[0].numpy(), function(clip, fs=16000).T, rtol=1e-6, atol=1e-9)


def test_spafe_on_a_clip_that_is_too_short_says_so():
    with pytest.raises(ValueError, match="longer"):
        make("lfcc")(torch.zeros(10))


def test_deltas_are_the_slope():
    ramp = torch.arange(50.0).expand(3, 50)
    result = with_deltas(ramp, 2)
    assert result.shape == (9, 50)
    torch.testing.assert_close(result[3:6, 5:-5], torch.ones(3, 40))
    torch.testing.assert_close(result[6:, 10:-10], torch.zeros(3, 30))
    with pytest.raises(ValueError, match="odd"):
        with_deltas(ramp, 1, 4)


def test_normalised_rows_have_mean_zero_and_deviation_one():
    features = 5 + 3 * torch.randn(4, 13, 200)
    features[0, 0] = 7.0
    result = normalize_utterance(features)
    assert result.mean(-1).abs().max() < 1e-4
    deviation = result.std(-1, unbiased=False)
    assert deviation[0, 0] < 1e-3
    torch.testing.assert_close(deviation[1:], torch.ones(3, 13), rtol=1e-4, atol=1e-4)
