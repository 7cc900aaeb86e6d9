"""Accuracy against the number of features, for every scorer, with nothing learnt outside the fold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from grokaem.text.selection import WordSelector, best, score

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True)
class Vocabulary:
    """Which words become columns.

    Attributes:
        ngrams: shortest and longest run of words that is a feature.
        min_df: fewest documents a feature must be in (a count, or a fraction below 1.0).
        max_df: largest fraction (or count) of documents it may be in.
        terms: the features themselves, where the user gives them; empty to learn them.
    """

    ngrams: tuple[int, int] = (1, 1)
    min_df: int | float = 2
    max_df: int | float = 1.0
    terms: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The settings in a form that JSON holds."""
        return asdict(self)


class Fold(TypedDict):
    """One scorer and one k in one fold, as :class:`Row` has them; ``features`` are the terms themselves."""

    features: np.ndarray
    accuracy: float
    macro_f1: float
    matrix_bytes: int
    model_bytes: int
    seconds: float


Measure = Literal["accuracy", "macro_f1", "matrix_bytes", "model_bytes", "seconds"]


@dataclass(frozen=True)
class Row:
    """One scorer and one k, over all folds. ``std`` is the standard deviation over folds.

    Attributes:
        scorer: key of :data:`grokaem.text.selection.SCORERS`.
        k: features asked for; None for all.
        features: features kept, mean over folds.
        accuracy, accuracy_std, macro_f1, macro_f1_std: on the fold's held-out documents.
        matrix_bytes: of the fold's TF-IDF training matrix.
        model_bytes: of the model: its words, their weights and document frequencies.
        seconds: to select, weigh, learn and predict, a fold.
        stability: mean Jaccard overlap of two folds' sets of features; None for a single fold.
    """

    scorer: str
    k: int | None
    features: float
    accuracy: float
    accuracy_std: float
    macro_f1: float
    macro_f1_std: float
    matrix_bytes: int
    model_bytes: int
    seconds: float
    stability: float | None


def make_pipeline(vocabulary: Vocabulary, scorer: str = "chi2", k: int | None = None, seed: int = 0) -> Pipeline:
    """Words to a class: counts, selection, TF-IDF, linear support vector machine, not yet fitted.

    Args:
        vocabulary (Vocabulary): which words become columns.
        scorer (str, optional): who chooses. (Default: ``"chi2"``)
        k (int or None, optional): how many stay. (Default: all)
        seed (int, optional): of what draws. (Default: 0)

    Returns:
        Pipeline: it takes the strings of :func:`grokaem.text.words.words_of`.
    """
    return Pipeline(
        [
            ("count", make_counter(vocabulary)),
            ("select", WordSelector(scorer, k, seed)),
            ("tfidf", TfidfTransformer(sublinear_tf=True)),
            ("model", LinearSVC(random_state=seed)),
        ]
    )


def make_counter(vocabulary: Vocabulary) -> CountVectorizer:
    """scikit-learn's counter of words that are already separated by spaces."""
    learnt = {"min_df": vocabulary.min_df, "max_df": vocabulary.max_df}
    return CountVectorizer(
        tokenizer=str.split,
        token_pattern=None,
        lowercase=False,
        ngram_range=vocabulary.ngrams,
        **({"vocabulary": list(vocabulary.terms)} if vocabulary.terms else learnt),
    )


