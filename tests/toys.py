"""A toy of each thing that a registry holds, added from outside as somebody else's package would."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from grokaem.registry import Entry, Registry
from grokaem.topics.documents import rows_to_one
from grokaem.topics.method import Asked, Method


@contextlib.contextmanager
def added(registry: Registry[Entry], entry: Entry) -> Iterator[Entry]:
    """The registry with one entry more."""
    registry.add(entry)
    try:
        yield entry
    finally:
        registry.remove(entry.key)


def _by_length(texts: list[str], n_topics: int) -> np.ndarray:
    topic = np.array([len(text) % n_topics for text in texts])
    return rows_to_one(np.eye(n_topics)[topic])


def _fit_by_length(asked: Asked):
    words = [(word, 1.0) for word in asked.terms.vocabulary]
    topics = [words[number :: asked.n_topics][: asked.top_words] for number in range(asked.n_topics)]
    return {"topics": topics, "document_topics": _by_length(asked.texts, asked.n_topics), "arrays": {}}


TOPIC_MODEL = Method(
    key="length",
    title="Length",
    weighting="count",
    embeds=False,
    fit=_fit_by_length,
    transform=lambda fitted, documents, embeddings: _by_length(documents, fitted.n_topics),
    about="documents by their length",
    topics_from="the number of characters",
    takes="none",
    choose="never",
)
