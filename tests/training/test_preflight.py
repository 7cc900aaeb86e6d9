"""A plain bug is found on the CPU, before the run, and told with the input that shows it."""

import types

import numpy as np
import pytest

from grokaem.memory.settings import MemorySettings
from training.audio_task import check_clips
from training.preflight import check_labels, preflight
from training.text_task import check_tokens


@pytest.fixture(scope="module")
def task(tiny_bert, news_csv):
    from grokaem import corpora
    from grokaem.hub.base_model import resolve
    from training.config import parse
    from training.text_task import TextTask

    config = parse(["--dataset", str(news_csv), "--base-model", str(tiny_bert)])
    return TextTask(config, corpora.load(str(news_csv), task="text"), resolve(str(tiny_bert)))


def test_a_sound_run_passes_and_tells_the_first_loss(task):
    items = task.train_set()
    (told,) = preflight(task, items, MemorySettings(32, precision="bf16"), 1e-4)
    assert "ln 2 = 0.693" in told
    first = float(told.split("first loss ")[1].split()[0])
    assert first == pytest.approx(0.693, abs=0.1)


@pytest.mark.parametrize(
    "settings",
    [
        MemorySettings(8, lora_rank=4, load_in_8bit=True, gradient_checkpointing=True),
        MemorySettings(8, precision="bf16-pure", optimizer="adamw8bit", freeze="embeddings"),
        MemorySettings(8, precision="fp16"),
        MemorySettings(8, optimizer_in_backward=True),
    ],
    ids=lambda settings: " ".join(settings.flags()[2:]),
)
def test_it_takes_its_step_with_the_levers_of_the_run(settings, task):
    assert preflight(task, task.train_set(), settings, 1e-3)


def test_wrong_labels_are_named():
    with pytest.raises(ValueError, match=r"training input 2 \(third\) has label 3: .* 0 to 2"):
        check_labels([0, 2, 3], ["first", "second", "third"], 3)
    with pytest.raises(ValueError, match="label 1.0"):
        check_labels([0, 1.0], ["first", "second"], 2)
    with pytest.raises(ValueError, match="at least 2"):
        check_labels([0, 0], ["first", "second"], 1)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"input_ids": []}, "no tokens"),
        ({"input_ids": [1, 2, 900]}, "token 900, and the model's table has 500 rows"),
        ({"waveform": np.zeros(0, np.float32)}, r"shape \(0,\)"),
        ({"waveform": np.array([0.1, np.nan], np.float32)}, "not numbers"),
        ({"waveform": np.zeros(9, np.float32)}, "silent"),
    ],
)
def test_wrong_inputs_are_named(item, words):
    with pytest.raises(ValueError, match=words):
        check_tokens([item], ["a text"], 500) if "input_ids" in item else check_clips([item], ["a.wav"])


def test_weights_that_are_not_numbers_stop_the_run(task, monkeypatch):
    genuine = task.load_model

    def broken(dtype="float32"):
        model = genuine(dtype)
        model.classifier.weight.data.fill_(float("nan"))
        return model

    monkeypatch.setattr(task, "load_model", broken)
    with pytest.raises(ValueError, match="first loss is nan for training input"):
        preflight(task, task.train_set(), MemorySettings(), 1e-4)


def test_a_head_trained_for_other_labels_is_told(task, monkeypatch):
    genuine = task.load_model
    items = task.train_set()

    def opinionated(dtype="float32"):
        model = genuine(dtype)
        label = items[int(np.argmax([len(item["input_ids"]) for item in items]))]["labels"]
        model.classifier.bias.data[1 - label] = 9.0
        return model

    monkeypatch.setattr(task, "load_model", opinionated)
    with pytest.raises(ValueError, match="trained for other labels"):
        preflight(task, items, MemorySettings(), 1e-4)


def test_an_input_that_the_model_cannot_take_is_named(task, monkeypatch):
    genuine = task.collator

    def too_wide(items):
        batch = genuine(items)
        return {**batch, "attention_mask": batch["attention_mask"][:, :-3]}

    monkeypatch.setattr(task, "collator", too_wide)
    with pytest.raises(ValueError, match=r"cannot take training input \d+ \("):
        preflight(task, task.train_set(), MemorySettings(), 1e-4)


def test_a_step_that_makes_things_worse_stops_the_run(task, monkeypatch):
    import torch

    def uphill(model, *_, **__):
        return torch.optim.SGD(model.parameters(), lr=0.1, maximize=True)

    monkeypatch.setattr("grokaem.memory.optimizers.build_optimizer", uphill)
    with pytest.raises(ValueError, match=r"raised the loss from .* for training input .* --learning-rate"):
        preflight(task, task.train_set(), MemorySettings(), 1e-4)


def test_tokens_cut_off_and_unknown_are_counted(tiny_bert):
    from grokaem.hub.base_model import resolve
    from training.config import parse
    from training.text_task import TextTask

    part = types.SimpleNamespace(inputs=["a " * 20, "☃ ☃ fine", "short"], labels=[0, 1, 0])
    corpus = types.SimpleNamespace(label_names=["x", "y"], train=part, task="text")
    task = TextTask(parse(["--sequence-length", "8"]), corpus, resolve(str(tiny_bert)))
    task.train_set()
    assert (task.truncated, task.truncated_tokens, task.unknown) == (1, 20 - 6, 2)
    cut, unknown = task.announce()
    assert "1 texts are longer than 8 tokens" in cut and "14 tokens lost" in cut
    assert "2 of " in unknown
