"""Latent Dirichlet allocation: documents as mixtures of topics, topics as distributions over words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from grokaem.text.vectorize import VectorSettings
from grokaem.topics.documents import Terms, at_least_one, ranked_words, recount
from grokaem.topics.method import Method

if TYPE_CHECKING:
    import numpy as np

    from grokaem.topics.model import Fitted, TopicModel

ALPHA = 0.1  # prior weight of a topic in a document: few topics a document
ETA = 0.01  # prior weight of a word in a topic: few words a topic
ITERATIONS = 100
CONVERGED_SHARE = 0.005  # stop when a sweep moves a smaller share of the words than this
ROUNDS = 30  # passes over a new document


def fit(
    terms: Terms,
    n_topics: int,
    seed: int,
    top_words: int,
    iterations: int = ITERATIONS,
    progress: Callable[[float, str], object] | None = None,
) -> Fitted:
    """Fits by collapsed variational Bayes; needs 4 bytes x distinct words of all documents x topics.

    Args:
        terms (Terms): word counts of the documents.
        n_topics (int): topics.
        seed (int): of the start and of the order of documents.
        top_words (int): words kept of each topic.
        iterations (int, optional): most sweeps over the corpus. (Default: 100)
        progress (callable, optional): called with the fraction done and a description.

    Returns:
        dict: the fields of a ``TopicModel``.

    Raises:
        ValueError: topics, words or sweeps that are no whole number from 1 on.

    Source: Blei, Ng and Jordan 2003; Asuncion, Welling, Smyth and Teh 2009 (CVB0).
    """
    import numpy as np
    from scipy import sparse

    from grokaem.topics.collapsed_bayes import sweep

    at_least_one(n_topics=n_topics, top_words=top_words, iterations=iterations)
    matrix = terms.matrix.tocsr()
    n_documents, n_words = matrix.shape
    random = np.random.default_rng(seed)
    counts = matrix.data.astype(np.float32)
    shares = random.random((matrix.nnz, n_topics), dtype=np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    entries = np.arange(matrix.nnz)
    by_document = sparse.csr_matrix((counts, entries, matrix.indptr), shape=(n_documents, matrix.nnz))
    by_word = sparse.csr_matrix((counts, (matrix.indices, entries)), shape=(n_words, matrix.nnz))
    in_document = np.ascontiguousarray(by_document @ shares, np.float32)
    in_word = np.ascontiguousarray(by_word @ shares, np.float32)
    total = float(counts.sum())
    for iteration in range(iterations):
        in_topic = in_word.sum(axis=0, dtype=np.float64)
        order = random.permutation(n_documents)
        moved = sweep(
            matrix.indptr,
            matrix.indices,
            counts,
            shares,
            in_document,
            in_word,
            in_topic,
            np.float32(ALPHA),
            np.float32(ETA),
            order,
        )
        if progress is not None:
            progress((iteration + 1) / iterations, f"LDA, sweep {iteration + 1}")
        if moved < 2 * CONVERGED_SHARE * total:
            break
    words = (np.maximum(in_word, 0.0) + ETA).astype(np.float64)
    words /= words.sum(axis=0)
    mixtures = np.maximum(in_document, 0.0).astype(np.float64) + ALPHA
    return {
        "topics": ranked_words(words.T, terms.vocabulary, top_words),
        "document_topics": mixtures / mixtures.sum(axis=1, keepdims=True),
        "arrays": {"words": words.astype(np.float32)},
        "settings": {"sweeps": iteration + 1},  # pyright: ignore[reportPossiblyUnboundVariable]  # at_least_one
    }


def transform(fitted: TopicModel, documents: list[str], embeddings: np.ndarray | None = None) -> np.ndarray:
    """Mixtures of new documents with the topics held fixed, shape (n_documents, n_topics)."""
    import numpy as np

    from grokaem.topics.collapsed_bayes import fold_in

    settings = VectorSettings.from_dict(fitted.settings["vectors"])  # pyright: ignore[reportTypedDictNotRequiredAccess]  # of every fit
    matrix = recount(documents, settings, fitted.vocabulary, fitted.arrays.get("idf")).tocsr()
    counts = matrix.data.astype(np.float32)
    words = np.ascontiguousarray(fitted.arrays["words"], np.float32)
    return fold_in(matrix.indptr, matrix.indices, counts, words, np.float32(ALPHA), ROUNDS)


LDA = Method(
    key="lda",
    title="LDA",
    weighting="count",
    embeds=False,
    fit=lambda asked: fit(asked.terms, asked.n_topics, asked.seed, asked.top_words),
    transform=transform,
    about="latent Dirichlet allocation, by collapsed variational Bayes (CVB0)",
    topics_from="word counts",
    takes="least",
    choose="for mixtures: many subjects in one document",
)
