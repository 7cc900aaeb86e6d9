"""The text tab for programs: functions without the page's state, for Gradio's clients and those of MCP."""

# Annotations are read as types by gr.api, which does not resolve them from strings: no "from __future__" here.

from collections.abc import Callable
from typing import TypedDict

from demos.error_messages import one_sentence
from demos.text_scoring import Scored, TextScorer


class ClassifiedText(TypedDict):
    """A text's scores; they are calibrated where the fine-tuned model gave them, as far as it is."""

    label: str
    score: float
    scores: dict[str, float]
    milliseconds: float
    by: str
    probabilities: bool


class ExplainedWord(TypedDict):
    """A word, its place in the text, and the label's score and log-odds without it."""

    word: str
    start: int
    end: int
    effect: float
    score_without: float


class ExplainedSentence(TypedDict):
    """A sentence's label, and what each of its words did to the label's score."""

    label: str
    score: float
    by: str
    words: list[ExplainedWord]


def public_classify(scorer: TextScorer) -> Callable[..., ClassifiedText]:
    """The function that programs call for scores.

    Args:
        scorer (TextScorer): the tab's.
    """

    def classify_text(text: str, labels: str = "") -> ClassifiedText:
        """Scores a text for each label, by the fine-tuned model or by likeness to the labels' names.

        Args:
            text (str): what to classify, at most 2000 characters.
            labels (str): 2 to 20 names, comma-separated; empty for the fine-tuned model and its own labels.

        Returns:
            An object: "label", the best one, and its "score"; "scores" of every label, exact, which sum to 1;
            "milliseconds" on the CPU; "by", the model's name or "label names"; "probabilities", false where label
            names were compared: those scores rank the labels and are not calibrated.
        """
        scored = scorer.score(text, labels, _quiet)
        return {
            "label": scored.label,
            "score": scored.scores[scored.label],
            "scores": scored.scores,
            "milliseconds": scored.milliseconds,
            "by": _by(scored),
            "probabilities": scored.model is not None,
        }

    return one_sentence(classify_text)


def public_explain(scorer: TextScorer) -> Callable[..., ExplainedSentence]:
    """The function that programs call for the words that decided.

    Args:
        scorer (TextScorer): the tab's.
    """

    def explain_sentence(text: str, labels: str = "") -> ExplainedSentence:
        """Tells which words of a sentence decided its label, by leaving each out and scoring it again.

        Args:
            text (str): a sentence, at most 2000 characters; its first 60 words are left out in turn.
            labels (str): 2 to 20 names, comma-separated; empty for the fine-tuned model and its own labels.

        Returns:
            An object: "label", the best one, and its "score"; "by", the model's name or "label names"; "words", each
            with its place in the text ("start", "end"), "effect", how far the log-odds of the label fall without it,
            and "score_without", the label's score then.
        """
        scored = scorer.score(text, labels, _quiet)
        words: list[ExplainedWord] = [
            {"word": each.word, "start": each.start, "end": each.end, "effect": each.effect,
             "score_without": each.score}
            for each in scorer.explain(scored, _quiet)
        ]  # fmt: skip
        return {"label": scored.label, "score": scored.scores[scored.label], "by": _by(scored), "words": words}

    return one_sentence(explain_sentence)


def _by(scored: Scored) -> str:
    return "label names" if scored.model is None else scored.model


def _quiet(_share: float, _what: str) -> None:
    """A program is told nothing on the way."""
