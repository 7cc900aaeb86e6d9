"""What the page keeps of fitted topic models: topics by their share, each document's mixture, the measures, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

if TYPE_CHECKING:
    from demos.topic_input import Asked
    from grokaem.topics.model import TopicModel

WORDS = 10
MEASURES = ("c_npmi", "u_mass", "c_uci", "c_v", "diversity", "nmi", "seconds")
FORMATS = {"u_mass": ".2f", "c_uci": ".2f", "diversity": ".2f", "seconds": ".1f"}  # others: .3f
TYPICAL = 3  # documents shown of a topic

Measures = Mapping[str, Any]  # of one model, as grokaem.topics.scoring.evaluate returns them


class Topic(TypedDict):
    """One topic: its share of all the text, its words with their weights, the rows of the documents that have most."""

    share: float
    words: list[tuple[str, float]]
    typical: list[int]


class Summary(TypedDict):
    """A fitted model: topics, the largest first; ``mixtures``, float16, of shape (n_documents, n_topics)."""

    topics: list[Topic]
    mixtures: np.ndarray
    measures: dict[str, float | None]
    notes: list[str]


@dataclass
class Fitted:
    """What the page keeps between two events: what reading needs, no model and each text once.

    Attributes:
        name: of this result, which choices among its models carry, so that no older result is taken for it.
        asked: what it answers.
        documents: the texts.
        summaries: of the models, by their titles, in the order in which they were asked for.
        remarks: sentences about the documents and about models that were set aside.
        embedded: whether sentence embeddings were computed.
        places: float32 ndarray of shape (n_documents, 2), on the map.
        sketched: whether the places are principal components, to be replaced by UMAP's.
    """

    name: str
    asked: Asked
    documents: Sequence[str]
    summaries: dict[str, Summary]
    remarks: list[str]
    embedded: bool
    places: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    sketched: bool = True

    @property
    def best(self) -> str:
        """The title of the model whose topics are the most coherent."""
        def coherence(model: str) -> float:
            npmi = self.summaries[model]["measures"]["c_npmi"]
            return -1.0 if npmi is None else npmi

        return max(self.summaries, key=coherence)


def summarize(model: TopicModel, measures: Measures) -> Summary:
    """What the page keeps of a fitted model: topics by their share of the corpus, the largest first.

    Args:
        model: a fitted topic model: ``topics`` (list of lists of word and weight) and ``document_topics``
            (ndarray of shape (n_documents, n_topics), rows that sum to 1).
        measures (dict): from ``grokaem.topics.scoring.evaluate``.

    Returns:
        dict: ``topics``, a list of dicts with ``share`` (of all the text, 0 to 1), ``words`` (pairs of word
        and weight) and ``typical`` (the rows of the documents that have most of it); ``mixtures``, float16, shape
        (n_documents, n_topics), columns in the order of ``topics``; ``measures``; ``notes``.
    """
    mixtures = np.asarray(model.document_topics, dtype=float)
    shares = mixtures.mean(axis=0)
    order = np.argsort(-shares, kind="stable")
    topics: list[Topic] = []
    for column in order:
        typical = np.argsort(-mixtures[:, column], kind="stable")[:TYPICAL]
        topics.append(
            {
                "share": float(shares[column]),
                "words": [(str(word), float(weight)) for word, weight in model.topics[column][:WORDS]],
                "typical": [int(row) for row in typical],
            }
        )
    return {
        "topics": topics,
        "mixtures": mixtures[:, order].astype(np.float16),
        "measures": {name: measures.get(name) for name in MEASURES},
        "notes": list(measures.get("notes", [])),
    }


def topic_table(summary: Summary) -> list[list[str]]:
    """Rows of the table: number, share in percent, words."""
    return [
        [str(number), f"{topic['share']:.1%}", ", ".join(word for word, _ in topic["words"])]
        for number, topic in enumerate(summary["topics"], start=1)
    ]


def comparison_table(summaries: Mapping[str, Summary]) -> list[list[str]]:
    """Rows of the comparison, a model each: its measures, a dash for what is unknown."""
    rows = []
    for name, summary in summaries.items():
        values = [(summary["measures"].get(measure), FORMATS.get(measure, ".3f")) for measure in MEASURES]
        rows.append([name, *("–" if value is None else format(value, form) for value, form in values)])
    return rows


def topic_names(summary: Summary, words: int = 3) -> list[str]:
    """Each topic's number and its heaviest words."""
    return [
        f"{number} · {', '.join(word for word, _ in topic['words'][:words]) or '–'}"
        for number, topic in enumerate(summary["topics"], start=1)
    ]


def typical_documents(summary: Summary, topic: int | None, documents: Sequence[str]) -> list[list[str]]:
    """Rows of number, share and beginning of the documents that have most of a topic; of each, where there is none."""
    chosen = range(len(summary["topics"])) if topic is None else [topic]
    count = 1 if topic is None else TYPICAL
    return [
        [str(row + 1), f"{summary['mixtures'][row, number]:.0%}", excerpt(documents[row])]
        for number in chosen
        for row in summary["topics"][number]["typical"][:count]
    ]


def excerpt(document: str, characters: int = 260) -> str:
    """The beginning of a document on one line, cut at a word."""
    text = " ".join(document[: 4 * characters].split())
    if len(text) <= characters:
        return text
    return (text[: text.rfind(" ", 0, characters)] if " " in text[:characters] else text[:characters]) + " …"
