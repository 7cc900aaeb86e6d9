"""The topic tab's components: what to fit, the models compared, and one of them to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import gradio as gr

from demos.topic_input import (
    CHOSEN,
    FILE_TYPES,
    LIMITS,
    LINES,
    MAX_DOCUMENTS,
    MAX_TOPICS,
    MIN_DOCUMENTS,
    OWN,
    models_by_title,
    title_of,
)
from demos.topic_summary import COMPARISON_HEADERS

if TYPE_CHECKING:
    from grokaem.topics.method import Method

MEASURES_NOTE = (
    "Higher is better, but for seconds. NMI compares the topics with the classes of a labelled corpus. The first BERT "
    "model's seconds include the embedding. \\* c_v is not recommended by its author: where it and NPMI disagree, "
    "trust NPMI."
)
TOPIC_HEADERS = ["#", "Share", "Words, the heaviest first"]


class Settings(NamedTuple):
    """What the visitor chooses, in the order of ``TopicFitter.fit_topics``; then the button."""

    source: gr.Radio
    lines: gr.Textbox
    file: gr.File
    models: gr.CheckboxGroup
    n_topics: gr.Slider
    button: gr.Button


class Comparison(NamedTuple):
    """The models side by side."""

    chart: gr.Plot
    table: gr.Dataframe
    note: gr.Markdown


class ModelParts(NamedTuple):
    """What is shown of one model, in the order of ``topic_reading.show_model``."""

    table: gr.Dataframe
    remarks: gr.Markdown
    shares: gr.Plot
    topic: gr.Dropdown
    words: gr.Plot
    typical: gr.Dataframe
    document: gr.Slider
    mixture: gr.Plot
    text: gr.Textbox
    topics_file: gr.DownloadButton
    mixtures_file: gr.DownloadButton


class Reading(NamedTuple):
    """One model, opened: the panel, which model it is, its map, and the other parts."""

    panel: gr.Column
    model: gr.Radio
    map: gr.Plot
    parts: ModelParts


def settings(corpora: list[str]) -> Settings:
    """What to fit: documents, models, how many topics.

    Args:
        corpora (list of str): the built-in corpora to offer; the first is chosen.
    """
    titles = {name: title_of(name) for name in corpora} | OWN
    source = gr.Radio(
        [(title, name) for name, title in titles.items()],
        value=corpora[0],
        label="Documents",
        info="The dictionary has 978 entries on eight kinds of things.",
    )
    lines = gr.Textbox(
        LINES,
        label="One document a line",
        lines=8,
        max_lines=14,
        visible=False,
        info=f"{MIN_DOCUMENTS} to {MAX_DOCUMENTS:,} lines",
    )
    file = gr.File(
        label="Text, CSV, TSV, JSONL or Parquet",
        file_types=FILE_TYPES,
        visible=False,
        height=130,
        elem_id="topics-file",
    )
    offered = models_by_title()
    models = gr.CheckboxGroup(
        list(offered),
        value=[title for title, model in offered.items() if model.key in CHOSEN],
        label="Topic models",
        info=_model_info(list(offered.values())),
    )
    n_topics = gr.Slider(2, MAX_TOPICS, value=8, step=1, label="Number of topics")
    button = gr.Button("Find topics", variant="primary", elem_id="find-topics")
    gr.Markdown(LIMITS, elem_classes="caption")
    return Settings(source, lines, file, models, n_topics, button)


def _model_info(models: list[Method]) -> str:
    """What the models take, in a sentence."""
    words, meaning = (", ".join(each.title for each in models if each.embeds is embeds) for embeds in (False, True))
    return f"{words} count words and take a second or two; {meaning} read for meaning, up to a minute."


def comparison() -> Comparison:
    """The models' coherence as bars, all their measures as a table."""
    chart = gr.Plot(label="Which model to believe", elem_id="topic-coherence")
    table = gr.Dataframe(
        headers=COMPARISON_HEADERS,
        datatype="str",
        type="array",
        label="Models compared",
        interactive=False,
        elem_id="topic-comparison",
    )
    gr.Markdown(MEASURES_NOTE, elem_classes="caption")
    note = gr.Markdown(
        "Press **Find topics**: the dictionary takes a second or two with NMF and LDA.", elem_classes="note"
    )
    return Comparison(chart, table, note)


def reading() -> Reading:
    """One model: its topics, their shares and the map; one topic; one document; hidden until there is a model."""
    with gr.Column(visible=False) as panel:
        model = gr.Radio([], label="Read the topics of", elem_id="topic-model")
        remarks = gr.Markdown(elem_classes="note")
        table = _topics_table()
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                shares = gr.Plot(label="How much of the corpus each topic is", elem_id="topic-shares")
            with gr.Column(scale=3, min_width=320):
                plane = gr.Plot(label="Map: documents about the same things lie together", elem_id="document-map")
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                topic = gr.Dropdown([], label="Read one topic", filterable=False, elem_id="topic-number")
                words = gr.Plot(label="Its words", elem_id="topic-words")
            with gr.Column(scale=3, min_width=320):
                typical = _typical_documents()
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                document = _document_slider()
                mixture = gr.Plot(label="Its topics", elem_id="document-topics")
            with gr.Column(scale=3, min_width=320):
                text = gr.Textbox(label="Its text", lines=8, interactive=False, elem_id="document-text")
        with gr.Row():
            topics_file = gr.DownloadButton("Topics (CSV)", elem_id="topics-csv")
            mixtures_file = gr.DownloadButton("Topics of each document (CSV)", elem_id="mixtures-csv")
    return Reading(
        panel,
        model,
        plane,
        ModelParts(
            table, remarks, shares, topic, words, typical, document, mixture, text, topics_file, mixtures_file
        ),
    )


def _topics_table() -> gr.Dataframe:
    return gr.Dataframe(
        headers=TOPIC_HEADERS,
        datatype="str",
        type="array",
        label="Topics",
        interactive=False,
        wrap=True,
        column_widths=["8%", "15%", "77%"],
        max_height=2000,
        elem_id="topic-table",
    )


def _typical_documents() -> gr.Dataframe:
    return gr.Dataframe(
        headers=["Share", "Documents that have most of it"],
        datatype="str",
        type="array",
        interactive=False,
        wrap=True,
        column_widths=["17%", "83%"],
        max_height=2000,
        show_label=False,
    )


def _document_slider() -> gr.Slider:
    return gr.Slider(
        1,
        2,
        value=1,
        step=1,
        label="Read one document",
        info="The map shows a document's number under the pointer.",
        elem_id="document-number",
    )
