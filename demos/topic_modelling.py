"""The topic tab: documents in, topics out, each topic to be read.

python demos/topic_modelling.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import gradio as gr

from demos.refusals import one_sentence
from demos.topic_summary import draw_shares, draw_topic, summarize, topic_names, topic_table

MODELS = {"NMF": "nmf", "LDA": "lda", "LSA": "lsa", "BERTopic": "bertopic", "BERT+LDA": "bert+lda"}
MODEL_INFO = (
    "The first three count words and take a second or two; the BERT ones read for meaning, up to a minute."
)
SAMPLE = "lee_news"
MAX_DOCUMENTS = 2000
MAX_CHARACTERS = 1_000_000  # of all documents together
MIN_DOCUMENTS = 10
MAX_TOPICS = 30
FILE_TYPES = [".txt", ".csv", ".tsv", ".jsonl", ".parquet"]
HEADERS = ["#", "Share", "Words, the heaviest first"]

LESSON = (
    "A topic model reads a pile of documents and finds the themes by itself. A **topic** is a list of words with "
    "weights; a **document** is a mixture of topics. NMF, LDA and LSA explain the table of word counts, each with "
    "its own idea of a mixture; BERTopic and BERT+LDA start from sentence embeddings, so that documents that mean "
    "the same meet even where their words differ."
)
LINES = """The council approved the new tram line along the river after a long debate
Commuters complain that the morning trains are late again this week
A second bridge would take the lorries out of the old town, the mayor said
The bus company orders forty electric buses for the city routes
Cyclists ask for a protected lane on the road to the station
Rain is expected in the north, with strong winds along the coast on Friday
Forecasters warn of frost tonight and a cold, clear weekend
The storm brought down trees and left the valley without power
After weeks of drought the first rain fell on the dry fields
Temperatures climb to thirty degrees as the heat returns to the south
The home side scored twice in the last ten minutes to win the match
Their goalkeeper saved a penalty and the final went to extra time
The coach praised the young striker after her third goal of the season
A late try settled the match in front of a full stadium
The champions lost at home for the first time this season"""


def collect_documents(
    source: str, lines: str, file: str | None, read_documents: Callable[[str], Any]
) -> list[str]:
    """The documents that the visitor chose, within the limits of the page.

    Args:
        source (str): ``sample``, ``lines`` or ``file``.
        lines (str): documents, one a line; read where ``source`` is ``lines``.
        file (str or None): path of an uploaded file; read where ``source`` is ``file``.
        read_documents (callable): a name or a path -> an object with ``texts``.

    Returns:
        list of str: documents that are not empty.

    Raises:
        ValueError: no documents, too few, too many, or too long; with the remedy.
    """
    if source == "sample":
        texts = read_documents(SAMPLE).texts
    elif source == "lines":
        if len(lines or "") > MAX_CHARACTERS:
            raise ValueError(
                f"The pasted text has {len(lines):,} characters; the limit is {MAX_CHARACTERS:,}."
            )
        texts = (lines or "").splitlines()
    elif source == "file":
        if not file:
            raise ValueError(f"Choose a file first ({', '.join(FILE_TYPES)}).")
        if Path(file).suffix.lower() not in FILE_TYPES:
            raise ValueError(
                f"{Path(file).name} is not a file of documents; give one of {', '.join(FILE_TYPES)}."
            )
        texts = read_documents(file).texts
    else:
        raise ValueError(f"The source of the documents is sample, lines or file, not {source!r:.40}.")
    documents = [text.strip() for text in texts if text and text.strip()]
    if len(documents) < MIN_DOCUMENTS:
        raise ValueError(
            f"Topics need at least {MIN_DOCUMENTS} documents, one a line; here {_are(len(documents))}."
        )
    if len(documents) > MAX_DOCUMENTS:
        raise ValueError(
            f"{len(documents):,} documents are too many for this page; give at most {MAX_DOCUMENTS:,}."
        )
    characters = sum(map(len, documents))
    if characters > MAX_CHARACTERS:
        raise ValueError(
            f"The documents have {characters:,} characters together; the limit is {MAX_CHARACTERS:,}."
        )
    return documents


def create_demo(read_documents: Callable[[str], Any], fit: Callable[..., Any]) -> gr.Blocks:
    """Lays out the tab.

    Args:
        read_documents (callable): a built-in corpus' name or a file's path -> an object with ``texts``.
        fit (callable): ``fit(model, documents, n_topics=..., seed=..., progress=...)`` -> a fitted topic
            model.

    Returns:
        Blocks: to be launched, or rendered inside another.
    """

    @one_sentence
    def fit_topics(  # noqa: D417 (Gradio fills progress in)
        source: str = "sample",
        lines: str = "",
        file: str | None = None,
        model: str = "NMF",
        n_topics: int = 8,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[list[list[str]], str, dict[str, Any]]:
        """Finds the topics of a collection of documents.

        Args:
            source (str): "lines", "file", or "sample" for 300 news stories of the Lee corpus.
            lines (str): for "lines": 10 to 2000 documents, one a line, at most 1,000,000 characters.
            file (str): for "file": a text file of one document a line, a CSV, TSV, JSONL or Parquet file.
            model (str): "NMF", "LDA", "LSA", "BERTopic" or "BERT+LDA".
            n_topics (int): how many topics to look for, 2 to 30.

        Returns:
            A table with one row a topic: number, share of the corpus, ten heaviest words.
            One sentence: how many documents, which model, how many seconds.
        """
        if model not in MODELS:
            raise ValueError(f"The topic model is one of {', '.join(MODELS)}, not {model!r:.40}.")
        if (
            not isinstance(n_topics, int | float)
            or not 2 <= n_topics <= MAX_TOPICS
            or n_topics != int(n_topics)
        ):
            raise ValueError(
                f"The number of topics is a whole number from 2 to {MAX_TOPICS}, not {n_topics!r:.40}."
            )
        progress(0.02, desc="Reading the documents")
        documents = collect_documents(source, lines, file, read_documents)
        progress(0.1, desc=f"Fitting {model} to {len(documents)} documents")
        start = time.perf_counter()

        def report(done: float, doing: str) -> None:
            progress(0.1 + 0.9 * done, desc=doing[:1].upper() + doing[1:])

        fitted = fit(MODELS[model], documents, n_topics=int(n_topics), seed=0, progress=report)
        seconds = time.perf_counter() - start
        summary = summarize(fitted, documents)
        found = len(summary["topics"])
        note = f"**{model}** found **{found} topics** in {len(documents)} documents in {seconds:.1f} s."
        for remark in getattr(fitted, "notes", None) or []:
            note += f" {remark[:1].upper()}{remark[1:].rstrip('.')}."
        return topic_table(summary), note, summary

    def draw(summary: dict[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
        choices = [(name, number) for number, name in enumerate(topic_names(summary))]
        words, documents = draw_topic(summary, 0)
        return (
            draw_shares(summary),
            gr.Dropdown(choices=choices, value=0),
            words,
            documents,
            gr.Column(visible=True),
        )

    with gr.Blocks(title="Topic modelling", analytics_enabled=False) as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        summary = gr.State(None, time_to_live=3600)
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                source = gr.Radio(
                    [("News sample", "sample"), ("My lines", "lines"), ("My file", "file")],
                    value="sample",
                    label="Documents",
                    info="The sample is 300 news stories of 2001 (the Lee corpus).",
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
                    label="Text, CSV, TSV, JSONL or Parquet", file_types=FILE_TYPES, visible=False, height=130
                )
                model = gr.Radio(list(MODELS), value="NMF", label="Topic model", info=MODEL_INFO)
                n_topics = gr.Slider(2, MAX_TOPICS, value=8, step=1, label="Number of topics")
                button = gr.Button("Find topics", variant="primary", elem_id="find-topics")
            with gr.Column(scale=3, min_width=320):
                chart = gr.Plot(label="How much of the corpus each topic is", elem_id="topic-shares")
                note = gr.Markdown(
                    "Press **Find topics**: the sample takes a second with NMF.", elem_classes="note"
                )
        table = gr.Dataframe(
            headers=HEADERS,
            datatype="str",
            type="array",
            label="Topics",
            interactive=False,
            wrap=True,
            column_widths=["8%", "15%", "77%"],
            max_height=2000,
            elem_id="topic-table",
        )
        with gr.Column(visible=False) as reading, gr.Row():
            with gr.Column(scale=2, min_width=300):
                number = gr.Dropdown([], label="Read one topic", filterable=False, elem_id="topic-number")
                words = gr.Plot(label="Its words", elem_id="topic-words")
            with gr.Column(scale=3, min_width=320):
                typical = gr.Dataframe(
                    headers=["Share", "Documents that have most of it"],
                    datatype="str",
                    type="array",
                    interactive=False,
                    wrap=True,
                    column_widths=["17%", "83%"],
                    max_height=2000,
                    show_label=False,
                )

        source.change(
            lambda chosen: (gr.Textbox(visible=chosen == "lines"), gr.File(visible=chosen == "file")),
            source,
            [lines, file],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
        fitting = button.click(
            fit_topics,
            [source, lines, file, model, n_topics],
            [table, note, summary],
            api_name="fit_topics",
            show_progress_on=chart,
            concurrency_id="fit_topics",
        )
        fitting.success(
            draw,
            summary,
            [chart, number, words, typical, reading],
            show_progress="hidden",
            api_visibility="private",
        )
        number.input(
            draw_topic, [summary, number], [words, typical], show_progress="hidden", api_visibility="private"
        )
    return demo


def _are(number: int) -> str:
    return "is 1" if number == 1 else f"are {number}"


def main() -> None:
    """Launches this tab alone."""
    import corpora
    import topics
    from demos.style import LAUNCH

    create_demo(corpora.read_documents, topics.fit).queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
