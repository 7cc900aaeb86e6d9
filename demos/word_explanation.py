"""Which words of a sentence decided, for the TF-IDF model of a comparison."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

from gradio.components.plot import PlotData

from demos.error_messages import one_sentence
from demos.plots import plot
from demos.text_input import check_text
from demos.text_result import marked
from demos.word_model import WordModel
from demos.wording import say
from grokaem.charts import bars
from grokaem.figure import INK, SECOND_INK, escape
from grokaem.plain_text import terminal

MOST_WORDS = 15


class Explained(NamedTuple):
    """What the panel shows of a sentence: the marked words as HTML, and bars."""

    words: str
    chart: PlotData


@one_sentence
def explain(text: str, model: WordModel | None) -> Explained:
    """Which words decided, for the TF-IDF model of the comparison above.

    Args:
        text (str): a sentence, at most 2000 characters.
        model (WordModel or None): what the comparison left.

    Returns:
        The label, the sentence with its words marked; bars of its words.

    Raises:
        Error: nothing was compared yet, or the text is none that the page takes.
    """
    text = check_text(text)
    if model is None:
        raise ValueError("There is no TF-IDF model yet: press Compare first.")
    label, added = model.decide(text)
    name = f'<span class="quoted">{html.escape(terminal(label))}</span>'
    if added:
        told = say("TF-IDF says <b>{label}</b>.", label=name)
    else:
        told = say("TF-IDF says <b>{label}</b>, though it knows none of these words.", label=name)
    sentence = marked(text, model.places(text, added), label, elem_id="sentence-words", by="weight")
    return Explained(f'<div class="scored"><p class="headline">{told}</p>{sentence}</div>', draw_words(added, label))


def draw_words(words: Sequence[tuple[str, float]], label: str) -> PlotData:
    """Words and what they add, the strongest on top; to the left and in another colour where they speak against."""
    strongest = sorted(words, key=lambda pair: -abs(pair[1]))[:MOST_WORDS]
    values = [value for _, value in strongest]
    colours = [INK if value > 0 else SECOND_INK for value in values]
    title = escape(say("TF-IDF: what each word adds for {label}", label=terminal(label)))
    return plot(bars([word for word, _ in strongest], values, title=title, value_format=".2f", colour=colours))
