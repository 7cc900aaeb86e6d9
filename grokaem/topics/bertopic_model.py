"""BERTopic, the library, on INT8 embeddings, exact neighbours and a wanted number of topics."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from grokaem.text.vectorize import make_vectorizer
from grokaem.topics.clustering import TopicClusters, mixtures_by_similarity
from grokaem.topics.documents import Terms, at_least_one
from grokaem.topics.method import Asked, Method
from grokaem.topics.reduction import ExactUMAP

if TYPE_CHECKING:
    import numpy as np
    from bertopic import BERTopic

    from grokaem.topics.model import Fitted, Settings, TopicModel

_importing = threading.Lock()
TEMPERATURE = 0.1  # MiniLM's cosine is about 0.45 to a document's own topic and 0.1 to the others


def fit(
    documents: list[str],
    vectors: np.ndarray,
    terms: Terms,
    n_topics: int | None,
    seed: int,
    top_words: int,
    *,
    reduce_outliers: bool = True,
    progress: Callable[[float, str], object] | None = None,
) -> Fitted:
    """Fits BERTopic (Grootendorst 2022).

    Args:
        documents (list of str): the texts.
        vectors (ndarray): their unit vectors, float32, shape (n_documents, dimension).
        terms (Terms): the words that topics may show.
        n_topics (int or None): topics; None for as many as the densities show.
        seed (int): of UMAP; nothing else is random.
        top_words (int): words kept of each topic.
        reduce_outliers (bool, optional): give documents that no cluster took to the topic of the nearest centre,
            after the topics' words were found, so that they do not blur them. (Default: True)
        progress (callable, optional): called with the fraction done and a description.

    Returns:
        dict: the fields of a ``TopicModel``.

    Raises:
        ValueError: topics or words that are no whole number from 1 on.
    """
    import numpy as np

    at_least_one(top_words=top_words, **({} if n_topics is None else {"n_topics": n_topics}))
    clusters = TopicClusters(vectors, n_topics)
    bertopic = load_bertopic()
    from bertopic.vectorizers import ClassTfidfTransformer

    model = bertopic(
        embedding_model=None,
        language="multilingual",  # for "english" it would cut every letter outside a-z out of the texts
        umap_model=ExactUMAP(seed=seed, progress=progress),
        hdbscan_model=clusters,
        vectorizer_model=make_vectorizer(terms.settings, terms.vocabulary),
        ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True),
        top_n_words=top_words,
        calculate_probabilities=False,
    )
    labels, _ = model.fit_transform(documents, embeddings=vectors)
    notes = list(clusters.notes)
    outliers = labels.count(-1)
    if outliers and reduce_outliers:
        labels = model.reduce_outliers(
            documents, labels, strategy="embeddings", embeddings=vectors, threshold=-1
        )
        share = outliers / len(labels)
        notes.append(
            f"{outliers:,} of {len(labels):,} documents ({share:.0%}) lay between the dense groups "
            f"and went to the nearest topic"
        )
    elif outliers:
        notes.append(f"{outliers:,} of {len(labels):,} documents lie between the dense groups (outliers)")
    centres = np.asarray(model.topic_embeddings_, np.float64)[model._outliers :]
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    assignments = np.asarray(labels, np.int64)
    if reduce_outliers and (assignments < 0).any():  # the library leaves those unlike every topic
        left = np.flatnonzero(assignments < 0)
        assignments[left] = (vectors[left] @ centres.T).argmax(axis=1)
    topics = [
        [(word, float(weight)) for word, weight in model.get_topic(topic) if word]
        for topic in range(len(centres))
    ]
    return {
        "topics": topics,
        "document_topics": mixtures_by_similarity(vectors, centres, TEMPERATURE, assignments),
        "assignments": assignments,
        "arrays": {"centres": centres},
        "notes": notes,
        "settings": {"outliers": outliers},
    }


def transform(fitted: TopicModel, documents: list[str], embeddings: np.ndarray | None = None) -> np.ndarray:
    """Mixtures of new documents by their cosine to the topics' centres, shape (n_documents, n_topics)."""
    if embeddings is None:
        embeddings = embed(documents, fitted.settings)
    return mixtures_by_similarity(embeddings, fitted.arrays["centres"], TEMPERATURE)


def dimension(fitted: TopicModel) -> int:
    """Numbers of an embedding that the model takes."""
    return fitted.arrays["centres"].shape[1]


def embed(documents: list[str], settings: Settings) -> np.ndarray:
    """The documents' vectors by the encoder that a model was fitted with, at its revision."""
    from grokaem.embedding import Embedder

    if not (encoder := settings.get("encoder")):
        raise ValueError(
            "the model was fitted on embeddings given to it: give those of the new documents too."
        )
    embedder = Embedder(
        encoder,
        settings["precision"],  # pyright: ignore[reportTypedDictNotRequiredAccess]  # comes with an encoder
        settings["sequence_length"],  # pyright: ignore[reportTypedDictNotRequiredAccess]  # as well
        settings.get("encoder_revision"),  # models of earlier versions have none
    )
    return embedder.encode(documents)


def load_bertopic() -> type[BERTopic]:
    """The class ``bertopic.BERTopic``, imported without torch.

    BERTopic runs without sentence-transformers and transformers where they are not installed; hiding them during
    the import saves 6 s and 500 MB for a model whose embeddings are given.
    """
    with _importing:  # of two threads the second would find the first one's hidden modules, and hide nothing
        if "bertopic" in sys.modules:
            return sys.modules["bertopic"].BERTopic
        hidden = [name for name in ("sentence_transformers", "transformers") if name not in sys.modules]
        # None: importing it raises ModuleNotFoundError.
        sys.modules.update(dict.fromkeys(hidden))  # pyright: ignore[reportCallIssue, reportArgumentType]  # not in its stub
        try:
            from bertopic import BERTopic
        finally:
            for name in hidden:
                del sys.modules[name]
    return BERTopic


def _fit(asked: Asked) -> Fitted:
    return fit(
        asked.texts,
        asked.vectors,
        asked.terms,
        asked.topics,
        asked.seed,
        asked.top_words,
        reduce_outliers=asked.reduce_outliers,
        progress=asked.progress,
    )


BERTOPIC = Method(
    key="bertopic",
    title="BERTopic",
    weighting="count",
    embeds=True,
    fit=_fit,
    transform=transform,
    about="the BERTopic library: embeddings, UMAP, HDBSCAN, class-based TF-IDF",
    topics_from="sentence embeddings",
    takes="most",
    choose="for short texts and for agreement with what readers call the subject",
    dimension=dimension,
    finds_number=True,
)
