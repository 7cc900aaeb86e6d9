"""The topic tab's functions, without a server."""

from __future__ import annotations

import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from demos import topic_modelling as tab
from demos import topic_summary


def reader(texts):
    return lambda name: SimpleNamespace(texts=texts)


MODEL = SimpleNamespace(
    topics=[
        [("rare", 0.5), ("<b>", 0.25)],
        [("common", 2.0), ("word", 1.0), ("third", 0.5), ("fourth", 0.1)],
    ],
    document_topics=np.array([[0.2, 0.8], [0.0, 1.0], [0.7, 0.3], [0.1, 0.9]]),
)
DOCUMENTS = ["first", "second", "third " * 200, "fourth"]


def test_lines_become_documents_without_the_blank_ones():
    lines = "\n".join(["a story", "  ", ""] * 12)
    assert tab.collect_documents("lines", lines, None, reader([])) == ["a story"] * 12


@pytest.mark.parametrize(
    "source, lines, file, texts, message",
    [
        ("lines", "", None, [], "at least 10 documents"),
        ("lines", "one\ntwo", None, [], "here are 2"),
        ("lines", "x" * (tab.MAX_CHARACTERS + 1), None, [], "1,000,001 characters"),
        ("file", "", None, [], "Choose a file"),
        ("file", "", "up/picture.png", [], "picture.png is not a file of documents"),
        ("file", "", "up/a.txt", ["x"] * (tab.MAX_DOCUMENTS + 1), "2,001 documents are too many"),
        ("file", "", "up/a.txt", ["x" * 20_000] * 60, "1,200,000 characters"),
        ("everything", "", None, [], "not 'everything'"),
    ],
)
def test_input_beyond_the_limits_is_refused_in_one_sentence(source, lines, file, texts, message):
    with pytest.raises(ValueError, match=message) as refusal:
        tab.collect_documents(source, lines, file, reader(texts))
    assert "\n" not in str(refusal.value)


def test_topics_are_ordered_by_their_share_of_the_corpus():
    topics = topic_summary.summarize(MODEL, DOCUMENTS)["topics"]
    assert [topic["share"] for topic in topics] == pytest.approx([0.75, 0.25])
    assert [topic["words"][0][0] for topic in topics] == ["common", "rare"]


def test_a_topic_is_read_in_the_documents_that_have_most_of_it():
    common, rare = topic_summary.summarize(MODEL, DOCUMENTS)["topics"]
    assert [text for _, text in common["documents"]] == ["second", "fourth", "first"]
    share, text = rare["documents"][0]
    assert share == pytest.approx(0.7)
    assert text.startswith("third third") and text.endswith("…") and len(text) < 300


def test_the_chart_shows_the_shares_and_takes_words_for_words():
    figure = json.loads(topic_summary.draw_shares(topic_summary.summarize(MODEL, DOCUMENTS)).plot)
    assert figure["data"][0]["x"] == pytest.approx([0.75, 0.25])
    assert "2 · rare, &lt;b&gt;" in figure["layout"]["yaxis"]["ticktext"]


def test_opening_a_topic_draws_its_words():
    summary = topic_summary.summarize(MODEL, DOCUMENTS)
    chart, documents = topic_summary.draw_topic(summary, 0)
    assert json.loads(chart.plot)["data"][0]["x"] == [2.0, 1.0, 0.5, 0.1]
    assert documents[0] == ["100%", "second"]


@pytest.mark.parametrize("summary, number", [(None, 0), ({"topics": []}, 0), ({"topics": [{}]}, None)])
def test_nothing_to_open_draws_nothing(summary, number):
    assert topic_summary.draw_topic(summary, number) == (None, [])


def event(demo, name):
    return next(block.fn for block in demo.fns.values() if block.api_name == name)


@pytest.mark.parametrize(
    "model, n_topics, message",
    [
        ("PCA", 5, "one of NMF, LDA, LSA, BERTopic, BERT"),
        ("NMF", 1, "from 2 to 30"),
        ("NMF", 31, "from 2"),
        ("NMF", 2.5, "whole number"),
    ],
)
def test_settings_out_of_range_are_refused(model, n_topics, message):
    demo = tab.create_demo(reader(["a story"] * 20), lambda *a, **k: MODEL)
    with pytest.raises(gr.Error, match=message):
        event(demo, "fit_topics")("sample", "", None, model, n_topics)


def test_the_event_hands_the_documents_to_the_model_and_says_what_happened():
    called = {}

    def fit(model, documents, **settings):
        called.update(settings, model=model, documents=documents)
        return SimpleNamespace(**vars(MODEL), notes=["dropped 2 words"])

    demo = tab.create_demo(reader([]), fit)
    lines = "\n".join(f"story {number}" for number in range(12))
    table, note, _ = event(demo, "fit_topics")("lines", lines, None, "BERTopic", 4)
    assert called["model"] == "bertopic" and called["n_topics"] == 4 and called["documents"][11] == "story 11"
    assert table[0] == ["1", "75.0%", "common, word, third, fourth"]
    assert "**2 topics** in 12 documents" in note and "Dropped 2 words." in note
