"""The map of the topic tab: documents on a plane, topics' names on their clusters, some points standing out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from gradio.components.plot import PlotData

from demos.plots import plot
from demos.topic_summary import Fitted, Summary, excerpt, topic_names
from demos.wording import say
from grokaem import charts

if TYPE_CHECKING:
    from grokaem.text.vectorize import VectorSettings

HOVER = 120  # characters of a document under the pointer
HEIGHT = 460  # pixels


def sketch(vectors: np.ndarray) -> np.ndarray:
    """Places by the first two principal components: float32, shape (n_documents, 2), in no time."""
    from grokaem.topics.reduction import principal_axes

    return principal_axes(vectors, 2)


def document_vectors(
    documents: list[str],
    embedded: bool,
    left_out: tuple[str, ...],
    progress: Callable[[float, str], object] | None = None,
) -> np.ndarray:
    """What the map compares: sentence embeddings where a model computed them already, else the words' TF-IDF."""
    if embedded:
        from grokaem.embedding import Embedder

        return Embedder().encode(documents, progress)
    from grokaem.topics.document_map import semantic_vectors

    return semantic_vectors(documents, settings=word_settings(len(documents), "tfidf", left_out))


def word_settings(n_documents: int, weighting: str, left_out: tuple[str, ...]) -> VectorSettings:
    """How documents become words: as the models have it, without the words that the visitor leaves out."""
    from dataclasses import replace

    from grokaem.topics.documents import default_settings

    return replace(default_settings(n_documents, weighting), left_out=left_out)  # pyright: ignore[reportArgumentType]


def draw_map(fitted: Fitted, model: str, topic: int | None = None, words: str = "") -> PlotData:
    """Each document at its place, in the colour of its main topic, its beginning on hover; names on the clusters.

    Args:
        fitted (Fitted): documents, places and summaries.
        model (str): which model's topics.
        topic (int, optional): its points stand out. (Default: all do)
        words (str, optional): the points of the documents that hold them stand out. (Default: all do)
    """
    summary = fitted.summaries[model]
    main = main_topics(summary)
    bright = np.ones(len(main), bool)
    if topic is not None:
        bright &= main == topic
    if words.split():
        bright &= holding(fitted.documents, words)
    groups = []
    for number, name in enumerate(topic_names(summary)):
        rows = np.flatnonzero(main == number)
        hover = [f"{row + 1}: {excerpt(fitted.documents[int(row)], HOVER)}" for row in rows]
        faint = None if bright.all() else ~bright[rows]
        groups.append(charts.Points(name, fitted.places[rows], hover, [int(row) + 1 for row in rows], faint))
    labels = cluster_labels(summary, fitted.places, topic)
    return plot(charts.points(groups, labels=labels, legend=False, height=HEIGHT))


def cluster_labels(summary: Summary, places: np.ndarray, topic: int | None = None) -> list[charts.Label]:
    """Each topic's number and heaviest words at the median of its points; the first ones matter most.

    The page's script hides those that would lie over an earlier one, as many as its width asks for.
    """
    main = main_topics(summary)
    names = topic_names(summary, words=2)
    order = sorted(range(len(names)), key=lambda number: number != topic)
    labels = []
    for number in order:
        own = places[main == number]
        if len(own) and summary["topics"][number]["words"]:
            x, y = np.median(own, axis=0)
            labels.append(charts.Label(names[number], (float(x), float(y))))
    return labels


def main_topics(summary: Summary) -> np.ndarray:
    """The number of each document's main topic, from 0."""
    return summary["mixtures"].argmax(axis=1)


def holding(documents: Sequence[str], words: str) -> np.ndarray:
    """Which documents hold every one of the words, or words that begin with them, in any case: bool, (n_documents,)."""
    patterns = [re.compile(r"\b" + re.escape(word), re.IGNORECASE) for word in words.split()[:20]]
    return np.array([all(pattern.search(text) for pattern in patterns) for text in documents], bool)


def found(fitted: Fitted, words: str) -> str:
    """A sentence: how many documents hold the words, or what the map is."""
    if words.split():
        count = int(holding(fitted.documents, words).sum())
        return say("**{count}** of {all} documents hold these words.", count=count, all=len(fitted.documents))
    if fitted.sketched:
        return say("A first sketch by principal components; UMAP's map takes its place in a moment.")
    return say("Documents about the same things lie together. Click a point to read it.")
