"""Which words tell the classes apart: seven scorers, each a scikit-learn transformer that keeps the best k.

All of them see counts, and the TF-IDF weighting comes after them: the chi-squared test is defined for counts, and
what is dropped here no longer weighs in the length of a document.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectorMixin, chi2, f_classif
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from grokaem.thread_counts import threads

CANDIDATES = 2000  # features, the best by chi2, whose permutation importance is measured
TREES = 100
HELD_OUT = 0.25  # of the training documents, on which permutation importance is measured

Scores = np.ndarray


class WordSelector(SelectorMixin, BaseEstimator):
    """Keeps the k features of the highest score.

    Args:
        scorer (str, optional): a key of :data:`SCORERS`. (Default: ``"chi2"``)
        k (int or None, optional): how many to keep; None for all. (Default: None)
        seed (int, optional): of the scorers that draw. (Default: 0)

    Attributes:
        scores_ (ndarray of shape (n_features,)): what each was given; larger is better.
    """

    def __init__(self, scorer: str = "chi2", k: int | None = None, seed: int = 0):
        self.scorer = scorer
        self.k = k
        self.seed = seed

    def fit(self, counts: sparse.csr_matrix, labels: ArrayLike) -> WordSelector:
        """Scores every feature.

        Args:
            counts (sparse matrix of shape (n_documents, n_features)): how often each word is in each document.
            labels (array of shape (n_documents,)): the classes.
        """
        self.n_features_in_ = counts.shape[1]
        self.scores_ = score(self.scorer, counts, labels, self.seed)
        return self

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self, "scores_")
        mask = np.zeros(self.n_features_in_, dtype=bool)
        mask[best(self.scores_, self.k)] = True
        return mask


def best(scores: Scores, k: int | None) -> np.ndarray:
    """Columns of the k highest scores, ascending; of equal scores the first column (in the alphabet) wins.

    Raises:
        ValueError: k is below 1.
    """
    if k is not None and k < 1:
        raise ValueError(f"k is {k}: keep at least 1 word, or give None for all.")
    order = np.argsort(-scores, kind="stable")
    return np.sort(order[: len(scores) if k is None else k])


def score(scorer: str, counts: sparse.csr_matrix, labels: ArrayLike, seed: int = 0) -> Scores:
    """Scores every column of a document-term matrix.

    Args:
        scorer (str): a key of :data:`SCORERS`.
        counts (sparse matrix of shape (n_documents, n_features)): counts of words.
        labels (array of shape (n_documents,)): the classes.
        seed (int, optional): of the scorers that draw. (Default: 0)

    Returns:
        ndarray of shape (n_features,): larger is better; never NaN.

    Raises:
        ValueError: an unknown scorer.
    """
    if scorer not in SCORERS:
        raise ValueError(f"no scorer {scorer!r}: choose from {', '.join(SCORERS)}.")
    counts = sparse.csr_matrix(counts)
    if scorer == "chi2" and not _whole(counts):
        warnings.warn(
            "chi2 is defined for counts and was given weights: put the TF-IDF weighting after the selection.",
            stacklevel=2,
        )
    return np.nan_to_num(SCORERS[scorer](counts, np.asarray(labels), seed), nan=0.0, posinf=np.finfo(float).max)


def _whole(counts: sparse.csr_matrix) -> bool:
    return bool((counts.data == np.floor(counts.data)).all())


def _variance(counts: sparse.csr_matrix, labels: np.ndarray, seed: int) -> Scores:
    n = counts.shape[0]
    mean = np.asarray(counts.sum(axis=0)).ravel() / n
    return np.asarray(counts.multiply(counts).sum(axis=0)).ravel() / n - mean**2


def _chi2(counts: sparse.csr_matrix, labels: np.ndarray, seed: int) -> Scores:
    return chi2(counts, labels)[0]


def _mutual_information(counts: sparse.csr_matrix, labels: np.ndarray, seed: int) -> Scores:
    """Between a word's presence and the class, in nats (Yang & Pedersen 1997 call it information gain)."""
    n = counts.shape[0]
    present = counts.copy()
    present.data = np.ones_like(present.data, dtype=float)
    classes, where = np.unique(labels, return_inverse=True)
    member = sparse.csr_matrix((np.ones(n), (where, np.arange(n))), shape=(len(classes), n))
    both = np.asarray((member @ present).todense())  # (classes, features): documents of the class with the word
    of_class = np.bincount(where).astype(float)[:, None]
    with_word = both.sum(axis=0)
    total = np.zeros(counts.shape[1])
    for joint, word in ((both, with_word), (of_class - both, n - with_word)):
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = joint / n * np.log(joint * n / (of_class * word))
        total += np.where(joint > 0, terms, 0.0).sum(axis=0)
    return total


