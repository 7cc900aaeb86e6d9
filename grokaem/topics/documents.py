"""What goes into every topic model: the documents that have words, as counts or TF-IDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING, Literal

from grokaem.text.vectorize import WORDS_AND_NUMBERS, VectorSettings, fit_vectorizer, make_vectorizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike
    from scipy import sparse


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
    matrix: sparse.csr_matrix
    vocabulary: list[str]
    notes: list[str]
    extra: dict[str, np.ndarray]


def as_documents(documents: object) -> list[str]:
    """The documents as a list, read once, without lone surrogates.

    Args:
        documents (iterable of str): a list, an array or a column of a table, a generator; a string is one document.

    Returns:
        list of str: one a document.

    Raises:
        ValueError: no iterable of texts, one without an order (a set, a dict) or of more than one dimension, or a
            document that is no string.
    """
    if isinstance(documents, str):
        documents = [documents]
    kind = type(documents).__name__
    if isinstance(documents, bytes | bytearray | Mapping | Set) or not isinstance(documents, Iterable):
        raise ValueError(f"the documents are of type {kind}: give a list of strings.")
    if getattr(documents, "ndim", 1) != 1:
        count = documents.ndim  # pyright: ignore[reportAttributeAccessIssue]  # it has one, as just seen
        raise ValueError(f"the documents are a {kind} of {count} dimensions: give one column of texts.")
    texts = list(documents)
    for row, document in enumerate(texts):
        if not isinstance(document, str):
            kind = type(document).__name__
            raise ValueError(f"document {row + 1} is {kind}, not text: give a list of strings.")
    return [encodable(text) for text in texts]


def as_vectors(embeddings: ArrayLike, n_documents: int, dimension: int | None = None) -> np.ndarray:
    """Embeddings that a user gave, checked.

    Args:
        embeddings (array_like): shape (n_documents, dimension).
        n_documents (int): how many there must be.
        dimension (int, optional): of those that a model was fitted on. (Default: any)

    Returns:
        ndarray: float32, shape (n_documents, dimension), rows of unit length, or of zeros where they were zeros.

    Raises:
        ValueError: not numbers, another shape, a number that is not finite; the sentence says which.
    """
    import numpy as np

    try:
        vectors = np.asarray(embeddings, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("the embeddings are no table of numbers: give one vector a document.") from error
    if vectors.ndim != 2 or not vectors.shape[1]:
        shape = " x ".join(map(str, vectors.shape)) or "one number"
        raise ValueError(f"the embeddings have the shape {shape}: give documents x dimension, one vector a document.")
    if len(vectors) != n_documents:
        message = f"{len(vectors)} embeddings for {n_documents} documents: give one a document."
        raise ValueError(message)
    if dimension is not None and vectors.shape[1] != dimension:
        raise ValueError(
            f"the embeddings have {vectors.shape[1]} numbers each, those that the model was fitted on {dimension}: "
            "give vectors of the same encoder."
        )
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise ValueError(
            f"the embedding of document {wrong[0] + 1} holds NaN or infinity ({len(wrong):,} of "
            f"{len(vectors):,} do): encode those documents again or leave them out."
        )
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    vectors = vectors / np.where(largest > 0, largest, 1.0)  # so that no square overflows
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.where(lengths > 0, lengths, 1.0), np.float32)


def encodable(document: str) -> str:
    """The document without lone surrogates, which no file, tokenizer or table holds."""
    return document if document.isascii() else document.encode("utf-8", "ignore").decode()


def check_enough(n_documents: int, n_topics: int) -> None:
    """Raises ValueError for fewer documents with text than topics, or no whole number of topics from 2 on."""
    if isinstance(n_topics, bool) or not isinstance(n_topics, Integral):
        raise ValueError(f"the number of topics is {n_topics!r:.40}: give a whole number from 2 on.")
    if n_topics < 2:
        raise ValueError(f"{n_topics} topics were asked for: ask for at least 2.")
    if n_documents < n_topics:
        held = "1 document holds" if n_documents == 1 else f"{n_documents} documents hold"
        raise ValueError(
            f"{n_topics} topics were asked for but only {held} text: ask for fewer topics or give more documents."
        )


def at_least_one(**numbers: object) -> None:
    """Raises ValueError for a count that is no whole number from 1 on; the count is named as it was given."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, Integral) or number < 1:
            raise ValueError(f"{name} is {number!r:.40}: give a whole number from 1 on.")


def default_settings(n_documents: int, weighting: Literal["count", "tfidf"]) -> VectorSettings:
    """Stop words of both languages; rare words are dropped once the corpus is large enough to spare them."""
    if n_documents < 50:
        min_df, max_df = 1, 1.0
    else:
        min_df, max_df = (2 if n_documents < 1000 else 5), 0.5
    return VectorSettings(weighting=weighting, min_df=min_df, max_df=max_df, max_features=50_000)


def count_terms(documents: list[str], settings: VectorSettings) -> Terms:
    """Fits the vectorizer; see ``grokaem.text.vectorize.fit_vectorizer`` for what happens when no word is left."""
    vectorizer, matrix, notes = fit_vectorizer(documents, settings)
    # Not get_feature_names_out(): an array of strings takes the longest word's memory for each.
    vocabulary = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get)
    extra = {"idf": vectorizer.idf_} if settings.weighting == "tfidf" else {}
    if vectorizer.stop_words is None:  # loosened: what counts new documents must not drop these words
        settings = replace(settings, languages=(), left_out=())
    if vectorizer.token_pattern == WORDS_AND_NUMBERS:
        settings = replace(settings, numbers=True)
    return Terms(settings, matrix, vocabulary, notes, extra)


def recount(
    documents: list[str], settings: VectorSettings, vocabulary: list[str], idf: np.ndarray | None = None
) -> sparse.csr_matrix:
    """The matrix of new documents over a fitted vocabulary: csr, shape (n_documents, n_terms)."""
    vectorizer = make_vectorizer(settings, vocabulary)
    if idf is not None:
        vectorizer.idf_ = idf
    return vectorizer.transform(documents)


def ranked_words(weights: ArrayLike, vocabulary: list[str], top: int) -> list[list[tuple[str, float]]]:
    """The ``top`` words of positive weight of each row of ``weights`` (n_topics, n_terms), heaviest first."""
    import numpy as np

    topics = []
    for row in np.asarray(weights):
        order = np.argsort(-row, kind="stable")[:top]
        topics.append([(vocabulary[column], float(row[column])) for column in order if row[column] > 0])
    return topics


def rows_to_one(weights: ArrayLike) -> np.ndarray:
    """Divides each row by its sum; a row without weight becomes even."""
    import numpy as np

    weights = np.maximum(np.asarray(weights, np.float64), 0.0)
    totals = weights.sum(axis=1, keepdims=True)
    even = np.full_like(weights, 1.0 / weights.shape[1])
    return np.where(totals > 0, weights / np.where(totals > 0, totals, 1.0), even)
