"""Sounds of everyday: odd and impossible rates, cancelling channels, silence, lying headers, one bad file of many."""

import os
import resource
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

from grokaem.audio import extract as command
from grokaem.audio.features import make
from grokaem.audio.reading import read_blocks, read_waveform, seconds_of
from grokaem.audio.spafe_features import NAMES as SPAFE

RATE = 16000


def tone(seconds, rate=RATE, frequency=440.0):
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.case("L17")
@pytest.mark.parametrize("rate", [44101, 47999, 31337, 11127])
def test_a_rate_without_a_common_divisor_is_resampled(tmp_path, rate):
    soundfile.write(tmp_path / "odd.wav", tone(0.5, rate), rate, subtype="FLOAT")
    waveform = read_waveform(tmp_path / "odd.wav")
    assert abs(len(waveform) - 8000) <= 1
    assert np.abs(waveform - tone(0.6)[: len(waveform)])[200:-200].max() < 1e-4


@pytest.mark.case("L17")
def test_reading_an_odd_rate_costs_what_a_usual_one_costs(case_inputs):
    import time

    def cpu(name):
        start = time.process_time()
        read_waveform(case_inputs / name)
        return time.process_time() - start

    read_waveform(case_inputs / "odd_rate.wav")  # imports
    # 2 s it once took; a usual file takes a thousandth of that, and a test may not depend on the clock more finely.
    assert cpu("odd_rate.wav") < 1.0


@pytest.mark.case("L17")
@pytest.mark.parametrize("rate", [1, 999, 1_000_001, 200_000_033, 2**31 - 1])
def test_an_impossible_rate_is_a_sentence_before_anything_is_reserved(case_inputs, tmp_path, rate):
    data = bytearray((case_inputs / "rate_bomb.wav").read_bytes())
    data[24:28] = rate.to_bytes(4, "little")
    (tmp_path / "bomb.wav").write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in (read_waveform, lambda path: list(read_blocks(path))):
        with pytest.raises(ValueError, match=r"bomb\.wav has a sample rate of .*give one from"):
            read(tmp_path / "bomb.wav")
    with pytest.raises(ValueError, match="sample rate"):
        read_waveform(case_inputs / "silence.wav", rate)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.case("L17")
def test_channels_that_cancel_are_not_averaged(case_inputs, tmp_path):
    told = []
    waveform = read_waveform(case_inputs / "antiphase.wav", tell=told.append)
    assert np.abs(waveform).max() > 0.49
    assert len(told) == 1 and "antiphase.wav" in told[0] and "cancel" in told[0]
    joined = np.concatenate(list(read_blocks(case_inputs / "antiphase.wav", tell=told.append)))
    np.testing.assert_array_equal(joined, waveform)
    # The loudest, wherever it is; and independent, equal or single channels are still averaged.
    x, noise = tone(1), np.random.default_rng(0).standard_normal((RATE, 3)).astype(np.float32) / 10
    for channels, mixed in {
        "quiet": np.stack([-0.93 * x, x], 1),
        "three": np.stack([x / 2, -x, x / 2], 1),
    }.items():
        soundfile.write(tmp_path / f"{channels}.wav", mixed, RATE, subtype="FLOAT")
        np.testing.assert_allclose(
            np.abs(read_waveform(tmp_path / f"{channels}.wav", tell=told.append)), np.abs(x), atol=1e-6
        )
    told.clear()
    for name, mixed in {
        "noise": noise,
        "one of six": np.stack([x, *[0 * x] * 5], 1),
        "equal": np.stack([x, x], 1),
        "nothing": np.zeros((RATE, 2)),
    }.items():
        soundfile.write(tmp_path / f"{name}.wav", mixed, RATE, subtype="FLOAT")
        found = read_waveform(tmp_path / f"{name}.wav", tell=told.append)
        np.testing.assert_allclose(found, mixed.mean(axis=1), atol=1e-6)
    assert not told


@pytest.mark.case("L17")
@pytest.mark.parametrize("name", SPAFE)
def test_silence_gives_finite_features(case_inputs, name):
    feature = make(name)
    silence = read_waveform(case_inputs / "silence.wav")
    half = np.concatenate([silence[:8000], tone(0.5)])
    for clip in (silence, half):
        assert torch.isfinite(feature(torch.from_numpy(clip))).all()
    usual = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) / 10
    again = feature(torch.from_numpy(usual)), feature(torch.from_numpy(usual))
    assert torch.equal(*again)


@pytest.mark.case("L17")
def test_a_header_that_promises_more_is_read_and_said(case_inputs, tmp_path):
    whole = (case_inputs / "sounds/low/speaker0/0.wav").read_bytes()
    (tmp_path / "promise.wav").write_bytes(whole[: 44 + 2 * 4000])
    told = []
    assert len(read_waveform(tmp_path / "promise.wav", tell=told.append)) == 4000
    assert len(told) == 1 and "promise.wav ends 0.75 s before" in told[0]
    told.clear()
    for name in ("piped.wav", "silence.wav"):  # a writer into a pipe does not know the length
        assert len(read_waveform(case_inputs / name, tell=told.append)) == RATE
    assert not told
    # By default it is a warning that reaches the terminal.
    code = "import sys; from grokaem.audio.reading import read_waveform; read_waveform(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "promise.wav"], capture_output=True, text=True)
    assert "promise.wav ends" in done.stderr and done.returncode == 0


