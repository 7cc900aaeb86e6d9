"""What the topic tab draws of fitted models: the comparison, one model, its map, one topic, one document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from gradio.components.plot import PlotData
from gradio.utils import get_upload_folder

from demos.topic_fitting import FittedModels, sentence
from demos.topic_summary import (
    draw_comparison,
    draw_document,
    draw_map,
    draw_shares,
    draw_topic,
    topic_names,
    topic_table,
)
from demos.topic_tables import write_tables

if TYPE_CHECKING:
    import numpy as np


def show_comparison(fitted: FittedModels) -> tuple[PlotData, gr.Radio, gr.Column, None]:
    """The chart of the models, a choice among them that stands at the most coherent, no map yet."""
    models = list(fitted["summaries"])
    npmi = {model: fitted["results"][model]["c_npmi"] for model in models}
    best = max(models, key=lambda model: -1.0 if npmi[model] is None else npmi[model])
    return draw_comparison(fitted["results"]), gr.Radio(models, value=best), gr.Column(visible=True), None


def show_model(fitted: FittedModels | None, model: str) -> tuple[object, ...]:
    """All that is shown of one model but the map, in the order of ``topic_layout.ModelParts``."""
    if not fitted or model not in fitted["summaries"]:
        raise gr.Error("The result is no longer kept: press Find topics again.")
    summary = fitted["summaries"][model]
    words, typical = draw_topic(summary, 0)
    choices = [(name, number) for number, name in enumerate(topic_names(summary))]
    mixture, text = draw_document(summary, fitted["documents"], 1)
    return (
        topic_table(summary),
        " ".join(map(sentence, summary.get("notes", []))),
        draw_shares(summary),
        gr.Dropdown(choices=choices, value=0),
        words,
        typical,
        gr.Slider(maximum=len(fitted["documents"]), value=1),
        mixture,
        text,
        *write_tables(summary, fitted["documents"], Path(get_upload_folder())),
    )


def show_map(
    fitted: FittedModels | None,
    model: str,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
) -> PlotData | None:
    """The documents on a plane; nothing where the result is no longer kept."""
    if not fitted or model not in fitted["summaries"]:
        return None
    if "places" not in fitted:  # laid out once for all models
        fitted["places"] = _places(fitted["documents"], fitted["embedded"], progress)
    return draw_map(fitted["summaries"][model], fitted["places"], fitted["documents"])


def read_topic(
    fitted: FittedModels | None, model: str, number: int | None
) -> tuple[PlotData | None, list[list[str]]]:
    """A topic's words, and the documents that have most of it."""
    return draw_topic(fitted["summaries"].get(model) if fitted else None, number)


def read_document(fitted: FittedModels | None, model: str, number: int | None) -> tuple[PlotData | None, str]:
    """A document's topics, and its text."""
    if not fitted:
        return None, ""
    return draw_document(fitted["summaries"].get(model), fitted["documents"], number)


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
