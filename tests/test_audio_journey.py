"""Sounds of the user's own: a folder of class-named folders -> run -> one graph from waveform to scores."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from grokaem import inference
from tests.conftest import run_script

RATE = 22050  # not the model's: files must be resampled


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Struck bars (decaying partials) and shakers (decaying noise), as a percussionist would file them."""
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(0)
    time = np.arange(int(0.3 * RATE)) / RATE
    for kind in ("bar", "shaker"):
        (folder / kind).mkdir()
        for number in range(40):
            decay = np.exp(-time * rng.uniform(8, 20))
            if kind == "bar":
                pitch = rng.uniform(200, 900)
                clip = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2.76, 5.4))
            else:
                clip = rng.standard_normal(len(time))
            soundfile.write(folder / kind / f"{number}.flac", 0.3 * decay * clip / np.abs(clip).max(), RATE)
    return folder


@pytest.fixture(scope="module")
def audio_run(sounds, tmp_path_factory):
    home = tmp_path_factory.mktemp("studio")
    done = run_script(
        "training/finetune.py",
        "--task",
        "audio",
        "--dataset",
        sounds,
        "--epochs",
        12,
        "--max-seconds",
        "0.3",
        "--widen-factor",
        1,
        "--batch-size",
        8,
        "--output-dir",
        "run",
        "--export",
        cwd=home,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return home / "run"


def test_run_and_export_are_whole(audio_run):
    report = json.loads((audio_run / "run.json").read_text())
    assert report["base_model"]["name"] == "wide_resnet" and report["data"]["task"] == "audio"
    assert report["config"]["sample_rate"] == 16000 and report["metrics"]["accuracy"] > 0.7
    parity = json.loads((audio_run / "export" / "parity.json").read_text())
    assert parity["gate"]["passed"] and parity["n"] == report["data"]["sizes"]["test"]
    assert {p.name for p in (audio_run / "export").iterdir()} == {
        "openvino_model.xml",
        "openvino_model.bin",
        "config.json",
        "parity.json",
        "README.md",
        ".grokaem.json",
    }


def test_the_first_snippet_prints_the_label_as_soon_as_there_is_a_folder(audio_run, sounds, tmp_path):
    folder = shutil.copytree(audio_run / "export", tmp_path / "fresh")
    snippet = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.S)[1]
    silence = re.search(r"numpy\.zeros.*?(?=  #)", snippet)[0]
    from_file = re.search(r"or (soundfile\.read\(.*?\)\[0\])", snippet)[1]
    classifier = inference.load(folder)
    clips = [(silence, np.zeros(round(0.3 * classifier.sample_rate), np.float32))]
    for kind in ("bar", "shaker"):
        clip = 0.3 * np.asarray(soundfile.read(sounds / kind / "1.flac")[0][: round(0.3 * classifier.sample_rate)])
        soundfile.write(folder / f"{kind}.wav", clip, classifier.sample_rate, subtype="FLOAT")
        samples = soundfile.read(folder / f"{kind}.wav", dtype="float32")[0]
        clips.append((from_file.replace("clip.wav", f"{kind}.wav"), samples))
    right = [prediction.label for prediction in classifier.predict([samples for _, samples in clips])]
    assert len(set(right)) == 2
    for (given, _), label in zip(clips, right, strict=True):
        code = snippet.replace(silence, given)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr[-1500:]
        assert done.stdout.strip() == label


def test_graph_takes_the_waveform_and_matches_torch(audio_run, sounds, tmp_path):
    import openvino
    import torch

    from exporting.audio_source import AudioSource
    from exporting.run_source import read_run

    source = AudioSource(read_run(audio_run))
    source.convert(tmp_path)
    graph = openvino.Core().compile_model(
        tmp_path / "openvino_model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    clips = np.stack(source.read(sorted(sounds.glob("*/*.flac"))[::9]))
    with torch.inference_mode():
        original = source.model(input_values=torch.from_numpy(clips)).logits.numpy()
    assert np.abs(graph(clips)[0] - original).max() < 3e-3
    assert np.abs(graph(clips[:1])[0] - original[:1]).max() < 3e-3, "any batch size"


def test_predict_from_files_of_another_rate(audio_run, sounds):
    files = [sounds / "bar" / "3.flac", sounds / "shaker" / "3.flac"]
    done = run_script("grokaem predict", audio_run, *files, cwd=audio_run.parent)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["input"] for row in rows] == [str(file) for file in files]
    assert [row["label"] for row in rows] == ["bar", "shaker"]


@pytest.mark.parametrize(
    "waveform, words",
    [(np.zeros(0), "shape"), (np.zeros((2, 100)), "shape"), (np.array([0.0, np.nan]), "NaN")],
)
def test_impossible_waveforms_are_one_sentence(audio_run, waveform, words):
    with pytest.raises(ValueError, match=words):
        inference.load(audio_run).predict([waveform])


def test_a_text_is_not_a_sound(audio_run):
    done = run_script("grokaem predict", audio_run, "just words", cwd=audio_run.parent)
    assert done.returncode == 1 and "just words" in done.stderr and len(done.stderr.splitlines()) == 2
