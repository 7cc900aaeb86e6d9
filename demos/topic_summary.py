"""What the topic tab shows of a fitted model: a table, the topics' shares, one topic opened."""

from __future__ import annotations

from typing import Any

import numpy as np

from demos import charts
from demos.style import SECOND_INK

WORDS = 10


def summarize(model: Any, documents: list[str]) -> dict[str, Any]:
    """What the page shows of a fitted model, as plain lists: topics by their share, the largest first.

    Args:
        model: a fitted topic model: ``topics`` (list of lists of word and weight) and ``document_topics``
        (ndarray of
            shape (n_documents, n_topics), rows that sum to 1).
        documents (list of str): what it was fitted to.

    Returns:
        dict: ``topics``, a list of dicts with ``share`` (of all the text, 0 to 1), ``words`` (pairs of word
        and
        weight) and ``documents`` (pairs of the topic's share in a document and the document's start, the
        three
        highest).
    """
    mixtures = np.asarray(model.document_topics, dtype=float)
    shares = mixtures.mean(axis=0)
    topics = []
    for column in np.argsort(-shares, kind="stable"):
        typical = np.argsort(-mixtures[:, column], kind="stable")[:3]
        topics.append(
            {
                "share": float(shares[column]),
                "words": [(str(word), float(weight)) for word, weight in model.topics[column][:WORDS]],
                "documents": [(float(mixtures[row, column]), _excerpt(documents[row])) for row in typical],
            }
        )
    return {"topics": topics}


def topic_table(summary: dict[str, Any]) -> list[list[str]]:
    """Rows of the table: number, share in percent, words."""
    return [
        [str(number), f"{topic['share']:.1%}", ", ".join(word for word, _ in topic["words"])]
        for number, topic in enumerate(summary["topics"], start=1)
    ]


def draw_shares(summary: dict[str, Any]) -> charts.PlotData:
    """Bars: how much of all the text each topic is, named by its three heaviest words."""
    names = topic_names(summary)
    shares = [topic["share"] for topic in summary["topics"]]
    return charts.bars(names, shares, title="share of the corpus", value_format=".1%", axis_format=".0%")


def topic_names(summary: dict[str, Any]) -> list[str]:
    """Each topic's number and its three heaviest words."""
    return [
        f"{number} · {', '.join(word for word, _ in topic['words'][:3]) or '(no words)'}"
        for number, topic in enumerate(summary["topics"], start=1)
    ]


def draw_topic(summary: dict[str, Any] | None, number: int | None) -> tuple[Any, list[list[str]]]:
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
    return chart, [[f"{share:.0%}", text] for share, text in topic["documents"]]


def _excerpt(document: str, characters: int = 260) -> str:
    text = " ".join(document.split())
    return text if len(text) <= characters else text[: text.rfind(" ", 0, characters) or characters] + " …"
