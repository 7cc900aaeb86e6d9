"""The text tab: a sentence in, label probabilities out, and how long they took.

MODEL_ID=<folder or Hub repository> python -m demos.text_classification
"""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten
from typing import NamedTuple

import gradio as gr
import numpy as np

from demos.frame import frame
from demos.served_model import ServedModel
from demos.tab import Page, Row, Tab
from demos.text_input import MAX_CHARACTERS, MAX_LABELS
from demos.text_scoring import TextScorer

LESSON = (
    "A classifier turns a text into a **probability for each label**. A fine-tuned model has learnt its "
    "labels from examples. Without one, an **embedding** still helps: the text and the names of the labels "
    "become vectors, and the nearest name wins, with no training at all."
)
LABELS = "sports, politics, science, business, entertainment"
EXAMPLES = [
    ["The striker scored twice in extra time and sent the home fans wild.", LABELS],
    ["The telescope found water vapour in the air of a planet 120 light years away.", LABELS],
    ["Shares fell after the company cut its forecast for the third time this year.", LABELS],
    ["My parcel still has not arrived and nobody answers the phone!", "complaint, praise, question"],
]
REVIEWS = [
    ["A warm, funny and quietly devastating film that stays with you for days.", ""],
    ["The plot drags, the jokes fall flat, and two hours feel like four.", ""],
    ["Beautiful pictures, but nobody in it is worth caring about.", ""],
]
NO_MODEL = (
    "No fine-tuned model is served yet: `python training/finetune.py --export` makes one, and "
    "`MODEL_ID` can name one. Until then, type the labels yourself."
)


class Question(NamedTuple):
    """What the visitor types, in the order of ``TextScorer.classify_text``; then the button."""

    text: gr.Textbox
    labels: gr.Textbox
    button: gr.Button


def create_demo(
    served: ServedModel, encode: Callable[[list[str]], np.ndarray], words: Callable[[], object] | None = None
) -> gr.Blocks:
    """Lays out the tab.

    Args:
        served (ServedModel): the fine-tuned classifier, if there is one.
        encode (callable): texts -> ndarray of shape (n, dim), rows of unit length; used where the visitor
            names labels.
        words (callable, optional): lays out the panel of word features, shown folded below. (Default: none)

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    with frame("Text") as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        gr.Markdown(served.describe() or NO_MODEL, elem_classes="note")
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                question = _question(has_model=served.name() is not None)
            with gr.Column(scale=2, min_width=300):
                scores = gr.Label(label="Scores", num_top_classes=MAX_LABELS, elem_id="text-scores")
                note = gr.Markdown("", elem_classes="note")
        gr.on(
            [question.button.click, question.text.submit, question.labels.submit],
            TextScorer(served, encode).classify_text,
            [question.text, question.labels],
            [scores, note],
            api_name="classify_text",
            show_progress_on=scores,
        )
        if words is not None:
            with gr.Accordion("How few words are enough?", open=False, elem_id="word-features"):
                words()
    return demo


def _question(*, has_model: bool) -> Question:
    """A text and the names of labels, with examples of both."""
    examples = REVIEWS + EXAMPLES[:2] if has_model else EXAMPLES
    text = gr.Textbox(
        examples[0][0],
        label="Text",
        lines=4,
        max_lines=10,
        max_length=MAX_CHARACTERS,
        placeholder="Type or paste a sentence",
        elem_id="text-to-classify",
    )
    own_labels = "Separated by commas; leave it empty to use the fine-tuned model's own labels."
    labels = gr.Textbox(
        "" if has_model else LABELS,
        label="Label names",
        info=own_labels if has_model else "Separated by commas: any words you like.",
        placeholder="sports, politics, science" if has_model else LABELS,
        elem_id="label-names",
    )
    button = gr.Button("Classify", variant="primary", elem_id="classify-text")
    gr.Examples(
        examples,
        [text, labels],
        label="Try one",
        example_labels=[shorten(text, 64, placeholder="…") for text, _ in examples],
    )
    return Question(text, labels, button)


def _on_page(page: Page) -> gr.Blocks:
    from functools import partial

    from demos import word_features
    from demos.sentence_encoder import encode
    from grokaem import corpora

    load = partial(corpora.load, limits=corpora.PAGE)
    return create_demo(page.text, encode, partial(word_features.create_demo, page.text, load, page.corpora))


TAB = Tab(
    "text",
    "Text",
    _on_page,
    (
        Row(
            "Text",
            "a text; label names if you like",
            "a score for each label, and the milliseconds",
        ),
        Row(
            "Text, \"How few words are enough?\"",
            "a corpus or a labelled table, the steps, the scorers; then a sentence",
            (
                "accuracy against the number of words, the vocabulary after each step, words of each class; which "
                "words decided, for TF-IDF and for the fine-tuned model"
            ),
        ),
    ),
)


def main() -> None:
    """Launches this tab alone."""
    from demos.sentence_encoder import encode
    from demos.style import LAUNCH
    from grokaem.kinds import TEXT

    demo = create_demo(ServedModel(TEXT.key), encode)
    demo.queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
