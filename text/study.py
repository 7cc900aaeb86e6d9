"""A whole look at one data set: the bench on what may be learnt from, then one look at the test part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from text.bench import Row, Vocabulary, evaluate, make_counter, make_pipeline, recommend
from text.words import WordSettings, words_of

TOP = 20


@dataclass(frozen=True)
class Study:
    """What was found.

    Attributes:
        dataset: its name.
        n_documents: documents that were cross-validated: the training and validation parts.
        n_test: documents of the test part, seen once, at the end.
        n_features: size of the vocabulary before selection.
        n_folds: of the cross-validation.
        words, vocabulary: the settings.
        rows: one a scorer and k.
        recommended: the row to use.
        test: accuracy on the test part, with the ``recommended`` features and with ``all``.
        top: class -> its words and their weights, largest first.
        notes: what the reader must know.
        pipeline: the recommended model, fitted on all that was cross-validated.
    """

    dataset: str
    n_documents: int
    n_test: int
    n_features: int
    n_folds: int
    words: WordSettings
    vocabulary: Vocabulary
    rows: list[Row]
    recommended: Row
    test: dict[str, float]
    top: dict[str, list[tuple[str, float]]]
    notes: list[str]
    pipeline: Pipeline = field(repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The study in a form that JSON holds."""
        plain = {name: getattr(self, name) for name in
                 ("dataset", "n_documents", "n_test", "n_features", "n_folds", "test", "top", "notes")}  # fmt: skip
        return plain | {
            "words": self.words.as_dict(),
            "vocabulary": self.vocabulary.as_dict(),
            "results": [asdict(row) for row in self.rows],
            "recommended": asdict(self.recommended),
        }


def study(
    corpus: Any,
    scorers: list[str],
    ks: list[int | None],
    words: WordSettings,
    vocabulary: Vocabulary,
    n_folds: int = 5,
    seed: int = 0,
    progress: Callable[[float, str], Any] | None = None,
) -> Study:
    """Cross-validates on the training and validation parts, recommends, and scores the test part once.

    Args:
        corpus (Corpus): labelled texts in parts.
        scorers (list of str): keys of :data:`text.selection.SCORERS`.
        ks (list of int or None): numbers of features; None for all.
        words (WordSettings): from a text to its words.
        vocabulary (Vocabulary): from words to columns.
        n_folds (int, optional): of the cross-validation. (Default: 5)
        seed (int, optional): of folds and of what draws. (Default: 0)
        progress (callable, optional): takes the share done and what is being done.

    Returns:
        Study: rows, recommendation, words of each class.

    Raises:
        ValueError: too few documents of a class, or no word left by the settings.
    """
    parts = (corpus.train, corpus.validation)
    documents = words_of([text for part in parts for text in part.inputs], words)
    labels = np.array([label for part in parts for label in part.labels])
    groups = [group for part in parts for group in part.groups]
    try:
        n_features = make_counter(vocabulary).fit_transform(documents).shape[1]
    except ValueError as error:  # scikit-learn's way to say that no term is left
        raise ValueError("no word is left: keep more words, lower --min-df or raise --max-df.") from error
    rows = evaluate(
        documents, labels, groups, scorers, ks, vocabulary=vocabulary, n_folds=n_folds, seed=seed, progress=progress
    )
    chosen = recommend(rows, n_folds)
    unseen, truth = words_of(corpus.test.inputs, words), np.array(corpus.test.labels)
    test, fitted = {}, None
    for name, k in (("all", None), ("recommended", chosen.k)):
        fitted = make_pipeline(vocabulary, chosen.scorer, k, seed).fit(documents, labels)
        test[name] = float((fitted.predict(unseen) == truth).mean())
    return Study(
        corpus.name,
        len(documents),
        len(unseen),
        n_features,
        n_folds,
        words,
        vocabulary,
        rows,
        chosen,
        test,
        top_words(fitted, corpus.label_names),
        list(corpus.notes),
        fitted,
    )


def terms_and_weights(pipeline: Pipeline) -> tuple[np.ndarray, np.ndarray]:
    """The features that are left and what they weigh.

    Returns:
        tuple: terms of shape (n_features,); weights of shape (n_classes, n_features), of two classes too.
    """
    terms = pipeline["count"].get_feature_names_out()[pipeline["select"].get_support()]
    weights = pipeline["model"].coef_
    if len(weights) == 1:
        weights = np.concatenate([-weights, weights])
    return terms, weights


def top_words(pipeline: Pipeline, label_names: list[str], count: int = TOP) -> dict[str, list[tuple[str, float]]]:
    """The words that speak most for each class: class -> (word, weight), largest first."""
    terms, weights = terms_and_weights(pipeline)
    told = {}
    for label, row in zip(pipeline["model"].classes_, weights, strict=True):
        order = np.argsort(-row)[:count]
        told[label_names[label]] = [(str(terms[column]), float(row[column])) for column in order if row[column] > 0]
    return told


def words_that_decided(pipeline: Pipeline, document: str, label: int) -> list[tuple[str, float]]:
    """What each word of one document adds to the decision for a class: TF-IDF times weight, largest first.

    Args:
        pipeline (Pipeline): fitted, of :func:`text.bench.make_pipeline`.
        document (str): words separated by spaces.
        label (int): the class.
    """
    row = pipeline[:-1].transform([document]).tocoo()
    terms, weights = terms_and_weights(pipeline)
    weight = weights[list(pipeline["model"].classes_).index(label)]
    told = [(str(terms[c]), float(value * weight[c])) for c, value in zip(row.col, row.data, strict=True)]
    return sorted(told, key=lambda pair: -abs(pair[1]))
