"""The text tab: a sentence in, its words marked by what they did and a score for each label out.

MODEL_ID=<folder or Hub repository> python -m demos.text_classification
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import gradio as gr

from demos import model_facts, results, text_api, text_result
from demos.commands import add_commands
from demos.deep_links import link_inputs
from demos.drawn import drawn, translate
from demos.error_messages import one_sentence
from demos.frame import frame
from demos.served_model import ServedModel
from demos.tab import Page, Row, Tab
from demos.text_input import MAX_CHARACTERS
from demos.text_scoring import Encode, TextScorer
from demos.wording import text, text_of

LESSON = (
    "A classifier turns a text into a **score for each label**. A fine-tuned model has learnt its labels from "
    "examples; without one, an **embedding** still helps: text and label names become vectors, and the nearest name "
    "wins. Leave a word out, and you see what it did."
)
LABELS = "sports, politics, science, business, entertainment"
# A caption, a text, label names: the sentences are written for this page. The encoder reads English.
EXAMPLES = (
    ("A parcel", "My parcel still has not arrived and nobody answers the phone!", "complaint, praise, question"),
    ("A planet", "The telescope found water vapour in the air of a planet 120 light years away.", LABELS),
    ("A match", "The striker scored twice in extra time and sent the home fans wild.", LABELS),
    ("Shares", "Shares fell after the company cut its forecast for the third time this year.", LABELS),
)
REVIEWS = (
    ("A warm film", "A warm, funny and quietly devastating film that stays with you for days.", ""),
    ("A dull film", "The plot drags, the jokes fall flat, and two hours feel like four.", ""),
    ("A pretty film", "Beautiful pictures, but nobody in it is worth caring about.", ""),
)
NO_MODEL = (
    "No fine-tuned model is served yet: `python training/finetune.py --export` makes one, and "
    "`MODEL_ID` can name one. Until then, type the labels yourself."
)
OLD = "This result answers another input. Press **Classify** for yours."
COMMANDS = """python training/finetune.py --dataset reviews.csv --export      # a model of your own labels
grokaem predict runs/NAME "A joy from start to end."            # what it says of a text
grokaem predict owner/name --input texts.csv --output said.csv  # a model of the Hub, a whole table
grokaem select-features reviews.csv --save my_words             # how few words are enough"""


class Question(NamedTuple):
    """What the visitor types; the button; the examples."""

    text: gr.Textbox
    labels: gr.Textbox
    button: gr.Button
    examples: list[gr.Button]
    trouble: gr.HTML


