"""Chi-squared selection of more texts than memory holds: on all cores, the counts on disk, a batch at a time.

The chi-squared score needs only how often each word is in each class: a table of classes by words, however many texts
there are. Processes count batches, write the counts to files and add to that table; then only the chosen columns of
each file are read back and weighed. Unlike hashing it keeps the words, and no two of them share a column; the price is
disk (about 12 bytes a word of a text) and memory that grows with the vocabulary, not with the texts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from grokaem.text.vectorize import VectorSettings, make_vectorizer
from grokaem.thread_counts import threads

BATCH = 20_000  # texts counted at a time
Result = TypeVar("Result")


@dataclass(frozen=True)
class Selected:
    """What was chosen.

    Attributes:
        terms (list of str): in the order of the columns, the alphabet's.
        scores (ndarray of shape (k,)): their chi-squared statistics.
        document_frequencies (ndarray of shape (k,)): texts each term is in.
        n_documents (int): texts seen.
        n_features (int): terms in at least ``min_df`` texts.
        files (list of Path): counts of each batch.
        columns (list of ndarray): for each batch, its column of each chosen term; -1 where it has none.
    """

    terms: list[str]
    scores: np.ndarray
    document_frequencies: np.ndarray
    n_documents: int
    n_features: int
    files: list[Path]
    columns: list[np.ndarray]


def select_streaming(
    batches: Iterable[tuple[list[str], ArrayLike]],
    n_classes: int,
    k: int,
    folder: Path,
    settings: VectorSettings | None = None,
    processes: int | None = None,
) -> Selected:
    """Chooses the k words of the highest chi-squared statistic, as scikit-learn's ``chi2`` of the whole matrix would.

    Args:
        batches (iterable): pairs of texts and their labels (0 to ``n_classes`` - 1); :data:`BATCH` texts are a
            good size.
        n_classes (int): number of classes.
        k (int): how many words to keep.
        folder (Path): where the counts go; the caller removes it.
        settings (VectorSettings, optional): from a text to its words; ``max_df`` and ``max_features`` take no part.
        processes (int, optional): that count. (Default: as the processors and the quota allow)

    Raises:
        ValueError: no word is in ``min_df`` texts.
    """
    settings = settings or VectorSettings()
    column_of: dict[str, int] = {}
    table = np.zeros((n_classes + 1, 1024))  # the last row: document frequencies
    sizes = np.zeros(n_classes)
    files, columns = [], []
    jobs = ((*batch, n_classes, settings, folder / f"{number}.npz") for number, batch in enumerate(batches))
    for path, terms, sums, of_class in _map(_count, jobs, processes):
        here = np.array([column_of.setdefault(term, len(column_of)) for term in terms])
        while len(column_of) > table.shape[1]:
            table = np.concatenate([table, np.zeros_like(table)], axis=1)
        table[:, here] += sums
        sizes += of_class
        files.append(path)
        columns.append(here)
    table = table[:, : len(column_of)]
    least = settings.min_df if isinstance(settings.min_df, int) else settings.min_df * sizes.sum()
    enough = np.flatnonzero(table[-1] >= least)
    if not len(enough):
        raise ValueError(f"no word is in {settings.min_df} texts: lower --min-df.")
    names = np.array(list(column_of), dtype=object)[enough]
    enough = enough[np.argsort(names)]
    names = np.sort(names)
    observed = table[:-1, enough]
    expected = np.outer(sizes / sizes.sum(), observed.sum(axis=0))
    scores = ((observed - expected) ** 2 / np.where(expected, expected, 1)).sum(axis=0)
    best = np.sort(np.argsort(-scores, kind="stable")[:k])
    chosen = enough[best]
    where = [np.full(len(column_of), -1) for _ in columns]
    for places, here in zip(where, columns, strict=True):
        places[here] = np.arange(len(here))
    return Selected(
        list(names[best]),
        scores[best],
        table[-1, chosen],
        int(sizes.sum()),
        len(enough),
        files,
        [places[chosen] for places in where],
    )


def weighed_batches(selected: Selected, settings: VectorSettings | None = None) -> Iterator[sparse.csr_matrix]:
    """TF-IDF rows of the chosen words, a matrix a batch: (n_texts, k), rows of unit length.

    The same numbers as scikit-learn's ``TfidfTransformer`` gives for the whole matrix of these columns.
    """
    from sklearn.preprocessing import normalize

    sublinear = (settings or VectorSettings()).sublinear
    weights = np.log((1 + selected.n_documents) / (1 + selected.document_frequencies)) + 1
    for path, columns in zip(selected.files, selected.columns, strict=True):
        counts = sparse.load_npz(path)
        there = np.flatnonzero(columns >= 0)
        # A product with this matrix moves each chosen column to its place and weighs it.
        move = sparse.csr_matrix((np.ones(len(there)), (columns[there], there)), (counts.shape[1], len(columns)))
        rows = counts @ move
        if sublinear:
            rows.data = np.log(rows.data) + 1
        yield normalize(rows @ sparse.diags(weights), copy=False).tocsr()


def _count(
    texts: list[str], labels: ArrayLike, n_classes: int, settings: VectorSettings, path: Path
) -> tuple[Path, list[str], np.ndarray, np.ndarray]:
    vectorizer = make_vectorizer(replace(settings, weighting="count", min_df=1, max_df=1.0, max_features=None))
    counts = vectorizer.fit_transform(texts).astype(np.int32)
    sparse.save_npz(path, counts, compressed=False)
    labels = np.asarray(labels)
    member = sparse.csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), (n_classes, len(labels)))
    sums = np.vstack([(member @ counts).toarray(), np.bincount(counts.indices, minlength=counts.shape[1])])
    return path, vectorizer.get_feature_names_out().tolist(), sums, np.bincount(labels, minlength=n_classes)


def _map(work: Callable[..., Result], jobs: Iterable[tuple], processes: int | None) -> Iterator[Result]:
    """Results in order, with no more jobs in memory than the processes need to stay busy."""
    processes = processes or threads()
    if processes == 1:
        yield from (work(*job) for job in jobs)
        return
    # Not forked: a fork copies the locks that other threads of this process hold.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[Result]] = deque()
        for job in jobs:
            waiting.append(pool.submit(work, *job))
            if len(waiting) > processes + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
