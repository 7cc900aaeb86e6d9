"""The topic tab's functions, without a server."""

from __future__ import annotations

import csv
import json
import zipfile
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from demos import (
    drawn,
    topic_charts,
    topic_events,
    topic_file,
    topic_input,
    topic_map,
    topic_reading,
    topic_summary,
)
from demos import topic_modelling as tab
from demos.topic_api import public_fit
from demos.topic_fitting import TopicFitter
from demos.topic_input import Asked
from demos.topic_tables import write_files
from demos.wording import speaking

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
QUESTION = Asked("sample", models=("NMF",))


def reader(texts, labels=None):
    return lambda name, **_: SimpleNamespace(texts=texts, labels=labels, notes=[])


def collect(source, lines="", file=None, texts=(), labels=None):
    asked = Asked(source, lines, file)
    return topic_input.collect_documents(asked, reader(list(texts), labels), ["sample"])


def fitted(**npmi):
    npmi = npmi or {"NMF": 0.1}
    summaries = {model: topic_summary.summarize(MODEL, RESULT | {"c_npmi": each}) for model, each in npmi.items()}
    places = np.array([[0, 0], [1, 0], [5, 5], [2, 0]], np.float32)
    return topic_summary.Fitted("a1", QUESTION, DOCUMENTS, summaries, [], False, places, sketched=False)


def drawn_figure(chart):
    return json.loads(chart.plot)


def test_lines_become_documents_without_the_blank_ones():
    lines = "\n".join(["a story", "  ", ""] * 12)
    assert collect("lines", lines) == (["a story"] * 12, None, [])


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,story,kind\n" + "\n".join(f"{number},a story {number},x" for number in range(20)))
    return str(path)


def test_blank_documents_go_with_their_labels(tmp_path):
    (tmp_path / "a.csv").write_text("text\nx\n")
    texts = ["a story", " ", "another"] * 6
    documents, labels, _ = collect("file", file=str(tmp_path / "a.csv"), texts=texts, labels=["x", "y", "z"] * 6)
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
        ("sample", "", None, ["x"] * 9, "here are 9"),
        ("everything", "", None, [], "one of sample, lines, file, not 'everything'"),
    ],
)
def test_input_beyond_the_limits_is_refused_in_one_sentence(source, lines, file, texts, message):
    with pytest.raises(ValueError, match=message) as refusal:
        collect(source, lines, file, texts)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "texts, message", [(["x"] * 2001, "2,001 documents are too many"), (["x" * 20_000] * 60, "1,200,000 characters")]
)
def test_a_large_file_is_refused_not_sampled(tmp_path, texts, message):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=message):
        collect("file", file=str(tmp_path / "a.txt"), texts=texts)


def test_a_file_shows_its_columns_and_its_first_rows(table, tmp_path):
    preview = topic_file.look_into(table)
    assert preview.columns == ["id", "story", "kind"] and preview.text_column is None
    assert preview.shown == ["id", "story", "kind"] and preview.rows[0] == ["0", "a story 0", "x"]
    assert len(preview.rows) == topic_file.ROWS
    assert topic_file.look_into(table, "story").shown[0] == "story"
    (tmp_path / "b.csv").write_text("label,text\nx," + "long " * 100)
    preview = topic_file.look_into(str(tmp_path / "b.csv"))
    assert preview.text_column == "text" and len(preview.rows[0][0]) == topic_file.CELL
    (tmp_path / "c.txt").write_text("one\n\ntwo\n")
    assert topic_file.look_into(str(tmp_path / "c.txt")).rows == [["one"], ["two"]]


def test_a_column_that_cannot_be_told_is_asked_for_in_the_pages_words(table):
    with pytest.raises(ValueError, match="choose it under Column of the texts"):
        topic_file.text_column_of(table, None)
    with pytest.raises(ValueError, match="no column 'no'; choose one of id, story, kind"):
        topic_file.text_column_of(table, "no")
    assert topic_file.text_column_of(table, "story") == "story"