def folds_of(labels: np.ndarray, groups: list[str], n_folds: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Splits that keep the classes' shares, and all documents of one group on one side.

    Raises:
        ValueError: a class has fewer documents than there are folds.
    """
    smallest = np.unique(labels, return_counts=True)[1].min()
    if smallest < n_folds:
        raise ValueError(f"--folds {n_folds}: the smallest class has {smallest} documents; give at most {smallest}.")
    if len(set(groups)) < len(groups):
        return list(StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(labels, labels, groups))
    return list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(labels, labels))


def evaluate(
    documents: list[str],
    labels: np.ndarray,
    groups: list[str],
    scorers: list[str],
    ks: list[int | None],
    *,
    vocabulary: Vocabulary,
    n_folds: int = 5,
    seed: int = 0,
    progress: Callable[[float, str], object] | None = None,
) -> list[Row]:
    """Cross-validates every scorer at every k.

    A scorer ranks the fold's training documents once, and all k use that ranking: the same numbers as a
    pipeline of its own for each, several times faster.

    Args:
        documents (list of str): words separated by spaces.
        labels (array of int): the classes.
        groups (list of str): what must not be on both sides of a split.
        scorers (list of str): keys of :data:`grokaem.text.selection.SCORERS`.
        ks (list of int or None): numbers of features; None for all.
        vocabulary (Vocabulary): which words become columns.
        n_folds (int, optional): at least 2. (Default: 5)
        seed (int, optional): of the folds and of what draws. (Default: 0)
        progress (callable, optional): takes the share done and what is being done.

    Returns:
        list of Row: scorers in the order given, k in the order given.

    Raises:
        ValueError: no scorer, or no k; see :func:`folds_of` and :func:`grokaem.text.selection.best`.
    """
    if not scorers or not ks:
        raise ValueError(f"there is no {'number of features' if scorers else 'scorer'} to compare: give at least one.")
    splits = folds_of(labels, groups, n_folds, seed)
    found: dict[tuple[str, int | None], list[Fold]] = {(s, k): [] for s in scorers for k in ks}
    everything = np.array(documents, dtype=object)
    for number, (train, held) in enumerate(splits):
        counter = make_counter(vocabulary)
        counts = counter.fit_transform(everything[train]).tocsc()
        unseen = counter.transform(everything[held]).tocsc()
        terms = counter.get_feature_names_out()
        for place, scorer in enumerate(scorers):
            if progress is not None:
                done = (number * len(scorers) + place) / (len(splits) * len(scorers))
                progress(done, f"fold {number + 1} of {len(splits)}: {scorer}")
            start = time.perf_counter()
            scores = score(scorer, counts, labels[train], seed)
            ranked = time.perf_counter() - start
            for k in ks:
                scored = _one(counts, unseen, terms, best(scores, k), labels[train], labels[held], seed)
                scored["seconds"] += ranked
                found[scorer, k].append(scored)
    if progress is not None:
        progress(1.0, "done")
    return [_row(scorer, k, results) for (scorer, k), results in found.items()]


def _one(
    counts: sparse.csc_matrix,
    unseen: sparse.csc_matrix,
    terms: np.ndarray,
    kept: np.ndarray,
    labels: np.ndarray,
    truth: np.ndarray,
    seed: int,
) -> Fold:
    start = time.perf_counter()
    weigh = TfidfTransformer(sublinear_tf=True)
    matrix = weigh.fit_transform(counts[:, kept])
    model = LinearSVC(random_state=seed).fit(matrix, labels)
    predicted = model.predict(weigh.transform(unseen[:, kept]))
    seconds = time.perf_counter() - start
    return {
        "features": terms[kept],
        "accuracy": float((predicted == truth).mean()),
        "macro_f1": float(f1_score(truth, predicted, average="macro")),
        "matrix_bytes": matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes,
        "model_bytes": model_bytes(terms[kept], model.coef_),
        "seconds": seconds,
    }


def model_bytes(terms: np.ndarray, weights: np.ndarray) -> int:
    """What the model takes on disk: a line a word, and in fp32 its document frequency and its weights."""
    return sum(len(term.encode()) + 1 for term in terms) + 4 * (len(terms) + weights.size + len(weights))


def _row(scorer: str, k: int | None, folds: list[Fold]) -> Row:
    def values(key: Measure) -> np.ndarray:
        return np.array([fold[key] for fold in folds], dtype=float)

    sets = [set(fold["features"]) for fold in folds]
    overlaps = [len(a & b) / max(1, len(a | b)) for a, b in combinations(sets, 2)]
    return Row(
        scorer,
        k,
        features=float(np.mean([len(kept) for kept in sets])),
        accuracy=float(values("accuracy").mean()),
        accuracy_std=float(values("accuracy").std(ddof=1)),
        macro_f1=float(values("macro_f1").mean()),
        macro_f1_std=float(values("macro_f1").std(ddof=1)),
        matrix_bytes=int(values("matrix_bytes").mean()),
        model_bytes=int(values("model_bytes").mean()),
        seconds=float(values("seconds").mean()),
        stability=float(np.mean(overlaps)) if overlaps else None,
    )


def recommend(rows: list[Row], n_folds: int) -> Row:
    """The fewest features within one standard error of the best (Breiman et al. 1984).

    Of rows with equally many features the one of higher accuracy.
    """
    top = max(rows, key=lambda row: row.accuracy)
    enough = top.accuracy - top.accuracy_std / n_folds**0.5
    return min((row for row in rows if row.accuracy >= enough), key=lambda row: (row.features, -row.accuracy))
