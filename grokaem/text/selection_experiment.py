"""A whole look at one data set: cross-validation on what may be learnt from, then one look at the test part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar, Protocol

import numpy as np
from sklearn.pipeline import Pipeline

from grokaem.scores import LabelScores, confusion, most_frequent_share, per_label
from grokaem.text.cross_validation import Row, Vocabulary, evaluate, make_counter, make_pipeline, recommend
from grokaem.text.words import WordSettings, words_of

TOP = 20


class LabelledPart(Protocol):
    """A part of :class:`LabelledTexts`: a frozen dataclass of three lists of one length."""

    __dataclass_fields__: ClassVar[dict]

    @property
    def inputs(self) -> list: ...  # noqa: D102
    @property
    def labels(self) -> list[int]: ...  # noqa: D102
    @property
    def groups(self) -> list[str]: ...  # noqa: D102


class LabelledTexts(Protocol):
    """What an experiment reads of a ``grokaem.corpora.Corpus``, which this subpackage does not import."""

    __dataclass_fields__: ClassVar[dict]

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def label_names(self) -> list[str]: ...  # noqa: D102
    @property
    def train(self) -> LabelledPart: ...  # noqa: D102
    @property
    def validation(self) -> LabelledPart: ...  # noqa: D102
    @property
    def test(self) -> LabelledPart: ...  # noqa: D102
    @property
    def notes(self) -> list[str]: ...  # noqa: D102


@dataclass(frozen=True)
class SelectionExperiment:
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
        test: accuracy on the test part, with the ``recommended`` features, with ``all``, and of always answering the
            ``most_frequent`` label of the documents that were learnt from.
        labels: of the test part with the recommended features: ``label``, ``precision``, ``recall``, ``support``.
        top: class -> its words and their weights, largest first.
        notes: what the reader must know.
        label_names: of the classes that were looked at, in the order of the model's.
        set_aside: classes of too few documents, and why.
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
    labels: list[LabelScores]
    top: dict[str, list[tuple[str, float]]]
    notes: list[str]
    label_names: list[str]
    set_aside: list[tuple[str, str]]
    pipeline: Pipeline = field(repr=False, compare=False)

    def as_dict(self) -> dict[str, object]:
        """The experiment in a form that JSON holds."""
        plain = {name: getattr(self, name) for name in
                 ("dataset", "n_documents", "n_test", "n_features", "n_folds", "test", "labels", "top",
                 "notes")}  # fmt: skip
        return plain | {
            "words": self.words.as_dict(),
            "vocabulary": self.vocabulary.as_dict(),
            "results": [asdict(row) for row in self.rows],
            "recommended": asdict(self.recommended),
        }


def run_experiment(
    corpus: LabelledTexts,
    scorers: list[str],
    ks: list[int | None],
    words: WordSettings,
    vocabulary: Vocabulary,
    n_folds: int = 5,
    seed: int = 0,
    progress: Callable[[float, str], object] | None = None,
) -> SelectionExperiment:
    """Cross-validates on the training and validation parts, recommends, and scores the test part once.

    Args:
        corpus (Corpus): labelled texts in parts.
        scorers (list of str): keys of :data:`grokaem.text.selection.SCORERS`.
        ks (list of int or None): numbers of features; None for all.
        words (WordSettings): from a text to its words.
        vocabulary (Vocabulary): from words to columns.
        n_folds (int, optional): of the cross-validation. (Default: 5)
        seed (int, optional): of folds and of what draws. (Default: 0)
        progress (callable, optional): takes the share done and what is being done.

    Returns:
        SelectionExperiment: rows, recommendation, words of each class.

    Raises:
        ValueError: too few documents of a class, or no word left by the settings.
    """
    corpus, aside = without_rare(corpus, n_folds)
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
    if not unseen:
        raise ValueError(f"{corpus.name} has no example of these classes in its test part: give it more rows.")
    learnt, asked = (np.bincount(part, minlength=len(corpus.label_names)).tolist() for part in (labels, truth))
    test, fitted = {"most_frequent": most_frequent_share(learnt, asked) or 0.0}, None
    for name, k in (("all", None), ("recommended", chosen.k)):
        fitted = make_pipeline(vocabulary, chosen.scorer, k, seed).fit(documents, labels)
        given = fitted.predict(unseen)
        test[name] = float((given == truth).mean())
    return SelectionExperiment(
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
        per_label(confusion(truth, given, len(corpus.label_names)), corpus.label_names),
        top_words(fitted, corpus.label_names),
        [*corpus.notes, *_more_than_all(ks, n_features), *(f"{name} is left out: {reason}" for name, reason in aside)],
        list(corpus.label_names),
        aside,
        fitted,
    )


def _more_than_all(ks: list[int | None], n_features: int) -> list[str]:
    beyond = [f"{k:,}" for k in ks if k is not None and k > n_features]
    if not beyond:
        return []
    return [f"there are only {n_features:,} words: k = {', '.join(beyond)} takes all of them"]


def without_rare(corpus: LabelledTexts, n_folds: int) -> tuple[LabelledTexts, list[tuple[str, str]]]:
    """The corpus without the classes that cannot be in every fold.

    Args:
        corpus (Corpus): labelled texts in parts.
        n_folds (int): of the cross-validation.

    Returns:
        tuple: the corpus, its classes counted anew, and (class, why it is left out).

    Raises:
        ValueError: fewer than two classes are left.
    """
    groups: dict[int, set[str]] = {}
    documents = Counter()
    for part in (corpus.train, corpus.validation):
        documents.update(part.labels)
        for label, group in zip(part.labels, part.groups, strict=True):
            groups.setdefault(label, set()).add(group)
    kept = [label for label in range(len(corpus.label_names)) if len(groups.get(label, ())) >= n_folds]
    if len(kept) == len(corpus.label_names):
        return corpus, []
    rare = [label for label in range(len(corpus.label_names)) if label not in kept]
    reasons = [
        (f"class {corpus.label_names[label]!r}", f"{len(groups.get(label, ()))} different of its {documents[label]} "
         f"documents may be learnt from, and {n_folds} folds need as many; give it more, or lower --folds")
        for label in rare
    ]  # fmt: skip
    if len(kept) < 2:
        name, reason = reasons[0]
        raise ValueError(f"fewer than two classes are left: {name}: {reason}.")
    place = {label: index for index, label in enumerate(kept)}

    def keep(part: LabelledPart) -> LabelledPart:
        rows = [row for row, label in enumerate(part.labels) if label in place]
        return replace(
            part,
            inputs=[part.inputs[row] for row in rows],
            labels=[place[part.labels[row]] for row in rows],
            groups=[part.groups[row] for row in rows],
        )

    parts = {name: keep(getattr(corpus, name)) for name in ("train", "validation", "test")}
    return replace(corpus, label_names=[corpus.label_names[label] for label in kept], **parts), reasons


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
    words = {}
    for label, row in zip(pipeline["model"].classes_, weights, strict=True):
        order = np.argsort(-row)[:count]
        words[label_names[label]] = [(str(terms[column]), float(row[column])) for column in order if row[column] > 0]
    return words


def words_that_decided(pipeline: Pipeline, document: str, label: int) -> list[tuple[str, float]]:
    """What each word of one document adds to the decision for a class: TF-IDF times weight, largest first.

    Args:
        pipeline (Pipeline): fitted, of :func:`grokaem.text.cross_validation.make_pipeline`.
        document (str): words separated by spaces.
        label (int): the class.
    """
    row = pipeline[:-1].transform([document]).tocoo()
    terms, weights = terms_and_weights(pipeline)
    weight = weights[list(pipeline["model"].classes_).index(label)]
    weighed = [(str(terms[c]), float(value * weight[c])) for c, value in zip(row.col, row.data, strict=True)]
    return sorted(weighed, key=lambda pair: -abs(pair[1]))
