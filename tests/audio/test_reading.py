import numpy as np
import pytest
import soundfile
import torch

from grokaem.audio.reading import read_blocks, read_waveform
from grokaem.audio.resampling import resample, resample_blocks
from grokaem.audio.torchaudio_loader import torchaudio


def written(path, samples, rate, **kind):
    soundfile.write(path, samples, rate, **kind)
    return path


@pytest.mark.parametrize(
    ("source", "target"), [(44100, 16000), (8000, 16000), (48000, 16000), (11025, 16000), (16000, 44100)]
)
def test_resampling_agrees_with_torchaudio(source, target):
    # Of speech-like noise, which lies below the band where two filters may roll off differently.
    samples = np.cumsum(np.random.default_rng(0).standard_normal(source // 2 + 7)).astype(np.float32)
    samples = samples - np.convolve(samples, np.ones(99) / 99, "same").astype(np.float32)
    samples = np.convolve(samples, np.hanning(16) / 8, "same").astype(np.float32)
    expected = torchaudio.functional.resample(
        torch.tensor(samples, dtype=torch.float64), source, target, lowpass_filter_width=64,
        rolloff=0.9475937, resampling_method="sinc_interp_kaiser", beta=14.7696565,
    ).numpy()  # fmt: skip
    ours = resample(samples, source, target)
    assert abs(len(ours) - len(expected)) <= 1
    both = min(len(ours), len(expected))
    error = (ours[:both] - expected[:both])[500:-500]
    assert np.sqrt(np.mean(error**2)) < 0.01 * samples.std()


@pytest.mark.parametrize("source", [44100, 44101, 15999, 12345])
def test_a_sine_stays_a_sine_at_any_rate(source):
    ours = resample(np.sin(2 * np.pi * 1000 * np.arange(source) / source).astype(np.float32), source, 16000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    assert len(ours) == 16000
    assert np.abs(ours - expected)[400:-400].max() < 1e-5


def test_what_the_new_rate_cannot_hold_is_removed():
    source = np.sin(2 * np.pi * 9000 * np.arange(44100) / 44100).astype(np.float32)
    assert np.abs(resample(source, 44100, 16000)[400:-400]).max() < 1e-6


@pytest.mark.parametrize(
    ("source", "target", "length"), [(44100, 16000, 500_000), (16000, 44100, 500_000), (44101, 16000, 20_000)]
)
@pytest.mark.parametrize("cuts", [[1, 2, 3], [0.5], [10, 0.7, 0.8]])
def test_blocks_join_to_the_whole_bit_for_bit(source, target, length, cuts):
    samples = np.random.default_rng(1).standard_normal(length).astype(np.float32)
    cuts = [cut if isinstance(cut, int) else int(cut * length) for cut in cuts]
    joined = np.concatenate(list(resample_blocks(np.split(samples, cuts), source, target)))
    np.testing.assert_array_equal(joined, resample(samples, source, target))


@pytest.mark.parametrize(
    ("suffix", "kind", "tolerance"),
    [("wav", {}, 1e-4), ("wav", {"subtype": "FLOAT"}, 1e-7), ("flac", {}, 1e-4), ("aiff", {}, 1e-4),
     ("ogg", {}, 0.1), ("mp3", {}, 0.1), ("caf", {}, 1e-4), ("w64", {}, 1e-4)],
)  # fmt: skip
def test_containers(tmp_path, suffix, kind, tolerance):
    samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    waveform = read_waveform(written(tmp_path / f"a.{suffix}", samples, 16000, **kind))
    assert waveform.dtype == np.float32
    assert abs(len(waveform) - 16000) < 2500  # lossy codecs pad
    assert np.abs(np.abs(waveform[4000:12000]).max() - 0.5) < tolerance


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_are_averaged(tmp_path, channels):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (1000, channels)).astype(np.float32)
    path = written(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    np.testing.assert_allclose(read_waveform(path), samples.mean(axis=1), atol=1e-6)


def test_silence_clipping_and_one_sample_are_results(tmp_path):
    assert not read_waveform(written(tmp_path / "s.wav", np.zeros(4000), 8000)).any()
    clipped = np.clip(3 * np.sin(np.arange(4000)), -1, 1)
    assert np.abs(read_waveform(written(tmp_path / "c.wav", clipped, 16000))).max() <= 1
    assert read_waveform(written(tmp_path / "o.wav", np.ones(1) * 0.5, 16000)).shape == (1,)
    assert read_waveform(written(tmp_path / "p.wav", np.ones(1) * 0.5, 44100)).shape == (1,)


def test_max_seconds_reads_the_start(tmp_path):
    samples = np.random.default_rng(0).uniform(-1, 1, 44100 * 3).astype(np.float32)
    path = written(tmp_path / "a.wav", samples, 44100, subtype="FLOAT")
    start = read_waveform(path, max_seconds=0.5)
    assert start.shape == (8000,)
    np.testing.assert_allclose(start[:7800], read_waveform(path)[:7800], atol=1e-5)


def test_blocks_of_a_file_join_to_its_waveform(tmp_path):
    samples = np.random.default_rng(0).uniform(-1, 1, 8000 * 70).astype(np.float32)
    path = written(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    blocks = list(read_blocks(path))
    assert len(blocks) > 2
    np.testing.assert_allclose(np.concatenate(blocks), read_waveform(path), atol=1e-5)


def test_every_bad_input_is_one_sentence_that_names_the_file(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("not a sound")
    (tmp_path / "headerless.raw").write_bytes(b"12345678")
    good = written(tmp_path / "good.flac", np.random.default_rng(0).uniform(-1, 1, 40000), 16000)
    (tmp_path / "cut.flac").write_bytes(good.read_bytes()[:2000])
    written(tmp_path / "none.wav", np.zeros(0), 16000)
    written(tmp_path / "nan.wav", np.array([0.0, np.nan, 1.0]), 16000, subtype="FLOAT")
    written(tmp_path / "inf.wav", np.array([0.0, np.inf]), 16000, subtype="DOUBLE")
    written(tmp_path / "loud.wav", np.array([0.0, 1e30]), 16000, subtype="DOUBLE")
    for name, word in {
        "empty.wav": "0 bytes", "text.wav": "cannot be read", "headerless.raw": "cannot be read",
        "none.wav": "no samples", "nan.wav": "finite", "inf.wav": "finite", "loud.wav": "over 1e", ".": "folder",
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=word) as caught:
            read_waveform(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match=r"missing\.wav"):
        read_waveform(tmp_path / "missing.wav")
    try:  # a cut file gives its readable part or the sentence
        assert len(read_waveform(tmp_path / "cut.flac")) < 40000
    except ValueError as error:
        assert "cut.flac" in str(error)


def test_reading_needs_no_torch():
    import subprocess
    import sys

    modules = ", ".join(f"grokaem.audio.{name}" for name in ("reading", "noise", "gammatone", "wide_resnet_shapes"))
    code = f"import sys, {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
