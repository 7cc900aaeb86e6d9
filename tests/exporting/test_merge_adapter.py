"""An adapter merged into its base answers as the model that was trained."""

import json

import pytest
import torch

from exporting.merge_adapter import merge, merge_if_adapter, rounded_to_int8
from exporting.run_source import read_run


def test_rounding_is_the_one_that_training_used():
    from grokaem.memory.int8 import Int8Linear, expand

    layer = torch.nn.Linear(48, 20)
    trained = Int8Linear.from_linear(layer)
    meant = expand(trained.weight.CB, trained.weight.SCB, torch.float32)
    rounded = rounded_to_int8(layer.weight)
    torch.testing.assert_close(rounded, meant, rtol=0, atol=1e-7)
    assert (rounded - layer.weight).abs().max() > 1e-4, "eight bits are not thirty-two"


@pytest.mark.parametrize(
    "flags", [["--lora-rank", "4"], ["--lora-rank", "4", "--load-in-8bit"]], ids=" ".join
)
def test_merged_model_answers_as_the_trained_one(flags, train, tmp_path):
    done = train(*flags, "--precision", "fp32", "--max-steps", 6, "--learning-rate", "1e-2")
    report = done.report
    assert report["trainable_parameters"] < 0.1 * report["parameters"]
    assert (done.folder / "adapter_model.safetensors").is_file()
    assert not (done.folder / "model.safetensors").exists()
    adapter = json.loads((done.folder / "adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == report["base_model"]["name"]
    run = read_run(done.folder)
    trained, merged = done.training.task.model.eval(), merge(run).eval()
    ids = torch.randint(1000, 20000, (4, 24), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        first, second = trained(input_ids=ids).logits, merged(input_ids=ids).logits
    torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)
    assert first.std() > 1e-3

    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    plain = merge_if_adapter(run, tmp_path / "plain")
    again = AutoModelForSequenceClassification.from_pretrained(plain.path).eval()
    assert AutoTokenizer.from_pretrained(plain.path).vocab_size > 1000
    with torch.inference_mode():
        torch.testing.assert_close(again(input_ids=ids).logits, second)
    assert plain.bytes > run.bytes and plain.report is run.report
    assert again.config.id2label == {0: "acq", 1: "earn"}


def test_a_run_with_plain_weights_is_left_alone(text_run, tmp_path):
    run = read_run(text_run)
    assert merge_if_adapter(run, tmp_path / "plain") is run
    assert not (tmp_path / "plain").exists()
