"""Texts to label scores by TF-IDF and a linear model: numpy alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from grokaem.inference.export_folder import ExportFolder
from grokaem.inference.given_texts import check_given
from grokaem.inference.prediction import Prediction, from_logits
from grokaem.text.tfidf_model import TfidfModel

WINDOW = 4096  # texts at a time; memory does not grow with the input


class WordClassifier:
    """A TF-IDF classifier on the CPU, used as :class:`grokaem.inference.text_classifier.TextClassifier` is.

    Its scores are a softmax of distances: they rank the labels and are not calibrated.

    Args:
        export (ExportFolder): a folder made by ``grokaem select-features --save``.
    """

    names_files = False  # what is given are the texts themselves
    at_once, rows_at_once = 256, 2048

    def __init__(self, export: ExportFolder):
        self.export = export
        self.labels = export.labels
        self._model = TfidfModel.load(export.path)

    def predict(self, texts: list[str]) -> list[Prediction]:
        """Classifies texts, in their order.

        Raises:
            ValueError: a single string instead of a list.
        """
        if isinstance(texts, str):
            raise ValueError("predict takes a list of texts: write predict([text]).")
        return list(self.stream(texts))

    def predict_given(self, given: list[str], folder: Path | None = None) -> list[Prediction]:
        """Classifies what a command line, or a row of a file, holds: the texts."""
        check_given(given)
        return self.predict(given)

    def example(self) -> str:
        """Something to classify."""
        return "a text"

    def stream(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """Classifies texts as they come, 4,096 at a time."""
        waiting = iter(texts)
        while window := list(islice(waiting, WINDOW)):
            start = time.perf_counter()
            logits = self.logits(window)
            yield from from_logits(logits, self.labels, (time.perf_counter() - start) * 1000 / len(window))

    def logits(self, texts: list[str]) -> np.ndarray:
        """Distances to the classes' planes, float32 of shape (n_texts, n_labels)."""
        return self._model.logits(texts)
