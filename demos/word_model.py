"""The recommended model of a comparison, as little of it as explains a sentence: what a visitor's session keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from demos.text_result import WordEffect

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from grokaem.text.words import WordSettings


class WordModel(NamedTuple):
    """TF-IDF and a linear model over the words that stayed.

    Attributes:
        labels: names of the classes, in the order of ``weights``.
        words: from a text to its words.
        longest: words in the longest run that is a feature.
        columns: feature -> its column.
        idf: ndarray of shape (n_features,), float32.
        weights: ndarray of shape (n_classes, n_features), float32; of two classes too.
        intercepts: ndarray of shape (n_classes,), float32.
    """

    labels: list[str]
    words: WordSettings
    longest: int
    columns: dict[str, int]
    idf: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray

    def decide(self, text: str) -> tuple[str, list[tuple[str, float]]]:
        """The label of a text, and what each of its features adds to the decision, the strongest first.

        The label is that of the pipeline: sublinear TF-IDF rows of unit length, weighed.

        Args:
            text (str): any text.
        """
        from grokaem.text.words import words_of

        (document,) = words_of([text], self.words, keep=False)
        counts = Counter(run for run in _runs(document.split(), self.longest) if run in self.columns)
        columns = [self.columns[run] for run in counts]
        values = (1 + np.log([float(count) for count in counts.values()])) * self.idf[columns]
        values = values / (np.linalg.norm(values) or 1.0)
        added = self.weights[:, columns] * values
        best = int((added.sum(axis=1) + self.intercepts).argmax())
        told = [(run, float(value)) for run, value in zip(counts, added[best], strict=True)]
        return self.labels[best], sorted(told, key=lambda pair: -abs(pair[1]))

    def places(self, text: str, added: Sequence[tuple[str, float]]) -> list[WordEffect]:
        """Where the words that decided stand in a text; runs of several words have no place of their own.

        Args:
            text (str): the text.
            added (list of tuple): of :meth:`decide`.
        """
        from grokaem.text.occlusion import words_in
        from grokaem.text.words import words_of

        values, found = dict(added), words_in(text)
        forms = words_of([word.group() for word in found], self.words, keep=False)
        return [
            WordEffect(word.start(), word.end(), values[form])
            for word, form in zip(found, forms, strict=True)
            if form in values
        ]


def word_model(pipeline: Pipeline, words: WordSettings, longest: int, labels: list[str]) -> WordModel:
    """What a fitted pipeline of :func:`grokaem.text.cross_validation.make_pipeline` knows of the words that it kept.

    Args:
        pipeline (Pipeline): fitted.
        words (WordSettings): from a text to its words.
        longest (int): words in the longest run that is a feature.
        labels (list of str): names of the classes.
    """
    from grokaem.text.selection_experiment import terms_and_weights

    terms, weights = terms_and_weights(pipeline)
    model = pipeline["model"]
    intercepts = np.atleast_1d(model.intercept_)
    if len(intercepts) == 1:
        intercepts = np.concatenate([-intercepts, intercepts])
    return WordModel(
        [labels[number] for number in model.classes_],
        words,
        longest,
        {str(term): column for column, term in enumerate(terms)},
        pipeline["tfidf"].idf_.astype(np.float32),
        weights.astype(np.float32),
        intercepts.astype(np.float32),
    )


def _runs(words: list[str], longest: int) -> list[str]:
    """Every run of one to ``longest`` words."""
    return [
        " ".join(words[start : start + length])
        for length in range(1, longest + 1)
        for start in range(len(words) - length + 1)
    ]
