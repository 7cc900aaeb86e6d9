"""Charts of topic models, for the HTML report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from grokaem.charts import Bars, Names, Points, bar_grid, bars, matrix, points
from grokaem.curves import curves
from grokaem.figure import SEQUENTIAL, Axis, Figure
from grokaem.topics.model import TopicModel

if TYPE_CHECKING:
    from grokaem.topics.scoring import Result

HOVER_CHARACTERS = 160
HEAT_DOCUMENTS = 400  # columns of the topic-document heat map; more cannot be told apart on a screen
MAP_DOCUMENTS = 20_000  # points that a browser still moves fluently


def topic_names(model: TopicModel, words: int = 3) -> list[str]:
    """``1 space nasa orbit``: a number and the heaviest words of each topic."""
    names = model.words(words)
    return [f"{number + 1} {' '.join(chosen) or '(no words)'}" for number, chosen in enumerate(names)]


def word_bars(model: TopicModel, top: int = 8) -> Figure:
    """The heaviest words of each topic as bars, four topics a row."""
    charts = []
    for number, topic in enumerate(model.topics, 1):
        heaviest = topic[:top]
        charts.append(Bars(f"topic {number}", [word for word, _ in heaviest], [weight for _, weight in heaviest]))
    return bar_grid(charts)


def documents_on_map(model: TopicModel, places: np.ndarray, documents: list[str]) -> Figure:
    """Each document at its place, coloured by its main topic, its beginning on hover."""
    shown = np.arange(len(documents))
    if len(shown) > MAP_DOCUMENTS:
        shown = np.sort(np.random.default_rng(0).choice(len(shown), MAP_DOCUMENTS, replace=False))
    groups = []
    for number, name in enumerate(topic_names(model)):
        rows = shown[model.assignments[shown] == number]
        groups.append(Points(name, places[rows], [_beginning(documents[row]) for row in rows]))
    return points(groups, height=600)


def topic_document_heat(model: TopicModel) -> Figure:
    """Topics against documents, documents sorted by their main topic; a sample where there are many."""
    count = len(model.document_topics)
    rows = np.unique(np.linspace(0, count - 1, min(count, HEAT_DOCUMENTS)).astype(int))
    rows = rows[np.argsort(model.assignments[rows], kind="stable")]
    documents = Names("documents, by their main topic", [f"document {row + 1}" for row in rows], shown=False)
    return _shares(model.document_topics[rows].T, Names("", topic_names(model)), documents)


def topic_correlation(model: TopicModel) -> Figure:
    """How the weights of two topics go together over the documents (Pearson)."""
    weights = model.document_topics - model.document_topics.mean(axis=0)
    lengths = np.linalg.norm(weights, axis=0)
    scaled = weights / np.where(lengths > 0, lengths, 1.0)
    names = Names("", topic_names(model))
    height = _table_height(model.n_topics)
    return matrix(scaled.T @ scaled, names, names, value_title="correlation", bounds=(-1, 1), height=height)


def topics_by_class(model: TopicModel, labels: list[str]) -> Figure:
    """Mean topic mixture of the documents of each class: what the classes of a data set are about."""
    names = sorted(set(labels))
    rows = np.array(labels, object)
    means = np.array([model.document_topics[rows == name].mean(axis=0) for name in names])
    classes = Names("", [f"{name} ({int((rows == name).sum())})" for name in names])
    return _shares(means, classes, Names("", topic_names(model)))


def npmi_curves(npmi: dict[str, dict[int, float | None]]) -> Figure:
    """NPMI against the number of topics, one line a model."""
    places = {model: np.array(sorted(scores), dtype=float) for model, scores in npmi.items()}
    values = {
        model: np.array([scores[number] for number in sorted(scores)], dtype=float) for model, scores in npmi.items()
    }
    return curves(places, values, Axis("topics"), Axis("NPMI"), markers=True, height=360)


def coherence_bars(results: list[Result]) -> Figure:
    """NPMI of every model that has one, with its spread over the seeds."""
    known: dict[str, tuple[float, float]] = {}
    for result in results:
        if result["c_npmi"] is not None:
            known[result["model"]] = (result["c_npmi"], result["spread"]["c_npmi"] or 0.0)
    values, spread = [npmi for npmi, _ in known.values()], [far for _, far in known.values()]
    return bars(list(known), values, spread=spread, title="coherence of the topics (NPMI)")


def _shares(values: np.ndarray, rows: Names, columns: Names) -> Figure:
    """Shares of 1 as colours, black for none."""
    bounds = (0.0, float(values.max(initial=0.0)) or 1.0)
    height = _table_height(len(values))
    return matrix(values, rows, columns, value_title="share", bounds=bounds, colours=SEQUENTIAL, height=height)


def _table_height(rows: int) -> int:
    return 140 + 26 * rows


def _beginning(document: str) -> str:
    text = " ".join(document[: 4 * HOVER_CHARACTERS].split())
    return text[:HOVER_CHARACTERS] + ("…" if len(text) > HOVER_CHARACTERS else "")
