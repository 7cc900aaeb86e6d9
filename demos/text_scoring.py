"""The text tab's work: a score for each label, by the fine-tuned model or by likeness to the labels' names."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from demos.served_model import ServedModel
from demos.text_input import check_text, parse_labels
from demos.wording import say

if TYPE_CHECKING:
    from grokaem.text.occlusion import LeftOut

TEMPERATURE = 0.05  # of the softmax over cosine similarities, which lie close together

Tell = Callable[[float, str], object]
Encode = Callable[[list[str]], np.ndarray]


def likenesses(texts: list[str], names: list[str], encode: Encode) -> list[dict[str, float]]:
    """Scores from the likeness of texts to the names of labels.

    The softmax of the cosine similarities over a temperature of 0.05, because they lie close together.

    Args:
        texts (list of str): what to classify.
        names (list of str): the labels.
        encode (callable): texts -> ndarray of shape (n, dim), rows of unit length.

    Returns:
        list of dict: for each text, label -> score; the scores sum to 1. They rank the labels; they are not calibrated
        probabilities.
    """
    # the texts keep their own call: the names' vectors come from the cache when only the texts are new
    logits = encode(texts) @ encode(names).T / TEMPERATURE
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = weights / weights.sum(axis=1, keepdims=True)
    return [dict(zip(names, row.tolist(), strict=True)) for row in shares.astype(float)]


class Scored(NamedTuple):
    """A text's scores.

    Attributes:
        text: as it was scored.
        scores: label -> score; they sum to 1.
        milliseconds: that it took on the CPU.
        model: name of the fine-tuned classifier; None where label names were compared.
        read: how much of the text was read, where it was not all.
    """

    text: str
    scores: dict[str, float]
    milliseconds: float
    model: str | None
    read: str = ""

    @property
    def label(self) -> str:
        """The one with the highest score."""
        return max(self.scores, key=self.scores.__getitem__)


@dataclass(frozen=True)
class TextScorer:
    """Scores texts.

    Attributes:
        served (ServedModel): the fine-tuned classifier, if there is one.
        encode (callable): texts -> ndarray of shape (n, dim), rows of unit length; used where the visitor names labels.
    """

    served: ServedModel
    encode: Encode

    def score(self, text: str, labels: str, tell: Tell) -> Scored:
        """Scores a text for each label.

        Args:
            text (str): what to classify.
            labels (str): 2 to 20 names, comma-separated; empty for the fine-tuned model and its own labels.
            tell (callable): given the share done and what is waited for.

        Raises:
            ValueError: a text or labels that the page does not take, or no labels where no model is served.
        """
        text, names = check_text(text), self._names(labels)
        if names:
            tell(0.1, say("Loading the sentence encoder; its first use on a machine takes half a minute"))
            self.encode(names)  # loading, and the names' own vectors, are not part of the time shown
            start = time.perf_counter()
            scores = likenesses([text], names, self.encode)[0]
            return Scored(text, scores, 1000 * (time.perf_counter() - start), None)
        tell(0.1, say("Loading the fine-tuned model"))
        prediction = self.served.load().predict([text])[0]
        return Scored(text, dict(prediction.scores), prediction.milliseconds, self._model(),
                      getattr(prediction, "read", ""))  # fmt: skip

    def explain(self, scored: Scored, tell: Tell) -> list[LeftOut]:
        """Leaves out each of a text's first words and looks at the score of its label.

        Args:
            scored (Scored): of :meth:`score`.
            tell (callable): given the share done and what is waited for.
        """
        from grokaem.text.occlusion import occlusion

        tell(0.5, say("Leaving out each word"))
        if scored.model is None:
            names = list(scored.scores)
            return occlusion(scored.text, scored.label, lambda texts: likenesses(texts, names, self.encode))
        model = self.served.load()
        return occlusion(scored.text, scored.label, lambda texts: [each.scores for each in model.predict(texts)])

    def _names(self, labels: str) -> list[str]:
        names = parse_labels(labels)
        if not names and self.served.name() is None:
            raise ValueError(
                "There is no fine-tuned model here yet; type at least two label names to compare with."
            )
        return names

    def _model(self) -> str:
        """The served model's name without the server's folders."""
        name = self.served.name() or ""
        folder = Path(name)
        if not folder.is_dir():
            return name
        return folder.parent.name if folder.name == "export" else folder.name
