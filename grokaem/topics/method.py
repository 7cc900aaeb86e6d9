"""What a topic model is to everything that lists, fits and draws models: one object, beside its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

    from grokaem.topics.documents import Terms
    from grokaem.topics.model import Fitted, TopicModel


@dataclass(frozen=True)
class Asked:
    """What a model is fitted to: the documents that have text, and what the user set.

    Attributes:
        texts: the documents.
        terms: their words, weighted as the model wants them.
        topics: wanted topics; None, only of a model that finds their number, for as many as there are.
        seed: of everything random.
        top_words: words kept of each topic.
        embeddings: the documents' unit vectors, float32, shape (n_documents, dimension), of a model that embeds.
        reduce_outliers: give documents that no topic took to the nearest one.
        progress: called with the fraction done and a description.
    """

    texts: list[str]
    terms: Terms
    topics: int | None
    seed: int
    top_words: int
    embeddings: np.ndarray | None = None
    reduce_outliers: bool = True
    progress: Callable[[float, str], object] | None = None

    @property
    def n_topics(self) -> int:
        """Wanted topics, of a model that must be told their number."""
        assert self.topics is not None  # grokaem.topics.fit refuses it
        return self.topics

    @property
    def vectors(self) -> np.ndarray:
        """The documents' vectors, of a model that embeds."""
        assert self.embeddings is not None  # grokaem.topics.fit has made them
        return self.embeddings


@dataclass(frozen=True)
class Method:
    """A topic model, before it is fitted.

    Attributes:
        key: short name, which commands take and results carry.
        title: what a person calls it.
        weighting: of the words that it is fitted to.
        embeds: whether it needs the documents' embeddings.
        fit: fits it.
        transform: mixtures of new documents, float64, shape (n_documents, n_topics): called with the fitted model, the
            documents that have text, and their embeddings or None.
        about: what it is, in a line of docs/topics.md, as the next three.
        topics_from: what it sees of a document.
        takes: the time it takes beside the others.
        choose: when to choose it.
        dimension: numbers of an embedding that a fitted model takes; of a model that embeds.
        finds_number: whether it can look for the number of topics itself.
    """

    key: str
    title: str
    weighting: Literal["count", "tfidf"]
    embeds: bool
    fit: Callable[[Asked], Fitted]
    transform: Callable[[TopicModel, list[str], np.ndarray | None], np.ndarray]
    about: str
    topics_from: str
    takes: str
    choose: str
    dimension: Callable[[TopicModel], int] | None = None
    finds_number: bool = False
