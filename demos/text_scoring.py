"""The text tab's work: a score for each label, by the fine-tuned model or by likeness to the labels' names."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr
import numpy as np

from demos.error_messages import one_sentence
from demos.label_scores import below_certainty
from demos.served_model import ServedModel
from demos.text_input import check_text, parse_labels

TEMPERATURE = 0.05  # of the softmax over cosine similarities, which lie close together


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


@dataclass(frozen=True)
class TextScorer:
    """Scores texts.

    Attributes:
        served (ServedModel): the fine-tuned classifier, if there is one.
        encode (callable): texts -> ndarray of shape (n, dim), rows of unit length; used where the visitor names labels.
    """

    served: ServedModel
    encode: Callable[[list[str]], np.ndarray]

    @one_sentence
    def classify_text(  # noqa: D417 (Gradio fills progress in)
        self,
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
        if not names and self.served.name() is None:
            raise ValueError(
                "There is no fine-tuned model here yet; type at least two label names to compare with."
            )
        if names:
            progress(0.1, desc="Loading the sentence encoder; its first use on a machine takes half a minute")
            self.encode(names)  # loading, and the names' own vectors, are not part of the time shown
            start = time.perf_counter()
            scores = similarity_scores(text, names, self.encode)
            milliseconds = 1000 * (time.perf_counter() - start)
            how = "likeness to the label names, by sentence embeddings (from the cache where the text was seen before)"
        else:
            prediction = self.served.load().predict([text])[0]
            scores, milliseconds = dict(prediction.scores), prediction.milliseconds
            how = "the fine-tuned model"
        return below_certainty(scores), f"**{milliseconds:.1f} ms** on the CPU · {how}."
