"""Latent semantic analysis: singular vectors of TF-IDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.text.vectorize import VectorSettings
from grokaem.topics.documents import Terms, at_least_one, ranked_words, recount, rows_to_one
from grokaem.topics.method import Method

if TYPE_CHECKING:
    import numpy as np

    from grokaem.topics.model import Fitted, TopicModel


def fit(terms: Terms, n_topics: int, seed: int, top_words: int) -> Fitted:
    """Fits a truncated singular value decomposition.

    A singular vector has no sign of its own and both ends of it mean something; each is turned so that its
    heaviest words are positive, a topic's words are those of the positive end, and a document's mixture is made
    of its positive coordinates.

    Args:
        terms (Terms): TF-IDF of the documents.
        n_topics (int): topics.
        seed (int): of the randomized decomposition.
        top_words (int): words kept of each topic.

    Returns:
        dict: the fields of a ``TopicModel``.

    Raises:
        ValueError: topics or words that are no whole number from 1 on.

    Source: Deerwester et al. 1990; Halko, Martinsson and Tropp 2011 (the randomized decomposition).
    """
    import numpy as np
    from sklearn.utils.extmath import randomized_svd

    at_least_one(n_topics=n_topics, top_words=top_words)
    rank = min(n_topics, *terms.matrix.shape)
    _, _, directions = randomized_svd(terms.matrix, rank, random_state=seed)
    if rank < n_topics:  # fewer different words or documents than topics: the rest are empty
        directions = np.vstack([directions, np.zeros((n_topics - rank, directions.shape[1]))])
    heaviest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(n_topics), heaviest])
    directions = directions * np.where(signs == 0, 1.0, signs)[:, None]
    return {
        "topics": ranked_words(directions, terms.vocabulary, top_words),
        "document_topics": rows_to_one(terms.matrix @ directions.T),
        "arrays": {"directions": directions},
    }


def transform(fitted: TopicModel, documents: list[str], embeddings: np.ndarray | None = None) -> np.ndarray:
    """Mixtures of new documents, shape (n_documents, n_topics)."""
    settings = VectorSettings.from_dict(fitted.settings["vectors"])  # pyright: ignore[reportTypedDictNotRequiredAccess]  # of every fit
    matrix = recount(documents, settings, fitted.vocabulary, fitted.arrays.get("idf"))
    return rows_to_one(matrix @ fitted.arrays["directions"].T)


LSA = Method(
    key="lsa",
    title="LSA",
    weighting="tfidf",
    embeds=False,
    fit=lambda asked: fit(asked.terms, asked.n_topics, asked.seed, asked.top_words),
    transform=transform,
    about="truncated singular value decomposition of TF-IDF",
    topics_from="TF-IDF",
    takes="least",
    choose="as the classical reference; its topics overlap and hide opposites",
)
