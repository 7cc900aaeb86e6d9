"""One function for all topic models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from typing import TYPE_CHECKING

from grokaem.plain_text import is_blank
from grokaem.text.vectorize import VectorSettings
from grokaem.topics.documents import as_documents, as_vectors, check_enough, count_terms, default_settings
from grokaem.topics.method import Asked, Method
from grokaem.topics.model import TopicModel
from grokaem.topics.models import MODELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    from grokaem.embedding import Embedder
    from grokaem.topics.documents import Terms
    from grokaem.topics.model import Fitted, Settings

TOP_WORDS = 20


def fit(
    model: str,
    documents: Iterable[str],
    n_topics: int | None = 10,
    seed: int = 0,
    *,
    embeddings: ArrayLike | None = None,
    embedder: Embedder | None = None,
    vectors: VectorSettings | None = None,
    top_words: int = TOP_WORDS,
    reduce_outliers: bool = True,
    progress: Callable[[float, str], object] | None = None,
) -> TopicModel:
    """Fits a topic model; the same seed gives the same result.

    Args:
        model (str): a key of ``grokaem.topics.MODELS``: ``lda``, ``nmf``, ...
        documents (iterable of str): one text each. Those without text take part in nothing and get an even mixture.
        n_topics (int, optional): topics. None lets a model that can (BERTopic) find their number. (Default: 10)
        seed (int, optional): of everything random. (Default: 0)
        embeddings (ndarray, optional): the documents' vectors, shape (n_documents, dimension).
            (Default: computed by ``embedder``, and cached)
        embedder (Embedder, optional): the encoder. (Default: MiniLM, INT8, the first 128 tokens of a document)
        vectors (VectorSettings, optional): how documents become words; a note says when the weighting is not
            the model's usual one. (Default: stop words of English and Russian dropped, rare and very frequent
            words too; TF-IDF or counts, as the model is usually given)
        top_words (int, optional): words kept of each topic. (Default: 20)
        reduce_outliers (bool, optional): BERTopic: give outliers to the nearest topic. (Default: True)
        progress (callable, optional): called with the fraction done and a description.

    Returns:
        TopicModel: the topics and each document's mixture of them.

    Raises:
        ValueError: unknown model or setting, a document that is no string, embeddings that are no finite table,
            fewer documents with text (or fewer different words) than topics.
    """
    method = MODELS.find(model)
    _check_settings(method, n_topics, seed, top_words)
    documents = as_documents(documents)
    rows = [row for row, text in enumerate(documents) if not is_blank(text)]
    check_enough(len(rows), 2 if n_topics is None else n_topics)
    texts = [documents[row] for row in rows]
    notes = []
    if len(texts) < len(documents):
        notes.append(f"{len(documents) - len(texts):,} empty documents took no part and have an even mixture")
    settings: Settings = {"n_topics": n_topics}
    encoded = None
    if method.embeds:
        if embeddings is None:
            encoded, encoder = _embed(texts, embedder, progress)
            settings |= encoder
        else:
            encoded = as_vectors(embeddings, len(documents))[rows]
    if progress is not None:
        progress(0.0, "counting words")
    terms = _count(texts, vectors, method, n_topics)
    notes += terms.notes
    if progress is not None:
        progress(0.0, f"fitting {model}")
    result = method.fit(Asked(texts, terms, n_topics, seed, top_words, encoded, reduce_outliers, progress))
    mixtures, assignments = _of_all(result, rows, len(documents))
    if progress is not None:
        progress(1.0, "done")
    return TopicModel(
        model=model,
        topics=result["topics"],
        document_topics=mixtures,
        assignments=assignments,
        seed=seed,
        notes=notes + result.get("notes", []),
        settings=settings | {"vectors": terms.settings.as_dict()} | result.get("settings", {}),
        arrays=result["arrays"] | terms.extra,
        vocabulary=terms.vocabulary,
    )


def _check_settings(method: Method, n_topics: int | None, seed: int, top_words: int) -> None:
    if n_topics is None and not method.finds_number:
        raise ValueError(f"{method.key} needs a number of topics: give n_topics.")
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(f"the seed is {seed!r:.40}: give a whole number from 0 to {2**32 - 1}.")
    if isinstance(top_words, bool) or not isinstance(top_words, Integral) or top_words < 1:
        raise ValueError(f"top_words is {top_words!r:.40}: keep at least 1 word of a topic.")


def _count(texts: list[str], vectors: VectorSettings | None, method: Method, n_topics: int | None) -> Terms:
    """The words of the texts, counted as the model wants them; enough of them for its topics."""
    usual = method.weighting
    terms = count_terms(texts, vectors or default_settings(len(texts), usual))
    if terms.settings.weighting != usual:
        asked = terms.settings.weighting
        terms.notes.insert(0, f"{method.key} was fitted to weights of {asked}, as asked; usual is {usual}")
    if len(terms.vocabulary) < 2:
        raise ValueError(
            f"the documents hold only 1 different word, {terms.vocabulary[0]!r:.40}: topics need at least 2."
        )
    if n_topics is not None and len(terms.vocabulary) < n_topics and not method.embeds:
        raise ValueError(
            f"{n_topics} topics were asked for but the documents hold only {len(terms.vocabulary)} different "
            "words: ask for fewer topics or give more documents."
        )
    return terms


def _of_all(result: Fitted, rows: list[int], n_documents: int) -> tuple[np.ndarray, np.ndarray]:
    """Mixture and topic of every document: those without text, which were not fitted, have an even mixture."""
    import numpy as np

    n_topics = result["document_topics"].shape[1]
    mixtures = np.full((n_documents, n_topics), 1.0 / n_topics)
    mixtures[rows] = result["document_topics"]
    assignments = mixtures.argmax(axis=1)
    if "assignments" in result:
        assignments[rows] = result["assignments"]
    return mixtures, assignments.astype(np.int64)


def _embed(
    texts: list[str], embedder: Embedder | None, progress: Callable[[float, str], object] | None
) -> tuple[np.ndarray, Settings]:
    from grokaem.embedding import Embedder

    embedder = embedder or Embedder()
    encoder: Settings = {
        "encoder": embedder.source.name,
        "encoder_revision": embedder.source.revision,
        "precision": embedder.precision,
        "sequence_length": embedder.sequence_length,
    }
    return embedder.encode(texts, progress), encoder