def test_topics_are_ordered_by_their_share_of_the_corpus():
    summary = topic_summary.summarize(MODEL, RESULT)
    assert [topic["share"] for topic in summary["topics"]] == pytest.approx([0.75, 0.25])
    assert [topic["words"][0][0] for topic in summary["topics"]] == ["common", "rare"]
    assert summary["mixtures"][0] == pytest.approx([0.8, 0.2], abs=0.001)


def test_a_topic_is_read_in_the_documents_that_have_most_of_it():
    summary = topic_summary.summarize(MODEL, RESULT)
    rows = topic_summary.typical_documents(summary, 0, DOCUMENTS)
    assert [row[::2] for row in rows] == [["2", DOCUMENTS[1]], ["4", "fourth"], ["1", "first"]]
    number, share, text = topic_summary.typical_documents(summary, 1, DOCUMENTS)[0]
    assert (number, share) == ("3", "70%")
    assert text.startswith("third third") and text.endswith("…") and len(text) < 300
    assert [row[0] for row in topic_summary.typical_documents(summary, None, DOCUMENTS)] == ["2", "3"]


def test_the_chart_shows_the_shares_and_takes_words_for_words():
    figure = drawn_figure(topic_charts.draw_shares(topic_summary.summarize(MODEL, RESULT)))
    assert figure["data"][0]["x"] == pytest.approx([0.75, 0.25])
    assert "2 · rare, &lt;b&gt;" in figure["layout"]["yaxis"]["ticktext"]


def test_models_are_drawn_by_their_coherence_and_one_without_is_left_out():
    summaries = fitted(LSA=-0.2, LDA=None, NMF=0.1).summaries
    figure = drawn_figure(topic_charts.draw_comparison(summaries))
    assert figure["layout"]["yaxis"]["ticktext"] == ["NMF", "LSA"]
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < -0.2 and high > 0.1
    row = topic_summary.comparison_table(summaries)[1]
    assert row == ["LDA", "–", "-1.00", "0.50", "0.400", "1.00", "–", "2.0"]


def test_the_map_holds_every_document_once_under_its_main_topic():
    figure = drawn_figure(topic_map.draw_map(fitted(), "NMF"))
    assert [trace["name"] for trace in figure["data"]] == ["1 · common, word, third", "2 · rare, &lt;b&gt;"]
    assert [trace["customdata"] for trace in figure["data"]] == [[1, 2, 4], [3]]
    assert figure["data"][0]["text"][1].startswith("2: =cmd")
    names = [(each["text"], each["x"], each["y"]) for each in figure["layout"]["annotations"]]
    assert names == [("<b>1 · common, word</b>", 1.0, 0.0), ("<b>2 · rare, &lt;b&gt;</b>", 5.0, 5.0)]


def bright(chart):
    """The numbers of the documents whose points do not step back."""
    traces = drawn_figure(chart)["data"]
    opacities = [
        (number, opacity)
        for trace in traces
        for number, opacity in zip(trace["customdata"], trace["marker"]["opacity"], strict=True)
    ]
    return [number for number, opacity in opacities if opacity == 1.0]


def test_points_of_a_topic_and_of_a_search_stand_out():
    result = fitted()
    chart = topic_map.draw_map(result, "NMF", topic=1)
    assert bright(chart) == [3]
    assert drawn_figure(chart)["layout"]["annotations"][0]["text"].startswith("<b>2 ·"), "its name comes first"
    assert bright(topic_map.draw_map(result, "NMF", words="F")) == [1, 4]
    assert bright(topic_map.draw_map(result, "NMF", topic=0, words="fourth")) == [4]
    assert bright(topic_map.draw_map(result, "NMF", words="first fourth")) == []
    assert topic_map.found(result, "third") == "**1** of 4 documents hold these words."


@pytest.mark.parametrize("words", ["(", "[a", "\\", "*", "a" * 100, "x " * 200])
def test_a_search_takes_its_words_for_words(words):
    assert not topic_map.holding(DOCUMENTS, words).any()


