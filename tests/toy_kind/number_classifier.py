"""Rows of numbers to label scores: what a new kind brings to grokaem/inference."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grokaem.inference.export_folder import MODEL, ExportFolder
from grokaem.inference.graph import Graph
from grokaem.inference.prediction import Prediction, from_logits


def numbers_of(row: str) -> np.ndarray:
    """The numbers of a row, float32 of shape (n,)."""
    return np.array(row.split(), dtype=np.float32)


class NumberClassifier:
    """A classifier of rows of numbers on the CPU."""

    names_files = False
    at_once, rows_at_once = 64, 64

    def __init__(self, export: ExportFolder):
        self.export, self.labels = export, export.labels
        self.size = int(export.config["n_inputs"])
        self._graph = Graph(export.path / MODEL, len(self.labels), export.task, tokens=False)

    def predict(self, rows: list[np.ndarray]) -> list[Prediction]:
        """Classifies rows of numbers."""
        return from_logits(self.logits(rows), self.labels, 0.0)

    def predict_given(self, given: list[str], folder: Path | None = None) -> list[Prediction]:
        """Classifies what a command line or a row holds: numbers with spaces between them."""
        rows = [numbers_of(row) for row in given]
        if wrong := [row for row in rows if len(row) != self.size]:
            raise ValueError(f"it has {len(wrong[0])} numbers; give {self.size}.")
        return self.predict(rows)

    def logits(self, rows: list[np.ndarray]) -> np.ndarray:
        """Unnormalised scores."""
        return self._graph.run(np.stack(rows))

    def example(self) -> np.ndarray:
        """Zeros."""
        return np.zeros(self.size, np.float32)
