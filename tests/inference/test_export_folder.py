"""Exports that are not as they were made: each is one sentence at load, and none ends the process."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from grokaem import inference, ownership
from tests.conftest import ROOT
from tests.inference.exports import sound_export, text_export


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return text_export(tmp_path_factory.mktemp("made") / "export", 2)


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "export")


def configure(folder, **settings):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def other_vocabulary(folder, **words):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, **words}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


def refused(folder, *words):
    with pytest.raises(ValueError) as caught:
        inference.load(folder)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert message.endswith(".") and "\n" not in message and len(message) < 400


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"id2label": {"0": "a", "1": "a"}}, ["two labels the same name (a)"]),
        ({"id2label": {"0": ["a"], "1": "b"}}, ["a label that is no text"]),
        ({"id2label": {"0": None, "1": "b"}}, ["a label that is no text"]),
        ({"max_length": 2.5}, ["max_length", "whole number"]),
        ({"max_length": float("nan")}, ["max_length"]),
        ({"max_length": True}, ["max_length"]),
        ({"max_length": 10**9}, ["max_length", "1,000,000"]),
        ({"max_length": 513, "max_position_embeddings": 512}, ["max_length of 513", "512 positions"]),
        ({"pad_token_id": "x"}, ["pad_token_id"]),
        ({"pad_token_id": -1}, ["pad_token_id"]),
        ({"pad_token_id": 30522}, ["tokenizer.json belongs to another model", "30,522"]),
        ({"task": "audio", "sample_rate": 16000, "max_seconds": 1}, ["takes attention_mask, input_ids", "audio"]),
    ],
)
def test_settings_that_no_export_has(folder, settings, words):
    configure(folder, **settings)
    refused(folder, *words)


@pytest.mark.parametrize(
    "settings",
    [{"max_seconds": float("nan")}, {"max_seconds": float("inf")}, {"max_seconds": 0}, {"sample_rate": 1},
     {"sample_rate": 16000.5}, {"sample_rate": "x"}],
)  # fmt: skip
def test_settings_that_no_sound_has(tmp_path, settings):
    folder = sound_export(tmp_path / "export")
    configure(folder, **settings)
    refused(folder, next(iter(settings)))
    configure(folder, sample_rate=16000, max_seconds=1.5)
    assert inference.load(folder).predict([np.zeros(100, np.float32)])
    configure(folder, task="text", max_length=9)
    shutil.copy(text_export(tmp_path / "text") / "tokenizer.json", folder)
    refused(folder, "takes waveform")


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000])
def test_a_config_that_is_nested_without_end(folder, content):
    (folder / "config.json").write_text(content)
    refused(folder, "config.json cannot be read")


def test_a_file_that_changed_since_it_was_made_is_named(folder):
    ownership.record(folder, "export")
    (folder / "README.md").write_text("my notes")
    assert inference.load(folder).predict(["warm"])
    data = bytearray((folder / "openvino_model.bin").read_bytes())
    data[len(data) // 2] ^= 1
    for name, content in (("openvino_model.bin", bytes(data)), ("tokenizer.json", b"{}"), ("config.json", None)):
        before = (folder / name).read_bytes()
        (folder / name).write_bytes(content or before.replace(b"label 0", b"label X"))
        refused(folder, f"({name} changed since)", "put the file back")
        (folder / name).write_bytes(before)
    other_vocabulary(folder, warm=1)
    refused(folder, "(tokenizer.json changed since)")
    (folder / ".grokaem.json").unlink()  # as a published one: nothing tells, and nothing breaks
    assert inference.load(folder).predict(["warm"])


def test_a_token_that_the_graph_has_no_row_for_is_refused_alone_and_in_bulk(folder):
    other_vocabulary(folder, warm=900_000, dull=30_521)
    classifier = inference.load(folder)
    assert classifier.predict(["dull", "dull " * 40])
    for texts in (["warm"], ["dull", "warm"] * 20):
        with pytest.raises(ValueError, match=r"tokenizer\.json belongs to another model \(token 900,000, of 30,522"):
            classifier.predict(texts)


def test_a_graph_that_takes_no_such_length_is_said_alone_and_in_bulk(tmp_path):
    """Positions of 8 tokens, added so that a longer text gives more rows of scores than texts."""
    import openvino
    from openvino import opset13 as ops

    folder = text_export(tmp_path / "export", 2, max_length=500)
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    ids.output(0).set_names({"input_ids"})
    rows = ops.gather(ops.constant(np.ones((30522, 2), np.float32)), ids, ops.constant(0))
    scores = ops.reshape(rows, ops.constant(np.array([-1, 2])), False)
    openvino.save_model(openvino.Model([scores], [ids]), folder / "openvino_model.xml")
    classifier = inference.load(folder)
    for texts in (["a warm film"], ["a warm film"] * 20):
        with pytest.raises(ValueError, match="export the model again"):
            classifier.predict(texts)


def test_damage_of_every_kind_leaves_the_process_alive(made, tmp_path):
    """One process loads one damaged folder after another, as a server would; it lives to the end."""
    program = f"""
import random, shutil, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from grokaem import inference
for seed in range(24):
    folder = Path({str(tmp_path)!r}) / str(seed)
    shutil.copytree({str(made)!r}, folder)
    rng = random.Random(seed)
    file = folder / ("openvino_model.xml", "openvino_model.bin", "tokenizer.json", "config.json")[seed % 4]
    data = bytearray(file.read_bytes())
    start = rng.randrange(len(data))
    data[start : start + 2000] = bytes([rng.choice((0, 127, 128, 255))]) * min(2000, len(data) - start)
    file.write_bytes(data if seed % 3 else data[:start])
    try:
        inference.load(folder).predict(["a warm film"] * (1 + seed % 2 * 20))
    except (ValueError, RuntimeError):
        pass
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "alive\n", (done.returncode, done.stderr)