def create_demo(served: ServedModel, encode: Encode, words: Callable[[], object] | None = None) -> gr.Blocks:
    """Lays out the tab.

    Args:
        served (ServedModel): the fine-tuned classifier, if there is one.
        encode (callable): texts -> ndarray of shape (n, dim), rows of unit length; used where the visitor
            names labels.
        words (callable, optional): lays out the panel of word features, shown folded below. (Default: none)

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    scorer, has_model = TextScorer(served, encode), served.name() is not None
    with frame("Text") as demo:
        gr.Markdown(text(LESSON), elem_classes="lesson")
        gr.Markdown(text_of(served.describe) if has_model else text(NO_MODEL), elem_classes="note")
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                question = _question(has_model=has_model)
            with gr.Column(scale=3, min_width=300):
                result = gr.HTML(drawn("text").get("result", ""), elem_id="text-result", min_height=120)
                inputs = [question.text, question.labels]
                results.mark_old(inputs, result, OLD)
        _wire(scorer, question, result, list(EXAMPLES if not has_model else REVIEWS + EXAMPLES[:2]))
        if words is not None:
            with gr.Accordion(text("How few words are enough?"), open=False, elem_id="word-features"):
                words()
        model_facts.add_panel(served)
        add_commands(COMMANDS, "text-commands")
        translate(demo, "text", {"result": result})
        link_inputs(demo, {"text": question.text, "labels": question.labels})
        gr.api(text_api.public_classify(scorer), api_name="classify_text")
        gr.api(text_api.public_explain(scorer), api_name="explain_sentence")
    return demo


def _question(*, has_model: bool) -> Question:
    """A text and the names of labels, with examples of both."""
    _, first, names = EXAMPLES[0]
    written = gr.Textbox(
        first,
        label=text("Text"),
        lines=3,
        max_lines=10,
        max_length=MAX_CHARACTERS,
        placeholder=text("Type or paste a sentence"),
        elem_id="text-to-classify",
    )
    own_labels = "Separated by commas; leave it empty to use the fine-tuned model's own labels."
    labels = gr.Textbox(
        names,
        label=text("Label names"),
        info=text(own_labels) if has_model else text("Separated by commas: any words you like."),
        placeholder=names,
        elem_id="label-names",
    )
    button = gr.Button(text("Classify"), variant="primary", elem_id="classify-text")
    trouble = results.trouble("text-trouble")
    gr.Markdown(text("Try one:"), elem_classes="caption")
    with gr.Row(elem_classes="examples"):
        offered = REVIEWS + EXAMPLES[:2] if has_model else EXAMPLES
        examples = [
            gr.Button(text(caption), size="sm", min_width=90, elem_classes="example") for caption, _, _ in offered
        ]
    return Question(written, labels, button, examples, trouble)


def _wire(scorer: TextScorer, question: Question, result: gr.HTML, examples: list[tuple[str, str, str]]) -> None:
    """A press scores what stands there; an example brings its text and labels along."""

    @one_sentence
    def classify(written: str, labels: str, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        return scored(scorer, written, labels, progress)

    def bring(example: tuple[str, str, str], progress: gr.Progress = gr.Progress()) -> list:  # noqa: B008
        _, written, labels = example
        return [written, labels, *shown(written, labels, progress)]

    shown = results.in_place(classify, 1)
    scroll = results.scroll_to("text-result", "text-trouble")
    outputs = [question.trouble, result]
    gr.on(
        [question.button.click, question.text.submit, question.labels.submit],
        shown,
        [question.text, question.labels],
        outputs,
        show_progress_on=result,
        api_visibility="private",
        concurrency_id="classify_text",
    ).then(None, None, None, js=scroll, api_visibility="private")
    for button, example in zip(question.examples, examples, strict=True):
        button.click(
            partial(bring, example),
            None,
            [question.text, question.labels, *outputs],
            show_progress_on=result,
            api_visibility="private",
            concurrency_id="classify_text",
        ).then(None, None, None, js=scroll, api_visibility="private")


def scored(scorer: TextScorer, written: str, labels: str, progress: gr.Progress, *, timed: bool = True) -> str:
    """What the page shows of a text.

    Args:
        scorer (TextScorer): the tab's.
        written (str): the text.
        labels (str): names, comma-separated; empty for the fine-tuned model's.
        progress (Progress): is told what is waited for.
        timed (bool, optional): tell the milliseconds. (Default: True)

    Raises:
        ValueError: as :meth:`TextScorer.score`.
    """

    def tell(share: float, what: str) -> None:
        progress(share, desc=what)

    found = scorer.score(written, labels or "", tell)
    return text_result.show(found, scorer.explain(found, tell), labels or "", timed=timed)


def _on_page(page: Page) -> gr.Blocks:
    from demos import word_features
    from demos.sentence_encoder import encode
    from grokaem import corpora

    load = partial(corpora.load, limits=corpora.PAGE)
    return create_demo(page.text, encode, partial(word_features.create_demo, load, page.corpora))


def draw() -> dict[str, object]:
    """The example that the tab opens with."""
    from demos import word_features
    from demos.sentence_encoder import encode
    from grokaem.kinds import TEXT

    _, written, labels = EXAMPLES[0]
    scorer = TextScorer(ServedModel(TEXT.key), encode)
    return {"result": scored(scorer, written, labels, gr.Progress(), timed=False), **word_features.draw()}


TAB = Tab(
    "text",
    "Text",
    _on_page,
    (
        Row(
            "Text",
            "a text; label names if you like",
            "its words marked by what they did to the score, a score for each label, and the milliseconds",
        ),
        Row(
            "Text, \"How few words are enough?\"",
            "a corpus or a labelled table, the steps, the scorers; then a sentence",
            (
                "accuracy against the number of words, the vocabulary after each step, words of each class; which "
                "words of the sentence decided"
            ),
        ),
    ),
    draw,
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
