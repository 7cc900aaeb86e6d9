import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModelForAudioClassification

from grokaem.audio.feature_list import FEATURES
from grokaem.audio.wide_resnet_model import WideResNetAudioConfig, WideResNetForAudioClassification
from tests.audio import signals
from tests.audio.test_wide_resnet import randomized

FRONT_ENDS = [key for key, feature in FEATURES.items() if feature.streams]


def model(**settings):
    torch.manual_seed(0)
    config = WideResNetAudioConfig(**{"depth": 10, "widen_factor": 1, "num_labels": 4, **settings})
    result = WideResNetForAudioClassification(config).eval()
    randomized(result)
    return result


def clips():
    batch = torch.tensor(np.stack([signals.speech_like(1.0, seed) for seed in range(3)]), dtype=torch.float32)
    batch[1, 9000:] = 0
    batch[2, 700:] = 0
    return batch


@pytest.mark.parametrize("features", FRONT_ENDS)
def test_saved_and_loaded_without_trusting_remote_code(features, tmp_path):
    original = model(features=features, id2label={i: f"drum {i}" for i in range(4)}, max_seconds=1.0)
    original.save_pretrained(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    loaded = AutoModelForAudioClassification.from_pretrained(tmp_path).eval()
    assert loaded.config.id2label == {i: f"drum {i}" for i in range(4)}
    assert loaded.config.max_samples == 16000
    with torch.no_grad():
        assert torch.equal(loaded(clips()).logits, original(clips()).logits)


@pytest.mark.parametrize(
    ("features", "mask_padding"), [*((name, True) for name in FRONT_ENDS), ("logmel", False), ("gfcc", False)]
)
def test_the_openvino_graph_matches_for_any_batch_and_time(features, mask_padding):
    import openvino

    network = model(features=features, mask_padding=mask_padding)
    batch = clips()
    graph = openvino.convert_model(network, example_input={"input_values": batch[:1]})
    compiled = openvino.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for inputs in (batch, batch[:1, :12345], torch.nn.functional.pad(batch, (0, 20000))):
        with torch.no_grad():
            expected = network(inputs).logits.numpy()
        assert np.abs(compiled(inputs.numpy())[0] - expected).max() < 3e-3 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("normalize", ["utterance", "feature", "none"])
def test_padding_changes_nothing_when_masked(normalize):
    network, batch = model(normalize=normalize), clips()
    with torch.no_grad():
        together = network(batch).logits
        padded = network(torch.nn.functional.pad(batch, (0, 12345))).logits
        alone = torch.cat(
            [network(batch[:1]).logits, network(batch[1:2, :9000]).logits, network(batch[2:, :700]).logits]
        )
    torch.testing.assert_close(padded, together, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(alone, together, rtol=1e-3, atol=1e-3)


def test_without_the_mask_everything_is_max_seconds_long():
    network, batch = model(mask_padding=False, max_seconds=1.0), clips()
    with torch.no_grad():
        short, long = (
            network(batch[:, :9000]).logits,
            network(torch.nn.functional.pad(batch[:, :9000], (0, 30000))).logits,
        )
    torch.testing.assert_close(short, long)


def test_loudness_does_not_matter_after_normalisation():
    network, batch = model(feature_settings={"log_offset": 1e-12}), clips()[:1] + 1e-3 * torch.randn(1, 16000)
    with torch.no_grad():
        torch.testing.assert_close(network(0.1 * batch).logits, network(batch).logits, rtol=1e-2, atol=1e-2)


def test_silence_and_a_single_sample_have_finite_scores_and_gradients():
    network = model().train()
    for batch in (torch.zeros(2, 8000), torch.ones(2, 1)):
        network.zero_grad()
        network(batch, labels=torch.tensor([0, 1])).loss.backward()
        assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_loss_takes_class_numbers_and_mixtures():
    network, batch = model(), clips()
    numbers = torch.tensor([0, 3, 1])
    mixtures = torch.nn.functional.one_hot(numbers, 4).float()
    torch.testing.assert_close(network(batch, labels=numbers).loss, network(batch, labels=mixtures).loss)


def test_gradient_checkpointing_through_transformers():
    network = model().train()
    network.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    network(clips(), labels=torch.tensor([0, 1, 2])).loss.backward()
    assert network.network.stem.weight.grad.abs().sum() > 0


def test_half_precision_autocast_keeps_the_front_end_exact():
    network, batch = model(), clips()
    features, _ = network.extract(batch)
    with torch.autocast("cpu", torch.bfloat16):
        under, _ = network.extract(batch)
    torch.testing.assert_close(under.float(), features, rtol=2e-2, atol=2e-2)


def test_impossible_settings_are_refused():
    for settings, word in (
        ({"normalize": "batch"}, "utterance"),
        ({"max_seconds": 0}, "positive"),
        ({"features": "x"}, "logmel"),
        ({"depth": 12}, "10, 16"),
    ):
        with pytest.raises(ValueError, match=word):
            model(**settings)


@pytest.mark.slow
def test_a_fresh_process_loads_it_after_one_import(tmp_path):
    model().save_pretrained(tmp_path)
    code = (
        "import transformers, torch, grokaem.audio.wide_resnet_model;"
        f"m = transformers.AutoModelForAudioClassification.from_pretrained({str(tmp_path)!r});"
        "print(tuple(m(torch.zeros(1, 4000)).logits.shape))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "(1, 4)" in done.stdout
