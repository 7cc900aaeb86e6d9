"""Saved models of words that are not as they were saved: one sentence each, that names the file."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from grokaem import inference
from grokaem.text.tfidf_model import TfidfModel
from grokaem.text.words import WordSettings

TERMS = ["bad", "dull", "good", "warm"]
IDF = np.array([1.5, 2.0, 1.5, 2.0], np.float32)
WEIGHTS = np.array([[1.0, 2.0, -1.0, -2.0], [-1.0, -2.0, 1.0, 2.0]], np.float32)
BIAS = np.array([0.1, -0.1], np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words") / "model"
    TfidfModel(WordSettings(), (1, 1), TERMS, IDF, WEIGHTS, BIAS).save(folder, ["neg", "pos"], {})
    assert inference.load(folder).predict(["a warm film"])[0].label == "pos"
    return folder


def tensors(folder, **changed):
    kept = {"idf": IDF, "weights": WEIGHTS, "bias": BIAS} | changed
    save_file({name: tensor for name, tensor in kept.items() if tensor is not None}, folder / "words.safetensors")


def configure(folder, **settings):
    config = json.loads((folder / "config.json").read_text())
    words = config["words"] | settings.pop("words", {})
    (folder / "config.json").write_text(json.dumps(config | {"words": words} | settings))


DAMAGE = [
    (lambda f: (f / "vocabulary.json").write_text(json.dumps(["x"] * 4)), "vocabulary.json has a word twice"),
    (lambda f: (f / "vocabulary.json").write_text('{"a": 1}'), "vocabulary.json is no list of words"),
    (lambda f: (f / "vocabulary.json").write_text("[1, 2, 3, 4]"), "vocabulary.json is no list of words"),
    (lambda f: (f / "vocabulary.json").write_text("[" * 100_000), "vocabulary.json cannot be read"),
    (lambda f: (f / "vocabulary.json").write_text('["a"]'), "do not fit together"),
    (lambda f: (f / "words.safetensors").write_bytes(b""), "words.safetensors is not whole"),
    (lambda f: (f / "words.safetensors").write_bytes(b"\xff" * 8 + b"{}"), "words.safetensors is not whole"),
    (lambda f: tensors(f, idf=None), "do not fit together"),
    (lambda f: tensors(f, more=IDF), "do not fit together"),
    (lambda f: tensors(f, idf=IDF * np.float32(np.nan)), "no finite number"),
    (lambda f: tensors(f, bias=BIAS.astype(np.int32)), "no finite number"),
    (lambda f: configure(f, ngrams=[0, 1]), "config.json does not say how"),
    (lambda f: configure(f, ngrams=[1]), "config.json does not say how"),
    (lambda f: configure(f, ngrams="12"), "config.json does not say how"),
    (lambda f: configure(f, words={"lemmas": "no"}), "config.json does not say how"),
    (lambda f: configure(f, words={"unheard": 1}), "config.json does not say how"),
    (lambda f: configure(f, words={"own_stop_words": [1]}), "config.json does not say how"),
    (lambda f: configure(f, id2label={"0": "a", "1": "a"}), "two labels the same name"),
]


@pytest.mark.parametrize("damage, words", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_model_is_named(saved, tmp_path, damage, words):
    """Without a record, as a published one is."""
    folder = shutil.copytree(saved, tmp_path / "model")
    (folder / ".grokaem.json").unlink()
    damage(folder)
    with pytest.raises(ValueError) as caught:
        inference.load(folder)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).endswith("again.") or "with a name for each." in str(caught.value)


def test_words_or_labels_that_were_swapped_are_named(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "model")
    (folder / "vocabulary.json").write_text(json.dumps([TERMS[1], TERMS[0], *TERMS[2:]]))
    configure(folder, id2label={"0": "pos", "1": "neg"})
    with pytest.raises(ValueError, match=r"\(config\.json, vocabulary\.json changed since\)"):
        inference.load(folder)


def test_runs_of_words_longer_than_any_text_take_no_time(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "model")
    (folder / ".grokaem.json").unlink()
    configure(folder, ngrams=[1, 10**12])
    assert inference.load(folder).predict(["a warm film"])[0].label == "pos"
