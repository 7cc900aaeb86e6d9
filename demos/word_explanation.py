"""Which words of a sentence decided: for the TF-IDF model of a comparison, and for the fine-tuned model."""

from __future__ import annotations

from dataclasses import dataclass

from gradio.components.plot import PlotData

from demos.error_messages import one_sentence
from demos.plots import plot
from demos.served_model import ServedModel
from demos.text_input import check_text
from demos.word_comparison import WordModel
from grokaem.charts import bars
from grokaem.figure import INK, SECOND_INK, escape
from grokaem.plain_text import markdown

MOST_WORDS = 15


@dataclass(frozen=True)
class WordExplanation:
    """Explains what models say of a sentence.

    Attributes:
        served (ServedModel): the fine-tuned classifier, if there is one.
    """

    served: ServedModel

    @one_sentence
    def explain_sentence(
        self, text: str, model: WordModel | None
    ) -> tuple[str, PlotData, PlotData | None]:
        """Which words decided, for the TF-IDF model of the comparison and for the fine-tuned model.

        Args:
            text (str): a sentence, at most 2000 characters.
            model (tuple): what the comparison left: pipeline, word settings, names of the labels.

        Returns:
            What each model says; bars of the TF-IDF model's words; bars of the fine-tuned model's words.
        """
        text = check_text(text)
        if model is None:
            raise ValueError("There is no TF-IDF model yet: press Compare first.")
        said, ours = _by_counts(text, model)
        if self.served.name() is None:
            return f"{said}. No fine-tuned model is served here.", ours, None
        best, theirs = self._by_leaving_out(text)
        return f"{said}, the fine-tuned model **{markdown(best)}**.", ours, theirs

    def _by_leaving_out(self, text: str) -> tuple[str, PlotData]:
        """The fine-tuned model's label, and what each word adds to it."""
        from grokaem.text.occlusion import occlusion

        def predict(texts: list[str]) -> list[dict[str, float]]:
            return [prediction.scores for prediction in self.served.load().predict(texts)]

        scores = predict([text])[0]
        best = max(scores, key=scores.__getitem__)
        return best, draw_words(occlusion(text, best, predict), f"Fine-tuned: words for {best}, each left out")


def _by_counts(text: str, model: WordModel) -> tuple[str, PlotData]:
    """What the TF-IDF model says, and what each word adds to it."""
    from grokaem.text.selection_experiment import words_that_decided
    from grokaem.text.words import words_of

    pipeline, words, labels = model
    (document,) = words_of([text], words, keep=False)
    label = int(pipeline.predict([document])[0])
    known = words_that_decided(pipeline, document, label)
    said = f"TF-IDF says **{markdown(labels[label])}**" + ("" if known else ", though it knows none of these words")
    return said, draw_words(known, f"TF-IDF: words for {labels[label]}")


def draw_words(words: list[tuple[str, float]], title: str) -> PlotData:
    """Words and what they add, the strongest on top; to the left and in another colour where they speak against."""
    strongest = sorted(words, key=lambda pair: -abs(pair[1]))[:MOST_WORDS]
    values = [value for _, value in strongest]
    colours = [INK if value > 0 else SECOND_INK for value in values]
    return plot(bars([word for word, _ in strongest], values, title=escape(title), value_format=".2f", colour=colours))
