"""The topic tab's functions, without a server."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from demos import topic_input, topic_layout, topic_reading, topic_summary, topic_tables
from demos import topic_modelling as tab


def reader(texts, labels=None):
    return lambda name: SimpleNamespace(texts=texts, labels=labels, notes=[])


MODEL = SimpleNamespace(
    topics=[
        [("rare", 0.5), ("<b>", 0.25)],
        [("common", 2.0), ("word", 1.0), ("third", 0.5), ("fourth", 0.1)],
    ],
    document_topics=np.array([[0.2, 0.8], [0.0, 1.0], [0.7, 0.3], [0.1, 0.9]]),
)
DOCUMENTS = ["first", "=cmd|' /C calc'!A0", "third " * 200, "fourth"]
RESULT = {
    "c_npmi": 0.1,
    "u_mass": -1.0,
    "c_uci": 0.5,
    "c_v": 0.4,
    "diversity": 1.0,
    "nmi": None,
    "seconds": 2.0,
}


def collect(source, lines="", file=None, texts=(), labels=None):
    return topic_input.collect_documents(source, lines, file, reader(list(texts), labels), ["sample"])


def test_lines_become_documents_without_the_blank_ones():
    lines = "\n".join(["a story", "  ", ""] * 12)
    assert collect("lines", lines) == (["a story"] * 12, None, [])


def test_blank_documents_go_with_their_labels():
    texts = ["a story", " ", "another"] * 6
    documents, labels, _ = collect("file", file="up/a.csv", texts=texts, labels=["x", "y", "z"] * 6)
    assert documents == ["a story", "another"] * 6 and labels == ["x", "z"] * 6


@pytest.mark.parametrize("texts, kept", [(["x"] * 5000, 2000), (["x" * 20_000] * 60, 50)])
def test_a_large_built_in_corpus_is_sampled_within_the_limits(texts, kept):
    documents, labels, (note,) = collect("sample", texts=texts, labels=list(range(len(texts))))
    assert len(documents) == len(labels) == kept and labels == sorted(labels)
    assert f"{kept:,} of {len(texts):,}" in note


@pytest.mark.parametrize(
    "source, lines, file, texts, message",
    [
        ("lines", "", None, [], "at least 10 documents"),
        ("lines", "one\ntwo", None, [], "here are 2"),
        ("lines", "x" * (topic_input.MAX_CHARACTERS + 1), None, [], "1,000,001 characters"),
        ("file", "", None, [], "Choose a file"),
        ("file", "", "up/picture.png", [], "picture.png is not a file of documents"),
        ("file", "", "up/a.txt", ["x"] * (topic_input.MAX_DOCUMENTS + 1), "2,001 documents are too many"),
        ("file", "", "up/a.txt", ["x" * 20_000] * 60, "1,200,000 characters"),
        ("everything", "", None, [], "one of sample, lines, file, not 'everything'"),
    ],
)
def test_input_beyond_the_limits_is_refused_in_one_sentence(source, lines, file, texts, message):
    with pytest.raises(ValueError, match=message) as refusal:
        collect(source, lines, file, texts)
    assert "\n" not in str(refusal.value)


def test_topics_are_ordered_by_their_share_of_the_corpus():
    summary = topic_summary.summarize(MODEL, DOCUMENTS)
    assert [topic["share"] for topic in summary["topics"]] == pytest.approx([0.75, 0.25])
    assert [topic["words"][0][0] for topic in summary["topics"]] == ["common", "rare"]
    assert summary["mixtures"][0] == pytest.approx([0.8, 0.2])


def test_a_topic_is_read_in_the_documents_that_have_most_of_it():
    common, rare = topic_summary.summarize(MODEL, DOCUMENTS)["topics"]
    assert [text for _, text in common["documents"]] == [DOCUMENTS[1], "fourth", "first"]
    share, text = rare["documents"][0]
    assert share == pytest.approx(0.7)
    assert text.startswith("third third") and text.endswith("…") and len(text) < 300


def test_the_chart_shows_the_shares_and_takes_words_for_words():
    figure = json.loads(topic_summary.draw_shares(topic_summary.summarize(MODEL, DOCUMENTS)).plot)
    assert figure["data"][0]["x"] == pytest.approx([0.75, 0.25])
    assert "2 · rare, &lt;b&gt;" in figure["layout"]["yaxis"]["ticktext"]


def test_models_are_drawn_by_their_coherence_and_one_without_is_left_out():
    results = {"LSA": RESULT | {"c_npmi": -0.2}, "LDA": RESULT | {"c_npmi": None}, "NMF": RESULT}
    figure = json.loads(topic_summary.draw_comparison(results).plot)
    assert figure["layout"]["yaxis"]["ticktext"] == ["NMF", "LSA"]
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < -0.2 and high > 0.1
    assert topic_summary.comparison_table(results)[1] == [
        "LDA",
        "–",
        "-1.00",
        "0.50",
        "0.400",
        "1.00",
        "–",
        "2.0",
    ]


def test_the_map_holds_every_document_once_under_its_main_topic():
    summary = topic_summary.summarize(MODEL, DOCUMENTS)
    traces = json.loads(topic_summary.draw_map(summary, np.zeros((4, 2)), DOCUMENTS).plot)["data"]
    assert [trace["name"] for trace in traces] == ["1 · common, word, third", "2 · rare, &lt;b&gt;"]
    assert [len(trace["text"]) for trace in traces] == [3, 1]
    assert traces[0]["text"][1].startswith("document 2: =cmd")


def test_opening_a_topic_draws_its_words():
    summary = topic_summary.summarize(MODEL, DOCUMENTS)
    chart, documents = topic_summary.draw_topic(summary, 0)
    assert json.loads(chart.plot)["data"][0]["x"] == [2.0, 1.0, 0.5, 0.1]
    assert documents[0] == ["100%", DOCUMENTS[1]]


def test_opening_a_document_draws_its_mixture():
    summary = topic_summary.summarize(MODEL, DOCUMENTS)
    chart, text = topic_summary.draw_document(summary, DOCUMENTS, 3)
    figure = json.loads(chart.plot)
    assert figure["data"][0]["x"] == pytest.approx([0.7, 0.3])
    assert figure["layout"]["yaxis"]["ticktext"][0].startswith("2 · rare")
    assert text.startswith("third third")
    assert topic_summary.draw_document(summary, DOCUMENTS, 5) == (None, "")


@pytest.mark.parametrize("summary, number", [(None, 0), ({"topics": []}, 0), ({"topics": [{}]}, None)])
def test_nothing_to_open_draws_nothing(summary, number):
    assert topic_summary.draw_topic(summary, number) == (None, [])


def test_the_tables_hold_words_and_mixtures_and_run_nothing(tmp_path):
    summary = topic_summary.summarize(MODEL, DOCUMENTS)
    topics, mixtures = topic_tables.write_tables(summary, DOCUMENTS, tmp_path / "new")
    with open(topics, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1] == ["1", "0.750000", "1", "common", "2"] and len(rows) == 7
    with open(mixtures, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["main topic"] for row in rows] == ["1", "1", "2", "1"]
    assert rows[1]["text"] == "'" + DOCUMENTS[1]
    assert float(rows[2]["topic 2 · rare, <b>"]) == pytest.approx(0.7)


def event(demo, name):
    return next(block.fn for block in demo.fns.values() if block.api_name == name)


@pytest.mark.parametrize(
    "models, n_topics, message",
    [
        (["PCA"], 5, "one of NMF, LDA, LSA, BERTopic, BERT"),
        ([], 5, "at least one topic model"),
        (["NMF"], 1, "from 2 to 30"),
        (["NMF"], 31, "from 2"),
        (["NMF"], 2.5, "whole number"),
    ],
)
def test_settings_out_of_range_are_refused(models, n_topics, message):
    demo = tab.create_demo(reader(["a story"] * 20), lambda *a, **k: (RESULT, MODEL), ["sample"])
    with pytest.raises(gr.Error, match=message):
        event(demo, "fit_topics")("sample", "", None, models, n_topics)


def test_the_event_hands_the_documents_to_each_model_and_says_what_happened():
    called = []

    def evaluate(model, documents, n_topics, seeds, reference, **settings):
        called.append((model, documents[11], n_topics))
        return RESULT | {"notes": ["dropped 2 words"]}, MODEL

    demo = tab.create_demo(reader([]), evaluate, ["sample"])
    lines = "\n".join(f"story {number}" for number in range(12))
    compared, topics, note, found = event(demo, "fit_topics")("lines", lines, None, ["LDA", "BERTopic"], 4)
    assert called == [("lda", "story 11", 4), ("bertopic", "story 11", 4)]
    assert [row[:2] for row in compared] == [["LDA", "0.100"], ["BERTopic", "0.100"]]
    assert topics[0] == ["LDA", "1", "75.0%", "common, word, third, fourth"] and len(topics) == 4
    assert "**LDA, BERTopic** looked for **4 topics** in 12 documents" in note
    assert found["embedded"] and found["summaries"]["LDA"]["notes"] == ["dropped 2 words"]


def fitted(**npmi):
    summary = topic_summary.summarize(MODEL, DOCUMENTS)
    return {
        "documents": DOCUMENTS,
        "results": {model: RESULT | {"c_npmi": value} for model, value in npmi.items()},
        "summaries": dict.fromkeys(npmi, summary),
        "embedded": False,
    }


def test_the_most_coherent_model_is_opened_first():
    _, choice, panel, _ = topic_reading.show_comparison(fitted(LSA=-0.3, LDA=None, NMF=0.2))
    assert choice.value == "NMF" and [name for name, _ in choice.choices] == ["LSA", "LDA", "NMF"] and panel.visible
    assert topic_reading.show_comparison(fitted(LSA=-0.3, LDA=None))[1].value == "LSA"


def test_an_opened_model_fills_every_part_in_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(topic_reading, "get_upload_folder", lambda: tmp_path)
    parts = topic_layout.ModelParts(*topic_reading.show_model(fitted(NMF=0.2), "NMF"))
    assert parts.table[0][0] == "1" and parts.typical[0] == ["100%", DOCUMENTS[1]]
    assert parts.topic.choices[1] == ("2 · rare, <b>", 1) and parts.document.maximum == 4
    assert parts.text == "first" and json.loads(parts.mixture.plot)["data"][0]["x"] == pytest.approx([0.8, 0.2])
    assert parts.topics_file.endswith("topics.csv") and parts.mixtures_file.endswith("document_topics.csv")


def test_a_result_that_is_no_longer_kept_is_said_once_and_draws_nothing():
    for kept in (None, fitted(NMF=0.2)):
        with pytest.raises(gr.Error, match="press Find topics again"):
            topic_reading.show_model(kept, "LDA")
        assert topic_reading.show_map(kept, "LDA") is None
        assert topic_reading.read_topic(kept, "LDA", 0) == (None, [])
        assert topic_reading.read_document(kept, "LDA", 1) == (None, "")