def _anova(counts: sparse.csr_matrix, labels: np.ndarray, seed: int) -> Scores:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a word that is in every document alike has no F
        return f_classif(TfidfTransformer(sublinear_tf=True).fit_transform(counts), labels)[0]


def _linear(counts: sparse.csr_matrix, labels: np.ndarray, seed: int) -> Scores:
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    return np.abs(LinearSVC(random_state=seed).fit(weighted, labels).coef_).max(axis=0)


def _trees(counts: sparse.csr_matrix, labels: np.ndarray, seed: int) -> Scores:
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(TREES, min_samples_leaf=2, n_jobs=threads(), random_state=seed)
    return forest.fit(counts, labels).feature_importances_


def _permutation(counts: sparse.csr_matrix, labels: np.ndarray, seed: int) -> Scores:
    """Loss of accuracy, on held-out training documents, of a linear model whose one column is shuffled.

    The model's decision is a sum over columns, so shuffling one of them changes it by the difference of that
    column times its weight: exact, without predicting anew for each. Only the :data:`CANDIDATES` best by chi2 take
    part; the others follow in the order of chi2, all below. Equal losses are ordered by the loss of margin.
    """
    first = chi2(counts, labels)[0]
    first = np.nan_to_num(first, nan=0.0)
    chosen = best(first, CANDIDATES)
    scores = -1.0 - 1.0 / (1.0 + first)  # below every loss of accuracy, in the order of chi2
    train, held = _halves(labels, seed)
    weigh = TfidfTransformer(sublinear_tf=True).fit(counts[train][:, chosen])
    model = LinearSVC(random_state=seed).fit(weigh.transform(counts[train][:, chosen]), labels[train])
    seen = sparse.csc_matrix(weigh.transform(counts[held][:, chosen]))
    decision = model.decision_function(seen)
    if decision.ndim == 1:  # two classes have one column
        decision = np.stack([-decision, decision], axis=1) / 2
        weights = np.concatenate([-model.coef_, model.coef_]) / 2
    else:
        weights = model.coef_
    truth = np.searchsorted(model.classes_, labels[held])
    rows = np.arange(len(truth))
    right = decision.argmax(axis=1) == truth
    margin = _margin(decision, truth)
    rng = np.random.default_rng(seed)
    for place, column in enumerate(chosen):
        start, stop = seen.indptr[place], seen.indptr[place + 1]
        old = np.zeros(len(truth))
        old[seen.indices[start:stop]] = seen.data[start:stop]
        moved = old[rng.permutation(len(truth))] - old
        touched = rows[moved != 0]
        changed = decision[touched] + moved[touched, None] * weights[:, place]
        now = changed.argmax(axis=1) == truth[touched]
        lost = (right[touched].sum() - now.sum()) / len(truth)
        less = (margin[touched] - _margin(changed, truth[touched])).sum() / len(truth)
        scores[column] = lost + 1e-6 * np.tanh(less)
    return scores


def _halves(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    everything = np.arange(len(labels))
    _, sizes = np.unique(labels, return_counts=True)
    classes = labels if sizes.min() > 1 else None
    return train_test_split(everything, test_size=HELD_OUT, random_state=seed, stratify=classes)


def _margin(decision: np.ndarray, truth: np.ndarray) -> np.ndarray:
    rows = np.arange(len(truth))
    others = decision.copy()
    others[rows, truth] = -np.inf
    return decision[rows, truth] - others.max(axis=1)


SCORERS: dict[str, Callable[[sparse.csr_matrix, np.ndarray, int], Scores]] = {
    "chi2": _chi2,
    "mutual_info": _mutual_information,
    "anova": _anova,
    "variance": _variance,
    "linear": _linear,
    "trees": _trees,
    "permutation": _permutation,
}
