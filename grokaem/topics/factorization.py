"""Non-negative matrix factorization of TF-IDF: documents x topics times topics x words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.text.vectorize import VectorSettings
from grokaem.topics.documents import Terms, at_least_one, ranked_words, recount, rows_to_one
from grokaem.topics.method import Method

if TYPE_CHECKING:
    import numpy as np

    from grokaem.topics.model import Fitted, TopicModel


def fit(terms: Terms, n_topics: int, seed: int, top_words: int, iterations: int = 200) -> Fitted:
    """Fits scikit-learn's coordinate-descent NMF.

    Args:
        terms (Terms): TF-IDF of the documents.
        n_topics (int): topics.
        seed (int): of the start (NNDSVD's randomized factorization).
        top_words (int): words kept of each topic.
        iterations (int, optional): upper limit. (Default: 200)

    Returns:
        dict: the fields of a ``TopicModel``.

    Raises:
        ValueError: topics, words or iterations that are no whole number from 1 on.

    Source: Cichocki and Phan 2009 (HALS updates); Boutsidis and Gallopoulos 2008 (NNDSVD).
    """
    import warnings

    import numpy as np
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    at_least_one(n_topics=n_topics, top_words=top_words, iterations=iterations)
    start = "nndsvda" if n_topics <= min(terms.matrix.shape) else "random"
    model = NMF(n_topics, init=start, random_state=seed, max_iter=iterations)
    with warnings.catch_warnings():
        # Reaching the limit is usual on text and moves no word of the top ten.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # An exact fit of a tiny corpus has a squared error of -1e-17, of which scikit-learn takes the root.
        warnings.filterwarnings("ignore", "invalid value encountered in sqrt", RuntimeWarning)
        weights = model.fit_transform(terms.matrix)
    return {
        "topics": ranked_words(model.components_, terms.vocabulary, top_words),
        "document_topics": rows_to_one(weights),
        "arrays": {"components": np.asarray(model.components_)},
    }


def transform(fitted: TopicModel, documents: list[str], embeddings: np.ndarray | None = None) -> np.ndarray:
    """Mixtures of new documents with the topics held fixed, shape (n_documents, n_topics)."""
    import warnings

    from sklearn.decomposition import non_negative_factorization
    from sklearn.exceptions import ConvergenceWarning

    settings = VectorSettings.from_dict(fitted.settings["vectors"])  # pyright: ignore[reportTypedDictNotRequiredAccess]  # of every fit
    matrix = recount(documents, settings, fitted.vocabulary, fitted.arrays.get("idf"))
    components = fitted.arrays["components"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights, _, _ = non_negative_factorization(
            matrix.astype(components.dtype), H=components, n_components=len(components), update_H=False
        )
    return rows_to_one(weights)


NMF = Method(
    key="nmf",
    title="NMF",
    weighting="tfidf",
    embeds=False,
    fit=lambda asked: fit(asked.terms, asked.n_topics, asked.seed, asked.top_words),
    transform=transform,
    about="non-negative factorization of TF-IDF (scikit-learn)",
    topics_from="TF-IDF",
    takes="least",
    choose="first: clean words, the same result under every seed",
)
