"""What the topic tab draws of fitted models: the comparison, shares, words of a topic, a document's mixture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from gradio.components.plot import PlotData

from demos.plots import plot
from demos.topic_summary import WORDS, Summary, topic_names
from demos.wording import say
from grokaem import charts
from grokaem.figure import SECOND_INK


def draw_comparison(summaries: Mapping[str, Summary]) -> PlotData:
    """Bars: NPMI of every model that has one, the best first."""
    measured = {name: summary["measures"]["c_npmi"] for name, summary in summaries.items()}
    known = {name: value for name, value in measured.items() if value is not None}
    names = sorted(known, key=lambda name: -known[name])
    return plot(charts.bars(names, [known[name] for name in names], title=say("coherence of the topics (NPMI)")))


def draw_shares(summary: Summary) -> PlotData:
    """Bars: how much of all the text each topic is, named by its three heaviest words."""
    shares = [topic["share"] for topic in summary["topics"]]
    title = say("share of all the text")
    return plot(
        charts.bars(topic_names(summary), shares, title=title, value_format=".1%", axis_format=".0%")
    )


def draw_words(summary: Summary, number: int) -> PlotData:
    """Bars: the weights of a topic's words."""
    words = summary["topics"][number]["words"]
    title = say("weight of the word in topic {number}", number=number + 1)
    return plot(
        charts.bars([word for word, _ in words], [each for _, each in words], title=title, colour=SECOND_INK)
    )


def draw_mixture(summary: Summary, number: int) -> PlotData:
    """Bars: the topics of document ``number``, counted from 1, the heaviest first."""
    mixture = summary["mixtures"][number - 1].astype(float)
    names = topic_names(summary)
    order = np.argsort(-mixture, kind="stable")[:WORDS]
    chart = charts.bars(
        [names[topic] for topic in order],
        [float(mixture[topic]) for topic in order],
        title=say("topics of document {number}", number=number),
        value_format=".1%",
        axis_format=".0%",
    )
    return plot(chart)
