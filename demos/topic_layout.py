"""The topic tab's components: the map, what to fit, one topic and one document, the models compared, downloads."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr
from gradio.i18n import I18nData

from demos.heavy import cancel_button
from demos.topic_file import FILE_TYPES
from demos.topic_input import (
    CHOSEN,
    LINES,
    MAX_CHARACTERS,
    MAX_DOCUMENTS,
    MAX_TOPICS,
    MIN_DOCUMENTS,
    N_TOPICS,
    OWN,
    models_by_title,
    title_of,
)
from demos.topic_reading import Choice, Place, Shown
from demos.wording import text

OWN_TITLES = {"lines": "My lines", "file": "My file"}
MEASURES = """- **NPMI**, from -1 to 1: do a topic's words stand in the same documents more often than by chance? Read \
this one first.
- **u_mass**, 0 at best: how often a topic's rarer words stand where its more frequent ones do.
- **c_uci**: as NPMI, but not brought to a scale, so rare words count for much.
- **c_v**, from 0 to 1: known from many papers; its own author advises against it. Where it and NPMI disagree, trust \
NPMI.
- **Diversity**, from 0 to 1: how many of the topics' words are not said twice.
- **NMI**, from 0 to 1: how well the topics meet the classes of a labelled corpus; a dash without classes.
- **Seconds**: fitting and measuring; the first model that reads for meaning counts the embedding too."""


class Settings(NamedTuple):
    """What the visitor chooses."""

    source: gr.Radio
    lines: gr.Textbox
    file: gr.File
    column: gr.Dropdown
    preview: gr.Dataframe
    models: gr.CheckboxGroup
    n_topics: gr.Slider
    left_out: gr.Textbox
    button: gr.Button
    trouble: gr.HTML

    @property
    def asked(self) -> list[gr.components.Component]:
        """In the order of ``topic_input.Asked``."""
        return [self.source, self.lines, self.file, self.column, self.models, self.n_topics, self.left_out]


def map_and_search(shown: Shown | None) -> tuple[gr.Markdown, dict[str, gr.components.Component]]:
    """The remark that a result is old; then the sentence, the map, what it is, and the search."""
    old = gr.Markdown(
        text("These results answer other settings. Press **Find topics** for yours."),
        visible=False,
        elem_id="topics-old",
        elem_classes="warning",
    )
    parts: dict[str, gr.components.Component] = {
        "sentence": gr.Markdown(shown and shown.sentence, elem_id="topics-headline"),
        "plane": gr.Plot(shown and shown.plane, label=text("Map of the documents"), elem_id="document-map"),
        "status": gr.Markdown(shown and shown.status, elem_id="map-status", elem_classes="note"),
        "search": gr.Textbox(
            label=text("Search the documents"),
            placeholder=text("words; their documents stand out on the map"),
            max_length=100,
            elem_id="map-search",
        ),
    }
    return old, parts


def settings(corpora: list[str]) -> Settings:
    """What to fit: documents, models, how many topics.

    Args:
        corpora (list of str): the built-in corpora to offer; the first is chosen.
    """
    titles = {name: title_of(name) for name in corpora} | OWN_TITLES
    source = gr.Radio(
        [(text(titles[name]), name) for name in (*corpora, *OWN)],
        value=corpora[0],
        label=text("Documents"),
        elem_id="topics-source",
    )
    lines = gr.Textbox(
        LINES, label=text("One document a line"), lines=7, max_lines=12, visible=False, elem_id="topics-lines"
    )
    file, column, preview = _file_parts()
    offered = models_by_title()
    models = gr.CheckboxGroup(
        list(offered),
        value=[title for title, model in offered.items() if model.key in CHOSEN],
        label=text("Topic models"),
        info=_model_info(),
        elem_id="topic-models",
    )
    n_topics = gr.Slider(2, MAX_TOPICS, value=N_TOPICS, step=1, label=text("Number of topics"), elem_id="n-topics")
    with gr.Row():
        button = gr.Button(text("Find topics"), variant="primary", elem_id="find-topics", scale=3)
        cancel_button("cancel-topics")
    trouble = gr.HTML("", elem_id="topics-trouble", padding=False)
    with gr.Accordion(text("Words to leave out, limits"), open=False):
        left_out = gr.Textbox(
            label=text("Words to leave out"),
            info=text("Besides the stop words of English and Russian."),
            lines=2,
            elem_id="left-out",
        )
        gr.Markdown(_limits(), elem_classes="caption")
    return Settings(source, lines, file, column, preview, models, n_topics, left_out, button, trouble)


def _file_parts() -> tuple[gr.File, gr.Dropdown, gr.Dataframe]:
    file = gr.File(
        label=text("Text, CSV, TSV, JSONL or Parquet"),
        file_types=list(FILE_TYPES),
        visible=False,
        height=120,
        elem_id="topics-file",
    )
    column = gr.Dropdown(
        [],
        label=text("Column of the texts"),
        visible=False,
        allow_custom_value=True,  # a server knows the columns of the visitor's file, the layout does not
        elem_id="text-column",
    )
    preview = gr.Dataframe(
        datatype="str",
        type="array",
        label=text("First rows"),
        interactive=False,
        wrap=True,
        visible=False,
        elem_id="file-preview",
    )
    return file, column, preview


def _model_info() -> I18nData:
    """What the models take, in a sentence."""
    offered = models_by_title().values()
    words, meaning = (", ".join(each.title for each in offered if each.embeds is embeds) for embeds in (False, True))
    return text(
        "{words} count words, in a second or two; {meaning} read for meaning, up to a minute.",
        words=words,
        meaning=meaning,
    )


def _limits() -> I18nData:
    return text(
        "{fewest} to {most} documents of {characters} characters together, files up to 20 MB, 2 to {topics} topics. A "
        "larger built-in corpus is sampled. Without a limit: `grokaem topics`.",
        fewest=MIN_DOCUMENTS,
        most=MAX_DOCUMENTS,
        characters=MAX_CHARACTERS,
        topics=MAX_TOPICS,
    )


def reading(shown: Shown | None) -> dict[str, gr.components.Component]:
    """One topic, one document."""
    model, topic = (shown.model, shown.topic) if shown else (Choice([], None), Choice([], None))
    place = shown.document if shown else Place(1, 2)
    parts: dict[str, gr.components.Component] = {
        "topic": gr.Radio(topic.choices, value=topic.value, label=text("Topics: choose one"), elem_id="topic-number"),
        "model": gr.Radio(
            model.choices, value=model.value, label=text("As seen by"), elem_id="topic-model"
        ),
    }
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            parts["words"] = gr.Plot(shown and shown.words, label=text("Words of a topic"), elem_id="topic-words")
        with gr.Column(scale=3, min_width=320):
            parts["typical"] = _typical_documents(shown)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            parts["document"] = gr.Slider(
                1, place.most, value=place.value, step=1, label=text("Read one document"), elem_id="document-number"
            )
            parts["mixture"] = gr.Plot(
                shown and shown.mixture, label=text("Its topics"), elem_id="document-topics"
            )
        with gr.Column(scale=3, min_width=320):
            parts["text"] = gr.Textbox(
                shown and shown.text, label=text("Its text"), lines=8, max_lines=16, interactive=False,
                elem_id="document-text",
            )  # fmt: skip
    return parts


def comparison(shown: Shown | None) -> dict[str, gr.components.Component]:
    """The models side by side, the measures folded; all topics of one, and what can be taken along."""
    parts: dict[str, gr.components.Component] = {}
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            parts["comparison"] = gr.Plot(
                shown and shown.comparison, label=text("Which model to believe"), elem_id="topic-coherence"
            )
            gr.Markdown(
                text("NPMI: do a topic's words keep company in the documents? Higher is better."),
                elem_classes="caption",
            )
        with gr.Column(scale=3, min_width=320):
            parts["shares"] = gr.Plot(
                shown and shown.shares, label=text("How much of the text each topic is"), elem_id="topic-shares"
            )
    with gr.Accordion(text("All measures, in plain words"), open=False, elem_id="measures"):
        parts["measures"] = gr.Dataframe(
            shown and shown.measures.value(),
            datatype="str",
            type="array",
            label=text("Models compared"),
            interactive=False,
            elem_id="topic-comparison",
        )
        gr.Markdown(text(MEASURES), elem_classes="caption")
    with gr.Accordion(text("All topics and their words"), open=False, elem_id="all-topics"):
        parts["table"] = _topics_table(shown)
        parts["remarks"] = gr.Markdown(shown and shown.remarks, elem_classes="note")
    with gr.Row():
        parts["topics_file"] = _download("Topics (CSV)", shown and shown.topics_file, "topics-csv")
        parts["mixtures_file"] = _download(
            "Topics of each document (CSV)", shown and shown.mixtures_file, "mixtures-csv"
        )
        parts["everything_file"] = _download("Everything (zip)", shown and shown.everything_file, "topics-zip")
    return parts


def _download(title: str, file: str | None, elem_id: str) -> gr.DownloadButton:
    words: Any = text(title)  # of which Gradio's types do not know here
    return gr.DownloadButton(words, value=file, elem_id=elem_id)


def _topics_table(shown: Shown | None) -> gr.Dataframe:
    return gr.Dataframe(
        shown and shown.table.value(),
        datatype="str",
        type="array",
        interactive=False,
        wrap=True,
        column_widths=["11%", "19%", "70%"],
        max_height=2000,
        elem_id="topic-table",
    )


def _typical_documents(shown: Shown | None) -> gr.Dataframe:
    return gr.Dataframe(
        shown and shown.typical.value(),
        datatype="str",
        type="array",
        interactive=False,
        wrap=True,
        column_widths=["17%", "20%", "63%"],
        max_height=2000,
        show_label=False,
        elem_id="typical-documents",
    )
