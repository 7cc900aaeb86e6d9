"""What the topic tab shows of a result: the map and its sentence, one topic, one document, the models compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from gradio.components.plot import PlotData
from gradio.i18n import I18nData
from gradio.utils import get_upload_folder

from demos.topic_charts import draw_comparison, draw_mixture, draw_shares, draw_words
from demos.topic_fitting import sentence
from demos.topic_map import draw_map, found
from demos.topic_summary import (
    Fitted,
    comparison_table,
    excerpt,
    topic_names,
    topic_table,
    typical_documents,
)
from demos.topic_tables import write_files
from demos.wording import say, translated
from grokaem.plain_text import markdown

COMPARISON_HEADERS = ("Model", "NPMI", "u_mass", "c_uci", "c_v", "Diversity", "NMI", "Seconds")
ALL = -1  # the choice of every topic
TEXT = 2000  # characters of an opened document


class Choice(NamedTuple):
    """Choices of a component, as pairs of words and value, and the one that is taken."""

    choices: list[tuple[str | I18nData, str | int | float]]
    value: str | int | None


class Place(NamedTuple):
    """A number, and the highest one."""

    value: int
    most: int


class Table(NamedTuple):
    """Rows under their headers, which a layout could not translate."""

    headers: list[str]
    rows: list[list[str]]

    def value(self) -> dict[str, object]:
        """As a component of tables takes it."""
        return {"headers": self.headers, "data": self.rows}


class Shown(NamedTuple):
    """What every part of the tab shows of one model of a result."""

    sentence: str
    plane: PlotData
    status: str
    search: str
    model: Choice
    topic: Choice
    words: PlotData
    typical: Table
    document: Place
    mixture: PlotData
    text: str
    comparison: PlotData
    measures: Table
    shares: PlotData
    table: Table
    remarks: str
    topics_file: str
    mixtures_file: str
    everything_file: str


def show(fitted: Fitted, model: str, folder: Path | None = None) -> Shown:
    """Everything that is shown of one model, its largest topic's most typical document opened.

    Args:
        fitted (Fitted): the result.
        model (str): title of one of its models.
        folder (Path, optional): where the files to download are written. (Default: the page's own)
    """
    summary = fitted.summaries[model]
    document = summary["topics"][0]["typical"][0] + 1
    files = write_files(fitted, model, folder or Path(get_upload_folder()))
    remarks = [*fitted.remarks, *(sentence(translated(note)) for note in summary["notes"])]
    return Shown(
        headline(fitted, model),
        draw_map(fitted, model),
        found(fitted, ""),
        "",
        Choice([(title, f"{fitted.name} {title}") for title in fitted.summaries], f"{fitted.name} {model}"),
        Choice(_topic_choices(fitted, model), ALL),
        draw_words(summary, 0),
        _typical(fitted, model, None),
        Place(document, len(fitted.documents)),
        draw_mixture(summary, document),
        excerpt(fitted.documents[document - 1], TEXT),
        draw_comparison(fitted.summaries),
        Table([say(header) for header in COMPARISON_HEADERS], comparison_table(fitted.summaries)),
        draw_shares(summary),
        Table(["#", say("Share"), say("Words, the heaviest first")], topic_table(summary)),
        " ".join(remarks),
        *files,
    )


def as_updates(shown: Shown) -> list[object]:
    """What an event returns for the components of ``Shown``."""
    kinds: dict[str, Callable[[Any], object]] = {
        "typical": Table.value,
        "measures": Table.value,
        "table": Table.value,
        "model": lambda each: gr.Radio(choices=each.choices, value=each.value),
        "topic": lambda each: gr.Radio(choices=each.choices, value=each.value),
        "document": lambda each: gr.Slider(maximum=each.most, value=each.value),
    }
    return [
        kinds[name](value) if name in kinds else value for name, value in zip(Shown._fields, shown, strict=True)
    ]


def headline(fitted: Fitted, model: str) -> str:
    """The sentence over the map: what was found, and what the largest topic is about."""
    summary = fitted.summaries[model]
    largest = summary["topics"][0]
    return say(
        "**{model}** found **{count} topics** in {documents} documents. The largest, {share} of all the text, is about "
        "**{words}**.",
        model=model,
        count=len(summary["topics"]),
        documents=len(fitted.documents),
        share=f"{largest['share']:.0%}",
        words=markdown(", ".join(word for word, _ in largest["words"][:3]) or "–"),
    )


def read_topic(fitted: Fitted, model: str, topic: int, words: str) -> tuple[PlotData, PlotData, dict]:
    """A topic chosen: the map on which its points stand out, its words, the documents that have most of it."""
    summary = fitted.summaries[model]
    chosen = topic if isinstance(topic, int) and 0 <= topic < len(summary["topics"]) else None
    return (
        draw_map(fitted, model, chosen, words),
        draw_words(summary, chosen or 0),
        _typical(fitted, model, chosen).value(),
    )


def search_map(fitted: Fitted, model: str, topic: int, words: str) -> tuple[PlotData, str]:
    """The map on which the points of the documents that hold the words stand out, and how many they are."""
    chosen = topic if isinstance(topic, int) and topic >= 0 else None
    return draw_map(fitted, model, chosen, words), found(fitted, words)


def read_document(fitted: Fitted, model: str, number: float) -> tuple[PlotData | None, str]:
    """A document's topics, and its text."""
    if not isinstance(number, int | float) or not 1 <= number <= len(fitted.documents):
        return None, ""
    return draw_mixture(fitted.summaries[model], int(number)), excerpt(fitted.documents[int(number) - 1], TEXT)


def _typical(fitted: Fitted, model: str, topic: int | None) -> Table:
    last = "Documents that have most of it" if topic is not None else "A typical document of each topic"
    rows = typical_documents(fitted.summaries[model], topic, fitted.documents)
    return Table(["#", say("Share"), say(last)], rows)


def _topic_choices(fitted: Fitted, model: str) -> list[tuple[str | I18nData, str | int | float]]:
    summary = fitted.summaries[model]
    sizes = [f"{topic['share']:.0%}" for topic in summary["topics"]]
    named = [f"{name} ({size})" for name, size in zip(topic_names(summary), sizes, strict=True)]
    return [(say("All topics"), ALL), *((name, number) for number, name in enumerate(named))]
