"""What goes into every topic model: the documents that have words, as counts or TF-IDF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from text.vectorize import WORDS_AND_NUMBERS, VectorSettings, fit_vectorizer, make_vectorizer


@dataclass
class Terms:
    """A corpus as a matrix.

    Attributes:
        settings: how it was made; the columns are ``vocabulary``.
        matrix: csr, shape (n_documents, n_terms).
        vocabulary: the terms.
        notes: what had to be loosened.
        extra: what else rebuilds the vectorizer (the inverse document frequencies).
    """

    settings: VectorSettings
    matrix: Any
    vocabulary: list[str]
    notes: list[str]
    extra: dict[str, Any]


def check_documents(documents: list[str]) -> None:
    """Raises ValueError when a document is not a string."""
    for row, document in enumerate(documents):
        if not isinstance(document, str):
            kind = type(document).__name__
            raise ValueError(f"document {row + 1} is {kind}, not text: give a list of strings.")


def encodable(document: str) -> str:
    """The document without lone surrogates, which no file, tokenizer or table holds."""
    return document if document.isascii() else document.encode("utf-8", "ignore").decode()


def check_enough(n_documents: int, n_topics: int) -> None:
    """Raises ValueError when there are fewer documents with text than topics, or fewer than two topics."""
    if n_topics < 2:
        raise ValueError(f"{n_topics} topics were asked for: ask for at least 2.")
    if n_documents < n_topics:
        held = "1 document holds" if n_documents == 1 else f"{n_documents} documents hold"
        raise ValueError(
            f"{n_topics} topics were asked for but only {held} text: ask for fewer topics or give more documents."
        )


def default_settings(n_documents: int, weighting: str) -> VectorSettings:
    """Stop words of both languages; rare words are dropped once the corpus is large enough to spare them."""
    if n_documents < 50:
        min_df, max_df = 1, 1.0
    else:
        min_df, max_df = (2 if n_documents < 1000 else 5), 0.5
    return VectorSettings(weighting=weighting, min_df=min_df, max_df=max_df, max_features=50_000)


def count_terms(documents: list[str], settings: VectorSettings) -> Terms:
    """Fits the vectorizer; see ``text.vectorize.fit_vectorizer`` for what happens when no word is left."""
    vectorizer, matrix, notes = fit_vectorizer(documents, settings)
    vocabulary = [str(word) for word in vectorizer.get_feature_names_out()]
    extra = {"idf": vectorizer.idf_} if settings.weighting == "tfidf" else {}
    if vectorizer.stop_words is None:  # loosened: what counts new documents must not drop these words
        settings = replace(settings, languages=())
    if vectorizer.token_pattern == WORDS_AND_NUMBERS:
        settings = replace(settings, numbers=True)
    return Terms(settings, matrix, vocabulary, notes, extra)


def recount(documents: list[str], settings: VectorSettings, vocabulary: list[str], idf: Any = None) -> Any:
    """The matrix of new documents over a fitted vocabulary: csr, shape (n_documents, n_terms)."""
    vectorizer = make_vectorizer(settings, vocabulary)
    if idf is not None:
        vectorizer.idf_ = idf
    return vectorizer.transform(documents)


def ranked_words(weights: Any, vocabulary: list[str], top: int) -> list[list[tuple[str, float]]]:
    """The ``top`` words of positive weight of each row of ``weights`` (n_topics, n_terms), heaviest first."""
    import numpy as np

    topics = []
    for row in np.asarray(weights):
        order = np.argsort(-row, kind="stable")[:top]
        topics.append([(vocabulary[column], float(row[column])) for column in order if row[column] > 0])
    return topics


def rows_to_one(weights: Any) -> Any:
    """Divides each row by its sum; a row without weight becomes even."""
    import numpy as np

    weights = np.maximum(np.asarray(weights, np.float64), 0.0)
    totals = weights.sum(axis=1, keepdims=True)
    even = np.full_like(weights, 1.0 / weights.shape[1])
    return np.where(totals > 0, weights / np.where(totals > 0, totals, 1.0), even)
