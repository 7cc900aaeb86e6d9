"""Plotly figures of topic models, for the HTML report."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from grokaem.topics.model import TopicModel

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go

    from grokaem.topics.scoring import Result

HOVER_CHARACTERS = 160
HEAT_DOCUMENTS = 400  # columns of the topic-document heat map; more cannot be told apart on a screen
MAP_DOCUMENTS = 20_000  # points that a browser still moves fluently


def topic_names(model: TopicModel, words: int = 3) -> list[str]:
    """``1 space nasa orbit``: a number and the heaviest words of each topic."""
    names = model.words(words)
    return [f"{number + 1} {' '.join(chosen) or '(no words)'}" for number, chosen in enumerate(names)]


def word_bars(model: TopicModel, top: int = 8) -> go.Figure:
    """The heaviest words of each topic as bars, four topics a row."""
    from plotly.subplots import make_subplots

    columns = min(4, model.n_topics)
    rows = -(-model.n_topics // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[f"topic {number + 1}" for number in range(model.n_topics)],
        vertical_spacing=min(0.3 / rows, 0.12),
        horizontal_spacing=0.08,
    )
    for number, topic in enumerate(model.topics):
        chosen = topic[:top][::-1]  # plotly draws from the bottom up
        figure.add_bar(
            x=[weight for _, weight in chosen],
            y=[html.escape(word) for word, _ in chosen],
            orientation="h",
            row=number // columns + 1,
            col=number % columns + 1,
            marker_color=_colour(number),
        )
    figure.update_layout(
        height=60 + 210 * rows, showlegend=False, margin={"l": 10, "r": 10, "t": 40, "b": 10}
    )
    return figure


def documents_on_map(model: TopicModel, places: np.ndarray, documents: list[str]) -> go.Figure:
    """Each document at its place, coloured by its main topic, its beginning on hover."""
    import numpy as np
    import plotly.graph_objects as go

    figure = go.Figure()
    shown = np.arange(len(documents))
    if len(shown) > MAP_DOCUMENTS:
        shown = np.sort(np.random.default_rng(0).choice(len(shown), MAP_DOCUMENTS, replace=False))
    names = topic_names(model)
    for number in range(model.n_topics):
        rows = shown[model.assignments[shown] == number]
        figure.add_scattergl(
            x=places[rows, 0],
            y=places[rows, 1],
            mode="markers",
            name=html.escape(names[number]),
            marker={"size": 5, "opacity": 0.7, "color": _colour(number)},
            text=[_beginning(documents[row]) for row in rows],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_layout(height=600, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def topic_document_heat(model: TopicModel) -> go.Figure:
    """Topics against documents, documents sorted by their main topic; a sample where there are many."""
    import numpy as np
    import plotly.graph_objects as go

    count = len(model.document_topics)
    rows = np.unique(np.linspace(0, count - 1, min(count, HEAT_DOCUMENTS)).astype(int))
    rows = rows[np.argsort(model.assignments[rows], kind="stable")]
    heat = go.Heatmap(
        z=model.document_topics[rows].T,
        y=[html.escape(name) for name in topic_names(model)],
        customdata=np.tile(rows + 1, (model.n_topics, 1)),
        hovertemplate="document %{customdata}<br>%{y}<br>%{z:.2f}<extra></extra>",
        colorscale="Blues",
        zmin=0,
    )
    return _table_layout(go.Figure(heat), model.n_topics)


def topic_correlation(model: TopicModel) -> go.Figure:
    """How the weights of two topics go together over the documents (Pearson)."""
    import numpy as np
    import plotly.graph_objects as go

    weights = model.document_topics - model.document_topics.mean(axis=0)
    lengths = np.linalg.norm(weights, axis=0)
    scaled = weights / np.where(lengths > 0, lengths, 1.0)
    names = [html.escape(name) for name in topic_names(model)]
    heat = go.Heatmap(z=scaled.T @ scaled, x=names, y=names, colorscale="RdBu", zmin=-1, zmax=1)
    return _table_layout(go.Figure(heat), model.n_topics)


def topics_by_class(model: TopicModel, labels: list[str]) -> go.Figure:
    """Mean topic mixture of the documents of each class: what the classes of a data set are about."""
    import numpy as np
    import plotly.graph_objects as go

    names = sorted(set(labels))
    rows = np.array(labels, object)
    means = np.array([model.document_topics[rows == name].mean(axis=0) for name in names])
    heat = go.Heatmap(
        z=means,
        x=[html.escape(name) for name in topic_names(model)],
        y=[html.escape(f"{name} ({int((rows == name).sum())})") for name in names],
        colorscale="Blues",
        zmin=0,
        hovertemplate="%{y}<br>%{x}<br>%{z:.2f}<extra></extra>",
    )
    return _table_layout(go.Figure(heat), len(names))


def npmi_curves(curves: dict[str, dict[int, float | None]]) -> go.Figure:
    """NPMI against the number of topics, one line a model."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for model, scores in curves.items():
        numbers = sorted(scores)
        values = [scores[number] for number in numbers]
        figure.add_scatter(x=numbers, y=values, mode="lines+markers", name=model)
    figure.update_layout(height=360, xaxis_title="topics", yaxis_title="NPMI", margin={"t": 10, "r": 10})
    return figure


def coherence_bars(results: list[Result]) -> go.Figure:
    """NPMI of every model, with its spread over the seeds."""
    import plotly.graph_objects as go

    told = [result for result in results if result["c_npmi"] is not None]
    bars = go.Bar(
        x=[result["model"] for result in told],
        y=[result["c_npmi"] for result in told],
        error_y={"type": "data", "array": [result["spread"]["c_npmi"] for result in told]},
    )
    figure = go.Figure(bars)
    figure.update_layout(height=360, yaxis_title="NPMI", margin={"t": 10, "r": 10})
    return figure


def _table_layout(figure: go.Figure, rows: int) -> go.Figure:
    figure.update_layout(height=140 + 26 * rows, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    figure.update_yaxes(automargin=True, autorange="reversed")
    figure.update_xaxes(automargin=True)
    return figure


def _beginning(document: str) -> str:
    text = " ".join(document[: 4 * HOVER_CHARACTERS].split())
    cut = text[:HOVER_CHARACTERS] + ("…" if len(text) > HOVER_CHARACTERS else "")
    lines = [cut[start : start + 60] for start in range(0, len(cut), 60)]
    return "<br>".join(html.escape(line) for line in lines)


def _colour(number: int) -> str:
    """Hues a golden angle apart, so that neighbours in number differ most."""
    return f"hsl({int(number * 137.5) % 360}, 60%, {45 + 12 * (number // 12 % 2)}%)"
