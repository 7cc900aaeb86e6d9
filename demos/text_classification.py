"""The text tab: a sentence in, label probabilities out, and how long they took.

MODEL_ID=<folder or Hub repository> python -m demos.text_classification
"""

from __future__ import annotations

import time
from collections.abc import Callable
from textwrap import shorten

import gradio as gr
import numpy as np

from demos.refusals import one_sentence
from demos.served_model import ServedModel
from demos.shares import uncertain
from grokaem.plain_text import is_blank, terminal
from grokaem.topics.documents import encodable

MAX_CHARACTERS = 2000
MAX_LABELS = 20
MAX_LABEL_CHARACTERS = 60
TEMPERATURE = 0.05  # of the softmax over cosine similarities, which lie close together

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


def parse_labels(labels: str) -> list[str]:
    """The label names of a comma-separated line, without repetitions; control characters in them are written out.

    Args:
        labels (str): names, separated by commas or line ends.

    Returns:
        list of str: 2 to 20 names, or none where the line is blank.

    Raises:
        ValueError: one name only, too many, or one too long.
    """
    names = [terminal(name.strip()) for name in (labels or "").replace("\n", ",").split(",")]
    names = list(dict.fromkeys(name for name in names if name))
    if len(names) == 1:
        raise ValueError(
            f"One label leaves nothing to choose; give at least two, such as {names[0]:.40}, other."
        )
    if len(names) > MAX_LABELS:
        raise ValueError(f"{len(names)} labels are too many for this page; give at most {MAX_LABELS}.")
    for name in names:
        if len(name) > MAX_LABEL_CHARACTERS:
            raise ValueError(
                f"The label {name[:20]}… is longer than {MAX_LABEL_CHARACTERS} characters; shorten it."
            )
    return names


def check_text(text: str) -> str:
    """The text without the blanks around it and without lone surrogates, which cannot be sent.

    Raises:
        ValueError: nothing in it, or more than the page takes.
    """
    text = encodable(text or "").strip()
    if is_blank(text):
        raise ValueError("There is no text to classify; type a sentence.")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"The text has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}.")
    return text


def similarity_scores(
    text: str, names: list[str], encode: Callable[[list[str]], np.ndarray]
) -> dict[str, float]:
    """Scores from the likeness of a text to the names of labels.

    The softmax of the cosine similarities over a temperature of 0.05, because they lie close together.

    Args:
        text (str): what to classify.
        names (list of str): the labels.
        encode (callable): texts -> ndarray of shape (n, dim), rows of unit length.

    Returns:
        dict: label -> score; the scores sum to 1. They rank the labels; they are not calibrated
        probabilities.
    """
    # the text keeps its own call: the names' vectors come from the cache when only the text is new
    vector = encode([text])[0]
    logits = encode(names) @ vector / TEMPERATURE
    weights = np.exp(logits - logits.max())
    return {name: float(weight) for name, weight in zip(names, weights / weights.sum(), strict=True)}


def create_demo(
    served: ServedModel, encode: Callable[[list[str]], np.ndarray], words: gr.Blocks | None = None
) -> gr.Blocks:
    """Lays out the tab.

    Args:
        served (ServedModel): the fine-tuned classifier, if there is one.
        encode (callable): texts -> ndarray of shape (n, dim), rows of unit length; used where the visitor
            names labels.
        words (Blocks, optional): the panel of word features, shown folded below. (Default: none)

    Returns:
        Blocks: to be launched, or rendered inside another.
    """

    @one_sentence
    def classify_text(  # noqa: D417 (Gradio fills progress in)
        text: str,
        labels: str = "",
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[dict[str, float], str]:
        """Scores a text for each label.

        Args:
            text (str): what to classify, at most 2000 characters.
            labels (str): 2 to 20 names, comma-separated; empty for the fine-tuned model and its own labels.

        Returns:
            The label with the highest score, and the score of each label; the scores sum to 1.
            One sentence: the milliseconds it took and what computed it.
        """
        text = check_text(text)
        names = parse_labels(labels)
        if not names and served.name() is None:
            raise ValueError(
                "There is no fine-tuned model here yet; type at least two label names to compare with."
            )
        if names:
            progress(0.1, desc="Loading the sentence encoder; its first use on a machine takes half a minute")
            encode(names)  # loading, and the names' own vectors, are not part of the time shown
            start = time.perf_counter()
            scores = similarity_scores(text, names, encode)
            milliseconds = 1000 * (time.perf_counter() - start)
            how = "likeness to the label names, by sentence embeddings (from the cache where the text was seen before)"
        else:
            prediction = served.load().predict([text])[0]
            scores, milliseconds = dict(prediction.scores), prediction.milliseconds
            how = "the fine-tuned model"
        return uncertain(scores), f"**{milliseconds:.1f} ms** on the CPU · {how}."

    has_model = served.name() is not None
    with gr.Blocks(title="Text classification", analytics_enabled=False) as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        gr.Markdown(
            served.describe()
            or "No fine-tuned model is served yet: `python training/finetune.py --export` makes one, and "
            "`MODEL_ID` can name one. Until then, type the labels yourself.",
            elem_classes="note",
        )
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                text = gr.Textbox(
                    (REVIEWS if has_model else EXAMPLES)[0][0],
                    label="Text",
                    lines=4,
                    max_lines=10,
                    max_length=MAX_CHARACTERS,
                    placeholder="Type or paste a sentence",
                    elem_id="text-to-classify",
                )
                labels = gr.Textbox(
                    "" if has_model else LABELS,
                    label="Label names",
                    info="Separated by commas; leave it empty to use the fine-tuned model's own labels."
                    if has_model
                    else "Separated by commas: any words you like.",
                    placeholder="sports, politics, science" if has_model else LABELS,
                    elem_id="label-names",
                )
                button = gr.Button("Classify", variant="primary", elem_id="classify-text")
                examples = REVIEWS + EXAMPLES[:2] if has_model else EXAMPLES
                gr.Examples(
                    examples,
                    [text, labels],
                    label="Try one",
                    example_labels=[shorten(text, 64, placeholder="…") for text, _ in examples],
                )
            with gr.Column(scale=2, min_width=300):
                scores = gr.Label(label="Scores", num_top_classes=MAX_LABELS, elem_id="text-scores")
                note = gr.Markdown("", elem_classes="note")
        gr.on(
            [button.click, text.submit, labels.submit],
            classify_text,
            [text, labels],
            [scores, note],
            api_name="classify_text",
            show_progress_on=scores,
        )
        if words is not None:
            with gr.Accordion("How few words are enough?", open=False, elem_id="word-features"):
                words.render()
    return demo


def main() -> None:
    """Launches this tab alone."""
    from demos.sentence_encoder import encode
    from demos.style import LAUNCH

    demo = create_demo(ServedModel("text", "MODEL_ID"), encode)
    demo.queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
