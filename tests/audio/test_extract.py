import os
import resource
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from grokaem.audio.extract import extract, extract_all, main
from grokaem.audio.feature_list import FEATURES
from grokaem.audio.features import LONGEST_WINDOW, make
from grokaem.audio.reading import read_waveform
from tests.audio import signals
from tests.conftest import ROOT, started

COMMAND = "grokaem audio-features"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for seed in range(4):
        soundfile.write(folder / f"{seed}.wav", signals.speech_like(0.5 + 0.2 * seed, seed), 16000)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "long.flac"
    soundfile.write(path, np.tile(signals.speech_like(7.3), 20), 22050)
    return path


@pytest.mark.parametrize("name", [key for key, feature in FEATURES.items() if feature.streams])
def test_a_streamed_file_equals_the_whole(name, long_file):
    feature = make(name)
    streamed = extract(long_file, feature)
    whole = feature(torch.from_numpy(read_waveform(long_file))).numpy()
    assert streamed.shape == whole.shape
    assert np.abs(streamed - whole).max() < 1e-4 * np.abs(whole).max()


@pytest.mark.parametrize("jobs", [1, 3])
def test_many_files_come_back_in_order(clips, jobs):
    feature = make("gfcc")
    results = list(extract_all(clips, feature, jobs=jobs))
    assert [path for path, _ in results] == clips
    for path, array in results:
        np.testing.assert_allclose(array, extract(path, feature), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("suffix", ["npz", "csv", "parquet"])
def test_the_command_writes_every_format(clips, tmp_path, suffix, capsys):
    output = tmp_path / f"out.{suffix}"
    assert main([*map(str, clips), "--features", "mfcc", "--output", str(output)]) == 0
    assert "4 files" in capsys.readouterr().out
    for path in clips:
        expected = extract(path, make("mfcc"))
        if suffix == "npz":
            found = np.load(output)[str(path)]
        else:
            table = pd.read_csv(output) if suffix == "csv" else pd.read_parquet(output)
            rows = table[table["file"] == str(path)]
            assert np.allclose(rows["seconds"], rows["frame"] * 0.01)
            found = rows[[f"mfcc_{i}" for i in range(13)]].to_numpy().T
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert [p.name for p in tmp_path.iterdir()] == [output.name]


def test_settings_reach_the_feature(clips, tmp_path):
    output = tmp_path / "out.npz"
    options = [
        "--coefficients",
        "5",
        "--filters",
        "16",
        "--method",
        "fft",
        "--compression",
        "log",
        "--deltas",
        "1",
    ]
    assert (
        main([str(clips[0]), "--output", str(output), "--normalize", "--hop-seconds", "0.02", *options]) == 0
    )
    (array,) = np.load(output).values()
    assert array.shape == (10, 1 + 8000 // 320)
    np.testing.assert_allclose(array.mean(axis=1), 0, atol=1e-4)
    other = tmp_path / "other.npz"
    assert main([str(clips[0]), "--output", str(other), "--features", "pncc", "--coefficients", "7"]) == 0
    assert next(iter(np.load(other).values())).shape[0] == 7


def test_unreadable_files_are_set_aside(clips, tmp_path, capsys):
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    output = tmp_path / "out.npz"
    assert main([str(clips[0]), str(bad), "--output", str(output)]) == 1
    told = capsys.readouterr().err
    assert "1 file set aside" in told and "bad.wav" in told
    assert len(np.load(output).files) == 1
    with pytest.raises(ValueError, match="None of the files"):
        main([str(bad), "--output", str(tmp_path / "none.csv")])
    assert not (tmp_path / "none.csv").exists() and "bad.wav" in capsys.readouterr().err


def test_the_command_from_another_folder(clips, tmp_path):
    command = [*started(COMMAND), str(clips[0]), "--output", "out.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.csv").exists()
    for wrong in (
        [str(clips[0]), str(clips[0]), "--output", "o.npz"],
        [str(clips[0]), "--output", "o.xls"],
        [str(clips[0]), "--output", "no/o.npz"],
    ):
        done = subprocess.run(
            [*started(COMMAND), *wrong], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options, words",
    [
        (["--hop-seconds", "nan"], "every nan s is not possible"),
        (["--hop-seconds", "0"], "every 0 s is not possible"),
        (["--hop-seconds", "inf"], "every inf s is not possible"),
        (["--window-seconds", "nan"], "window of nan s"),
        (["--window-seconds", "1e9"], "window of 1e+09 s"),
        (["--window-seconds", "0.5"], "at most 0.4 s"),
        (["--filters", "1000000"], "1000000 filters"),
        (["--filters", "0", "--features", "mel"], "0 filters"),
        (["--filters", "-1", "--features", "pncc"], "-1 filters"),
        (["--coefficients", "0", "--features", "mfcc"], "0 coefficients"),
        (["--coefficients", "0", "--features", "lpc"], "0 coefficients"),
        (["--coefficients", "1000000"], "1000000 coefficients"),
    ],
)
def test_settings_that_no_feature_has_are_refused_before_the_work(tmp_path, options, words):
    from grokaem import command_line

    with pytest.raises(ValueError) as caught:
        main(["nowhere.wav", "--output", str(tmp_path / "out.csv"), *options])
    assert words in str(caught.value) and "give" in str(caught.value)
    assert command_line.run(main, ["nowhere.wav", "--output", str(tmp_path / "out.csv"), *options]) == 2


@pytest.mark.parametrize("feature", ["logmel", "gammatone"])
def test_the_longest_window_streams_as_the_whole(tmp_path, feature):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 130 * 8000), 8000)
    settings = {"window_seconds": LONGEST_WINDOW, "hop_seconds": 0.1}
    streamed = extract(path, make(feature, 8000, **settings), 8000)
    whole = make(feature, 8000, **settings)(torch.from_numpy(soundfile.read(path, dtype="float32")[0])).numpy()
    np.testing.assert_allclose(streamed, whole, rtol=1e-4, atol=1e-5 * np.abs(whole).max())


def test_two_files_of_one_name_in_a_table_are_refused(clips, tmp_path):
    names = [os.fsdecode(b"\xff.wav"), "\\xff.wav"]
    for name in names:
        shutil.copy(clips[0], tmp_path / name)
    command = [*started(COMMAND), *names, "--features", "mfcc", "--output", "out.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and r"\xff.wav" in done.stderr and "rename one" in done.stderr, done.stderr
    assert not (tmp_path / "out.npz").exists()


def test_help_does_not_wait_for_torch():
    code = """
import sys
sys.path.insert(0, {root!r})
import grokaem.audio.extract
try:
    grokaem.audio.extract.main(["--help"])
except SystemExit:
    pass
assert "torch" not in sys.modules
"""
    code = code.format(root=str(ROOT))
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
def test_an_hour_in_bounded_memory(tmp_path):
    path = tmp_path / "hour.wav"
    minute = signals.speech_like(60.0).astype(np.float32)
    with soundfile.SoundFile(path, "w", 16000, 1) as file:
        for _ in range(60):
            file.write(minute)
    for _ in range(2):  # the first run warms everything up
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        frames = extract(path, make("gfcc")).shape[1]
    assert frames == 1 + 3600 * 100
    # The hour is 230 MB as float32; a minute, its features and its intermediate results stay far below.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
