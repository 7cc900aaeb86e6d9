"""Chi-squared selection of more texts than memory holds: two passes, and never the whole matrix.

The chi-squared score needs only how often each word is in each class, which is a table of classes by words however
many texts there are. So a first pass adds that table up, batch by batch, on all cores, and a second writes only the
columns that were chosen. Unlike hashing it keeps the words themselves and no two of them share a column; the price is
that the texts are read twice and that memory grows with the vocabulary (not with the texts).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy import sparse

from text.vectorize import VectorSettings, make_vectorizer

BATCH = 20_000
Batches = Callable[[], Iterable[tuple[list[str], Any]]]


@dataclass(frozen=True)
class Selected:
    """What a first pass chose.

    Attributes:
        terms (list of str): in the order of the columns, the alphabet's.
        scores (ndarray of shape (k,)): their chi-squared statistics.
        document_frequencies (ndarray of shape (k,)): documents each term is in.
        n_documents (int): documents seen.
        n_features (int): terms seen in at least ``min_df`` documents.
    """

    terms: list[str]
    scores: np.ndarray
    document_frequencies: np.ndarray
    n_documents: int
    n_features: int


def select_streaming(
    batches: Batches, n_classes: int, k: int, settings: VectorSettings | None = None, processes: int | None = None
) -> Selected:
    """Chooses the k words of the highest chi-squared statistic, as scikit-learn's ``chi2`` of the whole matrix would.

    Args:
        batches (callable): called once a pass; gives pairs of texts and their labels (0 to ``n_classes`` - 1).
        n_classes (int): number of classes.
        k (int): how many to keep.
        settings (VectorSettings, optional): from a text to its words; ``max_df`` and ``max_features`` take no part.
        processes (int, optional): that count. (Default: all cores)

    Raises:
        ValueError: no text holds a word in ``min_df`` documents.
    """
    settings = settings or VectorSettings()
    column_of: dict[str, int] = {}
    table = np.zeros((n_classes + 1, 1024))  # the last row: document frequencies
    sizes = np.zeros(n_classes)
    for terms, sums, of_class in _map(_count, ((*batch, n_classes, settings) for batch in batches()), processes):
        columns = [column_of.setdefault(term, len(column_of)) for term in terms]
        while len(column_of) > table.shape[1]:
            table = np.concatenate([table, np.zeros_like(table)], axis=1)
        table[:, columns] += sums
        sizes += of_class
    table = table[:, : len(column_of)]
    least = settings.min_df if isinstance(settings.min_df, int) else settings.min_df * sizes.sum()
    names = np.array(list(column_of), dtype=object)
    enough = np.flatnonzero(table[-1] >= least)
    if not len(enough):
        raise ValueError(f"no word is in {settings.min_df} texts: lower --min-df.")
    observed, frequencies, names = table[:-1, enough], table[-1, enough], names[enough]
    expected = np.outer(sizes / sizes.sum(), observed.sum(axis=0))
    scores = ((observed - expected) ** 2 / np.where(expected, expected, 1)).sum(axis=0)
    alphabet = np.argsort(names)
    kept = np.sort(np.argsort(-scores[alphabet], kind="stable")[:k])
    chosen = alphabet[kept]
    return Selected(list(names[chosen]), scores[chosen], frequencies[chosen], int(sizes.sum()), len(enough))


def vectorize_streaming(
    batches: Batches, selected: Selected, settings: VectorSettings | None = None, processes: int | None = None
) -> Iterator[sparse.csr_matrix]:
    """TF-IDF rows of the chosen words, a matrix a batch: (n_texts, k), rows of unit length.

    The same numbers as ``TfidfTransformer`` of the whole matrix of these columns.
    """
    settings = settings or VectorSettings()
    weights = np.log((1 + selected.n_documents) / (1 + selected.document_frequencies)) + 1
    jobs = ((texts, selected.terms, weights, settings) for texts, _ in batches())
    yield from _map(_weigh, jobs, processes)


def _count(texts: list[str], labels: Any, n_classes: int, settings: VectorSettings) -> tuple[Any, Any, Any]:
    from dataclasses import replace

    vectorizer = make_vectorizer(replace(settings, weighting="count", min_df=1, max_df=1.0, max_features=None))
    counts = vectorizer.fit_transform(texts)
    labels = np.asarray(labels)
    member = sparse.csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), (n_classes, len(labels)))
    sums = np.vstack([(member @ counts).toarray(), np.diff(counts.tocsc().indptr)])
    return vectorizer.get_feature_names_out().tolist(), sums, np.bincount(labels, minlength=n_classes)


def _weigh(texts: list[str], terms: list[str], weights: np.ndarray, settings: VectorSettings) -> sparse.csr_matrix:
    from dataclasses import replace

    from sklearn.preprocessing import normalize

    counted = make_vectorizer(replace(settings, weighting="count"), terms).transform(texts).astype(np.float64)
    if settings.sublinear:
        counted.data = np.log(counted.data) + 1
    return normalize(counted @ sparse.diags(weights), copy=False).tocsr()


def _map(work: Callable[..., Any], jobs: Iterable[tuple], processes: int | None) -> Iterator[Any]:
    """Results in order, with no more jobs in memory than the processes need to stay busy."""
    processes = processes or os.cpu_count() or 1
    if processes == 1:
        yield from (work(*job) for job in jobs)
        return
    # Not forked: a fork copies the locks that other threads of this process hold.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting: deque[Any] = deque()
        for job in jobs:
            waiting.append(pool.submit(work, *job))
            if len(waiting) > processes + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