def test_opening_a_topic_draws_its_words():
    _, words, typical = topic_reading.read_topic(fitted(), "NMF", 0, "")
    assert drawn_figure(words)["data"][0]["x"] == [2.0, 1.0, 0.5, 0.1]
    assert typical["data"][0] == ["2", "100%", DOCUMENTS[1]]


def test_opening_a_document_draws_its_mixture():
    chart, text = topic_reading.read_document(fitted(), "NMF", 3)
    figure = drawn_figure(chart)
    assert figure["data"][0]["x"] == pytest.approx([0.7, 0.3], abs=0.001)
    assert figure["layout"]["yaxis"]["ticktext"][0].startswith("2 · rare")
    assert text.startswith("third third")
    for number in (0, 5, None, "x"):
        assert topic_reading.read_document(fitted(), "NMF", number) == (None, "")


def test_the_tables_hold_words_and_mixtures_and_run_nothing(tmp_path):
    files = write_files(fitted(NMF=0.1, LDA=0.2), "NMF", tmp_path / "new")
    with open(files.topics, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1] == ["1", "0.750000", "1", "common", "2"] and len(rows) == 7
    with open(files.mixtures, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["main topic"] for row in rows] == ["1", "1", "2", "1"]
    assert rows[1]["text"] == "'" + DOCUMENTS[1]
    assert float(rows[2]["topic 2 · rare, <b>"]) == pytest.approx(0.7, abs=0.001)
    with zipfile.ZipFile(files.everything) as archive:
        each = [f"{model}/{name}.csv" for model in ("LDA", "NMF") for name in ("topics", "document_topics")]
        assert sorted(archive.namelist()) == sorted(["models.csv", *each])
        assert archive.read("NMF/topics.csv") == open(files.topics, "rb").read()
        assert archive.read("models.csv").decode("utf-8-sig").splitlines()[2].startswith("LDA,0.2,-1,")


@pytest.mark.parametrize(
    "models, n_topics, message",
    [
        (["PCA"], 5, "one of NMF, LDA, LSA, BERTopic, BERT"),
        ([], 5, "at least one topic model"),
        (["NMF", "NMF"], 5, "chosen twice"),
        (["NMF"], 1, "from 2 to 30"),
        (["NMF"], 31, "from 2"),
        (["NMF"], "2.5", "whole number"),
        (["NMF"], "many", "whole number"),
    ],
)
def test_settings_out_of_range_are_refused(models, n_topics, message):
    fit = public_fit(TopicFitter(reader(["a story"] * 20), lambda *a, **k: (RESULT, MODEL), ["sample"]))
    with pytest.raises(gr.Error, match=message):
        fit("sample", "", None, models, n_topics)


def stories(count=12):
    subjects = ("match goal", "coast wind")
    return "\n".join(f"story {number} of rain and {subjects[number % 2]}" for number in range(count))


