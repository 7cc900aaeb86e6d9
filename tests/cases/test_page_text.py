"""What visitors and their files say is text in everything that the page shows; nothing of it asks another host."""

from __future__ import annotations

import json

import gradio as gr
import numpy as np
import pytest

from demos.error_messages import one_sentence
from demos.text_classification import create_demo
from demos.text_input import parse_labels
from demos.topic_input import Asked, check_settings, collect_documents
from grokaem import charts, corpora
from grokaem.curves import curves
from grokaem.figure import Axis

IMAGE = "<img src=https://elsewhere.example/x>"


def event(demo, name):
    return next(each.fn for each in demo.fns.values() if each.api_name == name)


@one_sentence
def answer(value, path=""):
    """Gives back what it is given."""
    if isinstance(value, Exception):
        raise value
    return value


@pytest.mark.case("P6")
def test_a_lone_surrogate_is_written_out_wherever_it_is():
    given = {"\ud800": 0.5, "b": ["\udfff", ("ok", 1)]}
    assert answer(given) == {"\\ud800": 0.5, "b": ["\\udfff", ("ok", 1)]}
    array = np.zeros(3)
    assert answer((array, None))[0] is array
    with pytest.raises(gr.Error) as refusal:
        answer(ValueError("no column \ud800"))
    refusal.value.message.encode()


@pytest.mark.case("P6")
def test_a_message_is_no_html():
    with pytest.raises(gr.Error) as refusal:
        answer(ValueError(f"the label {IMAGE} & more"))
    assert refusal.value.message == "the label &lt;img src=https://elsewhere.example/x&gt; &amp; more"


@pytest.mark.case("P7")
def test_an_uploaded_file_is_called_by_its_name_in_notes_too(tmp_path):
    path = str(tmp_path / "own.csv")
    assert answer([f"read from {path}"], path) == ["read from own.csv"]
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert answer(f"read from {path}", str(link / "own.csv")) == "read from own.csv"


@pytest.mark.case("P6")
def test_label_names_are_characters():
    assert parse_labels(f"{IMAGE}, \ud800, \x1b[31m") == [IMAGE, "\\ud800", "\\x1b[31m"]
    answer = event(create_demo(_Nothing(), _encode), "classify_text")("a text \ud800", f"{IMAGE},b\ud800")
    scores = answer["scores"]
    assert set(scores) == {IMAGE, "b\\ud800"}
    json.dumps(scores, ensure_ascii=False).encode()


class _Nothing:
    def name(self):
        return None

    def describe(self):
        return ""


def _encode(texts):
    return np.ones((len(texts), 2), np.float32) / np.sqrt(2)


@pytest.mark.case("P6")
def test_no_chart_reads_a_name_as_markup_or_as_a_template():
    drawn = [
        charts.bars([IMAGE, "%{meta}"], [1.0, 2.0], title="weight"),
        charts.points([charts.Points(f"{IMAGE}%{{meta}}", np.zeros((1, 2), np.float32), [IMAGE])]),
        charts.bar_grid([charts.Bars(IMAGE, [IMAGE, "%{meta}"], [1.0, 2.0])]),
        charts.matrix(np.eye(1), charts.Names("", [IMAGE]), charts.Names(""), value_title="", bounds=(0, 1)),
        curves(np.arange(2), {f"{IMAGE}%{{meta}}": np.arange(2)}, Axis("x"), Axis("y"), mark=(1, 1), mark_name=IMAGE),
    ]
    for figure in drawn:
        assert "<img" not in json.dumps(figure) and "&lt;img" in json.dumps(figure)
        for trace in figure["data"]:
            assert "%{meta}" not in trace["hovertemplate"]


@pytest.mark.case("P5")
def test_a_thousand_repetitions_are_refused():
    with pytest.raises(ValueError, match="twice"):
        check_settings(Asked("lines", models=("NMF",) * 1000, n_topics=5))


@pytest.mark.case("L14")
def test_pasted_lines_are_cut_at_line_ends_alone(case_inputs):
    lines = (case_inputs / "lines.txt").read_text(encoding="utf-8")
    for ending in ("\n", "\r\n"):
        documents, _, _ = collect_documents(Asked("lines", lines.replace("\n", ending)), corpora.read_documents, [])
        assert len(documents) == 48
