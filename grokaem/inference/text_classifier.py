"""Texts to label scores through the exported tokenizer and OpenVINO graph."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from grokaem.inference.export_folder import MODEL, ExportFolder, locate
from grokaem.inference.given_texts import check_given
from grokaem.inference.graph import BULK, Graph
from grokaem.inference.prediction import Prediction, from_logits
from grokaem.tokenization import Encoded, Tokenizer, batches_by_length

TOKENIZER = "tokenizer.json"
WINDOW = 4096  # texts tokenized and sorted by length at a time; memory does not grow with the input
BUCKET_TOKENS = 2048  # padded tokens in one inference of bulk work
STEP_TOKENS = 8  # a text alone is padded to a multiple: OpenVINO prepares a graph anew for each length it meets


class TextClassifier:
    """A text classifier on the CPU; any number of threads may use one.

    Args:
        export (ExportFolder): a folder made by ``exporting/export.py``.
    """

    names_files = False  # what is given are the texts themselves
    at_once, rows_at_once = 256, 2048

    def __init__(self, export: ExportFolder):
        self.export = export
        self.labels = export.labels
        self._graph = Graph(export.path / MODEL, len(self.labels), export.task, tokens=True)
        config = export.config
        self._tokenizer = Tokenizer(
            export.path / TOKENIZER, int(config["max_length"]), int(config.get("pad_token_id") or 0), self._graph.n_ids
        )

    @classmethod
    def from_pretrained(cls, folder_or_repo: str | Path, revision: str | None = None) -> TextClassifier:
        """Loads an export folder, or downloads one from the Hub (offline when it is cached).

        Raises:
            ValueError: the export is not of a text classifier.
        """
        export = locate(folder_or_repo, revision)
        export.check_runs_on(cls)
        return cls(export)

    def predict(self, texts: list[str]) -> list[Prediction]:
        """Classifies texts; the order is kept.

        Args:
            texts (list of str): any lengths; what exceeds the model's sequence length is cut.

        Returns:
            list of Prediction: one a text.
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
        """Classifies texts as they come, 4,096 at a time; memory does not grow with their number."""
        window: list[str] = []
        for text in texts:
            window.append(text)
            if len(window) == WINDOW:
                yield from self._predict(window)
                window = []
        if window:
            yield from self._predict(window)

    def _predict(self, texts: list[str]) -> list[Prediction]:
        for number, text in enumerate(texts):
            if not isinstance(text, str):
                raise ValueError(f"input {number} is a {type(text).__name__}: give texts.")
        start = time.perf_counter()
        encoded = self._encode(texts)
        seconds = time.perf_counter() - start
        self._prepare(encoded)
        start = time.perf_counter()
        logits = self._logits(encoded)
        seconds += time.perf_counter() - start
        reads = [self._tokenizer.read(*pair) for pair in zip(texts, encoded, strict=True)]
        return from_logits(logits, self.labels, seconds * 1000 / len(texts), reads)

    def logits(self, texts: list[str]) -> np.ndarray:
        """Unnormalised scores, float32 of shape (n_texts, n_labels).

        A few texts run one by one, hardly padded; many are sorted by length and run in batches of about 2,048
        tokens, several at a time.
        """
        return self._logits(self._encode(texts)) if texts else np.empty((0, len(self.labels)), dtype=np.float32)

    def _encode(self, texts: list[str]) -> list[Encoded]:
        return self._tokenizer.encode([text or " " for text in texts])

    def _prepare(self, encoded: list[Encoded]) -> None:
        if len(encoded) >= BULK:
            self._graph.prepare_all()
            return
        for text in encoded:
            self._graph.prepare(self._tokens([text], STEP_TOKENS))

    def _logits(self, encoded: list[Encoded]) -> np.ndarray:
        if len(encoded) < BULK:
            return np.concatenate([self._graph.run(self._tokens([text], STEP_TOKENS)) for text in encoded])
        logits = np.empty((len(encoded), len(self.labels)), dtype=np.float32)
        rows_of_batches = batches_by_length(encoded, BUCKET_TOKENS)
        self._graph.run_all(((rows, self._tokens([encoded[row] for row in rows])) for rows in rows_of_batches), logits)
        return logits

    def _tokens(self, encoded: list[Encoded], step: int = 1) -> dict[str, np.ndarray]:
        return self._tokenizer.pad(encoded, step, self._graph.inputs)
