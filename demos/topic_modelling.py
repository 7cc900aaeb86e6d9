"""The topic tab: documents in, topics of several models out, compared and to be read.

python -m demos.topic_modelling
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

import gradio as gr
from gradio.components.plot import PlotData
from gradio.utils import get_upload_folder

from demos.refusals import one_sentence
from demos.topic_input import (
    CORPORA,
    FILE_TYPES,
    LIMITS,
    LINES,
    MAX_DOCUMENTS,
    MAX_TOPICS,
    MIN_DOCUMENTS,
    MODELS,
    OWN,
    check_settings,
    collect_documents,
)
from demos.topic_summary import (
    COMPARISON_HEADERS,
    Measures,
    Summary,
    comparison_table,
    draw_comparison,
    draw_document,
    draw_map,
    draw_shares,
    draw_topic,
    summarize,
    topic_names,
    topic_table,
)
from demos.topic_tables import write_tables
from grokaem.plain_text import markdown

if TYPE_CHECKING:
    import numpy as np

    from grokaem.corpora import Documents
    from grokaem.topics.model import TopicModel

LESSON = (
    "A topic model reads a pile of documents and finds the themes by itself. A **topic** is a list of words with "
    "weights; a **document** is a mixture of topics. NMF, LDA and LSA explain the table of word counts, each with "
    "its own idea of a mixture; BERTopic and BERT+LDA start from sentence embeddings, so that documents that mean "
    "the same meet even where their words differ. **NPMI** tells whether the words of a topic keep company in the "
    "documents: choose several models and see which to believe."
)
MODEL_INFO = (
    "The first three count words and take a second or two; the BERT ones read for meaning, up to a minute."
)
MEASURES_NOTE = (
    "Higher is better, but for seconds. NMI compares the topics with the classes of a labelled corpus. The first BERT "
    "model's seconds include the embedding. \\* c_v is disowned by its author: where it and NPMI disagree, trust NPMI."
)
TOPIC_HEADERS = ["#", "Share", "Words, the heaviest first"]


class Found(TypedDict):
    """What the page keeps between two events; ``places`` of shape (n_documents, 2), once the map was drawn."""

    documents: list[str]
    results: dict[str, Measures]
    summaries: dict[str, Summary]
    embedded: bool
    places: NotRequired[np.ndarray]


class _Shown(TypedDict):
    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]


def create_demo(
    read_documents: Callable[[str], Documents],
    evaluate: Callable[..., tuple[Measures, TopicModel]],
    names: list[str],
) -> gr.Blocks:
    """Lays out the tab.

    Args:
        read_documents (callable): a built-in corpus' name or a file's path -> an object with ``texts``, ``labels``
            and ``notes``.
        evaluate (callable): ``grokaem.topics.scoring.evaluate``: fits and measures one model.
        names (list of str): the built-in corpora to offer.

    Returns:
        Blocks: to be launched, or rendered inside another.
    """

    @one_sentence
    def fit_topics(  # noqa: D417 (Gradio fills progress in)
        source: str = "lee_news",
        lines: str = "",
        file: str | None = None,
        models: list[str] = ["NMF"],  # noqa: B006 (Gradio reads it; nothing writes to it)
        n_topics: int = 8,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[list[list[str]], list[list[str]], str, Found]:
        """Finds the topics of a collection of documents with one or several models, and measures them.

        Args:
            source (str): "lines", "file", or a built-in corpus: "lee_news" is 300 news stories.
            lines (str): for "lines": 10 to 2000 documents, one a line, at most 1,000,000 characters.
            file (str): for "file": a text file of one document a line, a CSV, TSV, JSONL or Parquet file.
            models (list[str]): of "NMF", "LDA", "LSA", "BERTopic" and "BERT+LDA".
            n_topics (int): how many topics to look for, 2 to 30.

        Returns:
            A table with one row a model: its coherence (NPMI, u_mass, c_uci, c_v), diversity, NMI, seconds.
            A table with one row a topic: model, number, share of the corpus, ten heaviest words.
            One sentence: how many documents, how many seconds, and what was decided automatically.
        """
        check_settings(models, n_topics)
        progress(0.0, desc="Reading the documents")
        documents, labels, notes = collect_documents(source, lines, file, read_documents, names)
        from grokaem.topics.coherence import Reference

        start = time.perf_counter()
        reference = Reference.from_documents(documents)
        results: dict[str, Measures] = {}
        summaries: dict[str, Summary] = {}
        failed: list[tuple[str, ValueError]] = []
        for place, model in enumerate(models):

            def report(done: float, doing: str, place: int = place, model: str = model) -> None:
                progress((place + done) / len(models), desc=f"{model}: {doing}")

            report(0.0, f"fitting to {len(documents):,} documents")
            try:
                results[model], fitted = evaluate(
                    MODELS[model], documents, int(n_topics), [0], reference, labels=labels, progress=report
                )
            except ValueError as error:  # what one model cannot do leaves the others' results
                failed.append((model, error))
                continue
            summaries[model] = summarize(fitted, documents)
            summaries[model]["notes"] = results[model]["notes"]
        if not results:
            raise failed[0][1]
        notes += [f"{model} was set aside: {error}" for model, error in failed]
        seconds = time.perf_counter() - start
        found: Found = {
            "documents": documents,
            "results": results,
            "summaries": summaries,
            "embedded": any(MODELS[model].startswith("bert") for model in results),
        }
        note = (
            f"**{', '.join(results)}** looked for **{int(n_topics)} topics** in {len(documents):,} documents: "
            f"{seconds:.1f} s."
        )
        rows = [[model, *row] for model, summary in summaries.items() for row in topic_table(summary)]
        return comparison_table(results), rows, " ".join([note, *map(_sentence, notes)]), found

    def show_comparison(found: Found) -> tuple[PlotData, gr.Radio, gr.Column, None]:
        chart = draw_comparison(found["results"])
        models = list(found["summaries"])
        best = max(models, key=lambda model: _or_least(found["results"][model]["c_npmi"]))
        return chart, gr.Radio(models, value=best), gr.Column(visible=True), None

    def show_model(found: Found | None, model: str) -> tuple[object, ...]:
        if not found or model not in found["summaries"]:
            raise gr.Error("The result is no longer kept: press Find topics again.")
        summary = found["summaries"][model]
        words, typical = draw_topic(summary, 0)
        choices = [(name, number) for number, name in enumerate(topic_names(summary))]
        mixture, text = draw_document(summary, found["documents"], 1)
        return (
            topic_table(summary),
            " ".join(map(_sentence, summary.get("notes", []))),
            draw_shares(summary),
            gr.Dropdown(choices=choices, value=0),
            words,
            typical,
            gr.Slider(maximum=len(found["documents"]), value=1),
            mixture,
            text,
            *write_tables(summary, found["documents"], Path(get_upload_folder())),
        )

    def show_map(
        found: Found | None,
        model: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> PlotData | None:
        if not found or model not in found["summaries"]:
            return None
        if "places" not in found:  # laid out once for all models
            found["places"] = _places(found["documents"], found["embedded"], progress)
        return draw_map(found["summaries"][model], found["places"], found["documents"])

    def read_topic(
        found: Found | None, model: str, number: int | None
    ) -> tuple[PlotData | None, list[list[str]]]:
        return draw_topic(found["summaries"].get(model) if found else None, number)

    def read_document(found: Found | None, model: str, number: int | None) -> tuple[PlotData | None, str]:
        return draw_document(
            found["summaries"].get(model) if found else None, found["documents"] if found else [], number
        )

    with gr.Blocks(title="Topic modelling", analytics_enabled=False) as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        found = gr.State(None, time_to_live=3600)
        all_topics = gr.Dataframe(
            headers=["Model", *TOPIC_HEADERS], datatype="str", type="array", visible=False
        )
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                corpora = {name: CORPORA.get(name, name) for name in names}
                source = gr.Radio(
                    [(title, name) for name, title in (corpora | OWN).items()],
                    value=names[0],
                    label="Documents",
                    info="The news are 300 stories of 2001 (the Lee corpus).",
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
                models = gr.CheckboxGroup(
                    list(MODELS), value=["NMF", "LDA"], label="Topic models", info=MODEL_INFO
                )
                n_topics = gr.Slider(2, MAX_TOPICS, value=8, step=1, label="Number of topics")
                button = gr.Button("Find topics", variant="primary", elem_id="find-topics")
                gr.Markdown(LIMITS, elem_classes="caption")
            with gr.Column(scale=3, min_width=320):
                coherence = gr.Plot(label="Which model to believe", elem_id="topic-coherence")
                comparison = gr.Dataframe(
                    headers=COMPARISON_HEADERS,
                    datatype="str",
                    type="array",
                    label="Models compared",
                    interactive=False,
                    elem_id="topic-comparison",
                )
                gr.Markdown(MEASURES_NOTE, elem_classes="caption")
                note = gr.Markdown(
                    "Press **Find topics**: the news take a second or two with NMF and LDA.",
                    elem_classes="note",
                )
        with gr.Column(visible=False) as reading:
            model = gr.Radio([], label="Read the topics of", elem_id="topic-model")
            remarks = gr.Markdown(elem_classes="note")
            table = gr.Dataframe(
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
            with gr.Row():
                with gr.Column(scale=2, min_width=300):
                    shares = gr.Plot(label="How much of the corpus each topic is", elem_id="topic-shares")
                with gr.Column(scale=3, min_width=320):
                    plane = gr.Plot(
                        label="Map: documents about the same things lie together", elem_id="document-map"
                    )
            with gr.Row():
                with gr.Column(scale=2, min_width=300):
                    topic = gr.Dropdown([], label="Read one topic", filterable=False, elem_id="topic-number")
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
            with gr.Row():
                with gr.Column(scale=2, min_width=300):
                    document = gr.Slider(
                        1,
                        2,
                        value=1,
                        step=1,
                        label="Read one document",
                        info="The map shows a document's number under the pointer.",
                        elem_id="document-number",
                    )
                    mixture = gr.Plot(label="Its topics", elem_id="document-topics")
                with gr.Column(scale=3, min_width=320):
                    text = gr.Textbox(label="Its text", lines=8, interactive=False, elem_id="document-text")
            with gr.Row():
                topics_file = gr.DownloadButton("Topics (CSV)", elem_id="topics-csv")
                mixtures_file = gr.DownloadButton("Topics of each document (CSV)", elem_id="mixtures-csv")

        source.change(
            lambda chosen: (gr.Textbox(visible=chosen == "lines"), gr.File(visible=chosen == "file")),
            source,
            [lines, file],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
        of_model = [table, remarks, shares, topic, words, typical, document, mixture, text]
        of_model += [topics_file, mixtures_file]
        shown: _Shown = {"show_progress": "hidden", "api_visibility": "private"}
        fitting = button.click(
            fit_topics,
            [source, lines, file, models, n_topics],
            [comparison, all_topics, note, found],
            api_name="fit_topics",
            show_progress_on=coherence,
            concurrency_id="fit_topics",
        )
        fitting.success(show_comparison, found, [coherence, model, reading, plane], **shown).success(
            show_model, [found, model], of_model, **shown
        ).success(show_map, [found, model], plane, api_visibility="private", concurrency_id="fit_topics")
        model.input(show_model, [found, model], of_model, **shown).success(
            show_map, [found, model], plane, api_visibility="private", concurrency_id="fit_topics"
        )
        topic.input(read_topic, [found, model, topic], [words, typical], **shown)
        document.change(read_document, [found, model, document], [mixture, text], **shown)
    return demo


def _places(documents: list[str], embedded: bool, progress: Callable[..., object]) -> np.ndarray:
    """Each document's place on a plane: by its embedding where a model computed that already, else by its words."""
    from grokaem.topics.document_map import document_map

    embeddings = None
    if embedded:
        from grokaem.embedding import Embedder

        embeddings = Embedder().encode(documents)
    return document_map(
        documents, embeddings=embeddings, progress=lambda done, doing: progress(done, desc=doing)
    )


def _or_least(npmi: float | None) -> float:
    return -1.0 if npmi is None else npmi


def _sentence(remark: str) -> str:
    """A remark, which may quote a file, as a sentence of Markdown."""
    return markdown(f"{remark[:1].upper()}{remark[1:].rstrip('.')}.")


def main() -> None:
    """Launches this tab alone."""
    from demos.style import LAUNCH
    from grokaem import corpora
    from grokaem.topics.scoring import evaluate

    create_demo(corpora.read_documents, evaluate, corpora.at_hand()).queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
