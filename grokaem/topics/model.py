"""The result every topic model gives: topics as words, documents as mixtures, saved without pickle."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from grokaem.atomic import new_folder
from grokaem.ownership import check_replaceable
from grokaem.plain_text import is_blank
from grokaem.topics.models import MODELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

FORMAT = 1


class Settings(TypedDict, total=False):
    """What ``transform`` needs beside the arrays, and what the fit found; JSON-able."""

    n_topics: int | None
    encoder: str
    encoder_revision: str
    precision: str
    sequence_length: int
    vectors: dict[str, object]
    sweeps: int
    outliers: int


class Fitted(TypedDict):
    """What a model's ``fit`` gives: fields of a :class:`TopicModel`, for the documents that have text."""

    topics: list[list[tuple[str, float]]]
    document_topics: np.ndarray
    arrays: dict[str, np.ndarray]
    assignments: NotRequired[np.ndarray]
    notes: NotRequired[list[str]]
    settings: NotRequired[Settings]


@dataclass
class TopicModel:
    """A fitted topic model.

    Attributes:
        model: a key of ``grokaem.topics.MODELS``: ``lda``, ``nmf``, ...
        topics: for each topic its words and their weights, heaviest first.
        document_topics: float64 ndarray of shape (n_documents, n_topics); each row sums to 1. A document
            without words has the same weight in every topic.
        assignments: int64 ndarray of shape (n_documents,): each document's main topic.
        seed: what the run was seeded with.
        notes: what was decided automatically and why, in sentences for the user.
        settings: everything else that ``transform`` needs, JSON-able.
        arrays: the fitted numbers, by name.
        vocabulary: the words that the columns of ``arrays`` stand for.
    """

    model: str
    topics: list[list[tuple[str, float]]]
    document_topics: np.ndarray
    assignments: np.ndarray
    seed: int = 0
    notes: list[str] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    vocabulary: list[str] = field(default_factory=list)

    @property
    def n_topics(self) -> int:
        """Number of topics."""
        return len(self.topics)

    def words(self, top: int = 10) -> list[list[str]]:
        """The ``top`` heaviest words of each topic."""
        return [[word for word, _ in topic[:top]] for topic in self.topics]

    def transform(self, documents: Iterable[str], *, embeddings: ArrayLike | None = None) -> np.ndarray:
        """Topic mixtures of new documents.

        Args:
            documents (iterable of str): any texts; a string is one document.
            embeddings (ndarray, optional): their vectors, shape (n_documents, dimension), for the models that
                use them. (Default: computed with the encoder the model was fitted with)

        Returns:
            float64 ndarray of shape (n_documents, n_topics), rows sum to 1.

        Raises:
            ValueError: a document is not a string, or the embeddings do not match.
        """
        import numpy as np

        from grokaem.topics.documents import as_documents, as_vectors

        documents = as_documents(documents)
        mixtures = np.full((len(documents), self.n_topics), 1.0 / self.n_topics)
        rows = [row for row, text in enumerate(documents) if not is_blank(text)]
        method = MODELS[self.model]
        vectors = None
        if embeddings is not None and method.dimension:  # the models of words alone take none
            vectors = as_vectors(embeddings, len(documents), method.dimension(self))[rows]
        if rows:
            mixtures[rows] = method.transform(self, [documents[row] for row in rows], vectors)
        return mixtures

    def save(self, folder: str | Path) -> Path:
        """Writes ``topic_model.json`` and ``topic_model.safetensors``; a folder of that name is replaced.

        Raises:
            ValueError: the folder exists and holds anything else.
        """
        import numpy as np
        from safetensors.numpy import save_file

        folder = Path(folder)
        check_replaceable(folder, "topics", "give a new folder")
        with new_folder(folder, "topics", replace=True) as temporary:
            arrays = {f"array.{name}": np.ascontiguousarray(value) for name, value in self.arrays.items()}
            arrays["document_topics"] = np.ascontiguousarray(self.document_topics)
            arrays["assignments"] = np.ascontiguousarray(self.assignments)
            save_file(arrays, temporary / "topic_model.safetensors")
            content = {
                "format": FORMAT,
                "model": self.model,
                "topics": self.topics,
                "seed": self.seed,
                "notes": self.notes,
                "settings": self.settings,
                "vocabulary": self.vocabulary,
            }
            text = json.dumps(content, ensure_ascii=False)
            (temporary / "topic_model.json").write_text(text, encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> TopicModel:
        """Reads what ``save`` wrote; nothing in it is executed.

        Raises:
            FileNotFoundError: no topic model in the folder.
            ValueError: written by a later version.
        """
        from safetensors.numpy import load_file

        folder = Path(folder)
        if not (folder / "topic_model.json").is_file():
            raise FileNotFoundError(f"{folder} holds no topic_model.json: give a folder that save() wrote.")
        content = json.loads((folder / "topic_model.json").read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["model"] not in MODELS:
            raise ValueError(f"{folder} was written by another version: fit the model again.")
        arrays = load_file(folder / "topic_model.safetensors")
        return cls(
            model=content["model"],
            topics=[[(word, weight) for word, weight in topic] for topic in content["topics"]],
            document_topics=arrays.pop("document_topics"),
            assignments=arrays.pop("assignments"),
            seed=content["seed"],
            notes=content["notes"],
            settings=content["settings"],
            arrays={name.removeprefix("array."): value for name, value in arrays.items()},
            vocabulary=content["vocabulary"],
        )
