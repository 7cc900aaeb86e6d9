"""The topic tab for programs: one function without the page's state, for Gradio's clients and those of MCP."""

# Annotations are read as types by gr.api, which does not resolve them from strings: no "from __future__" here.

from collections.abc import Callable
from typing import TypedDict

import gradio as gr

from demos.error_messages import one_sentence
from demos.heavy import heavy
from demos.topic_fitting import TopicFitter
from demos.topic_input import Asked
from demos.topic_map import main_topics
from demos.topic_reading import headline
from demos.topic_summary import Fitted
from demos.uploads import uploaded


class MeasuredModel(TypedDict):
    """A model and its measures; null for what cannot be told."""

    model: str
    npmi: float | None
    u_mass: float | None
    c_uci: float | None
    c_v: float | None
    diversity: float | None
    nmi: float | None
    seconds: float | None


class FoundTopic(TypedDict):
    """A topic of a model: its share of all the text, from 0 to 1, and its words, the heaviest first."""

    model: str
    topic: int
    share: float
    words: list[str]


class FoundTopics(TypedDict):
    """What was found."""

    summary: str
    remarks: list[str]
    models: list[MeasuredModel]
    topics: list[FoundTopic]
    main_topics: dict[str, list[int]]


def public_fit(fitter: TopicFitter) -> Callable[..., FoundTopics]:
    """The function that programs call.

    Args:
        fitter (TopicFitter): the tab's.
    """

    def fit_topics(
        source: str = fitter.corpora[0],
        lines: str = "",
        file: gr.FileData | None = None,
        models: list[str] = ["NMF"],  # noqa: B006 (Gradio reads it; nothing writes to it)
        n_topics: int | float | str = 8,
        column: str = "",
        left_out: str = "",
    ) -> FoundTopics:
        """Finds the topics of a collection of documents with one or several models, and measures them.

        Args:
            source (str): "lines", "file", or a corpus that the page offers: "definitions" is a dictionary.
            lines (str): for "lines": 10 to 2000 documents, one a line, at most 1,000,000 characters.
            file (filepath): for "file": a text file of one document a line, a CSV, TSV, JSONL or Parquet file.
            models (list[str]): one or several of those that the page offers: "NMF", "LDA", "BERTopic", ...
            n_topics (int): how many topics to look for, 2 to 30; a number or its digits.
            column (str): for a file that is a table: the column of the texts; recognised where it is left empty.
            left_out (str): words that take no part besides the stop words of English and Russian.

        Returns:
            An object: "summary" and "remarks" in words; "models", with NPMI and the other measures of each; "topics",
            with model, number, share of all the text and ten words of each; "main_topics", for each model the number
            of each document's main topic.
        """
        asked = Asked(source, lines, uploaded(file), column, tuple(_names(models)), as_number(n_topics), left_out)
        return found_topics(fitter.fit(asked, lambda *_, **__: None))

    return one_sentence(heavy(fit_topics))


def found_topics(fitted: Fitted) -> FoundTopics:
    """A result as a program takes it."""
    models, topics = [], []
    for model, summary in fitted.summaries.items():
        measures = {("npmi" if name == "c_npmi" else name): value for name, value in summary["measures"].items()}
        models.append({"model": model, **measures})
        for number, topic in enumerate(summary["topics"], start=1):
            words = [word for word, _ in topic["words"]]
            topics.append({"model": model, "topic": number, "share": topic["share"], "words": words})
    return {
        "summary": headline(fitted, fitted.best),
        "remarks": fitted.remarks,
        "models": models,
        "topics": topics,
        "main_topics": {
            model: [int(topic) + 1 for topic in main_topics(summary)] for model, summary in fitted.summaries.items()
        },
    }


def as_number(given: int | float | str) -> int | float | str:
    """A number that a program may have written as text; what is none stays, and is refused with its words."""
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        return given
    return int(number) if number.is_integer() else number


def _names(models: list[str] | str) -> list[str]:
    return [models] if isinstance(models, str) else list(models or [])