@pytest.mark.case("L18")
@pytest.mark.parametrize("rate", [16000, 44100, 22050])
def test_the_start_of_a_long_file_is_that_of_the_whole_and_costs_as_much(tmp_path, rate):
    path = tmp_path / "long.flac"
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", rate, 1) as file:
        for _ in range(40):
            file.write(rng.uniform(-0.5, 0.5, 10 * rate).astype(np.float32))
    assert seconds_of(path) == 400
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = read_waveform(path, max_seconds=1.5)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5_000
    assert len(start) == 1.5 * RATE
    np.testing.assert_allclose(start, read_waveform(path)[: len(start)], atol=1e-4)


@pytest.mark.case("L17")
def test_a_file_named_twice_is_a_sentence(case_inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(case_inputs)
    for again in ("silence.wav", "./silence.wav", "sounds/../silence.wav"):
        with pytest.raises(ValueError, match="name each file once"):
            command.main(["silence.wav", again, "--output", str(tmp_path / "o.npz")])
    (tmp_path / "link.wav").symlink_to(case_inputs / "silence.wav")
    with pytest.raises(ValueError, match="name each file once"):
        command.main(["silence.wav", str(tmp_path / "link.wav"), "--output", str(tmp_path / "o.npz")])


@pytest.mark.case("L17")
def test_the_output_is_never_one_of_the_sounds(case_inputs, tmp_path):
    sound = tmp_path / "a.csv"  # a sound under an odd name
    sound.write_bytes((case_inputs / "silence.wav").read_bytes())
    with pytest.raises(ValueError, match="is one of the sounds"):
        command.main([str(sound), "--output", str(sound)])
    assert sound.read_bytes() == (case_inputs / "silence.wav").read_bytes()


@pytest.mark.case("L23")
@pytest.mark.parametrize("suffix", ["npz", "csv", "parquet"])
def test_the_last_of_many_files_takes_none_with_it(case_inputs, tmp_path, capsys, suffix):
    paths = sorted((case_inputs / "sounds").rglob("*.wav"))
    output = tmp_path / f"o.{suffix}"
    bad = [case_inputs / "no_sound.wav", case_inputs / "rate_bomb.wav", tmp_path / "missing.wav", tmp_path]
    words = [*map(str, paths), *map(str, bad), "--features", "mfcc", "--output", str(output)]
    assert command.main(words) == 1
    told = capsys.readouterr()
    assert f"from {len(paths)} files" in told.out
    assert "4 files set aside" in told.err and all(str(path) in told.err for path in bad)
    if suffix == "npz":
        assert len(np.load(output).files) == len(paths)
    else:
        import pandas

        table = pandas.read_csv(output) if suffix == "csv" else pandas.read_parquet(output)
        assert table["file"].nunique() == len(paths)


@pytest.mark.case("L23")
@pytest.mark.parametrize("suffix", ["npz", "csv", "parquet"])
def test_a_name_that_is_no_text_takes_none_with_it(case_inputs, tmp_path, suffix):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \x1b[31m.wav")
    with open(odd, "wb") as file:
        file.write((case_inputs / "silence.wav").read_bytes())
    good = str(case_inputs / "sounds/low/speaker0/0.wav")
    output = tmp_path / f"o.{suffix}"
    assert command.main([good, odd, "--features", "mfcc", "--output", str(output)]) == 0
    assert output.stat().st_size


@pytest.mark.case("L17")
def test_a_thousand_channels_are_read_in_small_stretches(tmp_path):
    soundfile.write(tmp_path / "many.wav", np.tile(tone(2)[:, None], (1, 300)), RATE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(map(len, read_blocks(tmp_path / "many.wav"))) == 2 * RATE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


@pytest.mark.case("L17")
def test_a_feature_of_the_whole_file_refuses_a_long_one(tmp_path):
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(11):
            file.write(np.zeros(60 * RATE, np.float32))
    with pytest.raises(ValueError, match="longer than 10 minutes"):
        command.extract(path, make("pncc"))


@pytest.mark.case("L17")
def test_linked_class_folders_are_followed_and_never_for_ever(case_inputs, tmp_path):
    from grokaem import corpora

    linked, plain = tmp_path / "linked", case_inputs / "sounds"
    linked.mkdir()
    for kind in ("low", "high"):
        (linked / kind).symlink_to(plain / kind)
    (tmp_path / "linked" / "loop").symlink_to(tmp_path / "linked")
    found, expected = corpora.load(str(linked), task="audio"), corpora.load(str(plain), task="audio")
    assert found.label_names == expected.label_names

    def names(corpus):
        return [sorted(path.name for path in part.inputs) for part in (corpus.train, corpus.validation, corpus.test)]

    assert names(found) == names(expected)