def model_of(documents):
    mixtures = np.tile([[0.8, 0.2], [0.1, 0.9]], (len(documents) // 2, 1))
    return SimpleNamespace(topics=MODEL.topics, document_topics=mixtures)


def test_the_public_function_hands_the_documents_to_each_model_and_names_what_it_found():
    called = []

    def evaluate(model, documents, n_topics, seeds, reference, **settings):
        called.append((model, documents[11].split()[1], n_topics, settings["vectors"].left_out))
        return RESULT | {"notes": ["dropped 2 words"]}, model_of(documents)

    fit = public_fit(TopicFitter(reader([]), evaluate, ["sample"]))
    found = fit("lines", stories(), None, ["LDA", "BERTopic"], "4", "", "Rain, of rain")
    assert called == [(model, "11", 4, ("of", "rain")) for model in ("lda", "bertopic")]
    assert [(row["model"], row["npmi"]) for row in found["models"]] == [("LDA", 0.1), ("BERTopic", 0.1)]
    assert found["topics"][0]["words"] == ["common", "word", "third", "fourth"] and len(found["topics"]) == 4
    assert found["main_topics"]["LDA"][:2] == [2, 1] and "in 12 documents" in found["summary"]


def test_what_one_model_cannot_do_leaves_the_others():
    def evaluate(model, documents, *rest, **settings):
        if model == "lda":
            raise ValueError("too few words: give more.")
        return RESULT, model_of(documents)

    fitter = TopicFitter(reader([]), evaluate, ["sample"])
    asked = Asked("lines", stories(), models=("LDA", "NMF"))
    result = fitter.fit(asked, quiet)
    assert list(result.summaries) == ["NMF"] and result.remarks[0].startswith("LDA was set aside")
    assert result.places.shape == (12, 2)


def event(demo, name):
    return next(block.fn for block in demo.fns.values() if block.api_name == name)


def events(evaluate=None):
    def fit_two(model, documents, *rest, **settings):
        return RESULT, model_of(documents)

    return topic_events.TopicEvents(TopicFitter(reader([]), evaluate or fit_two, ["sample"]))


def quiet(*_, **__):
    pass


def test_a_fit_fills_every_part_in_its_place():
    result, trouble, old, *parts = events().find(
        "lines", stories(), None, None, ["NMF"], 4, "", progress=quiet
    )
    shown = topic_reading.Shown(*parts)
    assert not trouble and old.visible is False and result.asked.n_topics == 4
    assert shown.topic.choices[2][0].startswith("2 · ") and shown.document.maximum == 12
    assert shown.model.value == f"{result.name} NMF" and "**NMF** found **2 topics**" in shown.sentence
    assert shown.topics_file.endswith("topics.csv") and shown.everything_file.endswith(".zip")


def test_a_failed_fit_says_why_beside_the_button_and_marks_the_result_before_as_old():
    kept, trouble, old, *parts = events().find("lines", "one", None, None, ["NMF"], 4, "", progress=quiet)
    assert 'role="alert"' in trouble and "at least 10 documents" in trouble and old.visible
    assert kept == parts[0] == gr.skip() and len(parts) == len(topic_reading.Shown._fields)


def test_another_setting_makes_a_result_old_and_the_same_again_does_not():
    result = fitted()
    choice = "a1 NMF"
    assert not topic_events.is_old(result, choice, "sample", ["NMF"], 8).visible
    assert topic_events.is_old(result, choice, "sample", ["NMF"], 9).visible
    assert topic_events.is_old(result, choice, "lines", ["NMF"], 8).visible
    assert topic_events.is_old(result, choice, "sample", ["NMF", "LDA"], 8).visible


def test_the_most_coherent_model_is_opened_first():
    assert fitted(LSA=-0.3, LDA=None, NMF=0.2).best == "NMF" and fitted(LSA=-0.3, LDA=None).best == "LSA"


def test_a_result_that_is_no_longer_kept_is_said_and_no_other_is_taken_for_it():
    page = events()
    for kept, choice in ((None, "a1 NMF"), (fitted(), "b2 NMF"), (fitted(), "a1 LDA"), (fitted(), None)):
        with pytest.raises(gr.Error, match="Press Find topics again"):
            page.show_model(kept, choice)
    assert page.result(fitted(), "a1 NMF")[1] == "NMF"


def test_the_drawn_example_is_what_the_tab_would_find():
    from grokaem import corpora

    fitter = TopicFitter(corpora.read_documents, lambda *a, **k: pytest.fail("nothing is fitted"), ["definitions"])
    page = topic_events.TopicEvents(fitter)
    for language in ("en", "ru"):
        with speaking(language):
            example = page.example()
            shown = topic_reading.show(example, example.best)
        assert len(example.documents) == len(example.places) == 978 and not example.sketched
        assert len(shown.topic.choices) == 9 and shown.text
    assert "документов 978" in shown.sentence.replace("\N{NO-BREAK SPACE}", "")
    assert "definitions" in drawn.drawn("topics")["fitted"]["source"]


def test_where_its_corpus_is_not_at_hand_nothing_is_drawn():
    assert events().example() is None
    demo = tab.create_demo(reader([]), lambda *a, **k: (RESULT, MODEL), ["sample"])
    public = [fn.api_name for fn in demo.fns.values() if fn.api_visibility == "public"]
    assert public == ["fit_topics"]
