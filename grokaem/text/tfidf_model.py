"""A chosen TF-IDF model as a folder without pickle, and its arithmetic in numpy alone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grokaem.atomic import new_folder
from grokaem.text.words import WordSettings, words_of

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

VOCABULARY, WEIGHTS, CONFIG = "vocabulary.json", "words.safetensors", "config.json"
KIND = "tfidf"


class TfidfModel:
    """Words, their inverse document frequencies and their weights for each class.

    Args:
        words (WordSettings): from a text to its words.
        ngrams (tuple of int): shortest and longest run of words that is a feature.
        terms (list of str): the features.
        idf (ndarray of shape (n_features,)): inverse document frequencies.
        weights (ndarray of shape (n_classes, n_features)): of a linear model.
        bias (ndarray of shape (n_classes,)): likewise.
    """

    def __init__(
        self,
        words: WordSettings,
        ngrams: tuple[int, int],
        terms: list[str],
        idf: np.ndarray,
        weights: np.ndarray,
        bias: np.ndarray,
    ):
        self.words, self.ngrams, self.terms = words, ngrams, terms
        self.idf, self.weights, self.bias = idf, weights, bias
        self._column_of = {term: column for column, term in enumerate(terms)}

    def logits(self, texts: list[str]) -> np.ndarray:
        """Decisions, float32 of shape (n_texts, n_classes): distances to the classes' planes, not calibrated."""
        result = np.empty((len(texts), len(self.bias)), dtype=np.float32)
        for row, document in enumerate(words_of(texts, self.words, keep=False)):
            terms = self._terms(document.split())
            counts = Counter(self._column_of[term] for term in terms if term in self._column_of)
            columns = np.fromiter(counts, dtype=np.int64, count=len(counts))
            values = (np.log(np.fromiter(counts.values(), dtype=float, count=len(counts))) + 1) * self.idf[columns]
            length = np.sqrt((values**2).sum()) or 1.0
            result[row] = self.weights[:, columns] @ (values / length) + self.bias
        return result

    def _terms(self, words: list[str]) -> list[str]:
        shortest, longest = self.ngrams[0], min(self.ngrams[1], len(words))
        return [" ".join(words[start : start + size]) for size in range(shortest, longest + 1)
                for start in range(len(words) - size + 1)]  # fmt: skip

    def save(self, folder: Path, label_names: list[str], facts: dict[str, object]) -> None:
        """Writes ``config.json``, ``vocabulary.json`` and ``words.safetensors``; complete, or nothing.

        Args:
            folder (Path): must not exist yet.
            label_names (list of str): in the order of the classes.
            facts (dict): what else ``config.json`` shall hold, such as the data set.

        Raises:
            ValueError: there is something at ``folder``.
        """
        from safetensors.numpy import save_file

        if folder.exists():
            raise ValueError(f"{folder} exists: give a new folder.")
        config = facts | {
            "task": "text",
            "model_type": KIND,
            "id2label": {str(number): name for number, name in enumerate(label_names)},
            "words": self.words.as_dict(),
            "ngrams": list(self.ngrams),
        }
        with new_folder(folder, "words") as partial:
            (partial / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=1), encoding="utf-8")
            (partial / VOCABULARY).write_text(json.dumps(self.terms, ensure_ascii=False), encoding="utf-8")
            tensors = {"idf": self.idf, "weights": self.weights, "bias": self.bias}
            save_file({name: np.ascontiguousarray(t, np.float32) for name, t in tensors.items()}, partial / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> TfidfModel:
        """Reads what :meth:`save` wrote.

        Raises:
            ValueError: a file is not whole, or they do not fit together.
        """
        from safetensors.numpy import load_file

        again = "download or save it again."
        config, terms = _read(folder / CONFIG), _read(folder / VOCABULARY)
        if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
            raise ValueError(f"{folder / VOCABULARY} is no list of words: {again}")
        if len(set(terms)) != len(terms):
            raise ValueError(f"{folder / VOCABULARY} has a word twice: {again}")
        try:
            tensors = load_file(folder / WEIGHTS)
        except Exception as error:  # of safetensors, numpy or the system: whatever the bytes bring about
            raise ValueError(f"{folder / WEIGHTS} is not whole ({error}): {again}") from None
        n_classes = len(config["id2label"]) if isinstance(config, dict) else 0
        shapes = {"idf": (len(terms),), "weights": (n_classes, len(terms)), "bias": (n_classes,)}
        if {name: tensor.shape for name, tensor in tensors.items()} != shapes:
            raise ValueError(f"{folder}: {VOCABULARY} and {WEIGHTS} do not fit together; {again}")
        if not all(tensor.dtype.kind == "f" and np.isfinite(tensor).all() for tensor in tensors.values()):
            raise ValueError(f"{folder / WEIGHTS} holds what is no finite number: {again}")
        try:
            words = WordSettings.from_dict(config["words"])
            shortest, longest = config["ngrams"]
            whole = type(shortest) is type(longest) is int and 1 <= shortest <= longest
        except (TypeError, ValueError, KeyError, AttributeError):
            whole = False
        if not whole or not words.well_formed():  # pyright: ignore[reportPossiblyUnboundVariable]  # bound where all is whole
            raise ValueError(f"{folder / CONFIG} does not say how a text becomes words: {again}")
        return cls(words, (shortest, longest), terms, **tensors)  # pyright: ignore[reportPossiblyUnboundVariable]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read ({error}): download or save the model again.") from None


def from_pipeline(pipeline: Pipeline, words: WordSettings) -> TfidfModel:
    """The fitted pipeline of :func:`grokaem.text.cross_validation.make_pipeline` as such a model.

    The labels must be 0 to n - 1. Its stop words become a list of its own, so that the folder says all.
    """
    from grokaem.text.selection_experiment import terms_and_weights
    from grokaem.text.stop_words import stop_words

    terms, weights = terms_and_weights(pipeline)
    bias = pipeline["model"].intercept_
    if len(bias) == 1:
        bias = np.array([-bias[0], bias[0]])
    all_stop_words = stop_words(words.stop_languages) | set(words.own_stop_words)
    words = replace(words, stop_languages=(), own_stop_words=tuple(sorted(all_stop_words)))
    return TfidfModel(words, pipeline["count"].ngram_range, terms.tolist(), pipeline["tfidf"].idf_, weights, bias)
