"""What the topic tab shows of fitted models: measures side by side, topics by their share, one topic, one document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import numpy as np
from gradio.components.plot import PlotData

from demos.plots import plot
from grokaem import charts
from grokaem.figure import SECOND_INK

if TYPE_CHECKING:
    from grokaem.topics.model import TopicModel

WORDS = 10
MEASURES = ("c_npmi", "u_mass", "c_uci", "c_v", "diversity", "nmi", "seconds")
FORMATS = {"u_mass": ".2f", "c_uci": ".2f", "diversity": ".2f", "seconds": ".1f"}  # others: .3f
COMPARISON_HEADERS = ["Model", "NPMI", "u_mass", "c_uci", "c_v*", "Diversity", "NMI", "Seconds"]

Measures = Mapping[str, Any]  # of one model, as grokaem.topics.scoring.evaluate returns them


class Topic(TypedDict):
    """One topic: its share of all the text, its words with their weights, and the documents that have most of it."""

    share: float
    words: list[tuple[str, float]]
    documents: list[tuple[float, str]]


class Summary(TypedDict):
    """A fitted model: topics, the largest first; ``mixtures``, float32, of shape (n_documents, n_topics)."""

    topics: list[Topic]
    mixtures: np.ndarray
    notes: NotRequired[list[str]]


def summarize(model: TopicModel, documents: list[str]) -> Summary:
    """What the page shows of a fitted model: topics by their share of the corpus, the largest first.

    Args:
        model: a fitted topic model: ``topics`` (list of lists of word and weight) and ``document_topics``
            (ndarray of shape (n_documents, n_topics), rows that sum to 1).
        documents (list of str): what it was fitted to.

    Returns:
        dict: ``topics``, a list of dicts with ``share`` (of all the text, 0 to 1), ``words`` (pairs of word
        and weight) and ``documents`` (pairs of the topic's share in a document and the document's start, the
        three highest); ``mixtures``, float32, shape (n_documents, n_topics), columns in the order of ``topics``.
    """
    mixtures = np.asarray(model.document_topics, dtype=float)
    shares = mixtures.mean(axis=0)
    order = np.argsort(-shares, kind="stable")
    topics: list[Topic] = []
    for column in order:
        typical = np.argsort(-mixtures[:, column], kind="stable")[:3]
        topics.append(
            {
                "share": float(shares[column]),
                "words": [(str(word), float(weight)) for word, weight in model.topics[column][:WORDS]],
                "documents": [(float(mixtures[row, column]), excerpt(documents[row])) for row in typical],
            }
        )
    return {"topics": topics, "mixtures": mixtures[:, order].astype(np.float32)}


def topic_table(summary: Summary) -> list[list[str]]:
    """Rows of the table: number, share in percent, words."""
    return [
        [str(number), f"{topic['share']:.1%}", ", ".join(word for word, _ in topic["words"])]
        for number, topic in enumerate(summary["topics"], start=1)
    ]


def comparison_table(results: dict[str, Measures]) -> list[list[str]]:
    """Rows of the comparison, a model each: its measures, a dash for what is unknown.

    Args:
        results (dict): model's name -> its measures, from ``grokaem.topics.scoring.evaluate``.
    """
    rows = []
    for name, result in results.items():
        values = [(result.get(measure), FORMATS.get(measure, ".3f")) for measure in MEASURES]
        rows.append([name, *("–" if value is None else format(value, form) for value, form in values)])
    return rows


def draw_comparison(results: dict[str, Measures]) -> PlotData:
    """Bars: NPMI of every model that has one, the best first."""
    measured = {name: result["c_npmi"] for name, result in results.items() if result["c_npmi"] is not None}
    names = sorted(measured, key=lambda name: -measured[name])
    return plot(charts.bars(names, [measured[name] for name in names], title="coherence of the topics (NPMI)"))


def draw_shares(summary: Summary) -> PlotData:
    """Bars: how much of all the text each topic is, named by its three heaviest words."""
    names = topic_names(summary)
    shares = [topic["share"] for topic in summary["topics"]]
    return plot(charts.bars(names, shares, title="share of the corpus", value_format=".1%", axis_format=".0%"))


def draw_map(summary: Summary, places: np.ndarray, documents: list[str]) -> PlotData:
    """Each document at its place on the plane, in the colour of its main topic, its beginning on hover.

    Args:
        summary (dict): from ``summarize``.
        places (ndarray): shape (n_documents, 2), from ``grokaem.topics.document_map``.
        documents (list of str): the corpus.
    """
    main = summary["mixtures"].argmax(axis=1)
    groups = []
    for number, name in enumerate(topic_names(summary)):
        rows = np.flatnonzero(main == number)
        if len(rows):
            hover = [f"document {row + 1}: {excerpt(documents[row], 160)}" for row in rows]
            groups.append((name, places[rows], hover))
    return plot(charts.points(groups))


def topic_names(summary: Summary) -> list[str]:
    """Each topic's number and its three heaviest words."""
    return [
        f"{number} · {', '.join(word for word, _ in topic['words'][:3]) or '(no words)'}"
        for number, topic in enumerate(summary["topics"], start=1)
    ]


def draw_topic(summary: Summary | None, number: int | None) -> tuple[PlotData | None, list[list[str]]]:
    """One topic opened: its words with their weights, and the three documents that have most of it."""
    if not summary or number is None or not 0 <= number < len(summary["topics"]):
        return None, []
    topic = summary["topics"][number]
    words = [word for word, _ in topic["words"]]
    chart = charts.bars(
        words,
        [weight for _, weight in topic["words"]],
        title="weight of the word in the topic",
        colour=SECOND_INK,
    )
    return plot(chart), [[f"{share:.0%}", text] for share, text in topic["documents"]]


def draw_document(
    summary: Summary | None, documents: list[str], number: int | None
) -> tuple[PlotData | None, str]:
    """One document opened: its mixture of topics, the heaviest first, and its text."""
    if not summary or number is None or not 1 <= number <= len(documents):
        return None, ""
    row = int(number) - 1
    mixture = summary["mixtures"][row]
    names = topic_names(summary)
    order = np.argsort(-mixture, kind="stable")[:WORDS]
    chart = charts.bars(
        [names[topic] for topic in order],
        [float(mixture[topic]) for topic in order],
        title=f"mixture of document {row + 1}",
        value_format=".1%",
        axis_format=".0%",
    )
    return plot(chart), excerpt(documents[row], 1500)


def excerpt(document: str, characters: int = 260) -> str:
    """The beginning of a document on one line, cut at a word."""
    text = " ".join(document[: 4 * characters].split())
    if len(text) <= characters:
        return text
    return (text[: text.rfind(" ", 0, characters)] if " " in text[:characters] else text[:characters]) + " …"
