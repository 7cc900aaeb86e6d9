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
from demos.text_result import marked
from grokaem.text.occlusion import LeftOut
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
    scores, others = text_scoring.likenesses(["b text", "z text"], ["b name", "e name", "z name"], encode)
    cosines = np.cos([0.0, 0.3, 2.4])
    expected = np.exp(cosines / 0.05) / np.exp(cosines / 0.05).sum()
    assert list(scores.values()) == pytest.approx(expected, abs=1e-4)
    assert sum(scores.values()) == pytest.approx(1) and max(others, key=others.get) == "z name"


def test_without_model_and_labels_the_visitor_is_told_what_to_type(tmp_path, monkeypatch):
    monkeypatch.delenv("NO_MODEL", raising=False)
    demo = tab.create_demo(ServedModel("text", "NO_MODEL", tmp_path), encode)
    with pytest.raises(gr.Error, match="at least two label names"):
        event(demo, "classify_text")("a text", "")
    answer = event(demo, "classify_text")("a text", "apple, zebra")
    assert answer["label"] == "apple" and answer["score"] == answer["scores"]["apple"] > 0.99
    assert answer["by"] == "label names" and not answer["probabilities"], "they are not calibrated, and it is said"


@pytest.fixture
def serving(tmp_path, monkeypatch):
    """A served model that likes one word, and the names that it was loaded by."""
    export(tmp_path / "run", "text")
    loads = []

    def predict(texts):
        shares = [0.999999 if "good" in text else 0.25 for text in texts]
        return [SimpleNamespace(scores={"no": 1 - share, "yes": share}, milliseconds=1.5, read="") for share in shares]

    def load(name):
        loads.append(name)
        return SimpleNamespace(predict=predict, export=SimpleNamespace(task="text"), example=lambda: "a text")

    monkeypatch.setattr("grokaem.inference.load", load)
    return ServedModel("text", "NO_MODEL", tmp_path), loads


def test_the_served_model_answers_where_no_labels_are_typed(serving, tmp_path):
    served, loads = serving
    demo = tab.create_demo(served, encode)
    for _ in range(2):
        answer = event(demo, "classify_text")("a good text", "")
    assert answer["scores"] == {"no": 1 - 0.999999, "yes": 0.999999}, "as they are, not rounded"
    assert answer["milliseconds"] == 1.5 and answer["by"] == "run" and answer["probabilities"]
    assert loads == [str(tmp_path / "run" / "export")], "loaded once, at first use"


def test_each_word_is_left_out_and_its_effect_told(serving):
    answer = event(tab.create_demo(serving[0], encode), "explain_sentence")("A good, good<text> it is")
    assert [(word["word"], word["start"]) for word in answer["words"]] == [
        ("good", 2), ("good", 8), ("text", 13), ("it", 19), ("is", 22)
    ]  # fmt: skip
    assert answer["label"] == "yes" and all(word["effect"] == 0 for word in answer["words"]), "the other good is left"
    word = event(tab.create_demo(serving[0], encode), "explain_sentence")("One good text")["words"][1]
    assert word["score_without"] == 0.25
    assert word["effect"] == pytest.approx(np.log(0.999999 / 1e-6) - np.log(0.25 / 0.75), rel=1e-3)


def test_the_words_are_marked_in_place_and_nothing_of_the_text_is_markup(serving):
    scorer = text_scoring.TextScorer(serving[0], encode)
    shown = tab.scored(scorer, "A <i>good</i> text", "", lambda *_, **__: None)
    assert "A &lt;i&gt;<mark class=\"for step3\"" in shown and ">good<sub>+" in shown and "<i>good" not in shown
    assert "Without <i><span class=\"quoted\">good</span></i> it would be <b>0.2500</b>" in shown
    assert "0.999999" in shown and "1.5 ms on the CPU · by the fine-tuned model" in shown
    long = tab.scored(scorer, "good " + "word " * 99, "", lambda *_, **__: None)
    assert "the first 60 of 100 words were left out in turn" in long


def test_a_mark_against_is_told_by_its_line_and_its_sign():
    words = [LeftOut("bad", 0, 3, -2.0, 0.9), LeftOut("day", 4, 7, 0.1, 0.5)]
    shown = marked("bad day", words, "joy", elem_id="words")
    assert '<mark class="against step3" title="−2.0">bad<sub>−2.0</sub></mark> day</p>' in shown
    assert "No word alone" in marked("bad day", [], "joy", elem_id="words")


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
