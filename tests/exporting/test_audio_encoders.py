"""Sound classifiers of the Hub's kinds, tiny and random: one graph from the waveform, extractor included."""

import json

import numpy as np
import pytest
import soundfile
import torch

from grokaem import inference
from tests.conftest import run_script

RATE = 16000
SECONDS = (0.25, 0.4, 0.4, 0.31)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(0)
    for kind in ("hum", "noise"):
        (folder / kind).mkdir()
        for number in range(16):
            time = np.arange(int(SECONDS[number % 4] * RATE)) / RATE
            hum = np.sin(2 * np.pi * rng.uniform(100, 400) * time)
            clip = hum if kind == "hum" else rng.standard_normal(len(time))
            soundfile.write(folder / kind / f"{number}.flac", 0.2 * clip / np.abs(clip).max(), RATE)
    return folder


def wav2vec2(folder, kind="Wav2Vec2", **extractor):
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(16, 16, 16),
        conv_stride=(5, 4, 4),
        conv_kernel=(10, 8, 8),
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=16,
        id2label={0: "noise", 1: "hum"},
        label2id={"noise": 0, "hum": 1},
    )
    getattr(transformers, f"{kind}ForSequenceClassification")(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(**extractor).save_pretrained(folder)


def spectrogram_transformer(folder):
    from grokaem.audio.torchaudio_loader import load_torchaudio

    load_torchaudio()
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(0)
    config = ASTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_length=64,
        num_mel_bins=32,
        id2label={0: "noise", 1: "hum"},
        label2id={"noise": 0, "hum": 1},
    )
    ASTForAudioClassification(config).save_pretrained(folder)
    ASTFeatureExtractor(max_length=64, num_mel_bins=32).save_pretrained(folder)


ENCODERS = {
    "wav2vec2": lambda folder: wav2vec2(folder, do_normalize=True, return_attention_mask=False),
    "masked": lambda folder: wav2vec2(folder, do_normalize=True, return_attention_mask=True),
    "raw": lambda folder: wav2vec2(folder, do_normalize=False),
    "hubert": lambda folder: wav2vec2(folder, "Hubert", do_normalize=True),
    "wavlm": lambda folder: wav2vec2(folder, "WavLM", do_normalize=True),
    "ast": spectrogram_transformer,
}


@pytest.mark.parametrize("kind", list(ENCODERS))
def test_graph_gives_the_scores_of_extractor_and_model(kind, sounds, tmp_path):
    from exporting.audio_source import AudioSource
    from exporting.run_source import Run

    ENCODERS[kind](tmp_path / "model")
    report = {"task": "audio", "config": {"sample_rate": RATE, "max_seconds": 0.35}}
    source = AudioSource(Run(tmp_path / "model", report))
    (tmp_path / "export").mkdir()
    source.convert(tmp_path / "export")
    source.write_rest(tmp_path / "export")
    paths = sorted(sounds.glob("*/*.flac"))[::2]
    original = source.original_logits(paths)
    scale = np.abs(original).max()
    assert original.std(axis=0).min() > 0.03 * scale, "sounds must differ for the model, or nothing is tested"
    classifier = inference.load(tmp_path / "export")
    clips = source.read(paths)
    assert {len(clip) for clip in clips} == {int(0.25 * RATE), int(0.35 * RATE)}
    together, alone = classifier.logits(clips), np.concatenate([classifier.logits([clip]) for clip in clips])
    assert np.abs(together - original).max() < 0.02 * scale
    assert np.abs(alone - original).max() < 0.02 * scale


def test_export_of_a_hub_s_encoder(sounds, tmp_path):
    wav2vec2(tmp_path / "their-encoder", do_normalize=True)
    done = run_script(
        "exporting/export.py",
        "their-encoder",
        "--dataset",
        sounds,
        "--max-drop",
        "0.9",
        "--precision",
        "int8",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    run = tmp_path / "runs" / f"their-encoder-{sounds.name}"
    parity = json.loads((run / "export" / "parity.json").read_text())
    assert parity["method"] == "int8" and parity["max_score_difference"] < 0.2
    assert json.loads((run / "export" / "config.json").read_text())["padded"] is False
    said = run_script("grokaem predict", run, sounds / "hum" / "0.flac", cwd=tmp_path)
    assert said.returncode == 0 and json.loads(said.stdout)["label"] in ("noise", "hum")


def test_an_extractor_that_is_not_known_is_named():
    from transformers import WhisperFeatureExtractor

    from exporting.audio_graph import with_front_end

    with pytest.raises(ValueError, match="what WhisperFeatureExtractor does"):
        with_front_end(torch.nn.Identity(), WhisperFeatureExtractor())
