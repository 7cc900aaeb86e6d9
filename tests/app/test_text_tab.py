"""The text tab's functions and the choice of the model it serves, without a server."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from demos import text_classification as tab
from demos import text_input, text_scoring
from demos.served_model import ServedModel
from tests.app.test_topics_tab import event


def encode(texts):
    """Vectors of unit length that depend on the first letter alone."""
    angles = np.array([(ord(text[0]) - ord("a")) * 0.1 for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def export(folder, task, labels=("no", "yes"), when=1000):
    folder = folder / "export"
    folder.mkdir(parents=True)
    config = {"task": task, "id2label": {str(number): name for number, name in enumerate(labels)}}
    (folder / "config.json").write_text(json.dumps(config))
    os.utime(folder / "config.json", (when, when))
    return folder


def test_labels_are_split_trimmed_and_each_kept_once():
    assert text_input.parse_labels(" sports, politics\nsports,, science ") == ["sports", "politics", "science"]
    assert text_input.parse_labels("  ") == []


@pytest.mark.parametrize(
    "labels, message",
    [
        ("sports", "at least two"),
        (",".join(map(str, range(21))), "21 labels"),
        ("a," + "b" * 61, "longer than 60"),
    ],
)
def test_labels_beyond_the_limits_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        text_input.parse_labels(labels)


@pytest.mark.parametrize(
    "text, message", [("", "no text"), (" \n", "no text"), ("x" * 2001, "2,001 characters")]
)
def test_texts_beyond_the_limits_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        text_input.check_text(text)


def test_likeness_scores_are_the_softmax_of_the_cosines():
    scores = text_scoring.similarity_scores("b text", ["b name", "e name", "z name"], encode)
    cosines = np.cos([0.0, 0.3, 2.4])
    expected = np.exp(cosines / 0.05) / np.exp(cosines / 0.05).sum()
    assert list(scores.values()) == pytest.approx(expected, abs=1e-4)
    assert sum(scores.values()) == pytest.approx(1)


def test_without_model_and_labels_the_visitor_is_told_what_to_type(tmp_path, monkeypatch):
    monkeypatch.delenv("NO_MODEL", raising=False)
    demo = tab.create_demo(ServedModel("text", "NO_MODEL", tmp_path), encode)
    with pytest.raises(gr.Error, match="at least two label names"):
        event(demo, "classify_text")("a text", "")
    scores, note = event(demo, "classify_text")("a text", "apple, zebra")
    assert max(scores, key=scores.get) == "apple" and " ms** on the CPU" in note


def test_the_served_model_answers_where_no_labels_are_typed(tmp_path, monkeypatch):
    export(tmp_path / "run", "text")
    prediction = SimpleNamespace(scores={"no": 0.1, "yes": 0.9}, milliseconds=1.5)
    loads = []

    def load(name):
        loads.append(name)
        export = SimpleNamespace(task="text")
        return SimpleNamespace(predict=lambda texts: [prediction] * len(texts), export=export, example=lambda: "a text")

    monkeypatch.setattr("grokaem.inference.load", load)
    demo = tab.create_demo(ServedModel("text", "NO_MODEL", tmp_path), encode)
    for _ in range(2):
        scores, note = event(demo, "classify_text")("a text", "")
    assert scores == prediction.scores and note.startswith("**1.5 ms**")
    assert loads == [str(tmp_path / "run" / "export")], "loaded once, at first use"


def test_the_newest_export_of_the_task_is_served_unless_one_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("A_MODEL", raising=False)
    served = ServedModel("text", "A_MODEL", tmp_path)
    assert served.name() is None and served.describe() == ""
    export(tmp_path / "new", "text", when=3000)
    export(tmp_path / "old", "text", when=2000)
    export(tmp_path / "sound", "audio", when=4000)
    assert served.name() == str(tmp_path / "new" / "export")
    (tmp_path / "new" / "export" / "parity.json").write_text(
        json.dumps({"method": "int8-weight", "export": {"accuracy": 0.8312, "bytes": 23_400_000}})
    )
    assert served.describe() == (
        "Model: **new**, int8-weight on OpenVINO · 2 labels: no, yes · test accuracy 0.831 · 23 MB"
    )
    run = {"base_model": {"name": "some/encoder"}, "data": {"name": "reviews"}}
    (tmp_path / "new" / "run.json").write_text(json.dumps(run))
    assert served.describe().startswith("Model: **encoder fine-tuned on reviews**, int8-weight on OpenVINO")
    monkeypatch.setenv("A_MODEL", "owner/name")
    assert served.name() == "owner/name" and served.describe() == "Model: **owner/name**"


def test_the_variable_names_the_folder_of_the_runs(tmp_path, monkeypatch):
    monkeypatch.delenv("A_MODEL", raising=False)
    export(tmp_path / "there" / "run", "text")
    monkeypatch.setenv("GROKAEM_RUNS", str(tmp_path / "there"))
    assert ServedModel("text", "A_MODEL").name() == str(tmp_path / "there" / "run" / "export")
    monkeypatch.setenv("GROKAEM_RUNS", str(tmp_path / "nowhere"))
    assert ServedModel("text", "A_MODEL").name() is None


def test_a_classifier_of_the_other_task_is_refused(tmp_path, monkeypatch):
    sound = SimpleNamespace(export=SimpleNamespace(task="audio"))
    monkeypatch.setattr("grokaem.inference.load", lambda name: sound)
    monkeypatch.setenv("A_MODEL", "owner/name")
    with pytest.raises(ValueError, match="A_MODEL names a classifier of audio; this tab serves text"):
        ServedModel("text", "A_MODEL", tmp_path).load()
