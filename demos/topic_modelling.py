"""The topic tab: documents in, topics of several models out, compared and to be read.

python -m demos.topic_modelling
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypedDict

import gradio as gr

from demos import topic_layout
from demos.frame import frame
from demos.tab import Page, Row, Tab
from demos.topic_fitting import TopicFitter
from demos.topic_layout import TOPIC_HEADERS, Comparison, Reading, Settings
from demos.topic_reading import read_document, read_topic, show_comparison, show_map, show_model
from demos.topic_summary import Measures

if TYPE_CHECKING:
    from grokaem.corpora import Documents
    from grokaem.topics.model import TopicModel

LESSON = (
    "A topic model reads a pile of documents and finds the themes by itself. A **topic** is a list of words with "
    "weights; a **document** is a mixture of topics. NMF, LDA and LSA explain the table of word counts, each with "
    "its own idea of a mixture; BERTopic and BERT+LDA start from sentence embeddings, so that documents that mean "
    "the same meet even where their words differ. **NPMI** shows whether the words of a topic keep company in the "
    "documents: choose several models and see which to believe."
)


class _Quiet(TypedDict):
    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]


QUIET: _Quiet = {"show_progress": "hidden", "api_visibility": "private"}  # of what only the page calls


def create_demo(
    read_documents: Callable[[str], Documents],
    evaluate: Callable[..., tuple[Measures, TopicModel]],
    corpora: list[str],
) -> gr.Blocks:
    """Lays out the tab.

    Args:
        read_documents (callable): a built-in corpus' name or a file's path -> an object with ``texts``, ``labels``
            and ``notes``.
        evaluate (callable): ``grokaem.topics.scoring.evaluate``: fits and measures one model.
        corpora (list of str): the built-in corpora to offer.

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    with frame("Topics") as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        fitted = gr.State(None, time_to_live=3600)
        all_topics = gr.Dataframe(
            headers=["Model", *TOPIC_HEADERS], datatype="str", type="array", visible=False
        )
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                settings = topic_layout.settings(corpora)
            with gr.Column(scale=3, min_width=320):
                comparison = topic_layout.comparison()
        reading = topic_layout.reading()
        fitter = TopicFitter(read_documents, evaluate, corpora)
        _wire(fitter, fitted, all_topics, settings, comparison, reading)
    return demo


def _wire(
    fitter: TopicFitter,
    fitted: gr.State,
    all_topics: gr.Dataframe,
    settings: Settings,
    comparison: Comparison,
    reading: Reading,
) -> None:
    """A fit shows the comparison, then the best model, then its map; another choice shows that model or part of it."""
    settings.source.change(
        lambda chosen: (gr.Textbox(visible=chosen == "lines"), gr.File(visible=chosen == "file")),
        settings.source,
        [settings.lines, settings.file],
        queue=False,
        **QUIET,
    )
    chosen, parts = [fitted, reading.model], reading.parts
    fitting = settings.button.click(
        fitter.fit_topics,
        [settings.source, settings.lines, settings.file, settings.models, settings.n_topics],
        [comparison.table, all_topics, comparison.note, fitted],
        api_name="fit_topics",
        show_progress_on=comparison.chart,
        concurrency_id="fit_topics",
    )
    compared = fitting.success(
        show_comparison, fitted, [comparison.chart, reading.model, reading.panel, reading.map], **QUIET
    )
    for opened in (compared.success, reading.model.input):
        opened(show_model, chosen, list(parts), **QUIET).success(
            show_map, chosen, reading.map, api_visibility="private", concurrency_id="fit_topics"
        )
    parts.topic.input(read_topic, [*chosen, parts.topic], [parts.words, parts.typical], **QUIET)
    parts.document.change(read_document, [*chosen, parts.document], [parts.mixture, parts.text], **QUIET)


def _on_page(page: Page) -> gr.Blocks:
    from functools import partial

    from grokaem import corpora
    from grokaem.topics.scoring import evaluate

    return create_demo(partial(corpora.read_documents, limits=corpora.PAGE), evaluate, page.corpora)


TAB = Tab(
    "topics",
    "Topics",
    _on_page,
    (
        Row(
            "Topics",
            (
                "a dictionary of eight kinds of things, a built-in corpus fetched before, your lines, or your file "
                "(text, CSV, TSV, JSONL, Parquet); one to five models"
            ),
            (
                "coherence, diversity and (with classes) NMI of the models side by side; each model's topics with "
                "words and share, a map of the documents, the documents of a topic, the topics of a document; both "
                "tables as CSV"
            ),
        ),
    ),
)


def main() -> None:
    """Launches this tab alone."""
    from demos.style import LAUNCH
    from grokaem import corpora
    from grokaem.topics.scoring import evaluate

    create_demo(corpora.read_documents, evaluate, corpora.available_offline()).queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
